"""Declining: what was quarantined stays undone for good, and its channel is told so."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.channels.domain.messages import Amendment, Cancellation, Message, Order
from crosslane.channels.domain.replies import OrderReply, ReplyLine
from crosslane.channels.domain.standing import names_of
from crosslane.channels.errors import NoSuchMessage, NotDeclinable
from crosslane.channels.service.saying import Saying, say, voices
from crosslane.channels.service.saying.replies import REPLY
from crosslane.channels.service.saying.words import spoken_of, subject_of_order
from crosslane.channels.storage import messages, orders
from crosslane.channels.storage.messages import Outcome, Pending
from crosslane.platform.audit import Change, record
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

DECLINED_AT_ONCE_MAX = 1_000
DECLINED = "declined"
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


class Decline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say that quarantined messages are not done, now or later.

    Args:
        message_ids: which.
        reason: why; their channel is told.
    """

    message_ids: Annotated[
        tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=DECLINED_AT_ONCE_MAX)
    ]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Declined(msgspec.Struct, frozen=True):
    """What was declined; likewise how many channels' orders are replied to."""

    messages: int
    replies: int


async def decline(tx: Tx, wish: Decline) -> Declined:
    """Set quarantined messages aside, and reply to the orders and changes among them.

    Raises:
        NoSuchMessage, NotDeclinable: one is not there, or not quarantined.
    """
    found = {one.id: one for one in await messages.lock_quarantined(tx, wish.message_ids)}
    for place, message_id in enumerate(wish.message_ids):
        if message_id not in found:
            pointer = f"/message_ids/{place}"
            if not await messages.exists(tx, message_id):
                raise NoSuchMessage(pointer=pointer, message=str(message_id))
            raise NotDeclinable(pointer=pointer)
    detail = wish.reason
    await messages.save_outcomes(
        tx, [Outcome(id=id, state="kept", code=DECLINED, detail=detail) for id in found]
    )
    sayings = await _replies(tx, list(found.values()), wish.reason)
    await say(tx, sayings)
    done = Declined(len(found), len(sayings))
    changes = [
        Change(action="channels.decline", subject=f"message:{id}", after=wish) for id in found
    ]
    await record(tx, changes)
    return done


async def _replies(tx: Tx, found: Sequence[Pending], reason: str) -> list[Saying]:
    """Return what channels are told: an order is not taken, or a change is not made."""
    known = {code: voice for code, voice in (await voices(tx)).items() if voice.tells(REPLY)}
    asked = [
        (one, message)
        for one in found
        if one.channel in known
        and isinstance(message := _decoder.decode(one.canonical), Order | Amendment | Cancellation)
    ]
    sources = {(one.channel, one.source_id) for one, _ in asked}
    placed = {
        source: order_id
        for source, (order_id, _) in (await orders.list_standings(tx, sorted(sources))).items()
    }
    spoken = await spoken_of(tx, list(placed.values()), known)
    sayings: list[Saying] = []
    for one, message in asked:
        key = f"{REPLY}:{one.id}"
        order_id = placed.get((one.channel, one.source_id))
        if order_id in spoken:
            it_is = spoken[order_id]
            reply = it_is.reply(key, tx.now, change=True)
            reply = msgspec.structs.replace(reply, outcome="rejected", reason=reason)
            sayings.append(it_is.saying(reply, key, one.trace))
        elif isinstance(message, Order):
            sayings.append(
                Saying(
                    channel=one.channel,
                    message=_not_taken(message, key, tx, reason),
                    key=key,
                    subject=subject_of_order(one.source_id),
                    trace=one.trace,
                )
            )
    return sayings


def _not_taken(message: Order, key: str, tx: Tx, reason: str) -> OrderReply:
    lines = tuple(
        ReplyLine(
            id=name,
            sku=line.sku,
            article=line.article,
            gtin=line.gtin,
            quantity=0,
            cancelled=line.quantity,
        )
        for name, line in zip(names_of(message), message.lines, strict=True)
    )
    return OrderReply(
        source_id=key,
        event_at=tx.now,
        order=message.source_id,
        outcome="rejected",
        lines=lines,
        currency=message.currency,
        reason=reason,
    )


DECLINE = one_by_one("channels.decline", Decline, Declined, decline)
