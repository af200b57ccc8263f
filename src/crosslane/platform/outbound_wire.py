"""One connection to a counterpart: HTTP/1.1, one request after the other, each answered whole."""

import asyncio
import select
from collections.abc import Sequence
from typing import cast

import h11

from crosslane.platform.outbound import Busy, NoReply, Reply

RETRY_AFTER_SECONDS_MAX = 600.0
BUSY = (429, 503)

Headers = Sequence[tuple[str, str]]


class Wire(asyncio.Protocol):
    """What speaks on a connection. It may be asked again while it ``is_free``.

    Attributes:
        made_at: when it was connected, by the clock of the event loop.
    """

    def __init__(self) -> None:
        self.made_at = 0.0
        self._machine = h11.Connection(h11.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Reply] | None = None
        self._answer_bytes_max = 0
        self._cut = False
        self._head: h11.Response | None = None
        self._body = bytearray()

    @property
    def is_free(self) -> bool:
        """Whether another request may be sent: the last one is answered, and nobody hung up."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._machine.our_state is not h11.IDLE:
            return False
        # The end of the connection may be here without having been read yet.
        arrived = select.poll()
        arrived.register(transport.get_extra_info("socket"), select.POLLIN)
        return not arrived.poll(0)

    async def ask(
        self,
        method: str,
        target: str,
        headers: Headers,
        content: bytes,
        answer_bytes_max: int,
        *,
        cut: bool = False,
    ) -> Reply:
        """Send a request and return its answer, or the beginning of it where that will do.

        Raises:
            NoReply: the answer is too large, or says that the other side is busy.
            h11.ProtocolError: the request or the answer is no HTTP.
            OSError: the other side hung up.
        """
        self._answer_bytes_max, self._cut = answer_bytes_max, cut
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._write(h11.Request(method=method, target=target, headers=headers), content)
            return await self._answer
        except BaseException:
            self.close()
            raise
        finally:
            self._answer = None

    def close(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast(asyncio.Transport, transport)
        self.made_at = asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:
        """Read on; what nobody has asked for ends the connection."""
        if self._answer is None or self._answer.done():
            self.close()
            return
        self._machine.receive_data(data)
        self._read()

    def eof_received(self) -> None:
        """Read the end of an answer whose length was not told."""
        if self._answer is not None and not self._answer.done():
            self._machine.receive_data(b"")
            self._read()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        self._end(exc or ConnectionResetError())

    def _write(self, request: h11.Request, content: bytes) -> None:
        if self._transport is None:
            raise ConnectionResetError
        send = self._machine.send
        parts = [send(request), send(h11.Data(data=content)), send(h11.EndOfMessage())]
        self._transport.write(b"".join(part for part in parts if part))

    def _read(self) -> None:
        try:
            while True:
                event = self._machine.next_event()
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > self._answer_bytes_max:
                        return self._end(self._beginning())
                elif isinstance(event, h11.EndOfMessage):
                    return self._end(self._reply())
                elif not isinstance(event, h11.InformationalResponse):
                    return None  # there is more to come
        except (NoReply, h11.RemoteProtocolError) as error:
            return self._end(error)

    def _end(self, outcome: Reply | Exception) -> None:
        if self._answer is None or self._answer.done():
            return
        if isinstance(outcome, Reply):
            self._answer.set_result(outcome)
        else:
            self._answer.set_exception(outcome)

    def _beginning(self) -> Reply | NoReply:
        """Return what was read of an answer that is too long, whose rest nobody reads."""
        if not self._cut:
            return NoReply("the answer is too large")
        del self._body[self._answer_bytes_max :]
        return self._reply()

    def _reply(self) -> Reply:
        """Return what was read, and make ready for the next request or hang up."""
        head, body = cast(h11.Response, self._head), bytes(self._body)
        machine = self._machine
        finished = machine.our_state is h11.DONE and machine.their_state is h11.DONE
        if finished and not machine.trailing_data[0]:
            machine.start_next_cycle()
            self._body.clear()
        else:
            self.close()
        headers = _headers(head)
        if head.status_code in BUSY:
            raise Busy(_seconds(headers.get("retry-after", "")), head.status_code, headers)
        return Reply(head.status_code, body, headers)


def _headers(head: h11.Response) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in head.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _seconds(text: str) -> float | None:
    # Shops count in fractions, too.
    whole = text.replace(".", "", 1)
    if not (whole.isascii() and whole.isdigit()):
        return None
    return min(float(text[:9]), RETRY_AFTER_SECONDS_MAX)
