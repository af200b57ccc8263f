"""What a transfer is, and what sending, arriving and giving up do to its units.

Of each line, at any time and after any sequence of facts:

    to send = requested − withdrawn − sent, never below zero
    on the way = sent − received − damaged − written off

Units on the way lie in pieces, one for each cost they left with. What arrives takes from the oldest
piece. What arrives without having been sent is a piece of nothing: below zero on its way, until a
sending turns up for it or somebody writes the difference off. So facts may come in any order.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.kernel import line_amount
from crosslane.organization import PolicyKind

TRAVEL_DAYS_MAX = 365

State = Literal["requested", "sent", "received", "closed", "cancelled"]
Deed = Literal["request", "withdraw", "send", "receive", "damage", "write_off"]


class Purpose(StrEnum):
    """Why goods are moved."""

    REPLENISH = "replenish"
    BALANCE = "balance"
    EVENT = "event"
    RECALL = "recall"
    OTHER = "other"


class Difference(StrEnum):
    """Why what arrived is not what was sent."""

    LOST = "lost"
    STOLEN = "stolen"
    BROKEN = "broken"
    MISCOUNTED = "miscounted"
    OTHER = "other"


class Travel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long goods are on their way to a location when nobody says."""

    days: Annotated[int, msgspec.Meta(ge=0, le=TRAVEL_DAYS_MAX)]


TRAVEL = PolicyKind("transfers.travel", Travel, Travel(2), scopes=("location", "tenant"))


class Piece(msgspec.Struct):
    """Units of a line that left together at one cost.

    Args:
        no: counts up within the line; the oldest arrive first.
        quantity: units that left; 0 for those that came without having been sent.
        arrived: units of it that arrived, damaged ones too.
        written_off: units that neither came nor will, negative for those that came besides.
        cost_milli: cost of a unit, 1/1000 minor unit of the new owner's book currency; None when
            nobody knows.
    """

    id: UUID
    no: int
    quantity: int
    cost_milli: int | None
    arrived: int = 0
    written_off: int = 0

    @property
    def left(self) -> int:
        """Units still on their way, below zero for those that came without having been sent."""
        return self.quantity - self.arrived - self.written_off


class Line(msgspec.Struct):
    """One article of a transfer.

    Args:
        requested: units that were asked for; 0 for an article that was sent or came besides.
        withdrawn: units of those that will not be sent.
        received: units that arrived in good order.
        damaged: units that arrived damaged.
        written_off: units that were given up on the way, negative for a surplus.
        incoming_id: what tells the destination that they come; None before anything was sent.
    """

    id: UUID
    position: int
    variant_id: UUID
    sku: str
    requested: int
    withdrawn: int = 0
    sent: int = 0
    received: int = 0
    damaged: int = 0
    written_off: int = 0
    incoming_id: UUID | None = None
    pieces: list[Piece] = []

    @property
    def to_send(self) -> int:
        """Units that are held at the source and still to be sent."""
        return max(0, self.requested - self.withdrawn - self.sent)

    @property
    def arrived(self) -> int:
        """Units that came, in whatever order they were."""
        return self.received + self.damaged

    @property
    def on_way(self) -> int:
        """Units on their way; below zero when more came than were sent."""
        return self.sent - self.arrived - self.written_off

    @property
    def announced(self) -> int:
        """Units the destination may count with in all, those that came included."""
        return self.arrived + max(0, self.on_way)


