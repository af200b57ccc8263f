"""From a request to a problem: which places, at what cost, with what units. Nothing here waits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from uuid import UUID

import msgspec

from crosslane.carriers import RateBook, Service
from crosslane.catalog import Variant, methods_allowed
from crosslane.inventory import Survey
from crosslane.kernel import MILLI_PER_MINOR
from crosslane.locations import CapacityKey, Location, Point, distances_metres, position_of
from crosslane.organization import PolicyBook
from crosslane.sourcing.domain.arrival import Lateness
from crosslane.sourcing.domain.policies import SETTINGS
from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Candidate,
    Faster,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
)
from crosslane.sourcing.domain.requests import LineAsked, SourcedMethod, SourcingRequest
from crosslane.sourcing.domain.stood import Today
from crosslane.sourcing.domain.tariffs import tariff_of
from crosslane.sourcing.domain.world import Route, World
from crosslane.sourcing.errors import NoDeliveryService, NotDelivered

# The weight for which the cheapest service is chosen when a request names none.
TYPICAL_PARCEL_GRAMS = 1_000
UNABLE: frozenset[str] = frozenset()
NO_FASTER: tuple[Faster, ...] = ()
NOT_CARRIED = Route("", "", None, None)
# Where a variant lies at one in so many of the locations, those few are sorted; else all are asked.
SPARSE = 4


def reachable(world: World, request: SourcingRequest, survey: Survey) -> dict[UUID, Location]:
    """Return the locations that may have any of the request's goods, by code."""
    if request.method == "pickup":
        return {request.store.id: request.store} if request.store else {}
    return world.holders(request.lines, survey)


def capacity_keys(
    world: World, requests: Iterable[SourcingRequest], survey: Survey
) -> set[CapacityKey]:
    """Return the counters that limit what the locations of some requests can send."""
    goods: dict[datetime, set[UUID]] = {}
    for request in requests:
        if request.method != "pickup":
            goods.setdefault(request.at, set()).update([line.variant.id for line in request.lines])
    keys: set[CapacityKey] = set()
    by_id = world.network.by_id.get
    for at, variants in goods.items():
        day_of = world.days_at(at).of
        for each in survey.places(variants):
            location = by_id(each)
            if location is None or location.parcels_per_day is None or not location.can("ship"):
                continue
            day = day_of(location.timetable)
            if day is not None:
                keys.add((location.id, day))
    return keys


def route_of(world: World, request: SourcingRequest) -> Route:
    """Return how the request's parcels travel.

    Raises:
        ServiceUnknown: no carrier has the service.
        NotDelivered: the service does not go there.
        NoDeliveryService: the request names none, and none goes there.
    """
    if request.method == "pickup":
        return NOT_CARRIED
    country, postcode = request.destination
    day = request.at.date()
    service = request.service or _cheapest(world, country, postcode, day)
    found = _carried(world.book, service, country, postcode, day)
    if found is None:
        raise NotDelivered(service=service, country=country)
    return Route(service, *found, _goal(request), country, postcode)


def routes_of(world: World, request: SourcingRequest) -> Iterator[tuple[Service, Route]]:
    """Yield every service that goes where a request does, by code, and how parcels travel by it.

    Args:
        world: what it is decided on.
        request: not to be fetched where the goods lie; its service is not looked at.
    """
    country, postcode = request.destination
    goal, day, book = _goal(request), request.at.date(), world.book
    for service, zone in book.services_to(country, postcode):
        tariff = tariff_of(book, service.code, zone, day)
        if tariff is not None:
            yield service, Route(service.code, zone, tariff, goal, country, postcode)


def _goal(request: SourcingRequest) -> Point | None:
    if request.store is not None:
        return request.store.point
    return position_of(request.country, request.postcode) if request.postcode else None


def _carried(
    book: RateBook, service: str, country: str, postcode: str, day: date
) -> tuple[str, Tariff] | None:
    """Return zone and tariff of a destination, None when the service does not go there."""
    zone = book.zone(service, country, postcode)
    tariff = None if zone is None else tariff_of(book, service, zone, day)
    return None if zone is None or tariff is None else (zone, tariff)


