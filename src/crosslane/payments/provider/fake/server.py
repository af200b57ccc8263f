"""The strict provider over HTTP."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from crosslane.payments.provider.fake.bank import Bank, Operation, Refused, Request
from crosslane.payments.provider.fake.faults import Fault, Faults
from crosslane.payments.provider.fake.messages import Messenger

BODY_BYTES_MAX = 64 * 1024
_KINDS = {"captures": "capture", "refunds": "refund", "voids": "void"}


class Lost(Exception):
    """The answer is withheld on demand."""


class Provider(ThreadingHTTPServer):
    """The listening server with everything a request needs."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, api_key: str, bank: Bank, messenger: Messenger) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.api_key = api_key
        self.bank = bank
        self.messenger = messenger
        self.faults = Faults()
        for operation in list(bank.operations.values()):
            if operation.status == "pending":
                self.decide(operation.key)

    def carry_out(self, request: Request) -> Operation:
        """Do what is asked, with the fault planned for it.

        Raises:
            Refused: the request makes no sense.
            Lost: the answer is withheld.
        """
        fault = self.faults.take(request.kind, request.token) or Fault("", seconds=0.5)
        if fault.fault == "freeze":
            time.sleep(fault.seconds)
            raise Lost
        if fault.fault == "error":
            raise Refused(500, "broken")
        with self.bank.lock:
            fresh = request.key not in self.bank.operations
            operation = self.bank.ask(request, fault=fault.fault)
        if fresh and operation.status == "pending":
            threading.Timer(fault.seconds, self.decide, [operation.key]).start()
        elif fresh:
            self.messenger.tell(operation)
        if fault.fault == "error_after":
            raise Refused(500, "broken")
        if fault.fault == "timeout_after":
            time.sleep(fault.seconds)
            raise Lost
        return operation

    def decide(self, key: str) -> None:
        """Decide a pending operation and tell it."""
        operation = self.bank.decide(key)
        if operation is not None:
            self.messenger.tell(operation)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Provider  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    # Headers and body leave as one packet, or every answer waits for an acknowledgement.
    wbufsize = BODY_BYTES_MAX
    disable_nagle_algorithm = True
    timeout: ClassVar[float] = 60.0

    def do_GET(self) -> None:
        """Answer whether a key happened, or everything that did."""
        steps = self.path.strip("/").split("/")
        if steps == ["health"]:
            self._answer(200, {"status": "ok"})
        elif steps == ["control", "operations"]:
            self._answer(200, list(self.server.bank.operations.values()))
        elif steps[:2] == ["v1", "operations"] and len(steps) == 3 and self._known():
            found = self.server.bank.operations.get(unquote(steps[2]))
            self._answer(200 if found else 404, found or {"error": "unknown_key"})
        else:
            self._answer(404, {"error": "no_such_path"})

    def do_POST(self) -> None:
        """Carry out a deed, or plan a fault."""
        body = self._body()
        steps = self.path.strip("/").split("/")
        if steps == ["control", "faults"]:
            self.server.faults.plan(msgspec.convert(body, Fault))
            self._answer(204, None)
        elif steps[:2] == ["v1", "authorizations"] and self._known():
            self._deed([unquote(step) for step in steps[2:]], body)

    def do_PUT(self) -> None:
        """Change how messages are delivered."""
        body = self._body()
        if self.path != "/control/messages":
            self._answer(404, {"error": "no_such_path"})
            return
        messenger = self.server.messenger
        now = msgspec.to_builtins(messenger.delivery)
        messenger.delivery = msgspec.convert(now | body, type(messenger.delivery))
        self._answer(204, None)

    def do_DELETE(self) -> None:
        """Forget planned faults."""
        self.server.faults.clear()
        self._answer(204, None)

    def _deed(self, steps: list[str], body: dict[str, Any]) -> None:
        kind = "authorize" if not steps else _KINDS.get(steps[-1], "")
        authorization = steps[0] if steps else ""
        request = Request(self.headers.get("Idempotency-Key", ""), kind, authorization, body)
        try:
            if not request.key or not kind or len(steps) not in (0, 2):
                raise Refused(400, "bad_request")
            done = self.server.carry_out(request)
        except Refused as refused:
            self._answer(refused.status, {"error": str(refused)})
        except Lost:
            self.close_connection = True
        else:
            self._answer({"succeeded": 201, "pending": 202, "failed": 402}[done.status], done)

    def _known(self) -> bool:
        known = self.headers.get("Authorization") == f"Bearer {self.server.api_key}"
        if not known:
            self._answer(401, {"error": "unknown_caller"})
        return known

    def _body(self) -> dict[str, Any]:
        length = min(int(self.headers.get("Content-Length", "0")), BODY_BYTES_MAX)
        return msgspec.json.decode(self.rfile.read(length), type=dict[str, Any])

    def _answer(self, status: int, body: Any) -> None:
        content = b"" if body is None else msgspec.json.encode(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what happened can be read at /control/operations."""
