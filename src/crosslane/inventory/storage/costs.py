"""Average costs, protected while a receipt moves them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from crosslane.inventory.domain.costs import Cost
from crosslane.inventory.domain.sheet import Sheet
from crosslane.platform.database import Tx, columns

INSERT_COSTS = """
insert into inventory_cost (variant_id, owner_id)
select variant_id, owner_id from unnest($1::uuid[], $2::uuid[]) as c(variant_id, owner_id)
order by variant_id, owner_id
on conflict do nothing
"""


async def insert_costs(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> None:
    """Make rows for costs that are not known yet."""
    await tx.execute(INSERT_COSTS, [v for v, _ in keys], [o for _, o in keys])


LOCK_COSTS = """
with locked as materialized (
    select c.* from inventory_cost c
    join unnest((select $1::uuid[]), (select $2::uuid[])) as w(variant_id, owner_id)
        using (variant_id, owner_id)
    order by c.variant_id, c.owner_id
    for no key update of c
)
select l.variant_id, l.owner_id, l.average_milli, l.change_no,
       (select coalesce(sum(p.on_hand), 0)::bigint from inventory_position p
        where p.variant_id = l.variant_id and p.owner_id = l.owner_id) as units
from locked l
"""


async def lock_costs(tx: Tx, keys: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Cost]:
    """Protect the costs of (variant, owner) pairs and count the units they stand for."""
    wanted = sorted(set(keys))
    found = await _lock(tx, wanted)
    if len(found) < len(wanted):
        await insert_costs(tx, [key for key in wanted if key not in found])
        found = await _lock(tx, wanted)
    return found


async def _lock(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Cost]:
    rows = await tx.fetch(LOCK_COSTS, [v for v, _ in keys], [o for _, o in keys])
    return {
        (row["variant_id"], row["owner_id"]): Cost(
            row["units"], row["average_milli"], row["change_no"]
        )
        for row in rows
    }


LIST_UNIT_COSTS = """
select variant_id, min(average_milli) as average_milli from inventory_cost
where variant_id = any($1::uuid[]) and average_milli is not null
group by variant_id
"""


async def list_unit_costs(tx: Tx, variant_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the lowest average cost of a unit among its owners, of variants that have one."""
    rows = await tx.fetch(LIST_UNIT_COSTS, variant_ids)
    return {row["variant_id"]: row["average_milli"] for row in rows}


SAVE_COSTS = """
with changed as (
    insert into inventory_cost_change
        (variant_id, owner_id, change_no, at, units_before, average_before_milli, units_in,
         unit_cost_milli, average_after_milli, cause_kind, cause_id, cause_line)
    select variant_id, owner_id, change_no, $1, units_before, average_before_milli, units_in,
           unit_cost_milli, average_after_milli, cause_kind, cause_id, cause_line
    from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                $8::bigint[], $9::bigint[], $10::text[], $11::uuid[], $12::uuid[])
        as c(variant_id, owner_id, change_no, units_before, average_before_milli, units_in,
             unit_cost_milli, average_after_milli, cause_kind, cause_id, cause_line)
)
update inventory_cost c set average_milli = s.average_milli, change_no = s.change_no
from unnest($13::uuid[], $14::uuid[], $15::bigint[], $16::bigint[])
    as s(variant_id, owner_id, average_milli, change_no)
where (c.variant_id, c.owner_id) = (s.variant_id, s.owner_id)
"""


async def save_costs(tx: Tx, sheet: Sheet) -> None:
    """Save the averages a sheet has moved, and why."""
    changes = sheet.cost_changes
    moved = {(change.variant_id, change.owner_id) for change in changes}
    await tx.execute(
        SAVE_COSTS,
        sheet.now,
        *columns(changes, "variant_id", "owner_id", "change_no", "units_before"),
        *columns(changes, "average_before_milli", "units_in", "unit_cost_milli"),
        *columns(changes, "average_after_milli"),
        [change.cause.kind for change in changes],
        [change.cause.id for change in changes],
        [change.cause.line for change in changes],
        [variant for variant, _ in moved],
        [owner for _, owner in moved],
        [sheet.costs[key].average_milli for key in moved],
        [sheet.costs[key].change_no for key in moved],
    )
