"""What must hold of fulfillment: its units are the orders', parcels carry what is packed."""

from crosslane.verify import Rule

# Released, picked and packed units of an order line at a location are the open work there.
WORK_IS_BUCKETS = """
with work as (
    select l.line_id, o.location_id,
           sum(l.quantity - l.picked - l.packed - l.gone - l.removed) as released,
           sum(l.picked) as picked, sum(l.packed) as packed, sum(l.gone) as gone
    from fulfillment_line l join fulfillment_order o on o.id = l.fulfillment_order_id
    group by 1, 2
), buckets as (
    select b.line_id, b.location_id,
           coalesce(sum(b.quantity) filter (where b.stage = 'released'), 0) as released,
           coalesce(sum(b.quantity) filter (where b.stage = 'picked'), 0) as picked,
           coalesce(sum(b.quantity) filter (where b.stage = 'packed'), 0) as packed,
           coalesce(sum(b.quantity) filter (where b.stage in ('handed_over', 'delivered')), 0)
               as gone
    from orders_bucket b join orders_line l on l.id = b.line_id and l.method <> 'carry_out'
    where b.location_id <> '00000000-0000-0000-0000-000000000000'
    group by 1, 2
)
select format('order line:%s at %s', line_id, location_id) as subject,
       format('work %s/%s/%s/%s, buckets %s/%s/%s/%s (released/picked/packed/gone)',
              coalesce(w.released, 0), coalesce(w.picked, 0), coalesce(w.packed, 0),
              coalesce(w.gone, 0), coalesce(b.released, 0), coalesce(b.picked, 0),
              coalesce(b.packed, 0), coalesce(b.gone, 0)) as detail
from work w full join buckets b using (line_id, location_id)
where (coalesce(w.released, 0), coalesce(w.picked, 0), coalesce(w.packed, 0), coalesce(w.gone, 0))
   <> (coalesce(b.released, 0), coalesce(b.picked, 0), coalesce(b.packed, 0), coalesce(b.gone, 0))
"""

PARCELS_CARRY_PACKED = """
with parcels as (
    select l.fulfillment_line_id as id,
           coalesce(sum(l.quantity) filter (where p.state = 'packed'), 0) as packed,
           coalesce(sum(l.quantity) filter (where p.state in ('shipped', 'delivered')), 0) as gone
    from fulfillment_parcel_line l join fulfillment_parcel p on p.id = l.parcel_id group by 1
)
select 'fulfillment line:' || l.id as subject,
       format('%s packed and %s gone, parcels carry %s and %s', l.packed, l.gone,
              coalesce(p.packed, 0), coalesce(p.gone, 0)) as detail
from fulfillment_line l
join fulfillment_order o on o.id = l.fulfillment_order_id and o.method = 'ship'
left join parcels p on p.id = l.id
where (l.packed, l.gone) <> (coalesce(p.packed, 0), coalesce(p.gone, 0))
"""

ENDED_WHEN_DONE = """
select 'fulfillment order:' || o.id as subject,
       format('%s, with %s units left to hand over', o.state,
              sum(l.quantity - l.gone - l.removed)) as detail
from fulfillment_order o join fulfillment_line l on l.fulfillment_order_id = o.id
group by o.id, o.state, o.ended_at
having (o.ended_at is null) <> (sum(l.quantity - l.gone - l.removed) > 0)
"""

RULES = [
    Rule("fulfillment.work_is_buckets", WORK_IS_BUCKETS),
    Rule("fulfillment.parcels_carry_packed", PARCELS_CARRY_PACKED),
    Rule("fulfillment.ended_when_done", ENDED_WHEN_DONE),
]
