"""What is read of returns: lists, what is spoken for, what is due."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane.platform.database import Tx
from crosslane.returns.domain import PENDING
from crosslane.returns.domain.deciding import Replaced

FIND_NUMBERS = "select number, id from returns_return where number = any($1::text[])"


async def find_by_number(tx: Tx, numbers: Sequence[str]) -> dict[str, UUID]:
    """Return the ids of returns with these numbers."""
    return {row["number"]: row["id"] for row in await tx.fetch(FIND_NUMBERS, list(numbers))}


FIND_SOURCES = """
select w.channel_id, r.source_id, r.id
from unnest($1::uuid[], $2::text[]) as w(channel_id, source_id)
join returns_return r
    on coalesce(r.source_channel_id, r.channel_id) = w.channel_id and r.source_id = w.source_id
where r.source_id <> ''
"""


async def find_by_source(tx: Tx, asked: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    """Return the ids of returns that channels have sent before, by channel and source id."""
    rows = await tx.fetch(FIND_SOURCES, [c for c, _ in asked], [s for _, s in asked])
    return {(row["channel_id"], row["source_id"]): row["id"] for row in rows}


# Units asked for and not credited yet, of returns that are not at their end.
LIST_PENDING = """
select l.order_line_id, min(r.number) as number,
       sum(greatest(l.requested, l.received) - l.credited)::int as units
from returns_line l join returns_return r on r.id = l.return_id
where l.order_line_id = any((select $1::uuid[])::uuid[]) and r.state = any($2::text[])
  and not l.wrong and not r.id = any((select $3::uuid[])::uuid[])
group by 1
having sum(greatest(l.requested, l.received) - l.credited) > 0
"""


async def list_pending(
    tx: Tx, order_line_ids: Sequence[UUID], but_for: Sequence[UUID] = ()
) -> dict[UUID, tuple[int, str]]:
    """Return how many units of order lines are spoken for, and by which return, the first of them.

    Args:
        tx: open transaction.
        order_line_ids: which lines.
        but_for: returns that do not count.
    """
    rows = await tx.fetch(LIST_PENDING, list(order_line_ids), list(PENDING), list(but_for))
    return {row["order_line_id"]: (row["units"], row["number"]) for row in rows}


# What claims have had replaced, with the lines that were sent instead.
LIST_REPLACED = """
select l.order_line_id as line_id, l.variant_id, l.requested as units, r.number,
       r.exchange as sent
from returns_line l join returns_return r on r.id = l.return_id
where l.order_line_id = any((select $1::uuid[])::uuid[]) and l.wanted = 'replacement'
  and r.state in ('settled', 'closed')
order by r.id, l.position
"""


async def list_replaced(tx: Tx, order_line_ids: Sequence[UUID]) -> list[Replaced]:
    """Return what was sent once more for units of order lines, in the order of its claims."""
    rows = await tx.fetch(LIST_REPLACED, list(order_line_ids))
    return [Replaced(**dict(row)) for row in rows]


LIST_IDS = """
select id from returns_return
where ($1::uuid is null or order_id = $1) and ($2::uuid is null or customer_id = $2)
  and ($3::uuid is null or location_id = $3 or location_id is null)
  and ($4::text is null or state = $4)
  and ($5::boolean is null or held = $5)
  and ($6::timestamptz is null or (requested_at, id) < ($6, $7))
order by requested_at desc, id desc limit $8
"""
LIST_OF_ORDER = "select id from returns_return where order_id = any($1::uuid[]) order by id"
LIST_DUE = """
select id from returns_return
where state in ('authorized', 'in_transit', 'received') and expires_at <= $1
order by expires_at limit $2
"""


async def list_ids(
    tx: Tx,
    *,
    order_id: UUID | None,
    customer_id: UUID | None,
    location_id: UUID | None,
    state: str | None,
    held: bool | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[UUID]:
    """Return returns that fit every filter given, the newest first."""
    seen_at, seen_id = after or (None, None)
    rows = await tx.fetch(
        LIST_IDS, order_id, customer_id, location_id, state, held, seen_at, seen_id, limit
    )
    return [row["id"] for row in rows]


async def list_of_orders(tx: Tx, order_ids: Sequence[UUID]) -> list[UUID]:
    """Return all returns of some orders."""
    return [row["id"] for row in await tx.fetch(LIST_OF_ORDER, list(order_ids))]


LIST_LATEST_OF_CUSTOMERS = """
select id from returns_return where customer_id = any((select $1::uuid[])::uuid[])
order by requested_at desc, id desc limit $2
"""


async def list_latest_of_customers(tx: Tx, customer_ids: Sequence[UUID], limit: int) -> list[UUID]:
    """Return the latest returns of some customers."""
    rows = await tx.fetch(LIST_LATEST_OF_CUSTOMERS, list(customer_ids), limit)
    return [row["id"] for row in rows]


async def list_due(tx: Tx, limit: int) -> list[UUID]:
    """Return returns whose goods have not come in time."""
    return [row["id"] for row in await tx.fetch(LIST_DUE, tx.now, limit)]


LIST_RECEIVED = """
select order_line_id, sum(received)::int as units from returns_line
where order_line_id = any((select $1::uuid[])::uuid[]) and received > 0 group by 1
"""


async def list_received(tx: Tx, order_line_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many units of order lines have come back to us so far."""
    rows = await tx.fetch(LIST_RECEIVED, list(set(order_line_ids)))
    return {row["order_line_id"]: row["units"] for row in rows}


LIST_SETTLED = """
select id from returns_return
where order_id = any((select $1::uuid[])::uuid[]) and state = 'settled'
"""


async def list_settled(tx: Tx, order_ids: Sequence[UUID]) -> list[UUID]:
    """Return the settled returns of some orders, which are not closed yet."""
    return [row["id"] for row in await tx.fetch(LIST_SETTLED, list(order_ids))]


COUNT_HELD = "select count(*) from (select from returns_return where held limit $1) held"


async def count_held(tx: Tx, most: int) -> int:
    """Return how many returns wait for a person because something is suspicious, up to ``most``."""
    return await tx.fetchval(COUNT_HELD, most)
