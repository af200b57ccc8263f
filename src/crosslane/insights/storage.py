"""All SQL of insights."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.insights.domain import Listed
from crosslane.platform.database import Record, Tx

BLANK = " "
"""Between facets on their way to the server; none has one."""

# One reaction alone writes here, in the order of the log: what is read before is what is changed.
SAVE = """
with told as materialized (
    select order_id, placed_at, string_to_array(facets, ' ') as facets, due_at, planned_milli,
           touched
    from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::timestamptz[], $5::bigint[],
                $6::boolean[])
         as t(order_id, placed_at, facets, due_at, planned_milli, touched)
), before as materialized (
    select o.order_id, o.facets from insights_order o join told using (order_id)
), changes as materialized (
    select t.order_id, t.placed_at, t.planned_milli, new.facet, 1 as sign
    from told t cross join unnest(t.facets) new(facet) left join before b using (order_id)
    where b.order_id is null or new.facet <> all (b.facets)
    union all
    select t.order_id, t.placed_at, t.planned_milli, old.facet, -1
    from told t join before b using (order_id) cross join unnest(b.facets) old(facet)
    where old.facet <> all (t.facets)
), gone as (
    delete from insights_facet x using changes c
    where c.sign < 0 and (x.facet, x.placed_at, x.order_id) = (c.facet, c.placed_at, c.order_id)
), added as (
    insert into insights_facet (facet, placed_at, order_id)
    select facet, placed_at, order_id from changes where sign > 0 and facet not like 'cost:%'
), counted as (
    insert into insights_hour as h (facet, hour, orders, planned_milli)
    select facet, date_trunc('hour', placed_at, 'UTC'), sum(sign),
           sum(case when facet like 'cost:%' then sign * planned_milli else 0 end)
    from changes where facet not like 'location:%' group by 1, 2 having sum(sign) <> 0
    order by 1, 2
    on conflict (facet, hour) do update
    set orders = h.orders + excluded.orders,
        planned_milli = h.planned_milli + excluded.planned_milli
)
insert into insights_order as o (
    order_id, placed_at, facets, due_at, planned_milli, touched, seen_epoch, seen_txid
)
select order_id, placed_at, facets, due_at, planned_milli, touched, $7, $8 from told
on conflict (order_id) do update
set facets = excluded.facets, due_at = excluded.due_at, touched = excluded.touched,
    seen_epoch = excluded.seen_epoch, seen_txid = excluded.seen_txid
where (o.facets, o.due_at, o.touched)
      is distinct from (excluded.facets, excluded.due_at, excluded.touched)
"""
DELETE_EMPTY = "delete from insights_hour where orders = 0"


async def save(tx: Tx, orders: Sequence[Listed], seen: tuple[int, int]) -> None:
    """Keep what lists look for in some orders, each named once, and when they were read."""
    await tx.execute(
        SAVE,
        [one.order_id for one in orders],
        [one.placed_at for one in orders],
        [BLANK.join(one.facets) for one in orders],
        [one.due_at for one in orders],
        [one.planned_milli for one in orders],
        [one.touched for one in orders],
        *seen,
    )
    await tx.execute(DELETE_EMPTY)


LIST_KNOWN = """
select order_id, planned_milli, touched, seen_epoch, seen_txid
from insights_order where order_id = any($1::uuid[])
"""


async def list_known(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """Return of some orders what stays as it was, and the position at which they were read."""
    return {row["order_id"]: row for row in await tx.fetch(LIST_KNOWN, list(order_ids))}


class Stretch(msgspec.Struct, frozen=True):
    """Which orders a list looks through, newest first.

    Args:
        after: where the page before ended: business time and id.
        since: placed then or later.
        before: placed before then.
        looked_at_most: orders looked through for a page.
    """

    after: tuple[datetime, UUID] | None
    since: datetime | None
    before: datetime | None
    looked_at_most: int


# A walk along one facet, so many steps at most; each order it meets is asked for the other facets.
# The last step is told even if it does not fit: the next page begins there.
_WALKED = """
walked as materialized (
    select placed_at, order_id, row_number() over (order by placed_at desc, order_id desc) as step
    from stretch
)
select w.order_id, w.placed_at, w.step, o.order_id is not null as fits
from walked w left join insights_order o
    on o.order_id = w.order_id and o.facets @> $5::text[]
    and ($7::timestamptz is null or o.due_at < $7)
    and ($8::timestamptz is null or o.due_at >= $8)
