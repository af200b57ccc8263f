"""Purchase orders and their parcels."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Record, Tx, columns
from crosslane.vendors.domain import Parcel, PurchaseLine, PurchaseOrder

INSERT_ORDERS = """
with orders as (
    insert into vendors_order (
        id, location_id, entity_id, order_id, reference, currency, service, ship_address_id,
        promised_at, made_at, version, delivery, delivery_reason, answer_due_at, expected_by,
        settled, problems
    )
    select id, location_id, entity_id, order_id, reference, currency, service, ship_address_id,
           promised_at, made_at, version, delivery, delivery_reason, answer_due_at, expected_by,
           settled, problems
    from jsonb_populate_recordset(null::vendors_order, $1)
)
insert into vendors_order_line (
    purchase_order_id, line_id, position, variant_id, sku, vendor_sku, title, quantity,
    unit_cost_milli, withdrawn, short, shipped, invoiced
)
select *, 0, 0, 0, 0
from unnest($2::uuid[], $3::uuid[], $4::int[], $5::uuid[], $6::text[], $7::text[], $8::text[],
            $9::int[], $10::bigint[])
"""


async def insert_orders(tx: Tx, orders: Sequence[PurchaseOrder]) -> None:
    """Store new purchase orders."""
    lines = [(order.id, line) for order in orders for line in order.lines]
    await tx.execute(
        INSERT_ORDERS,
        msgspec.json.encode(orders),
        [order_id for order_id, _ in lines],
        *columns([line for _, line in lines], "line_id", "position", "variant_id", "sku"),
        *columns([line for _, line in lines], "vendor_sku", "title", "quantity"),
        *columns([line for _, line in lines], "unit_cost_milli"),
    )


LOCK_ORDERS = """
select id, location_id, entity_id, order_id, reference, currency, service, ship_address_id,
       promised_at, made_at, version, delivery, delivery_reason, answer_due_at, answered_at,
       silent_at, expected_on, expected_by, settled, problems
from vendors_order where id = any($1::uuid[]) order by id for update
"""
GET_ORDERS = """
select id, location_id, entity_id, order_id, reference, currency, service, ship_address_id,
       promised_at, made_at, version, delivery, delivery_reason, answer_due_at, answered_at,
       silent_at, expected_on, expected_by, settled, problems
from vendors_order where id = any($1::uuid[])
"""
LIST_LINES = """
select purchase_order_id, line_id, position, variant_id, sku, vendor_sku, title, quantity,
       unit_cost_milli, withdrawn, short, shipped, invoiced
