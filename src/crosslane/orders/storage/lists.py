"""Lists and searches of orders that cost the same however many orders there are."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane.platform.database import Tx

# A word that more orders have is looked for among so many orders a page, the newest first.
MATCHES_MAX = 2_000
NEWEST_LOOKED_AT_MAX = 10_000

LIST_NEWEST = """
select placed_at, id from orders_order
where (placed_at, id) < (coalesce($1, 'infinity'::timestamptz),
                         coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
  and placed_at >= coalesce($3, '-infinity'::timestamptz)
  and placed_at < coalesce($4, 'infinity'::timestamptz)
order by placed_at desc, id desc limit $5
"""


async def list_newest(
    tx: Tx,
    after: tuple[datetime, UUID] | None,
    since: datetime | None,
    before: datetime | None,
    limit: int,
) -> list[tuple[datetime, UUID]]:
    """Return business time and id of orders, newest first.

    Args:
        tx: open transaction.
        after: the last one seen.
        since: placed then or later.
        before: placed before then.
        limit: most to return.
    """
    after_at, after_id = after or (None, None)
    rows = await tx.fetch(LIST_NEWEST, after_at, after_id, since, before, limit)
    return [(row["placed_at"], row["id"]) for row in rows]


# Branches that cannot be true cost nothing; each of the others is an index and a limit. Of a page
# that has looked through as many orders as it may, nothing older is told: the next begins there.
SEARCH = f"""
with asked as (
    select websearch_to_tsquery('simple', $1) as query
), before as (
    select coalesce($8, 'infinity'::timestamptz) as at,
           coalesce($9, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) as id
), matched as materialized (
    select order_id from orders_search, asked where words @@ query limit {MATCHES_MAX + 1}
), looked as materialized (
    select placed_at, id from orders_order
    where (select count(*) from matched) > {MATCHES_MAX}
      and (placed_at, id) < (select at, id from before)
    order by placed_at desc, id desc limit {NEWEST_LOOKED_AT_MAX}
), looked_to as (
    select placed_at, id from looked
    where (select count(*) from looked) = {NEWEST_LOOKED_AT_MAX} order by placed_at, id limit 1
), found as (
    select id from orders_order where number = $2
    union
    select id from orders_order where channel_id = any($3::uuid[]) and source_id = $1
    union
    select o.id from unnest($4::uuid[]) who(id) cross join lateral (
        select id from orders_order
        where customer_id = who.id and (placed_at, id) < (select at, id from before)
        order by placed_at desc, id desc limit $7
    ) o
    union
    select order_id from matched where (select count(*) from matched) <= {MATCHES_MAX}
    union
    select r.id from looked r cross join lateral (
        select from orders_search, asked where order_id = r.id and words @@ query offset 0
    ) s
), page as (
    select o.placed_at, o.id from found join orders_order o using (id)
    where (o.placed_at, o.id) < (select at, id from before)
      and ($5::uuid is null or o.customer_id = $5)
      and ($6::uuid is null or exists (
            select from orders_line l left join orders_bucket b on b.line_id = l.id
            where l.order_id = o.id and $6 in (l.store_id, b.location_id)))
      and (not exists (select from looked_to)
           or (o.placed_at, o.id) >= (select placed_at, id from looked_to))
    order by o.placed_at desc, o.id desc limit $7
)
select p.placed_at, p.id, l.placed_at as looked_to_at, l.id as looked_to_id
from (values (1)) as always (one) left join page p on true left join looked_to l on true
order by p.placed_at desc, p.id desc
"""  # noqa: S608

Place = tuple[datetime, UUID]


async def search(
    tx: Tx,
    words: str,
    number: str,
    channel_ids: Sequence[UUID],
    customer_ids: Sequence[UUID],
    after: Place | None,
    limit: int,
) -> tuple[list[Place], Place | None]:
    """Return orders that match words, a number, or one of some customers, newest first.

    Args:
        tx: open transaction; its actor sees what concerns the own location or the customer itself.
        words: of source id and SKUs, or a whole source id.
        number: an order number.
        channel_ids: channels whose source ids are meant.
        customer_ids: whose orders are meant.
        after: business time and id of the last one seen.
        limit: most to return.

    Returns:
        Business time and id of each, and of the oldest one that was looked at when older ones were
        not; None when all were.
    """
    only = tx.actor.customer_id, tx.actor.location_id
    rows = await tx.fetch(
        SEARCH,
        words,
        number,
        list(channel_ids),
        list(customer_ids),
        *only,
        limit,
        *(after or (None, None)),
    )
    looked_to = (rows[0]["looked_to_at"], rows[0]["looked_to_id"])
    found = [(row["placed_at"], row["id"]) for row in rows if row["id"]]
    return found, looked_to if looked_to[1] else None


LIST_DELIVERIES = """
select order_id, line_id, max(occurred_at) as at from orders_movement
where order_id = any($1::uuid[]) and to_stage = 'delivered' group by order_id, line_id
"""


async def list_deliveries(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, datetime]]:
    """Return by order and line when the last units reached the customer."""
    found: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for row in await tx.fetch(LIST_DELIVERIES, list(order_ids)):
        found[row["order_id"]][row["line_id"]] = row["at"]
    return dict(found)


LIST_WITH_MONEY_PROBLEM = """
select distinct order_id from orders_money_problem
where order_id = any($1::uuid[]) and resolved_at is null
"""


async def list_with_money_problem(tx: Tx, order_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some orders whose money was refused, or of which nobody knows."""
    rows = await tx.fetch(LIST_WITH_MONEY_PROBLEM, list(order_ids))
    return {row["order_id"] for row in rows}
