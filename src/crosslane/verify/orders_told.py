"""What must hold between orders, what the log and callers were told of them, and the shelves."""

from crosslane.verify import Rule

# What was placed with an order came with its head: later lines are of amendments, later charges of
# another moment or kind.
PLACED_IS_TOLD = """
with told as (
    select (body ->> 'order_id')::uuid as id, (body ->> 'lines')::bigint as lines,
           (body ->> 'gross_minor')::numeric as gross_minor, body ->> 'currency' as currency,
           body ->> 'channel' as channel
    from platform_log where kind = 'orders.OrderPlaced'
), lines as (
    select order_id as id, count(*) as lines,
           coalesce(sum(gross_minor) filter (where not is_bundle), 0) as gross_minor
    from orders_line where amendment_no = 0 group by 1
), charges as (
    select o.id, sum(c.gross_minor) as gross_minor
    from orders_order o
    join orders_charge c on (c.order_id, c.recorded_at) = (o.id, o.recorded_at)
    where c.kind = 'shipping' and c.cause_kind = '' group by 1
), kept as (
    select o.id, coalesce(l.lines, 0) as lines, o.currency, o.channel,
           coalesce(l.gross_minor, 0) + coalesce(c.gross_minor, 0) as gross_minor
    from orders_order o left join lines l using (id) left join charges c using (id)
)
select 'order:' || id as subject,
       format('it was placed with %s lines for %s %s in %s, told are %s for %s %s in %s', k.lines,
              k.gross_minor, k.currency, k.channel, t.lines, t.gross_minor, t.currency, t.channel)
           as detail
from kept k full join told t using (id)
where (k.lines, k.gross_minor, k.currency, k.channel)
      is distinct from (t.lines, t.gross_minor, t.currency, t.channel)
"""

STOPS_ARE_TOLD = """
with told as (
    select (body ->> 'stop_id')::uuid as id, (body ->> 'order_id')::uuid as order_id,
           body ->> 'stop_kind' as kind,
           count(*) filter (where l.kind = 'orders.StopRaised') as raised,
           count(*) filter (where l.kind = 'orders.StopResolved') as resolved
    from platform_log l where l.kind in ('orders.StopRaised', 'orders.StopResolved')
    group by 1, 2, 3
), kept as (
    select id, order_id, kind, 1 as raised, case when resolved_at is null then 0 else 1 end
               as resolved
    from orders_stop
)
select 'order stop:' || id as subject,
       format('it is a %s of order %s, lifted %s times; told is a %s of %s, raised %s times and '
              'lifted %s', k.kind, k.order_id, k.resolved, t.kind, t.order_id, t.raised, t.resolved)
           as detail
from kept k full join told t using (id)
where (k.order_id, k.kind, k.raised, k.resolved)
      is distinct from (t.order_id, t.kind, t.raised, t.resolved)
"""

# Of a cancellation its units are told.
AMENDMENTS_ARE_TOLD = """
with told as (
    select (body ->> 'order_id')::uuid as order_id, (body ->> 'amendment_no')::int as no,
           body ->> 'amendment_kind' as kind,
           (body ->> 'gross_delta_minor')::bigint as gross_delta_minor
    from platform_log where kind = 'orders.OrderAmended'
), kept as (
    select order_id, no, kind, gross_delta_minor from orders_amendment where kind <> 'cancel'
)
select 'order:' || order_id as subject,
       format('amendment %s is a %s of %s, told is a %s of %s', no, k.kind, k.gross_delta_minor,
              t.kind, t.gross_delta_minor) as detail
from kept k full join told t using (order_id, no)
where (k.kind, k.gross_delta_minor) is distinct from (t.kind, t.gross_delta_minor)
"""

# What was handed over has left the shelf of where it was; what goes to a store has left that of
# where it was sent from, and leaves that of the store as well once it is handed over there.
GOODS_LEFT_STOCK = """
with shipped as (
    select m.cause_line as line_id, p.location_id, -sum(m.on_hand_delta) as units
    from inventory_movement m join inventory_position p on p.id = m.position_id
    where m.reason = 'ship' and m.cause_kind = 'order' group by 1, 2
), gone as (
    select line_id, location_id, sum(quantity) as units from (
        select line_id, location_id, quantity from orders_bucket
        where stage in ('handed_over', 'delivered')
        union all
        select l.line_id, o.location_id, t.quantity
        from fulfillment_transfer t
        join fulfillment_line l on l.id = t.fulfillment_line_id
        join fulfillment_order o on o.id = l.fulfillment_order_id
    ) away group by 1, 2
)
select format('order line:%s at %s', line_id, location_id) as subject,
       format('%s units are gone, %s have left the shelf', coalesce(g.units, 0),
              coalesce(s.units, 0)) as detail
from gone g full join shipped s using (line_id, location_id)
where coalesce(g.units, 0) <> coalesce(s.units, 0)
"""

# Whoever asks again under the same key is told of the same order.
ANSWERS_ARE_TRUE = """
select 'answer:' || a.key as subject,
       format('it tells of order %s, which %s', a.result ->> 'number',
              case when o.id is null then 'does not exist' else 'is ' || o.number end) as detail
from (select key, answer -> 'result' as result from platform_idempotency) a
left join orders_order o on o.id::text = a.result ->> 'id'
where a.result ?& array['id', 'number', 'source_id', 'gross_minor', 'lines']
  and o.number is distinct from a.result ->> 'number'
"""

# Lists find an order by its channel, and people by what they remember of it.
CAN_BE_FOUND = """
select 'order:' || o.id as subject,
       case when s.order_id is null then 'no search finds it'
            else format('it says channel %s, which is %s', o.channel,
                        coalesce(c.code, 'missing')) end as detail
from orders_order o
left join orders_search s on s.order_id = o.id
left join organization_channel c on c.id = o.channel_id
where s.order_id is null or c.code is distinct from o.channel
"""

RULES = [
    Rule("orders.placed_is_told", PLACED_IS_TOLD),
    Rule("orders.stops_are_told", STOPS_ARE_TOLD),
    Rule("orders.amendments_are_told", AMENDMENTS_ARE_TOLD),
    Rule("orders.goods_left_stock", GOODS_LEFT_STOCK),
    Rule("orders.answers_are_true", ANSWERS_ARE_TRUE),
    Rule("orders.can_be_found", CAN_BE_FOUND),
]
