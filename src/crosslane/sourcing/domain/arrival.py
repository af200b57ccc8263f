"""When parcels arrive, by the service asked for and by faster ones, and on which days too late."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from crosslane.locations import Location
from crosslane.sourcing.domain.calendar import end_of
from crosslane.sourcing.domain.problem import Faster, Tariff
from crosslane.sourcing.domain.requests import SourcingRequest
from crosslane.sourcing.domain.tariffs import tariff_of
from crosslane.sourcing.domain.world import Route, World

# A location that is full on a day sends on its next one; nobody looks further ahead than this.
FULL_DAYS_MAX = 14
# Services looked at besides the one asked for, those with the cheapest lightest parcel.
FASTER_MAX = 4
# Nothing is later than what has no day of arrival in sight.
OUT_OF_SIGHT_DAYS = 60
DAY = timedelta(days=1)


def ship_day(
    world: World, request: SourcingRequest, location: Location, parcels: int = 1
) -> date | None:
    """Return the first day on which a location's parcels fit; None when it sends on none.

    Where they fit into no day in sight it is the last of those: see :func:`has_room`.
    """
    found: date | None = None
    at = request.at
    for _ in range(FULL_DAYS_MAX):
        day = world.days.of(location.timetable, at)
        if day is None:
            break
        found = day
        if has_room(world, location, day, parcels):
            break
        at = end_of(day, location.timetable.timezone)
    return found


def has_room(world: World, location: Location, day: date, parcels: int) -> bool:
    """Say whether more parcels of a location fit into a day.

    More than any day can take get a day of their own.
    """
    limit = location.parcels_per_day
    if limit is None:
        return True
    return world.taken.get((location.id, day), 0) + min(parcels, max(limit, 1)) <= limit


def local_day(request: SourcingRequest, arrived: datetime) -> date:
    """Return the last day, where the goods of a request go, before they are there by an instant.

    What has arrived by midnight has come on the day that ends then.
    """
    zone = request.store.timetable.timezone if request.store else request.channel.timezone
    return (arrived - timedelta.resolution).astimezone(ZoneInfo(zone)).date()


def arrival(
    world: World, request: SourcingRequest, service: str, zone: str, shipped: date
) -> datetime | None:
    """Return when a parcel that leaves on a day has arrived, as :class:`Arrivals` tells it.

    Args:
        world: what it is decided on.
        request: where it goes.
        service: by which it goes.
        zone: in which the service sees the destination.
        shipped: local day of dispatch.
    """
    arrives = world.book.delivery_day(service, zone, shipped)
    if arrives is None:
        return None
    store = request.store
    if store is None:
        return end_of(arrives, request.channel.timezone)
    return world.days.ready(store.timetable, end_of(arrives, store.timetable.timezone))


class Arrivals:
    """When the parcels of a request arrive, each day and service looked up once.

    A delivery has arrived by the end of its day in the channel's time zone; goods to be fetched
    from the moment from which the store is open with them prepared, be it those that lie there or
    those that are brought.
    """

    def __init__(self, world: World, request: SourcingRequest, route: Route) -> None:
        self._world, self._request, self._route = world, request, route
        self._zones = {route.service: route.zone or None}
        self._known: dict[tuple[str, date], datetime | None] = {}

    def here(self) -> datetime | None:
        """Return from when goods that lie in the request's store can be fetched."""
        store = self._request.store
        return self._world.days.ready(store.timetable, self._request.at) if store else None

    def of(self, service: str, shipped: date) -> datetime | None:
        """Return when a parcel that leaves on a day has arrived; None when that is not in sight."""
        key = service, shipped
        if key not in self._known:
            self._known[key] = self._arrival(service, shipped)
        return self._known[key]

    def zone(self, service: str) -> str | None:
        """Return the zone in which a service sees the destination, None when it does not go."""
        if service not in self._zones:
            route = self._route
            self._zones[service] = self._world.book.zone(service, route.country, route.postcode)
        return self._zones[service]

    def _arrival(self, service: str, shipped: date) -> datetime | None:
        zone = self.zone(service)
        return None if zone is None else arrival(self._world, self._request, service, zone, shipped)


class Lateness:
    """By how many days the parcels of locations miss the instant a request is wanted by.

    Attributes:
        tariffs: of the service asked for and of those that may be faster, as problems number them.
    """

    def __init__(
        self, world: World, request: SourcingRequest, route: Route, wanted_at: datetime
    ) -> None:
        self._world, self._request, self._wanted_at = world, request, wanted_at
        self._arrivals = Arrivals(world, request, route)
        self._service = route.service
        self.tariffs: list[Tariff] = []
        if route.tariff is not None:
            self.tariffs = [route.tariff, *self._others(route)]

    def here(self) -> int:
        """Return the days for goods that lie in the request's store."""
        return self._days(self._arrivals.here())

    def of(self, location: Location) -> tuple[int, tuple[Faster, ...]]:
        """Return the days for parcels of a location, and the services by which there are fewer."""
        day = ship_day(self._world, self._request, location)
        if day is None:
            return OUT_OF_SIGHT_DAYS, ()
        days = self._days(self._arrivals.of(self._service, day))
        if not days:
            return 0, ()
        found: list[Faster] = []
        for number, tariff in enumerate(self.tariffs[1:], 1):
            fewer = self._days(self._arrivals.of(tariff.service, day))
            if fewer < days:
                found.append(Faster(number, fewer))
        return days, tuple(found)

    def _days(self, arrival: datetime | None) -> int:
        if arrival is None:
            return OUT_OF_SIGHT_DAYS
        return min(OUT_OF_SIGHT_DAYS, max(0, -((self._wanted_at - arrival) // DAY)))

    def _others(self, route: Route) -> list[Tariff]:
        book, day = self._world.book, self._request.at.date()
        found: list[Tariff] = []
        for service in book.services():
            zone = self._arrivals.zone(service.code)
            if zone is not None and service.code != route.service:
                tariff = tariff_of(book, service.code, zone, day)
                if tariff is not None:
                    found.append(tariff)
        found.sort(key=lambda tariff: (tariff.prices_milli[0], tariff.service))
        return found[:FASTER_MAX]
