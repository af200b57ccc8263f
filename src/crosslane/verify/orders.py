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

# No foreign key looks after what is written with an order, or with a line.
PARTS_HAVE_THEIR_WHOLE = """
with part as (
    select 'order line:' || id as subject, order_id, null::uuid as line_id from orders_line
    union all
    select 'order line:' || id, order_id, parent_line_id from orders_line
    where parent_line_id is not null
    union all
    select 'order charge:' || id, order_id, line_id from orders_charge
    union all
    select 'order stop:' || id, order_id, null from orders_stop
    union all
    select 'order search:' || order_id, order_id, null from orders_search
    union all
    select 'attribution of line:' || line_id, null, line_id from orders_attribution
)
select p.subject,
       case when p.order_id is not null and o.id is null
            then format('its order %s does not exist', p.order_id)
            else format('its line %s %s', p.line_id,
                        case when l.id is null then 'does not exist'
                             else 'is of another order' end) end as detail
from part p
left join orders_order o on o.id = p.order_id
left join orders_line l on l.id = p.line_id
where p.order_id is not null and o.id is null or p.line_id is not null and l.id is null
   or l.order_id <> p.order_id
"""

MOVED_ON_ITS_ORDER = """
select 'order movement:' || m.id as subject,
       format('it is of order %s, its line %s of %s', m.order_id, m.line_id,
              coalesce(l.order_id::text, 'none')) as detail
from orders_movement m left join orders_line l on l.id = m.line_id
where m.order_id is distinct from l.order_id
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

CREDIT_IS_GIVEN = """
select 'order line:' || l.id as subject,
       case when l.attributed then 'somebody has the credit for it, and nobody is named'
            else 'nobody has the credit for it, and somebody is named' end as detail
from orders_line l
where l.attributed <> exists (
    select from orders_attribution a where a.line_id = l.id and a.source not like 'return:%')
"""

# What payments told of is shown on the order, until it has moved.
MONEY_PROBLEMS = """
with handled as (
    select l.kind, (l.body ->> 'operation_id')::uuid as operation_id
    from platform_log l
    join platform_cursor c on c.reaction = 'orders.follow_money'
        and (l.epoch, l.txid, l.id) <= (c.epoch, c.txid, c.id)
    where l.kind in ('payments.CaptureFailed', 'payments.RefundFailed', 'payments.PaymentCaptured',
                     'payments.PaymentRefunded', 'payments.PaymentChargedBack')
      and not exists (
          select from platform_backlog b where b.reaction = c.reaction and b.log_id = l.id)
)
select 'payment operation:' || operation_id as subject,
       'it was refused or charged back, and its order shows no problem' as detail
