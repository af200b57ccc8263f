"""Business time of the work: opening hours, cut-offs and the rounds of carriers.

Staff of the demo keep the hours their location has in Crosslane, and carriers the days of their
services. Whether a promise is kept is then a matter of what went wrong, not of wishful dates.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from crosslane.platform.calendar import public_holidays

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOLIDAY = "holiday"
DAYS_SEARCHED_MAX = 30
MIDNIGHT = "24:00"
# The carrier's van comes so long after the cut-off of orders: until then what was ordered in time
# is picked and packed.
VAN_MINUTES = 150
TRANSIT_DAYS_DEFAULT = 5
ANY = "*"
BRITISH = frozenset({"GB", "IM", "JE", "GG"})
_OUTWARD = re.compile(r"([A-Z]{1,2})(\d{1,2})[A-Z]?\d[A-Z]{2}")


class LocationHours(Struct, frozen=True):
    """The hours of a location as the API shows them."""

    id: str
    code: str
    country: str
    nation: str
    timezone: str
    hours: Mapping[str, Sequence[str]]
    special_days: Mapping[str, Sequence[str]]
    cut_off: str | None


class Hours:
    """When a location works.

    Args:
        shown: as the API shows it.
    """

    def __init__(self, shown: LocationHours) -> None:
        self._shown = shown
        self._zone = ZoneInfo(shown.timezone)
        self._spans: dict[date, list[tuple[datetime, datetime]]] = {}

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the spans in which it is open on a local day."""
        if day not in self._spans:
            named = self._shown.special_days.get(day.isoformat())
            if named is None:
                named = self._shown.hours.get(self._kind(day), ())
            self._spans[day] = [self._span(day, text) for text in named]
        return self._spans[day]

    def after(self, moment: datetime, minutes: int) -> datetime:
        """Return the time at which some minutes of open time have passed since a moment."""
        left = timedelta(minutes=minutes)
        day = moment.astimezone(self._zone).date()
        for _ in range(DAYS_SEARCHED_MAX):
            for begin, end in self.spans(day):
                start = max(begin, moment)
                if start + left < end:
                    return start + left
                left -= max(end - start, timedelta())
            day += timedelta(days=1)
        return moment

    def leaves_at(self, packed_at: datetime) -> datetime:
        """Return when a parcel leaves, in local time: with the next van, once each working day."""
        day = packed_at.astimezone(self._zone).date()
        for offset in range(DAYS_SEARCHED_MAX):
            van = self._van(day + timedelta(days=offset))
            if van and packed_at <= van:
                return van
        return packed_at.astimezone(self._zone)

    def _van(self, day: date) -> datetime | None:
        """Return when the van comes: at closing time at the latest."""
        spans = self.spans(day)
        if not spans:
            return None
        closing = spans[-1][1]
        if not self._shown.cut_off:
            return closing
        cut_off = self._moment(day, self._shown.cut_off)
        return min(closing, cut_off + timedelta(minutes=VAN_MINUTES))

    def _kind(self, day: date) -> str:
        kept = public_holidays(self._shown.country, self._shown.nation, day.year)
        return HOLIDAY if day in kept else WEEKDAYS[day.weekday()]

    def _span(self, day: date, text: str) -> tuple[datetime, datetime]:
        begin, _, end = text.partition("-")
        return self._moment(day, begin), self._moment(day, end)

    def _moment(self, day: date, text: str) -> datetime:
        if text == MIDNIGHT:
            return datetime.combine(day + timedelta(days=1), time(), self._zone)
        return datetime.combine(day, time.fromisoformat(text), self._zone)


class ServiceDays(Struct, frozen=True):
    """On which days a service works, how many it takes to each zone, and what it carries."""

    code: str
    collection_days: Sequence[str]
    transit_days: Sequence[str]
    delivery_days: Sequence[str]
    transit: Mapping[str, int]
    weight_max_grams: int


class ZoneRule(Struct, frozen=True):
    """Addresses that belong to a zone, ANY for all; the first rule that fits counts."""

    zone: str
    country: str
    area: str = ANY
    districts: str = ANY


class CarrierDays(Struct, frozen=True):
    """A carrier as the API shows it, as far as days go."""

    code: str
    country: str
    nation: str
    zone_rules: Sequence[ZoneRule]
    services: Sequence[ServiceDays]


class Rounds:
    """When carriers deliver.

    Args:
        carriers: as the API shows them.
    """

    def __init__(self, carriers: Iterable[CarrierDays]) -> None:
        self._services = {
            service.code: (carrier, service) for carrier in carriers for service in carrier.services
        }

    def delivered_on(
        self, service: str, country: str, postcode: str, leaves: date, late_days: int = 0
    ) -> date:
        """Return the day of delivery of a parcel.

        Args:
            service: code of the service.
            country: ISO 3166 code of where it goes.
            postcode: of the same.
            leaves: day on which it leaves its sender.
            late_days: delivery days that it takes longer than it should.
        """
        carrier, sold = self._services[service]
        home = (carrier.country, carrier.nation)
        zone = next((r.zone for r in carrier.zone_rules if _holds(r, country, postcode)), "")
        day = _first(leaves, sold.collection_days, home)
        for _ in range(sold.transit.get(zone, TRANSIT_DAYS_DEFAULT)):
            day = _first(day + timedelta(days=1), sold.transit_days, home)
        day = _first(day, sold.delivery_days, home)
        for _ in range(late_days):
            day = _first(day + timedelta(days=1), sold.delivery_days, home)
        return day


def _first(day: date, weekdays: Sequence[str], home: tuple[str, str]) -> date:
    for offset in range(DAYS_SEARCHED_MAX):
        candidate = day + timedelta(days=offset)
        kept = public_holidays(*home, candidate.year)
        if WEEKDAYS[candidate.weekday()] in weekdays and candidate not in kept:
            return candidate
    return day


def _holds(rule: ZoneRule, country: str, postcode: str) -> bool:
    if rule.country not in (ANY, country):
        return False
    if rule.area == ANY:
        return True
    found = _OUTWARD.fullmatch("".join(postcode.upper().split()))
    if country not in BRITISH or not found or found[1] != rule.area:
        return False
    return rule.districts == ANY or any(
        int(first) <= int(found[2]) <= int(last or first)
        for first, _, last in (span.partition("-") for span in rule.districts.split(","))
    )