from vendors_order_line where purchase_order_id = any($1::uuid[])
order by purchase_order_id, position
"""


async def lock_orders(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, PurchaseOrder]:
    """Lock purchase orders in the order of their ids and return them whole."""
    return await _complete(tx, await tx.fetch(LOCK_ORDERS, sorted(set(ids))))


async def orders_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, PurchaseOrder]:
    """Return purchase orders whole, unlocked."""
    return await _complete(tx, await tx.fetch(GET_ORDERS, list(set(ids))))


async def _complete(tx: Tx, heads: Sequence[Record]) -> dict[UUID, PurchaseOrder]:
    if not heads:
        return {}
    lines: dict[UUID, list[PurchaseLine]] = defaultdict(list)
    for row in await tx.fetch(LIST_LINES, [head["id"] for head in heads]):
        values = dict(row)
        lines[values.pop("purchase_order_id")].append(PurchaseLine(**values))
    return {head["id"]: PurchaseOrder(**dict(head), lines=lines[head["id"]]) for head in heads}


SAVE_ORDERS = """
with orders as (
    update vendors_order o
    set version = n.version, delivery = n.delivery, delivery_reason = n.delivery_reason,
        answered_at = n.answered_at, silent_at = n.silent_at, expected_on = n.expected_on,
        expected_by = n.expected_by, settled = n.settled, problems = n.problems
    from jsonb_populate_recordset(null::vendors_order, $1) n
    where o.id = n.id
)
update vendors_order_line l
set withdrawn = n.withdrawn, short = n.short, shipped = n.shipped, invoiced = n.invoiced
from unnest($2::uuid[], $3::uuid[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[])
     as n(purchase_order_id, line_id, withdrawn, short, shipped, invoiced)
where l.purchase_order_id = n.purchase_order_id and l.line_id = n.line_id
"""


async def save_orders(tx: Tx, orders: Sequence[PurchaseOrder]) -> None:
    """Store how far locked purchase orders have come."""
    lines = [(order.id, line) for order in orders for line in order.lines]
    await tx.execute(
        SAVE_ORDERS,
        msgspec.json.encode(orders),
        [order_id for order_id, _ in lines],
        *columns([line for _, line in lines], "line_id", "withdrawn", "short", "shipped"),
        *columns([line for _, line in lines], "invoiced"),
    )


LOCK_SILENT = """
select id from vendors_order
where answered_at is null and silent_at is null and answer_due_at < $1
order by answer_due_at, id limit $2 for update skip locked
"""


async def lock_silent(tx: Tx, before: datetime, limit: int) -> list[UUID]:
    """Lock purchase orders whose vendor has said nothing in time, the longest waiting first."""
    return [row["id"] for row in await tx.fetch(LOCK_SILENT, before, limit)]


LIST_ORDERS = """
select id from vendors_order
where ($1::uuid is null or location_id = $1) and ($2::uuid is null or order_id = $2)
  and ($3::boolean is null or (problems <> '{}') = $3) and ($4::uuid is null or id < $4)
order by id desc limit $5
"""


async def list_orders(
    tx: Tx,
    *,
    location_id: UUID | None,
    order_id: UUID | None,
    has_problem: bool | None,
    before: UUID | None,
    limit: int,
) -> list[UUID]:
    """Return purchase orders that fit every filter given, the newest first."""
    rows = await tx.fetch(LIST_ORDERS, location_id, order_id, has_problem, before, limit)
    return [row["id"] for row in rows]


INSERT_PARCELS = """
with parcels as (
    insert into vendors_parcel
        (id, purchase_order_id, carrier, tracking_number, tracking_url, shipped_at)
    select id, $1, carrier, tracking_number, tracking_url, shipped_at
    from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
         as p(id, carrier, tracking_number, tracking_url, shipped_at)
)
insert into vendors_parcel_line (parcel_id, line_id, quantity)
select * from unnest($7::uuid[], $8::uuid[], $9::int[])
"""


async def insert_parcels(tx: Tx, order_id: UUID, parcels: Sequence[Parcel]) -> None:
    """Store parcels a vendor has sent; its order is locked."""
    held = [(p.id, line_id, units) for p in parcels for line_id, units in p.units.items()]
    await tx.execute(
        INSERT_PARCELS,
        order_id,
        *columns(parcels, "id", "carrier", "tracking_number", "tracking_url", "shipped_at"),
        [parcel_id for parcel_id, _, _ in held],
        [line_id for _, line_id, _ in held],
        [units for _, _, units in held],
    )


LIST_PARCELS = """
select p.purchase_order_id, p.id, p.carrier, p.tracking_number, p.tracking_url, p.shipped_at,
       p.arrived_at,
       (select jsonb_object_agg(l.line_id, l.quantity)
        from vendors_parcel_line l where l.parcel_id = p.id) as units
from vendors_parcel p where p.purchase_order_id = any($1::uuid[])
order by p.purchase_order_id, p.shipped_at, p.id
"""


async def list_parcels(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Parcel]]:
    """Return the parcels of purchase orders."""
    found: dict[UUID, list[Parcel]] = defaultdict(list)
    for row in await tx.fetch(LIST_PARCELS, list(order_ids)):
        values = dict(row)
        values["units"] = msgspec.json.decode(row["units"], type=dict[UUID, int])
        found[values.pop("purchase_order_id")].append(Parcel(**values))
    return found


MARK_ARRIVED = "update vendors_parcel set arrived_at = $2 where id = $1"


async def mark_arrived(tx: Tx, parcel_id: UUID, at: datetime) -> None:
    """Note when a parcel reached the customer."""
    await tx.execute(MARK_ARRIVED, parcel_id, at)
