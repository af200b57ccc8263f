"""What left for demand lines, as the journal has it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns


class ShippedLine(msgspec.Struct, frozen=True):
    """A demand line whose units left a location.

    Args:
        demand_id: the demand, such as the order.
        line_id: its line.
        location_id: where they left.
    """

    demand_id: UUID
    line_id: UUID
    location_id: UUID


class ShippedUnits(msgspec.Struct, frozen=True):
    """Units that left, of one owner and at one cost.

    Args:
        unit_cost_milli: what one had cost then, 1/1000 minor unit of the owner's book currency.
    """

    owner_id: UUID
    unit_cost_milli: int | None
    quantity: int


LIST_SHIPPED = """
select w.place, p.owner_id, m.unit_cost_milli, -m.on_hand_delta as quantity
from unnest((select $1::uuid[]), (select $2::uuid[]), (select $3::uuid[])) with ordinality
     as w(demand_id, line_id, location_id, place)
cross join lateral (
    select position_id, movement_no, at, unit_cost_milli, on_hand_delta from inventory_movement
    where cause_id = w.demand_id and cause_line = w.line_id and reason = 'ship' offset 0
) m
join inventory_position p on p.id = m.position_id and p.location_id = w.location_id
order by w.place, m.at, m.movement_no
"""


async def list_shipped(
    tx: Tx, lines: Sequence[ShippedLine]
) -> dict[ShippedLine, list[ShippedUnits]]:
    """Return what has left for some demand lines at some locations, the oldest first.

    Goods that were never ours, such as a vendor's, may have left nothing behind here.
    """
    asked = list(dict.fromkeys(lines))
    found: dict[ShippedLine, list[ShippedUnits]] = {line: [] for line in asked}
    if not asked:
        return found
    rows = await tx.fetch(LIST_SHIPPED, *columns(asked, "demand_id", "line_id", "location_id"))
    for place, owner_id, unit_cost_milli, quantity in rows:
        found[asked[place - 1]].append(ShippedUnits(owner_id, unit_cost_milli, quantity))
    return found
