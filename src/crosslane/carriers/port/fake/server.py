"""The strict carrier over HTTP."""

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from crosslane.carriers.port.fake.depot import Depot, Made, Refused
from crosslane.platform.misdeeds import Fault, Faults

BODY_BYTES_MAX = 64 * 1024
GARBAGE = b"<html><body>Wartungsarbeiten \xff</body></html>"


class Lost(Exception):
    """The answer is withheld on demand."""


class Carrier(ThreadingHTTPServer):
    """The listening server with everything a request needs."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, api_key: str, depot: Depot) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.api_key = api_key
        self.depot = depot
        self.faults = Faults()

    def make(self, key: str, body: bytes) -> Made | bytes:
        """Make a label, with the fault planned for it.

        Raises:
            Refused: the request makes no sense, or so the fault has it.
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
        made = self.depot.make(key, body)
        if wrong == "error_after":
            raise Refused(500, "broken")
        if fault and wrong == "timeout_after":
            time.sleep(fault.seconds)
            raise Lost
        return GARBAGE if wrong == "garbage" else made


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Carrier  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    # Headers and body leave as one packet, or every answer waits for an acknowledgement.
    wbufsize = BODY_BYTES_MAX
    disable_nagle_algorithm = True
    timeout: ClassVar[float] = 60.0

    def do_GET(self) -> None:
        """Answer whether a key happened, or everything that did."""
        self._serve(self._read)

    def do_POST(self) -> None:
        """Make a label, take one back, or plan a fault."""
        self._serve(self._change)

    def do_DELETE(self) -> None:
        """Forget planned faults."""
        self.server.faults.clear()
        self._answer(204, None)

    def _serve(self, answer: Callable[[list[str]], tuple[int, Any]]) -> None:
        steps = [unquote(step) for step in self.path.strip("/").split("/")]
        try:
            self._answer(*answer(steps))
        except Refused as refused:
            self._answer(refused.status, {"error": str(refused)})
        except Lost:
            self.close_connection = True

    def _read(self, steps: list[str]) -> tuple[int, Any]:
        match steps:
            case ["health"]:
                return 200, {"status": "ok"}
            case ["control", "labels"]:
                return 200, [_listed(m) for m in list(self.server.depot.labels.values())]
            case ["v1", "labels", key]:
                self._refuse_strangers()
                made = self.server.depot.labels.get(key)
                return (200, _told(made)) if made else (404, {"error": "unknown_key"})
        raise Refused(404, "no_such_path")

    def _change(self, steps: list[str]) -> tuple[int, Any]:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), BODY_BYTES_MAX))
        match steps:
            case ["control", "faults"]:
                self.server.faults.plan(msgspec.json.decode(body, type=Fault))
                return 204, None
            case ["v1", "labels"]:
                self._refuse_strangers()
                made = self.server.make(self.headers.get("Idempotency-Key", ""), body)
                return 201, made if isinstance(made, bytes) else _told(made)
            case ["v1", "labels", key, "void"]:
                self._refuse_strangers()
                return 200, _listed(self.server.depot.void(key))
        raise Refused(404, "no_such_path")

    def _refuse_strangers(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.server.api_key}":
            raise Refused(401, "unknown_caller")

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
        """Say nothing: what happened can be read at /control/labels."""


def _listed(made: Made) -> dict[str, Any]:
    return {"key": made.key, "tracking_number": made.tracking_number, "void": made.void}


def _told(made: Made) -> dict[str, Any]:
    return {
        "tracking_number": made.tracking_number,
        "mime": "application/pdf",
        "document": made.document(),
    }
