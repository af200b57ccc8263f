"""Telling again what was told: one delivery, or the events of a time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.kernel import encode_cursor
from crosslane.platform import audit
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.publishing import errors
from crosslane.publishing.domain import catalogue
from crosslane.publishing.service.reading import position_of
from crosslane.publishing.service.subscribing import lock, require_active
from crosslane.publishing.service.turns import advance, channel_ids
from crosslane.publishing.storage import deliveries, stream

REPLAYED_AT_ONCE_MAX = 5_000
BACKLOG_MAX = 10_000


class Resend(msgspec.Struct, frozen=True):
    """A delivery to be made once more.

    Args:
        new_id: what the new delivery is to be called.
    """

    subscription_id: UUID
    delivery_id: UUID
    new_id: UUID


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The events of a time, to be told to a subscription again.

    Args:
        since: recorded from this time on.
        until: recorded before this time.
        kinds: names or patterns, of those the subscription is told of; all of them without any.
        after: cursor of the piece before, "" for the first.
    """

    subscription_id: UUID
    since: datetime
    until: datetime
    kinds: Sequence[str] = ()
    after: str = ""


class Replayed(msgspec.Struct, frozen=True):
    """What is told again.

    Args:
        events: how many.
        next_after: there are more of this time: ask again after this cursor. None when it is all.
    """

    events: int
    next_after: str | None


async def _resend(tx: Tx, wish: Resend) -> None:
    one = await lock(tx, wish.subscription_id)
    require_active(one)
    delivery = await deliveries.find(tx, one.id, wish.delivery_id)
    if delivery is None:
        raise errors.NoSuchDelivery(id=wish.delivery_id)
    if delivery.state == "waiting":
        raise errors.StillWaiting
    await deliveries.insert_again(tx, wish.new_id, delivery.id)
    await advance(tx, [one])
    after = {"event": delivery.event_id}
    await audit.record(tx, [Change(action="publishing.resend", subject=one.subject, after=after)])


async def _replay(tx: Tx, wish: Replay) -> Replayed:
    one = await lock(tx, wish.subscription_id)
    require_active(one)
    if wish.until <= wish.since:
        raise errors.NotAPeriod(pointer="/until")
    if strange := catalogue.unknown(wish.kinds):
        raise errors.UnknownEventKind(pointer="/kinds", kind=strange)
    waiting = (await deliveries.count_waiting(tx, [one.id])).get(one.id, (0, None))[0]
    room = min(REPLAYED_AT_ONCE_MAX, BACKLOG_MAX - waiting)
    if room <= 0:
        raise errors.BacklogFull(waiting=waiting)
    ours = set(catalogue.logged_kinds(one.kinds))
    kinds = sorted(ours & set(catalogue.logged_kinds(wish.kinds)))
    ids = channel_ids(one, await organization.book(tx))
    after = await _place_after(tx, wish.after)
    wanted = deliveries.Wanted(one.id, after, wish.since, wish.until, kinds, ids)
    events, last = await deliveries.replay(tx, wanted, room)
    await advance(tx, [one])
    replayed = Replayed(events, await _cursor_of(tx, last) if events == room else None)
    change = Change(
        action="publishing.replay",
        subject=one.subject,
        after={"since": wish.since, "until": wish.until, "events": events},
    )
    await audit.record(tx, [change])
    return replayed


async def _place_after(tx: Tx, cursor: str) -> int:
    """Return the place a piece begins after."""
    return (await position_of(tx, cursor)).place if cursor else 0


async def _cursor_of(tx: Tx, place: int) -> str:
    heads = await stream.list_heads(tx)
    epoch = next(one.epoch for one in heads if one.first_place <= place <= one.last_place)
    return encode_cursor(epoch, place)


RESEND = one_by_one("publishing.resend", Resend, None, _resend)
REPLAY = one_by_one("publishing.replay", Replay, Replayed, _replay)
