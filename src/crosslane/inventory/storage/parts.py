"""Parts of supply messages, applied by the database itself: hardly a row leaves it.

The algebra is that of `domain.supply` and `Sheet`, restated for sets, because a source tells of a
million rows at once. Both come to the same stock; a test lets them learn of the same news.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from crosslane.inventory.domain.feeds import SupplyHeader
from crosslane.inventory.storage.feeds import header_of
from crosslane.platform.database import Tx


class PartAsked(msgspec.Struct, frozen=True):
    """A part of a message that is to be applied.

    Args:
        header: what its message speaks of.
        part_no: which part.
        received_at: when the message came.
        named: how many variants it names.
        from_variant: a complete snapshot speaks for every variant from this one on; None is open.
        to_variant: up to, without, this one; None is open.
    """

    header: SupplyHeader
    part_no: int
    received_at: datetime
    named: int
    from_variant: UUID | None
    to_variant: UUID | None

    @property
    def _rows(self) -> tuple[object, ...]:
        """Arguments 1 to 9 of the statements: which part, which place, which variants."""
        header = self.header
        return (
            header.id,
            self.part_no,
            self.received_at,
            header.location_id,
            header.condition,
            header.owner_id,
            header.complete,
            self.from_variant,
            self.to_variant,
        )


class PartApplied(msgspec.Struct, frozen=True):
    """What a part has changed; lists of one length belong together.

    Args:
        drifted: rows of a snapshot that differed from the books.
        drift_units: by how many units, without sign.
        overtaken: rows that a newer count or snapshot had already seen.
        variant_ids: variants whose units moved.
        units: by how many.
        undone: whether a newer count had seen that already, so that it was undone at once.
        costs_milli: what one unit costs, None when nobody knows.
        short_ids: positions that have become shorter of what is promised.
        short_variants: their variants.
        short_units: how many units lack.
    """

    drifted: int
    drift_units: int
    overtaken: int
    variant_ids: Sequence[UUID]
    units: Sequence[int]
    undone: Sequence[bool]
    costs_milli: Sequence[int | None]
    short_ids: Sequence[UUID]
    short_variants: Sequence[UUID]
    short_units: Sequence[int]


# Two hands read what was announced: what one of them is at, the other does not wait for.
TAKE_PART = """
select m.*, p.part_no, cardinality(p.variant_ids) as named,
       p.from_variant, p.to_variant
