"""The way to the mail server: few connections, each for many messages.

A connection that has done its work waits a moment for the next message. One that the server has
dropped meanwhile shows when the next message begins on it, before anything of it was handed over:
then a fresh connection takes its place. Whatever else goes wrong ends the connection and is the
message's failure, so nothing is handed over twice.
"""

import asyncio
import socket
from contextlib import suppress
from functools import cache

from aiosmtplib import SMTP, SMTPException

from crosslane.platform.settings import SmtpServer

CONNECTIONS_MAX = 8
IDLE_SECONDS_MAX = 3.0
# How long an answer may take; a busy server needs its time.
ANSWER_SECONDS_MAX = 25.0
# For an address with letters beyond ASCII; a server that does not know of them refuses it.
UTF8_OPTIONS = ("SMTPUTF8", "BODY=8BITMIME")


class MailLine:
    """Connections of this process to one mail server.

    Args:
        server: which.
        idle_seconds: how long a connection waits for another message.
    """

    def __init__(self, server: SmtpServer, *, idle_seconds: float = IDLE_SECONDS_MAX) -> None:
        self._server = server
        self._idle_seconds = idle_seconds
        self._places = asyncio.Semaphore(CONNECTIONS_MAX)
        self._idle: dict[SMTP, asyncio.TimerHandle] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def hand_over(self, sender: str, recipient: str, mail: bytes) -> None:
        """Hand a message to the server; it has it when this returns.

        Args:
            sender: address it comes from.
            recipient: address it goes to.
            mail: the message with its headers.

        Raises:
            SMTPException: the server cannot be reached, or refuses it.
        """
        options = () if (sender + recipient).isascii() else UTF8_OPTIONS
        async with self._places:
            connection = await self._begin(sender, options)
            try:
                await connection.rcpt(recipient, encoding="utf-8")
                await connection.data(mail)
            except BaseException:
                connection.close()
                raise
            self._let_wait(connection)

    async def _begin(self, sender: str, options: tuple[str, ...]) -> SMTP:
        """Return a connection on which the server knows whom a message is from."""
        while self._idle:
            connection, leaves = self._idle.popitem()
            leaves.cancel()
            with suppress(SMTPException):
                return await _begin_on(connection, sender, options)
        return await _begin_on(self._fresh(), sender, options)

    def _fresh(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls,
            local_hostname=_own_name(),
            timeout=ANSWER_SECONDS_MAX,
        )

    def _let_wait(self, connection: SMTP) -> None:
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.call_later(self._idle_seconds, self._dismiss, connection)

    def _dismiss(self, connection: SMTP) -> None:
        del self._idle[connection]
        leaving = asyncio.create_task(_say_goodbye(connection))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


async def _begin_on(connection: SMTP, sender: str, options: tuple[str, ...]) -> SMTP:
    try:
        if not connection.is_connected:
            await connection.connect()
        await connection.mail(sender, options=options, encoding="utf-8")
    except BaseException:
        connection.close()
        raise
    return connection


async def _say_goodbye(connection: SMTP) -> None:
    with suppress(SMTPException):
        await connection.quit()
    connection.close()


@cache
def _own_name() -> str:
    """Return what this machine calls itself to mail servers; asking may take a look-up."""
    return socket.getfqdn()
