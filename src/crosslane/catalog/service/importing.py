"""Changing products: in bulk, each row judged, or one product whose version is known.

Changes of one tenant's catalog follow one another, because a row is judged by others that are
stored: components, barcodes, siblings. A dry run is the real run, undone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.catalog.domain import (
    ROWS_MAX,
    BarcodeRow,
    Judgement,
    Known,
    KnownVariant,
    ProductRow,
    barcode_key,
    judge,
)
from crosslane.catalog.errors import (
    BadBarcode,
    RowOfAnotherProduct,
    TooManyVariants,
    UnknownProduct,
)
from crosslane.catalog.events import PRODUCTS_PER_EVENT_MAX, ProductsChanged
from crosslane.catalog.service.reading import (
    PRODUCTS_TOPIC,
    VARIANTS_PER_PRODUCT_MAX,
    Product,
    category_tree,
    product,
)
from crosslane.catalog.storage import importing as storage
from crosslane.catalog.storage import products as product_rows
from crosslane.catalog.storage import texts as text_rows
from crosslane.catalog.storage.importing import BarcodeHeld, Part, VariantRow, Written
from crosslane.catalog.storage.texts import OwnedText
from crosslane.kernel import RowProblem, Stale, new_id
from crosslane.organization import book
from crosslane.platform import audit, facts, log
from crosslane.platform.database import Tx

PROBLEMS_TOLD_MAX = 1_000

Rows = Annotated[tuple[ProductRow, ...], msgspec.Meta(min_length=1, max_length=ROWS_MAX)]


class ImportProducts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create or change variants and their products.

    Args:
        rows: each is stored as a whole or refused with every reason.
        dry_run: tell what would happen, and change nothing.
    """

    rows: Rows
    dry_run: bool = False


class ImportResult(msgspec.Struct, frozen=True):
    """What an import did, or would do.

    Args:
        created: variants that are new.
        updated: variants that are different now.
        unchanged: variants that were like that already.
        refused: rows that were not taken.
        problems: why, at most PROBLEMS_TOLD_MAX reasons.
        dry_run: nothing was changed.
    """

    created: int
    updated: int
    unchanged: int
    refused: int
    problems: tuple[RowProblem, ...]
    dry_run: bool


class EditProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Change variants of one product, all or none.

    Args:
        code: which product.
        version: the version that is meant; whatever is there when None.
        rows: variants of it as they shall be.
    """

    code: str
    version: int | None
    rows: Rows


class _Rehearsed(Exception):
    """Raised to undo a dry run."""


async def import_products(tx: Tx, wish: ImportProducts) -> ImportResult:
    """Store what can be stored, tell what cannot.

    Raises:
        TooManyVariants: a product would have more than VARIANTS_PER_PRODUCT_MAX.
    """
    await storage.lock_catalog(tx)
    known = await _known(tx, wish.rows)
    judged = judge(wish.rows, known)
    written: list[Written] = []
    try:
        async with tx.savepoint():
            written = await _write(tx, list(judged.accepted.values()), known)
            if wish.dry_run:
                raise _Rehearsed
    except _Rehearsed:
        pass
    result = _result(wish, judged, written)
    if not wish.dry_run:
        # Thousands of rows are told by their counts; the versions of products tell the rest.
        told = {"created": result.created, "updated": result.updated, "refused": result.refused}
        await audit.record(tx, [audit.Change(action="catalog.import_products", after=told)])
    return result


async def edit_product(tx: Tx, wish: EditProduct) -> Product:
    """Change one product as a whole or refuse.

    Raises:
        UnknownProduct: there is none with that code.
        Stale: somebody else changed it meanwhile.
        RowOfAnotherProduct: a row names another product.
        Refusal: the first reason against any row.
    """
    await storage.lock_catalog(tx)
    head = await product_rows.find_product(tx, wish.code)
    if head is None:
        raise UnknownProduct(code=wish.code[:64])
    if wish.version not in (None, head.version):
        raise Stale(present=head.version, given=wish.version)
    for place, row in enumerate(wish.rows):
        if row.product is not None and row.product.lower() != head.code.lower():
            raise RowOfAnotherProduct(pointer=f"/rows/{place}/product", sku=row.sku[:64])
    rows = [msgspec.structs.replace(row, product=head.code) for row in wish.rows]
    known = await _known(tx, rows)
    judged = judge(rows, known)
    for reasons in judged.refused.values():
        raise reasons[0]
    before = await product(tx, head.code)
    await _write(tx, list(judged.accepted.values()), known)
    after = await product(tx, head.code)
    change = audit.Change(
        action="catalog.edit_product", subject=f"product:{head.id}", before=before, after=after
    )
    await audit.record(tx, [change])
    return after


async def _known(tx: Tx, rows: Sequence[ProductRow]) -> Known:
    skus = {row.sku.lower() for row in rows}
    skus |= {part.sku.lower() for row in rows for part in row.components}
    barcodes = {key for row in rows for key in _barcode_keys(row)}
    return Known(
        categories=await category_tree(tx),
        channels=frozenset((await book(tx)).channels),
        variants=await storage.list_known_variants(tx, sorted(skus)),
        barcode_owners=await storage.list_barcode_owners(tx, sorted(barcodes)),
    )


def _barcode_keys(row: ProductRow) -> Iterable[str]:
    given = [row.gtin] if row.gtin else []
    for barcode in [*given, *(further.barcode for further in row.barcodes)]:
        try:
            yield barcode_key(barcode)
        except BadBarcode:
            continue


async def _write(tx: Tx, rows: Sequence[ProductRow], known: Known) -> list[Written]:
    """Store judged rows set by set; return what became of each."""
    if not rows:
        return []
    products = await _write_products(tx, rows, known)
    variants = await storage.upsert_variants(
        tx,
        [
            VariantRow(
                id=new_id(),
                product_id=products[_product_key(row)].id,
                sku=row.sku,
                tax_class=row.tax_class,
                weight_grams=row.weight_grams,
                length_mm=row.length_mm,
                width_mm=row.width_mm,
                height_mm=row.height_mm,
                hazardous=row.hazardous,
                options=msgspec.json.encode(row.options, order="sorted"),
                active=row.active,
            )
            for row in rows
        ],
    )
    changed = {variant.id for variant in variants.values() if variant.changed}
    changed |= await _write_barcodes(tx, rows, variants)
    changed |= await _write_parts(tx, rows, variants, known)
    changed |= await _write_texts(tx, rows, variants)
    await _announce(tx, rows, known, products, variants, changed)
    stored = [variants[row.sku.lower()] for row in rows]
    return [Written(found.id, found.created, found.id in changed) for found in stored]


async def _write_products(tx: Tx, rows: Sequence[ProductRow], known: Known) -> dict[str, Written]:
    wanted: dict[str, tuple[str, UUID]] = {}
    for row in rows:
        category = known.categories.category(row.category)
        wanted.setdefault(_product_key(row), (row.product or row.sku, category.id))
    return await storage.upsert_products(tx, dict(wanted.values()))


async def _write_barcodes(
    tx: Tx, rows: Sequence[ProductRow], variants: Mapping[str, Written]
) -> set[UUID]:
    held = [
        BarcodeHeld(variants[row.sku.lower()].id, barcode.barcode, kind, barcode.units)
        for row in rows
        for kind, barcodes in (
            ("gtin", [BarcodeRow(row.gtin)] if row.gtin else []),
            ("pack", row.barcodes),
        )
        for barcode in barcodes
    ]
    ids = [variant.id for variant in variants.values()]
    lost = await storage.delete_barcodes_but(tx, ids, held)
    return lost | await storage.upsert_barcodes(tx, held)


async def _write_parts(
    tx: Tx, rows: Sequence[ProductRow], variants: Mapping[str, Written], known: Known
) -> set[UUID]:
    known_ids = {key: variant.id for key, variant in known.variants.items()}
    ids = known_ids | {key: variant.id for key, variant in variants.items()}
    parts = [
        Part(ids[row.sku.lower()], place, ids[c.sku.lower()], c.quantity, c.share_weight)
        for row in rows
        for place, c in enumerate(row.components)
    ]
    lost = await storage.delete_parts_but(tx, [v.id for v in variants.values()], parts)
    return lost | await storage.insert_parts(tx, parts)


async def _write_texts(
    tx: Tx, rows: Sequence[ProductRow], variants: Mapping[str, Written]
) -> set[UUID]:
    texts = [
        OwnedText(variants[row.sku.lower()].id, "variant", text)
        for row in rows
        for text in row.texts
    ]
    if not texts:
        return set()
    return await text_rows.upsert_texts(tx, texts) | await text_rows.delete_texts(tx, texts)


async def _announce(
    tx: Tx,
    rows: Sequence[ProductRow],
    known: Known,
    products: Mapping[str, Written],
    variants: Mapping[str, Written],
    changed: set[UUID],
) -> None:
    """Count new versions and tell the log, product by product with its changed variants."""
    by_product: dict[UUID, list[UUID]] = {p.id: [] for p in products.values() if p.changed}
    for row in rows:
        variant = variants[row.sku.lower()]
        if variant.id not in changed:
            continue
        homes = {products[_product_key(row)].id}
        before: KnownVariant | None = known.variants.get(row.sku.lower())
        if before is not None:
            homes.add(before.product_id)
        for home in homes:
            by_product.setdefault(home, []).append(variant.id)
    crowded = await storage.find_crowded_product(tx, list(by_product), VARIANTS_PER_PRODUCT_MAX)
    if crowded is not None:
        raise TooManyVariants(product=crowded, most=VARIANTS_PER_PRODUCT_MAX)
    new = {p.id for p in products.values() if p.created}
    await storage.touch_products(tx, [home for home in by_product if home not in new])
    known_before = {v.id for v in variants.values() if not v.created}
    # What is new is in nobody's memory yet.
    if changed & known_before or any(p.changed and not p.created for p in products.values()):
        await facts.touch(tx, PRODUCTS_TOPIC)
    await announce(tx, by_product)


async def announce(tx: Tx, by_product: Mapping[UUID, Sequence[UUID]]) -> None:
    """Tell the log which variants of which products changed."""
    ids = sorted(by_product)
    chunks = [
        ids[start : start + PRODUCTS_PER_EVENT_MAX]
        for start in range(0, len(ids), PRODUCTS_PER_EVENT_MAX)
    ]
    events = [
        ProductsChanged(
            change_id=new_id(),
            product_ids=tuple(chunk),
            variant_ids=tuple(variant for home in chunk for variant in by_product[home]),
        )
        for chunk in chunks
    ]
    await log.append(tx, events)


def _product_key(row: ProductRow) -> str:
    return (row.product or row.sku).lower()


def _result(wish: ImportProducts, judged: Judgement, written: Sequence[Written]) -> ImportResult:
    created = sum(row.created for row in written)
    changed = sum(row.changed for row in written)
    problems = [
        RowProblem.of(place, reason, key=wish.rows[place].sku)
        for place, reasons in judged.refused.items()
        for reason in reasons
    ]
    return ImportResult(
        created=created,
        updated=changed - created,
        unchanged=len(written) - changed,
        refused=len(judged.refused),
        problems=tuple(problems[:PROBLEMS_TOLD_MAX]),
        dry_run=wish.dry_run,
    )
