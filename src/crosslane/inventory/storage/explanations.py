"""Reading what a number is made of: positions, movements, allocations, holds, costs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Condition
from crosslane.platform.database import Record, Tx


class PositionRow(msgspec.Struct, frozen=True):
    """A position as it stands.

    Args:
        held: units of holds that have not run out.
        average_milli: moving average cost of a unit, 1/1000 minor unit of the owner's currency.
    """

    id: UUID
    variant_id: UUID
    location_id: UUID
    condition: Condition
    owner_id: UUID
    on_hand: int
    allocated: int
    held: int
    safety_stock: int | None
    average_milli: int | None
    movement_no: int
    baseline_at: datetime | None
    baseline_message: str | None


LIST_POSITIONS = """
select p.id, p.variant_id, p.location_id, p.condition, p.owner_id, p.on_hand, p.allocated,
       (select coalesce(sum(units), 0)::bigint from unnest(p.held_until, p.held_units)
            as h(until, units) where until > $1) as held,
       p.safety_stock, c.average_milli, p.movement_no, p.baseline_at, p.baseline_message
from inventory_position p left join inventory_cost c using (variant_id, owner_id)
where ($2::uuid[] is null or p.variant_id = any($2))
  and ($3::uuid is null or p.location_id = $3)
  and ($4::text is null or p.condition = $4)
  and ($5::uuid is null or (p.location_id, p.condition, p.owner_id, p.variant_id)
                           > ($5, $6::text, $7::uuid, $8::uuid))
order by p.location_id, p.condition, p.owner_id, p.variant_id limit $9
"""


async def list_positions(
    tx: Tx,
    minute: int,
    *,
    variant_ids: Sequence[UUID] | None,
    location_id: UUID | None,
    condition: Condition | None,
    after: tuple[UUID, str, UUID, UUID] | None,
    limit: int,
) -> list[PositionRow]:
    """Return positions by location, condition, owner and variant."""
    rows = await tx.fetch(
        LIST_POSITIONS,
        minute,
        variant_ids,
        location_id,
        condition,
        *(after or (None, None, None, None)),
        limit,
    )
    return [_position(row) for row in rows]


FIND_POSITION = """
select p.id, p.variant_id, p.location_id, p.condition, p.owner_id, p.on_hand, p.allocated,
       (select coalesce(sum(units), 0)::bigint from unnest(p.held_until, p.held_units)
            as h(until, units) where until > $1) as held,
       p.safety_stock, c.average_milli, p.movement_no, p.baseline_at, p.baseline_message
from inventory_position p left join inventory_cost c using (variant_id, owner_id)
where p.id = $2
"""


async def find_position(tx: Tx, minute: int, position_id: UUID) -> PositionRow | None:
    """Return a position, or None."""
    row = await tx.fetchrow(FIND_POSITION, minute, position_id)
    return _position(row) if row else None


LIST_BY_ID = """
select p.id, p.variant_id, p.location_id, p.condition, p.owner_id, p.on_hand, p.allocated,
       (select coalesce(sum(units), 0)::bigint from unnest(p.held_until, p.held_units)
            as h(until, units) where until > $1) as held,
       p.safety_stock, c.average_milli, p.movement_no, p.baseline_at, p.baseline_message
from inventory_position p left join inventory_cost c using (variant_id, owner_id)
where p.id = any($2::uuid[])
"""


async def list_by_id(tx: Tx, minute: int, position_ids: Sequence[UUID]) -> dict[UUID, PositionRow]:
    """Return positions by their ids; unknown ones are left out."""
    rows = await tx.fetch(LIST_BY_ID, minute, list(position_ids))
    return {row["id"]: _position(row) for row in rows}


def _position(row: Record) -> PositionRow:
    return PositionRow(**{**dict(row), "condition": Condition(row["condition"])})


class MovementRow(msgspec.Struct, frozen=True):
    """One entry of the journal.

    Args:
        at: when it was recorded; ``occurred_at`` is when it happened.
    """

    position_id: UUID
    movement_no: int
    at: datetime
    occurred_at: datetime
    on_hand_delta: int
    allocated_delta: int
    on_hand_after: int
    allocated_after: int
    reason: str
    code: str | None
    cause_kind: str
    cause_id: UUID
    cause_line: UUID
    unit_cost_milli: int | None
    actor: str
    trace: str


LIST_MOVEMENTS = """
select * from inventory_movement
where position_id = $1 and ($2::bigint is null or movement_no < $2)
  and (not $3 or on_hand_delta <> 0) and (not $4 or allocated_delta <> 0)
order by movement_no desc limit $5
"""


async def list_movements(
    tx: Tx, position_id: UUID, *, number: str | None, before_no: int | None, limit: int
) -> list[MovementRow]:
    """Return the movements of a position, the latest first.

    Args:
        tx: open transaction.
        position_id: which position.
        number: only those that changed ``on_hand`` or ``allocated``.
        before_no: only those with a lower number.
        limit: most movements.
    """
    rows = await tx.fetch(
        LIST_MOVEMENTS,
        position_id,
        before_no,
        number == "on_hand",
        number == "allocated",
        limit,
    )
    return [MovementRow(**dict(row)) for row in rows]


LIST_OF_CAUSE = """
select * from inventory_movement
where cause_id = $1
  and ($2::timestamptz is null or (at, position_id, movement_no) > ($2, $3::uuid, $4::bigint))
order by at, position_id, movement_no limit $5
"""


async def list_of_cause(
    tx: Tx, cause_id: UUID, *, after: tuple[datetime, UUID, int] | None, limit: int
) -> list[MovementRow]:
    """Return the movements a document caused, in the order in which they were recorded."""
    rows = await tx.fetch(LIST_OF_CAUSE, cause_id, *(after or (None, None, None)), limit)
    return [MovementRow(**dict(row)) for row in rows]


class AllocationRow(msgspec.Struct, frozen=True):
    """What a demand line has of a position."""

    line_id: UUID
    cause_kind: str
    cause_id: UUID
    quantity: int
    promised_for: datetime | None


LIST_ALLOCATIONS = """
select line_id, cause_kind, cause_id, quantity, promised_for from inventory_allocation
where position_id = $1 and ($2::uuid is null or line_id > $2)
order by line_id limit $3
"""


async def list_allocations(
    tx: Tx, position_id: UUID, *, after: UUID | None, limit: int
) -> list[AllocationRow]:
    """Return who has the allocated units of a position."""
    rows = await tx.fetch(LIST_ALLOCATIONS, position_id, after, limit)
    return [AllocationRow(**dict(row)) for row in rows]


class CostChangeRow(msgspec.Struct, frozen=True):
    """One entry of the cost journal: the receipt that moved an average."""

    change_no: int
    at: datetime
    units_before: int
    average_before_milli: int | None
    units_in: int
    unit_cost_milli: int
    average_after_milli: int
    cause_kind: str
    cause_id: UUID


LIST_COST_CHANGES = """
select change_no, at, units_before, average_before_milli, units_in, unit_cost_milli,
       average_after_milli, cause_kind, cause_id
from inventory_cost_change
where variant_id = $1 and owner_id = $2 and ($3::bigint is null or change_no < $3)
order by change_no desc limit $4
"""


async def list_cost_changes(
    tx: Tx, variant_id: UUID, owner_id: UUID, *, before_no: int | None, limit: int
) -> list[CostChangeRow]:
    """Return what moved an average cost, the latest first."""
    rows = await tx.fetch(LIST_COST_CHANGES, variant_id, owner_id, before_no, limit)
    return [CostChangeRow(**dict(row)) for row in rows]
