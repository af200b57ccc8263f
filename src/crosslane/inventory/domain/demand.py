"""Demand on stock: allocate, give back, pass on, ship. Decisions over a sheet, one by one.

Algorithm of an allocation: ATP of the variant at the location, over all owners, must cover the
whole quantity; then units come from the location's own stock first, the other owners after. It
refuses rather than take a part, and what it takes is never below zero ATP.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Cause, Condition, Position, Reason
from crosslane.inventory.domain.sheet import Hold, Sheet
from crosslane.inventory.errors import GroupRefused, NotAllocated, OutOfStock
from crosslane.kernel import Refusal


class AllocationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to promise units of a variant at a location to a demand line.

    Args:
        cause: the demand; its ``line`` names the order line.
        channel_id: whose ring-fence may be used; None may use none.
        promised_for: when the customer was promised it; the latest loses stock first.
        group: requests of one group are taken all or not at all.
    """

    variant_id: UUID
    location_id: UUID
    quantity: int
    cause: Cause
    channel_id: UUID | None = None
    promised_for: datetime | None = None
    group: UUID | None = None


class Slice(msgspec.Struct, frozen=True):
    """Units of one position that a request was served from."""

    position_id: UUID
    owner_id: UUID
    quantity: int
    unit_cost_milli: int | None = None


class Allocated(msgspec.Struct, frozen=True):
    """The request was taken, from these positions."""

    slices: tuple[Slice, ...]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Units a demand line gives back at a location.

    Args:
        at_most: give back what the line still has, when some of the units may have left already.
    """

    variant_id: UUID
    location_id: UUID
    quantity: int
    cause: Cause
    at_most: bool = False


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Allocated units that pass from one demand to another without leaving their location."""

    variant_id: UUID
    location_id: UUID
    quantity: int
    cause: Cause
    to: Cause
    promised_for: datetime | None = None


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """Units that have left a location: shipped, collected, or sold over the counter.

    A fact. It uses up what is allocated to the demand, then the hold when one is named, and
    takes the rest from what lies there, below zero if it must.

    Args:
        hold_id: a hold whose units were used, such as a till's offline lease.
        owner_id: whose stock the rest is; None for the location's own, then the others'.
    """

    variant_id: UUID
    location_id: UUID
    quantity: int
    cause: Cause
    occurred_at: datetime | None = None
    condition: Condition = Condition.SELLABLE
    hold_id: UUID | None = None
    owner_id: UUID | None = None


class Shipped(msgspec.Struct, frozen=True):
    """Where shipped units came from and what they cost."""

    slices: tuple[Slice, ...]


def allocate(sheet: Sheet, request: AllocationRequest) -> Allocated | Refusal:
    """Promise units to a demand line, all of them or none."""
    available = sheet.available(request.variant_id, request.location_id, request.channel_id)
    if request.quantity > available:
        return out_of_stock(request, available)
    positions = sheet.at(request.variant_id, request.location_id)
    slices: list[Slice] = []
    for position, units in _spread(positions, request.quantity, lambda p: p.free(sheet.minute)):
        sheet.change(position, reason=Reason.ALLOCATE, cause=request.cause, allocated=units)
        sheet.promised_for[(request.cause.line, position.id)] = request.promised_for
        slices.append(_slice(sheet, position, units))
    return Allocated(tuple(slices))


def release(sheet: Sheet, request: Release) -> Allocated | Refusal:
    """Give units of a demand line back to the stock of the location."""
    taken = _take_slices(sheet, request)
    if isinstance(taken, Refusal):
        return taken
    for position, units in taken:
        sheet.change(position, reason=Reason.RELEASE, cause=request.cause, allocated=-units)
    return Allocated(tuple(_slice(sheet, position, units) for position, units in taken))


def transfer(sheet: Sheet, request: Transfer) -> Allocated | Refusal:
    """Pass units from one demand line to another; the counters stay, the journal tells."""
    taken = _take_slices(sheet, request)
    if isinstance(taken, Refusal):
        return taken
    for position, units in taken:
        sheet.change(position, reason=Reason.TRANSFER, cause=request.cause, allocated=-units)
        sheet.change(position, reason=Reason.TRANSFER, cause=request.to, allocated=units)
        sheet.promised_for[(request.to.line, position.id)] = request.promised_for
    return Allocated(tuple(_slice(sheet, position, units) for position, units in taken))


