"""A mail server that delivers to nobody: it counts messages and reads the pickup codes in them.

The demo's customers have invented addresses, so no message may leave the machine. A customer who
collects goods shows the code from the message: here that is read as the customer would.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes, policy

MESSAGE_BYTES_MAX = 4 << 20
SILENT_SECONDS_MAX = 300.0
EXTENSIONS = b"250-localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n"
OK = b"250 OK\r\n"
END = b".\r\n"

_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.I | re.M)
_SUBJECT = re.compile(r"Your order (\S+) is ready for pickup")
_CODE = re.compile(r"Your pickup code: (\S+)")


class Inbox:
    """What has arrived.

    Attributes:
        count: messages taken.
        message_ids: their ids; fewer than ``count`` when some came twice.
        pickup_codes: by order number, from the latest message of each order.
    """

    def __init__(self) -> None:
        self.count = 0
        self.message_ids: set[bytes] = set()
        self.pickup_codes: dict[str, str] = {}
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[str]:
        """Take messages until the block ends; yields the ``smtp://`` address."""
        server = await asyncio.start_server(self._take_in, "127.0.0.1", 0, limit=MESSAGE_BYTES_MAX)
        try:
            yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for writer in self._open.values():
                writer.close()
            await asyncio.gather(*self._open)

    def take(self, content: bytes) -> None:
        """Note a message."""
        self.count += 1
        head = content.partition(b"\r\n\r\n")[0]
        if found := _MESSAGE_ID.search(head):
            self.message_ids.add(found[1])
        if b"ready for pickup" not in head:
            return
        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(("plain",))  # type: ignore[attr-defined]
        number = _SUBJECT.search(str(message["Subject"]))
        code = _CODE.search(body.get_content()) if body else None
        if number and code:
            self.pickup_codes[number[1]] = code[1]

    def _take_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(self._serve(reader, writer))
        self._open[talk] = writer
        talk.add_done_callback(self._open.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ValueError):
            await self._converse(reader, writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 localhost takes everything\r\n")
        while True:
            async with asyncio.timeout(SILENT_SECONDS_MAX):
                line = await reader.readline()
            verb = line[:4].upper()
            if not line or verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            if verb == b"DATA":
                writer.write(b"354 end with a dot\r\n")
                self.take(await _read_message(reader))
            writer.write(EXTENSIONS if verb == b"EHLO" else OK)


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    """Return a message, without the dots by which senders double one that begins a line."""
    sent = b""
    while sent != END and not sent.endswith(b"\r\n" + END):
        sent += await reader.readuntil(END)
        if len(sent) > MESSAGE_BYTES_MAX:
            raise ValueError("the message is too large")
    return sent[: -len(END)].removeprefix(b".").replace(b"\r\n..", b"\r\n.")
