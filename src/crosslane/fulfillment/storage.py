"""All SQL of fulfillment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.fulfillment.domain import Parcel, Sent, Work, WorkLine
from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.personal import PersonalColumn

PERSONAL_COLUMNS = [
    PersonalColumn("fulfillment_parcel", "tracking_url", "words", "a link of a vendor's own"),
    PersonalColumn("fulfillment_order", "reason", "words", "why a location gave work back"),
]

INSERT_WORKS = """
with works as (
    insert into fulfillment_order (
        id, order_id, order_number, channel, locale, location_id, method, store_id, service,
        ship_address_id, state, pickup_code, promised_at, placed_at, offered_at, collect_by,
        accepted_at
    )
    select id, order_id, order_number, channel, locale, location_id, method, store_id, service,
           ship_address_id, state, pickup_code, promised_at, placed_at, offered_at, collect_by,
           accepted_at
    from jsonb_populate_recordset(null::fulfillment_order, $1)
)
insert into fulfillment_line (
    id, fulfillment_order_id, line_id, variant_id, sku, title, quantity, packed
)
select id, fulfillment_order_id, line_id, variant_id, sku, title, quantity, packed
from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::int[],
            $9::int[])
     as l(id, fulfillment_order_id, line_id, variant_id, sku, title, quantity, packed)
"""


async def insert_works(tx: Tx, works: Sequence[Work]) -> None:
    """Store new fulfillment orders with their lines."""
    lines = [(work.id, line) for work in works for line in work.lines]
    await tx.execute(
        INSERT_WORKS,
        msgspec.json.encode(works),
        [line.id for _, line in lines],
        [work_id for work_id, _ in lines],
        *columns(
            [line for _, line in lines],
            *("line_id", "variant_id", "sku", "title", "quantity", "packed"),
        ),
    )


LOCK_WORKS = """
select id, order_id, order_number, channel, locale, location_id, method, store_id, service,
       ship_address_id, state, reason, pickup_code, promised_at, placed_at, offered_at,
       collect_by, accepted_at, ended_at, version
from fulfillment_order where id = any($1::uuid[]) order by id for update
"""
GET_WORKS = """
select id, order_id, order_number, channel, locale, location_id, method, store_id, service,
       ship_address_id, state, reason, pickup_code, promised_at, placed_at, offered_at,
       collect_by, accepted_at, ended_at, version
from fulfillment_order where id = any($1::uuid[])
"""
LIST_LINES = """
select fulfillment_order_id, id, line_id, variant_id, sku, title, quantity, picked, packed, gone,
       passed, removed
from fulfillment_line where fulfillment_order_id = any($1::uuid[]) order by sku, id
"""
LIST_PARCELS = """
select p.fulfillment_order_id, p.id, p.number, p.weight_grams, p.state, p.label_id, p.carrier,
       p.tracking_number, p.tracking_url, p.packed_at, p.shipped_at,
       (select jsonb_object_agg(l.fulfillment_line_id, l.quantity)
        from fulfillment_parcel_line l where l.parcel_id = p.id) as lines
