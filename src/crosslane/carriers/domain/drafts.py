"""Carriers as people and imports give them, and how such a draft is checked."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crosslane.carriers.domain.rates import (
    ANY,
    Carrier,
    Service,
    Speed,
    Tariff,
    Weekdays,
    Zone,
    ZoneRule,
)
from crosslane.carriers.errors import (
    BadCarrierCode,
    BadDistricts,
    BracketsUnordered,
    DayOutOfRange,
    DefinedTwice,
    PortUnknown,
    ServiceUnknown,
    ZoneUndefined,
)
from crosslane.kernel import matching
from crosslane.platform.calendar import require_nation

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
MONDAY_TO_FRIDAY = frozenset(WEEKDAYS[:5])

ZONES_MAX = 500
RULES_MAX = 5_000
SERVICES_MAX = 200
PRICES_MAX = 20_000
BRACKETS_MAX = 100
YEAR_FIRST, YEAR_LAST = 1970, 2200

Code = Annotated[str, Meta(min_length=1, max_length=32)]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
Country = Annotated[str, matching("[A-Z]{2}|")]
Url = Annotated[str, matching("https?://.*|", max_length=300)]

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_RANGE = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


class ZoneDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """A zone; fields as in Zone."""

    code: Code
    name: Name
    country: Country = ""
    nation: Annotated[str, Meta(max_length=16)] = ""


class ZoneRuleDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule; ``districts`` is ``*`` or a list of numbers and ranges such as ``1-9,15``."""

    zone: Code
    country: Annotated[str, matching("[A-Z]{2}|[*]")] = ANY
    area: Annotated[str, matching("[A-Z]{1,2}|[*]")] = ANY
    districts: Annotated[str, Meta(max_length=200)] = ANY


class ServiceDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """A service; fields as in Service."""

    code: Code
    name: Name
    speed: Speed
    transit: Mapping[Code, Annotated[int, Meta(ge=0, le=40)]]
    weight_max_grams: Annotated[int, Meta(ge=1, le=10**8)] = 30_000
    length_max_mm: Annotated[int, Meta(ge=1, le=10**6)] = 1_200
    collection_days: frozenset[Weekday] = MONDAY_TO_FRIDAY
    transit_days: frozenset[Weekday] = MONDAY_TO_FRIDAY
    delivery_days: frozenset[Weekday] = MONDAY_TO_FRIDAY
    active: bool = True


class CarrierDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """A carrier with all its zones and services; it replaces what was known of it.

    Services left out are retired, not forgotten. Fields as in Carrier and Service, and:

    Args:
        api_key: secret that the port shows to the carrier; absent keeps the one there is.
    """

    code: Code
    name: Name
    port: Code
    zones: Annotated[tuple[ZoneDraft, ...], Meta(max_length=ZONES_MAX)]
    zone_rules: Annotated[tuple[ZoneRuleDraft, ...], Meta(max_length=RULES_MAX)]
    services: Annotated[tuple[ServiceDraft, ...], Meta(max_length=SERVICES_MAX)]
    endpoint: Url = ""
    api_key: Annotated[str, Meta(max_length=500)] | None = None
    tracking_url: Url = ""
    number_prefix: Annotated[str, matching("[A-Z]{2}")] = "CX"
    country: Country = ""
    nation: Annotated[str, Meta(max_length=16)] = ""
    active: bool = True


class PriceDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """Prices of one service to one zone.

    Args:
        service: code of the service.
        zone: code of the zone.
        brackets: (heaviest weight in grams, price in minor units), rising by weight.
    """

    service: Code
    zone: Code
    brackets: Annotated[
        tuple[
            tuple[Annotated[int, Meta(ge=1, le=10**8)], Annotated[int, Meta(ge=0, le=10**9)]], ...
        ],
        Meta(min_length=1, max_length=BRACKETS_MAX),
    ]


class TariffDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """Prices that hold from a day on, until a later tariff for the same service and zone.

    A tariff of the same day for the same service and zone is replaced.
    """

    valid_from: date
    currency: Annotated[str, matching("[A-Z]{3}")]
    prices: Annotated[tuple[PriceDraft, ...], Meta(min_length=1, max_length=PRICES_MAX)]


def carrier_of(draft: CarrierDraft, ports: Iterable[str]) -> tuple[Carrier, tuple[Service, ...]]:
    """Return the carrier and the services a draft describes.

    Args:
        draft: as given.
        ports: names of the label ports there are.

    Raises:
        Refusal: the first field that does not hold, with its pointer.
    """
    known = sorted(ports)
    if not _CODE.fullmatch(draft.code):
        raise BadCarrierCode(pointer="/code", code=draft.code)
    if draft.port not in known:
        raise PortUnknown(pointer="/port", port=draft.port, known=", ".join(known))
    _refuse_twice("zones", [zone.code for zone in draft.zones])
    _refuse_twice("services", [service.code for service in draft.services])
    calendars = [("", draft.country, draft.nation)]
    calendars += [(f"/zones/{n}", zone.country, zone.nation) for n, zone in enumerate(draft.zones)]
    for pointer, country, nation in calendars:
        require_nation(country, nation, pointer=f"{pointer}/nation")
    zones = {
        zone.code: Zone(zone.code, zone.name, zone.country, zone.nation) for zone in draft.zones
    }
    carrier = Carrier(
        code=draft.code,
        name=draft.name,
        port=draft.port,
        endpoint=draft.endpoint,
        tracking_url=draft.tracking_url,
        number_prefix=draft.number_prefix,
        country=draft.country,
        nation=draft.nation,
        zones=zones,
        rules=tuple(_rule(n, rule, zones) for n, rule in enumerate(draft.zone_rules)),
        active=draft.active,
    )
    services = tuple(_service(n, s, draft.code, zones) for n, s in enumerate(draft.services))
    return carrier, services


