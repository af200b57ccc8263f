"""What was credited for goods of which no order is known, and charges beside it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane.orders import SoldSum
from crosslane.platform.database import Tx, columns
from crosslane.returns.events import BlindUnitsCredited

SUMS_MAX = 10_000

INSERT_CHARGES = """
insert into returns_charge (id, return_id, kind, net_minor, tax_minor, tax_rate_bp, jurisdiction)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::int[],
                     $7::text[])
"""


async def insert_charges(tx: Tx, credited: Sequence[BlindUnitsCredited]) -> None:
    """Keep the charges of blind returns; those of orders are kept there."""
    charges = [charge for event in credited for charge in event.charges]
    if charges:
        return_ids = [event.return_id for event in credited for _ in event.charges]
        charge_ids, *told = columns(
            charges,
            "charge_id",
            "charge_kind",
            "net_minor",
            "tax_minor",
            "tax_rate_bp",
            "jurisdiction",
        )
        await tx.execute(INSERT_CHARGES, charge_ids, return_ids, *told)


SUM_BLIND = """
with settled as materialized (
    select id, entity, currency from returns_return
    where kind = 'blind' and channel_id = $1 and settled_at >= $2 and settled_at < $3
)
select s.entity, s.currency, null::uuid as location_id, x.kind, x.jurisdiction, x.tax_rate_bp,
       sum(x.units)::bigint as units, sum(x.net_minor)::bigint as net_minor,
       sum(x.tax_minor)::bigint as tax_minor
from settled s
cross join lateral (
    select 'goods' as kind, l.jurisdiction, coalesce(l.tax_rate_bp, 0) as tax_rate_bp,
           l.credited as units, l.net_minor, l.tax_minor
    from returns_line l where l.return_id = s.id and l.credited > 0
    union all
    select c.kind, c.jurisdiction, c.tax_rate_bp, 0, c.net_minor, c.tax_minor
    from returns_charge c where c.return_id = s.id
) x
group by 1, 2, 4, 5, 6 order by 1, 2, 4, 5, 6 limit $4
"""


async def sum_blind(tx: Tx, *, channel_id: UUID, start: datetime, end: datetime) -> list[SoldSum]:
    """Return what a channel credited for goods of no known order in a stretch of business time.

    Amounts of goods are what customers got, as positive numbers; those of charges are as on an
    order, negative when the customer gets something.

    Args:
        tx: open transaction.
        channel_id: which channel bears them.
        start: first instant that counts.
        end: first instant that does not.
    """
    rows = await tx.fetch(SUM_BLIND, channel_id, start, end, SUMS_MAX)
    return [SoldSum(**dict(row)) for row in rows]
