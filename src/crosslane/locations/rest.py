"""Locations over HTTP."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, structs

from crosslane.kernel import Page, matching
from crosslane.locations import service
from crosslane.locations.domain import (
    Ability,
    Kind,
    Location,
    LocationDraft,
    Point,
    dispatch_day,
    next_opening,
    open_at,
    ready_at,
    require_usable,
    show_hours,
    show_minute,
    show_spans,
    spans_on,
)
from crosslane.locations.errors import (
    BadHours,
    BadLocationCode,
    BadTime,
    ClosureInvalid,
    DayRangeInvalid,
    LocationCodeFixed,
    LocationExists,
    LocationUnknown,
    NearestUnclear,
    PositionIncomplete,
    PositionMissing,
    PostcodeUnknown,
    TimeOutOfRange,
)
from crosslane.locations.service import (
    ADD,
    CHANGE,
    CLOSE,
    IMPORT,
    REOPEN,
    RETIRE,
    ImportLocations,
    LocationsImported,
)
from crosslane.organization import BadCountry, BadTimezone, UnknownEntity
from crosslane.platform.calendar import NationUnknown
from crosslane.platform.web import Answer, Caller, Paging, Version, delete, get, post, put

READ, WRITE = "locations:read", "locations:write"
IMPORT_BYTES_MAX = 16 << 20
DAYS_MAX = 92

DRAFT_RAISES = (
    BadLocationCode,
    BadCountry,
    BadTimezone,
    NationUnknown,
    BadHours,
    BadTime,
    PositionIncomplete,
    PositionMissing,
)
DAYS_SHOWN = 14
NEAREST_MAX = 50


class ClosureShown(Struct, frozen=True):
    """A temporary closure; ``until`` is null while its end is open."""

    since: datetime
    until: datetime | None
    reason: str


class LocationShown(Struct, frozen=True):
    """A location as the API shows it; fields as when it was given."""

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
    lat: float
    lon: float
    easting: int | None
    northing: int | None
    timezone: str
    abilities: list[str]
    hours: dict[str, list[str]]
    special_days: dict[str, list[str]]
    cut_off: str | None
    handling_hours: int
    parcels_per_day: int | None
    handling_parcel_minor: int
    handling_unit_minor: int
    closure: ClosureShown | None
    active: bool
    version: int


class ClosureWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A closure; ``since`` absent begins now, ``until`` absent has no end yet."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None


class NearShown(Struct, frozen=True):
    """A location near by, and whether it is open now."""

    location: LocationShown
    distance_metres: int
    open: bool


class Nearest(Struct, frozen=True):
    """The locations nearest to a place, nearest first.

    Args:
        lat: degrees north of the place.
        lon: degrees east of the place.
        precision: how exactly the place is known: position, sector, district or area.
        items: the locations.
    """

    lat: float
    lon: float
    precision: str
    items: list[NearShown]


class DayShown(Struct, frozen=True):
    """The planned hours of one day."""

    day: date
    hours: list[str]


class Opening(Struct, frozen=True):
    """When a location works, seen from one instant.

    Args:
        at: the instant.
        open: whether it is open then.
        next_opening: then, or when it opens next.
        ready_at: when an order released then can be collected.
        dispatch_day: the local day on which an order released then leaves.
        days: the planned hours from that day on; temporary closures are not taken off.
    """

    at: datetime
    open: bool
    next_opening: datetime | None
    ready_at: datetime | None
    dispatch_day: date | None
    days: list[DayShown]


class CapacityDay(Struct, frozen=True):
    """One day's parcels: taken, the limit, and what is left; null where there is no limit."""

    day: date
    parcels_taken: int
    parcels_per_day: int | None
    parcels_free: int | None


EXAMPLE = LocationDraft(
    code="S0001",
    kind="store",
    entity="marlow-finch",
    name="Esplanade",
    lines=("North Esplanade West",),
    city="Aberdeen",
    country="GB",
    nation="SCT",
    postcode="AB11 5RN",
    timezone="Europe/London",
    abilities=frozenset({"pickup"}),
    hours={"monday": ("09:00-20:00",), "sunday": ("10:00-18:00",)},
    cut_off="15:00",
    handling_hours=2,
    parcels_per_day=40,
)


