"""The SQL of locations."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.locations.domain import (
    CapacityClaim,
    CapacityKey,
    Closure,
    Hours,
    Location,
    Point,
    Timetable,
)
from crosslane.platform.database import Record, Tx, columns

LOCATIONS_MAX = 20_000

TIMETABLE_COLUMNS = (
    *("timezone", "country", "nation", "hours", "cut_off_minute", "handling_hours"),
    *("closed_since", "closed_until", "closed_reason"),
)

LIST_LOCATIONS = """
select id, code, kind, entity, name, lines, city, country, nation, postcode, phone, lat, lon,
       easting, northing, timezone, abilities, hours, cut_off_minute, handling_hours,
       parcels_per_day, handling_parcel_minor, handling_unit_minor, closed_since, closed_until,
       closed_reason, active, version
from locations_location order by code limit $1
"""


async def list_locations(tx: Tx) -> list[Location]:
    """Return every location of the tenant; those that work alike share one timetable."""
    timetables: dict[tuple[Any, ...], Timetable] = {}
    locations: list[Location] = []
    for row in await tx.fetch(LIST_LOCATIONS, LOCATIONS_MAX):
        key = tuple(row[name] for name in TIMETABLE_COLUMNS)
        if key not in timetables:
            timetables[key] = _timetable(row)
        locations.append(_location(row, timetables[key]))
    return locations


# One JSON document instead of 25 arrays: an array of arrays would lose where each row ends.
UPSERT_LOCATIONS = """
insert into locations_location as l (
    id, code, kind, entity, name, lines, city, country, nation, postcode, phone, lat, lon, easting,
    northing, timezone, abilities, hours, cut_off_minute, handling_hours, parcels_per_day,
    handling_parcel_minor, handling_unit_minor, active, version, changed_at
)
select id, code, kind, entity, name, lines, city, country, nation, postcode, phone, lat, lon,
       easting, northing, timezone, abilities, hours, cut_off_minute, handling_hours,
       parcels_per_day, handling_parcel_minor, handling_unit_minor, active, version, $2
from jsonb_to_recordset($1::jsonb) as r(
    id uuid, code text, kind text, entity text, name text, lines text[], city text, country text,
    nation text, postcode text, phone text, lat double precision, lon double precision,
    easting integer, northing integer, timezone text, abilities text[], hours jsonb,
    cut_off_minute smallint, handling_hours integer, parcels_per_day integer,
    handling_parcel_minor bigint, handling_unit_minor bigint, active boolean, version integer
)
order by code
on conflict (code) do update set
    kind = excluded.kind, entity = excluded.entity, name = excluded.name, lines = excluded.lines,
    city = excluded.city, country = excluded.country, nation = excluded.nation,
    postcode = excluded.postcode, phone = excluded.phone, lat = excluded.lat, lon = excluded.lon,
    easting = excluded.easting, northing = excluded.northing, timezone = excluded.timezone,
    abilities = excluded.abilities, hours = excluded.hours,
    cut_off_minute = excluded.cut_off_minute, handling_hours = excluded.handling_hours,
    parcels_per_day = excluded.parcels_per_day,
    handling_parcel_minor = excluded.handling_parcel_minor,
    handling_unit_minor = excluded.handling_unit_minor, active = excluded.active,
    version = l.version + 1, changed_at = excluded.changed_at
returning id, version
"""


async def upsert_locations(tx: Tx, locations: Iterable[Location]) -> dict[UUID, int]:
    """Store locations by code; return the version each has now. Closures are left as they are."""
    rows = msgspec.json.encode([_row(location) for location in locations])
    return {row["id"]: row["version"] for row in await tx.fetch(UPSERT_LOCATIONS, rows, tx.now)}


SET_CLOSURE = """
update locations_location
set closed_since = $2, closed_until = $3, closed_reason = $4, version = version + 1, changed_at = $5
where id = $1
"""


async def set_closure(tx: Tx, location_id: UUID, closure: Closure | None) -> None:
    """Store a location's temporary closure, or that it has none."""
    since, until, reason = (closure.since, closure.until, closure.reason) if closure else _OPEN
    await tx.execute(SET_CLOSURE, location_id, since, until, reason, tx.now)


_OPEN: tuple[datetime | None, datetime | None, str] = (None, None, "")

CAPACITY_TAKEN = """
select location_id, day, taken from locations_capacity
join unnest($1::uuid[], $2::date[]) as w(id, first) on id = location_id
where day between first and first + $3::integer
"""


async def find_capacity(
    tx: Tx, keys: Iterable[CapacityKey], days_ahead: int
) -> dict[CapacityKey, int]:
    """Return the counters there are of some days and those after them, unprotected."""
    return await _counters(tx, CAPACITY_TAKEN, keys, days_ahead)


