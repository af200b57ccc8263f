"""Listing and finding products."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx


class ProductHead(msgspec.Struct, frozen=True):
    """A product without its variants."""

    id: UUID
    code: str
    category_id: UUID
    version: int
    updated_at: datetime


LIST_PRODUCTS = """
select p.id, p.code, p.category_id, p.version, p.updated_at
from catalog_product p
where lower(p.code) > $1
  and ($2::uuid[] is null or p.category_id = any ($2))
  and ($3::boolean is null
       or $3 = exists (select from catalog_variant v where v.product_id = p.id and v.active))
  and ($4::text is null or p.id in (
      select id from catalog_product where lower(code) like $4
      union
      select product_id from catalog_variant where lower(sku) like $4
      union
      select v.product_id from catalog_barcode b join catalog_variant v on v.id = b.variant_id
      where b.barcode = $5
      union
      select coalesce(v.product_id, t.owner_id)
      from catalog_text t left join catalog_variant v on v.id = t.owner_id
      where $6 <> '' and t.field = 'title' and t.owner_kind <> 'category'
        and to_tsvector('simple', t.text) @@ to_tsquery('simple', $6)
  ))
order by lower(p.code) limit $7
"""


async def list_products(
    tx: Tx,
    *,
    after: str,
    category_ids: Sequence[UUID] | None,
    active: bool | None,
    prefix: str | None,
    barcode: str,
    words: str,
    limit: int,
) -> list[ProductHead]:
    """Return products by code.

    Args:
        tx: open transaction.
        after: lower-case code of the last one seen.
        category_ids: only of these categories.
        active: only those that have (or have no) variant that is sold.
        prefix: LIKE pattern of lower-case codes; None for no search at all.
        barcode: kept barcode that also finds.
        words: text query on titles that also finds, empty for none.
        limit: most to return.
    """
    rows = await tx.fetch(
        LIST_PRODUCTS,
        after,
        None if category_ids is None else list(category_ids),
        active,
        prefix,
        barcode,
        words,
        limit,
    )
    return [ProductHead(**row) for row in rows]


FIND_PRODUCT = """
select id, code, category_id, version, updated_at from catalog_product where lower(code) = lower($1)
"""


async def find_product(tx: Tx, code: str) -> ProductHead | None:
    """Return the product with a code in upper or lower case, or None."""
    row = await tx.fetchrow(FIND_PRODUCT, code)
    return None if row is None else ProductHead(**row)


LIST_PRODUCT_IDS = """
select lower(code) as key, id from catalog_product where lower(code) = any ($1::text[])
"""


async def list_product_ids(tx: Tx, keys: Sequence[str]) -> dict[str, UUID]:
    """Return the identifiers of the products with these lower-case codes."""
    return {row["key"]: row["id"] for row in await tx.fetch(LIST_PRODUCT_IDS, list(keys))}
