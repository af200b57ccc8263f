"""Stock: what lies where of which article, what is short, and what cannot be sold."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, inventory, locations
from crosslane.apps.office.addresses import address, ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.catalog import Variant
from crosslane.inventory import Condition, Figures, Places, added_up
from crosslane.kernel import Page, Refusal, encode_cursor
from crosslane.locations import Location, Network
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, page
from crosslane.platform.web import Caller, Paging

READ = "inventory:read"
COLUMNS = ("on_hand", "allocated", "held", "safety", "available", "incoming")
ASIDE = ("damaged", "quarantine", "to_grade", "display", "refurbish", "to_vendor")
COLUMNS_USUAL = (*COLUMNS, "to_grade", "damaged")
PLACES_BESIDE_MAX = 8
# Articles without stock are passed over in rounds; so many at most for one page.
ROUND_ARTICLES = 250
ROUNDS_MAX = 8

Tab = Literal["articles", "short", "set_aside"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for of the grid; "" leaves a filter open.

    Args:
        q: the beginning of a SKU, a whole barcode, or words of a title.
        category: code of a category, with what lies inside it.
        location: code of the only location that counts.
        kind: only locations of this kind count.
        stocked: only articles of which anything lies or is promised there.
        condition: only units set aside in this condition.
        column: figures to show.
        at: codes of locations that stand beside the figures, a column each.
    """

    q: str
    category: str
    location: str
    kind: str
    stocked: bool
    condition: str
    column: tuple[str, ...]
    at: tuple[str, ...]


class Row(msgspec.Struct, frozen=True):
    """An article of the grid: its figures added up, and those of chosen locations."""

    variant: Variant
    total: Figures
    beside: list[Figures]


class TroubleRow(msgspec.Struct, frozen=True):
    """A position that needs a person."""

    variant: Variant
    place: Location
    position: inventory.PositionRow
    units: int


@page("/office/stock", permission=READ)
async def show_stock(
    caller: Caller,
    request: Request,
    paging: Paging,
    tab: Tab = "articles",
    q: str = "",
    category: str = "",
    location: str = "",
    kind: Literal["", "store", "warehouse", "vendor"] = "",
    stocked: bool = False,
    condition: str = "",
    column: list[str] | None = None,
    at: list[str] | None = None,
) -> Response:
    """Show articles with their figures, or the positions that need a person."""
    if q:
        caller.require_leisure()
    asked = Asked(
        q=q,
        category=category,
        location=location,
        kind=kind,
        stocked=stocked,
        condition=condition if condition in ASIDE else "",
        column=tuple(one for one in (*COLUMNS, *ASIDE) if one in (column or COLUMNS_USUAL)),
        at=tuple(one for one in dict.fromkeys(at or ()) if one)[:PLACES_BESIDE_MAX],
    )
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        network, tree = await locations.network(tx), await catalog.category_tree(tx)
        told: dict[str, Any] = {"refusal": None, "rows": [], "next": ""}
        status = 200
        try:
            told |= await _list(tx, viewer, tab, asked, paging, network)
        except Refusal as refusal:
            told["refusal"], status = refusal, 422
    return PAGES.answer(
        viewer,
        "stock.html",
        status=status,
        block="list" if viewer.fragment else "",
        tab=tab,
        asked=asked,
        network=network,
        beside=[network.by_code[code] for code in asked.at if code in network.by_code],
        categories=tree.ordered(),
        columns=COLUMNS,
        aside=ASIDE,
        **ways(viewer),
        **told,
    )


async def _list(
    tx: Tx, viewer: Viewer, tab: Tab, asked: Asked, paging: Paging, network: Network
) -> dict[str, Any]:
    places = _counting(asked, network)
    if tab == "articles":
        found = await _articles(tx, viewer, asked, paging, network, places)
    else:
        found = await _troubled(tx, viewer, tab, asked, paging, places)
    return {
        "rows": found.items,
        "next": address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
    }


def _counting(asked: Asked, network: Network) -> list[UUID] | None:
    """Return the locations that count; None for all."""
    if asked.location:
        return [network.require(asked.location, pointer="/location").id]
    if asked.kind:
        return [one.id for one in network.all if one.kind == asked.kind]
    return None


async def _articles(
    tx: Tx,
    viewer: Viewer,
    asked: Asked,
    paging: Paging,
    network: Network,
    places: list[UUID] | None,
) -> Page[Row]:
    (after,) = paging.after(str) or ("",)
    found, more = await _variants(tx, viewer, asked, after, paging.limit, places)
    shown = found[: paging.limit]
    # What stands beside the sum counts as well, also where the sum leaves it out.
    beside = [network.require(code, pointer="/at").id for code in asked.at]
    wanted = None if places is None else [*places, *beside]
    figures = await inventory.stock_figures(tx, [one.id for one in shown], location_ids=wanted)
    rows = [_row(variant, figures, places, beside) for variant in shown]
    # A page that passed over many articles may be short, and still go on.
    last = shown[-1].sku if len(found) > paging.limit else more
    return Page(rows, encode_cursor(last.lower()) if last else None)


async def _variants(
    tx: Tx, viewer: Viewer, asked: Asked, after: str, limit: int, places: list[UUID] | None
) -> tuple[list[Variant], str]:
    """Return articles of a page and one more, and the last one looked at when there may be others.

    Those without stock are passed over when only the others are asked for.
    """
    found: list[Variant] = []
    for _ in range(ROUNDS_MAX):
        several = ROUND_ARTICLES if asked.stocked else limit + 1
        variants = await catalog.list_variants(
            tx,
            after=after,
            limit=several,
            query=asked.q,
            category=asked.category or None,
            locale=viewer.language,
        )
        if not asked.stocked:
            return variants, ""
        stocked = await inventory.stocked_of(tx, [one.id for one in variants], places)
        found += [one for one in variants if one.id in stocked]
        if len(variants) < several:
            return found, ""
        after = variants[-1].sku
        if len(found) > limit:
            break
    return found, after


def _row(
    variant: Variant, figures: Places, places: Sequence[UUID] | None, beside: Sequence[UUID]
) -> Row:
    there: Mapping[UUID, Figures] = figures.get(variant.id, {})
    counting = None if places is None else frozenset(places)
    total = added_up(one for at, one in there.items() if counting is None or at in counting)
    return Row(variant, total, [there.get(at, Figures()) for at in beside])


async def _troubled(
    tx: Tx, viewer: Viewer, tab: Tab, asked: Asked, paging: Paging, places: list[UUID] | None
) -> Page[TroubleRow]:
    rows = await inventory.list_troubled(
        tx,
        "short" if tab == "short" else "set_aside",
        location_ids=places,
        condition=Condition(asked.condition) if asked.condition and tab == "set_aside" else None,
        after=paging.after(int, UUID),
        limit=paging.limit + 1,
    )
    found = paging.page(rows, key=lambda row: (row.units, row.position.id))
    variants = await catalog.variants_by_id(
        tx, list({row.position.variant_id for row in found.items}), locale=viewer.language
    )
    known = (await locations.network(tx)).by_id
    shown = [
        TroubleRow(
            variants[row.position.variant_id],
            known[row.position.location_id],
            row.position,
            row.units,
        )
        for row in found.items
    ]
    return Page(shown, found.next_cursor)


ROUTES = [show_stock]