def _cheapest(world: World, country: str, postcode: str, day: date) -> str:
    key = country, postcode, day
    known = world.cheapest.get(key)
    if known is not None:
        return known
    quotes = world.book.quotes(country, postcode, TYPICAL_PARCEL_GRAMS, day)
    if not quotes:
        raise NoDeliveryService(country=country)
    usual = [quote for quote in quotes if quote.speed != "express"]
    world.cheapest[key] = (usual or quotes)[0].service
    return world.cheapest[key]


def line_key(number: int) -> str:
    """Return the short name of a line in problem and receipt: 0001 for the request's first."""
    return f"{number + 1:04}"


def settings_of(policies: PolicyBook, request: SourcingRequest) -> SourcingSettings:
    """Return which costs count for a request."""
    channel = request.channel
    found, _ = policies.resolve(SETTINGS, request.at, channel=channel.code, brand=channel.brand)
    return found


def problem_for(
    world: World,
    request: SourcingRequest,
    route: Route,
    locations: Mapping[UUID, Location],
    lines: Sequence[Line],
) -> SourcingProblem:
    """Return the planner's problem of a request.

    Args:
        world: what the batch is decided on.
        request: as asked.
        route: how the parcels travel.
        locations: those that may have any of the goods, by code.
        lines: of the request, with what lies at these locations.
    """
    settings = settings_of(world.policies, request)
    if request.method == "pickup":
        named = {location.code for location in locations.values()}
    else:
        named = {each.place for line in lines for each in line.candidates}
    left = [location for location in locations.values() if location.code in named]
    late = None
    if request.wanted_at is not None:
        late = Lateness(world, request, route, request.wanted_at)
    tariffs = (route.tariff,) if route.tariff else ()
    hazardous = any(line.hazardous for line in lines)
    places = places_for(world, request, route, left, settings, late, hazardous=hazardous)
    # In canonical order as it is: keys rise with the lines, locations come by code.
    return SourcingProblem(
        request.method,
        request.currency,
        tuple(lines),
        tuple(places),
        tuple(late.tariffs) if late else tariffs,
        settings,
        request.in_time,
    )


def bare_lines(world: World, request: SourcingRequest) -> list[Line]:
    """Return the lines of a request as the planner sees them, without what lies anywhere.

    Args:
        world: what the batch is decided on.
        request: its lines, channel and instant are looked at.
    """
    lines: list[Line] = []
    methods: dict[tuple[str, ...], frozenset[str]] = {}
    for number, asked in enumerate(request.lines):
        variant = asked.variant
        if variant.category_path not in methods:
            allowed, _ = methods_allowed(world.policies, variant, request.channel, request.at)
            methods[variant.category_path] = frozenset(allowed)
        lines.append(
            Line(
                key=line_key(number),
                sku=variant.sku,
                quantity=asked.quantity,
                weight_grams=variant.weight_grams,
                length_mm=variant.length_mm,
                methods=methods[variant.category_path],
                margin_milli=_margin_milli(world, asked),
                hazardous=variant.hazardous,
                only=world.network.by_id[asked.only].code if asked.only else "",
            )
        )
    return lines


