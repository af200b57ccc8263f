"""Reading variants and what their barcodes say."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.catalog.domain import (
    BarcodeRow,
    CategoryTree,
    Component,
    Scanned,
    Shown,
    Variant,
    gtin_text,
    picture_address,
)
from crosslane.platform.database import Record, Tx

_VARIANT_COLUMNS = """
    v.id, v.sku, v.product_id, p.code as product, p.category_id, v.weight_grams, v.length_mm,
    v.width_mm, v.height_mm, v.hazardous, v.tax_class, v.options, v.active,
    (select barcode from catalog_barcode where variant_id = v.id and kind = 'gtin') as gtin,
    (
        select t.text from catalog_text t
        where t.owner_id in (v.id, v.product_id) and t.field = 'title' and t.channel in ('', $3)
        order by coalesce(array_position($2::text[], t.locale), 100), t.locale, t.channel = '',
                 t.owner_id = v.product_id
        limit 1
    ) as title,
    (
        select jsonb_agg(jsonb_build_object(
            'variant_id', c.component_id, 'sku', part.sku, 'quantity', c.quantity,
            'share_weight', c.share_weight
        ) order by c.place)
        from catalog_component c join catalog_variant part on part.id = c.component_id
        where c.bundle_id = v.id
    ) as components,
    (
        select jsonb_build_object(
            'shown', pic.shown, 'thumb', pic.thumb, 'width', pic.width, 'height', pic.height,
            'alt', coalesce((
                select told.value from jsonb_each_text(pic.alt) told
                order by coalesce(array_position($2::text[], told.key), 100), told.key limit 1
            ), '')
        )
        from catalog_picture pic
        where pic.owner_id in (v.id, v.product_id) and pic.state = 'stored'
        order by pic.owner_id = v.product_id, pic.place limit 1
    ) as picture
"""

# Here and below an array comes by way of "select": PostgreSQL then plans once, and not each time
# for the number of variants it sees.
VARIANTS_BY_SKU = f"""
select asked.sku as asked, {_VARIANT_COLUMNS}
from unnest((select $1::text[])) as asked (sku)
join catalog_variant v on lower(v.sku) = lower(asked.sku)
join catalog_product p on p.id = v.product_id
"""  # noqa: S608 - only constants of this file are put together


async def variants_by_sku(
    tx: Tx, tree: CategoryTree, skus: Sequence[str], *, locales: Sequence[str], channel: str
) -> dict[str, Variant]:
    """Return the variants with these SKUs in upper or lower case, by the SKU as asked."""
    rows = await tx.fetch(VARIANTS_BY_SKU, list(dict.fromkeys(skus)), list(locales), channel)
    return {row["asked"]: _variant(tx, row, tree) for row in rows}


VARIANTS_BY_ID = f"""
select {_VARIANT_COLUMNS}
from catalog_variant v
join catalog_product p on p.id = v.product_id
where v.id = any ((select $1::uuid[])::uuid[])
"""  # noqa: S608 - only constants of this file are put together


async def variants_by_id(
    tx: Tx, tree: CategoryTree, ids: Sequence[UUID], *, locales: Sequence[str], channel: str
) -> dict[UUID, Variant]:
    """Return the variants with these identifiers."""
    rows = await tx.fetch(VARIANTS_BY_ID, list(ids), list(locales), channel)
    return {row["id"]: _variant(tx, row, tree) for row in rows}


VARIANTS_OF_PRODUCTS = f"""
select {_VARIANT_COLUMNS}
from catalog_variant v
join catalog_product p on p.id = v.product_id
where v.product_id = any ($1::uuid[])
order by lower(v.sku) limit $4
"""  # noqa: S608 - only constants of this file are put together


async def variants_of_products(
    tx: Tx,
    tree: CategoryTree,
    product_ids: Sequence[UUID],
    *,
    locales: Sequence[str],
    channel: str,
    limit: int,
) -> list[Variant]:
    """Return the variants of products, by SKU."""
    rows = await tx.fetch(VARIANTS_OF_PRODUCTS, list(product_ids), list(locales), channel, limit)
    return [_variant(tx, row, tree) for row in rows]


LIST_VARIANT_IDS = """
select v.id from catalog_variant v
where lower(v.sku) > $1
  and ($2::uuid[] is null or v.product_id in (
      select id from catalog_product where category_id = any ($2)))
  and ($3::boolean is null or v.active = $3)
  and ($4::text is null or v.id in (
      select id from catalog_variant where lower(sku) like $4
      union
      select named.id from catalog_product p join catalog_variant named on named.product_id = p.id
      where lower(p.code) like $4
      union
      select variant_id from catalog_barcode where barcode = $5
      union
      select coalesce(named.id, t.owner_id)
      from catalog_text t
      left join catalog_variant named on t.owner_kind = 'product' and named.product_id = t.owner_id
      where $6 <> '' and t.field = 'title' and t.owner_kind <> 'category'
        and to_tsvector('simple', t.text) @@ to_tsquery('simple', $6)
  ))
