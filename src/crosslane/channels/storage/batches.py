"""Batches: what was sent at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A body that was sent.

    Args:
        channel: code of the channel.
        format: name of its format.
        file_name: as the sender calls it, empty for none.
        encoding, delimiter: how it was read.
        mapping: name of what its columns mean, "" where the format says it.
        headers: those kept of what it came with, by name in lower case.
        delivery: the sender's own name of it, "" for none.
        digest: of the bytes as received.
        bytes: how many they were.
        records: how many it has.
        received_by: who sent it, as ``kind:id``.
        trace: trace id of the request.
        counts: messages by state, read only.
    """

    id: UUID
    channel: str
    format: str
    file_name: str
    encoding: str
    delimiter: str
    mapping: str
    headers: dict[str, str]
    delivery: str
    digest: bytes
    bytes: int
    records: int
    received_at: datetime
    received_by: str
    trace: str
    counts: dict[str, int] = {}


INSERT_BATCH = """
insert into channels_batch (
    id, channel, format, file_name, encoding, delimiter, mapping, headers, delivery, digest, bytes,
    records, received_at, received_by, trace
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
on conflict (channel, delivery) where delivery <> '' do nothing
returning id
"""


async def insert_batch(tx: Tx, batch: Batch) -> bool:
    """Store a batch; return whether its delivery was not known yet."""
    values = list(msgspec.structs.astuple(batch)[:-1])
    values[Batch.__struct_fields__.index("headers")] = msgspec.json.encode(batch.headers)
    return await tx.fetchval(INSERT_BATCH, *values) is not None


FIND_DELIVERY = (
    "select id from channels_batch where channel = $1 and delivery = $2 and delivery <> ''"
)


async def find_delivery(tx: Tx, channel: str, delivery: str) -> UUID | None:
    """Return the batch of a delivery, or None."""
    return await tx.fetchval(FIND_DELIVERY, channel, delivery)


LIST_BATCHES = """
select b.id, b.channel, b.format, b.file_name, b.encoding, b.delimiter, b.mapping, b.headers,
       b.delivery, b.digest, b.bytes, b.records, b.received_at, b.received_by, b.trace,
       (select jsonb_object_agg(c.state, c.messages) from (
           select m.state, count(*) as messages from channels_message m
           where m.batch_id = b.id group by m.state
       ) c) as counts
from channels_batch b
where ($1::uuid[] is null or b.id = any($1)) and ($2::text is null or b.channel = $2)
  and ($3::timestamptz is null or (b.received_at, b.id) < ($3, $4::uuid))
order by b.received_at desc, b.id desc limit $5
"""


async def list_batches(
    tx: Tx,
    *,
    ids: Sequence[UUID] | None = None,
    channel: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Batch]:
    """Return batches with their messages by state, the latest first.

    Args:
        tx: open transaction.
        ids: only these.
        channel: only of this channel.
        before: time and id of the last one seen.
        limit: most to return.
    """
    seen_at, seen_id = before or (None, None)
    rows = await tx.fetch(
        LIST_BATCHES, None if ids is None else list(ids), channel, seen_at, seen_id, limit
    )
    return [
        Batch(
            **{
                **dict(row),
                "headers": msgspec.json.decode(row["headers"]),
                "counts": msgspec.json.decode(row["counts"] or b"{}"),
            }
        )
        for row in rows
    ]
