"""A receiver of webhooks in a process of its own, which verifies by the library of the standard."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

LOCK = threading.Lock()
USUAL = {"secret": "", "status": 200, "body": "", "refuse": [], "headers": {}}
STATE: dict[str, Any] = {}
TAKEN: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    """Takes what is signed; `/control` says how it behaves, `/taken` what it was sent."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *told: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Tell what was sent."""
        with LOCK:
            self._answer(200, json.dumps(TAKEN).encode())

    def do_POST(self) -> None:
        """Be told how to behave, or take an event."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/control":
            with LOCK:
                STATE.update(USUAL | json.loads(body))
                TAKEN.clear()
            return self._answer(200, b"")
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            event = Webhook(STATE["secret"]).verify(body, headers)
        except WebhookVerificationError as error:
            with LOCK:
                TAKEN.append({"refused": str(error), "signatures": headers["webhook-signature"]})
            return self._answer(401, b"who are you?")
        status = 500 if event["subject"] in STATE["refuse"] else STATE["status"]
        with LOCK:
            TAKEN.append({"name": headers["webhook-id"], "status": status, "event": event})
        return self._answer(status, STATE["body"].encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in STATE["headers"].items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
