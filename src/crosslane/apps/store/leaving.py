"""Parcels that wait for the carrier's driver, and giving them out."""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from litestar import Request, Response

from crosslane import fulfillment
from crosslane.apps.store.frame import (
    PAGES,
    READ,
    WORK,
    carrier_names,
    enter,
    say,
    tapped_at,
    work_at,
)
from crosslane.fulfillment import HAND_OVER, HandOver, LeavingParcel
from crosslane.kernel import Refusal
from crosslane.platform.screens import form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField


@page("/store/{code}/leaving", permission=READ)
async def show_leaving(caller: Caller, request: Request, code: str) -> Response:
    """Show the parcels that wait, carrier by carrier."""
    return await _answer(caller, request, code)


async def _answer(
    caller: Caller, request: Request, code: str, refusal: Refusal | None = None
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        parcels = await fulfillment.list_leaving(tx, place.id)
        names = await carrier_names(tx)
    ready = [parcel for parcel in parcels if parcel.state == "shipped"]
    return PAGES.answer(
        viewer,
        "leaving.html",
        status=422 if refusal else 200,
        place=place,
        carriers=_by_carrier(ready),
        names=names,
        held=[parcel for parcel in parcels if parcel.held_back],
        waiting=[p for p in parcels if p.state == "packed" and not p.held_back],
        refusal=said,
    )


def _by_carrier(parcels: Sequence[LeavingParcel]) -> list[tuple[str, list[LeavingParcel]]]:
    ordered = sorted(parcels, key=lambda p: (p.carrier, p.packed_at))
    return [(name, list(some)) for name, some in groupby(ordered, key=lambda p: p.carrier)]


@form("/store/{code}/handovers", permission=WORK, command=HAND_OVER)
async def hand_over(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Note what the driver has taken: chosen parcels, or all of one piece of work."""
    fields = read_form(data)
    try:
        pairs = [tuple(map(UUID, text.split("/"))) for text in fields.texts("parcel")]
        works = [UUID(text) for text in fields.texts("work")]
    except ValueError:
        raise InvalidField(pointer="/parcel", reason="this is no parcel") from None
    ids = list(dict.fromkeys([*works, *(pair[0] for pair in pairs)]))
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        for work_id in ids:
            await work_at(tx, place, work_id)
    words = PAGES.words(viewer)
    if not ids:
        return see_other(f"/store/{code}/leaving", toast=words("No parcel was chosen."))
    wish = HandOver(ids, tuple(pair[-1] for pair in pairs), tapped_at(fields))
    try:
        done = await caller.submit(HAND_OVER, wish)
    except Refusal as refusal:
        return await _answer(caller, request, code, refusal)
    units = sum(len(one.parcels) for one in done)
    toast = words.plural("Handed over.", "%(n)s parcels handed over.", units)
    return see_other(f"/store/{code}/today" if works else f"/store/{code}/leaving", toast=toast)


ROUTES = [show_leaving, hand_over]
