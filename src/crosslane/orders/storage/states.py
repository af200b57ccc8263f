"""Loading what a change of an order is decided on, and locking it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from crosslane.orders.domain import (
    Bucket,
    Buckets,
    Charge,
    Order,
    OrderLine,
    OrderState,
    Stop,
)
from crosslane.platform.database import Tx

LOCK_ORDERS = """
select id, number, channel_id, channel, source_id, entity, brand, market, currency, locale,
       customer_id, ship_address_id, placed_at, recorded_at, service, version,
       closed_at
from orders_order where id = any($1::uuid[]) order by id for update
"""


async def lock_orders(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, OrderState]:
    """Lock orders in the order of their ids and return everything about them."""
    rows = await tx.fetch(LOCK_ORDERS, sorted(set(order_ids)))
    return await _complete(tx, [Order(**dict(row)) for row in rows])


LOCK_HEADS = "select id from orders_order where id = any($1::uuid[]) order by id for update"


async def lock_heads(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """Lock orders in the order of their ids."""
    await tx.execute(LOCK_HEADS, sorted(set(order_ids)))


LIST_STOPPED = """
select distinct order_id from orders_stop
where order_id = any($1::uuid[]) and kind = any($2::text[]) and resolved_at is null
"""


async def list_stopped(tx: Tx, order_ids: Sequence[UUID], kinds: Sequence[str]) -> set[UUID]:
    """Return those of some orders with an open stop of these kinds."""
    rows = await tx.fetch(LIST_STOPPED, list(set(order_ids)), list(kinds))
    return {row["order_id"] for row in rows}


LIST_HEADS = """
select id, number, channel_id, channel, source_id, entity, brand, market, currency, locale,
       customer_id, ship_address_id, placed_at, recorded_at, service, version,
       closed_at
from orders_order where id = any($1::uuid[])
"""


async def list_heads(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, Order]:
    """Return the heads of some orders: who sells what to whom, on what terms."""
    rows = await tx.fetch(LIST_HEADS, list(set(order_ids)))
    return {row["id"]: Order(**dict(row)) for row in rows}


async def list_states(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, OrderState]:
    """Return everything about some orders, unlocked."""
    heads = await list_heads(tx, order_ids)
    return await _complete(tx, list(heads.values()))


# One statement for all that hangs on the orders: parts are told apart by the first column.
LIST_PARTS = """
select 'line' as part, order_id, to_jsonb(l) as body from (
    select id, order_id, position, parent_line_id, cause, amendment_no, variant_id, sku, title,
           quantity, method, store_id, unit_price_milli, net_minor, tax_minor, gross_minor,
           tax_rate_bp, tax_class, jurisdiction, price_reasons, promised_at, is_bundle
    from orders_line where order_id = any($1::uuid[]) order by order_id, position
) l
union all
select 'charge', order_id, to_jsonb(c) from (
    select id, order_id, kind, line_id, title, net_minor, tax_minor, gross_minor, tax_rate_bp,
           jurisdiction, recorded_at, cancelled
    from orders_charge where order_id = any($1::uuid[]) order by order_id, recorded_at, id
) c
union all
select 'stop', order_id, to_jsonb(s) from (
    select id, order_id, kind, reason, raised_at, raised_by, expires_at, resolved_at, resolved_by,
           resolution
    from orders_stop where order_id = any($1::uuid[]) order by order_id, raised_at, id
) s
union all
select 'bucket', l.order_id, to_jsonb(b)
from orders_bucket b join orders_line l on l.id = b.line_id
where l.order_id = any($1::uuid[]) and b.quantity > 0
union all
select 'amendment', order_id, to_jsonb(count(*)) from orders_amendment
where order_id = any($1::uuid[]) group by order_id
union all
select 'barred', l.order_id, to_jsonb(x)
from orders_barred x join orders_line l on l.id = x.line_id
where l.order_id = any($1::uuid[])
"""


async def _complete(tx: Tx, heads: Sequence[Order]) -> dict[UUID, OrderState]:
    if not heads:
        return {}
    parts: dict[UUID, dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))
    for row in await tx.fetch(LIST_PARTS, [head.id for head in heads]):
        parts[row["order_id"]][row["part"]].append(row["body"])
    return {
        head.id: OrderState(
            order=head,
            lines=_read(parts[head.id]["line"], OrderLine),
            charges=_read(parts[head.id]["charge"], Charge),
            stops=_read(parts[head.id]["stop"], Stop),
            buckets=Buckets(_read(parts[head.id]["bucket"], Bucket)),
            barred=frozenset(
                (b.line_id, b.location_id) for b in _read(parts[head.id]["barred"], _Barred)
            ),
            amendments=sum(_read(parts[head.id]["amendment"], int)),
        )
        for head in heads
    }


class _Barred(msgspec.Struct):
    line_id: UUID
    location_id: UUID


def _read(bodies: Sequence[bytes], kind: Any) -> Any:
    return tuple(msgspec.json.decode(body, type=kind) for body in bodies)


ORDERS_OF_LINES = """
select id, order_id from orders_line where id = any($1::uuid[])
"""


async def orders_of_lines(tx: Tx, line_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the order each line belongs to."""
    return {row["id"]: row["order_id"] for row in await tx.fetch(ORDERS_OF_LINES, list(line_ids))}


