"""What lies here and nearby, and counting it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, inventory, locations
from crosslane.apps.finding import find_articles
from crosslane.apps.store.frame import PAGES, enter, say, tapped_at
from crosslane.apps.store.shelf import letters_of, tone_of
from crosslane.catalog import UnknownSku, Variant
from crosslane.inventory import COUNT, CountLine, CountStock, Figures
from crosslane.kernel import QUANTITY_MAX, Refusal
from crosslane.locations import Location, Near
from crosslane.platform.database import Tx
from crosslane.platform.screens import form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField

READ = "inventory:read"
ARTICLES_SHOWN_MAX = 30
NEARBY_SHOWN_MAX = 8
NOTHING = Figures()


class Article(msgspec.Struct, frozen=True):
    """An article with what lies of it here.

    Args:
        letters: for the picture, of which the catalog has none; likewise the tone.
        elsewhere: units to be had at all other places.
    """

    variant: Variant
    here: Figures
    elsewhere: int
    letters: str
    tone: int


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
        letters=letters_of(variant.title, variant.sku),
        tone=tone_of(variant.category),
    )


@page("/store/{code}/stock/{sku}", permission=READ)
async def show_article(caller: Caller, request: Request, code: str, sku: str) -> Response:
    """Show what lies of an article here and at the nearest places that have it."""
    return await _answer(caller, request, code, sku)


async def _answer(
    caller: Caller, request: Request, code: str, sku: str, refusal: Refusal | None = None
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        variant = (await catalog.variants_by_sku(tx, [sku], locale=viewer.language)).get(sku)
        if variant is None:
            raise UnknownSku(sku=sku[:64])
        figures = (await inventory.stock_figures(tx, [variant.id])).get(variant.id, {})
        nearby = await _nearby(tx, place, figures)
    return PAGES.answer(
        viewer,
        "article.html",
        status=422 if refusal else 200,
        place=place,
        article=_article(place, variant, figures),
        nearby=[(near, figures[near.location.id]) for near in nearby],
        refusal=said,
    )


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


ROUTES = [look_up, show_article, count_article]
