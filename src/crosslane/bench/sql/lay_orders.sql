-- Orders $1 to $2 of $3, one every half minute until $4, as they would have been placed, worked on
-- and listed: by doors a million of them take an hour. The last fiftieth is still open, some are
-- held, a few of those are old; the rest was delivered or cancelled.
-- $5: ids and codes of channels, $7: of locations, $9: of variants; $11: an e-mail domain.
with numbered as (
    select k, 1 + (k * 7919) % greatest($3 / 10, 1) as buyer,
           $4::timestamptz - ($3 - k) * interval '30 seconds' as placed_at,
           1 + (case when k % 10 < 6 then 0 when k % 10 < 8 then 1 when k % 10 = 8 then 2 else 3 end)
               % cardinality($5::uuid[]) as channel,
           1 + (case when k % 5 < 4 then k % 6 else k / 5 end) % cardinality($7::uuid[]) as place,
           1 + (k / 3) % cardinality($7::uuid[]) as other_place,
           1 + (case when k % 10 = 0 then 0 else k * 31 end) % cardinality($9::uuid[]) as article,
           k % 40 = 0 as cancelled,
           (k % 10 not in (6, 7) and ($3 - k < $3 / 50 or k % greatest($3 / 8, 1) = 1)) as recent
    from generate_series($1::bigint, $2::bigint) k
), o as materialized (
    select *, recent and not cancelled as open,
           recent and not cancelled and (k % 97 = 0 or k % greatest($3 / 8, 1) = 1) as held,
           recent and not cancelled and k % 50 = 3 as waiting,
           channel <> 2 and k % 23 = 0 and place <> other_place as split,
           case when channel = 2 then 'carry_out' when k % 7 = 0 then 'pickup' else 'ship' end
               as method,
           format('0000000a-0000-7000-8000-%s', lpad(to_hex(k), 12, '0'))::uuid as id,
           format('0000000b-0000-7000-8000-%s', lpad(to_hex(k), 12, '0'))::uuid as line_id,
           format('0000000c-0000-7000-8000-%s', lpad(to_hex(k), 12, '0'))::uuid as second_id,
           format('0000000d-0000-7000-8000-%s', lpad(to_hex(buyer), 12, '0'))::uuid as customer_id,
           format('0000000e-0000-7000-8000-%s', lpad(to_hex(k), 12, '0'))::uuid as work_id
    from numbered
), buyers as (
    insert into customers_customer (id, kind, name, customer_group, locale, guest, created_at)
    select distinct on (customer_id) customer_id, 'person',
           format('Person%s Family%s', buyer, buyer % 997), 'retail', 'en-GB', false, placed_at
    from o order by customer_id, k on conflict do nothing
), identities as (
    insert into customers_identity (kind, value, channel, customer_id, created_at)
    select kind, value, '', customer_id, at from (
        select distinct on (customer_id) customer_id, buyer, placed_at as at
        from o order by customer_id, k
    ) one cross join lateral (
        values ('email', format('person%s@%s', buyer, $11::text)),
               ('phone', format('+4479%s', lpad(buyer::text, 8, '0')))
    ) as told(kind, value)
    on conflict do nothing
), heads as (
    insert into orders_order
        (id, number, channel_id, source_id, channel, entity, brand, market, currency, locale,
         customer_id, placed_at, recorded_at, service, version, closed_at, placed_by)
    select id, 'bench-' || k, ($5::uuid[])[channel], 'SRC' || k, ($6::text[])[channel], 'mf',
           'marlow', 'gb', 'GBP', 'en-GB', customer_id, placed_at, placed_at, '', 3,
           case when not open then placed_at + interval '1 day' end, 'system:crosslane'
    from o
), parts as materialized (
    select line_id, id as order_id, 1 as position, place, true as first, k, article, method, open,
           waiting, cancelled, placed_at, work_id
    from o
    union all
    select second_id, id, 2, case when split then other_place else place end, false, k,
           1 + (article + 17) % cardinality($9::uuid[]), method, open, false, cancelled, placed_at,
           work_id
    from o where k % 2 = 0 or split
), lines as (
    insert into orders_line
        (id, order_id, position, cause, variant_id, sku, title, quantity, method, store_id,
         unit_price_milli, net_minor, tax_minor, gross_minor, tax_rate_bp, tax_class, jurisdiction,
         price_reasons, promised_at, first_promised_at)
    select line_id, order_id, position, 'cart', ($9::uuid[])[article], ($10::text[])[article],
           'Article ' || ($10::text[])[article], 1 + k % 3, method,
           case when method <> 'ship' then ($7::uuid[])[place] end, 500000,
           500 * (1 + k % 3), 100 * (1 + k % 3), 600 * (1 + k % 3), 2000, 'standard', 'GB', '{}',
           promised_at, promised_at
    from parts cross join lateral (
        select case when method <> 'carry_out' then placed_at + interval '2 days' end as promised_at
    ) as date
), buckets as (
    insert into orders_bucket (line_id, location_id, stage, quantity)
    select line_id,
           case when cancelled or first and waiting then '00000000-0000-0000-0000-000000000000'
                else ($7::uuid[])[place] end,
           case when cancelled then 'cancelled' when first and waiting then 'backordered'
                when open then 'released' when method = 'carry_out' then 'handed_over'
                else 'delivered' end,
           1 + k % 3
    from parts
), stops as (
    insert into orders_stop (id, order_id, kind, reason, raised_at, raised_by)
    select id, id, case when k % 2 = 0 then 'address' else 'fraud' end, 'look at it', placed_at,
           'system:crosslane'
    from o where held
), searches as (
    insert into orders_search (order_id, words)
    select order_id, to_tsvector('simple', format(
               'SRC%s %s', k, string_agg(($10::text[])[article], ' ' order by position)))
    from parts group by order_id, k
), works as (
    insert into fulfillment_order
        (id, order_id, order_number, channel, locale, location_id, method, service, state,
         placed_at, offered_at)
    select work_id, id, 'bench-' || k, ($6::text[])[channel], 'en-GB', ($7::uuid[])[place], 'ship',
           '', 'shipped', placed_at, placed_at
    from o where not open and not cancelled and method = 'ship'
), parcels as (
    insert into fulfillment_parcel
        (id, fulfillment_order_id, number, weight_grams, state, tracking_number, packed_at,
         location_id)
    select work_id, work_id, 1, 500, 'delivered', 'TRK' || k, placed_at, ($7::uuid[])[place]
    from o where not open and not cancelled and method = 'ship'
), facets as materialized (
    select o.id, o.placed_at, o.k, case when o.open and o.method <> 'carry_out'
                                    then o.placed_at + interval '2 days' end as due_at,
           k % 15 = 0 as touched, case when method = 'ship' then 400000 + k % 100000 end as milli,
           array_remove(array[
               'channel:' || ($6::text[])[channel], 'method:' || method,
               'status:' || case when cancelled then 'cancelled' when held then 'on_hold'
                                 when open then case when waiting and not (k % 2 = 0 or split)
                                                     then 'backordered' else 'in_progress' end
                                 when method = 'carry_out' then 'handed_over'
                                 else 'delivered' end,
               case when not cancelled and (not waiting or method <> 'ship')
                         or method <> 'ship' or waiting and (k % 2 = 0 and not split)
                    then 'location:' || ($8::text[])[place] end,
               case when split and (not cancelled or method <> 'ship')
                    then 'location:' || ($8::text[])[other_place] end,
               case when held then 'held' end,
               case when held then 'stop:' || case when k % 2 = 0 then 'address' else 'fraud' end end,
               case when open then 'open' end, case when waiting then 'waiting' end,
               case when split and method = 'ship' and not cancelled and not waiting then 'split' end,
               case when k % 15 = 0 then 'touched' end,
               case when method = 'ship' then 'cost:GBP' end,
               case when method = 'ship' and not open and not cancelled
                    then case when k % 33 = 0 then 'promise:missed' else 'promise:kept' end end
           ], null) as facets
    from o
), listed as (
    insert into insights_order (order_id, placed_at, facets, due_at, planned_milli, touched)
    select id, placed_at, facets, due_at, milli, touched from facets
), counted as (
    insert into insights_hour as h (facet, hour, orders, planned_milli)
    select facet, date_trunc('hour', placed_at, 'UTC'), count(*),
           coalesce(sum(milli) filter (where facet like 'cost:%'), 0)
    from facets cross join unnest(facets) facet where facet not like 'location:%' group by 1, 2
    on conflict (facet, hour) do update
    set orders = h.orders + excluded.orders,
        planned_milli = h.planned_milli + excluded.planned_milli
)
insert into insights_facet (facet, placed_at, order_id)
select facet, placed_at, id from facets cross join unnest(facets) facet
where facet not like 'cost:%'
