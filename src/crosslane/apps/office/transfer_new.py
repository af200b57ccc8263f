"""Asking for a transfer: articles are added one by one, by number, barcode or words.

What was gathered so far rests in the form itself, so that nothing is kept of what is never asked
for, and no script is needed.
"""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, inventory, locations
from crosslane.apps.finding import FoundArticle, find_articles
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.transfers import TRANSFERS
from crosslane.apps.office.wishes import wish_of, wrong_of
from crosslane.catalog import Variant
from crosslane.inventory import Figures
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller
from crosslane.transfers import LINES_MAX, REQUEST, Purpose, RequestTransfer

ASK = "transfers:request"
FOUND_MAX = 8
UNITS = "units."


class Wanted(msgspec.Struct, frozen=True):
    """An article of the form.

    Args:
        units: as typed, which may be no number.
        there: its figures at the source; None while none is chosen.
        here: its figures at the destination, likewise.
        wrong: why it was refused, None when it was not.
    """

    variant: Variant
    units: str
    there: Figures | None
    here: Figures | None
    wrong: Refusal | None


@page(TRANSFERS + "/new", permission=ASK)
async def show_new_transfer(
    caller: Caller, request: Request, source: str = "", destination: str = "", sku: str = ""
) -> Response:
    """Show the form, with what is already known of the wish."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        own = (await locations.network(tx)).by_id.get(viewer.actor.location_id or UUID(int=0))
        if own is not None and own.code != source:
            destination = destination or own.code
        fields = {"source": source, "destination": destination}
        if sku:
            fields[UNITS + sku] = "1"
        told = await _form(tx, viewer, fields)
    return PAGES.answer(viewer, "transfer_new.html", **told)


@form(TRANSFERS + "/lines", permission=ASK, command=None)
async def gather_transfer(caller: Caller, request: Request, data: bytes) -> Response:
    """Add an article to the form, or take one out."""
    fields = read_form(data)
    plain = fields.plain()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        if gone := fields.text("remove"):
            plain.pop(UNITS + gone, None)
        found = await _found(tx, viewer, fields)
        refusal = None
        if len(found) == 1:
            # An article scanned twice is wanted twice.
            name = UNITS + found[0].variant.sku
            before = plain.get(name, "0")
            plain[name] = str((int(before) if before.isdigit() else 0) + found[0].units)
        told = await _form(tx, viewer, plain, refusal)
        told |= {"found": found if len(found) > 1 else [], "missed": ""}
        if not found and fields.text("add"):
            told["missed"] = fields.text("add")
    return PAGES.answer(viewer, "transfer_new.html", **told)


async def _found(tx: Tx, viewer: Viewer, fields: Form) -> list[FoundArticle]:
    wanted = fields.text("pick") or ("" if fields.text("remove") else fields.text("add"))
    if not wanted.strip():
        return []
    found = await find_articles(tx, wanted.strip()[:100], language=viewer.language, most=FOUND_MAX)
    return [one for one in found if not one.variant.is_bundle]


@form(TRANSFERS, permission=ASK, command=REQUEST)
async def ask_for_transfer(caller: Caller, request: Request, data: bytes) -> Response:
    """Ask for what the form has gathered."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
    try:
        made = await caller.submit(REQUEST, _wish(fields))
    except Refusal as refusal:
        async with caller.read() as tx:
            shown = await _form(tx, viewer, fields.plain(), refusal)
        return PAGES.answer(viewer, "transfer_new.html", status=422, **shown)
    words = PAGES.words(viewer)
    return see_other(
        f"{TRANSFERS}/{made.number}", toast=words("Asked for. The units are held at their source.")
    )


def _wish(fields: Form) -> RequestTransfer:
    gathered = _gathered(fields.plain())
    told = {
        "source": fields.text("source"),
        "destination": fields.text("destination"),
        "lines": [{"sku": sku, "quantity": fields.number(UNITS + sku)} for sku, _ in gathered],
        "purpose": fields.text("purpose") or Purpose.REPLENISH,
        "note": fields.text("note"),
        "expected_on": fields.text("expected_on") or None,
    }
    return wish_of(RequestTransfer, told)


def _gathered(plain: dict[str, str]) -> list[tuple[str, str]]:
    """Return the articles of a form, by SKU, with their units as typed."""
    named = [(name.removeprefix(UNITS), v) for name, v in plain.items() if name.startswith(UNITS)]
    return named[:LINES_MAX]


async def _form(
    tx: Tx, viewer: Viewer, plain: dict[str, str], refusal: Refusal | None = None
) -> dict[str, Any]:
    network = await locations.network(tx)
    source, to = (network.by_code.get(plain.get(x, "").strip()) for x in ("source", "destination"))
    gathered = _gathered(plain)
    known = await catalog.variants_by_sku(tx, [sku for sku, _ in gathered], locale=viewer.language)
    ends = [place.id for place in (source, to) if place]
    figures = await inventory.stock_figures(
        tx, [variant.id for variant in known.values()], location_ids=ends
    )

    def at(variant: Variant, place: Location | None) -> Figures | None:
        return figures.get(variant.id, {}).get(place.id, Figures()) if place else None

    return {
        "wanted": [
            Wanted(known[sku], units, at(known[sku], source), at(known[sku], to), wrong)
            for line, (sku, units) in enumerate(gathered)
            if sku in known
            for wrong in (_wrong_line(refusal, line),)
        ],
        "source": source,
        "destination": to,
        "places": [one for one in network.all if one.active and one.kind != "vendor"],
        "purposes": list(Purpose),
        "fields": plain,
        "found": [],
        "missed": "",
        "refusal": refusal,
        "wrong": wrong_of(refusal),
    }


def _wrong_line(refusal: Refusal | None, line: int) -> Refusal | None:
    at = refusal.pointer if refusal else ""
    return refusal if at.startswith(f"/lines/{line}/") else None


ROUTES = [show_new_transfer, gather_transfer, ask_for_transfer]
