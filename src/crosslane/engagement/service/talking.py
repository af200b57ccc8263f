"""A talk with a mail server: its commands written ahead as far as it allows, its replies in order.

The library connects, encrypts and logs in; from then on the talk is ours. It would send each
command alone, and search every message for line breaks that are none.
"""

import asyncio
import select
from collections import deque
from typing import cast

import msgspec
from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPRecipientRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

REPLY_BYTES_MAX = 32 * 1024
OK, WILL_FORWARD, START_INPUT = 250, 251, 354
# For an address with letters beyond ASCII; a server that does not know of them refuses it.
UTF8_OPTIONS = " SMTPUTF8 BODY=8BITMIME"


class Reply(msgspec.Struct, frozen=True):
    """What the server says to a command."""

    code: int
    text: str


class Envelope(msgspec.Struct, frozen=True):
    """Between whom a message goes.

    Raises:
        SMTPRecipientRefused: an address could be read as something else.
    """

    sender: str
    recipient: str

    def __post_init__(self) -> None:
        for address in (self.sender, self.recipient):
            if not address.isprintable() or any(c in " <>" for c in address):
                raise SMTPRecipientRefused(553, "no address", address)

    @property
    def commands(self) -> list[bytes]:
        """What is said before the message."""
        plain = (self.sender + self.recipient).isascii()
        options = "" if plain else UTF8_OPTIONS
        return [
            f"MAIL FROM:<{self.sender}>{options}\r\n".encode(),
            f"RCPT TO:<{self.recipient}>\r\n".encode(),
            b"DATA\r\n",
        ]


class Talk(asyncio.Protocol):
    """What speaks on one connection; whoever uses it closes it after any error.

    Args:
        connected: a connection on which the server has said what it can do.
    """

    def __init__(self, connected: SMTP) -> None:
        self._transport = cast(asyncio.Transport, connected.transport)
        self._pipelining = connected.supports_extension("pipelining")
        self._unread = bytearray()
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._lost = False
        self._transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether the server is still there and has nothing to say."""
        if self._lost or self._transport.is_closing() or self._unread or self._replies:
            return False
        # A goodbye may be here without having been read yet.
        arrived = select.poll()
        arrived.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return not arrived.poll(0)

    async def begin(self, envelope: Envelope) -> None:
        """Come to where the server waits for the message; nothing of it is handed over yet.

        Raises:
            SMTPSenderRefused, SMTPServerDisconnected: the server has had enough of this talk.
            SMTPRecipientRefused, SMTPDataError: it will not have this message.
        """
        commands = envelope.commands
        if self._pipelining:
            commands = [b"".join(commands), b"", b""]
        mail, rcpt, data = commands
        reply = await self._ask(mail)
        if reply.code != OK:
            raise SMTPSenderRefused(reply.code, reply.text, envelope.sender)
        reply = await self._ask(rcpt)
        if reply.code not in (OK, WILL_FORWARD):
            raise SMTPRecipientRefused(reply.code, reply.text, envelope.recipient)
        reply = await self._ask(data)
        if reply.code != START_INPUT:
            raise SMTPDataError(reply.code, reply.text)

    async def hand_over(self, mail: bytes) -> None:
        """Give the server the message it waits for; it has it when this returns.

        Args:
            mail: its lines end with CR LF, the last one too.

        Raises:
            SMTPDataError: it will not have it.
            SMTPServerDisconnected: nobody knows.
        """
        reply = await self._ask(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        if reply.code != OK:
            raise SMTPDataError(reply.code, reply.text)

    async def say_goodbye(self) -> None:
        """Tell the server that nothing more comes."""
        await self._ask(b"QUIT\r\n")

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Read replies."""
        self._unread += data
        while (end := self._unread.find(b"\n")) >= 0:
            line = bytes(self._unread[:end])
            del self._unread[: end + 1]
            if line[3:4] != b"-":  # of several lines the last one counts
                self._heard(line)
        if len(self._unread) > REPLY_BYTES_MAX:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._lost = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(_disconnected())

    def _heard(self, line: bytes) -> None:
        if not line[:3].isdigit():
            self._transport.abort()
            return
        self._replies.append(Reply(int(line[:3]), line[4:].decode(errors="replace").strip()))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _ask(self, command: bytes) -> Reply:
        """Return the next reply; an empty command was said before."""
        if command:
            self._transport.write(command)
        while not self._replies:
            if self._lost:
                raise _disconnected()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._replies.popleft()


def _disconnected() -> SMTPServerDisconnected:
    return SMTPServerDisconnected("the server hung up")
