"""Reading the stream page by page, and the deliveries of a subscription."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.kernel import BadCursor, decode_cursor
from crosslane.platform.database import Tx
from crosslane.publishing import errors
from crosslane.publishing.domain import stream as positions
from crosslane.publishing.domain.catalogue import BY_LOGGED, logged_kinds, unknown
from crosslane.publishing.domain.envelope import PublicEvent
from crosslane.publishing.domain.stream import Head, Position
from crosslane.publishing.domain.trying import Attempt
from crosslane.publishing.service.telling import ping, written
from crosslane.publishing.storage import deliveries, stream, subscriptions
from crosslane.publishing.storage.deliveries import Cause, Delivery, DeliveryState

LOOKED_AT_MAX = 20_000
LATEST = "latest"
"""The cursor of whoever wants only what comes from now on."""


class EventPage(msgspec.Struct, frozen=True):
    """Some events of the stream, in its order.

    Args:
        items: the events; there may be none even if more are to come, when kinds are rare.
        next_cursor: stands behind all that was looked at; to be kept with what was read.
        more: there is more to be read at once.
    """

    items: list[PublicEvent]
    next_cursor: str
    more: bool


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery of an event to a subscription.

    Args:
        event_id: what the event is called; the same in every delivery of it.
        event: name of the event.
        cause: the event itself, resend, replay or ping.
        state: waiting, delivered, or failed: given up.
        status: HTTP status of the last try, None when there was none.
        reason: why the last try failed.
        took_ms: how long the last try took, None before the first.
        due_at: when it is tried next, None when it has ended.
    """

    id: UUID
    event_id: str
    event: str
    subject: str
    at: datetime
    cause: Cause
    state: DeliveryState
    tries: int
    status: int | None
    reason: str
    took_ms: int | None
    due_at: datetime | None
    requested_at: datetime
    ended_at: datetime | None
    place: int


class DeliveryShown(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with all its tries, and what it says.

    Args:
        attempts: the first first.
        payload: what is sent, None when the event is not kept any more.
    """

    delivery: DeliveryView
    attempts: list[Attempt]
    payload: PublicEvent | None


async def head(tx: Tx) -> tuple[int, int]:
    """Return epoch and place of the last event, to know whether there is news."""
    last = positions.end(await stream.list_heads(tx))
    return last.epoch, last.place


async def read(
    tx: Tx,
    *,
    after: str = "",
    kinds: Sequence[str] = (),
    channels: Sequence[str] = (),
    limit: int,
) -> EventPage:
    """Return the events after a cursor.

    Args:
        tx: open transaction.
        after: cursor of the page before; "" for the oldest event that is kept, LATEST for none of
            those that are there.
        kinds: names or patterns; all without any.
        channels: codes; only what concerns them.
        limit: most events.

    Raises:
        UnknownEventKind, UnknownChannel: there is no such thing.
        UnknownCursor: the cursor is not of this stream.
        EventsForgotten: what comes next is not kept any more.
        EventsUndone: what was read is not of this stream any more, since a backup was restored.
    """
    if strange := unknown(kinds):
        raise errors.UnknownEventKind(pointer="/kinds", kind=strange)
    book = await organization.book(tx)
    ids = [book.channel(code, pointer="/channels").id for code in channels] or None
    heads = await stream.list_heads(tx)
    seen = await _begin(tx, heads, after)
    last = {one.epoch: one.last_place for one in heads}.get(seen.epoch, 0)
    up_to = min(last, seen.place + LOOKED_AT_MAX)
    found = await stream.read(tx, seen.place, up_to, logged_kinds(kinds), ids, limit)
    place = found[-1].place if len(found) == limit else up_to
    reached = Position(seen.epoch, max(place, seen.place))
    events = await written(tx, found)
    return EventPage(
        [events[one.event_id] for one in found if one.event_id in events],
        reached.cursor,
        reached != positions.end(heads),
    )


async def _begin(tx: Tx, heads: Sequence[Head], after: str) -> Position:
    """Return where a reader goes on; what is lost to it is refused, not passed over."""
    if after == LATEST:
        return positions.end(heads)
    oldest = await stream.find_oldest(tx)
    first, since = oldest or (positions.end(heads).place + 1, tx.now)
    kept = (one for one in heads if one.first_place <= first <= one.last_place)
    head = next(kept, None)
    beginning = Position(head.epoch, first - 1) if head else positions.end(heads)
    if not after:
        return beginning
    seen = _position(heads, after)
    if seen.place + 1 < first:
        raise errors.EventsForgotten(
            pointer="/after", since=since.isoformat(), next_cursor=beginning.cursor
        )
    return seen


async def position_of(tx: Tx, cursor: str) -> Position:
    """Return where whoever has a cursor goes on.

    Raises:
        UnknownCursor, EventsUndone: as :func:`read`.
    """
    return _position(await stream.list_heads(tx), cursor)


def _position(heads: Sequence[Head], cursor: str) -> Position:
    try:
        return positions.go_on(heads, Position(*decode_cursor(cursor, int, int)))
    except BadCursor:
        raise errors.UnknownCursor(pointer="/after") from None


async def list_deliveries(
    tx: Tx,
    subscription_id: UUID,
    *,
    state: DeliveryState | None = None,
    kinds: Sequence[str] = (),
    before: int,
    limit: int,
) -> list[DeliveryView]:
    """Return deliveries of a subscription, the latest first.

    Raises:
        NoSuchSubscription: there is none with this identifier.
        UnknownEventKind: there is no such kind.
    """
    if strange := unknown(kinds):
        raise errors.UnknownEventKind(pointer="/kinds", kind=strange)
    if subscription_id not in await subscriptions.find_subscriptions(tx, [subscription_id]):
        raise errors.NoSuchSubscription(id=subscription_id)
    wanted = logged_kinds(kinds) if kinds else None
    found = await deliveries.list_of(tx, subscription_id, before, state, wanted, limit)
    attempts = await deliveries.list_attempts(tx, [one.id for one in found])
    return [_view(one, attempts[one.id]) for one in found]


async def show_delivery(tx: Tx, subscription_id: UUID, delivery_id: UUID) -> DeliveryShown:
    """Return a delivery with all its tries.

    Raises:
        NoSuchDelivery: the subscription has none with this identifier.
    """
    found = await deliveries.find(tx, subscription_id, delivery_id)
    if found is None:
        raise errors.NoSuchDelivery(id=delivery_id)
    attempts = (await deliveries.list_attempts(tx, [found.id]))[found.id]
    if found.cause == "ping":
        payload = ping(tx, found)
    else:
        payload = (await written(tx, [found])).get(found.event_id)
    return DeliveryShown(delivery=_view(found, attempts), attempts=attempts, payload=payload)


def _view(one: Delivery, attempts: Sequence[Attempt]) -> DeliveryView:
    last = attempts[-1] if attempts else None
    kind = BY_LOGGED.get(one.kind)
    return DeliveryView(
        id=one.id,
        event_id=one.event_id,
        event=kind.name if kind else one.kind,
        subject=one.subject,
        at=one.at,
        cause=one.cause,
        state=one.state,
        tries=one.tries,
        status=last.status if last else None,
        reason=last.reason if last else "",
        took_ms=last.took_ms if last else None,
        due_at=one.due_at if one.state == "waiting" else None,
        requested_at=one.requested_at,
        ended_at=one.ended_at,
        place=one.place,
    )
