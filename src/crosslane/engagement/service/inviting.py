"""Sending invitations to people who are to work here: the link is made as the letter is written.

It is no message to a customer: nothing of it is kept beside the invitation itself.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from babel.dates import format_date

from crosslane.engagement.service.letters import Finished, Told, finish, letter_kind, voice
from crosslane.engagement.service.posting import post_office
from crosslane.engagement.service.writing import words_in
from crosslane.platform import auth, effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, EffectCall
from crosslane.platform.log import Logged
from crosslane.platform.tenants import tenant_of
from crosslane.platform.tokens import Link, sign_link

EFFECT_KIND = "engagement.invite"
PAGE = "/invitations/"


class SendInvitation(msgspec.Struct, frozen=True):
    """Which invitation is to be sent."""

    invitation_id: UUID


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


async def _prepare(tx: Tx, call: EffectCall[SendInvitation]) -> Finished | None:
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
    # What the person speaks is not known.
    brand, locale = await voice(tx)
    words = words_in(locale.language)["invitation"]
    told = Told(
        email=invitation.email,
        name=invitation.name,
        at=invitation.created_at,
        cause=f"invited:{invitation.id}",
        link=f"{office.public_url}{PAGE}{sign_link(office.secret_key, link)}",
        words={
            "subject": words["subject"].format(brand=brand),
            "greeting": words["greeting"].format(name=invitation.name),
            "lead": words["lead"].format(brand=brand),
            "join": words["join"],
            "footer": words["footer"].format(
                day=format_date(invitation.expires_at, "full", locale=locale)
            ),
        },
    )
    return finish(told, brand, locale, tenant.name)


INVITE = letter_kind(EFFECT_KIND, SendInvitation, _prepare)