# The update that changes nothing makes the row ours, missing or not, in one round trip; the order
# keeps two transactions from waiting for each other in a circle.
LOCK_CAPACITY = """
insert into locations_capacity as c (location_id, day, taken)
select location_id, day, 0 from unnest($1::uuid[], $2::date[]) as w(location_id, day)
order by location_id, day
on conflict (location_id, day) do update set taken = c.taken
returning location_id, day, taken
"""


async def lock_capacity(tx: Tx, keys: Iterable[CapacityKey]) -> dict[CapacityKey, int]:
    """Protect counters until the transaction ends, making those that are missing; return them."""
    return await _counters(tx, LOCK_CAPACITY, sorted(set(keys)))


CAPACITY_OF_DAYS = """
select day, taken from locations_capacity
where location_id = $1 and day between $2 and $3 order by day limit $4
"""


async def list_capacity(
    tx: Tx, location_id: UUID, first: date, last: date, limit: int
) -> dict[date, int]:
    """Return the counters of one location from a first to a last day."""
    rows = await tx.fetch(CAPACITY_OF_DAYS, location_id, first, last, limit)
    return {row["day"]: row["taken"] for row in rows}


HELD_CLAIMS = """
select w.position
from unnest($1::date[], $2::uuid[], $3::text[]) with ordinality
     as w(day, location_id, cause, position)
join locations_capacity_move m using (day, location_id, cause)
where m.kind = 'take'
"""


async def held_claims(tx: Tx, claims: Sequence[CapacityClaim]) -> set[int]:
    """Return the positions of those claims that were granted before."""
    held = await tx.fetch(HELD_CLAIMS, *columns(claims, "day", "location_id", "cause"))
    return {row["position"] - 1 for row in held}


TAKE_CAPACITY = """
with fresh as (
    insert into locations_capacity_move (day, location_id, cause, kind, parcels, holder, at)
    select day, location_id, cause, 'take', parcels, holder, $6
    from unnest($1::date[], $2::uuid[], $3::text[], $4::integer[], $5::uuid[])
         as w(day, location_id, cause, parcels, holder)
    on conflict do nothing
    returning location_id, day, parcels
), added as (
    select location_id, day, sum(parcels)::integer as parcels from fresh group by location_id, day
)
update locations_capacity c set taken = c.taken + a.parcels
from added a where c.location_id = a.location_id and c.day = a.day
"""


async def insert_takes(tx: Tx, claims: Iterable[CapacityClaim]) -> None:
    """Write claims to the journal and their counters; one that is there already counts once."""
    taken = columns(claims, "day", "location_id", "cause", "parcels", "holder")
    await tx.execute(TAKE_CAPACITY, *taken, tx.now)


# A counter is advanced by all that is wanted of it, or only made ours like above; what is wanted of
# those that were advanced goes into the journal.
_CLAIMED = """
capacity_wanted as (
    select location_id, day, sum(parcels)::integer as parcels, min(most) as most
    from unnest($1::date[], $2::uuid[], $4::integer[], $6::integer[])
         as w(day, location_id, parcels, most)
    group by location_id, day
), capacity_counted as (
    insert into locations_capacity as c (location_id, day, taken)
    select location_id, day, case when parcels <= most then parcels else 0 end
    from capacity_wanted
    order by location_id, day
    on conflict (location_id, day) do update set taken = c.taken + excluded.taken
    where c.taken + excluded.taken <= (
        select most from capacity_wanted w where w.location_id = c.location_id and w.day = c.day)
    returning location_id, day
), capacity_granted as (
    select location_id, day from capacity_counted join capacity_wanted using (location_id, day)
    where parcels <= most
), capacity_journaled as (
    insert into locations_capacity_move (day, location_id, cause, kind, parcels, holder, at)
    select day, location_id, cause, 'take', parcels, holder, $7
    from unnest($1::date[], $2::uuid[], $3::text[], $4::integer[], $5::uuid[])
         as w(day, location_id, cause, parcels, holder)
    join capacity_granted using (location_id, day)
"""
CLAIM_CAPACITY = f"with {_CLAIMED}) select location_id, day from capacity_granted"  # noqa: S608
# A day that has become full lets the whole statement fail.
_CLAIMED_WHOLE = f"""{_CLAIMED}
    where (select platform_still(count(*) = (select count(*) from capacity_wanted))
           from capacity_granted)
)"""  # noqa: S608 - only constants of this file are put together


async def claim_days(
    tx: Tx, claims: Sequence[CapacityClaim], limits: Sequence[int]
) -> set[CapacityKey]:
    """Take all that is wanted of each day or nothing of it; return the days that were taken.

    Args:
        tx: open transaction; every counter is protected until it ends.
        claims: what is wanted, by causes that have claimed nothing yet.
        limits: parcels a day of each claim's location.
    """
    rows = await tx.fetch(CLAIM_CAPACITY, *_wanted(claims, limits), tx.now)
    return {(row["location_id"], row["day"]) for row in rows}