def lines_for(
    world: World,
    request: SourcingRequest,
    survey: Survey,
    locations: Mapping[UUID, Location],
    bare: Sequence[Line] | None = None,
) -> list[Line]:
    """Return the lines of a request as the planner sees them, whichever way they are to go.

    Args:
        world: what the batch is decided on.
        request: its lines, channel and instant are looked at.
        survey: what is available.
        locations: those that may have any of the goods, by code.
        bare: its :func:`bare_lines`, where they are known.
    """
    lines: list[Line] = []
    codes = {each: location.code for each, location in locations.items()}
    worth, marks_down = world.prices.scarcity, world.marks_down
    for asked, line in zip(request.lines, bare or bare_lines(world, request), strict=True):
        variant = asked.variant
        barred = asked.barred and asked.barred & locations.keys()
        candidates = _candidates(survey.candidates(variant.id), codes)
        if scarce := worth.get(variant.id):
            candidates = _scarce(candidates, codes, scarce)
        if world.agreed:
            candidates = _valued(world, variant, locations, candidates)
        if marks_down:
            candidates = _marked_down(world, request, variant, candidates)
        if kept := survey.kept(variant.id):
            candidates = _with_kept(candidates, codes, kept)
        lines.append(
            msgspec.structs.replace(
                line,
                candidates=candidates,
                barred=frozenset(locations[each].code for each in barred) if barred else UNABLE,
            )
        )
    return lines


def _margin_milli(world: World, asked: LineAsked) -> int:
    """Return what a unit earns; nothing while its price or its cost is not known."""
    cost = world.costs.get(asked.variant.id)
    if cost is None or asked.price_milli is None:
        return 0
    return asked.price_milli - cost


def _scarce(
    candidates: Iterable[Candidate], codes: Mapping[UUID, str], worth: Mapping[UUID, int]
) -> tuple[Candidate, ...]:
    """Return the candidates with what a unit is worth there to later orders."""
    by_code = {code: milli for each, milli in worth.items() if (code := codes.get(each))}
    return tuple(
        msgspec.structs.replace(each, scarcity_milli=by_code[each.place])
        if each.place in by_code
        else each
        for each in candidates
    )


def _valued(
    world: World,
    variant: Variant,
    locations: Mapping[UUID, Location],
    candidates: Iterable[Candidate],
) -> tuple[Candidate, ...]:
    """Return the candidates with what vendors ask for a unit, where a minimum counts it."""
    asked = {
        locations[each].code: milli
        for each in world.demanding
        if each in locations and (milli := world.agreed.get((each, variant.id)))
    }
    return tuple(
        msgspec.structs.replace(each, value_milli=asked[each.place])
        if each.place in asked
        else each
        for each in candidates
    )


def _marked_down(
    world: World, request: SourcingRequest, variant: Variant, candidates: Iterable[Candidate]
) -> tuple[Candidate, ...]:
    """Return the candidates with what is saved by taking a unit there before it is marked down."""
    return tuple(
        msgspec.structs.replace(
            each,
            markdown_milli=world.saving_milli(variant, each.place, each.units, request.at),
        )
        for each in candidates
    )


def _candidates(stock: Mapping[UUID, int], codes: Mapping[UUID, str]) -> tuple[Candidate, ...]:
    """Return the units of a variant by code, given the codes of locations in their order."""
    if len(stock) * SPARSE < len(codes):
        found = sorted([(code, n) for each, n in stock.items() if (code := codes.get(each))])
        return tuple([Candidate(code, units) for code, units in found])
    units_at = stock.get
    return tuple([Candidate(code, n) for each, code in codes.items() if (n := units_at(each))])


def _with_kept(
    candidates: Iterable[Candidate], codes: Mapping[UUID, str], kept: Mapping[UUID, int]
) -> tuple[Candidate, ...]:
    """Return the candidates and those that keep all they have for others, by code."""
    fenced = [Candidate(code, 0, n) for each, n in kept.items() if (code := codes.get(each))]
    return tuple(sorted([*candidates, *fenced], key=attrgetter("place")))


