"""When the customer has the goods, from the sender's hours and the carrier's calendar."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crosslane.carriers import RateBook
from crosslane.locations import Location, dispatch_day, ready_at
from crosslane.sourcing.service.requests import SourcingRequest


def promised_at(request: SourcingRequest, sender: Location, rates: RateBook) -> datetime | None:
    """Return when goods from a location are with the customer at the latest.

    A delivery day ends at midnight at the destination; goods to be collected are there when the
    store has handled them, those shipped to the store on the opening after they arrive.

    Returns:
        The instant, or None when it is not in sight.
    """
    if request.method == "pickup":
        return ready_at(sender.timetable, request.at)
    leaves = dispatch_day(sender.timetable, request.at)
    if leaves is None:
        return None
    if request.store is None:
        arrives = _arrival(request, request.country, request.postcode, leaves, rates)
        return _end_of(arrives, request.channel.timezone) if arrives else None
    store = request.store
    arrives = _arrival(request, store.country, store.postcode, leaves, rates)
    if arrives is None:
        return None
    return ready_at(store.timetable, _end_of(arrives, store.timetable.timezone))


def _arrival(
    request: SourcingRequest, country: str, postcode: str, leaves: date, rates: RateBook
) -> date | None:
    zone = rates.zone(request.service, country, postcode)
    return rates.delivery_day(request.service, zone, leaves) if zone else None


def _end_of(day: date, timezone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)
