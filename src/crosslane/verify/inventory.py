"""What must hold of stock, computed anew from movements, holds, receipts and feed messages."""

from crosslane.verify import Rule

ON_HAND = """
select 'position:' || p.id as subject,
       format('on hand is %s, its movements add up to %s', p.on_hand,
              coalesce(m.total, 0)) as detail
from inventory_position p
left join (
    select position_id, sum(on_hand_delta) as total from inventory_movement group by position_id
) m on m.position_id = p.id
where p.on_hand is distinct from coalesce(m.total, 0)
"""

ALLOCATED = """
select 'position:' || p.id as subject,
       format('allocated is %s, its movements add up to %s', p.allocated,
              coalesce(m.total, 0)) as detail
from inventory_position p
left join (
    select position_id, sum(allocated_delta) as total from inventory_movement group by position_id
) m on m.position_id = p.id
where p.allocated is distinct from coalesce(m.total, 0)
"""

HELD = """
with kept as (
    select p.id as position_id, b.until, sum(b.units) as units
    from inventory_position p, unnest(p.held_until, p.held_units) as b(until, units)
    group by p.id, b.until
), claimed as (
    select position_id, expires_minute as until, sum(quantity) as units
    from inventory_hold where state = 'active' group by position_id, expires_minute
)
select 'position:' || position_id as subject,
       format('%s units are kept until minute %s, its holds add up to %s',
              coalesce(kept.units, 0), until, coalesce(claimed.units, 0)) as detail
from kept full join claimed using (position_id, until)
where coalesce(kept.units, 0) <> coalesce(claimed.units, 0)
"""

MOVEMENT_NUMBERS = """
select 'position:' || p.id as subject,
       format('the last movement is number %s, there are %s up to number %s',
              p.movement_no, count(m.movement_no), coalesce(max(m.movement_no), 0)) as detail
from inventory_position p left join inventory_movement m on m.position_id = p.id
group by p.id
having p.movement_no <> count(m.movement_no)
    or p.movement_no <> coalesce(max(m.movement_no), 0)
    or count(m.movement_no) <> count(distinct m.movement_no)
"""

RUNNING_BALANCE = """
select 'movement:' || position_id || '/' || movement_no as subject,
       format('it left %s on hand and %s allocated, those before it make %s and %s',
              on_hand_after, allocated_after, on_hand_sum, allocated_sum) as detail
from (
    select position_id, movement_no, on_hand_after, allocated_after,
           sum(on_hand_delta) over so_far as on_hand_sum,
           sum(allocated_delta) over so_far as allocated_sum
    from inventory_movement
    window so_far as (partition by position_id order by movement_no)
) as summed
where (on_hand_after, allocated_after) is distinct from (on_hand_sum, allocated_sum)
"""

ORPHANED_MOVEMENT = """
select 'movement:' || m.position_id || '/' || m.movement_no as subject,
       'it is of no position' as detail
from inventory_movement m
where not exists (select from inventory_position p where p.id = m.position_id)
"""

NEVER_OVERSOLD = """
select 'movement:' || position_id || '/' || movement_no as subject,
       format('%s units were promised when %s lay there and %s were promised already',
              allocated_delta, on_hand_sum, allocated_sum - allocated_delta) as detail
from (
    select position_id, movement_no, reason, allocated_delta,
           sum(on_hand_delta) over so_far as on_hand_sum,
           sum(allocated_delta) over so_far as allocated_sum
    from inventory_movement
    window so_far as (partition by position_id order by movement_no)
) as summed
where reason in ('allocate', 'confirm') and allocated_delta > 0 and allocated_sum > on_hand_sum
"""

ALLOCATIONS = """
with moved as (
    select cause_line as line_id, position_id, sum(allocated_delta) as units
    from inventory_movement where allocated_delta <> 0
    group by cause_line, position_id having sum(allocated_delta) <> 0
)
select 'allocation:' || line_id || '/' || position_id as subject,
       format('the demand line has %s units, its movements add up to %s',
              coalesce(a.quantity, 0), coalesce(moved.units, 0)) as detail
from inventory_allocation a full join moved using (line_id, position_id)
where coalesce(a.quantity, 0) <> coalesce(moved.units, 0)
"""

ALREADY_COUNTED = """
select 'movement:' || c.position_id || '/' || c.movement_no as subject,
       'it undoes no movement right before it' as detail
from inventory_movement c
left join inventory_movement m
    on m.position_id = c.position_id and m.movement_no = c.movement_no - 1
where c.reason = 'already_counted'
  and (m.on_hand_delta, m.cause_line, m.occurred_at)
      is distinct from (-c.on_hand_delta, c.cause_line, c.occurred_at)
"""

HOLD_QUANTITIES = """
select 'hold:' || id as subject,
       format('%s of %s units are left and it is %s', quantity, taken, state) as detail
from inventory_hold
where quantity > taken or (state = 'confirmed') <> (quantity = 0)
"""