from fulfillment_parcel p where p.fulfillment_order_id = any($1::uuid[])
order by p.fulfillment_order_id, p.number
"""


async def lock_works(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Work]:
    """Lock fulfillment orders in the order of their ids and return them whole."""
    return await _complete(tx, await tx.fetch(LOCK_WORKS, sorted(set(ids))))


async def list_works(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Work]:
    """Return fulfillment orders whole, unlocked."""
    return await _complete(tx, await tx.fetch(GET_WORKS, list(set(ids))))


async def _complete(tx: Tx, heads: Sequence[Record]) -> dict[UUID, Work]:
    if not heads:
        return {}
    ids = [head["id"] for head in heads]
    lines: dict[UUID, list[WorkLine]] = defaultdict(list)
    for row in await tx.fetch(LIST_LINES, ids):
        values = dict(row)
        lines[values.pop("fulfillment_order_id")].append(WorkLine(**values))
    parcels: dict[UUID, list[Parcel]] = defaultdict(list)
    for row in await tx.fetch(LIST_PARCELS, ids):
        values = dict(row)
        values["lines"] = msgspec.json.decode(row["lines"] or b"{}", type=dict[UUID, int])
        parcels[values.pop("fulfillment_order_id")].append(Parcel(**values))
    return {
        head["id"]: Work(**dict(head), lines=lines[head["id"]], parcels=parcels[head["id"]])
        for head in heads
    }


SAVE_WORKS = """
with works as (
    update fulfillment_order o
    set state = w.state, reason = w.reason, accepted_at = w.accepted_at, ended_at = w.ended_at,
        collect_by = w.collect_by, version = o.version + 1
    from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[],
                $6::timestamptz[])
         as w(id, state, reason, accepted_at, ended_at, collect_by)
    where o.id = w.id
)
update fulfillment_line l
set picked = w.picked, packed = w.packed, gone = w.gone, passed = w.passed, removed = w.removed
from unnest($7::uuid[], $8::int[], $9::int[], $10::int[], $11::int[], $12::int[])
     as w(id, picked, packed, gone, passed, removed)
where l.id = w.id
"""


async def save_works(tx: Tx, works: Sequence[Work]) -> None:
    """Store how far locked fulfillment orders have come."""
    if works:
        lines = [line for work in works for line in work.lines]
        await tx.execute(
            SAVE_WORKS,
            *columns(works, "id", "state", "reason", "accepted_at", "ended_at", "collect_by"),
            *columns(lines, "id", "picked", "packed", "gone", "passed", "removed"),
        )


# A parcel is written whenever it changes; its lines only shrink after it was packed.
SAVE_PARCELS = """
with parcels as (
    insert into fulfillment_parcel as p (
        id, fulfillment_order_id, number, weight_grams, state, label_id, carrier, tracking_number,
        tracking_url, packed_at, shipped_at
    )
    select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::uuid[],
                         $7::text[], $8::text[], $9::text[], $10::timestamptz[],
                         $11::timestamptz[])
    on conflict (id) do update
    set state = excluded.state, label_id = excluded.label_id, carrier = excluded.carrier,
        tracking_number = excluded.tracking_number, shipped_at = excluded.shipped_at
)
insert into fulfillment_parcel_line as l (parcel_id, fulfillment_line_id, quantity)
select * from unnest($12::uuid[], $13::uuid[], $14::int[])
on conflict (parcel_id, fulfillment_line_id) do update set quantity = excluded.quantity
"""


async def save_parcels(tx: Tx, parcels: Sequence[tuple[UUID, Parcel]]) -> None:
    """Store new or changed parcels.

    Args:
        tx: open transaction; their fulfillment orders are locked.
        parcels: fulfillment order and parcel.
    """
    if not parcels:
        return
    names = ("number", "weight_grams", "state", "label_id", "carrier", "tracking_number")
    whole = [parcel for _, parcel in parcels]
    held = [(p.id, line_id, units) for p in whole for line_id, units in p.lines.items()]
    await tx.execute(
        SAVE_PARCELS,
        [parcel.id for parcel in whole],
        [work_id for work_id, _ in parcels],
        *columns(whole, *names),
        *columns(whole, "tracking_url", "packed_at", "shipped_at"),
        [parcel_id for parcel_id, _, _ in held],
        [line_id for _, line_id, _ in held],
        [units for _, _, units in held],
    )


# The queue of a location: what was promised soonest comes first.
LIST_QUEUE = """
select id, promised_at from fulfillment_order
where ($1::uuid is null or location_id = $1)
  and ($2::text is null or state = $2)
  and ($3::uuid is null or order_id = $3)
  and ($4::timestamptz is null
       or (coalesce(promised_at, '9999-12-31 00:00:00+00'), id) > ($4, $5::uuid))
  and ($6::uuid is null or store_id = $6)
