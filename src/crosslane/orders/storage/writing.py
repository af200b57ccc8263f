"""Writing orders and their changes, set-based."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.kernel import new_id
from crosslane.orders.domain import (
    Attribution,
    Bucket,
    Charge,
    Move,
    NewLine,
    Order,
    Returned,
    Stop,
)
from crosslane.platform.database import Tx, columns


class JournalMove(msgspec.Struct, frozen=True):
    """A move with the order it belongs to, as the journal keeps it."""

    order_id: UUID
    move: Move
    actor: str
    occurred_at: datetime


# Buckets hold what they have become, the journal why; always in one statement.
_JOURNAL = """
units_journaled as (
    insert into orders_movement (
        order_id, line_id, from_location_id, from_stage, to_location_id, to_stage, quantity,
        cause, actor, occurred_at, at
    )
    select order_id, line_id, from_location_id, from_stage, to_location_id, to_stage, quantity,
           cause, actor, occurred_at, $5
    from unnest($6::uuid[], $7::uuid[], $8::uuid[], $9::text[], $10::uuid[], $11::text[],
                $12::int[], $13::text[], $14::text[], $15::timestamptz[])
         as m(order_id, line_id, from_location_id, from_stage, to_location_id, to_stage, quantity,
              cause, actor, occurred_at)
"""
_BUCKETS = """
    (line_id, location_id, stage, quantity)
select line_id, location_id, stage, quantity
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[])
     as c(line_id, location_id, stage, quantity)
where quantity > 0
"""
# Moves of locked orders with what they make of them: version, closing, charges that fell away.
# Arrays come by way of "select", so that PostgreSQL plans once and not for each number of orders.
SAVE_CHANGES = f"""
with touched as (
    update orders_order o
    set version = version + 1,
        closed_at = case when o.id = any((select $17::uuid[])::uuid[]) then $5
                         when o.id = any((select $19::uuid[])::uuid[]) then null
                         else closed_at end
    where o.id = any((select $16::uuid[])::uuid[])
), fallen as (
    update orders_charge set cancelled = true
    where order_id = any((select $18::uuid[])::uuid[]) and not cancelled
), emptied as (
    delete from orders_bucket b
    using unnest((select $1::uuid[]), (select $2::uuid[]), (select $3::text[]), (select $4::int[]))
          as c(line_id, location_id, stage, quantity)
    where c.quantity = 0
      and (b.line_id, b.location_id, b.stage) = (c.line_id, c.location_id, c.stage)
), {_JOURNAL})
insert into orders_bucket {_BUCKETS}
on conflict (line_id, location_id, stage) do update set quantity = excluded.quantity
"""  # noqa: S608


async def save_changes(
    tx: Tx,
    moves: Sequence[JournalMove],
    buckets: Sequence[Bucket],
    changed: Sequence[UUID],
    closed: Sequence[UUID],
    reopened: Sequence[UUID],
    emptied: Sequence[UUID],
) -> None:
    """Store that locked orders have changed, with the moves of their units.

    Args:
        tx: open transaction.
        moves: what moved, for the journal.
        buckets: every bucket touched, with the quantity it has now.
        changed: all changed orders.
        closed: those of which every unit is handed over or cancelled now.
        reopened: closed ones to which an exchange has added units.
        emptied: those with nothing handed over and nothing left: their charges fall away.
    """
    await tx.execute(
        SAVE_CHANGES,
        *_move_columns(tx, moves, buckets),
        list(changed),
        list(closed),
        list(emptied),
        list(reopened),
    )


def _move_columns(
    tx: Tx, moves: Sequence[JournalMove], buckets: Sequence[Bucket]
) -> list[list | datetime]:
    return [
        *columns(buckets, "line_id", "location_id", "stage", "quantity"),
        tx.now,
        [m.order_id for m in moves],
        *columns(
            [m.move for m in moves],
            *("line_id", "from_location_id", "from_stage", "to_location_id", "to_stage"),
            *("quantity", "cause"),
        ),
        *columns(moves, "actor", "occurred_at"),
    ]


# What is promised as a line comes to be is kept beside what is promised later.
_NEW_LINES = """
lines_added as (
    insert into orders_line (
        id, order_id, position, parent_line_id, cause, amendment_no, variant_id, sku, title,
        quantity, method, store_id, unit_price_milli, net_minor, tax_minor, gross_minor,
        tax_rate_bp, tax_class, jurisdiction, price_reasons, promised_at, first_promised_at,
        is_bundle, attributed
    )
    select id, order_id, position, parent_line_id, cause, amendment_no, variant_id, sku, title,
           quantity, method, store_id, unit_price_milli, net_minor, tax_minor, gross_minor,
           tax_rate_bp, tax_class, jurisdiction, price_reasons, promised_at, promised_at,
           is_bundle, attributed
    from
"""
# Everything about a whole batch of orders, their first moves included, in parts that are put. Rows
# travel as JSON so that one parameter carries one table. No line had a bucket before: to provide
# for that would write a mark for each row in the server's log. What few orders have stands apart.
_PLACED = f"""
order_heads as (
    insert into orders_order (
        id, number, channel_id, channel, source_id, entity, brand, market, currency, locale,
        customer_id, ship_address_id, placed_at, recorded_at, service, version, closed_at, placed_by
    )
    select id, number, channel_id, channel, source_id, entity, brand, market, currency, locale,
           customer_id, ship_address_id, placed_at, recorded_at, service, version, closed_at,
           placed_by
    from jsonb_populate_recordset(null::orders_order, $16)
), {_NEW_LINES} jsonb_populate_recordset(null::orders_line, $17)
), order_charges as (
    insert into orders_charge select * from jsonb_populate_recordset(null::orders_charge, $18)
), order_words as (
    insert into orders_search (order_id, words)
    select order_id, to_tsvector('simple', words)
    from unnest($19::uuid[], $20::text[]) as w(order_id, words)
), {_JOURNAL}), order_buckets as (insert into orders_bucket {_BUCKETS})
"""  # noqa: S608
_STOPPED = """
order_stops as (
    insert into orders_stop select * from jsonb_populate_recordset(null::orders_stop, $1)
)"""
_ATTRIBUTED = """
order_attributions as (
    insert into orders_attribution (
        line_id, role, beneficiary_kind, beneficiary_id, share_bp, source, at
    )
    select line_id, role, beneficiary_kind, beneficiary_id, share_bp, source, $2
    from jsonb_populate_recordset(null::orders_attribution, $1)
)"""


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Everything to be written for one order.

    Args:
        placed_by: who placed it.
        words: text it is found by.
    """

    order: Order
    placed_by: str
    lines: Sequence[NewLine]
    charges: Sequence[Charge]
    stops: Sequence[Stop]
    attributions: Sequence[Attribution]
    words: str


