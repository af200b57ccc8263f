"""When the customer has what was planned."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from crosslane.locations import Location, ready_at
from crosslane.sourcing.domain.building import Route, World
from crosslane.sourcing.domain.calendar import end_of
from crosslane.sourcing.domain.requests import SourcingRequest

# A location that is full on a day sends on its next one; nobody looks further ahead than this.
FULL_DAYS_MAX = 14


def ship_days(
    world: World,
    request: SourcingRequest,
    locations: Iterable[Location],
    parcels: Mapping[str, int],
) -> dict[UUID, date]:
    """Return the day on which each location sends: the first on which its parcels fit.

    More parcels than any day can take get a day of their own. The store where the customer fetches
    the goods sends nothing.

    Args:
        world: what the batch is decided on.
        request: as asked.
        locations: those that the plan uses.
        parcels: how many each sends, by code.
    """
    days: dict[UUID, date] = {}
    for location in locations:
        if request.store is not None and request.store.id == location.id:
            continue
        at = request.at
        for _ in range(FULL_DAYS_MAX):
            day = world.days.of(location.timetable, at)
            if day is None:
                break
            days[location.id] = day
            limit = location.parcels_per_day
            taken = world.taken.get((location.id, day), 0)
            wanted = parcels.get(location.code, 1)
            if limit is None or taken + min(wanted, max(limit, 1)) <= limit:
                break
            at = end_of(day, location.timetable.timezone)
    return days


def promised_at(
    world: World,
    request: SourcingRequest,
    route: Route,
    locations: Iterable[Location],
    days: dict[UUID, date],
) -> datetime | None:
    """Return when everything from these locations has arrived; None when that is not in sight.

    A delivery is promised for the end of its day in the channel's time zone; goods to be fetched
    for the moment from which the store is open with them prepared, be it those that lie there or
    those that arrive.
    """
    arrivals: list[datetime | None] = []
    for location in locations:
        if request.store is not None and request.store.id == location.id:
            arrivals.append(ready_at(location.timetable, request.at))
            continue
        shipped = days.get(location.id)
        arrives = shipped and world.book.delivery_day(route.service, route.zone, shipped)
        if arrives is None:
            return None
        if request.store is None:
            arrivals.append(end_of(arrives, request.channel.timezone))
        else:
            timetable = request.store.timetable
            arrivals.append(ready_at(timetable, end_of(arrives, timetable.timezone)))
    if not arrivals or None in arrivals:
        return None
    return max(arrival for arrival in arrivals if arrival is not None)
