"""Reading the catalog: variants by SKU, identifier or barcode, products page by page."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.catalog.domain import (
    EVERY_CHANNEL,
    NO_LANGUAGE,
    BarcodeRow,
    Category,
    CategoryTree,
    OwnerKind,
    Scanned,
    Text,
    Variant,
    barcode_key,
    locale_chain,
)
from crosslane.catalog.errors import BadBarcode, UnknownProduct
from crosslane.catalog.storage import categories as category_rows
from crosslane.catalog.storage import products as product_rows
from crosslane.catalog.storage import texts as text_rows
from crosslane.catalog.storage import variants as variant_rows
from crosslane.catalog.storage.products import ProductHead
from crosslane.platform import facts
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact, Shelf
from crosslane.platform.search import like_prefix, search_words

CATEGORIES: Fact[CategoryTree] = Fact("catalog.categories", category_rows.load_tree)
# A variant tells the path of its category, so it is read again when the tree has changed.
PRODUCTS_TOPIC = "catalog.products"
VARIANT_TOPICS = (PRODUCTS_TOPIC, CATEGORIES.topic)

# A SKU as asked or an identifier, with the locale and channel of the title.
_Asked = tuple[Any, str, str]


def _shelf(name: str, read: Callable[..., Awaitable[dict[Any, Variant]]]) -> Shelf[_Asked, Variant]:
    async def load(tx: Tx, asked: Sequence[_Asked]) -> dict[_Asked, Variant]:
        # Those asked for together have locale and channel in common.
        _, locale, channel = asked[0]
        found = await read(
            tx,
            await category_tree(tx),
            [key for key, _, _ in asked],
            locales=locale_chain(locale),
            channel=channel,
        )
        return {(key, locale, channel): variant for key, variant in found.items()}

    return Shelf(name, VARIANT_TOPICS, load)


_BY_SKU = _shelf("catalog.variants_by_sku", variant_rows.variants_by_sku)
_BY_ID = _shelf("catalog.variants_by_id", variant_rows.variants_by_id)

# The largest family of colors seen in real data has 24.
VARIANTS_PER_PRODUCT_MAX = 250
TEXTS_PER_PRODUCT_MAX = 10_000
BARCODES_TOLD_MAX = 10_000
BUNDLES_TOLD_MAX = 20_000
SIBLINGS_MAX = 10_000
SHELF_IDS_AT_ONCE_MAX = 10_000


class Product(msgspec.Struct, frozen=True):
    """A product with everything that can be ordered of it.

    Args:
        id: identifier.
        code: what people call it.
        title: by the stated fallback; the code where there is no text.
        category: code of its category.
        category_path: codes from the root to the category.
        version: counts up whenever anything about the product or a variant changes.
        updated_at: when that was.
        variants: by SKU.
    """

    id: UUID
    code: str
    title: str
    category: str
    category_path: tuple[str, ...]
    version: int
    updated_at: datetime
    variants: tuple[Variant, ...]


class TextGap(msgspec.Struct, frozen=True):
    """A text that exists, but not in the locale asked for."""

    owner_kind: OwnerKind
    code: str
    field: str


async def category_tree(tx: Tx) -> CategoryTree:
    """Return every category; from memory when nothing has changed."""
    return await facts.get(tx, CATEGORIES)


async def category_exists(tx: Tx, code: str) -> bool:
    """Tell whether there is a category with a code, for whoever sets policies on one."""
    return code in (await category_tree(tx)).by_code


async def list_categories(tx: Tx, *, after: str, limit: int) -> list[Category]:
    """Return categories by code."""
    known = (await category_tree(tx)).by_code
    return [known[code] for code in sorted(known) if code > after][:limit]


async def variants_by_sku(
    tx: Tx, skus: Sequence[str], *, locale: str = NO_LANGUAGE, channel: str = EVERY_CHANNEL
) -> dict[str, Variant]:
    """Return variants by SKU, retired ones too; from memory, or by one statement.

    Args:
        tx: open transaction.
        skus: in upper or lower case; the answer is by the SKU exactly as asked, unknown ones are
            left out.
        locale: of the titles.
        channel: code of the channel the titles are for.
    """
    return await _variants(tx, _BY_SKU, skus, locale, channel)


async def shelf_ids(tx: Tx, skus: Sequence[str]) -> dict[str, UUID]:
    """Return identifiers of what can lie on a shelf, for as many SKUs as a warehouse tells of.

    Args:
        tx: open transaction.
        skus: in upper or lower case, distinct; the answer is by the SKU exactly as asked. Unknown
            ones and bundles are left out.
    """
    found: dict[str, UUID] = {}
    for start in range(0, len(skus), SHELF_IDS_AT_ONCE_MAX):
        found |= await variant_rows.shelf_ids(tx, skus[start : start + SHELF_IDS_AT_ONCE_MAX])
    return found


async def variants_by_id(
    tx: Tx, ids: Sequence[UUID], *, locale: str = NO_LANGUAGE, channel: str = EVERY_CHANNEL
) -> dict[UUID, Variant]:
    """Return variants by identifier, retired ones too; unknown ones are left out.

    Arguments and cost as of :func:`variants_by_sku`.
    """
    return await _variants(tx, _BY_ID, ids, locale, channel)


async def siblings_of(
    tx: Tx, ids: Sequence[UUID], *, locale: str = NO_LANGUAGE, channel: str = EVERY_CHANNEL
) -> dict[UUID, list[Variant]]:
    """Return the variants of the same products that are sold now, by identifier, itself first.

    Arguments as of :func:`variants_by_sku`.
    """
    pairs = await variant_rows.list_siblings(tx, ids, SIBLINGS_MAX)
    known = await variants_by_id(tx, list({b for _, b in pairs}), locale=locale, channel=channel)
    found: dict[UUID, list[Variant]] = {}
    for variant_id, sibling_id in pairs:
        if sibling_id in known:
            found.setdefault(variant_id, []).append(known[sibling_id])
    return found


async def _variants(
    tx: Tx, shelf: Shelf[_Asked, Variant], keys: Sequence[Any], locale: str, channel: str
) -> dict[Any, Variant]:
    found = await facts.take(tx, shelf, [(key, locale, channel) for key in keys])
    return {asked[0]: variant for asked, variant in found.items()}


async def scan(tx: Tx, barcodes: Sequence[str]) -> dict[str, Scanned]:
    """Return what barcodes stand for, by the barcode as it was read; unknown ones are left out."""
    keys: dict[str, str] = {}
    for barcode in barcodes:
        try:
            keys[barcode] = barcode_key(barcode)
        except BadBarcode:
            continue
    found = {scanned.barcode: scanned for scanned in await variant_rows.scan(tx, [*keys.values()])}
    return {
        barcode: msgspec.structs.replace(found[key], barcode=barcode)
        for barcode, key in keys.items()
        if key in found
    }


async def product(
    tx: Tx, code: str, *, locale: str = NO_LANGUAGE, channel: str = EVERY_CHANNEL
) -> Product:
    """Return one product with its variants.

    Raises:
        UnknownProduct: there is none with that code, in upper or lower case.
    """
    head = await product_rows.find_product(tx, code)
    if head is None:
        raise UnknownProduct(code=code[:64])
    [found] = await _with_variants(tx, [head], locale=locale, channel=channel)
    return found


async def product_texts(tx: Tx, found: Product) -> dict[str, list[Text]]:
    """Return every text of a product under its code, and of its variants under their SKUs."""
    owners = {found.id: found.code, **{variant.id: variant.sku for variant in found.variants}}
    texts = await text_rows.list_texts(tx, list(owners), limit=TEXTS_PER_PRODUCT_MAX)
    by_code: dict[str, list[Text]] = {}
    for owner_id, code in owners.items():
        by_code.setdefault(code, []).extend(texts[owner_id])
    return by_code


async def _chosen(tx: Tx, query: str, category: str | None) -> dict[str, Any]:
    """Return what lists are narrowed by, as statements take it."""
    wanted = query.strip()
    return {
        "category_ids": await _inside(tx, category),
        "prefix": like_prefix(wanted) if wanted else None,
        "barcode": _as_barcode(wanted),
        "words": search_words(wanted),
    }


async def list_products(
    tx: Tx,
    *,
    after: str,
    limit: int,
    query: str = "",
    category: str | None = None,
    active: bool | None = None,
    locale: str = NO_LANGUAGE,
    channel: str = EVERY_CHANNEL,
) -> list[Product]:
    """Return products by code.

    Args:
        tx: open transaction.
        after: code of the last one seen.
        limit: most products.
        query: the beginning of a code or SKU, a whole barcode, or words of a title, any case.
        category: only what lies in this category or inside it.
        active: only products with (or without) a variant that is sold.
        locale: of the titles.
        channel: code of the channel the titles are for.

    Raises:
        UnknownCategory: there is no such category.
    """
    chosen = await _chosen(tx, query, category)
    heads = await product_rows.list_products(
        tx, after=after.lower(), active=active, limit=limit, **chosen
    )
    return await _with_variants(tx, heads, locale=locale, channel=channel)


async def list_variants(
    tx: Tx,
    *,
    after: str,
    limit: int,
    query: str = "",
    category: str | None = None,
    active: bool | None = None,
    locale: str = NO_LANGUAGE,
    channel: str = EVERY_CHANNEL,
) -> list[Variant]:
    """Return variants by SKU; arguments as of :func:`list_products`.

    Raises:
        UnknownCategory: there is no such category.
    """
    chosen = await _chosen(tx, query, category)
    ids = await variant_rows.list_variant_ids(
        tx, after=after.lower(), active=active, limit=limit, **chosen
    )
    known = await variants_by_id(tx, ids, locale=locale, channel=channel)
    return [known[one] for one in ids if one in known]


async def barcodes_of(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[BarcodeRow]]:
    """Return the further barcodes of variants, beside their GTIN; those without are left out."""
    return await variant_rows.list_barcodes(tx, ids, BARCODES_TOLD_MAX)


async def bundles_of(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return the bundles that variants are parts of; those that are in none are left out."""
    return await variant_rows.list_bundles(tx, ids, BUNDLES_TOLD_MAX)


