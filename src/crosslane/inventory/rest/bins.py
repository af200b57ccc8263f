"""Where articles lie, told and asked in bulk."""

from uuid import UUID

import msgspec

from crosslane.catalog import variants_by_id
from crosslane.inventory.errors import ForeignLocation
from crosslane.inventory.service.bins import (
    PUT_BINS,
    BinsLine,
    BinsStored,
    PutBins,
    walk_bins,
)
from crosslane.kernel import Page
from crosslane.locations import LocationUnknown, network
from crosslane.platform.web import Caller, Paging, get, post

READ, PLACE = "inventory:read", "inventory:place"
BINS_BYTES_MAX = 4 << 20


class BinView(msgspec.Struct, frozen=True):
    """A bin of an article.

    Args:
        sku: the article.
        bin: code on the shelf.
        place: 0 for the bin to pick from first.
    """

    sku: str
    bin: str
    place: int


@get("/api/v1/inventory/bins", permission=READ, raises=(LocationUnknown,))
async def list_bins(caller: Caller, paging: Paging, location: str) -> Page[BinView]:
    """List where articles lie at a location, in walking order."""
    after = paging.after(str, UUID, int) or ("", UUID(int=0), 0)
    async with caller.read() as tx:
        place = (await network(tx)).require(location)
        rows = await walk_bins(tx, place.id, after=after, limit=paging.limit + 1)
        known = await variants_by_id(tx, [row.variant_id for row in rows])
    page = paging.page(rows, key=lambda row: (row.walk, row.variant_id, row.place))
    shown = [BinView(known[row.variant_id].sku, row.code, row.place) for row in page.items]
    return Page(shown, page.next_cursor)


@post(
    "/api/v1/inventory/bins",
    permission=PLACE,
    command=PUT_BINS,
    status=200,
    raises=(ForeignLocation,),
    body_bytes_max=BINS_BYTES_MAX,
    example=PutBins(lines=(BinsLine(sku="MUG-1", location="S0001", bins=["A12-03-2", "K1"]),)),
)
async def put_bins(caller: Caller, data: PutBins) -> BinsStored:
    """Tell where articles lie, up to 5,000 lines; what is told of an article is all there is.

    The first bin is the one to pick from. Lines that cannot be taken are told one by one, the
    others are stored; an empty list forgets where an article lies.
    """
    return await caller.submit(PUT_BINS, data)


ROUTES = [list_bins, put_bins]
