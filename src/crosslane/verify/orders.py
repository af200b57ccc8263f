"""What must hold of orders: units are conserved, buckets follow their journal, stock backs them."""

from crosslane.verify import Rule

UNITS_CONSERVED = """
select 'order line:' || l.id as subject,
       format('%s units ordered, %s in its buckets', l.quantity, coalesce(sum(b.quantity), 0))
           as detail
from orders_line l left join orders_bucket b on b.line_id = l.id
where not l.is_bundle
group by l.id, l.quantity
having coalesce(sum(b.quantity), 0) <> l.quantity
"""

# A line begins with all its units open; every movement takes from one bucket and adds to another.
BUCKETS_FOLLOW_JOURNAL = """
with journal as (
    select id as line_id, '00000000-0000-0000-0000-000000000000'::uuid as location_id,
           'open' as stage, quantity as units
    from orders_line where not is_bundle
    union all
    select line_id, from_location_id, from_stage, -quantity from orders_movement
    union all
    select line_id, to_location_id, to_stage, quantity from orders_movement
), expected as (
    select line_id, location_id, stage, sum(units) as units
    from journal group by 1, 2, 3 having sum(units) <> 0
)
select format('bucket:%s/%s/%s', line_id, location_id, stage) as subject,
       format('%s units by the journal, %s in the bucket', coalesce(e.units, 0),
              coalesce(b.quantity, 0)) as detail
from expected e full join orders_bucket b using (line_id, location_id, stage)
where coalesce(e.units, 0) <> coalesce(b.quantity, 0)
"""

# Packed units on their way to a store have left their source and lie nowhere: no stock backs them.
STOCK_BACKS_BUCKETS = """
with in_transit as (
    select l.line_id, o.location_id, sum(c.quantity) as units
    from fulfillment_order o
    join fulfillment_parcel p on p.fulfillment_order_id = o.id and p.state = 'shipped'
    join fulfillment_parcel_line c on c.parcel_id = p.id
    join fulfillment_line l on l.id = c.fulfillment_line_id
    where o.method = 'ship_to_store' group by 1, 2
), promised as (
    select line_id, location_id, sum(quantity) - coalesce(max(t.units), 0) as units
    from orders_bucket left join in_transit t using (line_id, location_id)
    where stage in ('allocated', 'released', 'picked', 'packed') group by 1, 2
), backed as (
    select a.line_id, p.location_id, sum(a.quantity) as units
    from inventory_allocation a join inventory_position p on p.id = a.position_id
    where a.cause_kind = 'order' group by 1, 2
)
select format('order line:%s at %s', line_id, location_id) as subject,
       format('%s units promised, %s allocated in stock', coalesce(p.units, 0),
              coalesce(b.units, 0)) as detail
from promised p full join backed b using (line_id, location_id)
where coalesce(p.units, 0) <> coalesce(b.units, 0)
"""

CLOSED_WHEN_SETTLED = """
select 'order:' || o.id as subject,
       case when o.closed_at is null then 'nothing is left to do, yet it is open'
            else 'it is closed, yet units are left to hand over' end as detail
from orders_order o
join orders_line l on l.order_id = o.id and not l.is_bundle
join orders_bucket b on b.line_id = l.id
group by o.id, o.closed_at
having (o.closed_at is null) <> (coalesce(sum(b.quantity) filter (
    where b.stage not in ('handed_over', 'delivered', 'cancelled')), 0) > 0)
"""

BUNDLES_SHARE_EXACTLY = """
select 'order line:' || p.id as subject,
       format('%s net and %s tax, its components %s and %s', p.net_minor, p.tax_minor,
              sum(c.net_minor), sum(c.tax_minor)) as detail
from orders_line p join orders_line c on c.parent_line_id = p.id
where p.is_bundle
group by p.id, p.net_minor, p.tax_minor
having sum(c.net_minor) <> p.net_minor or sum(c.tax_minor) <> p.tax_minor
"""

AMENDMENTS_NUMBERED = """
select 'order:' || order_id as subject,
       format('%s amendments, the last is number %s', count(*), max(no)) as detail
from orders_amendment group by order_id having max(no) <> count(*)
"""

SHARES_OF_CREDIT = """
select 'order line:' || line_id as subject,
       format('%s basis points of %s are given away', sum(share_bp), role) as detail
from orders_attribution group by line_id, role having sum(share_bp) > 10000
"""

EVENTS_NUMBERED = """
select subject, format('%s events, the last is number %s', count(*), max(subject_no)) as detail
from platform_log group by subject
having count(*) <> max(subject_no) or count(distinct subject_no) <> count(*)
"""

