"""Letters to people who work here, or are to: no messages to customers, and nothing is kept."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import msgspec
from aiosmtplib import SMTPException
from babel import Locale
from jinja2 import Environment, StrictUndefined

from crosslane import organization
from crosslane.engagement.domain import message_id
from crosslane.engagement.service.mime import mailbox, unstructured, write_mime
from crosslane.engagement.service.posting import post_office
from crosslane.engagement.service.sending import CALL_SECONDS_MAX, failure_of
from crosslane.engagement.service.writing import TEMPLATES, locale_of
from crosslane.platform.database import Tx
from crosslane.platform.effects import EffectCall, EffectKind, one_by_one


class Finished(msgspec.Struct, frozen=True):
    """A letter in its envelope.

    Args:
        sender: address it comes from.
        email: whom it goes to.
        mail: the finished e-mail.
    """

    sender: str
    email: str
    mail: bytes


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter says and to whom.

    Args:
        name: what the person is called, "" when nobody knows.
        at: when it was called for.
        cause: what it is due to; the same cause gives the same Message-ID.
        link: where its button leads.
        words: subject, greeting, lead, join (of the button) and footer.
    """

    email: str
    name: str
    at: datetime
    cause: str
    link: str
    words: Mapping[str, str]


async def voice(tx: Tx) -> tuple[str, Locale]:
    """Return in whose name people who work here are written to, as the first market speaks."""
    book = await organization.book(tx)
    spoken = book.markets[min(book.markets)].locales[0] if book.markets else "en"
    brand = book.brands[min(book.brands)].name if book.brands else "Crosslane"
    return brand, locale_of(spoken)


def finish(told: Told, brand: str, locale: Locale, tenant: str) -> Finished:
    """Return a letter in its envelope."""
    sender = post_office().sender
    values = {**told.words, "link": told.link, "language": locale.language}
    headers = [
        ("Subject", unstructured(values["subject"])),
        ("From", mailbox(brand, sender)),
        ("To", mailbox(told.name, told.email)),
        ("Date", format_datetime(told.at)),
        ("Message-ID", message_id(tenant, told.cause, sender.rpartition("@")[2])),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", locale.language),
    ]
    html = (TEMPLATES / "invitation.html").read_text(encoding="utf-8")
    page = Environment(undefined=StrictUndefined, autoescape=True).from_string(html).render(values)
    text = "\n\n".join(values[part] for part in ("greeting", "lead", "link", "footer")) + "\n"
    return Finished(sender, told.email, write_mime(headers, text, page))


def letter_kind(
    name: str, body: type[msgspec.Struct], prepare: Callable[..., Awaitable[Finished | None]]
) -> EffectKind:
    """Return a kind of effect that sends letters; ``prepare`` writes one, None for nobody."""
    return EffectKind(
        name,
        body=body,
        call=_hand_over,
        prepare=one_by_one(prepare),
        record=_keep_nothing,
        timeout_seconds=CALL_SECONDS_MAX,
    )


async def _hand_over(call: EffectCall[Any], letter: Finished | None) -> None:
    """Give a letter to the mail server; nothing when there is nobody to send to.

    Raises:
        Retry: the server could not be reached, or asks to come back later.
        Dead: it will not take this message.
    """
    del call
    line = post_office().line
    if letter is None or line is None:
        return
    try:
        await line.hand_over(letter.sender, letter.email, letter.mail)
    except SMTPException as error:
        raise failure_of(error) from error


async def _keep_nothing(tx: Tx, calls: Sequence[EffectCall[Any]], results: Sequence[None]) -> None:
    """Keep nothing of letters that were sent."""
    del tx, calls, results
