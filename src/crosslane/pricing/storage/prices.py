"""SQL of unit prices: read for the carts of a week, imported by the ten thousand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from crosslane.platform import facts
from crosslane.platform.database import Tx, columns
from crosslane.pricing.domain.lists import Price

PRICES_TOPIC = "pricing.prices"

# A row that another one stands before during the whole span can never be chosen in it.
LIST_PRICES = """
select w.place, p.price_list_id, p.variant_id, p.quantity_min, p.unit_price_milli, p.valid_from,
       p.valid_to
from unnest((select $1::uuid[]), (select $2::uuid[]), (select $3::timestamptz[]),
            (select $4::timestamptz[])) with ordinality
     as w (variant_id, price_list_id, begins, ends, place)
cross join lateral (
    select * from pricing_price
    where variant_id = w.variant_id and price_list_id = w.price_list_id
      and valid_from < w.ends and (valid_to is null or valid_to > w.begins)
) p
where not exists (
    select from pricing_price later
    where (later.variant_id, later.price_list_id) = (p.variant_id, p.price_list_id)
      and later.quantity_min = p.quantity_min
      and later.valid_from > p.valid_from and later.valid_from <= w.begins
      and (later.valid_to is null or later.valid_to >= w.ends)
)
"""


async def list_prices(
    tx: Tx, wanted: Sequence[tuple[UUID, UUID, datetime, datetime]]
) -> list[tuple[Price, ...]]:
    """Return the rows that may decide inside spans of time.

    Of a long history only what is in force at some instant of the span is read.

    Args:
        tx: open transaction.
        wanted: variant, price list, and the span: its first instant and the first one after it.

    Returns:
        The rows for each, in the order asked for.
    """
    found: list[list[Price]] = [[] for _ in wanted]
    asked = [list(column) for column in zip(*wanted, strict=True)]
    for place, *values in await tx.fetch(LIST_PRICES, *asked):
        price = Price(
            price_list_id=values[0],
            variant_id=values[1],
            quantity_min=values[2],
            unit_price_milli=values[3],
            valid_from=values[4],
            valid_to=values[5],
        )
        found[place - 1].append(price)
    return [tuple(rows) for rows in found]


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

    Whoever keeps prices in memory is told, last, so that imports wait for each other but a moment.

    Returns:
        The variants whose prices are new or different now.
    """
    rows = await tx.fetch(UPSERT_PRICES, price_list_id, *_columns(prices))
    if rows:
        await facts.touch(tx, PRICES_TOPIC)
    return list(dict.fromkeys(row["variant_id"] for row in rows))


def _columns(prices: Sequence[Price]) -> list[list[object]]:
    names = ("variant_id", "quantity_min", "valid_from", "valid_to", "unit_price_milli")
    return columns(prices, *names)
