"""All SQL of fulfillment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.fulfillment.domain import (
    LeavingParcel,
    Parcel,
    Proof,
    Sent,
    Signature,
    Work,
    WorkLine,
)
from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.personal import ERASED, Erased, PersonalColumn

PERSONAL_COLUMNS = [
    PersonalColumn("fulfillment_parcel", "tracking_url", "words", "a link of a vendor's own"),
    PersonalColumn("fulfillment_order", "reason", "words", "why a location gave work back"),
    PersonalColumn("fulfillment_proof", "name", "owner", "who signed for goods"),
    PersonalColumn("fulfillment_proof", "strokes", "owner", "how they signed"),
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


# One row for a fulfillment order whole, its lines as parallel lists: a queue is read far more often
# than it is worked off, and a row for each line costs more than what is in it.
_WHOLE = """
    o.id, o.order_id, o.order_number, o.channel, o.locale, o.location_id, o.method, o.store_id,
    o.service, o.ship_address_id, o.state, o.placed_at, o.offered_at, o.promised_at, o.reason,
    o.pickup_code, o.collect_by, o.accepted_at, o.ended_at, o.version, l.*, p.parcels
"""
_HEAD_COLUMNS, _LINE_COLUMNS = 20, 11
# By way of "select", PostgreSQL plans once, and not each time for the number of ids it sees.
_ASKED = "(select $1::uuid[])::uuid[]"
_PARTS = """
cross join lateral (
    select array_agg(id), array_agg(line_id), array_agg(variant_id), array_agg(sku),
           array_agg(title), array_agg(quantity), array_agg(picked), array_agg(packed),
           array_agg(gone), array_agg(passed), array_agg(removed)
    from (
        select * from fulfillment_line where fulfillment_order_id = o.id order by sku, id
    ) as sorted
) l
cross join lateral (
    select jsonb_agg(jsonb_build_object(
        'id', c.id, 'number', c.number, 'weight_grams', c.weight_grams, 'state', c.state,
        'packed_at', c.packed_at, 'label_id', c.label_id, 'carrier', c.carrier,
        'tracking_number', c.tracking_number, 'tracking_url', c.tracking_url,
        'shipped_at', c.shipped_at, 'handed_over_at', c.handed_over_at, 'lines', coalesce((
            select jsonb_object_agg(fulfillment_line_id, quantity)
            from fulfillment_parcel_line where parcel_id = c.id
        ), '{}')
    ) order by c.number) as parcels
    from fulfillment_parcel c where c.fulfillment_order_id = o.id
) p
"""
# Locked and read at once. Whoever had to wait for a lock reads what was true before: it shows in
# the version, which every change moves on.
_LOCKED = f"""
) select {_WHOLE}, k.version as locked_version
from locked k join fulfillment_order o using (id) {_PARTS} order by o.id
"""  # noqa: S608
LOCK_WORKS = f"""
with locked as materialized (
    select id, version from fulfillment_order where id = any({_ASKED}) order by id for update
{_LOCKED}
"""  # noqa: S608
LOCK_WORKS_OF_PARCELS = f"""
with locked as materialized (
    select id, version from fulfillment_order
    where id in (select fulfillment_order_id from fulfillment_parcel where id = any({_ASKED}))
    order by id for update
{_LOCKED}
"""  # noqa: S608
LOCK_WORKS_OF_ORDERS = f"""
with locked as materialized (
    select id, version from fulfillment_order
    where order_id = any({_ASKED}) order by id for update
{_LOCKED}
"""  # noqa: S608
LOCK_OPEN_WORKS_OF_LINES = f"""
with locked as materialized (
    select id, version from fulfillment_order
    where id in (select fulfillment_order_id from fulfillment_line where line_id = any({_ASKED}))
      and ended_at is null
    order by id for update
{_LOCKED}
"""  # noqa: S608


async def lock_works(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Work]:
    """Lock fulfillment orders in the order of their ids and return them whole."""
    return await _lock(tx, LOCK_WORKS, ids)


async def lock_works_of_parcels(tx: Tx, parcel_ids: Iterable[UUID]) -> dict[UUID, Work]:
    """Lock the fulfillment orders that parcels belong to; unknown parcels are left out."""
    return await _lock(tx, LOCK_WORKS_OF_PARCELS, parcel_ids)


async def lock_works_of_orders(tx: Tx, order_ids: Iterable[UUID]) -> dict[UUID, Work]:
    """Lock the fulfillment orders of orders."""
    return await _lock(tx, LOCK_WORKS_OF_ORDERS, order_ids)


async def lock_open_works_of_lines(tx: Tx, line_ids: Iterable[UUID]) -> dict[UUID, Work]:
    """Lock the open fulfillment orders that supply order lines."""
    return await _lock(tx, LOCK_OPEN_WORKS_OF_LINES, line_ids)


async def _lock(tx: Tx, sql: str, ids: Iterable[UUID]) -> dict[UUID, Work]:
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await tx.fetch(sql, wanted)
    if any(row["version"] != row["locked_version"] for row in rows):
        return await list_works(tx, [row["id"] for row in rows])
    return _works(rows)


LIST_WORKS = f"""
select {_WHOLE} from fulfillment_order o {_PARTS} where o.id = any({_ASKED}) order by o.id
"""  # noqa: S608


async def list_works(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Work]:
    """Return fulfillment orders whole, unlocked."""
    return _works(await tx.fetch(LIST_WORKS, ids))


LIST_WORKS_OF_ORDERS = f"""
select {_WHOLE} from fulfillment_order o {_PARTS}
where o.order_id = any({_ASKED}) order by o.offered_at, o.id
"""  # noqa: S608


async def list_works_of_orders(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, Work]:
    """Return the fulfillment orders of orders whole, in the order in which they were offered."""
    return _works(await tx.fetch(LIST_WORKS_OF_ORDERS, order_ids))


# What was promised soonest comes first. The usual questions have statements of their own, because a
# filter that may be absent keeps PostgreSQL from reading a queue along its index.
_SOONEST = "coalesce(promised_at, '9999-12-31 00:00:00+00'), id"
_MORE = f"""
    and ($3::uuid is null or order_id = $3)
    and ($4::timestamptz is null or ({_SOONEST}) > ($4, $5::uuid))
    and ($6::uuid is null or store_id = $6)
"""
_FOUND = f"""
) select {_WHOLE} from found join fulfillment_order o using (id) {_PARTS}
order by coalesce(o.promised_at, '9999-12-31 00:00:00+00'), o.id
"""  # noqa: S608
LIST_QUEUE = f"""
with found as materialized (
    select id from fulfillment_order where ($1::uuid is null or location_id = $1)
        and ($2::text is null or state = $2) {_MORE}
    order by {_SOONEST} limit $7
{_FOUND}
"""  # noqa: S608
LIST_QUEUE_OF_STATE = f"""
with found as materialized (
    select id from fulfillment_order where ($1::uuid is null or location_id = $1)
        and state = $2 {_MORE}
    order by {_SOONEST} limit $7
{_FOUND}
"""  # noqa: S608
LIST_QUEUE_OF_LOCATION = f"""
with found as materialized (
    select id from fulfillment_order where location_id = $1 and state = $2 {_MORE}
    order by {_SOONEST} limit $7
{_FOUND}
"""  # noqa: S608


async def list_queue(
    tx: Tx,
    *,
    location_id: UUID | None,
    state: str | None,
    order_id: UUID | None,
    store_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Work]:
    """Return fulfillment orders that fit every filter given, the soonest promise first."""
    seen_at, seen_id = after or (None, None)
    asked = LIST_QUEUE
    if state is not None:
        asked = LIST_QUEUE_OF_STATE if location_id is None else LIST_QUEUE_OF_LOCATION
    rows = await tx.fetch(asked, location_id, state, order_id, seen_at, seen_id, store_id, limit)
    return list(_works(rows).values())


_PARCELS = msgspec.json.Decoder(list[Parcel])


def _works(rows: Sequence[Record]) -> dict[UUID, Work]:
    """Build fulfillment orders; the columns come in the order of the nouns' fields."""
    return {
        row["id"]: Work(
            *row[:_HEAD_COLUMNS],
            lines=[
                WorkLine(*values)
                for values in zip(*row[_HEAD_COLUMNS : _HEAD_COLUMNS + _LINE_COLUMNS], strict=True)
            ],
            parcels=_PARCELS.decode(row["parcels"]) if row["parcels"] else [],
        )
        for row in rows
    }


# A line or parcel that stays as it is is not written again.
SAVE_WORKS = """
with works as (
    update fulfillment_order o
    set state = w.state, reason = w.reason, accepted_at = w.accepted_at, ended_at = w.ended_at,
        collect_by = w.collect_by, version = o.version + 1
    from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[],
                $6::timestamptz[])
         as w(id, state, reason, accepted_at, ended_at, collect_by)
    where o.id = w.id
), lines as (
    update fulfillment_line l
    set picked = w.picked, packed = w.packed, gone = w.gone, passed = w.passed,
        removed = w.removed
    from unnest($7::uuid[], $8::int[], $9::int[], $10::int[], $11::int[], $12::int[])
         as w(id, picked, packed, gone, passed, removed)
    where l.id = w.id and (l.picked, l.packed, l.gone, l.passed, l.removed)
        <> (w.picked, w.packed, w.gone, w.passed, w.removed)
), parcels as (
    update fulfillment_parcel p
    set state = w.state, carrier = w.carrier, tracking_number = w.tracking_number,
        shipped_at = w.shipped_at, handed_over_at = w.handed_over_at
    from unnest($13::uuid[], $14::text[], $15::text[], $16::text[], $17::timestamptz[],
                $18::timestamptz[])
         as w(id, state, carrier, tracking_number, shipped_at, handed_over_at)
    where p.id = w.id
      and (p.state, p.tracking_number, coalesce(p.handed_over_at, '-infinity'))
       <> (w.state, w.tracking_number, coalesce(w.handed_over_at, '-infinity'))
), packed as (
    insert into fulfillment_parcel (
        fulfillment_order_id, location_id, id, number, weight_grams, state, label_id, carrier,
        tracking_number, tracking_url, packed_at, shipped_at
    )
    select * from unnest($19::uuid[], $20::uuid[], $21::uuid[], $22::int[], $23::int[],
                         $24::text[], $25::uuid[], $26::text[], $27::text[], $28::text[],
                         $29::timestamptz[], $30::timestamptz[])
)
insert into fulfillment_parcel_line (parcel_id, fulfillment_line_id, quantity)
select * from unnest($31::uuid[], $32::uuid[], $33::int[])
"""


async def save_works(
    tx: Tx, works: Sequence[Work], packed: Sequence[tuple[Work, Parcel]] = ()
) -> None:
    """Store how far locked fulfillment orders and their parcels have come.

    Args:
        tx: open transaction; the works are locked.
        works: what has changed, each once.
        packed: their parcels that are new, with what is in them.
    """
    if not works:
        return
    new = [parcel for _, parcel in packed]
    made = {parcel.id for parcel in new}
    known = [parcel for work in works for parcel in work.parcels if parcel.id not in made]
    held = [(p.id, line_id, units) for p in new for line_id, units in p.lines.items()]
    await tx.execute(
        SAVE_WORKS,
        *columns(works, "id", "state", "reason", "accepted_at", "ended_at", "collect_by"),
        *columns(
            [line for work in works for line in work.lines],
            *("id", "picked", "packed", "gone", "passed", "removed"),
        ),
        *columns(known, "id", "state", "carrier", "tracking_number", "shipped_at"),
        [parcel.handed_over_at for parcel in known],
        [work.id for work, _ in packed],
        [work.location_id for work, _ in packed],
        *columns(new, "id", "number", "weight_grams", "state", "label_id", "carrier"),
        *columns(new, "tracking_number", "tracking_url", "packed_at", "shipped_at"),
        [parcel_id for parcel_id, _, _ in held],
        [line_id for _, line_id, _ in held],
        [units for _, _, units in held],
    )


SAVE_CONTENTS = """
update fulfillment_parcel_line l set quantity = w.quantity
from unnest($1::uuid[], $2::uuid[], $3::int[]) as w(parcel_id, line_id, quantity)
where (l.parcel_id, l.fulfillment_line_id) = (w.parcel_id, w.line_id) and l.quantity <> w.quantity
"""


async def save_contents(tx: Tx, works: Sequence[Work]) -> None:
    """Store what is left in the parcels of locked fulfillment orders."""
    held = [
        (parcel.id, line_id, units)
        for work in works
        for parcel in work.parcels
        for line_id, units in parcel.lines.items()
    ]
    if held:
        await tx.execute(SAVE_CONTENTS, *([row[n] for row in held] for n in range(3)))


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


# The latest of a location first: what was packed long ago and never told of has left all the same.
LIST_LEAVING = """
select p.id, p.fulfillment_order_id as work_id, o.order_number, o.service, o.method, p.number,
       p.carrier, p.tracking_number, p.state, p.label_id, p.packed_at
from fulfillment_parcel p join fulfillment_order o on o.id = p.fulfillment_order_id
where p.location_id = $1 and p.handed_over_at is null and p.packed_at > $2
  and p.state in ('packed', 'shipped')
order by p.packed_at desc, p.id limit $3
"""


async def list_leaving(
    tx: Tx, location_id: UUID, since: datetime, limit: int
) -> list[LeavingParcel]:
    """Return parcels of a location that were packed since, and wait for their driver."""
    rows = await tx.fetch(LIST_LEAVING, location_id, since, limit)
    return [LeavingParcel(**dict(row)) for row in rows]


# Counted as far as anybody reads a number.
COUNT_WORK = """
select s.state, (
    select count(*) from (
        select from fulfillment_order where location_id = $1 and state = s.state limit $3
    ) found
) as works
from unnest($2::text[]) as s(state)
"""


async def count_work(
    tx: Tx, location_id: UUID, states: Sequence[str], limit: int
) -> dict[str, int]:
    """Return how much work of a location is in each state, ``limit`` for that many or more."""
    rows = await tx.fetch(COUNT_WORK, location_id, list(states), limit)
    return {row["state"]: row["works"] for row in rows}


INSERT_PROOFS = """
insert into fulfillment_proof (fulfillment_order_id, name, strokes, signed_at)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
"""


async def insert_proofs(tx: Tx, proofs: Sequence[tuple[UUID, Signature, datetime]]) -> None:
    """Store who signed for collected goods, and when."""
    if proofs:
        ids, signatures, times = zip(*proofs, strict=True)
        await tx.execute(INSERT_PROOFS, ids, *columns(signatures, "name", "strokes"), times)


FIND_PROOF = """
select name, strokes, signed_at from fulfillment_proof where fulfillment_order_id = $1
"""


async def find_proof(tx: Tx, work_id: UUID) -> Proof | None:
    """Return who signed for collected goods, None when they were given for a code."""
    row = await tx.fetchrow(FIND_PROOF, work_id)
    return Proof(**dict(row)) if row else None


ERASE_PROOFS = """
update fulfillment_proof p set name = $2, strokes = ''
from fulfillment_order o
where o.id = p.fulfillment_order_id and o.order_id = any($1::uuid[]) and p.name <> $2
returning p.fulfillment_order_id
"""


async def erase_proofs(tx: Tx, order_ids: Sequence[UUID]) -> Erased:
    """Blank the signatures for goods of some orders."""
    rows = await tx.fetch(ERASE_PROOFS, list(order_ids), ERASED)
    return Erased("fulfillment_proof", len(rows))


LIST_ORDERS_OF_TRACKING = """
select o.order_id from fulfillment_parcel p
join fulfillment_order o on o.id = p.fulfillment_order_id
where p.tracking_number = $1 and p.tracking_number <> '' limit $2
"""


async def list_orders_of_tracking(tx: Tx, number: str, limit: int) -> list[UUID]:
    """Return the orders whose parcels a carrier knows by a number."""
    rows = await tx.fetch(LIST_ORDERS_OF_TRACKING, number, limit)
    return [row["order_id"] for row in rows]
