"""A mail server that delivers to nobody: it counts messages and reads the pickup codes in them.

The demo's customers have invented addresses, so no message may leave the machine. A customer who
collects goods shows the code from the message: here that is read as the customer would.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes

MESSAGE_BYTES_MAX = 4 << 20
EXTENSIONS = b"250-localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n"
OK = b"250 OK\r\n"
LINE_ENDS = b"\r\n"
MESSAGE_ENDS = b"\r\n.\r\n"

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
        self.open: set[asyncio.BaseTransport] = set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[str]:
        """Take messages until the block ends; yields the ``smtp://`` address."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Talk(self), "127.0.0.1", 0)
        try:
            yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for transport in list(self.open):
                transport.close()
            await server.wait_closed()

    def take(self, content: bytes) -> None:
        """Note a message."""
        self.count += 1
        head = content.partition(b"\r\n\r\n")[0]
        if found := _MESSAGE_ID.search(head):
            self.message_ids.add(found[1])
        if b"ready for pickup" not in head:
            return
        message = message_from_bytes(content)
        texts = (part for part in message.walk() if part.get_content_type() == "text/plain")
        text = next(texts, message)
        number = _SUBJECT.search(str(message["Subject"]))
        code = _CODE.search(text.get_payload(decode=True).decode(errors="replace"))
        if number and code:
            self.pickup_codes[number[1]] = code[1]


class Talk(asyncio.Protocol):
    """What one sender says; all that has come is answered at once.

    Args:
        inbox: gets the messages.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._transport: asyncio.Transport
        self._said = bytearray()
        self._in_message = self._leaves = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the sender."""
        self._transport = transport  # type: ignore[assignment]
        self._inbox.open.add(transport)
        self._transport.write(b"220 localhost takes everything\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the sender; a message that is not whole is none."""
        self._inbox.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Take in lines and messages as far as they are whole."""
        self._said += data
        answers = []
        while answer := self._answer():
            answers.append(answer)
        if answers:
            self._transport.write(b"".join(answers))
        if self._leaves or len(self._said) > MESSAGE_BYTES_MAX:
            self._transport.close()

    def _answer(self) -> bytes:
        """Return the answer to what was said next, nothing while that is not whole."""
        if self._in_message:
            return self._take_message()
        line, ends, _ = self._said.partition(LINE_ENDS)
        if not ends:
            return b""
        del self._said[: len(line) + len(ends)]
        verb = bytes(line[:4]).upper()
        if verb == b"DATA":
            self._in_message = True
            return b"354 end with a dot\r\n"
        if verb == b"QUIT":
            self._leaves = True
            return b"221 bye\r\n"
        return EXTENSIONS if verb == b"EHLO" else OK

    def _take_message(self) -> bytes:
        """Note a message, without the dots by which senders double one that begins a line."""
        whole = LINE_ENDS + self._said  # a message may be nothing but the dot that ends it
        end = whole.find(MESSAGE_ENDS)
        if end < 0:
            return b""
        del self._said[: end + len(MESSAGE_ENDS) - len(LINE_ENDS)]
        self._in_message = False
        content = bytes(whole[: end + len(LINE_ENDS)]).replace(b"\r\n..", b"\r\n.")
        self._inbox.take(content.removeprefix(LINE_ENDS))
        return OK