class Transfer(msgspec.Struct, kw_only=True):
    """Stock that one location sends to another.

    Args:
        owner_id: legal entity that owns the goods once they have left.
        expected_on: day from which they can be promised at the destination.
        purpose: why they are moved, and in words in ``note``.
        requested_by: who asked for it, as ``kind:id``.
        changed_at: instant of the last change; never earlier than the one before.
        ended_at: since when it is closed or cancelled.
        version: counts up with each change.
    """

    id: UUID
    number: str
    source_id: UUID
    destination_id: UUID
    owner_id: UUID
    state: State = "requested"
    purpose: Purpose = Purpose.REPLENISH
    note: str = ""
    expected_on: date
    requested_by: str
    requested_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    version: int = 1
    lines: list[Line] = []

    def line_of(self, variant_id: UUID) -> Line | None:
        """Return the line of a variant."""
        return next((line for line in self.lines if line.variant_id == variant_id), None)

    @property
    def to_send(self) -> int:
        """Units still to be sent."""
        return sum(line.to_send for line in self.lines)

    @property
    def on_way(self) -> int:
        """Units on their way; what came besides is not taken off."""
        return sum(max(0, line.on_way) for line in self.lines)

    @property
    def transit_minor(self) -> int:
        """What is on the way is worth, in minor units of the owner's book currency."""
        return sum(
            line_amount(piece.cost_milli, piece.left)
            for line in self.lines
            for piece in line.pieces
            if piece.cost_milli
        )


class Leaving(msgspec.Struct, frozen=True):
    """Units that leave at one cost, and the identifier of the piece they become."""

    piece_id: UUID
    quantity: int
    cost_milli: int | None


class Coming(msgspec.Struct, frozen=True):
    """Units that arrive at one cost."""

    quantity: int
    cost_milli: int | None


def state_of(transfer: Transfer) -> State:
    """Return how a transfer stands by what has become of its units."""
    lines = transfer.lines
    if not any(line.sent or line.arrived for line in lines):
        return "requested" if transfer.to_send else "cancelled"
    if not transfer.to_send and not any(line.on_way for line in lines):
        return "closed"
    return "received" if any(line.arrived for line in lines) else "sent"


def send(line: Line, leaving: Sequence[Leaving]) -> None:
    """Let units leave; those that came before their sending was told of have arrived already."""
    for part in leaving:
        line.sent += part.quantity
        piece = Piece(part.piece_id, len(line.pieces) + 1, part.quantity, part.cost_milli)
        for early in line.pieces:
            units = min(piece.left, -early.left)
            if units > 0:
                piece.arrived += units
                early.arrived -= units
        line.pieces.append(piece)


def arrive(
    line: Line, quantity: int, *, besides: UUID, damaged: bool = False, settled: bool = False
) -> list[Coming]:
    """Let units arrive, the oldest piece first, and return at which cost.

    Args:
        line: of which.
        quantity: units.
        besides: identifier of the piece of those that were not sent, if there are any.
        damaged: they came damaged.
        settled: the transfer was closed, so that they come back from what was written off.
    """
    coming: list[Coming] = []
    left = quantity
    for piece in line.pieces:
        units = min(left, piece.written_off if settled else piece.left)
        if units <= 0:
            continue
        piece.arrived += units
        if settled:
            piece.written_off -= units
        coming.append(Coming(units, piece.cost_milli))
        left -= units
    if left:
        cost = line.pieces[-1].cost_milli if line.pieces else None
        piece = Piece(besides, len(line.pieces) + 1, 0, cost, arrived=left)
        if settled:
            piece.written_off = -left
        line.pieces.append(piece)
        coming.append(Coming(left, cost))
    if damaged:
        line.damaged += quantity
    else:
        line.received += quantity
    if settled:
        line.written_off -= quantity
    return coming


def withdraw(line: Line, quantity: int | None = None) -> int:
    """Give up units that were to be sent, all of them when no quantity is named; return them."""
    units = line.to_send if quantity is None else min(quantity, line.to_send)
    line.withdrawn += units
    return units


def write_off(line: Line) -> int:
    """Expect nothing more of a line; return the units lost, below zero for a surplus."""
    units = line.on_way
    for piece in line.pieces:
        piece.written_off += piece.left
    line.written_off += units
    return units


def pieces_of(transfer: Transfer) -> Iterator[tuple[Line, Piece]]:
    """Yield every piece with its line."""
    for line in transfer.lines:
        for piece in line.pieces:
            yield line, piece