async def put_claims(tx: Tx, claims: Sequence[CapacityClaim], limits: Sequence[int]) -> None:
    """Take all that is wanted, by the statement that is written next, which fails otherwise."""
    await tx.put((_CLAIMED_WHOLE, [*_wanted(claims, limits), tx.now]))


def _wanted(claims: Sequence[CapacityClaim], limits: Sequence[int]) -> list[list[Any]]:
    return [*columns(claims, "day", "location_id", "cause", "parcels", "holder"), list(limits)]


RETURN_CAPACITY = """
with fresh as (
    insert into locations_capacity_move (day, location_id, cause, kind, parcels, holder, at)
    select day, location_id, cause, 'return', m.parcels, m.holder, $4
    from unnest($1::date[], $2::uuid[], $3::text[]) as w(day, location_id, cause)
    join locations_capacity_move m using (day, location_id, cause)
    where m.kind = 'take'
    on conflict do nothing
    returning location_id, day, parcels
), removed as (
    select location_id, day, sum(parcels)::integer as parcels from fresh group by location_id, day
)
update locations_capacity c set taken = c.taken - r.parcels
from removed r where c.location_id = r.location_id and c.day = r.day
"""


async def insert_returns(tx: Tx, claims: Iterable[CapacityClaim]) -> None:
    """Give back what claims took, whole and at most once; the counters must be locked."""
    await tx.execute(RETURN_CAPACITY, *columns(claims, "day", "location_id", "cause"), tx.now)


CLAIMS_OF_HOLDERS = """
select t.location_id, t.day, t.parcels, t.cause, t.holder
from unnest($1::uuid[], $2::uuid[]) as w(holder, location_id)
join locations_capacity_move t using (holder, location_id)
where t.kind = 'take' and not exists (
    select from locations_capacity_move r
    where (r.day, r.location_id, r.cause, r.kind) = (t.day, t.location_id, t.cause, 'return')
)
"""


async def claims_of_holders(tx: Tx, held: Sequence[tuple[UUID, UUID]]) -> list[CapacityClaim]:
    """Return what holders have at locations and have not given back."""
    rows = await tx.fetch(CLAIMS_OF_HOLDERS, [h for h, _ in held], [at for _, at in held])
    return [CapacityClaim(**dict(row)) for row in rows]


async def _counters(
    tx: Tx, sql: str, keys: Iterable[CapacityKey], *more: int
) -> dict[CapacityKey, int]:
    wanted = list(keys)
    rows = await tx.fetch(sql, [key[0] for key in wanted], [key[1] for key in wanted], *more)
    return {(row["location_id"], row["day"]): row["taken"] for row in rows}


def _row(location: Location) -> dict[str, object]:
    timetable, point = location.timetable, location.point
    return {
        "id": location.id,
        "code": location.code,
        "kind": location.kind,
        "entity": location.entity,
        "name": location.name,
        "lines": location.lines,
        "city": location.city,
        "country": location.country,
        "nation": location.nation,
        "postcode": location.postcode,
        "phone": location.phone,
        "lat": point.lat,
        "lon": point.lon,
        "easting": point.easting,
        "northing": point.northing,
        "timezone": timetable.timezone,
        "abilities": sorted(location.abilities),
        "hours": timetable.hours,
        "cut_off_minute": timetable.cut_off,
        "handling_hours": location.handling_hours,
        "parcels_per_day": location.parcels_per_day,
        "handling_parcel_minor": location.handling_parcel_minor,
        "handling_unit_minor": location.handling_unit_minor,
        "active": location.active,
        "version": location.version,
    }


def _timetable(row: Record) -> Timetable:
    closure = None
    if row["closed_since"] is not None:
        closure = Closure(row["closed_since"], row["closed_until"], row["closed_reason"])
    return Timetable(
        timezone=row["timezone"],
        country=row["country"],
        nation=row["nation"],
        hours=msgspec.json.decode(row["hours"], type=Hours),
        cut_off=row["cut_off_minute"],
        handling_minutes=row["handling_hours"] * 60,
        closure=closure,
    )


def _location(row: Record, timetable: Timetable) -> Location:
    return Location(
        id=row["id"],
        code=row["code"],
        kind=row["kind"],
        entity=row["entity"],
        name=row["name"],
        lines=tuple(row["lines"]),
        city=row["city"],
        country=row["country"],
        nation=row["nation"],
        postcode=row["postcode"],
        phone=row["phone"],
        point=Point(row["lat"], row["lon"], row["easting"], row["northing"]),
        abilities=frozenset(row["abilities"]),
        timetable=timetable,
        handling_hours=row["handling_hours"],
        parcels_per_day=row["parcels_per_day"],
        handling_parcel_minor=row["handling_parcel_minor"],
        handling_unit_minor=row["handling_unit_minor"],
        active=row["active"],
        version=row["version"],
    )
