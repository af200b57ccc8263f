"""Positions: found, protected and saved together with the journal that explains them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Baseline, Condition, Position, PositionKey
from crosslane.inventory.domain.sheet import Hold, Sheet, net_allocations
from crosslane.inventory.storage.holds import holds_in, list_holds
from crosslane.platform.database import Record, Tx, columns

CONDITIONS = {str(condition): condition for condition in Condition}


class Place(NamedTuple):
    """Where stock of one sort may lie: a position without its owner."""

    variant_id: UUID
    location_id: UUID
    condition: Condition = Condition.SELLABLE


# The clock is read for each row after that row's lock was granted, because a materialized CTE hands
# rows on as they are locked; the latest reading is after all of them.
_PLACES = """
unnest((select $1::uuid[]), (select $2::uuid[]), (select $3::text[]))
    as w(variant_id, location_id, condition)
"""
_LOCKED = """
locked as materialized (
    select p.*, p.xmin as written_by
    from inventory_position p join wanted using (variant_id, location_id, condition)
    order by p.variant_id, p.location_id, p.condition, p.owner_id
    for no key update of p
)
select l.id, l.variant_id, l.location_id, l.condition, l.owner_id, l.on_hand, l.allocated,
       l.safety_stock, l.held_until, l.held_units, l.movement_no, l.baseline_at,
       l.baseline_message, c.average_milli, clock_timestamp() as read_at
"""
_WITH_COST = """
from locked l
left join inventory_cost c on (c.variant_id, c.owner_id) = (l.variant_id, l.owner_id)
"""
LOCK_POSITIONS = f"with wanted as (select * from {_PLACES}), {_LOCKED} {_WITH_COST}"  # noqa: S608
# What hangs on a position is read as of the statement's begin: where somebody wrote the position
# since then, it shows.
LOCK_WITH_WHAT_HANGS_ON_THEM = f"""
with wanted as (
    select * from {_PLACES}
    union
    select p.variant_id, p.location_id, p.condition
    from inventory_hold h join inventory_position p on p.id = h.position_id
    where h.id = any((select $4::uuid[])::uuid[])
), {_LOCKED}, before.xmin <> l.written_by as is_new, h.holds, a.lines, a.quantities
{_WITH_COST}
join inventory_position before on before.id = l.id
cross join lateral (
    select jsonb_agg(to_jsonb(inventory_hold)) as holds
    from inventory_hold
    where position_id = l.id and id = any((select $4::uuid[])::uuid[])
) h
cross join lateral (
    select array_agg(line_id) as lines, array_agg(quantity) as quantities
    from inventory_allocation
    where position_id = l.id and line_id = any((select $5::uuid[])::uuid[])
) a
"""  # noqa: S608


class Protected(NamedTuple):
    """Positions that nobody else can change until the transaction ends, with what hangs on them.

    Args:
        positions: in the order of their keys.
        now: the clock, read after all of them were protected.
        holds: those that were asked for.
        slices: units allocated per (demand line, position), of the lines that were asked for.
    """

    positions: list[Position]
    now: datetime
    holds: list[Hold]
    slices: dict[tuple[UUID, UUID], int]


async def lock_positions(
    tx: Tx,
    places: Iterable[Place],
    owners: Mapping[UUID, UUID],
    *,
    hold_ids: Sequence[UUID] = (),
    lines: Iterable[UUID] = (),
) -> Protected:
    """Protect every position at some places, in the order of their keys.

    Args:
        tx: open transaction.
        places: where to look; what does not exist is left out.
        owners: owning entity per location, to tell the location's own stock.
        hold_ids: holds to read; their places are protected too.
        lines: demand lines whose allocations to read.
    """
    wanted = columns(set(places), *Place._fields)
    asked = list(set(lines))
    hanging = bool(hold_ids or asked)
    rows = (
        await tx.fetch(LOCK_WITH_WHAT_HANGS_ON_THEM, *wanted, hold_ids, asked)
        if hanging
        else await tx.fetch(LOCK_POSITIONS, *wanted)
    )
    found = [_position(row, owners) for row in rows]
    now = max((row["read_at"] for row in rows), default=tx.now)
    if not hanging:
        return Protected(found, now, [], {})
    if any(row["is_new"] for row in rows):
        kept = await list_holds(tx, hold_ids) if hold_ids else []
        ids = [position.id for position in found]
        return Protected(found, now, kept, await list_slices(tx, asked, ids) if asked else {})
    return Protected(
        found,
        now,
        [hold for row in rows for hold in holds_in(row["holds"])],
        {
            (line, row["id"]): units
            for row in rows
            for line, units in zip(row["lines"] or (), row["quantities"] or (), strict=True)
        },
    )


def _position(row: Record, owners: Mapping[UUID, UUID]) -> Position:
    position_id, variant_id, location_id, condition, owner_id, on_hand, allocated = row[:7]
    safety_stock, held_until, held_units, movement_no, baseline_at, message, average = row[7:14]
    return Position(
        id=position_id,
        key=PositionKey(variant_id, location_id, CONDITIONS[condition], owner_id),
        on_hand=on_hand,
        allocated=allocated,
        held=dict(zip(held_until, held_units, strict=True)) if held_until else {},
        safety_stock=safety_stock,
        own=owners[location_id] == owner_id,
        unit_cost_milli=average,
        movement_no=movement_no,
        baseline=None if baseline_at is None else Baseline(baseline_at, message),
    )


# A complete snapshot says that what it does not name is not there, also where no position was known
# yet; the share lock keeps such a snapshot and a new position from missing each other.
INSERT_POSITIONS = """
with wanted as (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[])
        as w(id, variant_id, location_id, condition, owner_id)
), told as materialized (
    select f.* from inventory_feed f
    where (f.location_id, f.condition, f.owner_id)
        in (select location_id, condition, owner_id from wanted)
    for share of f
), latest as (
    select distinct on (location_id, condition, owner_id) *
    from told order by location_id, condition, owner_id, complete_at desc, complete_message desc
)
insert into inventory_position
    (id, variant_id, location_id, condition, owner_id, baseline_at, baseline_message)
