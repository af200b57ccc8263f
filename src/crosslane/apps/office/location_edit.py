"""Changing a location after a preview of what would change; closing it for a while, reopening."""

from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response

from crosslane import locations, organization
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.location_fields import (
    Change,
    changes_of,
    draft_of,
    filled,
    moment_of,
    refilled,
)
from crosslane.apps.office.locations import ABILITIES, WRITE, location_page
from crosslane.apps.office.wishes import wrong_of
from crosslane.kernel import Refusal
from crosslane.locations import (
    CHANGE,
    CLOSE,
    REOPEN,
    WEEKDAYS,
    ChangeLocation,
    Close,
    Location,
    LocationUnknown,
    Reopen,
)
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField

EDIT = "/office/locations/{code}/edit"
REASON_CHARACTERS_MAX = 200
# How far ahead a lower limit is compared with what is promised.
DAYS_AHEAD = 60


class Preview(msgspec.Struct, frozen=True):
    """What a change would do.

    Args:
        changes: fields that are others afterwards.
        overfull: days on which more is promised than the new limit allows.
        lost: abilities it no longer has.
        retires: it takes no new work afterwards.
        sent: the fields of the form, to be sent again when it is saved.
    """

    changes: list[Change]
    overfull: int
    lost: list[str]
    retires: bool
    sent: list[tuple[str, str]]


@page(EDIT, permission=WRITE, raises=(LocationUnknown,))
async def edit_location(caller: Caller, request: Request, code: str) -> Response:
    """Show the form of a location."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        place, currency = await _present(tx, code)
        told = await _form(tx, place, currency, filled(place, currency))
    return PAGES.answer(viewer, "location_edit.html", **told)


@form(EDIT, permission=WRITE, command=None, raises=(LocationUnknown,))
async def preview_location(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Show what a change would do, and change nothing."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        place, currency = await _present(tx, code)
        told = await _form(tx, place, currency, refilled(fields))
        try:
            if not fields.checked("again"):
                told["preview"] = await _preview(tx, place, currency, fields)
        except Refusal as refusal:
            told |= {"refusal": refusal, "wrong": wrong_of(refusal)}
    status = 422 if told["refusal"] else 200
    return PAGES.answer(viewer, "location_edit.html", status=status, **told)


@form("/office/locations/{code}", permission=WRITE, command=CHANGE, raises=(LocationUnknown,))
async def save_location(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Save a change that was looked at."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        place, currency = await _present(tx, code)
    try:
        draft = draft_of(fields, code, place, currency)
        await caller.submit(CHANGE, ChangeLocation(code, draft, fields.number("version")))
    except Refusal as refusal:
        async with caller.read() as tx:
            told = await _form(tx, place, currency, refilled(fields))
        told |= {"refusal": refusal, "wrong": wrong_of(refusal)}
        return PAGES.answer(viewer, "location_edit.html", status=422, **told)
    return see_other(f"/office/locations/{code}", toast=PAGES.words(viewer)("Saved."))


@form(
    "/office/locations/{code}/closure", permission=WRITE, command=CLOSE, raises=(LocationUnknown,)
)
async def close_location_page(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Close a location for a while, with a reason."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        place, _ = await _present(tx, code)
    try:
        await caller.submit(CLOSE, _closure(fields, place))
    except Refusal as refusal:
        return await _refused(caller, viewer, code, refusal, fields)
    return see_other(f"/office/locations/{code}", toast=PAGES.words(viewer)("Closed."))


@form(
    "/office/locations/{code}/reopening",
    permission=WRITE,
    command=REOPEN,
    raises=(LocationUnknown,),
)
async def reopen_location_page(
    caller: Caller, request: Request, code: str, data: bytes
) -> Response:
    """Lift a location's closure."""
    del data
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
    await caller.submit(REOPEN, Reopen(code))
    return see_other(f"/office/locations/{code}", toast=PAGES.words(viewer)("Open again."))


async def _present(tx: Tx, code: str) -> tuple[Location, str]:
    """Return a location and the currency of its entity's books."""
    place = (await locations.network(tx)).require(code)
    return place, (await organization.book(tx)).entity(place.entity).book_currency


async def _form(tx: Tx, place: Location, currency: str, fields: dict[str, Any]) -> dict[str, Any]:
    book = await organization.book(tx)
    return {
        "place": place,
        "currency": currency,
        "fields": fields,
        "entities": sorted((one.code, one.name) for one in book.entities.values()),
        "abilities": ABILITIES,
        "weekdays": WEEKDAYS,
        "preview": None,
        "refusal": None,
        "wrong": wrong_of(None),
    }


async def _preview(tx: Tx, place: Location, currency: str, fields: Form) -> Preview:
    draft = draft_of(fields, place.code, place, currency)
    change = ChangeLocation(place.code, draft, fields.number("version"))
    after = await locations.preview_change(tx, change)
    today = place.timetable.local_day(tx.now)
    taken = await locations.capacity_of_days(
        tx, place.id, today, today + timedelta(days=DAYS_AHEAD), DAYS_AHEAD
    )
    limit = after.parcels_per_day
    return Preview(
        changes=changes_of(place, after, currency),
        overfull=0 if limit is None else sum(units > limit for units in taken.values()),
        lost=sorted(place.abilities - after.abilities),
        retires=place.active and not after.active,
        # A name with an underscore before it is the form's own, such as its wish.
        sent=[
            (name, value)
            for name in fields.names()
            if not name.startswith("_")
            for value in fields.texts(name)
        ],
    )


def _closure(fields: Form, place: Location) -> Close:
    reason = fields.text("reason")
    if not 1 <= len(reason) <= REASON_CHARACTERS_MAX:
        told = f"a closure needs a reason of at most {REASON_CHARACTERS_MAX} characters"
        raise InvalidField(pointer="/reason", reason=told)
    timezone = place.timetable.timezone
    since, until = (moment_of(fields, name, timezone) for name in ("since", "until"))
    return Close(place.code, since, until, reason)


async def _refused(
    caller: Caller, viewer: Viewer, code: str, refusal: Refusal, fields: Form
) -> Response:
    async with caller.read() as tx:
        told = await location_page(tx, viewer, code)
    told |= {"refusal": refusal, "asked": "closure", "fields": fields.plain()}
    return PAGES.answer(viewer, "location.html", status=422, **told)


ROUTES = [
    edit_location,
    preview_location,
    save_location,
    close_location_page,
    reopen_location_page,
]
