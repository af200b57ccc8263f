"""The stock of one article, location by location."""

from typing import Literal
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, inventory, locations
from crosslane.apps.office.addresses import address, ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.stock import ASIDE, COLUMNS, READ
from crosslane.catalog import UnknownSku, Variant
from crosslane.inventory import Figures, added_up
from crosslane.locations import Location
from crosslane.platform.database import Tx
from crosslane.platform.screens import page
from crosslane.platform.web import Caller, Paging

Sort = Literal["on_hand", "allocated", "held", "safety", "available", "incoming", "short", "place"]


class PlaceRow(msgspec.Struct, frozen=True):
    """The figures of the article at a location."""

    place: Location
    figures: Figures


@page("/office/stock/{variant_id}", permission=READ, raises=(UnknownSku,))
async def show_article_stock(
    caller: Caller,
    request: Request,
    paging: Paging,
    variant_id: UUID,
    q: str = "",
    kind: Literal["", "store", "warehouse", "vendor"] = "",
    sort: Sort = "on_hand",
) -> Response:
    """Show where an article lies, those with most of the figure asked for first."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        variant = await article(tx, variant_id, viewer.language)
        parts = [part.variant_id for part in variant.components] or [variant_id]
        figures = await inventory.stock_figures(tx, parts)
        known = (await locations.network(tx)).by_id
        components = await catalog.variants_by_id(tx, parts, locale=viewer.language)
    there = figures.get(variant_id, {})
    rows = [
        PlaceRow(known[at], one)
        for at, one in there.items()
        if not one.is_empty and _fits(known[at], q, kind)
    ]
    rows.sort(key=lambda row: _key(row, sort))
    after = paging.after(int, str)
    left = [row for row in rows if after is None or _key(row, sort) > after]
    found = paging.page(left, key=lambda row: _key(row, sort))
    return PAGES.answer(
        viewer,
        "stock_article.html",
        block="list" if viewer.fragment else "",
        variant=variant,
        total=added_up(there.values()),
        parts=[
            (components[part.variant_id], part, added_up(figures.get(part.variant_id, {}).values()))
            for part in variant.components
        ],
        rows=found.items,
        next=address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        places=len(rows),
        q=q,
        kind=kind,
        sort=sort,
        columns=COLUMNS,
        aside=ASIDE,
        **ways(viewer),
    )


async def article(tx: Tx, variant_id: UUID, language: str) -> Variant:
    """Return an article by its identifier.

    Raises:
        UnknownSku: there is none.
    """
    found = await catalog.variants_by_id(tx, [variant_id], locale=language)
    if variant_id not in found:
        raise UnknownSku(sku=str(variant_id))
    return found[variant_id]


def _fits(place: Location, q: str, kind: str) -> bool:
    words = f"{place.code} {place.name} {place.city} {place.postcode}".lower()
    return kind in ("", place.kind) and q.strip().lower() in words


def _key(row: PlaceRow, sort: Sort) -> tuple[int, str]:
    return (0 if sort == "place" else -getattr(row.figures, sort)), row.place.code


ROUTES = [show_article_stock]
