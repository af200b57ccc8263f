"""Building the planner's problem out of stock, network and rates."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from crosslane import locations
from crosslane.carriers import RateBook, ServiceUnknown
from crosslane.inventory import Survey
from crosslane.kernel import MILLI_PER_MINOR
from crosslane.locations import Location, Network, Point
from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Candidate,
    Line,
    Place,
    SourcingProblem,
    Tariff,
    problem_of,
)
from crosslane.sourcing.service.requests import LineAsked, SourcingRequest

# What a location must be able to do to serve each method.
ABILITY_OF_SENDER = {"ship": "ship", "pickup": "pickup", "ship_to_store": "ship"}


class Surroundings:
    """What problems are built from; remembers the capacity that earlier plans use.

    Args:
        network: all locations.
        rates: all carriers.
        survey: stock, with marks of what is used.
        free: parcels left by location and day, where that is limited.
    """

    def __init__(
        self,
        network: Network,
        rates: RateBook,
        survey: Survey,
        free: dict[tuple[UUID, date], int],
    ) -> None:
        self.network = network
        self.rates = rates
        self.survey = survey
        self.free = free

    def use_capacity(self, location_id: UUID, day: date, parcels: int) -> None:
        """Count parcels of a plan."""
        if (location_id, day) in self.free:
            self.free[location_id, day] -= parcels


def capacity_day(request: SourcingRequest) -> date:
    """Return the local day of the sale, from whose capacity its parcels are taken."""
    return request.at.astimezone(ZoneInfo(request.channel.timezone)).date()


def build_problem(request: SourcingRequest, around: Surroundings) -> SourcingProblem:
    """Return the planner's problem for a request.

    Raises:
        ServiceUnknown: the service does not exist or does not go to that address.
    """
    lines = [_line(request, line, around) for line in request.lines]
    codes = {candidate.place for line in lines for candidate in line.candidates}
    places_at = [around.network.by_code[code] for code in sorted(codes)]
    destination = destination_of(request)
    places = [_place(request, at, destination, around) for at in places_at]
    return problem_of(request.method, request.currency, lines, places, _tariffs(request, around))


def destination_of(request: SourcingRequest) -> Point | None:
    """Return where the goods go, or None when the postcode is unknown."""
    if request.store is not None:
        return request.store.point
    return locations.position_of(request.country, request.postcode)


def _line(request: SourcingRequest, line: LineAsked, around: Surroundings) -> Line:
    found = around.survey.candidates(line.variant.id)
    if request.method == "pickup" and request.store is not None:
        here = found.get(request.store.id, 0)
        found = {request.store.id: here} if here else {}
    barred = {around.network.by_id[location_id].code for location_id in line.barred}
    return Line(
        key=str(line.key),
        sku=line.variant.sku,
        quantity=line.quantity,
        candidates=tuple(
            Candidate(place=around.network.by_id[location_id].code, units=units)
            for location_id, units in found.items()
        ),
        weight_grams=line.variant.weight_grams,
        length_mm=line.variant.length_mm,
        methods=frozenset({request.method}),
        barred=frozenset(barred),
    )


def _place(
    request: SourcingRequest, at: Location, destination: Point | None, around: Surroundings
) -> Place:
    serves = at.can(ABILITY_OF_SENDER[request.method])
    closure = at.timetable.closure
    closed = (
        closure is not None
        and closure.since <= request.at
        and (closure.until is None or closure.until > request.at)
    )
    distance = locations.distance_metres(at.point, destination) if destination else 0
    return Place(
        code=at.code,
        serves=frozenset({request.method}) if serves else frozenset(),
        tariff=NO_CARRIAGE if request.method == "pickup" else 0,
        distance_metres=distance,
        handling_parcel_milli=at.handling_parcel_minor * MILLI_PER_MINOR,
        handling_unit_milli=at.handling_unit_minor * MILLI_PER_MINOR,
        capacity_left=around.free.get((at.id, capacity_day(request))),
        active=at.active,
        open=not closed,
    )


def _tariffs(request: SourcingRequest, around: Surroundings) -> list[Tariff]:
    """Return what carriage to the destination costs; every location sends at the same tariff."""
    if request.method == "pickup":
        return []
    country, postcode = request.country, request.postcode
    if request.store is not None:
        country, postcode = request.store.country, request.store.postcode
    service = around.rates.service(request.service)
    zone = around.rates.zone(request.service, country, postcode)
    priced = around.rates.tariff(request.service, zone, capacity_day(request)) if zone else None
    if priced is None:
        raise ServiceUnknown(pointer="/service", service=request.service)
    return [
        Tariff(
            weights=priced.weights,
            prices_milli=tuple(price * MILLI_PER_MINOR for price in priced.prices),
            length_max_mm=service.length_max_mm,
        )
    ]
