-- Units of articles at places, with what journal and books know of them. By doors a million
-- positions take minutes.
with laid as (
    select gen_random_uuid() as id, v.id as variant_id, l.id as location_id, e.id as owner_id,
           w.units
    from unnest($1::text[], $2::text[], $3::bigint[]) as w(sku, code, units)
    join catalog_variant v on v.sku = w.sku
    join locations_location l on l.code = w.code
    join organization_entity e on e.code = l.entity
    order by v.id, l.id
), positions as (
    insert into inventory_position
        (id, variant_id, location_id, condition, owner_id, on_hand, movement_no)
    select id, variant_id, location_id, 'sellable', owner_id, units, 1 from laid
), books as (
    insert into finance_stock (variant_id, owner_id, units, change_no, posted_minor)
    select variant_id, owner_id, sum(units), 0, 0 from laid group by variant_id, owner_id
    on conflict (variant_id, owner_id) do update
    set units = finance_stock.units + excluded.units
)
insert into inventory_movement
    (position_id, movement_no, at, occurred_at, on_hand_delta, allocated_delta, on_hand_after,
     allocated_after, reason, cause_kind, cause_id, cause_line, actor, trace)
select id, 1, now(), now(), units, 0, units, 0, 'adjust', 'bench', $4, $4, 'system', '' from laid
