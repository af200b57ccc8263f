"""Deciding one request: build the problem, plan it, say when the customer has the goods."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.inventory import Survey
from crosslane.locations import Location
from crosslane.sourcing.domain.building import (
    line_key,
    lines_for,
    problem_for,
    reachable,
    route_of,
)
from crosslane.sourcing.domain.planning import SourcingPlan
from crosslane.sourcing.domain.problem import SourcingProblem
from crosslane.sourcing.domain.promising import promised_at, ship_days
from crosslane.sourcing.domain.receipt import Glimpsed, Receipt
from crosslane.sourcing.domain.requests import Sourced, SourcingRequest
from crosslane.sourcing.domain.world import Route, World


class Foreseen(msgspec.Struct, frozen=True):
    """What a plan means for the customer.

    Args:
        request: as asked.
        route: how the parcels travel.
        plan: who sends what.
        locations: those it uses, by code.
        ship_days: day on which each of them sends.
        promised_at: when the customer has everything that is served; None when not in sight.
    """

    request: SourcingRequest
    route: Route
    plan: SourcingPlan
    locations: Mapping[str, Location]
    ship_days: Mapping[UUID, date]
    promised_at: datetime | None


class Question(msgspec.Struct, frozen=True):
    """What the planner is asked about a request, and what its answer is read with."""

    route: Route
    problem: SourcingProblem


def question_of(
    world: World, request: SourcingRequest, survey: Survey, route: Route | None = None
) -> Question:
    """Return what the planner is asked about a request; nothing is marked or kept.

    Args:
        world: what it is decided on.
        request: as asked.
        survey: what is available.
        route: how its parcels travel, where it is known.

    Raises:
        ServiceUnknown: no carrier has the service.
        NotDelivered: the service does not go there.
        NoDeliveryService: the request names none, and none goes there.
    """
    route = route or route_of(world, request)
    locations = reachable(world, request, survey)
    lines = lines_for(world, request, survey, locations)
    return Question(route, problem_for(world, request, route, locations, lines))


def foresee(world: World, request: SourcingRequest, route: Route, plan: SourcingPlan) -> Foreseen:
    """Return what a plan of a request means; nothing is marked or kept."""
    senders = sorted({assignment.place for assignment in plan.assignments})
    used = {code: world.network.by_code[code] for code in senders}
    parcels: dict[str, int] = {}
    services: dict[str, tuple[str, ...]] = {}
    for parcel in plan.parcels:
        parcels[parcel.place] = parcels.get(parcel.place, 0) + parcel.parcels
        if parcel.services:
            services[parcel.place] = parcel.services
    days = ship_days(world, request, used.values(), parcels)
    promise = promised_at(world, request, route, used.values(), days, services)
    return Foreseen(request, route, plan, used, days, promise)


def sourced(
    world: World,
    request: SourcingRequest,
    survey: Survey,
    route: Route,
    receipt: Receipt | Glimpsed,
    receipt_id: UUID,
) -> Sourced:
    """Return what the decision on a request means, and mark what it uses.

    Later requests do not count on that any more.
    """
    if request.before_milli is not None:
        receipt = msgspec.structs.replace(receipt, before_milli=request.before_milli)
    plan = receipt.plan
    found = foresee(world, request, route, plan)
    parcels: Counter[UUID] = Counter()
    room: int | None = None
    for parcel in plan.parcels:
        location = found.locations[parcel.place]
        if location.id in found.ship_days:
            parcels[location.id] += parcel.parcels
            taken = world.use(location.id, found.ship_days[location.id], parcel.parcels)
            if (limit := location.parcels_per_day) is not None:
                room = limit - taken if room is None else min(room, limit - taken)
    lines = {line_key(number): line for number, line in enumerate(request.lines)}
    placed: list[tuple[UUID, UUID, int]] = []
    for given in plan.assignments:
        line, location = lines[given.line], found.locations[given.place]
        survey.take(line.variant.id, location.id, given.quantity)
        placed.append((line.key, location.id, given.quantity))
    return Sourced(
        request=request,
        placed=placed,
        unfilled=[(lines[left.line].key, left.quantity, left.reason) for left in plan.unfilled],
        receipt_id=receipt_id,
        receipt=receipt,
        service=route.service,
        services=_upgraded(found),
        ship_days=found.ship_days,
        parcels=parcels,
        room=room,
        promised_at=found.promised_at,
        cost_milli=plan.cost_milli,
    )


def _upgraded(found: Foreseen) -> dict[UUID, str]:
    """Return the faster service by which a location sends.

    What one location works on for an order goes by one service: by the faster one, even if some of
    its parcels would have gone by the service asked for.
    """
    upgraded: dict[UUID, str] = {}
    for parcel in found.plan.parcels:
        for service in parcel.services:
            if service != found.route.service:
                upgraded[found.locations[parcel.place].id] = service
    return upgraded
