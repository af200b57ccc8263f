"""Who may send a cart, seen at a glance.

Of places whose parcels cost alike by weight, the first by the other costs of a parcel that has
everything and asks the least for it closes the door on those after it (see :mod:`sites`). Where
goods lie well it is one of the first, and nothing need be made of all the others. What is found is
the very order that :mod:`sites` finds, or None where that takes a closer look.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from heapq import heappop, heappush
from typing import NamedTuple
from uuid import UUID

import msgspec

from crosslane.inventory import Survey
from crosslane.kernel import MILLI_PER_MINOR
from crosslane.locations import Location, distances_metres
from crosslane.sourcing.domain.building import bare_lines, places_for, serves_here, settings_of
from crosslane.sourcing.domain.carriage import FREE, priced
from crosslane.sourcing.domain.order import Order, Piece, Site, undominated
from crosslane.sourcing.domain.problem import EXACT_PIECES_MAX, Line, SourcingProblem, Tariff
from crosslane.sourcing.domain.requests import SourcingRequest
from crosslane.sourcing.domain.rules import sound_places
from crosslane.sourcing.domain.sites import parcels_milli, piece_of, split_milli
from crosslane.sourcing.domain.world import NOTHING, Route, World

# To make more sites than this for nothing would cost as much as the closer look.
SITES_MAX = 6


class _Good(msgspec.Struct, frozen=True):
    """A line as a piece that is served whole, with its units and their scarcity by location."""

    line: Line
    piece: Piece
    stock: Mapping[UUID, int]
    scarce: Mapping[UUID, int]


class Lying(NamedTuple):
    """What it means to fetch everything in one store where it lies.

    Args:
        cost_milli: what it costs the retailer.
        units_left: of the article that is scarcest there afterwards.
    """

    cost_milli: int
    units_left: int


class Glance:
    """A cart as it is seen at a glance.

    Args:
        world: what it is decided on.
        request: what is wanted; its method, service and store are not looked at.
        survey: what is available.

    Attributes:
        settings: which costs count.
        lines: of the request, without what lies anywhere.
    """

    def __init__(self, world: World, request: SourcingRequest, survey: Survey) -> None:
        self.settings = settings = settings_of(world.policies, request)
        self.lines = bare_lines(world, request)
        self._world = world
        self._split_milli = split_milli(settings)
        self._handled = MILLI_PER_MINOR if "handling_unit" in settings.terms else 0
        self._per_km = settings.distance_milli_per_km if "distance" in settings.terms else 0
        weighs = "scarcity" in settings.terms
        self._goods = [
            _Good(
                line,
                piece_of([line], line.quantity, settings),
                survey.candidates(asked.variant.id),
                world.prices.scarcity.get(asked.variant.id, NOTHING) if weighs else NOTHING,
            )
            for line, asked in zip(self.lines, request.lines, strict=True)
        ]
        self._goods.sort(key=lambda good: good.line.sku)
        self._whole = tuple([good.piece for good in self._goods])
        self._lines_asked, self._survey = request.lines, survey
        self._clear = (
            bool(self.lines)
            and len({line.sku for line in self.lines}) == len(self.lines) <= EXACT_PIECES_MAX
            and not world.marks_down
            and request.wanted_at is None
            and not any(asked.barred or asked.only for asked in request.lines)
            and not (any(line.hazardous for line in self.lines) and world.limits_hazardous)
        )

    def problem(self, request: SourcingRequest, tariff: Tariff | None) -> SourcingProblem:
        """Return what of a request's problem a plan tells of, once its packing is known."""
        tariffs = (tariff,) if tariff else ()
        lines = tuple(self.lines)
        return SourcingProblem(request.method, request.currency, lines, (), tariffs, self.settings)

    def sent(self, request: SourcingRequest, route: Route) -> Order | None:
        """Return the order of a request whose goods are sent to its customer or its store."""
        store = request.store
        if route.tariff is None or not self._fits(request.method, route.tariff):
            return None
        holders = self._holders()
        if holders is None:
            return None
        tariff = priced(self.problem(request, route.tariff), 0)
        unit_milli = min([at.handling_unit_minor for at in holders], default=0) * self._handled
        least = [unit_milli * good.piece.quantity for good in self._goods]
        sites: list[Site] = []
        if store is not None and serves_here(request.method, store, request.at):
            sites += self._sites([(0, store.code, store)], FREE)
        for site in self._sites(self._by_parcel(request, route, holders), tariff):
            sites.append(site)
            if list(site.costs.values()) == least:
                kept, _ = undominated(sites)
                return Order(self._whole, tuple(kept), {}, self._split_milli)
            if len(sites) > SITES_MAX:
                break
        return None

    def lying(self, request: SourcingRequest) -> Order | None:
        """Return the order of a request whose goods are fetched where they lie."""
        store = request.store
        if store is None or not self._lends(store, request.at):
            return None
        pieces: list[Piece] = []
        costs: dict[int, int] = {}
        short: dict[str, int] = {}
        for good in self._goods:
            units, piece = good.stock.get(store.id, 0), good.piece
            if units < piece.quantity:
                given = units if self.settings.split_quantities else 0
                short[piece.sku] = piece.quantity - given
                if not given:
                    continue
                piece = piece_of([good.line], given, self.settings)
            costs[len(pieces)] = _cost_milli(good, store, piece.quantity, self._handled)
            pieces.append(piece)
        sites = (Site(store.code, 0, FREE, costs, {}),) if pieces else ()
        return Order(tuple(pieces), sites, short, self._split_milli)

    def lying_whole(self, store: Location, at: datetime) -> Lying | None:
        """Return what it means to fetch everything where it lies.

        None when not all of it lies there, or its plan takes a closer look.

        Args:
            store: where.
            at: business time.
        """
        if not self._lends(store, at):
            return None
        cost_milli, spare, there = 0, list[int](), store.id
        # As _cost_milli has it, without a call for each of the goods at each of ten stores.
        handling_milli = store.handling_unit_minor * self._handled
        for quantity, unfilled_milli, units_at, scarce in self._wanted:
            left = units_at(there, 0) - quantity
            cost = quantity * (handling_milli + (scarce.get(there, 0) if scarce else 0))
            # What costs more than to be left out need not be served.
            if left < 0 or cost > unfilled_milli:
                return None
            cost_milli += cost
            spare.append(left)
        return Lying(cost_milli, min(spare))

    @cached_property
    def _wanted(self) -> list[tuple[int, int, Callable[[UUID, int], int], Mapping[UUID, int]]]:
        """Of each of the goods the units, what leaving them out costs, its stock and scarcity."""
        return [
            (good.piece.quantity, good.piece.unfilled_milli, good.stock.get, good.scarce)
            for good in self._goods
        ]

    def units_left(self, at: Location) -> int:
        """Return what would be left of the scarcest article where everything is taken."""
        return min([good.stock.get(at.id, 0) - good.piece.quantity for good in self._goods])

    def _lends(self, store: Location, at: datetime) -> bool:
        """Say whether goods that lie in a store can be fetched there, without a closer look."""
        if not self._fetchable or store.id in self._world.demanding:
            return False
        return serves_here("pickup", store, at)

    @cached_property
    def _fetchable(self) -> bool:
        return self._fits("pickup", FREE)

    def _fits(self, method: str, tariff: Tariff) -> bool:
        """Say whether every line may go so, and nothing about it needs a closer look."""
        if not self._clear:
            return False
        return all(method in line.methods and tariff.takes(line) for line in self.lines)

    @cached_property
    def _ids(self) -> frozenset[UUID]:
        """Who holds any of the goods."""
        return self._survey.places([asked.variant.id for asked in self._lines_asked])

    def _holders(self) -> Collection[Location] | None:
        """Return who holds any of the goods; None where a vendor takes on no little order."""
        if not self._ids.isdisjoint(self._world.demanding):
            return None
        return self._world.holders(self._lines_asked, self._survey).values()

    def _by_parcel(
        self, request: SourcingRequest, route: Route, holders: Iterable[Location]
    ) -> Iterator[tuple[int, str, Location]]:
        """Yield those that may send, by what a parcel costs, carriage aside, then by code.

        Distance only adds to that: how far away somebody is whose parcel costs more anyway is
        worked out when all others are through, which is seldom.
        """
        key = request.at, request.method, self.settings, self._ids
        grouped = self._world.alike.get(key)
        if grouped is None:
            grouped = self._world.alike[key] = self._grouped(request, route, holders)
        store = request.store
        reached: list[tuple[int, str, Location]] = []
        for milli, alike in grouped:
            while reached and reached[0][0] < milli:
                yield heappop(reached)
            for at, far in zip(alike, self._far_milli(alike, route), strict=True):
                if store is None or at.id != store.id:
                    heappush(reached, (milli + far, at.code, at))
        while reached:
            yield heappop(reached)

    def _grouped(
        self, request: SourcingRequest, route: Route, holders: Iterable[Location]
    ) -> list[tuple[int, list[Location]]]:
        """Return those that may send, with what a parcel costs, carriage and distance aside."""
        known = self._parcels(request, route, holders)
        alike: dict[int, list[Location]] = {}
        for at in holders:
            if (milli := known[at.id]) is not None:
                alike.setdefault(milli, []).append(at)
        return sorted(alike.items())

    def _far_milli(self, locations: Sequence[Location], route: Route) -> Sequence[int]:
        """Return what a parcel from each location costs for its distance."""
        if not self._per_km or route.goal is None:
            return (0,) * len(locations)
        metres = distances_metres([at.point for at in locations], route.goal)
        return [away * self._per_km // 1000 for away in metres]

    def _parcels(
        self, request: SourcingRequest, route: Route, holders: Iterable[Location]
    ) -> Mapping[UUID, int | None]:
        """Return what a parcel costs from locations, carriage and distance aside."""
        key = request.at, request.method, self.settings
        known = self._world.parcels.setdefault(key, {})
        fresh = [at for at in holders if at.id not in known]
        if fresh:
            asked = msgspec.structs.replace(request, store=None)
            near = msgspec.structs.replace(route, goal=None)
            places = places_for(self._world, asked, near, fresh, self.settings)
            problem = self.problem(request, route.tariff)
            problem = msgspec.structs.replace(problem, places=tuple(places))
            sound = {place.code for place in sound_places(problem)}
            millis = parcels_milli(places, self.settings)
            for at, milli in zip(fresh, millis, strict=True):
                known[at.id] = milli if at.code in sound else None
        return known

    def _sites(self, places: Iterable[tuple[int, str, Location]], tariff: Tariff) -> Iterator[Site]:
        """Yield the sites of places that serve a piece, given what a parcel costs from each."""
        split = 0 if tariff is FREE else self._split_milli
        for milli, code, location in places:
            costs = {
                number: _cost_milli(good, location, good.piece.quantity, self._handled)
                for number, good in enumerate(self._goods)
                if good.stock.get(location.id, 0) >= good.piece.quantity
            }
            if costs:
                yield Site(code, milli + split, tariff, costs, {})


def _cost_milli(good: _Good, location: Location, quantity: int, handled: int) -> int:
    handling = location.handling_unit_minor * handled
    return quantity * (handling + good.scarce.get(location.id, 0))
