"""A client of Crosslane's API: keep-alive connections, keys on every change, bounded patience.

The demo speaks HTTP and nothing else. It shares two cores with what it speaks to, so this is
HTTP/1.1 by hand: a general client library costs more per request than a small order does.

A change always carries an Idempotency-Key, so a request whose answer was lost is simply repeated.
What is not an answer (no connection, 429, 503, a key still being worked on) is tried again some
times; every answer is handed to the caller, refusals too.
"""

import asyncio
import logging
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

CONNECTIONS_MAX = 16
TRIES_MAX = 8
ANSWER_SECONDS_MAX = 60.0
PAUSE_SECONDS_FIRST = 0.05
PAUSE_SECONDS_MAX = 5.0
HEAD_BYTES_MAX = 64 << 10
HEAD_ENDS = b"\r\n\r\n"
BODY_BYTES_MAX = 64 << 20
PAGE_ITEMS = 250
KEY_BYTES = 20
UNTIMELY = frozenset({429, 502, 503, 504})
STILL_WORKING = "still-working"

_log = logging.getLogger(__name__)


class Unreachable(Exception):
    """Crosslane did not answer, however often it was asked."""


class Unexpected(Exception):
    """An answer that nobody counts on: what was asked, and what came back."""

    def __init__(self, method: str, path: str, answer: "Answer") -> None:
        super().__init__(f"{method} {path}: {answer.status} {answer.text[:500]}")
        self.answer = answer


class Answer(msgspec.Struct, frozen=True):
    """What came back.

    Args:
        status: HTTP status.
        headers: by lower-case name.
        content: body as bytes.
    """

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    @property
    def body(self) -> Any:
        """The body read as JSON, None when it is empty."""
        return msgspec.json.decode(self.content) if self.content else None

    @property
    def code(self) -> str:
        """The stable name of a refusal, "" for a success."""
        if self.ok or "json" not in self.headers.get("content-type", ""):
            return ""
        found = self.body
        return str(found.get("code", "")) if isinstance(found, dict) else ""


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, and the next request."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._told = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self.is_open = False

    async def exchange(self, request: bytes) -> Answer:
        """Send a request as bytes and return the answer to it.

        Raises:
            OSError, EOFError, TimeoutError: there was none.
        """
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        late = loop.call_later(ANSWER_SECONDS_MAX, self._end, TimeoutError())
        try:
            self._transport.write(request)
            return await self._answer
        except BaseException:
            self.close()
            raise
        finally:
            late.cancel()

    def close(self) -> None:
        """Close it."""
        self.is_open = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the way to the other side."""
        self._transport, self.is_open = transport, True  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Read what came, and wake who waits when it is a whole answer."""
        self._told += data
        try:
            answer = self._read()
        except (OSError, ValueError) as error:
            self._end(error if isinstance(error, OSError) else OSError(str(error)))
            return
        if answer is None or self._answer is None or self._answer.done():
            return
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits that no answer will come."""
        self.is_open = False
        self._end(exc or EOFError("the connection was closed"))

    def _end(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _read(self) -> Answer | None:
        """Return the answer and forget its bytes; None while some of them are under way."""
        begins = self._told.find(HEAD_ENDS) + len(HEAD_ENDS)
        if begins < len(HEAD_ENDS):
            if len(self._told) > HEAD_BYTES_MAX:
                raise OSError("the answer has too long a head")
            return None
        first, *lines = self._told[:begins].decode("latin-1").rstrip().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        if length > BODY_BYTES_MAX or "transfer-encoding" in headers:
            raise OSError("the answer is not of a form that this client reads")
        if len(self._told) < begins + length:
            return None
        content = bytes(self._told[begins : begins + length])
        self._told.clear()
        return Answer(int(first.split()[1]), headers, content)


class Connections:
    """Kept-alive connections to one address.

    Args:
        address: such as ``http://127.0.0.1:8700``.
        most: how many requests may be under way at once; further ones wait.

    Attributes:
        requests: how many were sent.
    """

    def __init__(self, address: str, most: int = CONNECTIONS_MAX) -> None:
        parts = urlsplit(address)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{address} is no plain HTTP address")
        self.address = address.rstrip("/")
        self.netloc = parts.netloc
        self._host, self._port = parts.hostname, parts.port or 80
        self._slots = asyncio.Semaphore(most)
        self.requests = 0
        self._idle: list[Connection] = []

    async def exchange(self, request: bytes) -> Answer:
        """Send a request as bytes and return the answer to it.

        Raises:
            OSError, EOFError, TimeoutError: there was none.
        """
        async with self._slots:
            self.requests += 1
            connection = self._kept() or await self._open()
            answer = await connection.exchange(request)
            if connection.is_open:
                self._idle.append(connection)
            return answer

    async def close(self) -> None:
        """Close every connection that rests."""
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)  # a transport closes in the next turn of the loop

    def _kept(self) -> Connection | None:
        """Return a connection that rests and was not closed meanwhile."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            _, opened = await loop.create_connection(Connection, self._host, self._port)
        return opened


