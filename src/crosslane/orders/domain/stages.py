"""Where the units of a line are, and how they may move: quantities in buckets, never one status.

Conservation: the ordered quantity of a line is always the sum of its buckets. A bucket is
(line, location, stage); stages before a location is chosen have NOWHERE as location.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum
from uuid import UUID

import msgspec

NOWHERE = UUID(int=0)


class Stage(StrEnum):
    """How far units have come."""

    OPEN = "open"
    BACKORDERED = "backordered"
    ALLOCATED = "allocated"
    RELEASED = "released"
    PICKED = "picked"
    PACKED = "packed"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"

    # An enumeration's own is slow, and buckets are looked up by their stage all the time.
    __hash__ = str.__hash__


_PLACES = {stage: place for place, stage in enumerate(Stage)}

# From a stage, the stages units may go to next. Short or rejected units go back to open, recalled
# ones to allocated; whatever has not been handed over may be cancelled; carry-out goes from open at
# once, and what a vendor ships from released.
ONWARD: Mapping[Stage, frozenset[Stage]] = {
    Stage.OPEN: frozenset({Stage.ALLOCATED, Stage.BACKORDERED, Stage.HANDED_OVER, Stage.CANCELLED}),
    Stage.BACKORDERED: frozenset({Stage.OPEN, Stage.ALLOCATED, Stage.CANCELLED}),
    Stage.ALLOCATED: frozenset({Stage.RELEASED, Stage.OPEN, Stage.CANCELLED}),
    Stage.RELEASED: frozenset(
        {Stage.PICKED, Stage.HANDED_OVER, Stage.ALLOCATED, Stage.OPEN, Stage.CANCELLED}
    ),
    Stage.PICKED: frozenset({Stage.PACKED, Stage.ALLOCATED, Stage.OPEN, Stage.CANCELLED}),
    Stage.PACKED: frozenset({Stage.PACKED, Stage.HANDED_OVER, Stage.OPEN, Stage.CANCELLED}),
    Stage.HANDED_OVER: frozenset({Stage.DELIVERED}),
    Stage.DELIVERED: frozenset(),
    Stage.CANCELLED: frozenset(),
}

# Stages in which stock at a location is allocated to the line.
HOLDS_STOCK = frozenset({Stage.ALLOCATED, Stage.RELEASED, Stage.PICKED, Stage.PACKED})
GONE = frozenset({Stage.HANDED_OVER, Stage.DELIVERED})
AT_A_LOCATION = HOLDS_STOCK | GONE
# Work that a stop still calls back.
RECALLED = (Stage.RELEASED, Stage.PICKED)
SETTLED = GONE | {Stage.CANCELLED}
# A cancellation takes what has cost the least work first.
CANCEL_FIRST = (
    Stage.BACKORDERED,
    Stage.OPEN,
    Stage.ALLOCATED,
    Stage.RELEASED,
    Stage.PICKED,
    Stage.PACKED,
)


class Bucket(msgspec.Struct, frozen=True):
    """Units of a line that are in the same place and stage."""

    line_id: UUID
    location_id: UUID
    stage: Stage
    quantity: int


class Move(msgspec.Struct, frozen=True):
    """Units of a line that go from one bucket to another.

    Args:
        line_id: the line.
        from_location_id: where they are, NOWHERE before a location is chosen.
        from_stage: how far they are.
        to_location_id: where they will be.
        to_stage: how far they will be.
        quantity: how many units.
        cause: what moves them, such as ``fulfillment:018f...``.
    """

    line_id: UUID
    from_location_id: UUID
    from_stage: Stage
    to_location_id: UUID
    to_stage: Stage
    quantity: int
    cause: str


class IllegalMove(Exception):
    """Code asked for a move that the table of stages does not know: a defect, not a refusal."""


class Buckets:
    """The buckets of some lines, changed in memory by moves.

    Args:
        buckets: all buckets of the lines in question.
    """

    def __init__(self, buckets: Iterable[Bucket]) -> None:
        # By line, then stage, then location: most questions are about a stage wherever it is, and
        # the hash of an identifier takes long.
        self._units: dict[UUID, dict[Stage, dict[UUID, int]]] = {}
        for bucket in buckets:
            mine = self._units.setdefault(bucket.line_id, {})
            mine.setdefault(bucket.stage, {})[bucket.location_id] = bucket.quantity
        self._added: list[UUID] = []
        self._moves: list[Move] = []

    def units(self, line_id: UUID, stage: Stage, location_id: UUID | None = None) -> int:
        """Return the units of a line in a stage, at one location or at all."""
        there = self._units.get(line_id, {}).get(stage)
        if not there:
            return 0
        return sum(there.values()) if location_id is None else there.get(location_id, 0)

    def units_in(
        self, line_id: UUID, stages: Container[Stage], location_id: UUID | None = None
    ) -> int:
        """Return the units of a line in any of some stages, at one location or at all."""
        total = 0
        for stage, there in self._units.get(line_id, {}).items():
            if stage in stages:
                total += sum(there.values()) if location_id is None else there.get(location_id, 0)
        return total

    def by_stage(self, line_ids: Iterable[UUID]) -> Counter[Stage]:
        """Return the units of some lines in each stage."""
        found: Counter[Stage] = Counter()
        for line_id in line_ids:
            for stage, there in self._units.get(line_id, {}).items():
                found[stage] += sum(there.values())
        return found

    def total(self, line_id: UUID) -> int:
        """Return all units of a line, whatever their stage."""
        return sum(sum(there.values()) for there in self._units.get(line_id, {}).values())

    def of(self, line_id: UUID) -> list[Bucket]:
        """Return the filled buckets of a line in the order of stages."""
        filled = [
            Bucket(line_id, where, stage, quantity)
            for stage, there in self._units.get(line_id, {}).items()
            for where, quantity in there.items()
            if quantity
        ]
        if len(filled) > 1:
            filled.sort(key=lambda b: (_PLACES[b.stage], b.location_id))
        return filled

    def add_open(self, line_id: UUID, quantity: int) -> None:
        """Begin the account of a new line: all its units are open."""
        self._units[line_id] = {Stage.OPEN: {NOWHERE: quantity}}
        self._added.append(line_id)

    def can_move(self, move: Move) -> bool:
        """Tell whether the units a move wants are still there."""
        return self.units(move.line_id, move.from_stage, move.from_location_id) >= move.quantity

    def move(self, move: Move) -> None:
        """Carry out a move.

        Raises:
            IllegalMove: the stages table does not know it, or the units are not there.
        """
        if move.quantity <= 0 or move.to_stage not in ONWARD[move.from_stage]:
            raise IllegalMove(f"{move.quantity} units from {move.from_stage} to {move.to_stage}")
        if (move.to_stage in AT_A_LOCATION) == (move.to_location_id == NOWHERE):
            raise IllegalMove(f"{move.to_stage} at {move.to_location_id}")
        if not self.can_move(move):
            raise IllegalMove(f"{move.quantity} units are not {move.from_stage}")
        mine = self._units[move.line_id]
        mine[move.from_stage][move.from_location_id] -= move.quantity
        there = mine.setdefault(move.to_stage, {})
        there[move.to_location_id] = there.get(move.to_location_id, 0) + move.quantity
        self._moves.append(move)

    @property
    def moves(self) -> list[Move]:
        """The moves carried out so far, for the journal."""
        return self._moves

    def changed(self) -> list[Bucket]:
        """Return every bucket that is new or was touched by a move, as it is now."""
        touched = dict.fromkeys((line, Stage.OPEN, NOWHERE) for line in self._added)
        for move in self._moves:
            touched[move.line_id, move.from_stage, move.from_location_id] = None
            touched[move.line_id, move.to_stage, move.to_location_id] = None
        return [
            Bucket(line, where, stage, self._units[line][stage][where])
            for line, stage, where in touched
        ]


def cancelling(buckets: Buckets, line_id: UUID, quantity: int, cause: str) -> list[Move]:
    """Return the moves that cancel units of a line, least work lost first.

    Args:
        buckets: present buckets.
        line_id: the line.
        quantity: units to cancel; fewer are returned when fewer are left before hand-over.
        cause: named in the journal.
    """
    moves: list[Move] = []
    left = quantity
    for stage in CANCEL_FIRST:
        for bucket in buckets.of(line_id):
            if bucket.stage is stage and left:
                taken = min(left, bucket.quantity)
                left -= taken
                moves.append(
                    Move(line_id, bucket.location_id, stage, NOWHERE, Stage.CANCELLED, taken, cause)
                )
    return moves
