"""What mail programs of other authors make of our letters.

Two servers that differ: aiosmtpd keeps what came in a mailbox on the disk, smtp-server for Node has
mailparser read it.
"""

import asyncio
import email
import html
import mailbox
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import pytest
from tests.engagement.mailbox import html_of, text_of
from tests.interop.conftest import serving

from crosslane.engagement.domain import Story, StoryCharge, StoryLine
from crosslane.engagement.service.posting import use_settings
from crosslane.engagement.service.sending import Outcome, first_cause, hand_over
from crosslane.engagement.service.telling import Send
from crosslane.engagement.service.writing import Letter
from crosslane.engagement.storage import Message
from crosslane.kernel import new_id
from crosslane.platform.effects import EffectCall
from crosslane.platform.settings import read_settings

pytestmark = pytest.mark.interop


def letter() -> Letter:
    """A confirmation in German with letters and signs that no seven bits hold."""
    order_id, now = new_id(), datetime.now(UTC)
    story = Story(
        number="000001-Y",
        brand="Märlow & Finch",
        currency="GBP",
        timezone="Europe/London",
        lines=[StoryLine(title="Teekanne „Frühling“", sku="POT", quantity=2, gross_minor=3_000)],
        charges=[StoryCharge("shipping", 395)],
        gross_minor=3_395,
        tax_minor=566,
        promised_at=now,
    )
    message = Message(
        id=new_id(),
        order_id=order_id,
        customer_id=None,
        ship_address_id=None,
        topic="confirmed",
        cause=first_cause(order_id),
        repeats=None,
        state="due",
        reason="",
        locale="de-DE",
        story=story,
        recipient="",
        requested_at=now,
        ended_at=None,
    )
    return Letter(
        message=message,
        first_cause=message.cause,
        email="zoe@example.com",
        name="Zoë Größmann",
        address=["12 High Street", "Oxford"],
        link="https://orders.example.com/o/abc",
        tenant="shop",
        sender="orders@example.com",
    )


async def post(home: Path, port: int) -> None:
    """Send the letter to a server on this machine, as the worker does."""
    environment = {"CROSSLANE_HOME": str(home), "CROSSLANE_SMTP_URL": f"smtp://127.0.0.1:{port}"}
    use_settings(read_settings(environment))
    call = EffectCall(new_id(), "one", 1, 1, "shop", "", Send(new_id()))
    assert await hand_over(call, letter()) == Outcome("sent", recipient="zoe@example.com")


def require_told(text: str, page: str) -> None:
    """Require that both forms of the letter say what was ordered, letters of no seven bits too."""
    for shown in (text, html.unescape(page)):
        assert "Teekanne „Frühling“" in shown
        assert "https://orders.example.com/o/abc" in shown
    assert "<html" in page
    assert "<" not in text


@asynccontextmanager
async def keeping(folder: Path) -> AsyncIterator[int]:
    """Run aiosmtpd as its authors start it, with their mailbox; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    words = ["-n", "-dd", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Mailbox", str(folder)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aiosmtpd", *words, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            async for line in process.stderr:
                if b"Starting asyncio loop" in line:
                    break
        assert process.returncode is None, "aiosmtpd did not start"
        yield port
    finally:
        process.kill()
        await process.wait()


async def test_a_mail_server_keeps_our_mail(tmp_path: Path):
    async with keeping(tmp_path / "mail") as port:
        await post(tmp_path, port)
    (kept,) = mailbox.Maildir(tmp_path / "mail", create=False)
    read = email.message_from_bytes(kept.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert "000001-Y" in read["subject"]
    assert parseaddr(read["from"]) == ("Märlow & Finch", "orders@example.com")
    assert parseaddr(read["to"]) == ("Zoë Größmann", "zoe@example.com")
    assert (read["X-MailFrom"], read["X-RcptTo"]) == ("orders@example.com", "zoe@example.com")
    require_told(text_of(read), html_of(read))


async def test_a_mail_program_reads_our_mail(tmp_path: Path):
    async with serving("mailbox.mjs") as stranger:
        await post(tmp_path, stranger.port)
        read = await stranger.says()
    assert "000001-Y" in read["subject"]
    assert read["sender"] == {"address": "orders@example.com", "name": "Märlow & Finch"}
    assert read["recipient"] == {"address": "zoe@example.com", "name": "Zoë Größmann"}
    assert read["rcpt"] == ["zoe@example.com"]
    assert read["messageId"].endswith("@example.com>")
    require_told(read["text"], read["html"])
