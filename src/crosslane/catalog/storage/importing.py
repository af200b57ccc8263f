"""Judging and writing an import. Every write tells what it changed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.catalog.domain import KnownVariant
from crosslane.kernel import new_id
from crosslane.platform.database import Tx

LOCK_CATALOG = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '.catalog', 0))"


async def lock_catalog(tx: Tx) -> None:
    """Let changes of this tenant's catalog follow one another: bundles rest on other rows."""
    await tx.execute(LOCK_CATALOG)


LIST_KNOWN_VARIANTS = """
select lower(v.sku) as key, v.id, v.sku, p.code as product, v.product_id,
       exists (select from catalog_component c where c.bundle_id = v.id) as is_bundle,
       array(
           select lower(b.sku) from catalog_component c
           join catalog_variant b on b.id = c.bundle_id where c.component_id = v.id
       ) as used_in
from catalog_variant v join catalog_product p on p.id = v.product_id
where lower(v.sku) = any ($1::text[])
"""


async def list_known_variants(tx: Tx, keys: Sequence[str]) -> dict[str, KnownVariant]:
    """Return what judging needs of the variants with these lower-case SKUs."""
    return {
        row["key"]: KnownVariant(
            id=row["id"],
            sku=row["sku"],
            product=row["product"],
            product_id=row["product_id"],
            is_bundle=row["is_bundle"],
            used_in=frozenset(row["used_in"]),
        )
        for row in await tx.fetch(LIST_KNOWN_VARIANTS, list(keys))
    }


class Written(msgspec.Struct, frozen=True):
    """What became of a product or variant: its identifier, and whether it is new or different."""

    id: UUID
    created: bool
    changed: bool


UPSERT_PRODUCTS = """
with given as (
    select id, code, category_id from unnest($1::uuid[], $2::text[], $3::uuid[])
        as g (id, code, category_id)
), written as (
    insert into catalog_product as p (id, code, category_id, updated_at)
    select id, code, category_id, $4 from given
    on conflict (lower(code)) do update set category_id = excluded.category_id
        where p.category_id <> excluded.category_id
    returning id, lower(code) as key, xmax = 0 as created
)
select key, id, created, true as changed from written
union all
select lower(p.code), p.id, false, false
from given join catalog_product p on lower(p.code) = lower(given.code)
where not exists (select from written where written.id = p.id)
"""


async def upsert_products(tx: Tx, products: Mapping[str, UUID]) -> dict[str, Written]:
    """Store products by code with their category; the answer is by lower-case code."""
    rows = await tx.fetch(
        UPSERT_PRODUCTS,
        [new_id() for _ in products],
        list(products),
        list(products.values()),
        tx.now,
    )
    return {row["key"]: Written(row["id"], row["created"], row["changed"]) for row in rows}


class VariantRow(msgspec.Struct, frozen=True):
    """A variant as it is stored."""

    id: UUID
    product_id: UUID
    sku: str
    tax_class: str
    weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int
    hazardous: bool
    options: bytes
    active: bool


UPSERT_VARIANTS = """
with given as (
    select * from unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[], $8::int[],
        $9::boolean[], $10::jsonb[], $11::boolean[]
    ) as g (id, product_id, sku, tax_class, weight_grams, length_mm, width_mm, height_mm,
            hazardous, options, active)
), written as (
    insert into catalog_variant as v (id, product_id, sku, tax_class, weight_grams, length_mm,
        width_mm, height_mm, hazardous, options, active)
    select * from given
    on conflict (lower(sku)) do update set
        product_id = excluded.product_id, tax_class = excluded.tax_class,
        weight_grams = excluded.weight_grams, length_mm = excluded.length_mm,
        width_mm = excluded.width_mm, height_mm = excluded.height_mm,
        hazardous = excluded.hazardous, options = excluded.options, active = excluded.active
    where (v.product_id, v.tax_class, v.weight_grams, v.length_mm, v.width_mm, v.height_mm,
           v.hazardous, v.options, v.active)
        is distinct from
          (excluded.product_id, excluded.tax_class, excluded.weight_grams, excluded.length_mm,
           excluded.width_mm, excluded.height_mm, excluded.hazardous, excluded.options,
           excluded.active)
    returning id, lower(sku) as key, xmax = 0 as created
)
select key, id, created, true as changed from written
union all
select lower(v.sku), v.id, false, false
from given join catalog_variant v on lower(v.sku) = lower(given.sku)
where not exists (select from written where written.id = v.id)
"""


async def upsert_variants(tx: Tx, rows: Sequence[VariantRow]) -> dict[str, Written]:
    """Store variants; the answer is by lower-case SKU."""
    stored = await tx.fetch(
        UPSERT_VARIANTS,
        [row.id for row in rows],
        [row.product_id for row in rows],
        [row.sku for row in rows],
        [row.tax_class for row in rows],
        [row.weight_grams for row in rows],
        [row.length_mm for row in rows],
        [row.width_mm for row in rows],
        [row.height_mm for row in rows],
        [row.hazardous for row in rows],
        [row.options for row in rows],
        [row.active for row in rows],
    )
    return {row["key"]: Written(row["id"], row["created"], row["changed"]) for row in stored}


