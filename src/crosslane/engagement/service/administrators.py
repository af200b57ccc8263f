"""Letters to those who administer the retailer's installation: something needs one of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from babel.dates import format_datetime

from crosslane.engagement.service.letters import Finished, Told, finish, letter_kind, voice
from crosslane.engagement.service.posting import post_office
from crosslane.engagement.service.writing import words_in
from crosslane.platform import auth, effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, EffectCall
from crosslane.platform.tenants import tenant_of

EFFECT_KIND = "engagement.tell_administrator"


class StaffLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Something administrators are told.

    Args:
        key: what it is due to; told once.
        topic: which words it is told in.
        path: page of this installation that shows it.
        told: what stands in the words.
        moments: likewise times, shown as the letter's language does.
        trace: of what it is due to.
    """

    key: str
    topic: str
    path: str
    told: Mapping[str, str]
    moments: Mapping[str, datetime] = {}
    trace: str = ""


class SendNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to one administrator; fields as of :class:`StaffLetter`."""

    account_id: UUID
    key: str
    topic: str
    path: str
    at: datetime
    told: dict[str, str]
    moments: dict[str, datetime]


async def tell_administrators(tx: Tx, letters: Sequence[StaffLetter]) -> None:
    """Have letters sent to every administrator who may sign in."""
    who = await auth.administrators(tx) if letters else []
    await effects.request(
        tx,
        [
            Effect(
                f"{letter.key}:{account.id}",
                EFFECT_KIND,
                SendNotice(
                    account_id=account.id,
                    key=letter.key,
                    topic=letter.topic,
                    path=letter.path,
                    at=tx.now,
                    told=dict(letter.told),
                    moments=dict(letter.moments),
                ),
                trace=letter.trace,
            )
            for letter in letters
            for account in who
        ],
    )


async def _prepare(tx: Tx, call: EffectCall[SendNotice]) -> Finished | None:
    """Write the letter; None when the account is closed, or there is no mail server."""
    office, notice = post_office(), call.body
    account = (await auth.accounts_by_id(tx, [notice.account_id])).get(notice.account_id)
    if account is None or not account.active or office.line is None:
        return None
    brand, locale = await voice(tx)
    values = notice.told | {
        name: format_datetime(moment, locale=locale) for name, moment in notice.moments.items()
    }
    words = words_in(locale.language)[notice.topic]
    told = Told(
        email=account.email,
        name="",
        at=notice.at,
        cause=call.key,
        link=f"{office.public_url}{notice.path}",
        words={part: text.format(brand=brand, **values) for part, text in words.items()},
    )
    return finish(told, brand, locale, (await tenant_of(tx)).name)


TELL_ADMINISTRATOR = letter_kind(EFFECT_KIND, SendNotice, _prepare)
