"""From a request to a problem: which places, at what cost, with what units. Nothing here waits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.carriers import RateBook
from crosslane.catalog import methods_allowed
from crosslane.inventory import Survey
from crosslane.kernel import MILLI_PER_MINOR
from crosslane.locations import CapacityKey, Location, Network, Point, distance_metres, position_of
from crosslane.organization import PolicyBook
from crosslane.sourcing.domain.calendar import DaysAt, DispatchDays
from crosslane.sourcing.domain.policies import SETTINGS
from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
)
from crosslane.sourcing.domain.requests import LineAsked, SourcingRequest
from crosslane.sourcing.errors import NoDeliveryService, NotDelivered

# The weight for which the cheapest service is chosen when a request names none.
TYPICAL_PARCEL_GRAMS = 1_000
UNABLE: frozenset[str] = frozenset()
# Where a variant lies at one in so many of the locations, those few are sorted; else all are asked.
SPARSE = 4


class Route(msgspec.Struct, frozen=True):
    """How the parcels of a request travel.

    Args:
        service: code of the delivery service; "" when nothing is carried.
        zone: zone of the destination.
        tariff: what it costs; None when nothing is carried.
        goal: where it is, None when unknown.
    """

    service: str
    zone: str
    tariff: Tariff | None
    goal: Point | None


class World(msgspec.Struct):
    """What a batch is decided on.

    Args:
        network: the locations.
        book: carriers and prices.
        policies: what the retailer has decided.
        days: days of dispatch.
        taken: parcels of each location's day, those of the batch's earlier plans included.
        instants: the days of the instants that were asked for.
        held: the lines that were asked for, by identity, with the locations that hold any.
    """

    network: Network
    book: RateBook
    policies: PolicyBook
    days: DispatchDays
    taken: dict[CapacityKey, int]
    instants: dict[datetime, DaysAt] = {}
    held: dict[int, tuple[Sequence[LineAsked], dict[UUID, Location]]] = {}

    def use(self, location_id: UUID, day: date, parcels: int) -> None:
        """Count parcels of a plan against a location's day."""
        self.taken[location_id, day] = self.taken.get((location_id, day), 0) + parcels

    def days_at(self, at: datetime) -> DaysAt:
        """Return the days on which locations send what is released at an instant."""
        if at not in self.instants:
            self.instants[at] = DaysAt(self.days, at)
        return self.instants[at]

    def holders(self, lines: Sequence[LineAsked], survey: Survey) -> dict[UUID, Location]:
        """Return the locations that hold any of the goods asked for, by code.

        They are found once: as plans only take from a survey, some may have none left by now.
        """
        known = self.held.get(id(lines))
        if known is None:
            ids: set[UUID] = set()
            ids.update(*(survey.candidates(line.variant.id) for line in lines))
            by_id = self.network.by_id.get
            found = [(location.code, each, location) for each in ids if (location := by_id(each))]
            found.sort()
            known = lines, {each: location for _, each, location in found}
            self.held[id(lines)] = known
        return known[1]


def reachable(world: World, request: SourcingRequest, survey: Survey) -> dict[UUID, Location]:
    """Return the locations that may have any of the request's goods, by code."""
    if request.method == "pickup":
        return {request.store.id: request.store} if request.store else {}
    return world.holders(request.lines, survey)


def capacity_keys(world: World, request: SourcingRequest, survey: Survey) -> Iterable[CapacityKey]:
    """Yield the counters that limit what the request's locations can send."""
    if request.method == "pickup":
        return
    day_of = world.days_at(request.at).of
    for location in world.holders(request.lines, survey).values():
        if location.parcels_per_day is not None and location.can("ship"):
            day = day_of(location.timetable)
            if day is not None:
                yield location.id, day


def route_of(world: World, request: SourcingRequest) -> Route:
    """Return how the request's parcels travel.

    Raises:
        ServiceUnknown: no carrier has the service.
        NotDelivered: the service does not go there.
        NoDeliveryService: the request names none, and none goes there.
    """
    if request.method == "pickup":
        return Route("", "", None, None)
    country, postcode = request.country, request.postcode
    goal = None
    if request.store is not None:
        country, postcode = request.store.country, request.store.postcode
        goal = request.store.point
    elif postcode:
        goal = position_of(country, postcode)
    day = request.at.date()
    service = request.service or _cheapest(world.book, country, postcode, day)
    zone = world.book.zone(service, country, postcode)
    found = world.book.tariff(service, zone, day) if zone is not None else None
    if zone is None or found is None:
        raise NotDelivered(service=service, country=country)
    sold = world.book.service(service)
    weights, prices = _up_to(sold.weight_max_grams, found.weights, found.prices)
    tariff = Tariff(weights, prices, length_max_mm=sold.length_max_mm)
    return Route(service, zone, tariff, goal)


def _cheapest(book: RateBook, country: str, postcode: str, day: date) -> str:
    quotes = book.quotes(country, postcode, TYPICAL_PARCEL_GRAMS, day)
    if not quotes:
        raise NoDeliveryService(country=country)
    usual = [quote for quote in quotes if quote.speed != "express"]
    return (usual or quotes)[0].service


