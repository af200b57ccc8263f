"""Figures of many articles at many places, and the positions that need a person."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.inventory.domain.figures import Lying
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.storage.explanations import PositionRow
from crosslane.platform.database import Record, Tx

FIGURES_MAX = 200_000
Trouble = Literal["short", "set_aside"]

LIST_LYING = """
select p.variant_id, p.location_id, p.condition, sum(p.on_hand)::bigint as on_hand,
       sum(p.allocated)::bigint as allocated,
       sum(case when p.held_until is null then 0 else (
           select coalesce(sum(units), 0) from unnest(p.held_until, p.held_units)
               as h(until, units) where until > $2
       ) end)::bigint as held,
       sum(p.safety_stock)::bigint as safety_stock
from inventory_position p
where p.variant_id = any($1::uuid[]) and ($3::uuid[] is null or p.location_id = any($3))
group by p.variant_id, p.location_id, p.condition
limit $4
"""


async def list_lying(
    tx: Tx, variant_ids: Sequence[UUID], minute: int, location_ids: Sequence[UUID] | None
) -> list[Lying]:
    """Return what lies of some variants, by location and condition, all owners together."""
    rows = await tx.fetch(LIST_LYING, variant_ids, minute, location_ids, FIGURES_MAX)
    return [Lying(*row[:2], Condition(row[2]), *row[3:]) for row in rows]


SUM_COMING = """
select variant_id, location_id, sum(quantity - received)::bigint as units
from inventory_incoming
where variant_id = any($1::uuid[]) and received < quantity
  and ($2::uuid[] is null or location_id = any($2))
group by variant_id, location_id
limit $3
"""


async def sum_coming(
    tx: Tx, variant_ids: Sequence[UUID], location_ids: Sequence[UUID] | None
) -> dict[tuple[UUID, UUID], int]:
    """Return units still to come, promised ones included, by variant and location."""
    rows = await tx.fetch(SUM_COMING, variant_ids, location_ids, FIGURES_MAX)
    return {(row["variant_id"], row["location_id"]): row["units"] for row in rows}


LIST_STOCKED_OF = """
select distinct variant_id from inventory_position
where variant_id = any($1::uuid[]) and ($2::uuid[] is null or location_id = any($2))
  and (on_hand <> 0 or allocated <> 0)
limit $3
"""


async def list_stocked_of(
    tx: Tx, variant_ids: Sequence[UUID], location_ids: Sequence[UUID] | None
) -> set[UUID]:
    """Return which of some variants have anything lying or promised somewhere."""
    rows = await tx.fetch(LIST_STOCKED_OF, variant_ids, location_ids, len(variant_ids))
    return {row["variant_id"] for row in rows}


class TroubledRow(msgspec.Struct, frozen=True):
    """A position that needs a person, and by how many units."""

    position: PositionRow
    units: int


# What is allocated or held and does not lie there, and what lies there and cannot be sold: the
# most units first. No index knows it, because one would make every movement write it anew.
LIST_TROUBLED = """
select * from (
    select p.id, p.variant_id, p.location_id, p.condition, p.owner_id, p.on_hand, p.allocated,
           h.held, p.safety_stock, c.average_milli, p.movement_no, p.baseline_at,
           p.baseline_message,
           case when $1 = 'short' then p.allocated + h.held - p.on_hand else p.on_hand end as units
    from inventory_position p
    left join inventory_cost c using (variant_id, owner_id)
    cross join lateral (
        select coalesce(sum(units), 0)::bigint as held
        from unnest(p.held_until, p.held_units) as h(until, units) where until > $2
    ) h
    where ($1 = 'short') = (p.condition = 'sellable')
      and ($3::uuid[] is null or p.location_id = any($3))
      and ($4::text is null or p.condition = $4)
      and ($1 <> 'short' or p.on_hand < p.allocated or p.held_until is not null)
) as troubled
where units > 0 and ($5::bigint is null or (units, id) < ($5, $6::uuid))
order by units desc, id desc limit $7
"""


async def list_troubled(
    tx: Tx,
    trouble: Trouble,
    minute: int,
    *,
    location_ids: Sequence[UUID] | None,
    condition: Condition | None,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[TroubledRow]:
    """Return positions that are short, or whose units are set aside, those with most units first.

    Args:
        tx: open transaction.
        trouble: ``short`` or ``set_aside``.
        minute: present minute; holds that expire later count.
        location_ids: only there; None for everywhere.
        condition: only of this condition; None for all.
        after: units and id of the last one seen.
        limit: most positions.
    """
    rows = await tx.fetch(
        LIST_TROUBLED, trouble, minute, location_ids, condition, *(after or (None, None)), limit
    )
    return [_troubled(row) for row in rows]


def _troubled(row: Record) -> TroubledRow:
    told = dict(row)
    units = told.pop("units")
    return TroubledRow(PositionRow(**{**told, "condition": Condition(row["condition"])}), units)


class Proof(msgspec.Struct, frozen=True):
    """What the journals say a position's figures must be.

    Args:
        on_hand: sum of all movements; likewise ``allocated``.
        movements: how many there are.
        taken: units that demand lines have; likewise ``demands``, how many they are.
        held: units of holds that have not run out; likewise ``holds``.
    """

    on_hand: int
    allocated: int
    movements: int
    taken: int
    demands: int
    held: int
    holds: int


PROVE = """
select m.*, a.*, h.*
from (
    select coalesce(sum(on_hand_delta), 0)::bigint as on_hand,
           coalesce(sum(allocated_delta), 0)::bigint as allocated, count(*) as movements
    from inventory_movement where position_id = $1
) m, (
    select coalesce(sum(quantity), 0)::bigint as taken, count(*) as demands
    from inventory_allocation where position_id = $1
) a, (
    select coalesce(sum(quantity), 0)::bigint as held, count(*) as holds
    from inventory_hold where position_id = $1 and state = 'active' and expires_minute > $2
) h
"""


async def prove(tx: Tx, position_id: UUID, minute: int) -> Proof:
    """Add up the journals of a position anew."""
    row = await tx.fetchrow(PROVE, position_id, minute)
    return Proof(**dict(row or {}))
