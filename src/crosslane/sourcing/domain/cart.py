"""A cart that could reach its customer in many ways: what is the same for all is found once."""

from collections.abc import Iterator

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
from crosslane.sourcing.domain.planning import plan, plan_by_each
from crosslane.sourcing.domain.problem import Candidate, Line
from crosslane.sourcing.domain.requests import SourcedMethod, SourcingRequest
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
        self._holders = reachable(world, request, survey)
        self._lines = lines_for(world, request, survey, self._holders)
        self._lying: list[dict[str, Candidate]] = [
            {each.place: each for each in line.candidates} for line in self._lines
        ]

    def deliveries(self) -> Iterator[tuple[Service, Foreseen]]:
        """Yield what it means to ship the goods by each service that goes there."""
        asked: list[tuple[Service, SourcingRequest, Route]] = []
        for service in self.world.book.services():
            request = msgspec.structs.replace(self._request, service=service.code)
            try:
                asked.append((service, request, route_of(self.world, request)))
            except Refusal:
                continue
        if not asked:
            return
        _, request, route = asked[0]
        problem = problem_for(self.world, request, route, self._holders, self._lines)
        plans = plan_by_each(problem, [tariff for _, _, route in asked if (tariff := route.tariff)])
        for (service, request, route), found in zip(asked, plans, strict=True):
            yield service, foresee(self.world, request, route, found)

    def fetched(self, store: Location, method: SourcedMethod) -> Foreseen | None:
        """Return what it means to fetch the goods at a store; None when nothing goes there."""
        request = msgspec.structs.replace(self._request, method=method, store=store, service="")
        try:
            route = route_of(self.world, request)
        except Refusal:
            return None
        if method == "pickup":
            locations, lines = {store.id: store}, list(self._at(store.code))
        else:
            locations, lines = self._holders, self._lines
        problem = problem_for(self.world, request, route, locations, lines)
        return foresee(self.world, request, route, plan(problem))

    def _at(self, code: str) -> Iterator[Line]:
        """Yield the lines with what lies at one place."""
        for line, lying in zip(self._lines, self._lying, strict=True):
            here = lying.get(code)
            yield msgspec.structs.replace(line, candidates=(here,) if here else ())
