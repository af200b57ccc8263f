"""What was received, what it says, and what it has made."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.channels.adapters import RECORDS_MAX
from crosslane.channels.errors import NoSuchBatch, NoSuchMessage, RawGone
from crosslane.channels.storage import batches, records, views
from crosslane.channels.storage.batches import Batch
from crosslane.channels.storage.messages import State
from crosslane.channels.storage.records import Raw
from crosslane.channels.storage.views import Reason, Row
from crosslane.platform.database import Tx

REASONS_MAX = 500


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent at once.

    Args:
        bytes: how large it was.
        records: how many it has.
        counts: messages by state, of which a record says some; only the states that occur.
        received_by: who sent it.
    """

    id: UUID
    channel: str
    format: str
    file_name: str
    bytes: int
    records: int
    counts: dict[str, int]
    received_at: datetime
    received_by: str


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message and what became of it.

    Args:
        place: number of its record in the batch, such as of the first line.
        part: number of what is said among what its record says, from 0.
        kind: what it is, ``unreadable`` when it cannot be read.
        source_id: what it speaks of, by the channel's own number; likewise the version.
        code, detail, pointer: why it is not applied, and where in the record that is.
        order_number: the order it has made or changed; likewise the return.
        tries: how often it was tried.
    """

    id: UUID
    batch_id: UUID
    place: int
    part: int
    channel: str
    kind: str
    source_id: str
    source_version: int
    event_at: datetime | None
    state: State
    code: str
    detail: str
    pointer: str
    order_id: UUID | None
    order_number: str | None
    return_id: UUID | None
    supply_message_id: UUID | None
    tries: int
    received_at: datetime
    changed_at: datetime


class MessageTrace(msgspec.Struct, frozen=True, kw_only=True):
    """A message whole.

    Args:
        message: what became of it.
        raw: the record as received, None once it is gone; likewise what stood around it.
        canonical: what it says, None when it cannot be read or is gone.
        waits_for: what a parked one waits for besides messages of its own source, "" for nothing.
        format: in which it was sent; likewise what parts columns, and the headers that are kept.
    """

    message: MessageView
    raw: str | None
    head: str
    tail: str
    canonical: msgspec.Raw | None
    waits_for: str
    format: str
    delimiter: str
    headers: dict[str, str]


async def list_batches(
    tx: Tx, *, channel: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[BatchView]:
    """Return batches, the latest first."""
    found = await batches.list_batches(tx, channel=channel, before=before, limit=limit)
    return [_batch_view(batch) for batch in found]


async def batch(tx: Tx, batch_id: UUID) -> BatchView:
    """Return a batch.

    Raises:
        NoSuchBatch: there is none.
    """
    return _batch_view(await _batch(tx, batch_id))


async def raw_batch(tx: Tx, batch_id: UUID) -> str:
    """Return what was received.

    Raises:
        NoSuchBatch: there is none.
        RawGone: some of it is not kept any more.
    """
    await _batch(tx, batch_id)
    kept = await records.list_raw(tx, batch_id, RECORDS_MAX)
    if not kept or not all(one.body for one in kept):
        raise RawGone
    return together(kept)


def together(kept: Sequence[Raw]) -> str:
    """Return records as they stood; what stood around several of them is told once."""
    before = [None, *kept[:-1]]
    after = [*kept[1:], None]
    pieces: list[str] = []
    for previous, one, following in zip(before, kept, after, strict=True):
        if previous is None or previous.head != one.head:
            pieces.append(one.head)
        pieces.append(one.body)
        if following is None or following.head != one.head or following.tail != one.tail:
            pieces.append(one.tail)
    text = ""
    for piece in filter(None, pieces):
        apart = not text or text.endswith("\n") or piece.startswith("\n")
        text += piece if apart else "\n" + piece
    return text


async def list_messages(
    tx: Tx,
    *,
    channel: str | None = None,
    state: str | None = None,
    code: str | None = None,
    batch_id: UUID | None = None,
    source_id: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[MessageView]:
    """Return messages, the latest first; absent filters let everything through."""
    chosen = views.Filter(
        channel=channel, state=state, code=code, batch_id=batch_id, source_id=source_id
    )
    return await _views(tx, await views.list_messages(tx, chosen, before=before, limit=limit))


async def message(tx: Tx, message_id: UUID) -> MessageTrace:
    """Return a message whole.

    Raises:
        NoSuchMessage: there is none.
    """
    found = await views.find_message(tx, message_id)
    if found is None:
        raise NoSuchMessage(message=str(message_id))
    (view,) = await _views(tx, [found.row])
    return MessageTrace(
        message=view,
        raw=found.body or None,
        head=found.head or "",
        tail=found.tail or "",
        canonical=None if found.canonical is None else msgspec.Raw(found.canonical),
        waits_for=found.waits_for,
        format=found.format,
        delimiter=found.delimiter,
        headers=found.headers,
    )


async def list_reasons(tx: Tx) -> list[Reason]:
    """Return why messages are kept back, with how many; quarantined ones first."""
    return await views.list_reasons(tx, REASONS_MAX)


async def _batch(tx: Tx, batch_id: UUID) -> Batch:
    found = await batches.list_batches(tx, ids=[batch_id], limit=1)
    if not found:
        raise NoSuchBatch(batch=str(batch_id))
    return found[0]


def _batch_view(known: Batch) -> BatchView:
    return BatchView(
        id=known.id,
        channel=known.channel,
        format=known.format,
        file_name=known.file_name,
        bytes=known.bytes,
        records=known.records,
        counts=known.counts,
        received_at=known.received_at,
        received_by=known.received_by,
    )


async def _views(tx: Tx, rows: Sequence[Row]) -> list[MessageView]:
    ids = {row.order_id for row in rows if row.order_id}
    heads = await orders.list_heads(tx, list(ids)) if ids else {}
    return [
        MessageView(
            id=row.id,
            batch_id=row.batch_id,
            place=row.place,
            part=row.part,
            channel=row.channel,
            kind=row.kind,
            source_id=row.source_id,
            source_version=row.source_version,
            event_at=row.event_at,
            state=row.state,
            code=row.code,
            detail=row.detail,
            pointer=row.pointer,
            order_id=row.order_id,
            order_number=heads[row.order_id].number if row.order_id in heads else None,
            return_id=row.return_id,
            supply_message_id=row.supply_id,
            tries=row.tries,
            received_at=row.received_at,
            changed_at=row.changed_at,
        )
        for row in rows
    ]