def tariffs_of(draft: TariffDraft, carrier: Carrier, services: Iterable[Service]) -> list[Tariff]:
    """Return the tariffs a draft describes.

    Raises:
        Refusal: a service or zone is not the carrier's, is priced twice, or weights do not rise.
    """
    require_day(draft.valid_from, pointer="/valid_from")
    codes = {service.code for service in services}
    _refuse_twice("prices", [f"{price.service} to {price.zone}" for price in draft.prices])
    tariffs: list[Tariff] = []
    for n, price in enumerate(draft.prices):
        if price.service not in codes:
            raise ServiceUnknown(pointer=f"/prices/{n}/service", service=price.service)
        if price.zone not in carrier.zones:
            raise ZoneUndefined(pointer=f"/prices/{n}/zone", zone=price.zone)
        weights = tuple(weight for weight, _ in price.brackets)
        for heavier, weight in pairwise(weights):
            if weight <= heavier:
                raise BracketsUnordered(pointer=f"/prices/{n}/brackets", weight_grams=weight)
        tariffs.append(
            Tariff(
                service=price.service,
                zone=price.zone,
                currency=draft.currency,
                valid_from=draft.valid_from,
                weights=weights,
                prices=tuple(minor for _, minor in price.brackets),
            )
        )
    return tariffs


def require_day(day: date, *, pointer: str = "") -> date:
    """Return a day for which calendars can be asked.

    Raises:
        DayOutOfRange: it lies in another age.
    """
    if not YEAR_FIRST <= day.year <= YEAR_LAST:
        raise DayOutOfRange(pointer=pointer, first=YEAR_FIRST, last=YEAR_LAST)
    return day


def read_districts(text: str, pointer: str = "") -> tuple[tuple[int, int], ...]:
    """Return district ranges such as ``1-9,15``; ``*`` is none, which stands for any.

    Raises:
        BadDistricts: not of that form.
    """
    if text == ANY:
        return ()
    ranges: list[tuple[int, int]] = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        low = int(found[1]) if found else 1
        high = int(found[2] or found[1]) if found else 0
        if low > high:
            raise BadDistricts(pointer=pointer, districts=text)
        ranges.append((low, high))
    return tuple(ranges)


def show_districts(ranges: Iterable[tuple[int, int]]) -> str:
    """Return ranges as people write them, the reverse of read_districts."""
    shown = [str(low) if low == high else f"{low}-{high}" for low, high in ranges]
    return ",".join(shown) or ANY


def show_weekdays(days: Weekdays) -> list[str]:
    """Return the names of weekdays in order."""
    return [WEEKDAYS[day] for day in sorted(days)]


def _rule(n: int, draft: ZoneRuleDraft, zones: Mapping[str, Zone]) -> ZoneRule:
    if draft.zone not in zones:
        raise ZoneUndefined(pointer=f"/zone_rules/{n}/zone", zone=draft.zone)
    districts = read_districts(draft.districts, f"/zone_rules/{n}/districts")
    return ZoneRule(draft.zone, draft.country, draft.area, districts)


def _service(n: int, draft: ServiceDraft, carrier: str, zones: Mapping[str, Zone]) -> Service:
    if not _CODE.fullmatch(draft.code):
        raise BadCarrierCode(pointer=f"/services/{n}/code", code=draft.code)
    for zone in draft.transit:
        if zone not in zones:
            raise ZoneUndefined(pointer=f"/services/{n}/transit/{zone}", zone=zone)
    return Service(
        code=draft.code,
        carrier=carrier,
        name=draft.name,
        speed=draft.speed,
        weight_max_grams=draft.weight_max_grams,
        length_max_mm=draft.length_max_mm,
        collection_days=_weekdays(draft.collection_days),
        transit_days=_weekdays(draft.transit_days),
        delivery_days=_weekdays(draft.delivery_days),
        transit=dict(draft.transit),
        active=draft.active,
    )


def _weekdays(names: Iterable[Weekday]) -> Weekdays:
    return frozenset(WEEKDAYS.index(name) for name in names)


def _refuse_twice(field: str, codes: list[str]) -> None:
    seen: set[str] = set()
    for n, code in enumerate(codes):
        if code in seen:
            raise DefinedTwice(pointer=f"/{field}/{n}", what=code)
        seen.add(code)
