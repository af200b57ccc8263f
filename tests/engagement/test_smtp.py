"""Messages share connections, and nothing that befalls a connection repeats or loses one."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtplib import (
    SMTPException,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from crosslane.engagement.service import smtp
from crosslane.engagement.service.mime import mailbox, unstructured, write_mime
from crosslane.engagement.service.smtp import CONNECTIONS_MAX, MailLine
from crosslane.platform.settings import SmtpServer
from tests.engagement.mailbox import Mailbox, text_of

SENDER = "orders@shop.example"


class Moody(Mailbox):
    """A mail server with moods.

    Attributes:
        hold: messages are taken only once this is set.
        silent: hang up instead of answering to the next messages, as many as this.
        tired: answer 421 to as many MAIL commands.
        full: take no message for this address.
        left: somebody has said goodbye.

    Args:
        pipelining: commands may be sent before the earlier ones are answered.
    """

    port: int

    def __init__(self, *, pipelining: bool = False) -> None:
        super().__init__()
        self.pipelining = pipelining
        self.full = ""
        self.hold: asyncio.Event | None = None
        self.silent = 0
        self.tired = 0
        self.left = asyncio.Event()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, told: list[str]
    ) -> list[str]:
        """Say what is offered."""
        session.host_name = name
        return [told[0], *(["250-PIPELINING"] if self.pipelining else []), *told[1:]]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if address == self.full:
            return "452 come back later"
        envelope.rcpt_tos.append(address)
        return "251 we pass it on"

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


@pytest.fixture(params=[False, True], ids=["in turn", "pipelined"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Moody]:
    moody = Moody(pipelining=request.param)
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


async def test_a_recipient_that_is_refused_takes_no_message(server: Moody, line: MailLine):
    await post(line, "one")
    server.full = "bob@example.com"
    for _ in range(2):
        with pytest.raises(SMTPRecipientRefused) as refused:
            await post(line, "two", to="bob@example.com")
        assert refused.value.code == 452
    await post(line, "three")
    assert server.subjects == ["one", "three"]


@pytest.mark.parametrize(
    "address", ["a@b>\r\nRCPT TO:<eve@example.com", "a@b> NOTIFY=NEVER", "a\0@example.com"]
)
async def test_an_address_says_nothing_but_where_to(server: Moody, line: MailLine, address: str):
    with pytest.raises(SMTPRecipientRefused):
        await line.hand_over(SENDER, address, b"\r\n")
    assert server.connections == []


async def test_lines_that_begin_with_a_dot_arrive_as_they_are(server: Moody, line: MailLine):
    sent = ".\n..\n.x\n\n.\n"
    await line.hand_over(SENDER, "ada@example.com", write_mime([("Subject", "dots")], sent, "."))
    await post(line, "after")
    assert server.subjects == ["dots", "after"]
    assert text_of(server.arrived[0]).splitlines() == sent.splitlines()


async def test_a_server_that_talks_nonsense_is_left(line: MailLine, server: Moody):
    await post(line, "one")
    (connection,) = server.connections
    connection.transport.write(b"what was that?\r\n")
    await post(line, "two")
    connection = server.connections[-1]
    connection.transport.write(b"2" * 100_000)
    await post(line, "three")
    assert server.subjects == ["one", "two", "three"]
    assert len(server.connections) == 3


async def test_a_server_that_takes_too_long_is_told_so(
    server: Moody, line: MailLine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(smtp, "HAND_OVER_SECONDS_MAX", 0.1)
    server.hold = asyncio.Event()
    with pytest.raises(SMTPReadTimeoutError):
        await post(line, "one")
    server.hold.set()


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return the identity of a server at localhost, which this process trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=mail",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate, key)
    return served


@pytest.mark.parametrize("tls", [False, True], ids=["starttls", "smtps"])
async def test_messages_go_encrypted(certified: ssl.SSLContext, tls: bool):
    moody = Moody(pipelining=True)
    ways = {"tls_context": None if tls else certified, "require_starttls": not tls}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(moody, **ways), "localhost", 0, ssl=certified if tls else None
    )
    line = MailLine(SmtpServer("localhost", server.sockets[0].getsockname()[1], tls=tls))
    for subject in ("one", "two"):
        await post(line, subject)
    server.close()
    assert moody.subjects == ["one", "two"]


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
