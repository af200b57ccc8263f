"""Supply messages, their parts, and how far each source has told everything."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.inventory.domain.feeds import SupplyHeader, SupplyKind, SupplyPart
from crosslane.inventory.domain.position import Condition
from crosslane.platform.database import Record, Tx

PARTS = "inventory_feed_part"


class SupplyMessage(msgspec.Struct, frozen=True):
    """A message that was taken in, and how far it has been applied.

    Args:
        header: what it speaks of.
        digest: of its content.
        rows_in: rows it had.
        unknown_skus: SKUs of rows that could not be taken.
        parts: how many parts it was cut into.
        parts_applied: how many of them are applied.
        rows_drifted: rows of a snapshot that differed from the books.
        rows_stale: rows that a newer count or snapshot had overtaken.
        drift_units: units by which the books were corrected, without sign.
    """

    header: SupplyHeader
    digest: bytes
    rows_in: int
    unknown_skus: list[str]
    parts: int
    received_at: datetime
    parts_applied: int = 0
    rows_drifted: int = 0
    rows_stale: int = 0
    drift_units: int = 0


INSERT_MESSAGE = """
insert into inventory_feed_message
    (id, source, message, kind, complete, location_id, condition, owner_id, as_of, digest, rows_in,
     parts, unknown_skus, received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (source, message) do nothing
"""


async def insert_message(tx: Tx, message: SupplyMessage) -> bool:
    """Take a message in; False when one of this source and id is there already."""
    header = message.header
    return (
        await tx.execute(
            INSERT_MESSAGE,
            header.id,
            header.source,
            header.message,
            header.kind,
            header.complete,
            header.location_id,
            header.condition,
            header.owner_id,
            header.as_of,
            message.digest,
            message.rows_in,
            message.parts,
            message.unknown_skus,
            message.received_at,
        )
        == "INSERT 0 1"
    )


INSERT_PART = """
insert into inventory_feed_part
    (message_id, part_no, received_at, from_variant, to_variant, variant_ids, quantities)
values ($1, $2, $3, $4, $5, $6, $7)
"""


async def insert_parts(tx: Tx, message: SupplyMessage, parts: Sequence[SupplyPart]) -> None:
    """Keep the parts of a message; each row is an array of a thousand, so they go one by one."""
    for part in parts:
        await tx.execute(
            INSERT_PART,
            message.header.id,
            part.part_no,
            message.received_at,
            part.from_variant,
            part.to_variant,
            part.variant_ids,
            part.quantities,
        )


# Parts tell what they came to until they are forgotten; then their message does.
_CAME_TO = """
left join lateral (
    select case when m.kept_drifted is null then count(applied_at)::integer else m.parts end
               as parts_applied,
           coalesce(m.kept_drifted, sum(rows_drifted), 0)::integer as rows_drifted,
           coalesce(m.kept_stale, sum(rows_stale), 0)::integer as rows_stale,
           coalesce(m.kept_drift_units, sum(drift_units), 0)::bigint as drift_units
    from inventory_feed_part where message_id = m.id and received_at = m.received_at
) p on true
"""
LIST_MESSAGES = f"""
select m.*, p.*
from inventory_feed_message m
{_CAME_TO}where m.source = $1 and ($2::text is null or m.message = $2)
  and ($3::timestamptz is null or (m.received_at, m.id) < ($3, $4::uuid))
  and ($5::uuid is null or m.location_id = $5)
order by m.received_at desc, m.id desc limit $6
"""  # noqa: S608 - only constants of this file are put together


async def list_messages(
    tx: Tx,
    source: str,
    *,
    message: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    location_id: UUID | None = None,
    limit: int,
) -> list[SupplyMessage]:
    """Return messages of a source, the latest first, or the one with an id."""
    received_at, last_id = before or (None, None)
    rows = await tx.fetch(LIST_MESSAGES, source, message, received_at, last_id, location_id, limit)
    return [_message(row) for row in rows]


FIND_MESSAGE = f"""
select m.*, p.*
from inventory_feed_message m
{_CAME_TO}where m.id = $1
"""  # noqa: S608 - likewise


async def find_message(tx: Tx, message_id: UUID) -> SupplyMessage | None:
    """Return a message by what its movements name as their cause, or None."""
    row = await tx.fetchrow(FIND_MESSAGE, message_id)
    return None if row is None else _message(row)


# The row stays locked until commit: a position made at the same moment waits for it and then knows
# that this snapshot has spoken. Once that is committed, everybody knows: the other parts of the
# message raise nothing, and do not wait for each other.
RAISE_WATERMARK = """
insert into inventory_feed as f
    (source, location_id, condition, owner_id, complete_at, complete_message)
select $1, $2, $3, $4, $5, $6
where not exists (
    select from inventory_feed
    where (source, location_id, condition, owner_id) = ($1, $2, $3, $4)
      and (complete_at, complete_message collate "C") >= ($5, $6 collate "C")
)
on conflict (location_id, condition, owner_id, source) do update
set (complete_at, complete_message) = (
    select at, message
    from (values (f.complete_at, f.complete_message),
                 (excluded.complete_at, excluded.complete_message)) as said(at, message)
    order by at desc, message collate "C" desc limit 1
)
"""


async def raise_watermark(tx: Tx, header: SupplyHeader) -> None:
    """Note up to when a source has told everything of a location."""
    await tx.execute(
        RAISE_WATERMARK,
        header.source,
        header.location_id,
        header.condition,
        header.owner_id,
        header.as_of,
        header.order_key,
    )


LIST_STOCKED = """
select variant_id from inventory_position
where location_id = $1 and condition = $2 and owner_id = $3
  and ($4::uuid is null or variant_id >= $4) and ($5::uuid is null or variant_id < $5)
order by variant_id limit $6
"""


async def list_stocked(
    tx: Tx,
    header: SupplyHeader,
    *,
    from_variant: UUID | None = None,
    to_variant: UUID | None = None,
    limit: int,
) -> list[UUID]:
    """Return variants that have a position where a message speaks of, in order."""
    rows = await tx.fetch(
        LIST_STOCKED,
        header.location_id,
        header.condition,
        header.owner_id,
        from_variant,
        to_variant,
        limit,
    )
    return [row["variant_id"] for row in rows]


class Feed(msgspec.Struct, frozen=True):
    """How far one source has told of one location.

    Args:
        as_of: instant of its latest message.
        complete_at: instant of its latest complete snapshot, None before the first.
        messages: how many it has sent.
        parts_waiting: parts not applied yet.
        last_id: its latest message; of it the rows that differed from the books, those a newer
            count or snapshot had overtaken, and the units the books were corrected by.
    """

    source: str
    location_id: UUID
    condition: Condition
    owner_id: UUID
    as_of: datetime
    received_at: datetime
    complete_at: datetime | None
    messages: int
    parts_waiting: int
    last_id: UUID
    rows_drifted: int
    rows_stale: int
    drift_units: int


LIST_FEEDS = """
select f.*, d.*
from (
    select m.source, m.location_id, m.condition, m.owner_id, max(m.as_of) as as_of,
           max(m.received_at) as received_at, max(f.complete_at) as complete_at,
           count(distinct m.id)::integer as messages,
           count(*) filter (where p.message_id is not null and p.applied_at is null)::integer
               as parts_waiting,
           (array_agg(m.id order by m.as_of desc, m.received_at desc))[1] as last_id
    from inventory_feed_message m
    left join inventory_feed f using (source, location_id, condition, owner_id)
    left join inventory_feed_part p on p.message_id = m.id and p.received_at = m.received_at
        and p.applied_at is null
    where ($1::text is null
           or (m.source, m.location_id, m.condition, m.owner_id) > ($1, $2, $3, $4))
      and ($5::uuid is null or m.location_id = $5)
    group by m.source, m.location_id, m.condition, m.owner_id
    order by m.source, m.location_id, m.condition, m.owner_id limit $6
) f
cross join lateral (
    select coalesce(max(kept_drifted), sum(rows_drifted), 0)::integer as rows_drifted,
           coalesce(max(kept_stale), sum(rows_stale), 0)::integer as rows_stale,
           coalesce(max(kept_drift_units), sum(drift_units), 0)::bigint as drift_units
    from inventory_feed_message l
    left join inventory_feed_part p on p.message_id = l.id and p.received_at = l.received_at
    where l.id = f.last_id
) d
order by f.source, f.location_id, f.condition, f.owner_id
"""


async def list_feeds(
    tx: Tx,
    after: tuple[str, UUID, str, UUID] | None,
    limit: int,
    *,
    location_id: UUID | None = None,
) -> list[Feed]:
    """Return feeds by source and location; only those of one location when it is given."""
    seen = after or (None, None, None, None)
    rows = await tx.fetch(LIST_FEEDS, *seen, location_id, limit)
    return [Feed(**{**dict(row), "condition": Condition(row["condition"])}) for row in rows]


def header_of(row: Record) -> SupplyHeader:
    """Return what a message speaks of, from a row of messages."""
    kind: SupplyKind = row["kind"]
    return SupplyHeader(
        id=row["id"],
        source=row["source"],
        message=row["message"],
        kind=kind,
        complete=row["complete"],
        location_id=row["location_id"],
        condition=Condition(row["condition"]),
        owner_id=row["owner_id"],
        as_of=row["as_of"],
    )


def _message(row: Record) -> SupplyMessage:
    return SupplyMessage(
        header=header_of(row),
        **{name: row[name] for name in SupplyMessage.__struct_fields__ if name != "header"},
    )


KEEP_SUMS = """
with told as (
    select m.id, sum(p.rows_drifted) as drifted, sum(p.rows_stale) as stale,
           sum(p.drift_units) as units
    from inventory_feed_part p join inventory_feed_message m on m.id = p.message_id
    where p.received_at < $1 and m.kept_drifted is null
    group by m.id having bool_and(p.applied_at is not null) limit $2
)
update inventory_feed_message m
set kept_drifted = coalesce(t.drifted, 0), kept_stale = coalesce(t.stale, 0),
    kept_drift_units = coalesce(t.units, 0)
from told t where m.id = t.id
"""


async def keep_sums(tx: Tx, before: datetime, most: int) -> bool:
    """Keep what parts came to that came before an instant; whether there were any left to keep."""
    return await tx.execute(KEEP_SUMS, before, most) != "UPDATE 0"


WAIT_SINCE = """
select exists (select from inventory_feed_part where received_at < $1 and applied_at is null)
"""


async def wait_since(tx: Tx, before: datetime) -> bool:
    """Tell whether a part that came before an instant is not applied yet."""
    return await tx.fetchval(WAIT_SINCE, before)


COUNT_FEEDS_BEHIND = """
select count(*) from (select from inventory_feed where complete_at < $1 limit $2) behind
"""


async def count_feeds_behind(tx: Tx, before: datetime, most: int) -> int:
    """Return how many feeds have told all they have before an instant and not since."""
    return await tx.fetchval(COUNT_FEEDS_BEHIND, before, most)
