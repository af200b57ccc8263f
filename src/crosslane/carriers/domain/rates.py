"""Rates: which services reach an address, at what price, and on which day they deliver.

Weights are whole grams, prices minor units of the tariff's currency. A zone is found by the first
rule that matches; a price is that of the lightest bracket that holds the weight, in the tariff
that was in force on the day the parcel leaves.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from crosslane.carriers.errors import ServiceUnknown
from crosslane.platform.calendar import public_holidays

Speed = Literal["economy", "standard", "express"]
Weekdays = frozenset[int]  # 0 is Monday

ANY = "*"
# A service that finds no working day within this many days delivers never.
DELIVERY_SEARCH_DAYS_MAX = 60
# First working days that are not looked for again: a few calendars, each for some months of days.
DAYS_REMEMBERED_MAX = 4_096
# Halves of postcodes that are not taken apart again.
OUTWARDS_REMEMBERED_MAX = 4_096
BRITISH_POSTCODE_COUNTRIES = frozenset({"GB", "GG", "IM", "JE"})

_OUTWARD = re.compile(r"(([A-Z]{1,2})([0-9]{1,2})[A-Z]?)(?:[0-9][A-Z]{2})?")


class Outward(Struct, frozen=True):
    """The outward half of a British postcode: EC1A is area EC, district 1."""

    code: str = ""
    area: str = ""
    district: int = -1


class Zone(Struct, frozen=True):
    """A part of the world with prices and transit times of its own.

    Args:
        code: its name within the carrier, such as ``HIGHLANDS``.
        name: for people.
        country: ISO 3166 alpha-2 whose public holidays stop delivery; "" for none.
        nation: part of the country, as in GB: ENG, SCT, WLS, NIR; "" for the whole.
    """

    code: str
    name: str
    country: str = ""
    nation: str = ""


class ZoneRule(Struct, frozen=True):
    """Says which zone an address lies in; the first rule that matches decides.

    Args:
        zone: code of the zone.
        country: ISO 3166 alpha-2, or ``*`` for any.
        area: letters a British postcode begins with, or ``*`` for any.
        districts: ranges of the number that follows them; empty for any.
    """

    zone: str
    country: str = ANY
    area: str = ANY
    districts: tuple[tuple[int, int], ...] = ()

    def concerns(self, country: str, area: str) -> bool:
        """Say whether an address in this country and area may lie in the zone."""
        return self.country in (ANY, country) and self.area in (ANY, area)

    def holds(self, district: int) -> bool:
        """Say whether an address it concerns lies in the zone by its district."""
        return not self.districts or any(low <= district <= high for low, high in self.districts)


class Carrier(Struct, frozen=True):
    """A company that carries parcels.

    Args:
        code: short name.
        name: for people.
        port: name of the label port that speaks to it.
        endpoint: URL of its interface, "" when the port needs none.
        tracking_url: link for customers, with ``{tracking_number}`` in it; "" for none.
        number_prefix: two letters that begin the tracking numbers we give for it.
        country: country whose public holidays stop collection and transit; "" for none.
        nation: part of that country.
        zones: by code.
        rules: in order.
        active: false takes no new parcels.
        version: grows with every edit.
    """

    code: str
    name: str
    port: str
    endpoint: str
    tracking_url: str
    number_prefix: str
    country: str
    nation: str
    zones: Mapping[str, Zone]
    rules: tuple[ZoneRule, ...]
    active: bool = True
    version: int = 1


class Service(Struct, frozen=True):
    """What a carrier sells.

    Args:
        code: unique among all carriers.
        carrier: code of the carrier.
        name: for people.
        speed: economy, standard or express.
        weight_max_grams: heaviest parcel.
        length_max_mm: longest side of a parcel.
        collection_days: weekdays on which it collects.
        transit_days: weekdays on which parcels travel.
        delivery_days: weekdays on which it delivers.
        transit: days of travel by zone code; a zone left out is not served.
        active: false takes no new parcels.
    """

    code: str
    carrier: str
    name: str
    speed: Speed
    weight_max_grams: int
    length_max_mm: int
    collection_days: Weekdays
    transit_days: Weekdays
    delivery_days: Weekdays
    transit: Mapping[str, int]
    active: bool = True


class Tariff(Struct, frozen=True):
    """Prices of one service to one zone from a day on, until a later tariff replaces them.

    Args:
        service: code of the service.
        zone: code of the zone.
        currency: ISO 4217.
        valid_from: first day.
        weights: heaviest weight of each bracket in grams, rising.
        prices: price of each bracket in minor units.
    """

    service: str
    zone: str
    currency: str
    valid_from: date
    weights: tuple[int, ...]
    prices: tuple[int, ...]

    def price_minor(self, weight_grams: int) -> int | None:
        """Return the price of a parcel, or None when it is too heavy for every bracket."""
        bracket = bisect_left(self.weights, weight_grams)
        return self.prices[bracket] if bracket < len(self.prices) else None


class Quote(Struct, frozen=True):
    """An offer to carry one parcel."""

    service: str
    carrier: str
    speed: Speed
    zone: str
    price_minor: int
    currency: str
    delivery_on: date


class RateBook:
    """All carriers, services and tariffs of a tenant. A value: an edit makes a new one."""

    def __init__(
        self,
        carriers: Iterable[Carrier] = (),
        services: Iterable[Service] = (),
        tariffs: Iterable[Tariff] = (),
    ) -> None:
        self.carriers: Mapping[str, Carrier] = {c.code: c for c in carriers}
        self._services = {s.code: s for s in sorted(services, key=lambda s: s.code)}
        self._tariffs: dict[tuple[str, str], list[Tariff]] = {}
        for tariff in sorted(tariffs, key=lambda t: t.valid_from):
            self._tariffs.setdefault((tariff.service, tariff.zone), []).append(tariff)
        # The few rules that concern an area, found once: areas are far fewer than addresses.
        self._concerned: dict[tuple[str, str, str], list[ZoneRule]] = {}
        self._arrivals: dict[tuple[str, str, date], date | None] = {}
        self._reaching: dict[tuple[str, Outward], tuple[tuple[Service, str], ...]] = {}

    def service(self, code: str) -> Service:
        """Return a service, retired ones too.

        Raises:
            ServiceUnknown: there is none with this code.
        """
        found = self._services.get(code)
        if found is None:
            raise ServiceUnknown(service=code)
        return found

    def owner(self, service: str) -> str | None:
        """Return the code of the carrier a service belongs to, None for an unknown service."""
        found = self._services.get(service)
        return found.carrier if found else None

    def services_of(self, carrier: str) -> tuple[Service, ...]:
        """Return every service of a carrier by code, retired ones too."""
        return tuple(s for s in self._services.values() if s.carrier == carrier)

    def services(
        self, carrier: str | None = None, speed: Speed | None = None
    ) -> tuple[Service, ...]:
        """Return the services that take parcels, by code.

        Args:
            carrier: only those of this carrier.
            speed: only those of this speed.
        """
        return tuple(
            service
            for service in self._services.values()
            if service.active
            and self.carriers[service.carrier].active
            and carrier in (None, service.carrier)
            and speed in (None, service.speed)
        )

    def services_to(self, country: str, postcode: str) -> tuple[tuple[Service, str], ...]:
        """Return the services that take parcels to an address, by code, each with its zone.

        Args:
            country: ISO 3166 alpha-2 of the destination.
            postcode: of the destination, as typed.
        """
        to = outward(country, postcode)
        known = self._reaching.get((country, to))
        if known is None:
            found = [(each, self._zone(each.carrier, country, to)) for each in self.services()]
            known = tuple([(service, zone) for service, zone in found if zone is not None])
            if len(self._reaching) >= OUTWARDS_REMEMBERED_MAX:
                self._reaching.clear()
            self._reaching[country, to] = known
        return known

    def zone(self, service: str, country: str, postcode: str) -> str | None:
        """Return the code of the zone in which a service's carrier sees an address, or None.

        Args:
            service: code of the service.
            country: ISO 3166 alpha-2 of the destination.
            postcode: of the destination, as typed.
        """
        return self._zone(self.service(service).carrier, country, outward(country, postcode))

    def tariffs_of(self, carrier: str) -> list[Tariff]:
        """Return every tariff of a carrier, by service, zone and first day."""
        return [
            tariff
            for (service, _), known in sorted(self._tariffs.items())
            if self._services[service].carrier == carrier
            for tariff in known
        ]

    def tariff(self, service: str, zone: str, on: date) -> Tariff | None:
        """Return the prices in force on a day, or None before the first tariff."""
        known = self._tariffs.get((service, zone), ())
        index = bisect_right(known, on, key=lambda tariff: tariff.valid_from)
        return known[index - 1] if index else None

    def price_minor(self, service: str, zone: str, weight_grams: int, on: date) -> int | None:
        """Return the price of a parcel, or None when the service does not carry it.

        Args:
            service: code of the service.
            zone: code of the destination's zone.
            weight_grams: weight of the parcel.
            on: day on which it leaves.
        """
        if weight_grams > self.service(service).weight_max_grams:
            return None
        tariff = self.tariff(service, zone, on)
        return tariff.price_minor(weight_grams) if tariff else None

    def delivery_day(self, service: str, zone: str, shipped_on: date) -> date | None:
        """Return the day on which a parcel arrives, or None when the zone is not served.

        The parcel waits for the first day of collection, travels the zone's number of transit
        days, and is delivered on the first day of delivery from then on. Public holidays of the
        carrier stop collection and transit, those of the zone stop delivery.
        """
        key = service, zone, shipped_on
        if key not in self._arrivals:
            if len(self._arrivals) >= DAYS_REMEMBERED_MAX:
                self._arrivals.clear()
            self._arrivals[key] = self._delivery_day(*key)
        return self._arrivals[key]

    def _delivery_day(self, service: str, zone: str, shipped_on: date) -> date | None:
        sold = self.service(service)
        carrier = self.carriers[sold.carrier]
        place = carrier.zones.get(zone)
        days = sold.transit.get(zone)
        if place is None or days is None:
            return None
        home = (carrier.country, carrier.nation)
        day = _first(shipped_on, sold.collection_days, home)
        for _ in range(days):
            day = day and _first(day + timedelta(days=1), sold.transit_days, home)
        return day and _first(day, sold.delivery_days, (place.country, place.nation))

    def quotes(
        self,
        country: str,
        postcode: str,
        weight_grams: int,
        shipped_on: date,
        *,
        length_mm: int = 0,
        speed: Speed | None = None,
    ) -> list[Quote]:
        """Return every service that carries the parcel there, cheapest first, then earliest.

        Args:
            country: ISO 3166 alpha-2 of the destination.
            postcode: of the destination.
            weight_grams: weight of the parcel.
            shipped_on: day on which it leaves.
            length_mm: longest side of the parcel.
            speed: only services of this speed.
        """
        offers: list[Quote] = []
        to = outward(country, postcode)
        for service in self.services(speed=speed):
            zone = self._zone(service.carrier, country, to)
            if zone is None or length_mm > service.length_max_mm:
                continue
            tariff = self.tariff(service.code, zone, shipped_on)
            price = self.price_minor(service.code, zone, weight_grams, shipped_on)
            arrives = self.delivery_day(service.code, zone, shipped_on)
            if tariff is not None and price is not None and arrives is not None:
                offers.append(
                    Quote(
                        service=service.code,
                        carrier=service.carrier,
                        speed=service.speed,
                        zone=zone,
                        price_minor=price,
                        currency=tariff.currency,
                        delivery_on=arrives,
                    )
                )
        return sorted(offers, key=lambda q: (q.price_minor, q.delivery_on, q.service))

    def _zone(self, carrier: str, country: str, to: Outward) -> str | None:
        key = (carrier, country, to.area)
        rules = self._concerned.get(key)
        if rules is None:
            rules = [r for r in self.carriers[carrier].rules if r.concerns(country, to.area)]
            self._concerned[key] = rules
        return next((rule.zone for rule in rules if rule.holds(to.district)), None)


@lru_cache(maxsize=OUTWARDS_REMEMBERED_MAX)
def outward(country: str, postcode: str) -> Outward:
    """Return the outward half of a British postcode; an empty one for anything else."""
    if country not in BRITISH_POSTCODE_COUNTRIES:
        return Outward()
    found = _OUTWARD.fullmatch("".join(postcode.upper().split()))
    return Outward(found[1], found[2], int(found[3])) if found else Outward()


@lru_cache(maxsize=DAYS_REMEMBERED_MAX)
def _first(day: date, weekdays: Weekdays, calendar: tuple[str, str]) -> date | None:
    """Return the first day from ``day`` on that is one of the weekdays and no public holiday."""
    for offset in range(DELIVERY_SEARCH_DAYS_MAX):
        candidate = day + timedelta(days=offset)
        if candidate.weekday() in weekdays and candidate not in public_holidays(
            *calendar, candidate.year
        ):
            return candidate
    return None
