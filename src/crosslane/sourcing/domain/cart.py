"""A cart that could reach its customer in many ways: what is the same for all is found once."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import msgspec

from crosslane.carriers import Service
from crosslane.inventory import Survey
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.sourcing.domain.alone import Alone
from crosslane.sourcing.domain.arrival import arrival, has_room, local_day, ship_day
from crosslane.sourcing.domain.building import (
    line_key,
    lines_for,
    problem_for,
    reachable,
    route_of,
    routes_of,
)
from crosslane.sourcing.domain.carriage import counted
from crosslane.sourcing.domain.glance import Glance
from crosslane.sourcing.domain.order import Order
from crosslane.sourcing.domain.planning import plan_of_order
from crosslane.sourcing.domain.problem import Candidate, Line, SourcingProblem, Tariff
from crosslane.sourcing.domain.requests import SourcedMethod, SourcingRequest
from crosslane.sourcing.domain.sites import order_of
from crosslane.sourcing.domain.sourcing import foresee
from crosslane.sourcing.domain.ways import Way, room_left, way_of
from crosslane.sourcing.domain.world import Route, World

# What is sent, and the place that sends all of it, where a glance has shown that one does.
Sent = tuple[Order, Alone | None]


class _Leaves(NamedTuple):
    """A location sends everything, by whatever service.

    Args:
        day: on which it leaves.
        units_left: of the article that is scarcest there afterwards.
        parcels_left: parcels that it could still send on that day afterwards; None for any number.
        senders: itself.
    """

    day: date
    units_left: int
    parcels_left: int | None
    senders: frozenset[UUID]


class Cart:
    """What would be done about a cart; nothing is marked or kept.

    Args:
        world: what it is decided on.
        request: what is wanted, to be shipped as soon as possible; its service is the one by which
            goods would be brought to a store, the cheapest that goes there when it names none.
        survey: what is available.
    """

    def __init__(self, world: World, request: SourcingRequest, survey: Survey) -> None:
        self._world, self._survey, self._request = world, survey, request
        self._lines = {line_key(n): line.variant for n, line in enumerate(request.lines)}
        self._glance = Glance(world, request, survey)
        self._leaving: dict[tuple[UUID, int], _Leaves | None] = {}

    def deliveries(self) -> Iterator[tuple[Service, Way]]:
        """Yield what it means to ship the goods by each service that brings any of them there.

        Whatever service carries them, the same places ask the same for the goods and for a parcel,
        so this is worked out once for all that take the same lines.
        """
        found: dict[tuple[bool, ...], Sent] = {}
        heaviest = max([line.weight_grams for line in self._glance.lines], default=0)
        longest = max([line.length_mm for line in self._glance.lines], default=0)
        for service, route in routes_of(self._world, self._request):
            tariff = route.tariff
            if tariff is None:
                continue
            taken: tuple[bool, ...] = ()
            if heaviest > tariff.weight_max_grams or 0 < tariff.length_max_mm < longest:
                taken = tuple([tariff.takes(line) for line in self._glance.lines])
            if taken not in found:
                found[taken] = self._sent(self._request, route)
            way = self._carried(self._request, route, tariff, found[taken])
            if way is not None:
                yield service, way

    def fetched(self, store: Location, method: SourcedMethod) -> Way | None:
        """Return what it means to fetch the goods at a store; None when nothing goes there.

        The way tells the service by which they are brought.
        """
        at = self._request.at
        if method == "pickup":
            whole = self._glance.lying_whole(store, at)
            if whole is not None:
                ready = self._world.days.ready(store.timetable, at)
                return Way(ready, *whole) if ready is not None else None
        request = msgspec.structs.replace(self._request, method=method, store=store)
        try:
            route = route_of(self._world, request)
        except Refusal:
            return None
        if route.tariff is not None:
            return self._carried(request, route, route.tariff, self._sent(request, route))
        order = self._glance.lying(request) or order_of(self._problem(request, route))
        return self._planned(request, route, order)

    def _sent(self, request: SourcingRequest, route: Route) -> Sent:
        seen = self._glance.sent(request, route)
        if seen is None:
            return order_of(self._problem(request, route)), None
        return seen, Alone(seen) if Alone.sends(seen) else None

    def _carried(
        self, request: SourcingRequest, route: Route, tariff: Tariff, sent: Sent
    ) -> Way | None:
        """Return what it means to send goods by a tariff."""
        order, alone = sent
        tariff = counted(tariff, self._glance.settings)
        cost_milli = None if alone is None else alone.sent_milli(tariff)
        if alone is None or cost_milli is None:
            return self._planned(request, route, order.carried_by(tariff))
        at, parcels = self._world.network.by_code[alone.code], tariff.parcels(alone.weight_grams)
        return self._sent_whole(request, route, at, parcels, cost_milli)

    def _sent_whole(
        self, request: SourcingRequest, route: Route, at: Location, parcels: int, cost_milli: int
    ) -> Way | None:
        """Return what it means that a location sends everything."""
        key = at.id, parcels
        if key not in self._leaving:
            self._leaving[key] = self._leaves(at, parcels)
        leaves = self._leaving[key]
        if leaves is None:
            return None
        arrives = arrival(self._world, request, route.service, route.zone, leaves.day)
        if arrives is None:
            return None
        return Way(
            arrives,
            cost_milli,
            leaves.units_left,
            parcels,
            (),
            leaves.senders,
            leaves.parcels_left,
            (local_day(request, arrives) - leaves.day).days,
            route.service,
        )

    def _leaves(self, at: Location, parcels: int) -> "_Leaves | None":
        """Return what it means that everything leaves a location, whatever service carries it."""
        day = ship_day(self._world, self._request, at, parcels)
        if day is None or not has_room(self._world, at, day, parcels):
            return None
        limited = at.parcels_per_day is not None
        room = max(0, room_left(self._world, at, day, parcels)) if limited else None
        return _Leaves(day, self._glance.units_left(at), room, frozenset((at.id,)))

    def _planned(self, request: SourcingRequest, route: Route, order: Order) -> Way | None:
        plan = plan_of_order(self._glance.problem(request, route.tariff), order)
        found = foresee(self._world, request, route, plan)
        return way_of(self._world, self._survey, self._lines, found)

    def _problem(self, request: SourcingRequest, route: Route) -> SourcingProblem:
        """Return the whole problem of a request, where a glance does not do."""
        store = request.store
        if store is not None and request.method == "pickup":
            lines = list(self._at(store.code))
            return problem_for(self._world, request, route, {store.id: store}, lines)
        return problem_for(self._world, request, route, self._holders, self._lying)

    @cached_property
    def _holders(self) -> dict[UUID, Location]:
        return reachable(self._world, self._request, self._survey)

    @cached_property
    def _lying(self) -> list[Line]:
        """The lines with what lies anywhere."""
        known = self._glance.lines
        return lines_for(self._world, self._request, self._survey, self._holders, known)

    @cached_property
    def _by_place(self) -> list[dict[str, Candidate]]:
        return [{each.place: each for each in line.candidates} for line in self._lying]

    def _at(self, code: str) -> Iterator[Line]:
        """Yield the lines with what lies at one place."""
        for line, lying in zip(self._lying, self._by_place, strict=True):
            here = lying.get(code)
            yield msgspec.structs.replace(line, candidates=(here,) if here else ())
