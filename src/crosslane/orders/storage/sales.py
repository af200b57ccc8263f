"""The order book as sums: what was sold and what came back in a stretch of business time."""

from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx

SALES_ROWS_MAX = 100_000


class SoldSum(msgspec.Struct, frozen=True):
    """What one channel sold, of one kind, at one location and tax rate.

    Args:
        entity: code of the selling entity.
        currency: ISO 4217.
        location_id: where goods left our hands; None for charges.
        kind: ``goods``, or the kind of charge.
        jurisdiction: whose tax it bears.
        tax_rate_bp: tax rate in basis points.
        units: units of goods.
        net_minor: without tax, in minor units.
        tax_minor: tax in minor units.
    """

    entity: str
    currency: str
    location_id: UUID | None
    kind: str
    jurisdiction: str
    tax_rate_bp: int
    units: int
    net_minor: int
    tax_minor: int


# A part of a line is worth its rounded share of the line counted from the first unit, so each
# hand-over is worth the difference between two shares. Charges fall due with the first hand-over,
# later ones when they were made, those of a credit when it happened.
SUM_SALES = """
with touched as (
    select distinct m.order_id
    from orders_movement m join orders_order o on o.id = m.order_id
    where m.to_stage = 'handed_over' and m.occurred_at >= $2 and m.occurred_at < $3
      and o.channel_id = $1
    union
    select c.order_id from orders_charge c join orders_order o on o.id = c.order_id
    where c.recorded_at >= $2 and c.recorded_at < $3 and o.channel_id = $1
    union
    select c.order_id from orders_charge c join orders_order o on o.id = c.order_id
    where c.due_at >= $2 and c.due_at < $3 and o.channel_id = $1
), handed as (
    select m.id, m.order_id, m.line_id, m.to_location_id, m.occurred_at, m.at, m.quantity,
           sum(m.quantity) over (partition by m.line_id order by m.id) as upto
    from orders_movement m join touched using (order_id)
    where m.to_stage = 'handed_over'
), first_handed as (
    select distinct on (order_id) order_id, occurred_at, at from handed order by order_id, id
), sold as (
    select h.order_id, h.to_location_id as location_id, 'goods' as kind, l.jurisdiction,
           l.tax_rate_bp, h.quantity as units,
           round(l.net_minor::numeric * h.upto / l.quantity)
               - round(l.net_minor::numeric * (h.upto - h.quantity) / l.quantity) as net_minor,
           round(l.tax_minor::numeric * h.upto / l.quantity)
               - round(l.tax_minor::numeric * (h.upto - h.quantity) / l.quantity) as tax_minor,
           h.occurred_at as due_at
    from handed h join orders_line l on l.id = h.line_id
    union all
    select c.order_id, null, c.kind, c.jurisdiction, c.tax_rate_bp, 0, c.net_minor, c.tax_minor,
           case when c.due_at is not null then c.due_at
                when c.recorded_at <= f.at then f.occurred_at else c.recorded_at end
    from orders_charge c join first_handed f using (order_id)
    where not c.cancelled
)
select o.entity, o.currency, s.location_id, s.kind, s.jurisdiction, s.tax_rate_bp,
       sum(s.units)::bigint as units, sum(s.net_minor)::bigint as net_minor,
       sum(s.tax_minor)::bigint as tax_minor
from sold s join orders_order o on o.id = s.order_id
where s.due_at >= $2 and s.due_at < $3
group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6 limit $4
"""


async def sum_sales(tx: Tx, *, channel_id: UUID, start: datetime, end: datetime) -> list[SoldSum]:
    """Return what a channel sold in a stretch of business time.

    Args:
        tx: open transaction.
        channel_id: which channel.
        start: first instant that counts.
        end: first instant that does not.
    """
    rows = await tx.fetch(SUM_SALES, channel_id, start, end, SALES_ROWS_MAX)
    return [SoldSum(**dict(row)) for row in rows]


SUM_CREDITS = """
with back as materialized (
    select order_id, line_id, location_id, quantity, net_minor, tax_minor
    from orders_credit where occurred_at >= $2 and occurred_at < $3
)
select o.entity, o.currency, c.location_id, 'goods' as kind, l.jurisdiction, l.tax_rate_bp,
       sum(c.quantity)::bigint as units, sum(c.net_minor)::bigint as net_minor,
       sum(c.tax_minor)::bigint as tax_minor
from back c
join orders_order o on o.id = c.order_id
join orders_line l on l.id = c.line_id
where o.channel_id = $1
group by 1, 2, 3, 5, 6 order by 1, 2, 3, 5, 6 limit $4
"""


async def sum_credits(tx: Tx, *, channel_id: UUID, start: datetime, end: datetime) -> list[SoldSum]:
    """Return what was credited for units that came back, by the location whose sale is undone.

    Amounts are what customers got, as positive numbers; charges that came with credits are among
    those of :func:`sum_sales`.

    Args:
        tx: open transaction.
        channel_id: which channel had sold them.
        start: first instant of business time that counts.
        end: first instant that does not.
    """
    rows = await tx.fetch(SUM_CREDITS, channel_id, start, end, SALES_ROWS_MAX)
    return [SoldSum(**dict(row)) for row in rows]
