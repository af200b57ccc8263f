"""A mail server of the tests: takes messages by SMTP and keeps them, or refuses as it is told.

Run as a program it prints its port and writes each Message-ID to a file; it lives on when who
sends is killed.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """What has arrived.

    Attributes:
        arrived: messages in their order.
        refusals: answers to give instead of taking the next messages.
        connections: every one that was ever opened.
    """

    def __init__(self) -> None:
        self.arrived: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refusals: list[str] = []
        self.connections: list[SMTP] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message, as aiosmtpd asks."""
        del server, session
        if self.refusals:
            return self.refusals.pop(0)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.arrived.append(message)
        self.recipients.append(envelope.rcpt_tos)
        return "250 taken"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[int]:
        """Listen on a free port until the block ends."""
        server = await asyncio.get_running_loop().create_server(self._connect, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    def _connect(self) -> SMTP:
        self.connections.append(SMTP(self, enable_SMTPUTF8=True))
        return self.connections[-1]


def text_of(message: EmailMessage) -> str:
    """Return the plain text of a message."""
    return message.get_body(("plain",)).get_content()


def html_of(message: EmailMessage) -> str:
    """Return the HTML of a message."""
    return message.get_body(("html",)).get_content()


def shown_in(message: EmailMessage) -> str:
    """Return the HTML of a message with its character references resolved, as it is shown."""
    return unescape(html_of(message))


class Filing(Mailbox):
    """Writes down the Message-ID of what arrives."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message, as aiosmtpd asks."""
        answer = await super().handle_DATA(server, session, envelope)
        with self.path.open("a") as file:
            file.write(f"{self.arrived[-1]['Message-ID']}\n")
        return answer


async def _listen(path: Path) -> None:
    async with Filing(path).opened() as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_listen(Path(sys.argv[1])))
