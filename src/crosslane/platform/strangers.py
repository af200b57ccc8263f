"""The frame of the strict strangers: the outside played by processes of their own over HTTP.

Each answers ``/health``, goes wrong as ``/control/faults`` has it, and keeps what it did in a
journal, so that killing it forgets nothing. What it does besides is its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from http.client import responses
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from crosslane.platform.misdeeds import Fault, Faults, Lost, Refused

BODY_BYTES_MAX = 64 * 1024
ANSWER_BUFFER_BYTES = 64 * 1024
LINE_BYTES_MAX = 8 * 1024
HEADERS_MAX = 100
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
Said = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]


class Asked(Struct, frozen=True):
    """One request.

    Args:
        steps: the method, then the parts of the path.
        headers: as they were sent, by name in small letters.
        body: as it was sent.
    """

    steps: list[str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The caller's idempotency key, "" when there is none."""
        return self.headers.get("idempotency-key", "")

    def require_bearer(self, api_key: str) -> None:
        """Refuse whoever does not show the key.

        Raises:
            Refused: it is another one, or none.
        """
        if self.headers.get("authorization") != f"Bearer {api_key}":
            raise Refused(401, "unknown_caller")


class Stranger(ThreadingTCPServer, ABC):
    """The listening server with everything a request needs."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256
    body_bytes_max: ClassVar[int] = BODY_BYTES_MAX
    fault_kind: ClassVar[type[Fault]] = Fault

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.faults: Faults[Any] = Faults()

    def run(self) -> None:
        """Print the address and serve until killed."""
        print(f"http://127.0.0.1:{self.server_address[1]}", flush=True)
        self.serve_forever()

    @abstractmethod
    def answer(self, asked: Asked) -> Said:
        """Return the status and body of an answer, and its headers if any; bytes go as they are.

        Raises:
            Refused: the request makes no sense, or so the fault has it.
            Lost: the answer is withheld.
        """

    def answer_framed(self, asked: Asked) -> Said:
        """Answer as `answer` does, and what every stranger is asked."""
        match asked.steps:
            case ["GET", "health"]:
                return 200, {"status": "ok"}
            case ["POST", "control", "faults"]:
                self.faults.plan(msgspec.json.decode(asked.body, type=self.fault_kind))
                return 204, None
            case ["DELETE", "control", "faults"]:
                self.faults.clear()
                return 204, None
        return self.answer(asked)


class _Connection(StreamRequestHandler):
    """As much of HTTP/1.1 as a strict stranger needs: bodies of a stated length, one by one."""

    server: Stranger  # type: ignore[assignment]
    # Head and body leave as one packet, or every answer waits for an acknowledgement.
    wbufsize = ANSWER_BUFFER_BYTES
    disable_nagle_algorithm = True
    timeout: ClassVar[float] = 60.0

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):  # the caller hung up, or says nothing
            while self._serve():
                pass

    def _serve(self) -> bool:
        """Answer the next request; tell whether another may follow."""
        first = self.rfile.readline(LINE_BYTES_MAX)
        if not first:
            return False
        method, target, version = first.decode("latin-1").split()
        headers: dict[str, str] = {}
        while line := self.rfile.readline(LINE_BYTES_MAX).strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
            if len(headers) > HEADERS_MAX:
                return False
        length = min(int(headers.get("content-length", "0")), self.server.body_bytes_max)
        path = [unquote(step) for step in target.strip("/").split("/")]
        asked = Asked([method, *path], headers, self.rfile.read(length))
        try:
            self._send(*self.server.answer_framed(asked))
        except Refused as refused:
            self._send(refused.status, {"error": str(refused)})
        except Lost:
            return False
        return version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"

    def _send(self, status: int, body: Any, headers: Mapping[str, str] = NO_HEADERS) -> None:
        content = b"" if body is None else body
        if not isinstance(content, bytes):
            content = msgspec.json.encode(content)
        head = (
            f"HTTP/1.1 {status} {responses.get(status, '')}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        )
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        self.wfile.write(head.encode() + content)
        self.wfile.flush()


class Journal:
    """An append-only file of JSON lines.

    A line that was cut off by a kill is dropped at the next start: its caller had no answer.
    """

    def __init__(self, path: Path) -> None:
        whole = path.read_bytes() if path.exists() else b""
        self._path = path
        path.write_bytes(whole[: whole.rfind(b"\n") + 1])
        self._file = path.open("ab")

    def lines(self) -> list[bytes]:
        """Return what was written, the oldest first."""
        return self._path.read_bytes().splitlines()

    def write(self, line: Struct) -> None:
        """Keep a line before its caller is answered."""
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