def ship(sheet: Sheet, shipment: Shipment) -> Shipped:
    """Record that units have left. Never refused; a shortage shows in the sheet afterwards."""
    positions = sheet.at(shipment.variant_id, shipment.location_id, shipment.condition)
    left = shipment.quantity
    slices: list[Slice] = []

    def leave(position: Position, units: int, allocated: int = 0) -> None:
        slices.append(_slice(sheet, position, units))
        sheet.change(
            position,
            reason=Reason.SHIP,
            cause=shipment.cause,
            on_hand=-units,
            allocated=-allocated,
            occurred_at=shipment.occurred_at,
        )

    for position in positions:
        units = min(left, sheet.slices.get((shipment.cause.line, position.id), 0))
        if units:
            leave(position, units, allocated=units)
            left -= units
    hold = sheet.holds.get(shipment.hold_id) if shipment.hold_id else None
    if hold is not None and left:
        units = use_up(sheet, hold, left)
        if units:
            leave(sheet.positions[hold.position_id], units)
            left -= units
    rest = sheet.at(
        shipment.variant_id, shipment.location_id, shipment.condition, shipment.owner_id
    )
    for position, units in _spread(rest, left, lambda p: p.free(sheet.minute)):
        leave(position, units)
        left -= units
    if left:
        leave(rest[0], left)
    return Shipped(tuple(slices))


def use_up(sheet: Sheet, hold: Hold, quantity: int) -> int:
    """Take up to ``quantity`` units out of a hold that still holds; return how many."""
    if hold.state != "active":
        return 0
    units = min(quantity, hold.quantity)
    sheet.set_held(sheet.positions[hold.position_id], hold.expires_minute, -units)
    left = hold.quantity - units
    sheet.set_hold(
        msgspec.structs.replace(hold, quantity=left, state="active" if left else "confirmed")
    )
    return units


class Grouped(Protocol):
    """A request that may belong to a group."""

    @property
    def group(self) -> UUID | None: ...  # noqa: D102 - named by the class docstring


class Undoable(Protocol):
    """A sheet that can come back to a point."""

    def mark(self) -> int: ...  # noqa: D102 - named by the class docstring
    def undo(self, mark: int) -> None: ...  # noqa: D102


Table = TypeVar("Table", bound=Undoable)
Wish = TypeVar("Wish", bound=Grouped)
Granted = TypeVar("Granted")


def decide_in_groups(
    sheet: Table, requests: Sequence[Wish], decide: Callable[[Table, Wish], Granted | Refusal]
) -> list[Granted | Refusal]:
    """Decide requests in order, each group all or nothing.

    A group is decided where its first request stands. When one of it is refused, what the others
    took is taken back and they are answered with `GroupRefused`.
    """
    groups: dict[object, list[int]] = {}
    for number, request in enumerate(requests):
        groups.setdefault(request.group or number, []).append(number)
    answers: dict[int, Granted | Refusal] = {}
    for members in groups.values():
        mark = sheet.mark()
        for number in members:
            answer = decide(sheet, requests[number])
            answers[number] = answer
            if isinstance(answer, Refusal):
                sheet.undo(mark)
                answers.update({n: GroupRefused() for n in members if n != number})
                break
    return [answers[number] for number in range(len(requests))]


def out_of_stock(request: "AllocationRequest | Wanted", available: int) -> OutOfStock:
    """Return the refusal that names what is there."""
    return OutOfStock(
        variant_id=str(request.variant_id),
        location_id=str(request.location_id),
        available=max(0, available),
        quantity=request.quantity,
    )


class Wanted(Protocol):
    """Anything that asks for units of a variant at a location."""

    @property
    def variant_id(self) -> UUID: ...  # noqa: D102 - named by the class docstring
    @property
    def location_id(self) -> UUID: ...  # noqa: D102
    @property
    def quantity(self) -> int: ...  # noqa: D102


def _take_slices(
    sheet: Sheet, request: Release | Transfer
) -> list[tuple[Position, int]] | NotAllocated:
    positions = sheet.at(request.variant_id, request.location_id)
    line = request.cause.line
    taken = _spread(positions, request.quantity, lambda p: sheet.slices.get((line, p.id), 0))
    allocated = sum(units for _, units in taken)
    if allocated < request.quantity and not (isinstance(request, Release) and request.at_most):
        return NotAllocated(allocated=allocated, quantity=request.quantity)
    return taken


def _spread(
    positions: Sequence[Position], quantity: int, has: Callable[[Position], int]
) -> list[tuple[Position, int]]:
    """Take a quantity from positions in order, from each at most what it has."""
    taken: list[tuple[Position, int]] = []
    for position in positions:
        units = min(quantity, has(position))
        if units > 0:
            taken.append((position, units))
            quantity -= units
    return taken


def _slice(sheet: Sheet, position: Position, units: int) -> Slice:
    return Slice(position.id, position.key.owner_id, units, sheet.unit_cost(position))
