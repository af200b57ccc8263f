"""The strict vendor over HTTP."""

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from crosslane.platform.misdeeds import Fault, Faults
from crosslane.vendors.port.fake.messages import Messenger, Script
from crosslane.vendors.port.fake.office import Office, Refused

BODY_BYTES_MAX = 1 << 20
GARBAGE = b"<html><body>Wartungsarbeiten \xff</body></html>"


class Lost(Exception):
    """The answer is withheld on demand."""


class VendorServer(ThreadingHTTPServer):
    """The listening server with everything a request needs."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, order_secret: str, office: Office, messenger: Messenger) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.webhook = Webhook(order_secret)
        self.office = office
        self.messenger = messenger
        self.faults = Faults()

    def take(self, key: str, body: bytes) -> Any:
        """Take an order, with the fault planned for it.

        Raises:
            Refused: the order makes no sense, or so the fault has it.
            Lost: the answer is withheld.
        """
        fault = self.faults.take()
        wrong = fault.fault if fault else ""
        if wrong == "refuse":
            raise Refused(422, "not_today")
        if wrong == "error":
            raise Refused(503, "broken")
        if fault and wrong == "freeze":
            time.sleep(fault.seconds)
            raise Lost
        taken, fresh = self.office.take(key, body)
        if fresh and self.messenger.script.url:
            self.messenger.tell(taken.order)
        if wrong == "error_after":
            raise Refused(500, "broken")
        if fault and wrong == "timeout_after":
            time.sleep(fault.seconds)
            raise Lost
        return GARBAGE if wrong == "garbage" else {"taken": taken.order.id}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: VendorServer  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    # Headers and body leave as one packet, or every answer waits for an acknowledgement.
    wbufsize = BODY_BYTES_MAX
    disable_nagle_algorithm = True
    timeout: ClassVar[float] = 60.0

    def do_GET(self) -> None:
        """Tell of every order as it stands, and of every key."""
        self._serve(self._read)

    def do_POST(self) -> None:
        """Take an order, plan a fault, or say something."""
        self._serve(self._change)

    def do_PUT(self) -> None:
        """Change what is said."""
        self._serve(self._instruct)

    def do_DELETE(self) -> None:
        """Forget planned faults."""
        self.server.faults.clear()
        self._answer(204, None)

    def _serve(self, answer: Callable[[bytes], tuple[int, Any]]) -> None:
        length = min(int(self.headers.get("Content-Length", "0")), BODY_BYTES_MAX)
        try:
            self._answer(*answer(self.rfile.read(length)))
        except Refused as refused:
            self._answer(refused.status, {"error": str(refused)})
        except Lost:
            self.close_connection = True

    def _read(self, body: bytes) -> tuple[int, Any]:
        del body
        match self.path:
            case "/health":
                return 200, {"status": "ok"}
            case "/control/orders":
                return 200, list(self.server.office.orders.values())
            case "/control/keys":
                return 200, list(self.server.office.by_key)
        raise Refused(404, "no_such_path")

    def _change(self, body: bytes) -> tuple[int, Any]:
        match self.path:
            case "/control/faults":
                self.server.faults.plan(msgspec.json.decode(body, type=Fault))
                return 204, None
            case "/control/sayings":
                self.server.messenger.say(msgspec.json.decode(body, type=list[dict[str, Any]]))
                return 204, None
            case "/orders":
                return 201, self.server.take(self._require_signed(body), body)
        raise Refused(404, "no_such_path")

    def _instruct(self, body: bytes) -> tuple[int, Any]:
        if self.path != "/control/script":
            raise Refused(404, "no_such_path")
        now = msgspec.to_builtins(self.server.messenger.script)
        changed = now | msgspec.json.decode(body, type=dict[str, Any])
        self.server.messenger.script = msgspec.convert(changed, Script)
        return 204, None

    def _require_signed(self, body: bytes) -> str:
        """Return the key of an order that we sent."""
        try:
            self.server.webhook.verify(body, dict(self.headers.items()), json_parse=False)
        except (WebhookVerificationError, ValueError):
            raise Refused(401, "bad_signature") from None
        key = self.headers.get("Idempotency-Key", "")
        if not key or key != self.headers.get("webhook-id"):
            raise Refused(400, "key_missing")
        return key

    def _answer(self, status: int, body: Any) -> None:
        content = b"" if body is None else body
        if not isinstance(content, bytes):
            content = msgspec.json.encode(content)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what happened can be read at /control/orders."""
