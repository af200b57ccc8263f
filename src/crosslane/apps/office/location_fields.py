"""The form of a location: filled with what is there, read back as a draft, and compared."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from crosslane.apps.office.wishes import wish_of
from crosslane.kernel import Refusal, currency_exponent, parse_minor
from crosslane.locations import (
    HOLIDAY,
    WEEKDAYS,
    Location,
    LocationDraft,
    show_hours,
    show_minute,
    show_spans,
)
from crosslane.platform.screens import Form
from crosslane.platform.web import InvalidField

PLAIN = ("name", "city", "country", "nation", "postcode", "phone", "kind", "entity", "timezone")
COSTS = ("handling_parcel_minor", "handling_unit_minor")
DAYS = (*WEEKDAYS, HOLIDAY)
EMPTY = dict.fromkeys((*PLAIN, *COSTS, *DAYS, "code", "lines", "special_days", "cut_off"), "")


class Change(msgspec.Struct, frozen=True):
    """A field of a location that is another one afterwards."""

    field: str
    before: str
    after: str


def filled(place: Location, currency: str) -> dict[str, Any]:
    """Return the fields of the form as a location fills them.

    Args:
        place: the location.
        currency: in which its costs are told.
    """
    timetable, point = place.timetable, place.point
    hours = {day: ", ".join(spans) for day, spans in show_hours(timetable.hours).items()}
    special = [
        f"{day.isoformat()} {', '.join(show_spans(spans))}".strip()
        for day, spans in sorted(timetable.hours.special.items())
    ]
    return {
        **{name: getattr(place, name) for name in PLAIN if name != "timezone"},
        **{name: written(getattr(place, name), currency) for name in COSTS},
        **hours,
        "code": place.code,
        "timezone": timetable.timezone,
        "lines": "\n".join(place.lines),
        "lat": str(point.lat),
        "lon": str(point.lon),
        "abilities": sorted(place.abilities),
        "special_days": "\n".join(special),
        "cut_off": "" if timetable.cut_off is None else show_minute(timetable.cut_off),
        "handling_hours": str(place.handling_hours),
        "parcels_per_day": "" if place.parcels_per_day is None else str(place.parcels_per_day),
        "active": place.active,
        "version": place.version,
    }


def refilled(fields: Form) -> dict[str, Any]:
    """Return the fields of the form as they were sent."""
    return {
        **EMPTY,
        **fields.plain(),
        "abilities": fields.texts("abilities"),
        "active": fields.checked("active"),
    }


def draft_of(fields: Form, code: str, place: Location | None, currency: str) -> LocationDraft:
    """Return the location a form describes.

    Args:
        fields: what was sent.
        code: of the location.
        place: as it is, None for a new one; what the form does not ask for stays.
        currency: in which its costs are told.

    Raises:
        InvalidField: a field cannot be read.
    """
    told: dict[str, Any] = {name: fields.text(name) for name in PLAIN}
    told |= {name: _minor(fields, name, currency) for name in COSTS}
    told |= {
        "code": code,
        "lines": [line.strip() for line in fields.text("lines").splitlines() if line.strip()],
        "abilities": fields.texts("abilities"),
        "hours": {day: spans for day in DAYS if (spans := _spans(fields.text(day)))},
        "special_days": dict(_special(fields.text("special_days"))),
        "cut_off": fields.text("cut_off") or None,
        "handling_hours": fields.number("handling_hours", 0),
        "parcels_per_day": fields.number("parcels_per_day"),
        "active": fields.checked("active"),
    }
    return wish_of(LocationDraft, told | _position(fields, place))


def changes_of(before: Location, after: Location, currency: str) -> list[Change]:
    """Return what is another afterwards, in the order of the form."""
    old, new = filled(before, currency), filled(after, currency)
    return [
        Change(name, _told(old[name]), _told(new[name]))
        for name in old
        if name != "version" and old[name] != new[name]
    ]


def moment_of(fields: Form, name: str, timezone: str) -> datetime | None:
    """Return an instant that was chosen as wall-clock time of a zone, None for none.

    Raises:
        InvalidField: it is no time.
    """
    text = fields.text(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))
    except ValueError:
        raise InvalidField(pointer=f"/{name}", reason="it must be a day and a time") from None


def written(minor: int, currency: str) -> str:
    """Return an amount of minor units as people type it, such as 1.20."""
    exponent = currency_exponent(currency) if currency else 2
    if not exponent:
        return str(minor)
    whole, rest = divmod(minor, 10**exponent)
    return f"{whole}.{rest:0{exponent}}"


def _minor(fields: Form, name: str, currency: str) -> int:
    text = fields.text(name).replace(",", ".")
    try:
        return parse_minor(text, currency) if text else 0
    except Refusal as refusal:
        raise InvalidField(pointer=f"/{name}", reason=refusal.message) from None


def _position(fields: Form, place: Location | None) -> dict[str, Any]:
    """Return where it is: by its postcode when that is asked for, else as it was, or as typed."""
    lat, lon = fields.text("lat"), fields.text("lon")
    if fields.checked("by_postcode") or not (lat or lon):
        return {}
    if place is not None and (lat, lon) == (str(place.point.lat), str(place.point.lon)):
        return msgspec.structs.asdict(place.point)
    return {"lat": _degrees(lat, "lat"), "lon": _degrees(lon, "lon")}


def _degrees(text: str, name: str) -> Any:
    try:
        return msgspec.convert(text.replace(",", "."), float, strict=False)
    except msgspec.ValidationError:
        raise InvalidField(pointer=f"/{name}", reason="it must be degrees, as 57.14") from None


def _spans(text: str) -> list[str]:
    return [span.strip().replace("–", "-") for span in text.split(",") if span.strip()]


def _special(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        day, _, spans = line.strip().partition(" ")
        if day:
            yield day, _spans(spans)


def _told(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