order by coalesce(promised_at, '9999-12-31 00:00:00+00'), id limit $7
"""


async def list_queue(
    tx: Tx,
    *,
    location_id: UUID | None,
    state: str | None,
    order_id: UUID | None,
    store_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[UUID]:
    """Return fulfillment orders that fit every filter given, the soonest promise first."""
    seen_at, seen_id = after or (None, None)
    rows = await tx.fetch(
        LIST_QUEUE, location_id, state, order_id, seen_at, seen_id, store_id, limit
    )
    return [row["id"] for row in rows]


WORKS_OF_PARCELS = """
select id, fulfillment_order_id from fulfillment_parcel where id = any($1::uuid[])
"""


async def works_of_parcels(tx: Tx, parcel_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the fulfillment order each parcel belongs to."""
    rows = await tx.fetch(WORKS_OF_PARCELS, list(parcel_ids))
    return {row["id"]: row["fulfillment_order_id"] for row in rows}


WORKS_OF_LINES = """
select distinct o.id
from fulfillment_line l join fulfillment_order o on o.id = l.fulfillment_order_id
where l.line_id = any($1::uuid[]) and o.ended_at is null
"""


async def open_works_of_lines(tx: Tx, line_ids: Sequence[UUID]) -> list[UUID]:
    """Return the open fulfillment orders that supply order lines."""
    return [row["id"] for row in await tx.fetch(WORKS_OF_LINES, list(line_ids))]


WORKS_OF_ORDERS = """
select id from fulfillment_order where order_id = any($1::uuid[]) order by offered_at, id
"""


async def works_of_orders(tx: Tx, order_ids: Sequence[UUID]) -> list[UUID]:
    """Return the fulfillment orders of orders, in the order in which they were offered."""
    return [row["id"] for row in await tx.fetch(WORKS_OF_ORDERS, list(order_ids))]


INSERT_SENT = """
insert into fulfillment_transfer (
    parcel_id, fulfillment_line_id, no, owner_id, unit_cost_milli, quantity
)
select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::bigint[], $6::int[])
"""


async def insert_sent(tx: Tx, sent: Sequence[Sent]) -> None:
    """Store whose units parcels to stores took with them, and at what cost."""
    await tx.execute(
        INSERT_SENT,
        *columns(sent, "parcel_id", "work_line_id", "no", "owner_id"),
        *columns(sent, "unit_cost_milli", "quantity"),
    )


LIST_SENT = """
select parcel_id, fulfillment_line_id as work_line_id, no, owner_id, unit_cost_milli, quantity
from fulfillment_transfer where parcel_id = any($1::uuid[])
order by parcel_id, fulfillment_line_id, no
"""


async def list_sent(tx: Tx, parcel_ids: Sequence[UUID]) -> list[Sent]:
    """Return what parcels to stores took with them."""
    return [Sent(**dict(row)) for row in await tx.fetch(LIST_SENT, list(parcel_ids))]


# Another run may be at the same work: whoever comes second leaves it to the first.
LOCK_UNCOLLECTED = """
select id from fulfillment_order
where state = 'ready' and collect_by < $1
order by collect_by, id limit $2 for update skip locked
"""


async def lock_uncollected(tx: Tx, before: datetime, limit: int) -> list[UUID]:
    """Lock goods nobody has collected in time, the longest waiting first."""
    return [row["id"] for row in await tx.fetch(LOCK_UNCOLLECTED, before, limit)]


LIST_PARCELS_OF_ORDERS = """
select p.id from fulfillment_parcel p
join fulfillment_order o on o.id = p.fulfillment_order_id
where o.order_id = any($1::uuid[])
"""


async def list_parcels_of_orders(tx: Tx, order_ids: Sequence[UUID]) -> list[UUID]:
    """Return every parcel of some orders."""
    return [row["id"] for row in await tx.fetch(LIST_PARCELS_OF_ORDERS, list(order_ids))]
