"""Units that come back: whose they are, what they had cost, and what becomes of them; pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.inventory import Condition, ShippedUnits
from crosslane.returns.domain.nouns import Disposition, Return, ReturnLine, ReturnUnit

# What leaves stock for good is taken off by an adjustment with this code.
LEAVES: dict[Disposition, str] = {"destroy": "destroyed", "send_back": "sent_back"}
LIES: dict[Disposition, Condition] = {
    "sellable": Condition.SELLABLE,
    "refurbish": Condition.REFURBISH,
    "vendor": Condition.TO_VENDOR,
}


class Piece(msgspec.Struct, frozen=True):
    """Units of one owner and cost; nobody knows them when None."""

    owner_id: UUID | None
    unit_cost_milli: int | None
    quantity: int


def pieces_of(shipped: Sequence[ShippedUnits], before: int, quantity: int) -> list[Piece]:
    """Return whose the next units that come back are, and what they had cost.

    What left first comes back first, so that every unit comes back at its own cost.

    Args:
        shipped: what had left, the oldest first.
        before: units of it that came back before.
        quantity: units that come back now.
    """
    pieces: list[Piece] = []
    for part in shipped:
        skipped = min(before, part.quantity)
        before -= skipped
        taken = min(quantity, part.quantity - skipped)
        if taken:
            pieces.append(Piece(part.owner_id, part.unit_cost_milli, taken))
            quantity -= taken
    if quantity:
        pieces.append(Piece(None, None, quantity))
    return pieces


class Graded(msgspec.Struct, frozen=True):
    """Units that were looked at: what they were before, and what becomes of them."""

    line: ReturnLine
    unit: ReturnUnit
    disposition: Disposition


def grade(
    line: ReturnLine,
    quantity: int,
    disposition: Disposition,
    at: datetime,
    ids: Sequence[UUID],
) -> list[Graded]:
    """Say what becomes of units of a line that wait for it, those that came first.

    Args:
        line: the line; its units are changed.
        quantity: units, no more than wait.
        disposition: what becomes of them.
        at: when they were looked at.
        ids: identifiers for pieces that are split off, one for each unit row that waits.
    """
    graded: list[Graded] = []
    fresh = iter(ids)
    for unit in [u for u in line.units if u.disposition is None]:
        taken = min(quantity, unit.quantity)
        if not taken:
            break
        quantity -= taken
        if taken < unit.quantity:
            unit.quantity -= taken
            unit = msgspec.structs.replace(unit, id=next(fresh), quantity=taken)
            line.units = [*line.units, unit]
        unit.disposition, unit.graded_at = disposition, at
        graded.append(Graded(line, unit, disposition))
    return graded


def to_grade(line: ReturnLine) -> int:
    """Return how many units of a line wait to be looked at."""
    return sum(unit.quantity for unit in line.units if unit.disposition is None)


def is_graded(one: Return) -> bool:
    """Tell whether units came, all are looked at, and no more are awaited."""
    return (
        not one.awaited
        and any(line.received for line in one.lines)
        and not any(to_grade(line) for line in one.lines)
    )


def to_credit(one: Return, line: ReturnLine) -> int:
    """Return how many units of a line are to be given something for: those that came.

    Nothing comes of a claim, and money given as a parcel left is given for what was announced.
    """
    if line.wrong:
        return 0
    expected = line.requested if one.kind == "claim" or one.instant else line.received
    return max(0, expected - line.credited)
