"""What must hold of fulfillment: its units are the orders', parcels carry what is packed."""

from crosslane.verify import Rule

# Released, picked and packed units of an order line at a location are the open work there.
WORK_IS_BUCKETS = """
with work as (
    select l.line_id, o.location_id,
           sum(l.quantity - l.picked - l.packed - l.gone - l.passed - l.removed) as released,
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

# A parcel to a customer is gone when it leaves, one to a store is packed until it is there.
PARCELS_CARRY_PACKED = """
with parcels as (
    select l.fulfillment_line_id as id,
           coalesce(sum(l.quantity) filter (where p.state = 'packed'), 0) as packed,
           coalesce(sum(l.quantity) filter (where p.state = 'shipped'), 0) as shipped,
           coalesce(sum(l.quantity) filter (where p.state = 'delivered'), 0) as delivered
    from fulfillment_parcel_line l join fulfillment_parcel p on p.id = l.parcel_id group by 1
), expected as (
    select l.id, l.packed, l.gone + l.passed as away,
           coalesce(p.packed, 0) + case o.method when 'ship' then 0 else coalesce(p.shipped, 0) end
               as in_parcels,
           coalesce(p.delivered, 0) + case o.method when 'ship' then coalesce(p.shipped, 0) else 0
               end as arrived
    from fulfillment_line l
    join fulfillment_order o on o.id = l.fulfillment_order_id and o.method <> 'pickup'
    left join parcels p on p.id = l.id
)
select 'fulfillment line:' || id as subject,
       format('%s packed and %s gone, parcels carry %s and %s', packed, away, in_parcels, arrived)
           as detail
from expected where (packed, away) <> (in_parcels, arrived)
"""

ENDED_WHEN_DONE = """
select 'fulfillment order:' || o.id as subject,
       format('%s, with %s units left to hand over', o.state,
              sum(l.quantity - l.gone - l.passed - l.removed)) as detail
from fulfillment_order o join fulfillment_line l on l.fulfillment_order_id = o.id
group by o.id, o.state, o.ended_at
having (o.ended_at is null) <> (sum(l.quantity - l.gone - l.passed - l.removed) > 0)
"""

# A parcel on its way holds at least the units still wanted; the rest was cancelled on the way.
TRANSFERS_CARRY_WANTED = """
select 'parcel:' || p.id as subject,
       format('%s units of line %s are wanted, %s were sent', l.quantity, l.fulfillment_line_id,
              coalesce(sum(t.quantity), 0)) as detail
from fulfillment_parcel p
join fulfillment_order o on o.id = p.fulfillment_order_id and o.method = 'ship_to_store'
join fulfillment_parcel_line l on l.parcel_id = p.id
left join fulfillment_transfer t
    on t.parcel_id = p.id and t.fulfillment_line_id = l.fulfillment_line_id
where p.state in ('shipped', 'delivered')
group by p.id, l.fulfillment_line_id, l.quantity
having l.quantity > coalesce(sum(t.quantity), 0)
"""

# Units cancelled on the way become open stock of the store when they arrive, all of them.
TRANSFERS_ARRIVE = """
with surplus as (
    select p.fulfillment_order_id as work_id, t.fulfillment_line_id as work_line_id,
           sum(t.quantity) - sum(l.quantity) as units
    from fulfillment_parcel p
    join (
        select parcel_id, fulfillment_line_id, sum(quantity) as quantity
        from fulfillment_transfer group by 1, 2
    ) t on t.parcel_id = p.id
    join fulfillment_parcel_line l
        on l.parcel_id = p.id and l.fulfillment_line_id = t.fulfillment_line_id
    where p.state = 'delivered' group by 1, 2
), received as (
    select cause_id as work_id, cause_line as work_line_id, sum(on_hand_delta) as units
    from inventory_movement where cause_kind = 'store_parcel' and reason = 'receive' group by 1, 2
)
select 'fulfillment line:' || work_line_id as subject,
       format('%s units were cancelled on the way, %s became open stock', coalesce(s.units, 0),
              coalesce(r.units, 0)) as detail
from surplus s full join received r using (work_id, work_line_id)
where coalesce(s.units, 0) <> coalesce(r.units, 0)
"""

RULES = [
    Rule("fulfillment.work_is_buckets", WORK_IS_BUCKETS),
    Rule("fulfillment.parcels_carry_packed", PARCELS_CARRY_PACKED),
    Rule("fulfillment.ended_when_done", ENDED_WHEN_DONE),
    Rule("fulfillment.transfers_carry_wanted", TRANSFERS_CARRY_WANTED),
    Rule("fulfillment.transfers_arrive", TRANSFERS_ARRIVE),
]
