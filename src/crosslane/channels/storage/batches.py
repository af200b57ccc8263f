"""Batches: what was sent at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns


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


# Sorted, so that two that name the same deliveries wait for each other in one direction only.
INSERT_BATCHES = """
insert into channels_batch (
    id, channel, format, file_name, encoding, delimiter, mapping, headers, delivery, digest, bytes,
    records, received_at, received_by, trace
)
select id, channel, format, file_name, encoding, delimiter, mapping, headers, delivery, digest,
       bytes, records, received_at, received_by, trace
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::jsonb[], $9::text[], $10::bytea[], $11::integer[], $12::integer[],
            $13::timestamptz[], $14::text[], $15::text[])
     with ordinality
     as w(id, channel, format, file_name, encoding, delimiter, mapping, headers, delivery, digest,
          bytes, records, received_at, received_by, trace, place)
order by channel, delivery, place
on conflict (channel, delivery) where delivery <> '' do nothing
returning id
"""


async def insert_batches(tx: Tx, fresh: Sequence[Batch]) -> set[UUID]:
    """Store batches, of one delivery the first; return the ids of those that were not known."""
    rows = await tx.fetch(
        INSERT_BATCHES,
        *columns(fresh, *("id", "channel", "format", "file_name", "encoding", "delimiter")),
        [batch.mapping for batch in fresh],
        [msgspec.json.encode(batch.headers) for batch in fresh],
        *columns(fresh, *("delivery", "digest", "bytes", "records", "received_at")),
        *columns(fresh, *("received_by", "trace")),
    )
    return {row["id"] for row in rows}


LIST_DELIVERIES = """
select b.channel, b.delivery, b.id from unnest($1::text[], $2::text[]) as w(channel, delivery)
join channels_batch b using (channel, delivery) where b.delivery <> ''
"""


async def list_deliveries(
    tx: Tx, deliveries: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Return the batches of deliveries, each named by its channel and its sender's name of it."""
    if not deliveries:
        return {}
    rows = await tx.fetch(LIST_DELIVERIES, *(list(part) for part in zip(*deliveries, strict=True)))
    return {(row["channel"], row["delivery"]): row["id"] for row in rows}


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
