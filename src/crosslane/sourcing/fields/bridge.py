"""From the planner's problems to a field: many orders' questions as one set of arrays.

The problems are those that planning itself works on (:func:`crosslane.sourcing.problems_of` makes
them from a tenant's orders), so both see the same costs: an answer costs in arrays to the milli
what the planner says of it. What hard rules drop is left out or has no way there.

Each order is a region of its own, because distance, tariff and promise are its own; a zone is one
way from a location to an order with all that a parcel costs on it. All problems must be of one
channel, one survey and one day. An order that arrays cannot tell truly is left aside, with the
reason (see :data:`ASIDE`).
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from crosslane.sourcing.domain import SourcingProblem, Tariff
from crosslane.sourcing.domain.order import Order, Site
from crosslane.sourcing.domain.sites import Sites, parcel_terms
from crosslane.sourcing.fields.field import (
    LINES_MAX,
    NO_LIMIT,
    STANDARD,
    WEIGHT_PER_KG,
    Demand,
    Field,
    Ints,
    State,
)
from crosslane.sourcing.fields.packing import UNSERVED

WEIGHT_PER_GRAM = WEIGHT_PER_KG // 1000
# More than anything costs, so that such a parcel is never sent; a dozen of them still add up.
NO_WAY_MILLI = 10**17
NO_WAY = 0

ASIDE = {
    "fetched": "nothing is carried",
    "long": f"it has more than {LINES_MAX} lines",
    "split": "a line comes from several places, or nobody holds it whole",
    "heavy": "its goods do not fit into one parcel",
    "minimum": "a vendor takes on no little order",
    "stuck": "where its units lie may not serve it any more",
    "apart": "a location may serve some of its lines and not others that it holds",
    "differs": "stock costs it something else than others",
}
"""Why an order cannot be told by arrays."""


class Bridged(msgspec.Struct, frozen=True, kw_only=True):
    """Orders' questions as arrays, and the way back.

    Args:
        field: what lies where; ways that may not be gone cost NO_WAY_MILLI.
        state: what the orders may use, all together.
        demand: the orders, each event with its own region.
        start: slot of each line where its units lie now; UNSERVED when nobody said.
        problems: number of the problem behind each event.
        locations: codes by number.
        skus: variants by number.
        split_milli: what the arrays count too much for each event that sends anything: its first
            parcel costs no split.
        aside: why other problems are not among them, by number.
    """

    field: Field
    state: State
    demand: Demand
    start: Ints
    problems: list[int]
    locations: list[str]
    skus: list[str]
    split_milli: list[int]
    aside: dict[int, str]

    def places(self, chosen: Ints, event: int) -> dict[str, str]:
        """Return the location of each SKU of an event that an answer serves, by code."""
        lines = range(self.demand.starts[event], self.demand.starts[event + 1])
        return {
            self.skus[self.demand.variant[line]]: self.locations[
                self.field.slot_location[chosen[line]]
            ]
            for line in lines
            if chosen[line] != UNSERVED
        }


class _Asked(msgspec.Struct):
    """One order on its way into arrays."""

    problem: SourcingProblem
    order: Order
    sites: dict[str, Site]
    now: Mapping[str, str]


def bridge(
    problems: Sequence[SourcingProblem], placed: Sequence[Mapping[str, str]] | None = None
) -> Bridged:
    """Return problems as arrays.

    Args:
        problems: of one channel, survey and day.
        placed: for each, the place of each line by key where its units lie now; None when they lie
            nowhere yet.
    """
    maker = _Maker()
    for number, problem in enumerate(problems):
        maker.add(number, problem, placed[number] if placed is not None else None)
    return maker.made(placed is not None)


class _Maker:
    """Collects orders, then makes the arrays."""

    def __init__(self) -> None:
        self._asked: dict[int, _Asked] = {}
        self._aside: dict[int, str] = {}
        # By SKU and place: units, and cost of each.
        self._slots: dict[str, dict[str, tuple[int, int]]] = {}
        self._room: dict[str, int] = {}
        self._late_milli = 0
        self._ways: dict[tuple[Tariff, int], int] = {}

    def add(self, number: int, problem: SourcingProblem, placed: Mapping[str, str] | None) -> None:
        """Take in a problem, or leave it aside."""
        sites = Sites(problem)
        asked = _Asked(problem, sites.order(), {site.code: site for site in sites}, {})
        reason = self._learn(asked) if placed is None else self._place(asked, placed)
        if reason:
            self._aside[number] = reason
        else:
            self._asked[number] = asked

    def _place(self, asked: _Asked, placed: Mapping[str, str]) -> str:
        """Note where the units of an order lie; return why it is left aside."""
        now: dict[str, str] = {}
        for line in asked.problem.lines:
            if now.setdefault(line.sku, placed[line.key]) != placed[line.key]:
                return "split"
        asked.now = now
        reason = self._learn(asked)
        if reason:
            return reason
        for number, piece in enumerate(asked.order.pieces):
            site = asked.sites.get(now[piece.sku])
            if site is None or number not in site.costs:
                return "stuck"
        return ""

    def _learn(self, asked: _Asked) -> str:
        """Note what an order's places cost; return why it is left aside."""
        order = asked.order
        if not all(site.carries for site in asked.sites.values()):
            return "fetched"
        if order.short or order.twins():
            return "split"
        if len(order.pieces) > LINES_MAX:
            return "long"
        if any(site.least is not None for site in asked.sites.values()):
            return "minimum"
        total = sum(piece.weight_grams for piece in order.pieces)
        if any(site.tariff.weight_max_grams < total for site in asked.sites.values()):
            return "heavy"
        found: list[tuple[str, str, int, int]] = []
        units = {
            (line.sku, candidate.place): candidate.units
            for line in asked.problem.lines
            for candidate in line.candidates
        }
        for number, piece in enumerate(order.pieces):
            for code, site in asked.sites.items():
                if number in site.costs:
                    each = site.costs[number] // piece.quantity
                    found.append((piece.sku, code, units[piece.sku, code], each))
        for sku, code, count, each in found:
            if self._slots.get(sku, {}).get(code, (count, each)) != (count, each):
                return "differs"
        for sku, code, count, each in found:
            self._slots.setdefault(sku, {})[code] = count, each
        return ""

    def made(self, placed: bool) -> Bridged:
        """Return the arrays."""
        for number, asked in list(self._asked.items()):
            self._bar(asked)
            lost = [sku for sku, code in asked.now.items() if code not in asked.sites]
            if lost:
                self._aside[number] = "apart"
                del self._asked[number]
        numbers = sorted(self._asked)
        skus = sorted(self._slots)
        places = sorted({code for slots in self._slots.values() for code in slots})
        at = {code: n for n, code in enumerate(places)}
        slots = [(sku, code) for sku in skus for code in sorted(self._slots[sku])]
        zone = np.full((len(places), max(1, len(numbers))), NO_WAY)
        for event, number in enumerate(numbers):
            self._lead(self._asked[number], zone[:, event], at)
        demand = self._demand(numbers, {sku: n for n, sku in enumerate(skus)})
        slot_of = {slot: n for n, slot in enumerate(slots)}
        start = [
            slot_of[piece.sku, asked.now[piece.sku]] if placed else UNSERVED
            for asked in (self._asked[number] for number in numbers)
            for piece in asked.order.pieces
        ]
        return Bridged(
            field=self._field(skus, places, slots, zone),
            state=State(
                np.array([self._slots[sku][code][0] for sku, code in slots], np.int64),
                np.zeros((len(places), 1), np.int64),
            ),
            demand=demand,
            start=np.array(start, np.int64),
            problems=numbers,
            locations=places,
            skus=skus,
            split_milli=[self._asked[number].order.split_milli for number in numbers],
            aside=self._aside,
        )

    def _bar(self, asked: _Asked) -> None:
        """Leave out the places that hold a line of an order which they may not serve."""
        for code, site in list(asked.sites.items()):
            for number, piece in enumerate(asked.order.pieces):
                units, _ = self._slots.get(piece.sku, {}).get(code, (0, 0))
                if number not in site.costs and units >= piece.quantity:
                    del asked.sites[code]
                    break

    def _lead(self, asked: _Asked, zone: Ints, at: Mapping[str, int]) -> None:
        """Number the ways from all places to an order."""
        settings = asked.problem.settings
        for place in asked.problem.places:
            site = asked.sites.get(place.code)
            if site is None or place.code not in at:
                continue
            late = parcel_terms(place, settings).get("late", 0)
            way = site.tariff, site.parcel_milli - late
            zone[at[place.code]] = self._ways.setdefault(way, len(self._ways) + 1)
            if place.capacity_left is not None:
                self._room[place.code] = max(0, place.capacity_left)
        if "late" in settings.terms:
            self._late_milli = max(self._late_milli, settings.late_milli)

    def _demand(self, numbers: Sequence[int], variants: Mapping[str, int]) -> Demand:
        pieces = [self._asked[number].order.pieces for number in numbers]
        events, sizes = len(numbers), [len(mine) for mine in pieces]
        return Demand(
            at=np.arange(events, dtype=np.float64),
            day=np.zeros(events, np.int64),
            place=np.arange(events),
            kind=np.full(events, STANDARD),
            starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            variant=np.array([variants[p.sku] for mine in pieces for p in mine], np.int64),
            quantity=np.array([p.quantity for mine in pieces for p in mine], np.int64),
        )

    def _field(
        self,
        skus: Sequence[str],
        places: Sequence[str],
        slots: Sequence[tuple[str, str]],
        zone: Ints,
    ) -> Field:
        weight, unserved = dict.fromkeys(skus, 0), dict.fromkeys(skus, 0)
        for asked in self._asked.values():
            for piece in asked.order.pieces:
                weight[piece.sku] = piece.weight_grams // piece.quantity * WEIGHT_PER_GRAM
                each = piece.unfilled_milli // piece.quantity
                unserved[piece.sku] = max(unserved[piece.sku], each)
        at = {code: n for n, code in enumerate(places)}
        breaks = sorted({grams for tariff, _ in self._ways for grams in tariff.weights})
        carriage = np.full((len(self._ways) + 1, len(breaks) + 1), NO_WAY_MILLI)
        per_kg = np.zeros(len(self._ways) + 1, np.int64)
        for (tariff, parcel), number in self._ways.items():
            carriage[number, : len(breaks)] = _by_break(tariff, breaks)
            carriage[number] = np.minimum(carriage[number] + parcel, NO_WAY_MILLI)
            per_kg[number] = tariff.per_kg_milli
        nothing = np.zeros(len(places), np.int64)
        return Field(
            parcel_milli=nothing,
            unit_milli=nothing,
            zone=zone,
            carriage_milli=carriage,
            per_kg_milli=per_kg,
            breaks=np.array(breaks, np.int64) * WEIGHT_PER_GRAM,
            express_milli=np.zeros_like(per_kg),
            late_milli=self._late_milli,
            weight=np.array([weight[sku] for sku in skus], np.int64),
            unserved_milli=np.array([unserved[sku] for sku in skus], np.int64),
            margin_milli=np.zeros(len(skus), np.int64),
            slot_starts=np.searchsorted([sku for sku, _ in slots], [*skus, "\U0010ffff"]),
            slot_location=np.array([at[code] for _, code in slots], np.int64),
            extra_milli=np.array([self._slots[sku][code][1] for sku, code in slots], np.int64),
            capacity=np.array(
                [self._room.get(code, NO_LIMIT) for code in places], np.int64
            ).reshape(-1, 1),
        )


def _by_break(tariff: Tariff, breaks: Sequence[int]) -> list[int]:
    """Return what a parcel costs that ends each bracket; NO_WAY_MILLI where it is too heavy."""
    prices = [*tariff.prices_milli, NO_WAY_MILLI]
    return [prices[bisect_left(tariff.weights, grams)] for grams in breaks]
