"""Messages share connections, and nothing that befalls a connection repeats or loses one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtplib import SMTPException, SMTPResponseException

from crosslane.engagement.service.mime import mailbox, unstructured, write_mime
from crosslane.engagement.service.smtp import CONNECTIONS_MAX, MailLine
from crosslane.platform.settings import SmtpServer
from tests.engagement.mailbox import Mailbox

SENDER = "orders@shop.example"


class Moody(Mailbox):
    """A mail server with moods.

    Attributes:
        hold: messages are taken only once this is set.
        silent: hang up instead of answering to the next messages, as many as this.
        tired: answer 421 to as many MAIL commands.
        left: somebody has said goodbye.
    """

    port: int

    def __init__(self) -> None:
        super().__init__()
        self.hold: asyncio.Event | None = None
        self.silent = 0
        self.tired = 0
        self.left = asyncio.Event()

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender, or say that it is enough."""
        if self.tired:
            self.tired -= 1
            return "421 enough for today"
        envelope.mail_from = address
        return "250 go on"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message in the present mood."""
        if self.silent:
            self.silent -= 1
            server.transport.abort()
        if self.hold is not None:
            await self.hold.wait()
        return await super().handle_DATA(server, session, envelope)

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Let somebody go."""
        self.left.set()
        return "221 bye"

    def hang_up(self) -> None:
        """Drop every connection."""
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.close()

    @property
    def subjects(self) -> list[str]:
        """What has arrived, in its order."""
        return [mail["Subject"] for mail in self.arrived]


@pytest.fixture
async def server() -> AsyncIterator[Moody]:
    moody = Moody()
    async with moody.opened() as port:
        moody.port = port
        yield moody
        moody.hang_up()


@pytest.fixture
def line(server: Moody) -> MailLine:
    return MailLine(SmtpServer("127.0.0.1", server.port))


async def post(line: MailLine, subject: str, to: str = "ada@example.com") -> None:
    headers = [("Subject", unstructured(subject)), ("To", mailbox("Ada", to))]
    await line.hand_over(SENDER, to, write_mime(headers, "Hello", "<p>Hello</p>"))


async def test_many_messages_share_few_connections(server: Moody, line: MailLine):
    subjects = [f"message {n}" for n in range(60)]
    await asyncio.gather(*(post(line, subject) for subject in subjects))
    for subject in ("late", "later"):
        await post(line, subject)
    assert sorted(server.subjects) == sorted([*subjects, "late", "later"])
    assert len(server.connections) <= CONNECTIONS_MAX


async def test_a_connection_dropped_while_idle_costs_no_message(server: Moody, line: MailLine):
    await post(line, "one")
    server.hang_up()
    await post(line, "two")
    server.hang_up()
    await asyncio.sleep(0.05)  # with and without the news of it, the outcome is the same
    await post(line, "three")
    assert server.subjects == ["one", "two", "three"]
    assert len(server.connections) == 3


async def test_a_server_that_has_had_enough_of_a_connection_gets_another(
    server: Moody, line: MailLine
):
    await post(line, "one")
    server.tired = 1
    await post(line, "two")
    assert server.subjects == ["one", "two"]
    assert len(server.connections) == 2
    server.tired = 2
    with pytest.raises(SMTPResponseException) as refused:
        await post(line, "three")
    assert refused.value.code == 421


async def test_a_refused_message_is_told_and_no_other_harmed(server: Moody, line: MailLine):
    await post(line, "one")
    server.refusals = ["550 no"]
    with pytest.raises(SMTPResponseException) as refused:
        await post(line, "two")
    assert refused.value.code == 550
    await post(line, "three")
    assert server.subjects == ["one", "three"]


async def test_a_message_without_an_answer_is_not_repeated(server: Moody, line: MailLine):
    await post(line, "one")
    server.silent = 1
    with pytest.raises(SMTPException):
        await post(line, "two")
    assert server.subjects.count("two") <= 1
    await post(line, "three")
    assert server.subjects[0] == "one"
    assert server.subjects[-1] == "three"


async def test_a_call_that_is_cut_off_leaves_no_half_message_behind(server: Moody, line: MailLine):
    await post(line, "one")
    server.hold = asyncio.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await post(line, "two")
    server.hold.set()
    await post(line, "three")
    assert server.subjects[-1] == "three"
    assert len(server.connections) == 2


async def test_an_idle_connection_is_given_up(server: Moody):
    line = MailLine(SmtpServer("127.0.0.1", server.port), idle_seconds=0.05)
    await post(line, "one")
    async with asyncio.timeout(60):
        await server.left.wait()
    await post(line, "two")
    assert server.subjects == ["one", "two"]
    assert len(server.connections) == 2


async def test_an_address_beyond_ascii_is_written_to(server: Moody, line: MailLine):
    await post(line, "Grüße", to="zoë@example.com")
    await post(line, "plain again")
    assert server.recipients == [["zoë@example.com"], ["ada@example.com"]]
    assert server.subjects == ["Grüße", "plain again"]


async def test_a_server_that_is_away_is_told_so():
    with pytest.raises(SMTPException):
        await post(MailLine(SmtpServer("127.0.0.1", 1)), "one")