@get("/api/v1/locations", permission=READ)
async def list_locations(
    caller: Caller,
    paging: Paging,
    kind: Kind | None = None,
    ability: Ability | None = None,
    active: bool | None = None,
) -> Page[LocationShown]:
    """List locations by code."""
    after = paging.after(str)
    async with caller.read() as tx:
        known = await service.network(tx)
    found = [
        location
        for location in known.all
        if (after is None or location.code > after[0])
        and kind in (None, location.kind)
        and active in (None, location.active)
        and (ability is None or ability in location.abilities)
    ]
    page = [show(location) for location in found[: paging.limit + 1]]
    return paging.page(page, key=lambda location: (location.code,))


@post(
    "/api/v1/locations",
    permission=WRITE,
    command=ADD,
    raises=(
        LocationExists,
        UnknownEntity,
        *DRAFT_RAISES,
    ),
    example=EXAMPLE,
)
async def add_location(caller: Caller, data: LocationDraft) -> Answer[LocationShown]:
    """Add a location.

    Without ``lat`` and ``lon`` its position is that of its postcode, where that is known.
    """
    return _answer(await caller.submit(ADD, data))


@get("/api/v1/locations/nearest", permission=READ, raises=(NearestUnclear, PostcodeUnknown))
async def list_nearest(
    caller: Caller,
    country: Annotated[str, matching("[A-Z]{2}")] | None = None,
    postcode: Annotated[str, Meta(max_length=16)] | None = None,
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None,
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None,
    ability: Ability | None = None,
    kind: Kind | None = None,
    limit: Annotated[int, Meta(ge=1, le=NEAREST_MAX)] = 10,
) -> Nearest:
    """Find the active locations nearest to a postcode or a position."""
    point, precision = _place(country, postcode, lat, lon)
    async with caller.read() as tx:
        known, now = await service.network(tx), tx.now
    found = known.nearest(
        point, limit, ability, accept=lambda location: kind in (None, location.kind)
    )
    items = [
        NearShown(show(near.location), near.distance_metres, open_at(near.location.timetable, now))
        for near in found
    ]
    return Nearest(point.lat, point.lon, precision, items)


@get("/api/v1/locations/{code}", permission=READ, raises=(LocationUnknown,))
async def show_location(caller: Caller, code: str) -> Answer[LocationShown]:
    """Show one location."""
    async with caller.read() as tx:
        return _answer((await service.network(tx)).require(code))


@put(
    "/api/v1/locations/{code}",
    permission=WRITE,
    command=CHANGE,
    raises=(
        LocationUnknown,
        LocationCodeFixed,
        UnknownEntity,
        *DRAFT_RAISES,
    ),
    example=EXAMPLE,
)
async def change_location(
    caller: Caller, code: str, data: LocationDraft, version: Version | None = None
) -> Answer[LocationShown]:
    """Replace a location's description; If-Match names the version that is meant."""
    change = service.ChangeLocation(code=code, draft=data, version=version)
    return _answer(await caller.submit(CHANGE, change))


@delete("/api/v1/locations/{code}", permission=WRITE, command=RETIRE, raises=(LocationUnknown,))
async def retire_location(caller: Caller, code: str) -> Answer[LocationShown]:
    """Retire a location: it takes no new work, and its history stays."""
    return _answer(await caller.submit(RETIRE, service.Retire(code)))


@post(
    "/api/v1/locations/{code}/closure",
    permission=WRITE,
    command=CLOSE,
    raises=(LocationUnknown, ClosureInvalid, TimeOutOfRange),
    example=ClosureWanted(reason="Flood in the stock room"),
)
async def close_location(caller: Caller, code: str, data: ClosureWanted) -> Answer[LocationShown]:
    """Close a location for a while, in place of any closure it has."""
    wanted = service.Close(code, data.since, data.until, data.reason)
    return _answer(await caller.submit(CLOSE, wanted))


@delete(
    "/api/v1/locations/{code}/closure", permission=WRITE, command=REOPEN, raises=(LocationUnknown,)
)
async def reopen_location(caller: Caller, code: str) -> Answer[LocationShown]:
    """Lift a location's closure."""
    return _answer(await caller.submit(REOPEN, service.Reopen(code)))


