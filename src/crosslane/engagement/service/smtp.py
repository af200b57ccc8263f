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

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPHeloError,
    SMTPReadTimeoutError,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from crosslane.engagement.service.talking import Envelope, Talk
from crosslane.platform.settings import SmtpServer

CONNECTIONS_MAX = 8
IDLE_SECONDS_MAX = 3.0
# How long a message may take in all; a busy server needs its time.
HAND_OVER_SECONDS_MAX = 25.0
GOODBYE_SECONDS_MAX = 5.0


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
        self._idle: dict[Talk, asyncio.TimerHandle] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def hand_over(self, sender: str, recipient: str, mail: bytes) -> None:
        """Hand a message to the server; it has it when this returns.

        Args:
            sender: address it comes from.
            recipient: address it goes to.
            mail: the message with its headers; every line ends with CR LF.

        Raises:
            SMTPException: the server cannot be reached, or refuses it.
        """
        envelope = Envelope(sender, recipient)
        async with self._places:
            try:
                async with asyncio.timeout(HAND_OVER_SECONDS_MAX):
                    await self._hand_over(envelope, mail)
            except SMTPException:
                raise
            except TimeoutError as error:
                raise SMTPReadTimeoutError("the server takes too long") from error

    async def _hand_over(self, envelope: Envelope, mail: bytes) -> None:
        talk = await self._begin(envelope)
        try:
            await talk.hand_over(mail)
        except BaseException:
            talk.close()
            raise
        self._let_wait(talk)

    async def _begin(self, envelope: Envelope) -> Talk:
        """Return a talk in which the server waits for the message."""
        while self._idle:
            talk, leaves = self._idle.popitem()
            leaves.cancel()
            if talk.is_open:
                with suppress(SMTPSenderRefused, SMTPServerDisconnected):
                    return await _begun(talk, envelope)
            talk.close()
        return await _begun(await self._connect(), envelope)

    async def _connect(self) -> Talk:
        server = self._server
        connection = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls,
            local_hostname=_own_name(),
            timeout=HAND_OVER_SECONDS_MAX,
        )
        await connection.connect()
        try:
            if connection.is_ehlo_or_helo_needed:
                try:
                    await connection.ehlo()
                except SMTPHeloError:
                    await connection.helo()
            return Talk(connection)
        except BaseException:
            connection.close()
            raise

    def _let_wait(self, talk: Talk) -> None:
        loop = asyncio.get_running_loop()
        self._idle[talk] = loop.call_later(self._idle_seconds, self._dismiss, talk)

    def _dismiss(self, talk: Talk) -> None:
        del self._idle[talk]
        leaving = asyncio.create_task(_say_goodbye(talk))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


async def _begun(talk: Talk, envelope: Envelope) -> Talk:
    try:
        await talk.begin(envelope)
    except BaseException:
        talk.close()
        raise
    return talk


async def _say_goodbye(talk: Talk) -> None:
    with suppress(SMTPException, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS_MAX):
            await talk.say_goodbye()
    talk.close()


@cache
def _own_name() -> str:
    """Return what this machine calls itself to mail servers; asking may take a look-up."""
    return socket.getfqdn()
