"""What units have cost: a moving average of each variant and owner, and its journal."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Cause, Position
from crosslane.kernel import rounded_ratio


class Cost(msgspec.Struct):
    """Moving average cost of a variant of one owner, protected by the sheet that receives."""

    units: int = 0
    average_milli: int | None = None
    change_no: int = 0


class CostChange(msgspec.Struct, frozen=True):
    """One entry of the cost journal: a receipt that moved the average."""

    variant_id: UUID
    owner_id: UUID
    change_no: int
    units_before: int
    average_before_milli: int | None
    units_in: int
    unit_cost_milli: int
    average_after_milli: int
    cause: Cause


def moving_average(
    units_before: int, average_milli: int | None, units_in: int, unit_cost_milli: int
) -> int:
    """Return the moving average cost after a receipt, rounded half away from zero.

    (units before × average + units in × cost) / (units before + units in). Without stock or
    without a known average the receipt's own cost is the new average.
    """
    if average_milli is None or units_before <= 0:
        return unit_cost_milli
    value = units_before * average_milli + units_in * unit_cost_milli
    return rounded_ratio(value, 1, units_before + units_in)


def count_units(costs: Mapping[tuple[UUID, UUID], Cost], position: Position, delta: int) -> None:
    """Count units that a position gains among those of its variant and owner, where they count."""
    cost = costs.get((position.key.variant_id, position.key.owner_id))
    if cost is not None:
        cost.units += delta