from handled h
where kind in ('payments.CaptureFailed', 'payments.RefundFailed', 'payments.PaymentChargedBack')
  and not exists (
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

# Of what a location handed over no more comes back than that.
RETURNED_WITHIN_HANDED_OVER = """
with handed as (
    select line_id, to_location_id as location_id, sum(quantity) as units
    from orders_movement where to_stage = 'handed_over' group by 1, 2
), back as (
    select line_id, location_id, sum(quantity) as units from orders_credit group by 1, 2
)
select format('order line:%s at %s', line_id, location_id) as subject,
       format('%s units were handed over, %s came back', coalesce(h.units, 0), b.units) as detail
from back b left join handed h using (line_id, location_id)
where b.units > coalesce(h.units, 0)
"""

# Units that came back were credited for at most what they cost, for all of it when all did. That is
# their share of the line, with the changes of its price and the goodwill given on it.
CREDITED_AS_PAID = """
with kept as (
    select l.id, l.order_id, l.quantity::numeric, l.net_minor, l.tax_minor,
           l.quantity - coalesce((select sum(b.quantity) from orders_bucket b
                                  where b.line_id = l.id and b.stage = 'cancelled'), 0) as units
    from orders_line l
    where not l.is_bundle and exists (select from orders_credit c where c.line_id = l.id)
), cost as (
    select k.id, k.order_id, k.units,
           round(k.net_minor * k.units / k.quantity) + coalesce(c.net_minor, 0) as net_minor,
           round(k.tax_minor * k.units / k.quantity) + coalesce(c.tax_minor, 0) as tax_minor
    from kept k left join lateral (
        select sum(net_minor) as net_minor, sum(tax_minor) as tax_minor from orders_charge
        where line_id = k.id and kind in ('price_change', 'appeasement') and not cancelled
    ) c on true
), back as (
    select line_id, min(order_id::text) as order_id, count(distinct order_id) as orders,
           sum(quantity) as units, sum(net_minor) as net_minor, sum(tax_minor) as tax_minor
    from orders_credit group by line_id
)
select 'order line:' || c.id as subject,
       format('%s of %s units came back for %s and %s tax, all cost %s and %s', b.units, c.units,
              b.net_minor, b.tax_minor, c.net_minor, c.tax_minor) as detail
from cost c join back b on b.line_id = c.id
where b.orders > 1 or b.order_id <> c.order_id::text
   or case when b.units = c.units
           then b.net_minor <> c.net_minor or b.tax_minor <> c.tax_minor
           else b.net_minor + b.tax_minor not between 0 and c.net_minor + c.tax_minor end
"""

# Each credit is told of once, with its units and what was credited for them.
CREDITS_ARE_TOLD = """
with told as (
    select (l.body ->> 'order_id')::uuid as order_id, l.body ->> 'cause_kind' as cause_kind,
           (l.body ->> 'cause_id')::uuid as cause_id, (u ->> 'line_id')::uuid as line_id,
           (u ->> 'location_id')::uuid as location_id, (u ->> 'quantity')::int as quantity,
           (u ->> 'net_minor')::bigint as net_minor, (u ->> 'tax_minor')::bigint as tax_minor
    from platform_log l cross join jsonb_array_elements(l.body -> 'units') u
    where l.kind = 'orders.LinesCredited'
), kept as (
    select order_id, cause_kind, cause_id, line_id, location_id, quantity, net_minor, tax_minor
    from orders_credit
)
select format('order line:%s by %s %s', line_id, cause_kind, cause_id) as subject,
       'it is credited and not told of' as detail from (table kept except all table told) k
union all
select format('order line:%s by %s %s', line_id, cause_kind, cause_id),
       'it is told of and not credited' from (table told except all table kept) t
"""

# What was taken beyond what an order is worth goes back, unless it was refused, which is shown.
NOTHING_IS_OWED_BACK = """
with unread as (
    select (l.body ->> 'order_id')::uuid as order_id from platform_log l
    left join platform_cursor c on c.reaction = 'orders.settle_captured'
    where l.kind = 'payments.PaymentCaptured'
      and (c.reaction is null or (l.epoch, l.txid, l.id) > (c.epoch, c.txid, c.id))
    union all
    select (l.body ->> 'order_id')::uuid
    from platform_backlog b join platform_log l on l.id = b.log_id
    where b.reaction = 'orders.settle_captured'
), refused as (
    select (l.body ->> 'order_id')::uuid as order_id from platform_log l
    where l.kind in ('payments.RefundFailed', 'payments.PaymentUnresolved')
), taken as (
    select order_id, sum(captured_minor - refunded_minor - refunding_minor - charged_back_minor)
               as minor
    from payments_payment group by order_id
    having sum(captured_minor - refunded_minor - refunding_minor - charged_back_minor) > 0
), goods as (
    select order_id, sum(kept) as kept,
           sum(round(net_minor * kept / quantity) + round(tax_minor * kept / quantity)) as minor
    from (
        select l.order_id, l.net_minor, l.tax_minor, l.quantity, l.quantity - coalesce((
            select sum(b.quantity) from orders_bucket b
            where b.line_id = l.id and b.stage = 'cancelled'), 0)::numeric as kept
        from orders_line l join taken using (order_id) where not l.is_bundle
    ) each group by order_id
), worth as (
    select g.order_id, greatest(0, g.minor
        + case when g.kept > 0 then coalesce((
            select sum(gross_minor) from orders_charge
            where order_id = g.order_id and not cancelled), 0) else 0 end
        - coalesce((select sum(net_minor + tax_minor) from orders_credit
                    where order_id = g.order_id), 0)) as minor
    from goods g
)
select 'order:' || order_id as subject,
       format('%s was taken and not given back, it is worth %s', t.minor, w.minor) as detail
from taken t join worth w using (order_id)
where t.minor > w.minor
  and order_id not in (select order_id from unread)
  and order_id not in (select order_id from refused)
"""

# What is counted against the budget of a day is what was given on it.
GOODWILL_IS_COUNTED = """
with given as (
    select a.actor, (a.at at time zone m.timezone)::date as day, o.currency,
           -sum(a.gross_delta_minor) as minor
    from orders_amendment a
    join orders_order o on o.id = a.order_id
    join organization_channel c on c.id = o.channel_id
    join organization_market m on m.id = c.market_id
    where a.kind = 'appease' group by 1, 2, 3
)
select format('goodwill:%s/%s/%s', actor, day, currency) as subject,
       format('%s was given away, %s is counted', coalesce(g.minor, 0), coalesce(c.minor, 0))
           as detail
from given g full join orders_given c using (actor, day, currency)
where coalesce(g.minor, 0) <> coalesce(c.minor, 0)
"""

# An exchange waits for a return with a stop of its own amendment.
STOPS_HOLD_AMENDMENTS = """
select 'order stop:' || s.id as subject,
       format('it holds amendment %s, which its order does not have', s.amendment_no) as detail
from orders_stop s left join orders_amendment a on (a.order_id, a.no) = (s.order_id, s.amendment_no)
where s.amendment_no > 0 and a.id is null
   or s.kind = 'exchange' and (s.amendment_no = 0 or a.kind not in ('exchange', 'replacement'))
"""

RULES = [
    Rule("orders.promises_follow_waiting", PROMISES_FOLLOW_WAITING),
    Rule("orders.money_problems", MONEY_PROBLEMS),
    Rule("orders.units_conserved", UNITS_CONSERVED),
    Rule("orders.buckets_follow_journal", BUCKETS_FOLLOW_JOURNAL),
    Rule("orders.stock_backs_buckets", STOCK_BACKS_BUCKETS),
    Rule("orders.capacity_is_wanted", CAPACITY_IS_WANTED),
    Rule("orders.closed_when_settled", CLOSED_WHEN_SETTLED),
    Rule("orders.parts_have_their_whole", PARTS_HAVE_THEIR_WHOLE),
    Rule("orders.moved_on_its_order", MOVED_ON_ITS_ORDER),
    Rule("orders.bundles_share_exactly", BUNDLES_SHARE_EXACTLY),
    Rule("orders.amendments_numbered", AMENDMENTS_NUMBERED),
    Rule("orders.returned_within_handed_over", RETURNED_WITHIN_HANDED_OVER),
    Rule("orders.credited_as_paid", CREDITED_AS_PAID),
    Rule("orders.credits_are_told", CREDITS_ARE_TOLD),
    Rule("orders.nothing_is_owed_back", NOTHING_IS_OWED_BACK),
    Rule("orders.goodwill_is_counted", GOODWILL_IS_COUNTED),
    Rule("orders.stops_hold_amendments", STOPS_HOLD_AMENDMENTS),
    Rule("orders.shares_of_credit", SHARES_OF_CREDIT),
    Rule("orders.credit_is_given", CREDIT_IS_GIVEN),
]