@post(
    "/api/v1/location-imports",
    permission=WRITE,
    command=IMPORT,
    body_bytes_max=IMPORT_BYTES_MAX,
    example=ImportLocations(rows=[structs.asdict(EXAMPLE) | {"special_days": {}}], dry_run=True),
)
async def import_locations(caller: Caller, data: ImportLocations) -> LocationsImported:
    """Add and change locations in bulk.

    Rows that cannot be taken are told one by one, the others are saved; ``dry_run`` only tells.
    """
    return await caller.submit(IMPORT, data)


@get("/api/v1/locations/{code}/opening", permission=READ, raises=(LocationUnknown, TimeOutOfRange))
async def show_opening(
    caller: Caller, code: str, at: Annotated[datetime, Meta(tz=True)] | None = None
) -> Opening:
    """Show when a location works, seen from now or from a given time."""
    async with caller.read() as tx:
        timetable = (await service.network(tx)).require(code).timetable
        moment = require_usable(at or tx.now, pointer="/at")
    today = timetable.local_day(moment)
    days = [today + timedelta(days=offset) for offset in range(DAYS_SHOWN)]
    return Opening(
        at=moment,
        open=open_at(timetable, moment),
        next_opening=next_opening(timetable, moment),
        ready_at=ready_at(timetable, moment),
        dispatch_day=dispatch_day(timetable, moment),
        days=[DayShown(day, show_spans(spans_on(timetable, day))) for day in days],
    )


@get(
    "/api/v1/locations/{code}/capacity", permission=READ, raises=(LocationUnknown, DayRangeInvalid)
)
async def show_capacity(caller: Caller, code: str, first: date, last: date) -> list[CapacityDay]:
    """Show how many parcels are taken from each day of a range."""
    days = (last - first).days + 1
    if not 1 <= days <= DAYS_MAX:
        raise DayRangeInvalid(most=DAYS_MAX)
    async with caller.read() as tx:
        location = (await service.network(tx)).require(code)
        taken = await service.capacity_of_days(tx, location.id, first, last, DAYS_MAX)
    limit = location.parcels_per_day
    shown: list[CapacityDay] = []
    for offset in range(days):
        day = first + timedelta(days=offset)
        used = taken.get(day, 0)
        shown.append(CapacityDay(day, used, limit, None if limit is None else limit - used))
    return shown


def show(location: Location) -> LocationShown:
    """Return a location as the API shows it."""
    timetable, point = location.timetable, location.point
    closure = timetable.closure
    same: dict[str, Any] = {
        name: getattr(location, name)
        for name in LocationShown.__struct_fields__
        if name in Location.__struct_fields__
    }
    return LocationShown(
        **same
        | {
            "abilities": sorted(location.abilities),
            "lat": point.lat,
            "lon": point.lon,
            "easting": point.easting,
            "northing": point.northing,
            "timezone": timetable.timezone,
            "hours": show_hours(timetable.hours),
            "special_days": {
                day.isoformat(): show_spans(spans)
                for day, spans in sorted(timetable.hours.special.items())
            },
            "cut_off": None if timetable.cut_off is None else show_minute(timetable.cut_off),
            "closure": closure and ClosureShown(closure.since, closure.until, closure.reason),
        }
    )


def _answer(location: Location) -> Answer[LocationShown]:
    return Answer(body=show(location), version=location.version)


def _place(
    country: str | None, postcode: str | None, lat: float | None, lon: float | None
) -> tuple[Point, str]:
    if lat is not None and lon is not None and postcode is None and country is None:
        return Point(lat, lon), "position"
    if country is None or postcode is None or lat is not None or lon is not None:
        raise NearestUnclear
    located = service.locate_postcode(country, postcode)
    if located is None:
        raise PostcodeUnknown(country=country, postcode=postcode)
    return located.point, located.precision


ROUTES = [
    list_locations,
    add_location,
    list_nearest,
    show_location,
    change_location,
    retire_location,
    close_location,
    reopen_location,
    import_locations,
    show_opening,
    show_capacity,
]