class Client:
    """Somebody who speaks to Crosslane: a channel's key, or a person who has signed in.

    Args:
        connections: shared with other callers.
        token: API key or session token; "" for nobody in particular.
    """

    def __init__(self, connections: Connections, token: str) -> None:
        self.connections = connections
        self._token = token

    async def get(self, path: str, **query: Any) -> Any:
        """Read what is shown under a path.

        Raises:
            Unexpected: the answer is no success.
        """
        asked = urlencode(query, doseq=True)
        return await self._success("GET", f"{path}?{asked}" if asked else path, None, "", "")

    async def get_all(self, path: str, **query: Any) -> list[Any]:
        """Read every item of a list, page by page."""
        items: list[Any] = []
        while True:
            page = await self.get(path, limit=PAGE_ITEMS, **query)
            items += page["items"]
            if not page.get("next_cursor"):
                return items
            query["cursor"] = page["next_cursor"]

    async def send(
        self, path: str, body: Any = None, *, key: str = "", method: str = "POST"
    ) -> Any:
        """Change something; the answer must be a success.

        Args:
            path: below ``/api/v1/``.
            body: sent as JSON.
            key: idempotency key; by default one made of path and body, so that the same change
                asked for again is the same change.
            method: ``POST``, ``PUT`` or ``PATCH``.

        Raises:
            Unexpected: the answer is no success.
        """
        return await self._success(method, path, body, key, "")

    async def ask(
        self, path: str, body: Any, *, key: str = "", method: str = "POST", content_type: str = ""
    ) -> Answer:
        """Change something and return the answer whatever it is.

        Args:
            path: below ``/api/v1/``.
            body: bytes are sent as they are, anything else as JSON.
            key: idempotency key; by default one made of path and body.
            method: ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
            content_type: of bytes.

        Raises:
            Unreachable: no answer came.
        """
        content = body if isinstance(body, bytes) else b""
        if not content and body is not None:
            content = msgspec.json.encode(body)
        head = [
            f"{method} /api/v1/{path} HTTP/1.1",
            f"Host: {self.connections.netloc}",
            f"Content-Length: {len(content)}",
        ]
        if self._token:
            head.append(f"Authorization: Bearer {self._token}")
        if content:
            head.append(f"Content-Type: {content_type or 'application/json'}")
        if method != "GET":
            head.append(f"Idempotency-Key: {key or key_of(method, path, content)}")
        request = "\r\n".join([*head, "", ""]).encode() + content
        return await self._patient(request, f"{method} {path}")

    async def _success(self, method: str, path: str, body: Any, key: str, content_type: str) -> Any:
        answer = await self.ask(path, body, key=key, method=method, content_type=content_type)
        if not answer.ok:
            raise Unexpected(method, path, answer)
        return answer.body

    async def _patient(self, request: bytes, what: str) -> Answer:
        pause, answer, lost = PAUSE_SECONDS_FIRST, None, None
        for attempt in range(TRIES_MAX):
            if attempt:
                await asyncio.sleep(pause)
                pause = min(pause * 2, PAUSE_SECONDS_MAX)
            try:
                answer = await self.connections.exchange(request)
            except (OSError, EOFError, TimeoutError) as error:
                lost = error
                _log.debug("%s: %r, asked again", what, error)
                continue
            if answer.status in UNTIMELY or answer.code == STILL_WORKING:
                asked = answer.headers.get("retry-after", "")
                pause = max(pause, min(float(asked), PAUSE_SECONDS_MAX) if asked.isdigit() else 0)
                continue
            return answer
        if answer is None:
            raise Unreachable(f"{what}: {lost!r}") from lost
        return answer


def key_of(*words: str | bytes) -> str:
    """Return an idempotency key that is the same for the same words."""
    digest = blake2b(digest_size=KEY_BYTES)
    for word in words:
        content = word.encode() if isinstance(word, str) else word
        digest.update(len(content).to_bytes(8))
        digest.update(content)
    return digest.hexdigest()


def segment(text: str) -> str:
    """Return a text as one step of a path."""
    return quote(text, safe="")
