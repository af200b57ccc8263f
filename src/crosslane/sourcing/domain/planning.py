"""The planner: from a problem to the places that serve it."""

import msgspec

from crosslane.sourcing.domain.carriage import faster_services
from crosslane.sourcing.domain.exact import (
    UNSERVED,
    Packing,
    best_packing,
    best_sending,
    sends,
)
from crosslane.sourcing.domain.order import Order
from crosslane.sourcing.domain.problem import EXACT_PIECES_MAX, SourcingProblem
from crosslane.sourcing.domain.search import good_packing
from crosslane.sourcing.domain.sites import order_of


class Assignment(msgspec.Struct, frozen=True):
    """Units of a line that a place serves."""

    line: str
    place: str
    quantity: int


class Unfilled(msgspec.Struct, frozen=True):
    """Units of a line that nobody serves.

    Args:
        line: key of the line.
        quantity: units.
        reason: ``short`` when the places that may serve it do not hold more, ``too_costly`` when
            serving costs more than leaving it.
    """

    line: str
    quantity: int
    reason: str


class PlannedParcel(msgspec.Struct, frozen=True):
    """What one place sends together.

    Args:
        place: code of the place.
        weight_grams: of all units.
        parcels: into how many pieces of carriage it divides.
        cost_milli: handling, carriage and all other terms.
        services: delivery services it goes by when some of it goes by a faster one than was asked
            for, since that costs less than being late; else empty.
    """

    place: str
    weight_grams: int
    parcels: int
    cost_milli: int
    services: tuple[str, ...] = ()


class SourcingPlan(msgspec.Struct, frozen=True):
    """The answer to a problem.

    Args:
        assignments: by line and place.
        unfilled: by line.
        parcels: by place.
        cost_milli: of the parcels, of there being several, and of units left unserved by choice.
        bound_milli: no plan costs less; equal to the cost when the plan is proven best.
        method: ``exact`` or ``search``.
        split_milli: what the parcels beyond the first cost more, included in the cost.
    """

    assignments: tuple[Assignment, ...]
    unfilled: tuple[Unfilled, ...]
    parcels: tuple[PlannedParcel, ...]
    cost_milli: int
    bound_milli: int
    method: str
    split_milli: int = 0

    @property
    def sent_milli(self) -> int:
        """What sending costs, units that are left aside."""
        return self.split_milli + sum(parcel.cost_milli for parcel in self.parcels)

    def encode(self) -> bytes:
        """Return the plan as bytes; equal plans are equal bytes."""
        return _ENCODER.encode(self)


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")


def plan(problem: SourcingProblem) -> SourcingPlan:
    """Return the cheapest plan that obeys every hard rule.

    Proven for orders of up to EXACT_PIECES_MAX pieces (SKUs, plus the parts of those that no place
    holds whole); beyond that found by a bounded search, with its bound told.
    """
    return plan_of_order(problem, order_of(problem))


def plan_of_order(problem: SourcingProblem, order: Order) -> SourcingPlan:
    """Return the cheapest plan of a problem whose order is known.

    Args:
        problem: its lines and settings are looked at, and places that are late.
        order: the same as what is searched.
    """
    return plan_of(problem, order, packing_of(order, problem.settings.search_effort))


def packing_of(order: Order, effort: int) -> Packing:
    """Return the packing of an order by the method that its size and its splits allow."""
    found = _packing_of(order, effort)
    if not order.split_milli or not found.parcels:
        return found
    # What the first parcel does not cost; a packing that sends nothing has nothing to take off.
    least = found.bound_milli - order.split_milli
    if sends(order, found):
        cost = found.cost_milli - order.split_milli
        return msgspec.structs.replace(found, cost_milli=cost, bound_milli=least)
    if len(order.pieces) > EXACT_PIECES_MAX:
        return msgspec.structs.replace(found, bound_milli=least)
    return best_sending(order, found)


def _packing_of(order: Order, effort: int) -> Packing:
    if len(order.pieces) > EXACT_PIECES_MAX:
        return good_packing(order, effort)
    best = best_packing(order)
    if best.cost_milli == best.bound_milli:
        return best
    good = good_packing(order, effort)
    bound = max(best.bound_milli, good.bound_milli)
    better = min(best, good, key=lambda packing: packing.cost_milli)
    return msgspec.structs.replace(better, bound_milli=bound)


def plan_of(problem: SourcingProblem, order: Order, packing: Packing) -> SourcingPlan:
    """Return what a packing means for the lines of the problem."""
    parcels: list[PlannedParcel] = []
    late = {place.code: place for place in problem.places if place.overdue_days}
    carried = 0
    for parcel in packing.parcels:
        if parcel.site == UNSERVED:
            continue
        site = order.sites[parcel.site]
        weight = sum([order.pieces[number].weight_grams for number in parcel.pieces])
        divided = site.tariff.parcels(weight)
        cost = parcel.cost_milli
        if site.carries:
            carried += divided
            cost -= divided * order.split_milli
        services = faster_services(problem, late[site.code], weight) if site.code in late else ()
        parcels.append(PlannedParcel(site.code, weight, divided, cost, services))
    if len(parcels) == 1 and not order.short and len(packing.parcels) == 1:
        place = parcels[0].place
        assignments = [Assignment(line.key, place, line.quantity) for line in problem.lines]
        unfilled: list[Unfilled] = []
    else:
        assignments, unfilled = _shared(problem, order, packing)
    return SourcingPlan(
        tuple(assignments),
        tuple(unfilled),
        tuple(parcels),
        packing.cost_milli,
        packing.bound_milli,
        "exact"
        if len(order.pieces) <= EXACT_PIECES_MAX and packing.cost_milli == packing.bound_milli
        else "search",
        max(0, carried - 1) * order.split_milli,
    )


def _shared(
    problem: SourcingProblem, order: Order, packing: Packing
) -> tuple[list[Assignment], list[Unfilled]]:
    """Return what the lines get of the pieces of several places, and what they lack."""
    given: dict[str, dict[str, int]] = {}
    left_out: dict[str, int] = {}
    for parcel in packing.parcels:
        for piece in [order.pieces[number] for number in parcel.pieces]:
            if parcel.site == UNSERVED:
                left_out[piece.sku] = left_out.get(piece.sku, 0) + piece.quantity
            else:
                there, code = given.setdefault(piece.sku, {}), order.sites[parcel.site].code
                there[code] = there.get(code, 0) + piece.quantity
    assignments: list[Assignment] = []
    unfilled: list[Unfilled] = []
    missing = dict(order.short)
    # Lines of one SKU are served in the order of their keys; the last ones go short.
    for line in problem.lines:
        wanted = line.quantity
        there = given.setdefault(line.sku, {})
        for place in sorted(there):
            taken = min(wanted, there[place])
            if taken:
                assignments.append(Assignment(line.key, place, taken))
                there[place] -= taken
                wanted -= taken
        if not wanted:
            continue
        for reason, stock in (("too_costly", left_out), ("short", missing)):
            lacking = min(wanted, stock.get(line.sku, 0))
            if lacking:
                unfilled.append(Unfilled(line.key, lacking, reason))
                stock[line.sku] -= lacking
                wanted -= lacking
    return assignments, unfilled