class BarcodeHeld(msgspec.Struct, frozen=True):
    """A barcode a variant shall have; its own GTIN, or another with the units it stands for."""

    variant_id: UUID
    barcode: str
    kind: str
    units: int


DELETE_BARCODES = """
delete from catalog_barcode b
where b.variant_id = any ($1::uuid[]) and not exists (
    select from unnest($2::uuid[], $3::text[], $4::text[]) as kept (variant_id, barcode, kind)
    where kept.variant_id = b.variant_id and kept.barcode = b.barcode and kept.kind = b.kind
)
returning b.variant_id
"""


async def delete_barcodes_but(
    tx: Tx, variant_ids: Sequence[UUID], kept: Sequence[BarcodeHeld]
) -> set[UUID]:
    """Take from variants every barcode they shall no longer have; tell which variants lost one."""
    rows = await tx.fetch(
        DELETE_BARCODES,
        list(variant_ids),
        [held.variant_id for held in kept],
        [held.barcode for held in kept],
        [held.kind for held in kept],
    )
    return {row["variant_id"] for row in rows}


UPSERT_BARCODES = """
insert into catalog_barcode as b (barcode, variant_id, kind, units)
select barcode, variant_id, kind, units from unnest($1::text[], $2::uuid[], $3::text[], $4::int[])
    as given (barcode, variant_id, kind, units)
on conflict (barcode) do update set units = excluded.units
    where b.units <> excluded.units
returning variant_id
"""


async def upsert_barcodes(tx: Tx, held: Sequence[BarcodeHeld]) -> set[UUID]:
    """Give variants their barcodes; tell which variants did not have one like it."""
    rows = await tx.fetch(
        UPSERT_BARCODES,
        [barcode.barcode for barcode in held],
        [barcode.variant_id for barcode in held],
        [barcode.kind for barcode in held],
        [barcode.units for barcode in held],
    )
    return {row["variant_id"] for row in rows}


LIST_BARCODE_OWNERS = """
select b.barcode, v.sku from catalog_barcode b join catalog_variant v on v.id = b.variant_id
where b.barcode = any ($1::text[])
"""


async def list_barcode_owners(tx: Tx, keys: Sequence[str]) -> dict[str, str]:
    """Return the SKU that owns each of the kept barcodes."""
    rows = await tx.fetch(LIST_BARCODE_OWNERS, list(keys))
    return {row["barcode"]: row["sku"] for row in rows}


class Part(msgspec.Struct, frozen=True):
    """A component as it is stored."""

    bundle_id: UUID
    place: int
    component_id: UUID
    quantity: int
    share_weight: int


DELETE_PARTS = """
delete from catalog_component c
where c.bundle_id = any ($1::uuid[]) and not exists (
    select from unnest($2::uuid[], $3::int[], $4::uuid[], $5::int[], $6::int[])
        as kept (bundle_id, place, component_id, quantity, share_weight)
    where (kept.bundle_id, kept.place, kept.component_id, kept.quantity, kept.share_weight)
        = (c.bundle_id, c.place, c.component_id, c.quantity, c.share_weight)
)
returning c.bundle_id
"""


async def delete_parts_but(tx: Tx, bundle_ids: Sequence[UUID], kept: Sequence[Part]) -> set[UUID]:
    """Take from bundles every part that shall no longer be; tell which bundles lost one."""
    rows = await tx.fetch(DELETE_PARTS, list(bundle_ids), *_part_columns(kept))
    return {row["bundle_id"] for row in rows}


INSERT_PARTS = """
insert into catalog_component (bundle_id, place, component_id, quantity, share_weight)
select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::int[], $5::int[])
on conflict (bundle_id, place) do nothing
returning bundle_id
"""


async def insert_parts(tx: Tx, parts: Sequence[Part]) -> set[UUID]:
    """Give bundles the parts they do not have yet; tell which bundles got one."""
    rows = await tx.fetch(INSERT_PARTS, *_part_columns(parts))
    return {row["bundle_id"] for row in rows}


FIND_CROWDED_PRODUCT = """
select p.code from catalog_product p
where p.id = any ($1::uuid[])
  and (select count(*) from catalog_variant v where v.product_id = p.id) > $2
order by p.code limit 1
"""


async def find_crowded_product(tx: Tx, product_ids: Sequence[UUID], most: int) -> str | None:
    """Return the code of a product with more variants than a product may have, or None."""
    return await tx.fetchval(FIND_CROWDED_PRODUCT, list(product_ids), most)


TOUCH_PRODUCTS = """
update catalog_product set version = version + 1, updated_at = $2 where id = any ($1::uuid[])
"""


async def touch_products(tx: Tx, product_ids: Sequence[UUID]) -> None:
    """Count a new version of products that something changed about."""
    await tx.execute(TOUCH_PRODUCTS, list(product_ids), tx.now)


def _part_columns(parts: Sequence[Part]) -> list[list[object]]:
    return [
        [part.bundle_id for part in parts],
        [part.place for part in parts],
        [part.component_id for part in parts],
        [part.quantity for part in parts],
        [part.share_weight for part in parts],
    ]
