"""The catalog: find an article, and all there is to know of it."""

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from litestar import Request, Response

from crosslane import catalog, inventory, organization, pricing
from crosslane.apps.office.addresses import address, ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.stock_article import article
from crosslane.catalog import CategoryTree, UnknownSku, Variant
from crosslane.inventory import added_up
from crosslane.kernel import MILLI_PER_MINOR, Refusal, currency_exponent
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, page
from crosslane.platform.web import Caller, Paging

READ, WRITE = "catalog:read", "catalog:write"
INDENT = "\u2003"
STATES = {"": None, "sold": True, "retired": False}


@page("/office/catalog", permission=READ)
async def show_catalog(
    caller: Caller,
    request: Request,
    paging: Paging,
    q: str = "",
    category: str = "",
    state: Literal["", "sold", "retired"] = "",
) -> Response:
    """Show articles by SKU, or those that fit what was typed."""
    if q:
        caller.require_leisure()
    (after,) = paging.after(str) or ("",)
    refusal, variants, status = None, [], 200
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        tree = await catalog.category_tree(tx)
        try:
            variants = await catalog.list_variants(
                tx,
                after=after,
                limit=paging.limit + 1,
                query=q,
                category=category or None,
                active=STATES[state],
                locale=viewer.language,
            )
        except Refusal as refused:
            refusal, status = refused, 422
    found = paging.page(variants, key=lambda variant: (variant.sku.lower(),))
    return PAGES.answer(
        viewer,
        "catalog.html",
        status=status,
        block="list" if viewer.fragment else "",
        rows=found.items,
        next=address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        names={one.code: one.name for one in tree.by_code.values()},
        categories=category_choices(tree),
        q=q,
        category=category,
        state=state,
        refusal=refusal,
        **ways(viewer),
    )


@page("/office/catalog/{variant_id}", permission=READ, raises=(UnknownSku,))
async def show_catalog_article(caller: Caller, request: Request, variant_id: UUID) -> Response:
    """Show an article: texts, barcodes, measures, prices, stock, and what it is a part of."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        variant = await article(tx, variant_id, viewer.language)
        told = await _article(tx, viewer, variant)
    return PAGES.answer(viewer, "article.html", **told)


async def _article(tx: Tx, viewer: Viewer, variant: Variant) -> dict[str, Any]:
    product = await catalog.product(tx, variant.product, locale=viewer.language)
    texts = await catalog.product_texts(tx, product)
    tree, book = await catalog.category_tree(tx), await organization.book(tx)
    bundles = (await catalog.bundles_of(tx, [variant.id])).get(variant.id, [])
    related = [*bundles, *(part.variant_id for part in variant.components)]
    known = await catalog.variants_by_id(tx, related, locale=viewer.language)
    figures = None
    if viewer.may("inventory:read") and not variant.is_bundle:
        places = (await inventory.stock_figures(tx, [variant.id])).get(variant.id, {})
        figures = added_up(places.values())
    prices = await pricing.prices_in_force(tx, variant.id) if viewer.may("pricing:read") else []
    own, shared = texts.get(variant.sku, []), texts.get(product.code, [])
    return {
        "variant": variant,
        "product": product,
        "texts": [(text, False) for text in own]
        # A product of one variant often shares its code: the texts stand under both names once.
        + [(text, True) for text in shared if product.code != variant.sku],
        "siblings": [one for one in product.variants if one.id != variant.id],
        "barcodes": (await catalog.barcodes_of(tx, [variant.id])).get(variant.id, []),
        "bundles": [known[one] for one in bundles if one in known],
        "parts": [(known[part.variant_id], part) for part in variant.components],
        "path": [tree.by_code[code].name for code in variant.category_path],
        "channels": {one.code: one.name for one in book.channels.values()},
        "prices": prices,
        "exactly": _exactly,
        "figures": figures,
        "may_write": viewer.may(WRITE),
    }


def _exactly(milli: int, currency: str) -> Decimal:
    """Return a unit price that is finer than the currency, in units of it."""
    return Decimal(milli).scaleb(-currency_exponent(currency)) / MILLI_PER_MINOR


def category_choices(tree: CategoryTree) -> list[tuple[str, str]]:
    """Return categories for a list to choose from, each below its parent."""
    return [
        (one.code, INDENT * (len(tree.path(one.code)) - 1) + one.name) for one in tree.ordered()
    ]


ROUTES = [show_catalog, show_catalog_article]
