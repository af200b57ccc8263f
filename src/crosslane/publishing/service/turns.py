"""Turns: when the deliveries of a subscription are sent next, one call at a time for each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.organization import OrganizationBook
from crosslane.platform import effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect
from crosslane.publishing.domain import stream as positions
from crosslane.publishing.domain.catalogue import logged_kinds
from crosslane.publishing.storage import deliveries, stream, subscriptions
from crosslane.publishing.storage.deliveries import Reader
from crosslane.publishing.storage.subscriptions import Subscription

WINDOW_MAX = 1_000
"""So many deliveries of a subscription wait at most; the rest stays in the stream meanwhile."""

LOOKED_AT_MAX = 20_000
# Below a second a busy receiver would cost a row for every few events.
PAUSE_SECONDS = 1.0
# A call that is due sooner may have begun already, and is not replaced by an earlier one.
BEGUN_SECONDS = 5.0
EFFECT_KIND = "publishing.deliver"


class SendTurn(msgspec.Struct, frozen=True):
    """Which turn of which subscription it is; any but the present one does nothing."""

    subscription_id: UUID
    turn_no: int


async def advance(
    tx: Tx, locked: Sequence[Subscription], *, pausing: bool = False
) -> list[Subscription]:
    """Make deliveries of what subscriptions have not seen yet, and ask for their next turns.

    Args:
        tx: open transaction.
        locked: subscriptions as they are to be; only active ones are looked at.
        pausing: their last turn has just ended.

    Returns:
        The active ones as they were saved.
    """
    active = [one for one in locked if one.state == "active"]
    if not active:
        return []
    last = positions.end(await stream.list_heads(tx)).place
    waiting = await deliveries.count_waiting(tx, [one.id for one in active])
    book = await organization.book(tx)
    readers = {
        one.id: reader
        for one in active
        if (reader := _reader(one, last, WINDOW_MAX - waiting.get(one.id, (0,))[0], book))
    }
    if readers:
        places = await deliveries.read_on(tx, list(readers.values()))
        active = [_read(one, readers.get(one.id), places.get(one.id, [])) for one in active]
        waiting = await deliveries.count_waiting(tx, [one.id for one in active])
    earliest = tx.now + timedelta(seconds=PAUSE_SECONDS if pausing else 0)
    planned = []
    for one in active:
        due_at = waiting[one.id][1] if one.id in waiting else None
        if due_at is None and one.place < last:
            due_at = tx.now
        planned.append(_planned(one, due_at, earliest, tx.now))
    await subscriptions.save_turns(tx, planned)
    await effects.request(
        tx,
        [
            Effect(
                f"webhook:{one.id}:{one.turn_no}",
                EFFECT_KIND,
                SendTurn(one.id, one.turn_no),
                due_at=one.turn_at,
            )
            for one, before in zip(planned, active, strict=True)
            if one.turn_no != before.turn_no
        ],
    )
    return planned


def channel_ids(subscription: Subscription, book: OrganizationBook) -> list[UUID] | None:
    """Return the channels a subscription is about, None for all and for what concerns none."""
    if not subscription.channels and not subscription.brands:
        return None
    return [
        channel.id
        for channel in book.channels.values()
        if channel.code in subscription.channels or channel.brand in subscription.brands
    ]


def _reader(one: Subscription, last: int, room: int, book: OrganizationBook) -> Reader | None:
    """Return how a subscription reads on, None when it cannot or has nothing to read."""
    if room <= 0 or one.place >= last:
        return None
    ids = channel_ids(one, book)
    return Reader(
        one.id,
        one.place,
        min(last, one.place + LOOKED_AT_MAX),
        ",".join(logged_kinds(one.kinds)),
        None if ids is None else ",".join(map(str, ids)),
        room,
    )


def _read(one: Subscription, reader: Reader | None, places: Sequence[int]) -> Subscription:
    """Return a subscription as it is after reading on."""
    if reader is None:
        return one
    full = len(places) == reader.room
    return msgspec.structs.replace(one, place=max(places) if full else reader.up_to)


def _planned(
    one: Subscription, due_at: datetime | None, earliest: datetime, now: datetime
) -> Subscription:
    """Return a subscription with its next turn, which replaces one that is due later."""
    if due_at is None:
        return one
    begins = max(due_at, earliest, one.rest_until or earliest)
    if one.turn_at is not None:
        has_begun = one.turn_at <= now + timedelta(seconds=BEGUN_SECONDS)
        if has_begun or one.turn_at <= begins:
            return one
    return msgspec.structs.replace(one, turn_no=one.turn_no + 1, turn_at=begins)