def places_for(
    world: World,
    request: SourcingRequest,
    route: Route,
    locations: Sequence[Location],
    settings: SourcingSettings,
    late: Lateness | None = None,
    *,
    hazardous: bool = False,
) -> list[Place]:
    """Return locations as the planner sees them for a request.

    Args:
        world: what it is decided on.
        request: as asked; its lines are not looked at.
        route: how the parcels travel.
        locations: in the order of their codes.
        settings: which costs count.
        late: knows when parcels arrive, None when nobody asks for an instant.
        hazardous: whether any of the goods are dangerous; else nobody asks who may send them.
    """
    demanding = world.demanding
    goal = route.goal if settings.distance_milli_per_km else None
    able = frozenset({request.method})
    store = request.store
    metres = [0] * len(locations)
    if goal is not None:
        metres = distances_metres([location.point for location in locations], goal)
    places: list[Place] = []
    for location, distance in zip(locations, metres, strict=True):
        here = store is not None and store.id == location.id
        # Goods that lie in the store where they are fetched need no parcel.
        carried = route.tariff is not None and not here
        sends = not carried or location.kind in settings.senders
        days, faster = 0, NO_FASTER
        if late is not None:
            days, faster = late.of(location) if carried else (late.here(), NO_FASTER)
        today = today_of(world, request.at, location)
        vendor = demanding.get(location.id) if demanding else None
        places.append(
            Place(
                location.code,
                able if _serves(request.method, location, here=here) else UNABLE,
                0 if carried else NO_CARRIAGE,
                distance if carried and sends else 0,
                location.handling_parcel_minor * MILLI_PER_MINOR if carried else 0,
                location.handling_unit_minor * MILLI_PER_MINOR,
                today.left if carried else None,
                today.worth_milli if carried else 0,
                active=location.active,
                open=today.open,
                takes_hazardous=not (hazardous and carried)
                or world.sends_hazardous(location.code, request.at),
                sends=sends,
                overdue_days=days,
                faster=faster,
                units_min=vendor.units_min if vendor else 0,
                value_min_milli=vendor.value_min_minor * MILLI_PER_MINOR if vendor else 0,
            )
        )
    return places


def today_of(world: World, at: datetime, location: Location) -> Today:
    """Return what a location that sends parcels is at a moment.

    Args:
        world: what it is decided on.
        at: business time.
        location: any.
    """
    worth, limit = world.prices.capacity, location.parcels_per_day
    is_open = location.timetable.closure is None or _is_open(at, location)
    day = None
    if limit is not None or worth:
        day = world.days_at(at).of(location.timetable)
    if day is None:
        return Today(is_open, None, None, 0)
    key = location.id, day
    left = None if limit is None else limit - world.taken.get(key, 0)
    # A parcel beyond the day's takes no place that others could have had: it is late instead.
    is_full = left is not None and left <= 0
    return Today(is_open, day, left, 0 if is_full else worth.get(key, 0))


def lasting_places(locations: Iterable[Location], settings: SourcingSettings) -> list[Place]:
    """Return locations as places that send home: what of them lasts, whatever is asked and when.

    Args:
        locations: in the order of their codes.
        settings: which costs count.
    """
    able = frozenset({"ship"})
    return [
        Place(
            at.code,
            able if _serves("ship", at, here=False) else UNABLE,
            0,
            handling_parcel_milli=at.handling_parcel_minor * MILLI_PER_MINOR,
            handling_unit_milli=at.handling_unit_minor * MILLI_PER_MINOR,
            active=at.active,
            sends=at.kind in settings.senders,
        )
        for at in locations
    ]


def _serves(method: SourcedMethod, location: Location, *, here: bool) -> bool:
    """Say whether the location can do its part in a method.

    A vendor sends to customers only: what it sends to a store would be stock of ours on the way.
    Who can send no parcel on any day sends none.
    """
    if location.kind == "vendor" and method != "ship":
        return False
    needed = "ship" if method == "ship_to_store" and not here else method
    if needed == "ship" and location.parcels_per_day == 0:
        return False
    if needed in location.abilities:
        return True
    return here and method == "ship_to_store" and "pickup" in location.abilities


def serves_here(method: SourcedMethod, store: Location, at: datetime) -> bool:
    """Say whether goods that lie in the store where they are to be fetched can be, at a moment."""
    if not (store.active and _serves(method, store, here=True)):
        return False
    return store.timetable.closure is None or _is_open(at, store)


def _is_open(at: datetime, location: Location) -> bool:
    closure = location.timetable.closure
    if closure is None or at < closure.since:
        return True
    return closure.until is not None and closure.until <= at