async def list_text_gaps(
    tx: Tx, locale: str, *, after: tuple[str, str, str], limit: int
) -> list[TextGap]:
    """Return which texts a locale lacks: those that would be shown in another language.

    Args:
        tx: open transaction.
        locale: a text in it or in a wider one (``de`` for ``de-AT``) fills the gap.
        after: owner kind, code and field of the last one seen.
        limit: most to return.
    """
    locales = [wider for wider in locale_chain(locale) if wider != NO_LANGUAGE]
    rows = await text_rows.list_text_gaps(tx, locales, after=after, limit=limit)
    return [TextGap(**row) for row in rows]


async def _inside(tx: Tx, category: str | None) -> list[UUID] | None:
    """Return a category and all inside it, None for every category there is."""
    if category is None:
        return None
    tree = await category_tree(tx)
    tree.category(category)
    return [one.id for one in tree.below(category)]


def _as_barcode(query: str) -> str:
    try:
        return barcode_key(query)
    except BadBarcode:
        return ""


async def _with_variants(
    tx: Tx, heads: Sequence[ProductHead], *, locale: str, channel: str
) -> list[Product]:
    if not heads:
        return []
    tree, locales = await category_tree(tx), locale_chain(locale)
    ids = [head.id for head in heads]
    variants = await variant_rows.variants_of_products(
        tx,
        tree,
        ids,
        locales=locales,
        channel=channel,
        limit=len(heads) * VARIANTS_PER_PRODUCT_MAX,
    )
    titles = await text_rows.pick_texts(tx, ids, "title", locales=locales, channel=channel)
    by_product: dict[UUID, list[Variant]] = {head.id: [] for head in heads}
    for variant in variants:
        by_product[variant.product_id].append(variant)
    return [_product(head, tree, by_product[head.id], titles.get(head.id)) for head in heads]


def _product(
    head: ProductHead, tree: CategoryTree, variants: Sequence[Variant], title: str | None
) -> Product:
    category = tree.by_id(head.category_id).code
    first = variants[0].title if variants else head.code
    return Product(
        id=head.id,
        code=head.code,
        title=title or first,
        category=category,
        category_path=tree.path(category),
        version=head.version,
        updated_at=head.updated_at,
        variants=tuple(variants),
    )