def _up_to(
    weight_max_grams: int, weights: tuple[int, ...], prices_minor: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the brackets up to the heaviest parcel that a service takes, in milli."""
    kept: list[int] = []
    for weight in weights:
        kept.append(min(weight, weight_max_grams))
        if weight >= weight_max_grams:
            break
    return tuple(kept), tuple(price * MILLI_PER_MINOR for price in prices_minor[: len(kept)])


def line_key(number: int) -> str:
    """Return the short name of a line in problem and receipt: 0001 for the request's first."""
    return f"{number + 1:04}"


def problem_for(
    world: World,
    request: SourcingRequest,
    survey: Survey,
    route: Route,
    locations: Mapping[UUID, Location],
) -> SourcingProblem:
    """Return the planner's problem of a request.

    Args:
        world: what the batch is decided on.
        request: as asked.
        survey: what is available.
        route: how the parcels travel.
        locations: those that may have any of the goods, by code.
    """
    settings, _ = world.policies.resolve(
        SETTINGS, request.at, channel=request.channel.code, brand=request.channel.brand
    )
    lines = _lines(world, request, survey, locations)
    if request.method == "pickup":
        named = {location.code for location in locations.values()}
    else:
        named = {each.place for line in lines for each in line.candidates}
    left = [location for location in locations.values() if location.code in named]
    # In canonical order as it is: keys rise with the lines, locations come by code.
    return SourcingProblem(
        request.method,
        request.currency,
        tuple(lines),
        tuple(_places(world, request, route, left, settings)),
        (route.tariff,) if route.tariff else (),
        settings,
    )


def _lines(
    world: World, request: SourcingRequest, survey: Survey, locations: Mapping[UUID, Location]
) -> list[Line]:
    lines: list[Line] = []
    methods: dict[tuple[str, ...], frozenset[str]] = {}
    codes = {each: location.code for each, location in locations.items()}
    for number, asked in enumerate(request.lines):
        variant = asked.variant
        if variant.category_path not in methods:
            allowed, _ = methods_allowed(world.policies, variant, request.channel, request.at)
            methods[variant.category_path] = frozenset(allowed)
        barred = asked.barred and asked.barred & locations.keys()
        lines.append(
            Line(
                key=line_key(number),
                sku=variant.sku,
                quantity=asked.quantity,
                candidates=_candidates(survey.candidates(variant.id), codes),
                weight_grams=variant.weight_grams,
                length_mm=variant.length_mm,
                methods=methods[variant.category_path],
                barred=frozenset(locations[each].code for each in barred) if barred else UNABLE,
            )
        )
    return lines


def _candidates(stock: Mapping[UUID, int], codes: Mapping[UUID, str]) -> tuple[Candidate, ...]:
    """Return the units of a variant by code, given the codes of locations in their order."""
    if len(stock) * SPARSE < len(codes):
        found = sorted([(code, n) for each, n in stock.items() if (code := codes.get(each))])
        return tuple([Candidate(code, units) for code, units in found])
    units_at = stock.get
    return tuple([Candidate(code, n) for each, code in codes.items() if (n := units_at(each))])


def _places(
    world: World,
    request: SourcingRequest,
    route: Route,
    locations: Iterable[Location],
    settings: SourcingSettings,
) -> list[Place]:
    day_of, taken = world.days_at(request.at).of, world.taken
    goal = route.goal if settings.distance_milli_per_km else None
    able = frozenset({request.method})
    store = request.store
    places: list[Place] = []
    for location in locations:
        here = store is not None and store.id == location.id
        # Goods that lie in the store where they are fetched need no parcel.
        carried = route.tariff is not None and not here
        sends = not carried or location.kind in settings.senders
        distance, left = 0, None
        if carried:
            if location.parcels_per_day is not None:
                day = day_of(location.timetable)
                if day is not None:
                    left = location.parcels_per_day - taken.get((location.id, day), 0)
            if goal is not None and sends:
                distance = distance_metres(location.point, goal)
        places.append(
            Place(
                location.code,
                able if _serves(request, location, here=here) else UNABLE,
                0 if carried else NO_CARRIAGE,
                distance,
                location.handling_parcel_minor * MILLI_PER_MINOR if carried else 0,
                location.handling_unit_minor * MILLI_PER_MINOR,
                left,
                active=location.active,
                open=location.timetable.closure is None or _is_open(request, location),
                sends=sends,
            )
        )
    return places


def _serves(request: SourcingRequest, location: Location, *, here: bool) -> bool:
    """Say whether the location can do its part in the request's method.

    A vendor sends to customers only: what it sends to a store would be stock of ours on the way.
    """
    if location.kind == "vendor" and request.method != "ship":
        return False
    needed = "ship" if request.method == "ship_to_store" and not here else request.method
    if needed in location.abilities:
        return True
    return here and request.method == "ship_to_store" and "pickup" in location.abilities


def _is_open(request: SourcingRequest, location: Location) -> bool:
    closure = location.timetable.closure
    if closure is None or request.at < closure.since:
        return True
    return closure.until is not None and closure.until <= request.at
