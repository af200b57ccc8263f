"""A location: what it is, where, when and what it can do; and how a draft of one is checked."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from crosslane.locations.domain.opening import MINUTES_PER_DAY, Hours, Spans, Timetable
from crosslane.locations.domain.position import Point
from crosslane.locations.errors import (
    BadHours,
    BadLocationCode,
    BadTime,
    PositionIncomplete,
    PositionMissing,
)
from crosslane.organization import require_country, require_timezone
from crosslane.platform.calendar import require_nation

Kind = Literal["store", "warehouse", "vendor"]
Ability = Literal["ship", "pickup", "ship_to_store", "carry_out", "receive_returns"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOLIDAY = "holiday"
SPANS_PER_DAY_MAX = 6
SPECIAL_DAYS_MAX = 400

_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
_TIME = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")

Text = Annotated[str, Meta(max_length=200)]
SpanTexts = Annotated[
    tuple[Annotated[str, Meta(max_length=11)], ...], Meta(max_length=SPANS_PER_DAY_MAX)
]


class LocationDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A location as people and imports give it.

    Args:
        code: short name used everywhere, such as ``S0327``.
        kind: store, warehouse or vendor.
        entity: code of the legal entity that owns it (for a vendor: that buys from it).
        name: name that customers see.
        lines: street address, at most four lines.
        city: post town.
        country: ISO 3166 alpha-2.
        nation: part of the country with public holidays of its own (GB: ENG, SCT, WLS, NIR).
        postcode: in the country's form.
        phone: for customers.
        lat: degrees north; when left out, the position is that of the postcode.
        lon: degrees east.
        easting: metres on the British National Grid.
        northing: metres on the same grid.
        timezone: IANA name.
        abilities: what it can do for an order.
        hours: spans such as ``["09:00-20:00"]`` for ``monday`` to ``sunday`` and ``holiday``;
            a day left out is closed.
        special_days: the same for single dates.
        cut_off: HH:MM until which an order still leaves the same day; absent: until closing.
        handling_hours: opening hours needed from release until ready for pickup.
        parcels_per_day: how many parcels it can send a day; absent: no limit.
        handling_parcel_minor: cost of sending one parcel, in minor units of the entity's currency.
        handling_unit_minor: cost of handling one unit, in the same.
        active: false retires it: it takes no new work and keeps its history.
    """

    code: Annotated[str, Meta(max_length=32)]
    kind: Kind
    entity: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    country: Annotated[str, Meta(max_length=2)]
    timezone: Annotated[str, Meta(max_length=64)]
    lines: Annotated[tuple[Text, ...], Meta(max_length=4)] = ()
    city: Text = ""
    postcode: Annotated[str, Meta(max_length=16)] = ""
    nation: Annotated[str, Meta(max_length=16)] = ""
    phone: Annotated[str, Meta(max_length=32)] = ""
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    easting: Annotated[int, Meta(ge=-1_000_000, le=2_000_000)] | None = None
    northing: Annotated[int, Meta(ge=-1_000_000, le=2_000_000)] | None = None
    abilities: frozenset[Ability] = frozenset()
    hours: Mapping[str, SpanTexts] = {}
    special_days: Mapping[date, SpanTexts] = {}
    cut_off: Annotated[str, Meta(max_length=5)] | None = None
    handling_hours: Annotated[int, Meta(ge=0, le=24 * 14)] = 0
    parcels_per_day: Annotated[int, Meta(ge=0, le=10_000_000)] | None = None
    handling_parcel_minor: Annotated[int, Meta(ge=0, le=10**9)] = 0
    handling_unit_minor: Annotated[int, Meta(ge=0, le=10**9)] = 0
    active: bool = True


class Location(Struct, frozen=True, kw_only=True):
    """A store, warehouse or vendor of goods; fields as in LocationDraft."""

    id: UUID
    code: str
    kind: Kind
    entity: str
    name: str
    lines: tuple[str, ...]
    city: str
    country: str
    nation: str
    postcode: str
    phone: str
    point: Point
    abilities: frozenset[str]
    timetable: Timetable
    handling_hours: int
    parcels_per_day: int | None
    handling_parcel_minor: int
    handling_unit_minor: int
    active: bool
    version: int

    def can(self, ability: str) -> bool:
        """Say whether it takes work of this kind at all (closures and hours are not looked at)."""
        return self.active and ability in self.abilities


