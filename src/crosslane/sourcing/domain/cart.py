"""A cart that could reach its customer in many ways: what is the same for all is found once."""

from collections.abc import Iterator
from functools import cached_property
from uuid import UUID

import msgspec

from crosslane.carriers import Service
from crosslane.inventory import Survey
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.sourcing.domain.building import (
    line_key,
    lines_for,
    problem_for,
    reachable,
    route_of,
)
from crosslane.sourcing.domain.carriage import priced
from crosslane.sourcing.domain.glance import Glance
from crosslane.sourcing.domain.order import Order
from crosslane.sourcing.domain.planning import plan_of_order
from crosslane.sourcing.domain.problem import Candidate, Line, SourcingProblem
from crosslane.sourcing.domain.requests import SourcedMethod, SourcingRequest
from crosslane.sourcing.domain.sites import order_of
from crosslane.sourcing.domain.sourcing import Foreseen, foresee
from crosslane.sourcing.domain.world import Route, World


class Cart:
    """What would be done about a cart; nothing is marked or kept.

    Args:
        world: what it is decided on.
        request: what is wanted, to be shipped as soon as possible; its service is not looked at.
        survey: what is available.

    Attributes:
        lines: the variant of each line by its key in problems and plans.
    """

    def __init__(self, world: World, request: SourcingRequest, survey: Survey) -> None:
        self.world, self.survey, self._request = world, survey, request
        self.lines = {line_key(n): line.variant for n, line in enumerate(request.lines)}
        self._glance = Glance(world, request, survey)

    def deliveries(self) -> Iterator[tuple[Service, Foreseen]]:
        """Yield what it means to ship the goods by each service that goes there.

        Whatever service carries them, the same places ask the same for the goods and for a parcel,
        so this is worked out once for all that take the same lines.
        """
        orders: dict[tuple[bool, ...], Order] = {}
        for service in self.world.book.services():
            request = msgspec.structs.replace(self._request, service=service.code)
            try:
                route = route_of(self.world, request)
            except Refusal:
                continue
            tariff = route.tariff
            if tariff is None:
                continue
            taken = tuple([tariff.takes(line) for line in self._glance.lines])
            if taken not in orders:
                found = self._glance.sent(request, route)
                orders[taken] = found or order_of(self._problem(request, route))
            problem = self._glance.problem(request, tariff)
            order = orders[taken].carried_by(priced(problem, 0))
            yield service, foresee(self.world, request, route, plan_of_order(problem, order))

    def fetched(self, store: Location, method: SourcedMethod) -> Foreseen | None:
        """Return what it means to fetch the goods at a store; None when nothing goes there."""
        request = msgspec.structs.replace(self._request, method=method, store=store, service="")
        try:
            route = route_of(self.world, request)
        except Refusal:
            return None
        glance = self._glance
        order = glance.lying(request) if method == "pickup" else glance.sent(request, route)
        problem = glance.problem(request, route.tariff)
        if order is None:
            order = order_of(self._problem(request, route))
        return foresee(self.world, request, route, plan_of_order(problem, order))

    def _problem(self, request: SourcingRequest, route: Route) -> SourcingProblem:
        """Return the whole problem of a request, where a glance does not do."""
        store = request.store
        if store is not None and request.method == "pickup":
            lines = list(self._at(store.code))
            return problem_for(self.world, request, route, {store.id: store}, lines)
        return problem_for(self.world, request, route, self._holders, self._lying)

    @cached_property
    def _holders(self) -> dict[UUID, Location]:
        return reachable(self.world, self._request, self.survey)

    @cached_property
    def _lying(self) -> list[Line]:
        """The lines with what lies anywhere."""
        known = self._glance.lines
        return lines_for(self.world, self._request, self.survey, self._holders, known)

    @cached_property
    def _by_place(self) -> list[dict[str, Candidate]]:
        return [{each.place: each for each in line.candidates} for line in self._lying]

    def _at(self, code: str) -> Iterator[Line]:
        """Yield the lines with what lies at one place."""
        for line, lying in zip(self._lying, self._by_place, strict=True):
            here = lying.get(code)
            yield msgspec.structs.replace(line, candidates=(here,) if here else ())
