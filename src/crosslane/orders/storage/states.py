"""Loading what a change of an order is decided on, and locking it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.orders.domain import (
    ENDS_BY_ITSELF,
    Bucket,
    Buckets,
    Charge,
    Order,
    OrderLine,
    OrderState,
    Returned,
    Stage,
    Stop,
)
from crosslane.platform.database import Tx

# Here and below an array comes by way of "select": PostgreSQL then plans once, and not each time
# for the number of orders it sees.
LOCK_HEADS = """
select id from orders_order where id = any((select $1::uuid[])::uuid[]) order by id for update
"""


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


LIST_CHANNELS = "select id, channel_id from orders_order where id = any($1::uuid[])"


async def list_channels(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the channels by which some orders are sold."""
    return {row["id"]: row["channel_id"] for row in await tx.fetch(LIST_CHANNELS, order_ids)}


# One document for each order, most of its rows as arrays in the order of the fields below: a name
# repeated in every row costs more than what it names. Every part is asked for order by order, and
# buckets line by line ("offset 0" keeps it so), because these tables grow fast and their statistics
# lag behind: a join planned on what they were a minute ago reads all of them.
_PARTS = """
    k.version as version_now,
    (select json_array(id, number, channel_id, channel, source_id, entity, brand, market,
                       currency, locale, customer_id, ship_address_id, placed_at, recorded_at,
                       service, version, closed_at null on null returning json)
     from orders_order where id = k.id) as order,
    (select json_agg(json_array(id, position, parent_line_id, cause, amendment_no, variant_id,
                                sku, title, quantity, method, store_id, unit_price_milli,
                                net_minor, tax_minor, gross_minor, tax_rate_bp, tax_class,
                                jurisdiction, promised_at, is_bundle
                                null on null returning json) order by position)
     from orders_line where order_id = k.id) as lines,
    (select json_agg(c order by c.recorded_at, c.id) from (
        select id, order_id, kind, line_id, title, net_minor, tax_minor, gross_minor,
               tax_rate_bp, jurisdiction, recorded_at, cancelled, due_at, cause_kind,
               cause_id
        from orders_charge where order_id = k.id
    ) c) as charges,
    (select json_agg(t order by t.raised_at, t.id) from (
        select id, order_id, kind, reason, raised_at, raised_by, expires_at, resolved_at,
               resolved_by, resolution, amendment_no, cause_id, expected_minor, payment_ids
        from orders_stop where order_id = k.id
    ) t) as stops,
    (select json_agg(json_array(l.position, b.location_id, b.stage, b.quantity returning json))
     from orders_line l cross join lateral (
        select location_id, stage, quantity from orders_bucket where line_id = l.id offset 0
    ) b where l.order_id = k.id) as buckets,
    (select json_agg(json_array(line_id, location_id returning json))
     from orders_barred where order_id = k.id) as barred,
    (select count(*) from orders_amendment where order_id = k.id) as amendments,
    (select json_agg(c order by c.at, c.id) from (
        select id, line_id, location_id, quantity, net_minor, tax_minor, cause_kind, cause_id,
               occurred_at, at
        from orders_credit where order_id = k.id
    ) c) as returned
"""
LIST_STATES = f"""
with asked as (
    select id, version from orders_order where id = any((select $1::uuid[])::uuid[])
)
select to_json(s) as state from (select {_PARTS} from asked k order by k.id) s
"""  # noqa: S608
LOCK_STATES = f"""
with asked as materialized (
    select id, version from orders_order where id = any((select $1::uuid[])::uuid[])
    order by id for update
)
select to_json(s) as state from (select {_PARTS} from asked k order by k.id) s
"""  # noqa: S608


class _Order(Order, frozen=True, kw_only=True, array_like=True):
    pass


class _Line(OrderLine, frozen=True, kw_only=True, array_like=True):
    pass


