"""A crowd of clients on kept-alive connections, cheap enough to share two cores with the server."""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import cast
from urllib.parse import SplitResult, urlsplit

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
CLOSE = b"\r\nconnection: close"
SUCCESSES = range(200, 300)


@dataclass
class Told:
    """What a crowd experienced.

    Attributes:
        seconds: how long each answered request took.
        failures: answers that were no success.
        bodies: of the successes, when they are kept.
        late: successes that came after the time was over, to what was asked before.
        lasted_seconds: how long the crowd was at it.
        processor_seconds: what the clients themselves used of the processor.
    """

    seconds: list[float] = field(default_factory=list)
    failures: int = 0
    bodies: list[bytes] = field(default_factory=list)
    late: int = 0
    lasted_seconds: float = 0.0
    processor_seconds: float = 0.0

    @property
    def pace(self) -> float:
        """Successes a second, within the time."""
        return (len(self.seconds) - self.failures - self.late) / self.lasted_seconds


Talk = Generator[bytes, bytes, None]
"""What one client says: yields whole requests without end, is sent the body of each answer."""


class _Client(asyncio.Protocol):
    """One client: sends a request, waits for the answer, pauses, sends the next.

    It keeps its connection until it is asked to come back over another.
    """

    def __init__(
        self, told: Told, talk: Talk, every_seconds: float, keep: bool, address: SplitResult
    ) -> None:
        self._told = told
        self._address = address
        self._talk = talk
        self._request = next(talk)
        self.every_seconds = every_seconds
        self._keep = keep
        self._transport: asyncio.Transport
        self._received = b""
        self._sent_at = 0.0
        self._leaving = False
        self._coming_back = False
        self.closed = asyncio.get_running_loop().create_future()

    async def come(self) -> None:
        """Connect."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self._address.hostname, self._address.port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # What create_connection gives, though the loop's own kind says otherwise of itself.
        self._transport = cast(asyncio.Transport, transport)

    def start(self) -> None:
        """Send the next request, unless the crowd is going home."""
        if self._leaving:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(HEAD_END)
        head = head.lower()
        if not end or len(body) < _length(head):
            return
        now = time.perf_counter()
        self._told.seconds.append(now - self._sent_at)
        succeeded = int(head[9:12]) in SUCCESSES
        self._told.failures += not succeeded
        if self._keep and succeeded:
            self._told.bodies.append(body)
        self._received = b""
        self._coming_back = CLOSE in head
        try:
            self._request = self._talk.send(body)
        # Whoever waits for the crowd learns of it.
        except Exception as error:
            self.closed.set_exception(error)
            self._transport.close()
            return
        if self._coming_back:
            self._transport.close()
            return
        asyncio.get_running_loop().call_later(self._pause(), self.start)

    def _pause(self) -> float:
        # Late or not, the next request leaves on the beat: a slow answer spares nobody the next.
        return max(0.0, self._sent_at + self.every_seconds - time.perf_counter())

    def leave(self) -> None:
        """Go home, once the answer under way is here."""
        self._leaving = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._coming_back:
            self._returning = asyncio.ensure_future(self._come_back())
        elif self._leaving and not self.closed.done():
            self.closed.set_result(None)
        elif not self.closed.done():
            self.closed.set_exception(exc or ConnectionError("the server hung up"))

    async def _come_back(self) -> None:
        await asyncio.sleep(self._pause())
        if self._leaving:
            self.closed.set_result(None)
            return
        began = time.perf_counter()
        try:
            await self.come()
        except OSError as error:
            self.closed.set_exception(error)
            return
        self.start()
        self._sent_at = began  # whoever has to connect anew waits for that as well


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.startswith(LENGTH):
            return int(line[len(LENGTH) :])
    return 0


async def gather_crowd(
    url: str,
    requests: Sequence[bytes] | Iterator[bytes],
    *,
    clients: int,
    seconds: float,
    every_seconds: float = 0.0,
    keep: bool = False,
) -> Told:
    """Let many clients ask at once, for a while.

    Args:
        url: where the server listens.
        requests: whole requests as bytes; taken in turn, some again and again, or without end.
        clients: how many ask.
        seconds: how long.
        every_seconds: between two requests of one client; 0 asks again at once.
        keep: keep the bodies of successes.
    """
    supply = cycle(requests) if isinstance(requests, Sequence) else iter(requests)

    def talk() -> Talk:
        # Not "yield from", which hands the answers on to an iterator that takes none.
        while True:
            yield next(supply)

    return await gather_talkers(
        url, talk, clients=clients, seconds=seconds, every_seconds=every_seconds, keep=keep
    )


async def gather_talkers(
    url: str,
    talk: Callable[[], Talk],
    *,
    clients: int,
    seconds: float,
    every_seconds: float = 0.0,
    keep: bool = False,
) -> Told:
    """Let many clients talk at once, for a while, on a light event loop of their own.

    Args:
        url: where the server listens.
        talk: begins what one client says.
        clients: how many talk.
        seconds: how long.
        every_seconds: between two requests of one client; 0 asks again at once.
        keep: keep the bodies of successes.
    """
    told = Told()

    def one() -> _Client:
        return _Client(told, talk(), every_seconds, keep, urlsplit(url))

    await asyncio.to_thread(lambda: uvloop.run(_gather(told, one, clients, seconds)))
    return told


async def _gather(told: Told, one: Callable[[], _Client], clients: int, seconds: float) -> None:
    loop, used = asyncio.get_running_loop(), time.thread_time()
    crowd = [one() for _ in range(clients)]
    for number, client in enumerate(crowd):
        await client.come()
        # Spread over the beat, as strangers are.
        loop.call_later(client.every_seconds * number / clients, client.start)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    told.lasted_seconds = time.perf_counter() - began
    counted = len(told.seconds), told.failures
    for client in crowd:
        client.leave()
    await asyncio.gather(*(client.closed for client in crowd))
    told.processor_seconds = time.thread_time() - used
    told.late = len(told.seconds) - counted[0] - (told.failures - counted[1])


def get(path: str, *, host: str, api_key: str) -> bytes:
    """Return a GET request as bytes."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {api_key}\r\n\r\n"
    ).encode()


def post(path: str, body: bytes, *, host: str, api_key: str, key: str) -> bytes:
    """Return a POST request with a JSON body as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {api_key}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