async def insert_orders(
    tx: Tx,
    orders: Sequence[NewOrder],
    moves: Sequence[JournalMove],
    buckets: Sequence[Bucket],
) -> None:
    """Store new orders with all their parts and the moves of their units.

    Buckets that the units have left already need no row.
    """
    encode = msgspec.json.encode
    heads = [{**msgspec.structs.asdict(o.order), "placed_by": o.placed_by} for o in orders]
    rows: list[Any] = [
        *_move_columns(tx, moves, buckets),
        encode(heads),
        encode([line for o in orders for line in o.lines]),
        encode([charge for o in orders for charge in o.charges]),
        [o.order.id for o in orders],
        [o.words for o in orders],
    ]
    await tx.put((_PLACED, rows))
    if stops := [stop for o in orders for stop in o.stops]:
        await tx.put((_STOPPED, [encode(stops)]))
    if attributions := [each for o in orders for each in o.attributions]:
        await tx.put((_ATTRIBUTED, [encode(attributions), tx.now]))


INSERT_LINES = f"""
with added as (
    select * from jsonb_populate_recordset(null::orders_line, $1)
), {_NEW_LINES} added
), words as (
    update orders_search s set words = s.words || a.words
    from (
        select order_id, to_tsvector('simple', string_agg(sku, ' ' order by position)) as words
        from added group by order_id
    ) a where s.order_id = a.order_id
)
insert into orders_attribution (
    line_id, role, beneficiary_kind, beneficiary_id, share_bp, source, at
)
select line_id, role, beneficiary_kind, beneficiary_id, share_bp, source, $3
from jsonb_populate_recordset(null::orders_attribution, $2)
"""  # noqa: S608


async def insert_lines(
    tx: Tx, lines: Sequence[NewLine], attributions: Sequence[Attribution]
) -> None:
    """Store lines that an amendment adds; the order is found by their SKUs from now on."""
    if not lines:
        return
    encode = msgspec.json.encode
    await tx.execute(INSERT_LINES, encode(lines), encode(attributions), tx.now)


INSERT_CHARGES = """
insert into orders_charge select * from jsonb_populate_recordset(null::orders_charge, $1)
"""


async def insert_charges(tx: Tx, charges: Sequence[Charge]) -> None:
    """Store charges that an amendment adds."""
    if charges:
        await tx.execute(INSERT_CHARGES, msgspec.json.encode(charges))


INSERT_CREDITS = """
insert into orders_credit (
    id, order_id, line_id, location_id, quantity, net_minor, tax_minor, cause_kind, cause_id,
    occurred_at, at
)
select id, order_id, line_id, location_id, quantity, net_minor, tax_minor, cause_kind, cause_id,
       occurred_at, $11
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::bigint[], $7::bigint[],
            $8::text[], $9::uuid[], $10::timestamptz[])
     as c(id, order_id, line_id, location_id, quantity, net_minor, tax_minor, cause_kind, cause_id,
          occurred_at)
"""


async def insert_credits(tx: Tx, credits: Sequence[tuple[UUID, Returned]]) -> None:
    """Store what came back, each with its order."""
    if credits:
        names = ("line_id", "location_id", "quantity", "net_minor", "tax_minor", "cause_kind")
        rows = [row for _, row in credits]
        await tx.execute(
            INSERT_CREDITS,
            [new_id() for _ in credits],
            [order_id for order_id, _ in credits],
            *columns(rows, *names, "cause_id", "occurred_at"),
            tx.now,
        )