class _Loaded(msgspec.Struct):
    version_now: int
    order: _Order
    lines: tuple[_Line, ...] | None
    charges: tuple[Charge, ...] | None
    stops: tuple[Stop, ...] | None
    buckets: list[tuple[int, UUID, Stage, int]] | None
    barred: frozenset[tuple[UUID, UUID]] | None
    amendments: int
    returned: tuple[Returned, ...] | None

    def state(self) -> OrderState:
        lines = self.lines or ()
        ids = {line.position: line.id for line in lines}
        return OrderState(
            order=self.order,
            lines=lines,
            charges=self.charges or (),
            stops=self.stops or (),
            buckets=Buckets(Bucket(ids[at], *rest) for at, *rest in self.buckets or ()),
            barred=self.barred or frozenset(),
            amendments=self.amendments,
            returned=self.returned or (),
        )


_LOADED = msgspec.json.Decoder(_Loaded)


async def list_states(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, OrderState]:
    """Return everything about some orders, in the order of their ids, unlocked."""
    return {one.order.id: one.state() for one in await _load(tx, LIST_STATES, order_ids)}


async def lock_orders(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, OrderState]:
    """Lock orders in the order of their ids and return everything about them.

    Whoever waits for a lock sees the version as it is now, and all else as it was before. Every
    change of an order gives it another version, so what is out of date is known and read again.
    """
    loaded = await _load(tx, LOCK_STATES, order_ids)
    stale = [one.order.id for one in loaded if one.version_now != one.order.version]
    fresh = await list_states(tx, stale)
    return {id: fresh.get(id) or one.state() for one in loaded if (id := one.order.id)}


async def _load(tx: Tx, sql: str, order_ids: Sequence[UUID]) -> list[_Loaded]:
    rows = await tx.fetch(sql, list(set(order_ids))) if order_ids else []
    return [_LOADED.decode(row["state"]) for row in rows]


LIST_AMENDED = """
select k.id from unnest($1::uuid[]) as k(id)
where exists (select from orders_amendment where order_id = k.id)
   or exists (select from orders_credit where order_id = k.id)
"""


async def list_amended(tx: Tx, order_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of some orders that were changed, or credited for, after placing."""
    return [row["id"] for row in await tx.fetch(LIST_AMENDED, list(order_ids))]


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
from unnest((select $1::uuid[]), (select $2::text[])) with ordinality
     as w(channel_id, source_id, place)
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


LIST_LATEST_OF_CUSTOMERS = """
select id from orders_order where customer_id = any((select $1::uuid[])::uuid[])
order by placed_at desc, id desc limit $2
"""


async def list_latest_of_customers(tx: Tx, customer_ids: Sequence[UUID], limit: int) -> list[UUID]:
    """Return the latest orders of some customers."""
    rows = await tx.fetch(LIST_LATEST_OF_CUSTOMERS, list(customer_ids), limit)
    return [row["id"] for row in rows]


# Waiting units of a variant, the oldest order first: who waited longest gets what arrives.
LIST_WAITING = """
select distinct o.id, o.placed_at
from orders_line l
join orders_bucket b on b.line_id = l.id
join orders_order o on o.id = l.order_id
where l.variant_id = any($1::uuid[]) and b.stage in ('open', 'backordered')
order by o.placed_at, o.id limit $2
"""


async def list_waiting(tx: Tx, variant_ids: Sequence[UUID], limit: int) -> list[UUID]:
    """Return orders that wait for stock of these variants, the oldest first."""
    return [row["id"] for row in await tx.fetch(LIST_WAITING, list(variant_ids), limit)]


LIST_EXPIRED_STOPS = """
select order_id from orders_stop
where resolved_at is null and expires_at <= $1 and (kind = any($2)) = $3
order by expires_at limit $4
"""


async def list_expired(tx: Tx, limit: int, *, by_itself: bool = False) -> list[UUID]:
    """Return orders with a stop that nobody resolved in time, or one that ends by itself now."""
    rows = await tx.fetch(LIST_EXPIRED_STOPS, tx.now, list(ENDS_BY_ITSELF), by_itself, limit)
    return [row["order_id"] for row in rows]