AVERAGE_COST = """
with latest as (
    select distinct on (variant_id, owner_id) variant_id, owner_id, average_after_milli, change_no
    from inventory_cost_change order by variant_id, owner_id, change_no desc
)
select 'cost:' || variant_id || '/' || owner_id as subject,
       format('the average is %s after %s changes, its journal ends with %s after %s',
              c.average_milli, coalesce(c.change_no, 0), l.average_after_milli,
              coalesce(l.change_no, 0)) as detail
from inventory_cost c full join latest l using (variant_id, owner_id)
where (c.average_milli, coalesce(c.change_no, 0))
      is distinct from (l.average_after_milli, coalesce(l.change_no, 0))
"""

# An average moves with units that came, at what they cost.
COST_CAME_WITH_UNITS = """
with came as materialized (
    select p.variant_id, p.owner_id, m.cause_kind, m.cause_id, m.cause_line, m.on_hand_delta,
           m.unit_cost_milli
    from inventory_movement m join inventory_position p on p.id = m.position_id
    where m.unit_cost_milli is not null and m.on_hand_delta > 0
)
select 'cost_change:' || c.variant_id || '/' || c.owner_id || '/' || c.change_no as subject,
       format('it tells of %s units at %s by %s %s, of which no movement does', c.units_in,
              c.unit_cost_milli, c.cause_kind, c.cause_id) as detail
from inventory_cost_change c
where not exists (
    select from came
    where (came.variant_id, came.owner_id, came.cause_kind, came.cause_id, came.cause_line,
           came.on_hand_delta, came.unit_cost_milli)
        = (c.variant_id, c.owner_id, c.cause_kind, c.cause_id, c.cause_line, c.units_in,
           c.unit_cost_milli))
"""

# Half away from zero, in whole numbers: costs and units are never negative where they are blended.
COST_CHANGES = """
select 'cost_change:' || variant_id || '/' || owner_id || '/' || change_no as subject,
       format('the average went from %s to %s, expected from %s to %s', average_before_milli,
              average_after_milli, previous, expected) as detail
from (
    select *,
           lag(average_after_milli) over chain as previous,
           row_number() over chain as place,
           case when average_before_milli is null or units_before <= 0 then unit_cost_milli
                else (2 * (units_before::numeric * average_before_milli
                           + units_in::numeric * unit_cost_milli)
                      + units_before + units_in) / (2 * (units_before + units_in))
           end as expected
    from inventory_cost_change
    window chain as (partition by variant_id, owner_id order by change_no)
) as chained
where average_after_milli <> floor(expected)
   or average_before_milli is distinct from previous
   or change_no <> place
"""

# What spoke last of each position: a count, a snapshot that named it, or a complete one. A complete
# message speaks for its whole place once all its parts are applied, before that part by part. Which
# articles one has named whose parts are forgotten is not known: those that rest on it are believed.
BASELINE = """
with snapshot as (
    select m.*, m.source || '/' || m.message as key,
           m.kept_drifted is not null or m.parts = count(p.applied_at) as applied,
           m.kept_drifted is not null and count(p.part_no) = 0 as forgotten
    from inventory_feed_message m left join inventory_feed_part p on p.message_id = m.id
    where m.kind = 'snapshot' group by m.id
), complete as (
    select distinct on (location_id, condition, owner_id) *
    from snapshot where complete and applied
    order by location_id, condition, owner_id, as_of desc, key desc
), spoken as (
    select position_id, occurred_at as at, null as key
    from inventory_movement where reason = 'count'
    union all
    select p.id, c.as_of, c.key
    from complete c join inventory_position p using (location_id, condition, owner_id)
    union all
    select p.id, s.as_of, s.key
    from snapshot s
    join inventory_feed_part f on f.message_id = s.id and f.applied_at is not null
    cross join unnest(f.variant_ids) as n(variant_id)
    join inventory_position p using (location_id, condition, owner_id, variant_id)
    where not (s.complete and s.applied)
    union all
    select p.id, s.as_of, s.key
    from snapshot s
    join inventory_feed_part f on f.message_id = s.id and f.applied_at is not null
    join inventory_position p using (location_id, condition, owner_id)
    where s.complete and not s.applied
      and (f.from_variant is null or p.variant_id >= f.from_variant)
      and (f.to_variant is null or p.variant_id < f.to_variant)
    union all
    select p.id, s.as_of, s.key
    from snapshot s join inventory_position p using (location_id, condition, owner_id)
    where s.forgotten and (p.baseline_at, p.baseline_message) = (s.as_of, s.key)
    union all
    -- A position made while a message is being applied has its watermark from the start.
    select p.id, f.complete_at, f.complete_message
    from inventory_feed f join inventory_position p using (location_id, condition, owner_id)
    where (p.baseline_at, p.baseline_message) = (f.complete_at, f.complete_message)
), latest as (
    select distinct on (position_id) position_id, at,
           bool_or(key is null) as counted, array_agg(key) as keys
    from spoken group by position_id, at order by position_id, at desc
)
select 'position:' || p.id as subject,
       format('its baseline is %s of %s, the latest count or snapshot is of %s',
              p.baseline_message, p.baseline_at, l.at) as detail
from inventory_position p left join latest l on l.position_id = p.id
where p.baseline_at is distinct from l.at
   or p.baseline_at is not null and not (l.counted or p.baseline_message = any(l.keys))
"""

