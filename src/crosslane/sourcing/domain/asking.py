"""From a retailer's own days to the question what its stock and capacity are worth.

A past order is asked again where it went, by the costs and hard rules that planning goes by, those
of missed promises aside: nobody knows yet what later orders will be promised.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.catalog import Variant
from crosslane.inventory import Survey
from crosslane.kernel import MILLI_PER_MINOR, Refusal
from crosslane.locations import CapacityKey, Location
from crosslane.organization import Channel
from crosslane.sourcing.domain.building import places_for, route_of, settings_of
from crosslane.sourcing.domain.outlook import (
    NO_LIMIT,
    NO_WAY,
    CounterSales,
    PastOrder,
    PriceSettings,
    Question,
    Slot,
    Way,
)
from crosslane.sourcing.domain.problem import SourcingProblem, SourcingSettings
from crosslane.sourcing.domain.requests import SourcingRequest
from crosslane.sourcing.domain.rules import place_reason
from crosslane.sourcing.domain.sites import parcels_milli, split_milli
from crosslane.sourcing.domain.world import Prices, World

# Regions that are told apart; orders to others count as going to the largest of their country.
REGIONS_MAX = 400
MINUTE = timedelta(minutes=1)
NOBODY = UUID(int=0)


class Destination(msgspec.Struct, frozen=True, order=True):
    """Who sells, how and about where goods go."""

    channel: str
    service: str
    country: str
    district: str


class Asked(msgspec.Struct, frozen=True):
    """An order that came.

    Args:
        at: business time.
        to: where it went.
        lines: units by SKU.
        store: code of the store where the goods were fetched; "" when they were sent.
    """

    at: datetime
    to: Destination
    lines: Mapping[str, int]
    store: str = ""


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """A retailer's last days, and how things stand.

    Args:
        settings: how prices are estimated.
        since: business time from which on demand was looked at.
        as_of: up to which.
        asked: the orders, the oldest first.
        channels: by code, those of the orders.
        variants: that are priced.
        variants_left: how many more with demand and stock are not.
        sales: units sold at counters, as (variant, location, units).
        survey: what is available to the channel that sells most.
        margins: what a unit earns, by variant, in 1/1000 minor unit.
        world: places, tariffs and policies, without prices and counters.
        taken: parcels of locations' days.
        known: what was published before.
    """

    settings: PriceSettings
    since: datetime
    as_of: datetime
    asked: Sequence[Asked]
    channels: Mapping[str, Channel]
    variants: Sequence[Variant]
    variants_left: int
    sales: Sequence[tuple[UUID, UUID, int]]
    survey: Survey
    margins: Mapping[UUID, int]
    world: World
    taken: Mapping[CapacityKey, int]
    known: Prices


class Numbers(msgspec.Struct, frozen=True):
    """What the numbers of a question stand for.

    Args:
        variants: by number.
        locations: by number.
        days: days of dispatch, by location and number of the day; None when none is in sight.
    """

    variants: list[UUID]
    locations: list[UUID]
    days: list[list[date | None]]


def capacity_days(days: Days) -> list[CapacityKey]:
    """Return the counters of all locations with a limit over the horizon."""
    limited = [each for each in _holders(days) if each.parcels_per_day is not None]
    by_location = [(each, set(_dispatch_days(days, each)) - {None}) for each in limited]
    return [(each.id, day) for each, found in by_location for day in found if day is not None]


def question_of(days: Days) -> tuple[Question, Numbers]:
    """Return the question of a retailer's days, and what its numbers stand for."""
    holders = _holders(days)
    numbers = Numbers(
        [variant.id for variant in days.variants],
        [location.id for location in holders],
        [_dispatch_days(days, location) for location in holders],
    )
    settings = _settings(days)
    regions, ways, routes = _routes(days, holders)
    at = {location.code: number for number, location in enumerate(holders)}
    fetched, orders = _orders(days, regions, at)
    weighs = settings.terms
    lost = min(days.settings.lost_unit_milli, settings.goodwill_milli)
    margins = [max(0, days.margins.get(variant.id, 0)) for variant in days.variants]
    capacity, known_capacity = _capacity(days, holders, numbers)
    return (
        Question(
            seed=int(days.as_of.timestamp()),
            futures=days.settings.futures,
            milliseconds_max=days.settings.seconds_max * 1000,
            horizon_days=days.settings.horizon_days,
            history_minutes=max(1, (days.as_of - days.since) // MINUTE),
            ways=ways,
            routes=routes,
            unit_milli=[
                place.handling_unit_minor * MILLI_PER_MINOR if "handling_unit" in weighs else 0
                for place in holders
            ],
            late_milli=settings.late_milli if "late" in weighs else 0,
            capacity=capacity,
            known_capacity_milli=known_capacity,
            weights=[variant.weight_grams for variant in days.variants],
            unserved_milli=[lost + margin for margin in margins],
            margin_milli=margins,
            slots=_slots(days, holders, settings),
            orders=orders,
            sales=fetched + _sales(days, numbers),
        ),
        numbers,
    )


def _holders(days: Days) -> list[Location]:
    """Return the locations that hold any unit of what is priced, by code."""
    ids: set[UUID] = set()
    ids.update(*(days.survey.candidates(variant.id) for variant in days.variants))
    by_id = days.world.network.by_id
    return sorted((by_id[each] for each in ids if each in by_id), key=lambda at: at.code)


def _dispatch_days(days: Days, location: Location) -> list[date | None]:
    """Return the day on which what is ordered on each day of the horizon leaves a location."""
    day_of = days.world.days.of
    ahead = range(days.settings.horizon_days)
    return [day_of(location.timetable, days.as_of + timedelta(days=n)) for n in ahead]


def _settings(days: Days) -> SourcingSettings:
    """Return the settings of the channel that sells most."""
    most, _ = Counter(asked.to.channel for asked in days.asked).most_common(1)[0]
    return settings_of(days.world.policies, _request(days, Destination(most, "", "", "")))


def _request(days: Days, to: Destination) -> SourcingRequest:
    channel = days.channels[to.channel]
    return SourcingRequest(
        order_id=NOBODY,
        channel=channel,
        currency=channel.currency,
        method="ship",
        at=days.as_of,
        lines=(),
        country=to.country,
        postcode=to.district,
        service=to.service,
    )


def _routes(
    days: Days, holders: Sequence[Location]
) -> tuple[dict[Destination, int], list[Way], list[list[int]]]:
    """Return the numbers of regions, the ways, and the way from each location by region."""
    regions: dict[Destination, int] = {}
    ways: dict[Way, int] = {}
    routes: list[list[int]] = []
    counted = Counter(asked.to for asked in days.asked if not asked.store)
    largest: dict[Destination, int] = {}
    for to, _ in sorted(counted.items(), key=lambda each: (-each[1], each[0])):
        country = msgspec.structs.replace(to, district="")
        if len(routes) >= REGIONS_MAX and country in largest:
            regions[to] = largest[country]
            continue
        row = _ways_to(days, to, holders, ways) if len(routes) < REGIONS_MAX else None
        if row is not None:
            largest.setdefault(country, len(routes))
            regions[to] = len(routes)
            routes.append(row)
    return regions, list(ways), routes


def _ways_to(
    days: Days, to: Destination, holders: Sequence[Location], ways: dict[Way, int]
) -> list[int] | None:
    """Return the number of the way from each location, None when no service goes there."""
    request = _request(days, to)
    try:
        route = route_of(days.world, request)
    except Refusal:
        return None
    settings = settings_of(days.world.policies, request)
    places = places_for(days.world, request, route, holders, settings)
    tariff = route.tariff
    if tariff is None:
        return None
    if "carriage" not in settings.terms:
        free = (0,) * len(tariff.prices_milli)
        tariff = msgspec.structs.replace(tariff, prices_milli=free, per_kg_milli=0)
    problem = SourcingProblem(
        "ship", request.currency, (), tuple(places), (tariff,), settings, False
    )
    row: list[int] = []
    for place, parcel_milli in zip(places, parcels_milli(places, settings), strict=True):
        if place_reason(problem, place) is not None:
            row.append(NO_WAY)
            continue
        way = Way(tariff, parcel_milli + split_milli(settings))
        row.append(ways.setdefault(way, len(ways)))
    return row


def _orders(
    days: Days, regions: Mapping[Destination, int], at: Mapping[str, int]
) -> tuple[list[CounterSales], list[PastOrder]]:
    """Return what customers fetched at locations, and the orders that were sent."""
    number = {variant.sku: n for n, variant in enumerate(days.variants)}
    fetched: list[CounterSales] = []
    orders: list[PastOrder] = []
    for asked in days.asked:
        lines = tuple((number[sku], n) for sku, n in asked.lines.items() if sku in number)
        if asked.store:
            if asked.store in at:
                fetched += [CounterSales(variant, at[asked.store], n) for variant, n in lines]
        elif lines and asked.to in regions:
            age = (days.as_of - asked.at) // MINUTE
            orders.append(PastOrder(regions[asked.to], age, lines))
    return fetched, orders


def _sales(days: Days, numbers: Numbers) -> list[CounterSales]:
    variants = {each: number for number, each in enumerate(numbers.variants)}
    locations = {each: number for number, each in enumerate(numbers.locations)}
    return [
        CounterSales(variants[variant], locations[location], units)
        for variant, location, units in days.sales
        if variant in variants and location in locations
    ]


def _slots(days: Days, holders: Iterable[Location], settings: SourcingSettings) -> list[list[Slot]]:
    marks_down = days.world.marks_down and "markdown" in settings.terms
    found: list[list[Slot]] = []
    for variant in days.variants:
        stock = days.survey.candidates(variant.id)
        known = days.known.scarcity.get(variant.id, {})
        slots: list[Slot] = []
        for number, location in enumerate(holders):
            units = stock.get(location.id, 0)
            if not units:
                continue
            saved = 0
            if marks_down:
                saved = days.world.saving_milli(variant, location.code, units, days.as_of)
            slots.append(Slot(number, units, -saved, known.get(location.id, 0)))
        found.append(slots)
    return found


def _capacity(
    days: Days, holders: Sequence[Location], numbers: Numbers
) -> tuple[list[list[int]], list[list[int]]]:
    """Return parcels left and what one was worth, by location and day.

    What is ordered on several days leaves on one after a holiday; they share it evenly.
    """
    left: list[list[int]] = []
    known: list[list[int]] = []
    for location, dispatch in zip(holders, numbers.days, strict=True):
        sharing = Counter(dispatch)
        worth = [days.known.capacity.get((location.id, day), 0) if day else 0 for day in dispatch]
        known.append(worth)
        limit = location.parcels_per_day
        if limit is None:
            left.append([NO_LIMIT] * len(dispatch))
            continue
        left.append(
            [
                max(0, limit - days.taken.get((location.id, day), 0)) // sharing[day] if day else 0
                for day in dispatch
            ]
        )
    return left, known


def told_scarcity(
    numbers: Numbers, found: Iterable[tuple[int, int, int]], most: int
) -> list[tuple[UUID, UUID, int]]:
    """Return prices by variant and location; of too many the highest."""
    rows = sorted(found, key=lambda row: (-row[2], row[0], row[1]))[:most]
    return [(numbers.variants[v], numbers.locations[n], milli) for v, n, milli in rows]


def told_capacity(
    numbers: Numbers, found: Iterable[tuple[int, int, int]]
) -> list[tuple[UUID, date, int]]:
    """Return prices by location and day of dispatch: the mean of the days that share one."""
    worth: dict[CapacityKey, int] = defaultdict(int)
    for location, number, milli in found:
        day = numbers.days[location][number]
        if day is not None:
            worth[numbers.locations[location], day] += milli
    sharing = {
        (numbers.locations[n], day): count
        for n, dispatch in enumerate(numbers.days)
        for day, count in Counter(dispatch).items()
        if day is not None
    }
    shared = [(*key, milli // sharing[key]) for key, milli in worth.items()]
    return sorted(row for row in shared if row[2] > 0)