where o.order_id is not null or w.step = $6
order by w.step
"""
WALK_FACET = f"""
with stretch as materialized (
    select placed_at, order_id from insights_facet
    where facet = $1
      and (placed_at, order_id) < (coalesce($2, 'infinity'::timestamptz),
                                   coalesce($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
      and placed_at < coalesce($9, 'infinity'::timestamptz)
      and placed_at >= coalesce($4, '-infinity'::timestamptz)
    order by placed_at desc, order_id desc limit $6
), {_WALKED}
"""  # noqa: S608


async def walk_facet(
    tx: Tx,
    facet: str,
    others: Sequence[str],
    stretch: Stretch,
    *,
    due_before: datetime | None = None,
    due_from: datetime | None = None,
) -> list[Record]:
    """Return orders with some facets, newest first, and the last one looked at.

    Args:
        tx: open transaction.
        facet: along which to walk.
        others: facets they have besides.
        stretch: which of them.
        due_before: only with a promise before then that is still to be kept.
        due_from: likewise, then or later.
    """
    after_at, after_id = stretch.after or (None, None)
    return await tx.fetch(
        WALK_FACET,
        facet,
        after_at,
        after_id,
        stretch.since,
        list(others),
        stretch.looked_at_most,
        due_before,
        due_from,
        stretch.before,
    )


# Those that are due are few: they are found by their promise, and put into the order of lists.
LIST_DUE = """
select order_id, placed_at from (
    select order_id, placed_at, facets from insights_order
    where due_at < $1 and due_at >= coalesce($2, '-infinity'::timestamptz)
    order by due_at limit $8
) due
where facets @> $3::text[]
  and ($4::timestamptz is null or (placed_at, order_id) < ($4, $5::uuid))
  and ($6::timestamptz is null or placed_at >= $6)
  and ($7::timestamptz is null or placed_at < $7)
order by placed_at desc, order_id desc limit $9
"""


async def list_due(
    tx: Tx,
    facets: Sequence[str],
    stretch: Stretch,
    *,
    due_before: datetime,
    due_from: datetime | None,
    limit: int,
) -> list[Record]:
    """Return orders with a promise that is still to be kept, newest first; arguments as above."""
    after_at, after_id = stretch.after or (None, None)
    return await tx.fetch(
        LIST_DUE,
        due_before,
        due_from,
        list(facets),
        after_at,
        after_id,
        stretch.since,
        stretch.before,
        stretch.looked_at_most,
        limit,
    )


LIST_FITTING = """
select order_id, placed_at from insights_order
where order_id = any($1::uuid[]) and facets @> $2::text[]
  and ($3::timestamptz is null or placed_at >= $3)
  and ($4::timestamptz is null or placed_at < $4)
  and ($5::timestamptz is null or due_at < $5)
  and ($6::timestamptz is null or due_at >= $6)
"""


async def list_fitting(
    tx: Tx,
    order_ids: Sequence[UUID],
    facets: Sequence[str],
    stretch: Stretch,
    *,
    due_before: datetime | None,
    due_from: datetime | None,
) -> set[UUID]:
    """Return those of some orders that have the facets; arguments as above."""
    rows = await tx.fetch(
        LIST_FITTING,
        list(order_ids),
        list(facets),
        stretch.since,
        stretch.before,
        due_before,
        due_from,
    )
    return {row["order_id"] for row in rows}


LIST_SHOWN = """
select order_id, facets, due_at from insights_order where order_id = any($1::uuid[])
"""


async def list_shown(tx: Tx, order_ids: Sequence[UUID]) -> list[Record]:
    """Return of some orders their facets, and when a promise is due."""
    return await tx.fetch(LIST_SHOWN, list(order_ids))


LATEST_HOUR = "select max(hour) from insights_hour"


async def latest_hour(tx: Tx) -> datetime | None:
    """Return the last hour in which an order was placed."""
    return await tx.fetchval(LATEST_HOUR)


LIST_HOURS = """
select facet, hour, orders, planned_milli from insights_hour
where hour >= $1 and hour < $2 order by hour, facet limit $3
"""


async def list_hours(tx: Tx, since: datetime, until: datetime, limit: int) -> list[Record]:
    """Return how many orders of some hours have each facet."""
    return await tx.fetch(LIST_HOURS, since, until, limit)


SUM_FACETS = """
select facet, sum(orders)::bigint as orders from insights_hour
where facet = any($1::text[]) group by facet
"""


async def sum_facets(tx: Tx, facets: Sequence[str]) -> dict[str, int]:
    """Return how many orders have each of some facets that few have."""
    return {row["facet"]: row["orders"] for row in await tx.fetch(SUM_FACETS, list(facets))}


COUNT_DUE = """
select count(*) from (
    select from insights_order
    where due_at < $1 and due_at >= coalesce($2, '-infinity'::timestamptz) limit $3
) due
"""


async def count_due(tx: Tx, before: datetime, since: datetime | None, most: int) -> int:
    """Return how many orders have a promise to keep before an instant, up to ``most``."""
    return await tx.fetchval(COUNT_DUE, before, since, most)


LIST_VIEWS = """
select id, title, query from insights_view where account = $1 order by created_at, id limit $2
"""


async def list_views(tx: Tx, account: str, limit: int) -> list[Record]:
    """Return the views somebody has saved."""
    return await tx.fetch(LIST_VIEWS, account, limit)


SAVE_VIEW = """
insert into insights_view (id, account, title, query, created_at) values ($1, $2, $3, $4, $5)
on conflict (account, title) do update set query = excluded.query
returning id
"""


async def save_view(tx: Tx, view_id: UUID, account: str, title: str, query: str) -> UUID:
    """Save a view, in place of one with the same title."""
    return await tx.fetchval(SAVE_VIEW, view_id, account, title, query, tx.now)


DELETE_VIEW = "delete from insights_view where id = $1 and account = $2"


async def delete_view(tx: Tx, view_id: UUID, account: str) -> bool:
    """Delete a view; False when somebody has no such one."""
    return await tx.execute(DELETE_VIEW, view_id, account) != "DELETE 0"
