"""Locations: all of them as a list or a map, and one of them with its hours, load and abilities."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec
from litestar import Request, Response

from crosslane import locations, organization
from crosslane.apps.office.addresses import address, ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.locations import (
    WEEKDAYS,
    Ability,
    Location,
    LocationUnknown,
    Timetable,
    dispatch_day,
    last_dispatch,
    openings,
    ready_at,
    show_spans,
    spans_on,
)
from crosslane.platform.calendar import public_holidays
from crosslane.platform.database import Tx
from crosslane.platform.screens import Pin, Viewer, page
from crosslane.platform.web import Caller, Paging

READ, WRITE = "locations:read", "locations:write"
DAYS_SHOWN = 14
# A day is told as busy from this share of its limit on.
BUSY_BASIS_POINTS = 8_500
ABILITIES = ("ship", "pickup", "ship_to_store", "carry_out", "receive_returns")

State = Literal["open", "shut", "closed", "retired"]


class Standing(msgspec.Struct, frozen=True):
    """Whether a location works now.

    Args:
        state: open, shut until it opens again, closed for a while, or retired.
        until: when that changes, None when it is not in sight.
        reason: why it is closed for a while.
        today: that is still today there.
    """

    state: State
    until: datetime | None = None
    reason: str = ""
    today: bool = False


class Load(msgspec.Struct, frozen=True):
    """How many parcels of a day are taken.

    Args:
        day: the location's local day.
        hours: planned spans of it; none when it is shut.
        holiday: it is a public holiday there.
        special: hours were set for this very day.
        taken: parcels promised for it.
        most: how many it can send, None for no limit.
    """

    day: date
    hours: list[str]
    holiday: bool
    special: bool
    taken: int
    most: int | None

    @property
    def tone(self) -> str:
        """How full the day is: nothing to say, warn or bad."""
        if self.most is None or not self.taken:
            return ""
        if self.taken > self.most:
            return "bad"
        return "warn" if self.taken * 10_000 >= self.most * BUSY_BASIS_POINTS else "good"


class LocationRow(msgspec.Struct, frozen=True):
    """A location of the list."""

    place: Location
    standing: Standing
    taken: int


@page("/office/locations", permission=READ)
async def show_locations(
    caller: Caller,
    request: Request,
    paging: Paging,
    q: str = "",
    kind: Literal["", "store", "warehouse", "vendor"] = "",
    ability: Ability | Literal[""] = "",
    state: State | Literal[""] = "",
    entity: str = "",
    layout: Literal["list", "map"] = "list",
) -> Response:
    """Show locations as a list or a map."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        network, book = await locations.network(tx), await organization.book(tx)
        now = tx.now
        fitting = [
            (one, standing_of(one, now))
            for one in network.all
            if _fits(one, q)
            and kind in ("", one.kind)
            and entity in ("", one.entity)
            and (not ability or ability in one.abilities)
        ]
        fitting = [(one, standing) for one, standing in fitting if state in ("", standing.state)]
        after = paging.after(str)
        left = [pair for pair in fitting if after is None or pair[0].code > after[0]]
        found = paging.page(left, key=lambda pair: (pair[0].code,))
        today = {one.id: one.timetable.local_day(now) for one, _ in found.items}
        taken = await locations.capacity_taken(tx, today.items())
    return PAGES.answer(
        viewer,
        "locations.html",
        block="list" if viewer.fragment else "",
        rows=[
            LocationRow(one, standing, taken[one.id, today[one.id]])
            for one, standing in found.items
        ],
        pins=[_pin(one, standing) for one, standing in fitting] if layout == "map" else [],
        count=len(fitting),
        next=address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        entities=sorted(book.entities.values(), key=lambda one: one.name),
        abilities=ABILITIES,
        q=q,
        kind=kind,
        ability=ability,
        state=state,
        entity=entity,
        layout=layout,
        **ways(viewer),
    )


@page("/office/locations/{code}", permission=READ, raises=(LocationUnknown,))
async def show_location_page(caller: Caller, request: Request, code: str) -> Response:
    """Show a location: when it works, how full its days are, and what it can do."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await location_page(tx, viewer, code)
    return PAGES.answer(viewer, "location.html", **told)


async def location_page(tx: Tx, viewer: Viewer, code: str) -> dict[str, Any]:
    """Return all the page of a location shows."""
    place = (await locations.network(tx)).require(code)
    timetable, now = place.timetable, tx.now
    today = timetable.local_day(now)
    taken = await locations.capacity_of_days(
        tx, place.id, today, today + timedelta(days=DAYS_SHOWN - 1), DAYS_SHOWN
    )
    entity = (await organization.book(tx)).entities.get(place.entity)
    return {
        "place": place,
        "standing": standing_of(place, now),
        "entity": entity,
        "currency": entity.book_currency if entity else "",
        "week": list(zip(WEEKDAYS, map(show_spans, timetable.hours.week), strict=True)),
        "holiday": show_spans(timetable.hours.holiday),
        "special": _special(timetable, today),
        "weekday": today.weekday(),
        "today": today,
        "days": [
            _load(place, today + timedelta(days=offset), taken) for offset in range(DAYS_SHOWN)
        ],
        "last": last_dispatch(timetable, today),
        "leaves": dispatch_day(timetable, now),
        "ready": ready_at(timetable, now),
        "abilities": ABILITIES,
        "pin": _pin(place, standing_of(place, now), alone=True),
        "may_write": viewer.may(WRITE),
        "refusal": None,
        "asked": "",
        "fields": {},
    }


def standing_of(place: Location, now: datetime) -> Standing:
    """Return whether a location works at an instant, and until when that holds."""
    timetable, closure = place.timetable, place.timetable.closure
    if not place.active:
        return Standing("retired")
    if closure and closure.since <= now and (closure.until is None or now < closure.until):
        return Standing("closed", closure.until, closure.reason)
    for start, end in openings(timetable, now):
        state, until = ("open", end) if start <= now else ("shut", start)
        today = timetable.local_day(until) == timetable.local_day(now)
        return Standing(state, until, today=today)
    return Standing("shut")


def _fits(place: Location, q: str) -> bool:
    told = f"{place.code} {place.name} {place.city} {place.postcode}".lower()
    return all(word in told for word in q.lower().split())


def _pin(place: Location, standing: Standing, *, alone: bool = False) -> Pin:
    """Return a location as a pin of a map; alone it leads nowhere, for one is there already."""
    tones = {"open": "good", "shut": "neutral", "closed": "bad", "retired": "neutral"}
    return Pin(
        place.name,
        place.point.lat,
        place.point.lon,
        tone=tones[standing.state],
        note=place.code,
        href="" if alone else f"/office/locations/{place.code}",
        named=alone,
    )


def _load(place: Location, day: date, taken: dict[date, int]) -> Load:
    timetable = place.timetable
    return Load(
        day,
        show_spans(spans_on(timetable, day)),
        day in public_holidays(timetable.country, timetable.nation, day.year),
        day in timetable.hours.special,
        taken.get(day, 0),
        place.parcels_per_day,
    )


def _special(timetable: Timetable, today: date) -> Sequence[tuple[date, list[str]]]:
    coming = sorted(day for day in timetable.hours.special if day >= today)
    return [(day, show_spans(timetable.hours.special[day])) for day in coming]


ROUTES = [show_locations, show_location_page]