select w.id, w.variant_id, w.location_id, w.condition, w.owner_id,
       l.complete_at, l.complete_message
from wanted w left join latest l using (location_id, condition, owner_id)
order by w.variant_id, w.location_id, w.condition, w.owner_id
on conflict do nothing
"""


async def insert_positions(tx: Tx, keys: Mapping[PositionKey, UUID]) -> None:
    """Make empty positions where there are none; a key keeps the id it has."""
    taken = sorted(keys)
    await tx.execute(
        INSERT_POSITIONS,
        [keys[key] for key in taken],
        *columns(taken, "variant_id", "location_id", "condition", "owner_id"),
    )


# Parts that are put: on the path of every order they are saved by one round trip with all else that
# it writes. Positions are found by the key they were locked by, whose pages are at hand.
_SAVED = """
positions_saved as (
    update inventory_position p
    set on_hand = s.on_hand, allocated = s.allocated, safety_stock = s.safety_stock,
        held_until = s.held_until::integer[], held_units = s.held_units::bigint[],
        movement_no = s.movement_no, baseline_at = s.baseline_at,
        baseline_message = s.baseline_message
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::bigint[],
                $7::integer[], $8::text[], $9::text[], $10::bigint[], $11::timestamptz[],
                $12::text[])
        as s(variant_id, location_id, condition, owner_id, on_hand, allocated, safety_stock,
             held_until, held_units, movement_no, baseline_at, baseline_message)
    where (p.variant_id, p.location_id, p.condition, p.owner_id)
        = (s.variant_id, s.location_id, s.condition, s.owner_id)
), stock_journaled as (
    insert into inventory_movement
        (position_id, movement_no, at, occurred_at, on_hand_delta, allocated_delta, on_hand_after,
         allocated_after, reason, code, cause_kind, cause_id, cause_line, unit_cost_milli,
         actor, trace)
    select m.position_id, m.movement_no, $13, m.occurred_at, m.on_hand_delta, m.allocated_delta,
           m.on_hand_after, m.allocated_after, m.reason, m.code, m.cause_kind, m.cause_id,
           m.cause_line, m.unit_cost_milli, m.actor, m.trace
    from unnest($14::uuid[], $15::bigint[], $16::timestamptz[], $17::bigint[], $18::bigint[],
                $19::bigint[], $20::bigint[], $21::text[], $22::text[], $23::text[], $24::text[],
                $25::text[], $26::uuid[], $27::uuid[], $28::bigint[])
        as m(position_id, movement_no, occurred_at, on_hand_delta, allocated_delta, on_hand_after,
             allocated_after, reason, code, actor, trace, cause_kind, cause_id, cause_line,
             unit_cost_milli)
)"""
_HELD = """
holds_kept as (
    insert into inventory_hold
        (id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute, state,
         created_at, changed_at)
    select id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute, state,
           $10, $10
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::integer[], $6::bigint[],
                $7::bigint[], $8::integer[], $9::text[])
        as h(id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute,
             state)
    on conflict (id) do update
    set fence = excluded.fence, quantity = excluded.quantity, state = excluded.state,
        expires_minute = excluded.expires_minute, changed_at = excluded.changed_at
)"""
_GIVEN = """
units_given as (
    insert into inventory_allocation as a
        (line_id, position_id, cause_kind, cause_id, quantity, promised_for)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[],
                         $6::timestamptz[])
    on conflict (line_id, position_id) do update
    set quantity = a.quantity + excluded.quantity,
        promised_for = coalesce(excluded.promised_for, a.promised_for)
)"""
_LESSENED = """
units_lessened as (
    update inventory_allocation a set quantity = t.quantity
    from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as t(line_id, position_id, quantity)
    where (a.line_id, a.position_id) = (t.line_id, t.position_id) and t.quantity > 0
), units_taken_back as (
    delete from inventory_allocation a
    using unnest($1::uuid[], $2::uuid[], $3::bigint[]) as t(line_id, position_id, quantity)
    where (a.line_id, a.position_id) = (t.line_id, t.position_id) and t.quantity = 0
)"""


async def save(tx: Tx, sheet: Sheet) -> None:
    """Save the counters and holds a sheet has changed, its movements, what each demand now has."""
    held = [sheet.holds[hold_id] for hold_id in sheet.changed_holds & sheet.holds.keys()]
    net = net_allocations(sheet.movements)
    given = [(key, cause, units) for key, (cause, units) in net.items() if units > 0]
    less = [key for key, (_, units) in net.items() if units < 0]
    await tx.put((_SAVED, [*_counters(sheet), sheet.now, *_journal(sheet)]))
    if held:
        holds: list[Any] = [
            *columns(held, "id", "position_id"),
            [hold.holder.kind for hold in held],
            [hold.holder.id for hold in held],
            *columns(held, "fence", "quantity", "taken", "expires_minute", "state"),
            sheet.now,
        ]
        await tx.put((_HELD, holds))
    if given:
        allocations: list[Any] = [
            [line for (line, _), _, _ in given],
            [position for (_, position), _, _ in given],
            [cause.kind for _, cause, _ in given],
            [cause.id for _, cause, _ in given],
            [units for _, _, units in given],
            [sheet.promised_for.get(key) for key, _, _ in given],
        ]
        await tx.put((_GIVEN, allocations))
    if less:
        left = [sheet.slices[key] for key in less]
        lines, positions = zip(*less, strict=True)
        await tx.put((_LESSENED, [lines, positions, left]))


def _counters(sheet: Sheet) -> list[list[object]]:
    touched = [sheet.positions[position_id] for position_id in sheet.touched]
    return [
        *columns([p.key for p in touched], *PositionKey._fields),
        *columns(touched, "on_hand", "allocated", "safety_stock"),
        [_array(sorted(position.held)) for position in touched],
        [_array(position.held[m] for m in sorted(position.held)) for position in touched],
        [position.movement_no for position in touched],
        [position.baseline and position.baseline.at for position in touched],
        [position.baseline and position.baseline.message for position in touched],
    ]


def _journal(sheet: Sheet) -> list[list[object]]:
    moved = sheet.movements
    return [
        *columns(moved, "position_id", "movement_no", "occurred_at"),
        *columns(moved, "on_hand_delta", "allocated_delta", "on_hand_after", "allocated_after"),
        *columns(moved, "reason", "code"),
        [movement.doer.actor for movement in moved],
        [movement.doer.trace for movement in moved],
        [movement.cause.kind for movement in moved],
        [movement.cause.id for movement in moved],
        [movement.cause.line for movement in moved],
        [movement.unit_cost_milli for movement in moved],
    ]


def _array(numbers: Iterable[int]) -> str | None:
    """Write numbers as a PostgreSQL array; unnest cannot carry lists of different lengths."""
    told = ",".join(map(str, numbers))
    return f"{{{told}}}" if told else None


LIST_SLICES = """
select line_id, position_id, quantity from inventory_allocation
where line_id = any($1::uuid[]) and position_id = any($2::uuid[])
"""


async def list_slices(
    tx: Tx, lines: Iterable[UUID], positions: Sequence[UUID]
) -> dict[tuple[UUID, UUID], int]:
    """Return units allocated per (demand line, position); the positions must be protected."""
    rows = await tx.fetch(LIST_SLICES, list(set(lines)), positions)
    return {(row["line_id"], row["position_id"]): row["quantity"] for row in rows}


class Losing(msgspec.Struct, frozen=True):
    """A demand line that has units of a short position."""

    position_id: UUID
    cause_kind: str
    cause_id: UUID
    line_id: UUID
    quantity: int


# Only as far as needed: demands are taken, the latest promise first, while what was taken before
# does not yet cover the shortage. A demand without a promised time was promised for now.
LIST_LOSING = """
select position_id, cause_kind, cause_id, line_id,
       least(quantity, short - before)::bigint as quantity
