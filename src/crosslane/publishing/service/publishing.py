"""Putting public events into the stream, each once, the events of a subject in their order."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from crosslane import orders, organization
from crosslane.organization import OrganizationBook
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged
from crosslane.publishing.domain.catalogue import BY_LOGGED
from crosslane.publishing.service.turns import advance
from crosslane.publishing.storage import stream, subscriptions
from crosslane.publishing.storage.stream import NewEvent

STREAM_DAYS = 90
"""How long events are kept in the stream."""

FORGOTTEN_AT_ONCE_MAX = 10_000


async def publish(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Put events at the end of the stream, and see to those who are told of them."""
    epoch = await log.epoch(tx)
    book = await organization.book(tx)
    channels = await _channels_of_orders(tx, logged)
    told = [_new(entry, epoch, book, channels) for entry in logged]
    await stream.append(tx, epoch, told)
    await advance(tx, await subscriptions.lock_active(tx))


async def _channels_of_orders(tx: Tx, logged: Sequence[Logged[Any]]) -> dict[UUID, UUID]:
    """Return the channels of the orders that events name beside no channel."""
    named = {
        entry.event.order_id
        for entry in logged
        if BY_LOGGED[entry.kind].channel_field == "order_id"
    } - {None}
    return await orders.list_channels(tx, list(named)) if named else {}


def _new(
    entry: Logged[Any], epoch: int, book: OrganizationBook, channels: Mapping[UUID, UUID]
) -> NewEvent:
    field = BY_LOGGED[entry.kind].channel_field
    value = getattr(entry.event, field) if field else None
    if field == "channel":
        known = book.channels.get(value)
        value = known.id if known else None
    elif field == "order_id":
        value = channels.get(value)
    return NewEvent(
        event_id=f"evt_{epoch}_{entry.id}",
        at=entry.at,
        kind=entry.kind,
        subject=entry.subject,
        subject_no=entry.subject_no,
        channel_id=value,
    )


async def forget(tx: Tx) -> bool:
    """Forget events that are older than the stream keeps them; tell whether some may be left."""
    return await stream.forget(tx, tx.now - timedelta(days=STREAM_DAYS), FORGOTTEN_AT_ONCE_MAX)
