"""When the customer has what was planned."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from crosslane.locations import Location
from crosslane.sourcing.domain.arrival import Arrivals, ship_day
from crosslane.sourcing.domain.requests import SourcingRequest
from crosslane.sourcing.domain.world import Route, World


def ship_days(
    world: World,
    request: SourcingRequest,
    locations: Iterable[Location],
    parcels: Mapping[str, int],
) -> dict[UUID, date]:
    """Return the day on which each location sends: the first on which its parcels fit.

    The store where the customer fetches the goods sends nothing.

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
        day = ship_day(world, request, location, parcels.get(location.code, 1))
        if day is not None:
            days[location.id] = day
    return days


def promised_at(
    world: World,
    request: SourcingRequest,
    route: Route,
    locations: Iterable[Location],
    days: Mapping[UUID, date],
    services: Mapping[str, Iterable[str]],
) -> datetime | None:
    """Return when everything from these locations has arrived; None when that is not in sight.

    Args:
        world: what the batch is decided on.
        request: as asked.
        route: how the parcels travel.
        locations: those that the plan uses.
        days: on which each of them sends.
        services: by which each location sends, by code; by the one asked for when left out.
    """
    arrivals = Arrivals(world, request, route)
    latest: datetime | None = None
    for location in locations:
        shipped = days.get(location.id)
        if request.store is not None and request.store.id == location.id:
            found = [arrivals.here()]
        elif shipped is None:
            return None
        else:
            used = services.get(location.code) or (route.service,)
            found = [arrivals.of(service, shipped) for service in used]
        for arrival in found:
            if arrival is None:
                return None
            latest = arrival if latest is None else max(latest, arrival)
    return latest
