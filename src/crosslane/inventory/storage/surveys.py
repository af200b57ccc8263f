"""Reading stock without locks: for planning, and for the availability that shops show."""

from collections.abc import Sequence
from datetime import datetime
from struct import Struct
from uuid import UUID

from asyncpg.pgproto import pgproto

from crosslane.inventory.domain.survey import Arrival, VariantStock
from crosslane.platform.database import Tx

# One row per variant, its positions as parallel lists: a survey of a batch reads hundreds of
# thousands of positions, and building that many rows would cost more than reading them. The
# locations come as one run of 16 bytes each, because few of them repeat often.
_STOCK = """
       variant_id,
       string_agg(uuid_send(location_id), ''::bytea) as locations,
       array_agg(on_hand - allocated - case when held_until is null then 0 else (
           select coalesce(sum(units), 0)::bigint
           from unnest(held_until, held_units) as h(until, units) where until > $2
       ) end) as frees,
       case when count(safety_stock) > 0 then array_agg(safety_stock) end as safeties
from inventory_position
where condition = 'sellable' and on_hand > allocated
"""
# The array comes by way of "select": PostgreSQL would plan anew for each number of variants.
LIST_STOCK = f"""
select {_STOCK} and variant_id = any((select $1::uuid[])::uuid[]) group by variant_id
"""
LIST_STOCK_AT = f"""
select {_STOCK} and variant_id = any($1::uuid[]) and location_id = any($3::uuid[])
group by variant_id
"""

UUID_RUN = Struct("16s")


async def list_stock(
    tx: Tx, variant_ids: Sequence[UUID], minute: int, location_ids: Sequence[UUID] | None
) -> list[VariantStock]:
    """Return what lies free of some variants.

    Args:
        tx: open transaction.
        variant_ids: which variants.
        minute: present minute; holds that expire later count.
        location_ids: only there; None for everywhere.
    """
    if location_ids is None:
        rows = await tx.fetch(LIST_STOCK, variant_ids, minute)
    else:
        rows = await tx.fetch(LIST_STOCK_AT, variant_ids, minute, location_ids)
    runs = _Runs()
    return [VariantStock(row[0], runs[row[1]], row[2], row[3]) for row in rows]


class _Runs(dict[bytes, tuple[UUID, ...]]):
    """Reads each run of locations once: variants that lie at the same ones share what was read."""

    def __init__(self) -> None:
        self._known = _Locations()

    def __missing__(self, raw: bytes) -> tuple[UUID, ...]:
        known = self._known
        made = self[raw] = tuple([known[one] for (one,) in UUID_RUN.iter_unpack(raw)])
        return made


class _Locations(dict[bytes, UUID]):
    """Makes the UUID of each location once per read.

    Of the driver's kind: it is made ten times as fast and remembers its hash, which plans need for
    every candidate.
    """

    def __missing__(self, raw: bytes) -> UUID:
        made = self[raw] = pgproto.UUID(raw)
        return made


LIST_ARRIVALS = """
select variant_id, available_on, location_id, quantity - received - promised as quantity
from inventory_incoming
where variant_id = any($1::uuid[]) and received < quantity and quantity > received + promised
  and ($2::uuid[] is null or location_id = any($2::uuid[]))
"""


async def list_arrivals(
    tx: Tx, variant_ids: Sequence[UUID], location_ids: Sequence[UUID] | None
) -> dict[UUID, list[Arrival]]:
    """Return units on their way that nobody was promised, by variant."""
    arrivals: dict[UUID, list[Arrival]] = {}
    for row in await tx.fetch(LIST_ARRIVALS, variant_ids, location_ids):
        arrival = Arrival(row["available_on"], row["location_id"], row["quantity"])
        arrivals.setdefault(row["variant_id"], []).append(arrival)
    return arrivals


LIST_RUN_OUT = """
select p.variant_id, min(h.until) as until
from inventory_position p
cross join lateral unnest(p.held_until) as h(until)
where p.variant_id = any($1::uuid[]) and p.condition = 'sellable' and p.held_until is not null
  and h.until > $2
group by p.variant_id
"""


async def list_run_out(tx: Tx, variant_ids: Sequence[UUID], minute: int) -> dict[UUID, int]:
    """Return the minute in which the next hold of variants runs out; those without are left out."""
    rows = await tx.fetch(LIST_RUN_OUT, variant_ids, minute)
    return {row["variant_id"]: row["until"] for row in rows}


# What leaves and was allocated to nobody went over the counter, unless a transfer took it. The
# journal's months that ended before the time have nothing to say: nothing is recorded before it
# occurs.
LIST_COUNTER_SALES = """
select p.variant_id, p.location_id,
       sum(m.allocated_delta - m.on_hand_delta)::bigint as units
from inventory_position p
join inventory_movement m on m.position_id = p.id
    and m.occurred_at >= $2 and m.occurred_at < $3 and m.at >= $2
    and m.reason = 'ship' and m.on_hand_delta < m.allocated_delta
    and m.cause_kind <> 'transfer'
where p.variant_id = any($1::uuid[]) and p.condition = 'sellable'
group by p.variant_id, p.location_id
order by p.variant_id, p.location_id
limit $4
"""


async def list_counter_sales(
    tx: Tx, variant_ids: Sequence[UUID], since: datetime, until: datetime, limit: int
) -> list[tuple[UUID, UUID, int]]:
    """Return units that customers took themselves, as (variant, location, units)."""
    rows = await tx.fetch(LIST_COUNTER_SALES, variant_ids, since, until, limit)
    return [(row["variant_id"], row["location_id"], row["units"]) for row in rows]