from inventory_feed_message m
join inventory_feed_part p on p.message_id = m.id and p.received_at = m.received_at
where m.id = $1 and p.part_no = $2 and p.applied_at is null
for no key update of p skip locked
"""


async def take_unapplied(tx: Tx, message_id: UUID, part_no: int) -> PartAsked | None:
    """Take a part of a message; None once it is applied, or while somebody else applies it."""
    row = await tx.fetchrow(TAKE_PART, message_id, part_no)
    if row is None:
        return None
    return PartAsked(
        header_of(row),
        row["part_no"],
        row["received_at"],
        row["named"],
        row["from_variant"],
        row["to_variant"],
    )


MARK_APPLIED = """
update inventory_feed_part
set applied_at = $4, rows_drifted = $5, rows_stale = $6, drift_units = $7
where message_id = $1 and part_no = $2 and received_at = $3
"""


async def mark_applied(tx: Tx, part: PartAsked, applied: PartApplied, at: datetime) -> None:
    """Note that a part is applied and what it corrected."""
    await tx.execute(
        MARK_APPLIED,
        part.header.id,
        part.part_no,
        part.received_at,
        at,
        applied.drifted,
        applied.overtaken,
        applied.drift_units,
    )


# The variants named and, of a complete snapshot, what lies there without being named. All rows are
# of one place, so the order of variants is the order of their keys. The clock is read after all of
# them were locked. A row that was written while it was waited for is looked at anew with all that
# is joined to it: by an array in place of a join, or each of thousands would read all the others.
LOCK_NAMED = """
with said as materialized (
    select unnest(variant_ids) as variant_id from inventory_feed_part
    where message_id = $1 and part_no = $2 and received_at = $3
), spoken_for as (
    select p.id from said s
    join inventory_position p on (p.variant_id, p.location_id, p.condition, p.owner_id)
                               = (s.variant_id, $4, $5, $6)
    union all
    select id from inventory_position
    where $7 and (location_id, condition, owner_id) = ($4, $5, $6)
      and ($8::uuid is null or variant_id >= $8) and ($9::uuid is null or variant_id < $9)
      and variant_id not in (select variant_id from said)
), locked as materialized (
    select p.id from inventory_position p
    where p.id = any((select array_agg(id) from spoken_for)::uuid[])
    order by p.variant_id for no key update
)
select count(*) as found, clock_timestamp() as now from locked
"""


async def lock_named(tx: Tx, part: PartAsked) -> tuple[int, datetime]:
    """Protect the positions a part speaks of; return how many there are, and the time."""
    row = await tx.fetchrow(LOCK_NAMED, *part._rows)
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return row["found"], row["now"]


# A statement of its own, so that it sees what was written before the rows were locked. It does
# nothing when somebody made a position in between, which is not protected: $10 are so many as were.
# One that is made at this very moment is a double key: "on conflict" would look each key up twice
# and write one more record of the WAL for it, for what hardly ever happens. A row that is
# overtaken, or moves nothing, writes nothing. A new position is written once, as it ends. Whatever
# looks up one row for each is a subquery: the planner cannot know how many rows an array has, and
# would compare each with each.
APPLY = """
with said as materialized (
    select s.variant_id, s.units, s.place
    from inventory_feed_part p
    cross join unnest(p.variant_ids, p.quantities) with ordinality as s(variant_id, units, place)
    where p.message_id = $1 and p.part_no = $2 and p.received_at = $3
), latest as materialized (
    select complete_at, complete_message from (
        select complete_at, complete_message from inventory_feed
        where (location_id, condition, owner_id) = ($4, $5, $6) for share
    ) as told
    order by complete_at desc, complete_message collate "C" desc limit 1
), found as materialized (
    select coalesce(p.id, ($11::uuid[])[s.place]) as id, s.variant_id, s.units, p.id is null as new,
           coalesce(p.on_hand, 0) as on_hand, coalesce(p.allocated, 0) as allocated,
           coalesce(p.movement_no, 0) as movement_no,
           case when p.id is null then l.complete_at else p.baseline_at end as baseline_at,
           case when p.id is null then l.complete_message else p.baseline_message end
               as baseline_message
    from said s
    left join inventory_position p on (p.variant_id, p.location_id, p.condition, p.owner_id)
                                    = (s.variant_id, $4, $5, $6)
    left join latest l on true
    union all
    select id, variant_id, 0, false, on_hand, allocated, movement_no, baseline_at, baseline_message
    from inventory_position
    where $7 and (location_id, condition, owner_id) = ($4, $5, $6)
      and ($8::uuid is null or variant_id >= $8) and ($9::uuid is null or variant_id < $9)
      and variant_id not in (select variant_id from said)
), judged as (
    select *, baseline_at is not null and case
               when $12 then ($13, $14 collate "C") < (baseline_at, baseline_message)
               else least($13, $15::timestamptz + $16::interval) <= baseline_at end as overtaken
    from found
    where (select count(*) from found where not new) = $10 and ($12 or units <> 0)
), decided as materialized (
    select *, case
        when not $12 then units
        when overtaken then 0
        when movement_no = 0 then units - on_hand
        else units - on_hand + (
            select coalesce(sum(m.on_hand_delta), 0)::bigint from inventory_movement m
            where m.position_id = judged.id and m.occurred_at > $13 and m.at > $13 - $16::interval
        ) end as delta,
        (select average_milli from inventory_cost c
         where (c.variant_id, c.owner_id) = (judged.variant_id, $6)) as cost_milli
    from judged
), made as (
    insert into inventory_position
        (id, variant_id, location_id, condition, owner_id, on_hand, movement_no, baseline_at,
         baseline_message)
    select id, variant_id, $4, $5, $6, case when $12 or not overtaken then delta else 0 end,
           case when delta = 0 then 0 when not $12 and overtaken then 2 else 1 end,
           case when $12 and not overtaken then $13 else baseline_at end,
           case when $12 and not overtaken then $14 else baseline_message end
    from decided where new order by variant_id
), changed as (
    update inventory_position p
    set on_hand = p.on_hand + case when $12 or not overtaken then delta else 0 end,
        movement_no = p.movement_no
                    + case when delta = 0 then 0 when not $12 and overtaken then 2 else 1 end,
        baseline_at = case when $12 then $13 else p.baseline_at end,
        baseline_message = case when $12 then $14 else p.baseline_message end
    from decided d
    where p.id = d.id and not d.new and (delta <> 0 or $12 and not overtaken)
), journaled as (
    insert into inventory_movement
        (position_id, movement_no, at, occurred_at, on_hand_delta, allocated_delta, on_hand_after,
         allocated_after, reason, cause_kind, cause_id, cause_line, unit_cost_milli, actor, trace)
    select id, movement_no + step, $15::timestamptz, least($13, $15::timestamptz + $16::interval),
           case step when 1 then delta else -delta end, 0,
           on_hand + case step when 1 then delta else 0 end, allocated,
           case when step = 2 then 'already_counted' when $12 then 'feed_snapshot'
                else 'feed_delta' end,
           'supply', $1, $1, cost_milli, $17, $18
    from decided cross join (values (1), (2)) as s(step)
    where delta <> 0 and (step = 1 or not $12 and overtaken)
)
select (select count(*) from found where $12 or units <> 0) as wanted, count(*) as taken,
       count(*) filter (where overtaken) as overtaken,
       count(*) filter (where $12 and delta <> 0) as drifted,
       coalesce(sum(abs(delta)) filter (where $12), 0)::bigint as drift_units,
       array_agg(variant_id) filter (where delta <> 0) as variant_ids,
       array_agg(delta) filter (where delta <> 0) as units,
       array_agg(not $12 and overtaken) filter (where delta <> 0) as undone,
       array_agg(cost_milli) filter (where delta <> 0) as costs_milli,
       array_agg(id) filter (where lacks > lacked) as short_ids,
       array_agg(variant_id) filter (where lacks > lacked) as short_variants,
       array_agg(lacks) filter (where lacks > lacked) as short_units
