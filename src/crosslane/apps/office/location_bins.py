"""The bins of a location: in walking order, taken in by a table and given out as one."""

import csv
import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, inventory, locations
from crosslane.apps.office.addresses import address
from crosslane.apps.office.frame import PAGES, view
from crosslane.catalog import Variant
from crosslane.inventory import PUT_BINS, BinsLine, BinsStored, PutBins
from crosslane.kernel import Refusal
from crosslane.locations import Location, LocationUnknown
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, page, upload
from crosslane.platform.web import Answer, Caller, Document, InvalidField, Paging, get

READ, PLACE = "inventory:read", "inventory:place"
BINS = "/office/locations/{place}/bins"
TABLE_BYTES_MAX = 1 << 20
ARTICLES_MAX = 5_000
ROWS_MAX = 20_000
TABLE_ROWS_MAX = 200_000
PROBLEMS_SHOWN_MAX = 50
SKU, BIN = "sku", "bin"
CSV = "text/csv"


class Row(msgspec.Struct, frozen=True):
    """A bin with the article that lies in it.

    Args:
        place: 0 for the bin to pick from first.
    """

    code: str
    place: int
    variant: Variant


@page(BINS, permission=READ, raises=(LocationUnknown,))
async def show_bins(caller: Caller, request: Request, paging: Paging, place: str) -> Response:
    """Show what lies where at a location, as people walk."""
    return await _answer(caller, request, place, paging)


async def _answer(
    caller: Caller,
    request: Request,
    code: str,
    paging: Paging,
    refusal: Refusal | None = None,
    stored: BinsStored | None = None,
) -> Response:
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        place = (await locations.network(tx)).require(code)
        after = paging.after(str, UUID, int) or ("", UUID(int=0), 0)
        lain = await inventory.walk_bins(tx, place.id, after=after, limit=paging.limit + 1)
        known = await _known(tx, [one.variant_id for one in lain], viewer.language)
    found = paging.page(lain, key=lambda one: (one.walk, one.variant_id, one.place))
    return PAGES.answer(
        viewer,
        "location_bins.html",
        status=422 if refusal else 200,
        place=place,
        rows=[Row(one.code, one.place, known[one.variant_id]) for one in found.items],
        next=address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        most=ARTICLES_MAX,
        refusal=refusal,
        stored=stored,
        problems=stored.problems[:PROBLEMS_SHOWN_MAX] if stored else (),
        may_place=viewer.may(PLACE),
    )


async def _known(tx: Tx, ids: Sequence[UUID], language: str) -> dict[UUID, Variant]:
    return await catalog.variants_by_id(tx, list(dict.fromkeys(ids)), locale=language)


@get(
    "/office/locations/{place}/bins.csv",
    permission=READ,
    produces=CSV,
    listed=False,
    optional=True,
    raises=(LocationUnknown,),
)
async def take_bins_along(caller: Caller, place: str) -> Answer[Document]:
    """Give the bins of a location out as a table that may be taken in again."""
    async with caller.read() as tx:
        found = (await locations.network(tx)).require(place)
        lain = await inventory.walk_bins(tx, found.id, limit=TABLE_ROWS_MAX)
        known = await _known(tx, [one.variant_id for one in lain], catalog.NO_LANGUAGE)
    # The bin to pick from first is told first.
    ordered = sorted(lain, key=lambda one: one.place)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow((SKU, BIN))
    writer.writerows((known[one.variant_id].sku, one.code) for one in ordered)
    content = table.getvalue().encode()
    return Answer(body=Document(content=content, media_type=CSV, filename=f"{found.code}-bins.csv"))


@upload(
    BINS,
    permission=PLACE,
    command=PUT_BINS,
    bytes_max=TABLE_BYTES_MAX,
    raises=(LocationUnknown,),
)
async def take_bins_in(caller: Caller, request: Request, place: str, data: Form) -> Response:
    """Take in a table of articles and bins, and tell of the rows that could not be taken."""
    async with caller.read() as tx:
        found = (await locations.network(tx)).require(place)
        caller.require_location(found.id)
    try:
        stored = await caller.submit(PUT_BINS, _wish(data, found))
    except Refusal as refusal:
        return await _answer(caller, request, place, Paging(), refusal)
    return await _answer(caller, request, place, Paging(), stored=stored)


def _wish(data: Form, place: Location) -> PutBins:
    """Return what a table tells: every article with its bins, in the order of their rows."""
    file = data.file("table")
    if file is None:
        raise InvalidField(pointer="/table", reason="choose a file")
    bins: dict[str, list[str]] = {}
    # An article written in two ways is one.
    spelled: dict[str, str] = {}
    for row in _rows(file.content):
        sku = (row.get(SKU) or "").strip()
        code = (row.get(BIN) or "").strip()
        if sku:
            sku = spelled.setdefault(sku.lower(), sku)
            bins.setdefault(sku, []).extend([code] if code else [])
    if not 1 <= len(bins) <= ARTICLES_MAX:
        reason = f"the table names {len(bins)} articles; 1 to {ARTICLES_MAX} can be taken at once"
        raise InvalidField(pointer="/table", reason=reason)
    lines = [BinsLine(sku[:64], place.code, codes[:50]) for sku, codes in bins.items()]
    return PutBins(tuple(lines))


def _rows(content: bytes) -> list[dict[str, Any]]:
    """Return the rows of a table by the names of its first row.

    Raises:
        InvalidField: it is no table, or has no columns for articles and bins.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets of Western Europe write.
        text = content.decode("cp1252", "replace")
    head = text.partition("\n")[0]
    mark = max(";,\t", key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(text), delimiter=mark)
        reader.fieldnames = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        rows = [row for _, row in zip(range(ROWS_MAX + 1), reader, strict=False)]
    except csv.Error as error:
        raise InvalidField(pointer="/table", reason=f"this is no table: {error}") from None
    if not {SKU, BIN} <= set(reader.fieldnames or ()):
        reason = f"the first row names the columns {SKU} and {BIN}"
        raise InvalidField(pointer="/table", reason=reason)
    if len(rows) > ROWS_MAX:
        raise InvalidField(pointer="/table", reason=f"a table has at most {ROWS_MAX} rows")
    return rows


ROUTES = [show_bins, take_bins_along, take_bins_in]
