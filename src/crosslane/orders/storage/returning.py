"""What returns ask of orders: since when customers have what they bought, and who sells to whom."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns

LIST_HAD_SINCE = """
select w.order_id, m.line_id, max(m.occurred_at) as had_since
from unnest((select $1::uuid[])) as w(order_id)
cross join lateral (
    select line_id, occurred_at from orders_movement
    where order_id = w.order_id and to_stage in ('handed_over', 'delivered') offset 0
) m
group by 1, 2
"""


async def list_had_since(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when the last units of each line were handed over, or delivered where that is told.

    Args:
        tx: open transaction.
        order_ids: which orders.
    """
    rows = await tx.fetch(LIST_HAD_SINCE, list(set(order_ids))) if order_ids else []
    return {row["line_id"]: row["had_since"] for row in rows}


LIST_SELLERS = """
select l.order_id, min(a.beneficiary_id) as staff
from orders_line l
join orders_attribution a on a.line_id = l.id
where l.order_id = any((select $1::uuid[])::uuid[])
  and a.role = 'sold' and a.beneficiary_kind = 'staff'
group by 1
"""


async def list_sellers(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the number of the member of staff who sold each order; of several, the first."""
    rows = await tx.fetch(LIST_SELLERS, list(set(order_ids))) if order_ids else []
    return {row["order_id"]: row["staff"] for row in rows}


class BoughtBetween(msgspec.Struct, frozen=True):
    """Ask what customers bought together.

    Args:
        customer_ids: who.
        since: orders placed later, and
        until: not later than that.
    """

    customer_ids: frozenset[UUID]
    since: datetime
    until: datetime


class _Asked(msgspec.Struct, frozen=True):
    place: int
    customer_id: UUID
    since: datetime
    until: datetime


# Goods at their prices, without those that were cancelled.
SUM_BOUGHT = """
select w.place, coalesce(sum(l.gross_minor * (l.quantity - coalesce(b.cancelled, 0))
                             / l.quantity), 0)::bigint as minor
from unnest($1::int[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
     as w(place, customer_id, since, until)
join orders_order o on o.customer_id = w.customer_id
    and o.placed_at > w.since and o.placed_at <= w.until
join orders_line l on l.order_id = o.id and not l.is_bundle
left join lateral (
    select sum(quantity) as cancelled from orders_bucket
    where line_id = l.id and stage = 'cancelled'
) b on true
group by 1
"""


async def sum_bought(tx: Tx, asked: Sequence[BoughtBetween]) -> list[int]:
    """Return the worth of the goods of some orders, in minor units, for each question."""
    rows = [
        _Asked(place, customer_id, one.since, one.until)
        for place, one in enumerate(asked)
        for customer_id in sorted(one.customer_ids)
    ]
    found = await tx.fetch(SUM_BOUGHT, *columns(rows, "place", "customer_id", "since", "until"))
    by_place = {row["place"]: row["minor"] for row in found}
    return [by_place.get(place, 0) for place in range(len(asked))]