FIND_NUMBERS = "select number, id from orders_order where number = any($1::text[])"


async def find_by_number(tx: Tx, numbers: Sequence[str]) -> dict[str, UUID]:
    """Return the ids of orders with these numbers."""
    return {row["number"]: row["id"] for row in await tx.fetch(FIND_NUMBERS, list(numbers))}


FIND_SOURCES = """
select o.channel_id, o.source_id, o.id, o.number
from unnest($1::uuid[], $2::text[]) as w(channel_id, source_id)
join orders_order o using (channel_id, source_id)
"""


async def find_by_source(
    tx: Tx, channel_ids: Sequence[UUID], source_ids: Sequence[str]
) -> dict[tuple[UUID, str], tuple[UUID, str]]:
    """Return id and number of orders that channels have sent before."""
    rows = await tx.fetch(FIND_SOURCES, list(channel_ids), list(source_ids))
    return {(r["channel_id"], r["source_id"]): (r["id"], r["number"]) for r in rows}


# A number is taken for every order asked for; gaps are no harm.
ENTER_ORDERS = """
select nextval('orders_number') as taken, o.id, o.number
from unnest($1::uuid[], $2::text[]) with ordinality as w(channel_id, source_id, place)
left join orders_order o using (channel_id, source_id)
order by w.place
"""


class Entered(msgspec.Struct, frozen=True):
    """A fresh sequence number for an order, and the number of the one sent under its source id."""

    sequence: int
    known_as: str | None


async def enter_orders(
    tx: Tx, channel_ids: Sequence[UUID], source_ids: Sequence[str]
) -> list[Entered]:
    """Return for each order asked for its sequence number, and whether it was sent before.

    Args:
        tx: open transaction.
        channel_ids: which channel sends each.
        source_ids: that channel's own number, "" when it has none.
    """
    rows = await tx.fetch(ENTER_ORDERS, list(channel_ids), list(source_ids))
    return [Entered(row["taken"], row["number"]) for row in rows]


LIST_OF_CUSTOMERS = "select id from orders_order where customer_id = any($1::uuid[])"


async def list_of_customers(tx: Tx, customer_ids: Sequence[UUID]) -> list[UUID]:
    """Return all orders of some customers."""
    return [row["id"] for row in await tx.fetch(LIST_OF_CUSTOMERS, list(customer_ids))]


# Waiting units of a variant, the oldest order first: who waited longest gets what arrives.
LIST_WAITING = """
select distinct o.id, o.placed_at
from orders_line l
join orders_bucket b on b.line_id = l.id
join orders_order o on o.id = l.order_id
where l.variant_id = any($1::uuid[]) and b.stage in ('open', 'backordered') and b.quantity > 0
order by o.placed_at, o.id limit $2
"""


async def list_waiting(tx: Tx, variant_ids: Sequence[UUID], limit: int) -> list[UUID]:
    """Return orders that wait for stock of these variants, the oldest first."""
    return [row["id"] for row in await tx.fetch(LIST_WAITING, list(variant_ids), limit)]


# Demand at a location that lost its stock: the latest promise gives way first.
LIST_DEPENDENT = """
select distinct o.id, l.promised_at, o.placed_at
from orders_line l
join orders_bucket b on b.line_id = l.id
join orders_order o on o.id = l.order_id
where l.variant_id = $1 and b.location_id = $2
  and b.stage in ('allocated', 'released') and b.quantity > 0
order by l.promised_at desc nulls first, o.placed_at desc, o.id limit $3
"""


async def list_dependent(tx: Tx, variant_id: UUID, location_id: UUID, limit: int) -> list[UUID]:
    """Return orders with units allocated at a position, the latest promise first."""
    rows = await tx.fetch(LIST_DEPENDENT, variant_id, location_id, limit)
    return [row["id"] for row in rows]


LIST_EXPIRED_STOPS = """
select order_id from orders_stop
where resolved_at is null and expires_at <= $1 order by expires_at limit $2
"""


async def list_expired(tx: Tx, limit: int) -> list[UUID]:
    """Return orders with a stop that nobody resolved in time."""
    return [row["order_id"] for row in await tx.fetch(LIST_EXPIRED_STOPS, tx.now, limit)]
