"""What lies here and nearby, and counting it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, inventory, locations
from crosslane.apps.finding import find_articles
from crosslane.apps.store.frame import PAGES, enter, say, tapped_at
from crosslane.catalog import UnknownSku, Variant
from crosslane.inventory import (
    COUNT,
    PUT_BINS,
    BinsLine,
    CountLine,
    CountStock,
    Figures,
    PutBins,
    bin_of,
)
from crosslane.kernel import QUANTITY_MAX, Refusal
from crosslane.locations import Location, Near
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField

READ = "inventory:read"
ARTICLES_SHOWN_MAX = 30
NEARBY_SHOWN_MAX = 8
NOTHING = Figures()


class Article(msgspec.Struct, frozen=True):
    """An article with what lies of it here.

    Args:
        elsewhere: units to be had at all other places.
    """

    variant: Variant
    here: Figures
    elsewhere: int


@page("/store/{code}/stock", permission=READ)
async def look_up(caller: Caller, request: Request, code: str, q: str = "") -> Response:
    """Find articles by scan, number or words, with what lies of them here."""
    wanted = q.strip()[:100]
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        language = viewer.language
        found = (
            await find_articles(tx, wanted, language=language, most=ARTICLES_SHOWN_MAX)
            if wanted
            else []
        )
        articles = await _articles(tx, place, [one.variant for one in found])
    if len(articles) == 1 and not viewer.fragment:
        return see_other(f"/store/{place.code}/stock/{articles[0].variant.sku}")
    return PAGES.answer(
        viewer,
        "stock.html",
        block="found" if viewer.fragment else "",
        place=place,
        articles=articles,
        q=wanted,
        most=ARTICLES_SHOWN_MAX,
    )


async def _articles(tx: Tx, place: Location, variants: Sequence[Variant]) -> list[Article]:
    figures = await inventory.stock_figures(tx, [variant.id for variant in variants])
    return [_article(place, variant, figures.get(variant.id, {})) for variant in variants]


def _article(place: Location, variant: Variant, figures: Mapping[UUID, Figures]) -> Article:
    return Article(
        variant=variant,
        here=figures.get(place.id, NOTHING),
        elsewhere=sum(f.available for at, f in figures.items() if at != place.id),
    )


@page("/store/{code}/stock/{sku}", permission=READ)
async def show_article(caller: Caller, request: Request, code: str, sku: str) -> Response:
    """Show what lies of an article here and at the nearest places that have it."""
    return await _answer(caller, request, code, sku)


async def _answer(
    caller: Caller,
    request: Request,
    code: str,
    sku: str,
    refusal: Refusal | None = None,
    wanted_bin: str = "",
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        variant = await _variant(tx, viewer, sku)
        figures = (await inventory.stock_figures(tx, [variant.id])).get(variant.id, {})
        nearby = await _nearby(tx, place, figures)
        bins = (await inventory.bins_here(tx, place.id, [variant.id])).get(variant.id, [])
    return PAGES.answer(
        viewer,
        "article.html",
        status=422 if refusal else 200,
        place=place,
        article=_article(place, variant, figures),
        bins=bins,
        wanted_bin=wanted_bin,
        nearby=[(near, figures[near.location.id]) for near in nearby],
        refusal=said,
    )


async def _variant(tx: Tx, viewer: Viewer, sku: str) -> Variant:
    variant = (await catalog.variants_by_sku(tx, [sku], locale=viewer.language)).get(sku)
    if variant is None:
        raise UnknownSku(sku=sku[:64])
    return variant


async def _nearby(tx: Tx, place: Location, figures: Mapping[UUID, Figures]) -> list[Near]:
    having = {at for at, figure in figures.items() if figure.available and at != place.id}
    network = await locations.network(tx)
    return network.nearest(
        place.point,
        NEARBY_SHOWN_MAX,
        accept=lambda at: at.id in having and at.kind != "vendor",
    )


@form("/store/{code}/stock/{sku}/counts", permission="inventory:count", command=COUNT)
async def count_article(
    caller: Caller, request: Request, code: str, sku: str, data: bytes
) -> Response:
    """Tell how many units lie here; what has moved since the counting stays on top."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
    words = PAGES.words(viewer)
    try:
        units = fields.number("quantity")
        if units is None or not 0 <= units <= QUANTITY_MAX:
            raise InvalidField(pointer="/quantity", reason="this is not a number of units")
        line = CountLine(sku=sku, location=place.code, quantity=units)
        done = await caller.submit(COUNT, CountStock(lines=(line,), counted_at=tapped_at(fields)))
    except Refusal as refusal:
        return await _answer(caller, request, code, sku, refusal)
    drift = done.lines[0].drift
    if drift:
        toast = words("Counted. The books were off by %(units)s.", units=f"{drift:+d}")
    else:
        toast = words("Counted.")
    return see_other(f"/store/{code}/stock/{sku}", toast=toast)


@form("/store/{code}/stock/{sku}/bins", permission="inventory:place", command=PUT_BINS)
async def tell_bins(caller: Caller, request: Request, code: str, sku: str, data: bytes) -> Response:
    """Tell of one more bin an article lies in, of one to pick from first, or of one it left."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        variant = await _variant(tx, viewer, sku)
        # What lies there now, and not on the page: several taps may have waited for the network.
        here = (await inventory.bins_here(tx, place.id, [variant.id])).get(variant.id, [])
    words = PAGES.words(viewer)
    try:
        bins = _bins(fields, [one.code for one in here])
        stored = await caller.submit(PUT_BINS, PutBins((BinsLine(sku, place.code, bins),)))
        if stored.problems:
            raise InvalidField(pointer="/bin", reason=stored.problems[0].message)
    except Refusal as refusal:
        return await _answer(caller, request, code, sku, refusal, fields.text("bin"))
    told = words("It lies in %(bins)s.", bins=", ".join(bins)) if bins else words("Noted.")
    return see_other(f"/store/{code}/stock/{sku}", toast=told)


def _bins(fields: Form, bins: list[str]) -> list[str]:
    """Return all bins of an article, as they are after the tap.

    Raises:
        BadBin: what was typed or scanned is no code of one.
    """
    if gone := fields.text("gone"):
        return [code for code in bins if code != gone]
    if first := fields.text("first"):
        return [first, *(code for code in bins if code != first)]
    return list(dict.fromkeys([*bins, bin_of(fields.text("bin"), pointer="/bin").code]))


ROUTES = [look_up, show_article, count_article, tell_bins]