INSERT_STOPS = """
insert into orders_stop select * from jsonb_populate_recordset(null::orders_stop, $1)
"""


async def insert_stops(tx: Tx, stops: Sequence[Stop]) -> None:
    """Raise stops."""
    if stops:
        await tx.execute(INSERT_STOPS, msgspec.json.encode(stops))


RESOLVE_STOPS = """
update orders_stop s set resolved_at = $4, resolved_by = w.by, resolution = w.resolution
from unnest($1::uuid[], $2::text[], $3::text[]) as w(id, by, resolution)
where s.id = w.id and s.resolved_at is null
"""


async def resolve_stops(
    tx: Tx, stop_ids: Sequence[UUID], by: Sequence[str], resolutions: Sequence[str]
) -> None:
    """Resolve stops; one resolved before stays as it is."""
    if stop_ids:
        await tx.execute(RESOLVE_STOPS, list(stop_ids), list(by), list(resolutions), tx.now)


UPDATE_EXPECTED = """
update orders_stop s set expected_minor = w.minor
from unnest($1::uuid[], $2::bigint[]) as w(id, minor) where s.id = w.id
"""


async def update_expected(tx: Tx, stop_ids: Sequence[UUID], minor: Sequence[int]) -> None:
    """Note what stops still expect to be credited; of one that comes twice the last counts."""
    if stop_ids:
        last = dict(zip(stop_ids, minor, strict=True))
        await tx.execute(UPDATE_EXPECTED, list(last), list(last.values()))


UPDATE_ENDS = """
update orders_stop s set expires_at = w.expires_at
from unnest($1::uuid[], $2::timestamptz[]) as w(id, expires_at)
where s.id = w.id and s.resolved_at is null
"""


async def update_ends(
    tx: Tx, stop_ids: Sequence[UUID], expires_at: Sequence[datetime | None]
) -> None:
    """Give open stops another end, None for none; of one that comes twice the last counts."""
    if stop_ids:
        last = dict(zip(stop_ids, expires_at, strict=True))
        await tx.execute(UPDATE_ENDS, list(last), list(last.values()))


INSERT_AMENDMENTS = """
insert into orders_amendment (id, order_id, no, kind, reason, lines, gross_delta_minor, actor, at)
select id, order_id, no, kind, reason, lines, gross_delta_minor, actor, $9
from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[],
            $8::text[])
     as a(id, order_id, no, kind, reason, lines, gross_delta_minor, actor)
"""


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an order after it was placed.

    Args:
        no: 1 for the order's first amendment.
        lines: JSON of what it changed.
        gross_delta_minor: what the customer pays more, negative for less.
    """

    id: UUID
    order_id: UUID
    no: int
    kind: str
    reason: str
    lines: bytes
    gross_delta_minor: int
    actor: str


async def insert_amendments(tx: Tx, amendments: Sequence[Amendment]) -> None:
    """Store amendments of locked orders."""
    if amendments:
        names = ("id", "order_id", "no", "kind", "reason", "lines", "gross_delta_minor", "actor")
        await tx.execute(INSERT_AMENDMENTS, *columns(amendments, *names), tx.now)


INSERT_BARRED = """
insert into orders_barred (order_id, line_id, location_id, reason, at)
select order_id, line_id, location_id, reason, $5
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
     as b(order_id, line_id, location_id, reason)
on conflict do nothing
"""


async def insert_barred(
    tx: Tx,
    order_ids: Sequence[UUID],
    line_ids: Sequence[UUID],
    location_ids: Sequence[UUID],
    reasons: Sequence[str],
) -> None:
    """Note that locations failed lines and are not to be asked again."""
    if line_ids:
        await tx.execute(INSERT_BARRED, order_ids, line_ids, location_ids, reasons, tx.now)


DELETE_BARRED = """
delete from orders_barred b using orders_line l
where l.id = any($1::uuid[]) and b.order_id = l.order_id and b.line_id = l.id
"""


async def delete_barred(tx: Tx, line_ids: Sequence[UUID]) -> None:
    """Let all locations be asked for these lines again."""
    if line_ids:
        await tx.execute(DELETE_BARRED, list(line_ids))


UPDATE_ADDRESSES = """
update orders_order o set ship_address_id = w.address_id
from unnest($1::uuid[], $2::uuid[]) as w(id, address_id) where o.id = w.id
"""


async def update_addresses(tx: Tx, order_ids: Sequence[UUID], address_ids: Sequence[UUID]) -> None:
    """Send orders somewhere else from now on."""
    if order_ids:
        await tx.execute(UPDATE_ADDRESSES, list(order_ids), list(address_ids))


UPDATE_PROMISES = """
update orders_line l set promised_at = w.promised_at
from unnest($1::uuid[], $2::timestamptz[]) as w(id, promised_at) where l.id = w.id
"""


async def update_promises(
    tx: Tx, line_ids: Sequence[UUID], moments: Sequence[datetime | None]
) -> None:
    """Promise lines of locked orders for another moment, or for none."""
    if line_ids:
        await tx.execute(UPDATE_PROMISES, list(line_ids), list(moments))
