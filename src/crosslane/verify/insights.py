"""What must hold of lists: facets stand both ways, hours count them, and both fit the orders.

The reaction lags behind the log, so an order is judged only when all that is told of it was read.
"""

from crosslane.verify import Rule

FACETS_BOTH_WAYS = """
with here as (
    select order_id, placed_at, t as facet from insights_order cross join unnest(facets) t
    where split_part(t, ':', 1) <> 'cost'
)
select 'order:' || coalesce(h.order_id, x.order_id) as subject,
       format('%s stands %s alone', coalesce(h.facet, x.facet),
              case when x.order_id is null then 'with the order' else 'by the facet' end) as detail
from here h full join insights_facet x
    on (x.order_id, x.facet, x.placed_at) = (h.order_id, h.facet, h.placed_at)
where h.order_id is null or x.order_id is null
"""

HOURS_ADD_UP = """
with counted as (
    select t as facet, date_bin('1 hour', placed_at, '2000-01-01 00:00:00+00') as hour,
           count(*) as orders,
           coalesce(sum(planned_milli) filter (where split_part(t, ':', 1) = 'cost'), 0) as milli
    from insights_order cross join unnest(facets) t
    where split_part(t, ':', 1) <> 'location' group by 1, 2
)
select format('hour:%s %s', coalesce(c.facet, h.facet), coalesce(c.hour, h.hour)) as subject,
       format('%s orders for %s, counted %s for %s', h.orders, h.planned_milli, c.orders, c.milli)
           as detail
from counted c full join insights_hour h using (facet, hour)
where (h.orders, h.planned_milli) is distinct from (c.orders, c.milli)
"""

# The names and figures a list goes by, worked out anew from stages, stops and lines, for all orders
# together: asked order by order, each would look through the lines of all of them.
AS_THE_ORDERS_ARE = """
with units as (
    select l.order_id, l.method, l.promised_at, b.location_id, b.stage
    from orders_line l join orders_bucket b on b.line_id = l.id where not l.is_bundle
), whereabouts as (
    select order_id, location_id from units
    union
    select order_id, store_id from orders_line where store_id is not null
), facets as (
    select id as order_id, 'channel:' || channel as facet from orders_order
    union select id, 'open' from orders_order where closed_at is null
    union select order_id, 'method:' || method from orders_line where not is_bundle
    union select w.order_id, 'location:' || p.code
        from whereabouts w join locations_location p on p.id = w.location_id
    union select s.order_id, t
        from orders_stop s join orders_order o on o.id = s.order_id
        cross join unnest(array['stop:' || s.kind, 'held']) t
        where s.resolved_at is null and s.kind not in ('gathering', 'grace')
          and o.closed_at is null
    union select order_id, 'waiting' from units where stage in ('open', 'backordered')
    union select order_id, 'returned' from orders_credit
    union select order_id, 'split' from units
        where method = 'ship' and location_id <> '00000000-0000-0000-0000-000000000000'
        group by order_id having count(distinct location_id) > 1
    union select order_id, 'money:problem' from orders_money_problem where resolved_at is null
), listed as (
    select order_id, array_agg(facet order by facet) as facets from facets group by order_id
), due as (
    select order_id, min(promised_at) as due_at from units
    where stage not in ('handed_over', 'delivered', 'cancelled') group by order_id
), expected as (
    select o.id, o.placed_at, f.facets, d.due_at
    from orders_order o
    join listed f on f.order_id = o.id
    left join due d on d.order_id = o.id
    where 'order:' || o.id not in (
        select l.subject from platform_log l
        join platform_cursor p on p.reaction = 'insights.keep_lists'
        where (l.epoch, l.txid, l.id) > (p.epoch, p.txid, p.id)
    ) and exists (select from platform_cursor where reaction = 'insights.keep_lists')
      and not exists (select from platform_backlog where reaction = 'insights.keep_lists')
), known as (
    select order_id, placed_at, due_at, array(
        select t from unnest(facets) t
        where split_part(t, ':', 1) in ('channel', 'method', 'location', 'stop', 'held', 'open',
                                        'waiting', 'returned', 'split') or t = 'money:problem'
        order by 1
    ) as facets
    from insights_order
)
select 'order:' || e.id as subject,
       format('listed by %s until %s, it is %s until %s', k.facets, k.due_at, e.facets, e.due_at)
           as detail
from expected e left join known k on k.order_id = e.id
where (e.facets, e.due_at, e.placed_at) is distinct from (k.facets, k.due_at, k.placed_at)
"""

RULES = [
    Rule("insights.facets_both_ways", FACETS_BOTH_WAYS),
    Rule("insights.hours_add_up", HOURS_ADD_UP),
    Rule("insights.as_the_orders_are", AS_THE_ORDERS_ARE),
]