from decided cross join lateral (
    select greatest(allocated - greatest(on_hand, 0), 0) as lacked,
           greatest(allocated - greatest(
               on_hand + case when $12 or not overtaken then delta else 0 end, 0), 0)::bigint
               as lacks
) as promised
"""


async def apply_named(
    tx: Tx,
    part: PartAsked,
    *,
    found: int,
    ids: Sequence[UUID],
    now: datetime,
    clock_skew: timedelta,
) -> PartApplied | None:
    """Let a part decide what lies in the positions that are protected, and make those that lack.

    Args:
        tx: open transaction.
        part: what is applied.
        found: how many positions were protected for it.
        ids: identifiers for new ones, as many as the part names variants.
        now: the clock, read after they were protected.
        clock_skew: how far the clocks of others may run ahead.

    Returns:
        What was changed; None when somebody made a position in between, or makes one at this
        moment: undo it, and begin anew.
    """
    header = part.header
    try:
        row = await tx.fetchrow(
            APPLY,
            *part._rows,
            found,
            ids,
            header.kind == "snapshot",
            header.as_of,
            header.order_key,
            now,
            clock_skew,
            str(tx.actor),
            tx.trace,
        )
    except asyncpg.UniqueViolationError:
        return None
    assert row is not None  # noqa: S101 - an aggregate always has a row
    if row["taken"] < row["wanted"]:
        return None
    lists = PartApplied.__struct_fields__[3:]
    return PartApplied(
        row["drifted"], row["drift_units"], row["overtaken"], *(row[name] or [] for name in lists)
    )