from (
    select a.position_id, a.cause_kind, a.cause_id, a.line_id, a.quantity,
           a.promised_for, s.short,
           coalesce(sum(a.quantity) over (
               partition by a.position_id
               order by a.promised_for desc nulls last, a.line_id desc
               rows between unbounded preceding and 1 preceding
           ), 0) as before
    from inventory_allocation a
    join (
        select id, allocated - greatest(on_hand, 0) as short from inventory_position
        where id = any($1::uuid[])
    ) s on s.id = a.position_id
) as ranked
where before < short
order by position_id, before
limit $2
"""


async def list_losing(tx: Tx, positions: Sequence[UUID], limit: int) -> list[Losing]:
    """Return which demands of short positions go without, the latest promise first."""
    rows = await tx.fetch(LIST_LOSING, positions, limit)
    return [Losing(**dict(row)) for row in rows]


# What occurred after an instant was recorded after it too, give or take the clocks of others; this
# spares looking into older partitions.
LIST_MOVED_AFTER = """
select w.position_id, w.instant, coalesce(sum(m.on_hand_delta), 0)::bigint as units
from unnest($1::uuid[], $2::timestamptz[]) as w(position_id, instant)
join inventory_movement m
    on m.position_id = w.position_id and m.occurred_at > w.instant
   and m.at > w.instant - $3::interval
group by w.position_id, w.instant
"""


async def list_moved_after(
    tx: Tx, instants: Sequence[tuple[UUID, datetime]], clock_skew: timedelta
) -> dict[tuple[UUID, datetime], int]:
    """Return how on hand moved after an instant, per (protected position, instant)."""
    rows = await tx.fetch(
        LIST_MOVED_AFTER, [p for p, _ in instants], [at for _, at in instants], clock_skew
    )
    return {(row["position_id"], row["instant"]): row["units"] for row in rows}