PROMISED = """
select 'incoming:' || i.id as subject,
       format('%s units are promised, its promises add up to %s', i.promised,
              coalesce(sum(p.quantity), 0)) as detail
from inventory_incoming i left join inventory_promise p on p.incoming_id = i.id
group by i.id having i.promised <> coalesce(sum(p.quantity), 0)
"""

RECEIVED = """
select 'incoming:' || i.id as subject,
       format('%s units are received, its receipts add up to %s', i.received,
              coalesce(sum(m.on_hand_delta), 0)) as detail
from inventory_incoming i
left join inventory_movement m
    on m.cause_line = i.id and m.cause_kind in ('incoming', 'transfer') and m.reason = 'receive'
group by i.id having i.received <> coalesce(sum(m.on_hand_delta), 0)
"""

WATERMARK = """
select 'feed:' || f.source || '/' || f.location_id as subject,
       format('complete up to %s, its complete snapshots reach %s', f.complete_at, max(m.as_of))
           as detail
from inventory_feed f
left join inventory_feed_message m
    on (m.source, m.location_id, m.condition, m.owner_id)
     = (f.source, f.location_id, f.condition, f.owner_id)
   and m.complete and (m.kept_drifted is not null or exists (
        select from inventory_feed_part p where p.message_id = m.id and p.applied_at is not null
   ))
group by f.source, f.location_id, f.condition, f.owner_id
having f.complete_at is distinct from max(m.as_of)
"""

PARTS = """
select 'supply_message:' || m.id as subject,
       format('it was cut into %s parts, %s are there', m.parts, count(p.part_no)) as detail
from inventory_feed_message m left join inventory_feed_part p on p.message_id = m.id
group by m.id
having m.parts <> count(p.part_no) and not (m.kept_drifted is not null and count(p.part_no) = 0)
"""

# Corrections are the movements a snapshot caused; of a lost part its missing sum is no drift.
DRIFT = """
select 'supply_message:' || m.id as subject,
       format('its parts tell of %s units corrected, its movements of %s',
              coalesce(m.kept_drift_units, p.units), coalesce(c.units, 0)) as detail
from inventory_feed_message m
left join (
    select message_id, sum(drift_units) as units from inventory_feed_part group by message_id
) p on p.message_id = m.id
left join (
    select cause_id, sum(abs(on_hand_delta)) as units
    from inventory_movement where reason = 'feed_snapshot' group by cause_id
) c on c.cause_id = m.id
where (p.message_id is not null or m.kept_drift_units is not null)
  and coalesce(m.kept_drift_units, p.units, 0) <> coalesce(c.units, 0)
"""

BINS = """
with spelled as (
    select b.location_id, b.variant_id, b.place, b.code, b.walk,
           (select string_agg(case when part[1] ~ '^[0-9]' then lpad(part[1], 20, '0')
                              else part[1] end, ' ' order by n)
            from regexp_matches(b.code, '[0-9]+|[A-Z]+', 'g') with ordinality as p (part, n)
           ) as way,
           row_number() over (partition by b.location_id, b.variant_id order by b.place) - 1 as nth
    from inventory_bin b
)
select 'variant:' || s.variant_id as subject,
       case when s.walk <> s.way then format('%s is walked to as %s', s.code, s.walk)
            when s.place <> s.nth then format('%s is bin %s, not %s', s.code, s.nth, s.place)
            else format('%s is a bin of nothing that can lie there', s.code) end as detail
from spelled s
left join catalog_variant v on v.id = s.variant_id
left join locations_location l on l.id = s.location_id
where s.walk <> s.way or s.place <> s.nth or v.id is null or l.id is null
"""

RULES = [
    Rule("inventory.on_hand", ON_HAND),
    Rule("inventory.allocated", ALLOCATED),
    Rule("inventory.held", HELD),
    Rule("inventory.movement_numbers", MOVEMENT_NUMBERS),
    Rule("inventory.running_balance", RUNNING_BALANCE),
    Rule("inventory.orphaned_movement", ORPHANED_MOVEMENT),
    Rule("inventory.never_oversold", NEVER_OVERSOLD),
    Rule("inventory.allocations", ALLOCATIONS),
    Rule("inventory.already_counted", ALREADY_COUNTED),
    Rule("inventory.hold_quantities", HOLD_QUANTITIES),
    Rule("inventory.average_cost", AVERAGE_COST),
    Rule("inventory.cost_changes", COST_CHANGES),
    Rule("inventory.cost_came_with_units", COST_CAME_WITH_UNITS),
    Rule("inventory.baseline", BASELINE),
    Rule("inventory.promised", PROMISED),
    Rule("inventory.received", RECEIVED),
    Rule("inventory.watermark", WATERMARK),
    Rule("inventory.parts", PARTS),
    Rule("inventory.bins", BINS),
    Rule("inventory.drift", DRIFT),
]