# What payments told of is shown on the order, until it has moved.
MONEY_PROBLEMS = """
with handled as (
    select l.kind, (l.body ->> 'operation_id')::uuid as operation_id
    from platform_log l
    join platform_cursor c on c.reaction = 'orders.follow_money'
        and (l.epoch, l.txid, l.id) <= (c.epoch, c.txid, c.id)
    where l.kind in ('payments.CaptureFailed', 'payments.RefundFailed', 'payments.PaymentCaptured',
                     'payments.PaymentRefunded')
      and not exists (
          select from platform_backlog b where b.reaction = c.reaction and b.log_id = l.id)
)
select 'payment operation:' || operation_id as subject,
       'it was refused, and its order shows no problem' as detail
from handled h
where kind in ('payments.CaptureFailed', 'payments.RefundFailed') and not exists (
    select from orders_money_problem p where p.operation_id = h.operation_id)
union all
select 'payment operation:' || operation_id, 'it was done, and its order shows it as a problem'
from handled h join orders_money_problem p using (operation_id)
where h.kind in ('payments.PaymentCaptured', 'payments.PaymentRefunded') and p.resolved_at is null
"""

# Whoever has left a location without anything sent from there has given its place in the day back.
CAPACITY_IS_WANTED = """
select format('order:%s at %s on %s', t.holder, t.location_id, t.day) as subject,
       format('%s parcels are claimed, and it supplies nothing', t.parcels) as detail
from locations_capacity_move t
where t.kind = 'take' and t.holder is not null
  and not exists (
      select from locations_capacity_move r where r.kind = 'return'
          and (r.day, r.location_id, r.cause) = (t.day, t.location_id, t.cause))
  and not exists (
      select from orders_line l join orders_bucket b on b.line_id = l.id
      where l.order_id = t.holder and b.location_id = t.location_id)
  and not exists (
      select from orders_movement m where m.order_id = t.holder
          and m.from_location_id = t.location_id and m.from_stage = 'packed'
          and m.to_stage in ('packed', 'handed_over'))
"""

# Units on their way are promised only to what waits, and a date is told only when all of it is on
# its way; judged once everything that could change it has been handled.
PROMISES_FOLLOW_WAITING = """
with unread as (
    select from platform_log l
    left join platform_cursor c on c.reaction = 'orders.keep_promises'
    where l.kind in ('inventory.PromiseArrived', 'inventory.IncomingChanged',
                     'inventory.IncomingFreed', 'orders.LinesBackordered', 'orders.LinesCancelled',
                     'orders.LinesResourced')
      and (c.reaction is null or (l.epoch, l.txid, l.id) > (c.epoch, c.txid, c.id))
    union all
    select from platform_backlog where reaction = 'orders.keep_promises'
), promised as (
    select line_id, sum(quantity) as units from inventory_promise
    where cause_kind = 'order' group by line_id
), waiting as (
    select l.id as line_id, l.promised_at, sum(b.quantity) as units
    from orders_line l join orders_bucket b on b.line_id = l.id
    where b.stage = 'backordered' group by l.id
)
select 'order line:' || line_id as subject,
       format('%s units wait and %s on their way are promised, the date is %s',
              coalesce(w.units, 0), coalesce(p.units, 0),
              coalesce(w.promised_at::text, 'none')) as detail
from waiting w full join promised p using (line_id)
where not exists (select from unread)
  and (coalesce(p.units, 0) > coalesce(w.units, 0)
       or w.promised_at is not null and coalesce(p.units, 0) < w.units)
"""

RULES = [
    Rule("orders.promises_follow_waiting", PROMISES_FOLLOW_WAITING),
    Rule("orders.money_problems", MONEY_PROBLEMS),
    Rule("orders.units_conserved", UNITS_CONSERVED),
    Rule("orders.buckets_follow_journal", BUCKETS_FOLLOW_JOURNAL),
    Rule("orders.stock_backs_buckets", STOCK_BACKS_BUCKETS),
    Rule("orders.capacity_is_wanted", CAPACITY_IS_WANTED),
    Rule("orders.closed_when_settled", CLOSED_WHEN_SETTLED),
    Rule("orders.bundles_share_exactly", BUNDLES_SHARE_EXACTLY),
    Rule("orders.amendments_numbered", AMENDMENTS_NUMBERED),
    Rule("orders.shares_of_credit", SHARES_OF_CREDIT),
    Rule("orders.events_numbered", EVENTS_NUMBERED),
]
