"""SQL of unit prices: read for carts by one query, imported by the ten thousand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from crosslane.platform.database import Tx, columns
from crosslane.pricing.domain.lists import Price

LIST_PRICES = """
select w.at, p.*
from unnest($1::uuid[], $2::timestamptz[]) as w (variant_id, at)
cross join lateral (
    select distinct on (price_list_id, quantity_min)
           price_list_id, variant_id, quantity_min, unit_price_milli, valid_from, valid_to
    from pricing_price
    where variant_id = w.variant_id and price_list_id = any($3)
      and valid_from <= w.at and (valid_to is null or valid_to > w.at)
    order by price_list_id, quantity_min, valid_from desc
) p
"""


async def list_prices(
    tx: Tx, wanted: Sequence[tuple[UUID, datetime]], price_list_ids: Sequence[UUID]
) -> dict[datetime, dict[UUID, dict[UUID, list[Price]]]]:
    """Return the rows in force for (variant, instant) pairs: by instant, variant and list.

    Of each list only the newest running row per quantity break is read, however long its history.
    """
    found: dict[datetime, dict[UUID, dict[UUID, list[Price]]]] = {}
    variant_ids, instants = [each[0] for each in wanted], [each[1] for each in wanted]
    for at, *values in await tx.fetch(LIST_PRICES, variant_ids, instants, price_list_ids):
        price = Price(
            price_list_id=values[0],
            variant_id=values[1],
            quantity_min=values[2],
            unit_price_milli=values[3],
            valid_from=values[4],
            valid_to=values[5],
        )
        by_list = found.setdefault(at, {}).setdefault(price.variant_id, {})
        by_list.setdefault(price.price_list_id, []).append(price)
    return found


LIST_PRICE_ROWS = """
select price_list_id, variant_id, quantity_min, unit_price_milli, valid_from, valid_to
from pricing_price
where price_list_id = $1
  and ($2::uuid is null or variant_id = $2)
  and (variant_id, quantity_min, valid_from) > ($3, $4, $5)
order by variant_id, quantity_min, valid_from limit $6
"""
BEFORE_ALL = (UUID(int=0), 0, datetime(1, 1, 1, tzinfo=UTC))


async def list_price_rows(
    tx: Tx,
    *,
    price_list_id: UUID,
    variant_id: UUID | None,
    after: tuple[UUID, int, datetime],
    limit: int,
) -> list[Price]:
    """Return a page of a list's rows, past ones too, by variant, quantity break and start."""
    rows = await tx.fetch(LIST_PRICE_ROWS, price_list_id, variant_id, *after, limit)
    return [Price(**row) for row in rows]


COMPARE_PRICES = """
select count(*) filter (where p.variant_id is null) as created,
       count(*) filter (
           where p.variant_id is not null
             and (p.unit_price_milli, p.valid_to) is distinct from (n.unit_price_milli, n.valid_to)
       ) as changed
from unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
    as n (variant_id, quantity_min, valid_from, valid_to, unit_price_milli)
left join pricing_price p
    on p.variant_id = n.variant_id and p.price_list_id = $1
   and p.quantity_min = n.quantity_min and p.valid_from = n.valid_from
"""


async def compare_prices(tx: Tx, price_list_id: UUID, prices: Sequence[Price]) -> tuple[int, int]:
    """Return how many rows an import would create and how many it would change."""
    row = await tx.fetchrow(COMPARE_PRICES, price_list_id, *_columns(prices))
    return (row["created"], row["changed"]) if row else (0, 0)


UPSERT_PRICES = """
insert into pricing_price as p
    (price_list_id, variant_id, quantity_min, valid_from, valid_to, unit_price_milli)
select $1, n.*
from unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::bigint[]) as n
order by 2, 3, 4
on conflict (variant_id, price_list_id, quantity_min, valid_from) do update set
    unit_price_milli = excluded.unit_price_milli, valid_to = excluded.valid_to
where (p.unit_price_milli, p.valid_to)
    is distinct from (excluded.unit_price_milli, excluded.valid_to)
returning variant_id
"""


async def upsert_prices(tx: Tx, price_list_id: UUID, prices: Sequence[Price]) -> list[UUID]:
    """Add price rows; one of the same variant, quantity break and start is corrected.

    Returns:
        The variants whose prices are new or different now.
    """
    rows = await tx.fetch(UPSERT_PRICES, price_list_id, *_columns(prices))
    return list(dict.fromkeys(row["variant_id"] for row in rows))


def _columns(prices: Sequence[Price]) -> list[list[object]]:
    names = ("variant_id", "quantity_min", "valid_from", "valid_to", "unit_price_milli")
    return columns(prices, *names)
