"""Sending invitations to people who are to work here: the link is made as the letter is written.

It is no message to a customer: nothing of it is kept beside the invitation itself.
"""

from collections.abc import Sequence
from email.utils import format_datetime
from uuid import UUID

import msgspec
from aiosmtplib import SMTPException
from babel import Locale
from babel.dates import format_date
from jinja2 import Environment, StrictUndefined

from crosslane import organization
from crosslane.engagement.domain import message_id
from crosslane.engagement.service.mime import mailbox, unstructured, write_mime
from crosslane.engagement.service.posting import post_office
from crosslane.engagement.service.sending import CALL_SECONDS_MAX, failure_of
from crosslane.engagement.service.writing import TEMPLATES, locale_of, words_in
from crosslane.platform import auth, effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind, one_by_one
from crosslane.platform.log import Logged
from crosslane.platform.tenants import tenant_of
from crosslane.platform.tokens import Link, sign_link

EFFECT_KIND = "engagement.invite"
PAGE = "/invitations/"


class SendInvitation(msgspec.Struct, frozen=True):
    """Which invitation is to be sent."""

    invitation_id: UUID


class Invited(msgspec.Struct, frozen=True):
    """A letter to somebody who is invited.

    Args:
        sender: address it comes from.
        email: whom it goes to.
        mail: the finished e-mail.
    """

    sender: str
    email: str
    mail: bytes


async def invite_people(tx: Tx, logged: Sequence[Logged[auth.PersonInvited]]) -> None:
    """Have the links of new invitations sent."""
    await effects.request(
        tx,
        [
            Effect(
                f"invitation:{entry.event.invitation_id}",
                EFFECT_KIND,
                SendInvitation(entry.event.invitation_id),
                trace=entry.trace,
            )
            for entry in logged
        ],
    )


async def _prepare(tx: Tx, call: EffectCall[SendInvitation]) -> Invited | None:
    """Write the letter; None when the invitation is open no more, or there is no mail server."""
    office = post_office()
    try:
        invitation = await auth.invitation(tx, call.body.invitation_id)
    except auth.NoSuchInvitation:
        return None
    if office.line is None:
        return None
    tenant = await tenant_of(tx)
    link = Link(tenant.key_prefix, auth.LINK_PURPOSE, invitation.id, invitation.expires_at)
    address = f"{office.public_url}{PAGE}{sign_link(office.secret_key, link)}"
    book = await organization.book(tx)
    # What the person speaks is not known; who invites speaks what the first market does.
    spoken = book.markets[min(book.markets)].locales[0] if book.markets else "en"
    brand = book.brands[min(book.brands)].name if book.brands else "Crosslane"
    mail = _write(invitation, address, brand, locale_of(spoken), office.sender, tenant.name)
    return Invited(office.sender, invitation.email, mail)


def _write(
    invitation: auth.Invitation, link: str, brand: str, locale: Locale, sender: str, tenant: str
) -> bytes:
    words = words_in(locale.language)["invitation"]
    told = {
        "subject": words["subject"].format(brand=brand),
        "greeting": words["greeting"].format(name=invitation.name),
        "lead": words["lead"].format(brand=brand),
        "join": words["join"],
        "footer": words["footer"].format(
            day=format_date(invitation.expires_at, "full", locale=locale)
        ),
        "link": link,
        "language": locale.language,
    }
    headers = [
        ("Subject", unstructured(told["subject"])),
        ("From", mailbox(brand, sender)),
        ("To", mailbox(invitation.name, invitation.email)),
        ("Date", format_datetime(invitation.created_at)),
        ("Message-ID", message_id(tenant, f"invited:{invitation.id}", sender.rpartition("@")[2])),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", locale.language),
    ]
    html = (TEMPLATES / "invitation.html").read_text(encoding="utf-8")
    page = Environment(undefined=StrictUndefined, autoescape=True).from_string(html).render(told)
    text = "\n\n".join(told[part] for part in ("greeting", "lead", "link", "footer")) + "\n"
    return write_mime(headers, text, page)


async def _hand_over(call: EffectCall[SendInvitation], letter: Invited | None) -> None:
    """Give the letter to the mail server.

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


async def _record(
    tx: Tx, calls: Sequence[EffectCall[SendInvitation]], results: Sequence[None]
) -> None:
    """Nothing is kept of an invitation that was sent."""
    del tx, calls, results


INVITE = EffectKind(
    EFFECT_KIND,
    body=SendInvitation,
    call=_hand_over,
    prepare=one_by_one(_prepare),
    record=_record,
    timeout_seconds=CALL_SECONDS_MAX,
)