order by lower(v.sku) limit $7
"""


async def list_variant_ids(
    tx: Tx,
    *,
    after: str,
    category_ids: Sequence[UUID] | None,
    active: bool | None,
    prefix: str | None,
    barcode: str,
    words: str,
    limit: int,
) -> list[UUID]:
    """Return variants by SKU; arguments as those of products, ``after`` is a lower-case SKU."""
    categories = None if category_ids is None else list(category_ids)
    rows = await tx.fetch(
        LIST_VARIANT_IDS, after, categories, active, prefix, barcode, words, limit
    )
    return [row["id"] for row in rows]


LIST_BARCODES = """
select variant_id, barcode, units from catalog_barcode
where variant_id = any ($1::uuid[]) and kind = 'pack' order by variant_id, units, barcode limit $2
"""


async def list_barcodes(
    tx: Tx, variant_ids: Sequence[UUID], limit: int
) -> dict[UUID, list[BarcodeRow]]:
    """Return the further barcodes of variants, beside their GTIN."""
    found: dict[UUID, list[BarcodeRow]] = {}
    for row in await tx.fetch(LIST_BARCODES, list(variant_ids), limit):
        found.setdefault(row["variant_id"], []).append(BarcodeRow(row["barcode"], row["units"]))
    return found


LIST_BUNDLES = """
select component_id, bundle_id from catalog_component
where component_id = any ($1::uuid[]) order by component_id, bundle_id limit $2
"""


async def list_bundles(tx: Tx, variant_ids: Sequence[UUID], limit: int) -> dict[UUID, list[UUID]]:
    """Return the bundles that variants are parts of."""
    found: dict[UUID, list[UUID]] = {}
    for row in await tx.fetch(LIST_BUNDLES, list(variant_ids), limit):
        found.setdefault(row["component_id"], []).append(row["bundle_id"])
    return found


SHELF_IDS = """
select asked.sku as asked, v.id
from unnest((select $1::text[])) as asked (sku)
join catalog_variant v on lower(v.sku) = lower(asked.sku)
where not exists (select from catalog_component c where c.bundle_id = v.id)
"""


async def shelf_ids(tx: Tx, skus: Sequence[str]) -> dict[str, UUID]:
    """Return the identifiers of variants that are no bundles, by the SKU as asked."""
    return dict(await tx.fetch(SHELF_IDS, list(skus)))


SCAN = """
select b.barcode, b.units, v.id as variant_id, v.sku
from catalog_barcode b join catalog_variant v on v.id = b.variant_id
where b.barcode = any ($1::text[])
"""


async def scan(tx: Tx, keys: Sequence[str]) -> list[Scanned]:
    """Return what kept barcodes stand for."""
    return [Scanned(**row) for row in await tx.fetch(SCAN, list(keys))]


def _variant(tx: Tx, row: Record, tree: CategoryTree) -> Variant:
    category = tree.by_id(row["category_id"])
    components = row["components"]
    return Variant(
        id=row["id"],
        sku=row["sku"],
        product_id=row["product_id"],
        product=row["product"],
        title=row["title"] or row["sku"],
        gtin=None if row["gtin"] is None else gtin_text(row["gtin"]),
        weight_grams=row["weight_grams"],
        length_mm=row["length_mm"],
        width_mm=row["width_mm"],
        height_mm=row["height_mm"],
        tax_class=row["tax_class"],
        category=category.code,
        category_path=tree.path(category.code),
        options=msgspec.json.decode(row["options"], type=dict[str, str]),
        components=()
        if components is None
        else msgspec.json.decode(components, type=tuple[Component, ...]),
        active=row["active"],
        picture=None if row["picture"] is None else _shown(tx, row["picture"]),
        hazardous=row["hazardous"],
    )


def _shown(tx: Tx, told: str) -> Shown:
    picture = msgspec.json.decode(told, type=_Picture)
    return Shown(
        address=picture_address(tx.tenant, picture.shown),
        thumb=picture_address(tx.tenant, picture.thumb),
        width=picture.width,
        height=picture.height,
        alt=picture.alt,
    )


class _Picture(msgspec.Struct, frozen=True):
    """A picture as a statement tells it: digests in place of addresses."""

    shown: str
    thumb: str
    width: int
    height: int
    alt: str


LIST_SIBLINGS = """
select v.id, other.id as sibling_id
from catalog_variant v join catalog_variant other on other.product_id = v.product_id
where v.id = any($1::uuid[]) and other.active
order by v.id, other.id = v.id desc, other.sku limit $2
"""


async def list_siblings(tx: Tx, ids: Sequence[UUID], limit: int) -> list[tuple[UUID, UUID]]:
    """Return variants with those of the same product that are sold, themselves first."""
    rows = await tx.fetch(LIST_SIBLINGS, ids, limit)
    return [(row["id"], row["sibling_id"]) for row in rows]