def location_of(draft: LocationDraft, id: UUID, by_postcode: Point | None) -> Location:
    """Return the location a draft describes.

    Args:
        draft: as given.
        id: its identifier.
        by_postcode: position of the draft's postcode, used when it gives none itself.

    Raises:
        Refusal: the first field that does not hold, with its pointer.
    """
    if not _CODE.fullmatch(draft.code):
        raise BadLocationCode(pointer="/code", code=draft.code)
    require_country(draft.country, pointer="/country")
    require_timezone(draft.timezone, pointer="/timezone")
    require_nation(draft.country, draft.nation, pointer="/nation")
    return Location(
        id=id,
        code=draft.code,
        kind=draft.kind,
        entity=draft.entity,
        name=draft.name,
        lines=draft.lines,
        city=draft.city,
        country=draft.country,
        nation=draft.nation,
        postcode=" ".join(draft.postcode.upper().split()),
        phone=draft.phone,
        point=_point(draft, by_postcode),
        abilities=frozenset(draft.abilities),
        timetable=Timetable(
            timezone=draft.timezone,
            country=draft.country,
            nation=draft.nation,
            hours=_hours(draft),
            cut_off=None if draft.cut_off is None else read_minute(draft.cut_off, "/cut_off"),
            handling_minutes=draft.handling_hours * 60,
        ),
        handling_hours=draft.handling_hours,
        parcels_per_day=draft.parcels_per_day,
        handling_parcel_minor=draft.handling_parcel_minor,
        handling_unit_minor=draft.handling_unit_minor,
        active=draft.active,
        version=1,
    )


def read_minute(text: str, pointer: str = "") -> int:
    """Return HH:MM as minutes after midnight; 24:00 is the end of the day."""
    found = _TIME.fullmatch(text)
    minute = int(found[1]) * 60 + int(found[2]) if found else MINUTES_PER_DAY + 1
    if minute > MINUTES_PER_DAY:
        raise BadTime(pointer=pointer, time=text)
    return minute


def read_spans(texts: tuple[str, ...], pointer: str = "") -> Spans:
    """Return spans such as ``09:00-20:00`` as minutes after midnight.

    Raises:
        BadHours: not of that form, empty, overlapping or out of order.
    """
    spans: list[tuple[int, int]] = []
    for text in texts:
        first, dash, last = text.partition("-")
        try:
            span = read_minute(first), read_minute(last)
        except BadTime:
            raise BadHours(pointer=pointer, hours=text) from None
        if not dash or span[0] >= span[1] or (spans and span[0] < spans[-1][1]):
            raise BadHours(pointer=pointer, hours=text)
        spans.append(span)
    return tuple(spans)


def show_minute(minute: int) -> str:
    """Return minutes after midnight as HH:MM."""
    return f"{minute // 60:02}:{minute % 60:02}"


def show_spans(spans: Spans) -> list[str]:
    """Return spans as people write them, the reverse of read_spans."""
    return [f"{show_minute(first)}-{show_minute(last)}" for first, last in spans]


def show_hours(hours: Hours) -> dict[str, list[str]]:
    """Return the weekly hours by day name, the reverse of what a draft gives."""
    shown = {name: show_spans(spans) for name, spans in zip(WEEKDAYS, hours.week, strict=True)}
    return {**shown, HOLIDAY: show_spans(hours.holiday)}


def _hours(draft: LocationDraft) -> Hours:
    unknown = set(draft.hours) - {*WEEKDAYS, HOLIDAY}
    if unknown:
        raise BadHours(pointer="/hours", hours=min(unknown))
    if len(draft.special_days) > SPECIAL_DAYS_MAX:
        raise BadHours(pointer="/special_days", hours=f"{len(draft.special_days)} days")

    def spans(name: str) -> Spans:
        return read_spans(draft.hours.get(name, ()), f"/hours/{name}")

    monday, tuesday, wednesday, thursday, friday, saturday, sunday = map(spans, WEEKDAYS)
    return Hours(
        week=(monday, tuesday, wednesday, thursday, friday, saturday, sunday),
        holiday=spans(HOLIDAY),
        special={d: read_spans(s, f"/special_days/{d}") for d, s in draft.special_days.items()},
    )


def _point(draft: LocationDraft, by_postcode: Point | None) -> Point:
    has_grid = draft.easting is not None and draft.northing is not None
    if (draft.lat is None) != (draft.lon is None) or (draft.easting is None) != (
        draft.northing is None
    ):
        raise PositionIncomplete(pointer="/lat")
    if draft.lat is not None and draft.lon is not None:
        return Point(draft.lat, draft.lon, draft.easting, draft.northing)
    if has_grid:
        raise PositionIncomplete(pointer="/lat")
    if by_postcode is None:
        raise PositionMissing(pointer="/postcode", postcode=draft.postcode)
    return by_postcode
