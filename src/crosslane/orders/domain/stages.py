"""Where the units of a line are, and how they may move: quantities in buckets, never one status.

Conservation: the ordered quantity of a line is always the sum of its buckets. A bucket is
(line, location, stage); stages before a location is chosen have NOWHERE as location.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
AT_A_LOCATION = HOLDS_STOCK | {Stage.HANDED_OVER, Stage.DELIVERED}
# Work that a stop still calls back.
RECALLED = (Stage.RELEASED, Stage.PICKED)
SETTLED = frozenset({Stage.HANDED_OVER, Stage.DELIVERED, Stage.CANCELLED})
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
        self._units: dict[UUID, dict[tuple[UUID, Stage], int]] = defaultdict(dict)
        for bucket in buckets:
            self._units[bucket.line_id][bucket.location_id, Stage(bucket.stage)] = bucket.quantity
        self._moves: list[Move] = []
        self._begun: set[UUID] = set()

    def units(self, line_id: UUID, stage: Stage, location_id: UUID | None = None) -> int:
        """Return the units of a line in a stage, at one location or at all."""
        return sum(
            quantity
            for (where, at), quantity in self._units[line_id].items()
            if at is stage and location_id in (None, where)
        )

    def total(self, line_id: UUID) -> int:
        """Return all units of a line, whatever their stage."""
        return sum(self._units[line_id].values())

    def of(self, line_id: UUID) -> list[Bucket]:
        """Return the filled buckets of a line in the order of stages."""
        order = list(Stage)
        return sorted(
            (
                Bucket(line_id, where, stage, quantity)
                for (where, stage), quantity in self._units[line_id].items()
                if quantity
            ),
            key=lambda b: (order.index(b.stage), b.location_id),
        )

    def add_open(self, line_id: UUID, quantity: int) -> None:
        """Begin the account of a new line: all its units are open."""
        self._units[line_id][NOWHERE, Stage.OPEN] = quantity
        self._begun.add(line_id)

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
        mine[move.from_location_id, move.from_stage] -= move.quantity
        target = (move.to_location_id, move.to_stage)
        mine[target] = mine.get(target, 0) + move.quantity
        self._moves.append(move)

    @property
    def moves(self) -> list[Move]:
        """The moves carried out so far, for the journal."""
        return self._moves

    def changed(self) -> list[Bucket]:
        """Return every bucket that is new or was touched by a move, as it is now."""
        touched = {(line, NOWHERE, Stage.OPEN) for line in self._begun}
        touched |= {
            key
            for m in self._moves
            for key in (
                (m.line_id, m.from_location_id, m.from_stage),
                (m.line_id, m.to_location_id, m.to_stage),
            )
        }
        return [
            Bucket(line, where, stage, self._units[line][where, stage])
            for line, where, stage in sorted(touched)
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
