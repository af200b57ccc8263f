"""What must hold of sourcing: promises are counted as their parcels arrive, prices pay."""

from crosslane.verify import Rule

PROMISES_ARE_COUNTED = """
with arrived as (
    select o.service, o.location_id, count(*) as parcels
    from fulfillment_parcel p join fulfillment_order o on o.id = p.fulfillment_order_id
    where p.state = 'delivered' and o.method = 'ship' and o.promised_at is not null
    group by 1, 2
)
select format('location:%s service %s', location_id, service) as subject,
       format('%s promises are counted, %s promised parcels have arrived',
              coalesce(k.promised, 0), coalesce(a.parcels, 0)) as detail
from sourcing_kept k full join arrived a using (service, location_id)
where coalesce(k.promised, 0) <> coalesce(a.parcels, 0)
"""

PRICES_OF_LAST_RUN = """
with last as (select id from sourcing_price_run order by at desc, id desc limit 1)
select subject, format('it is of estimate %s, the last one is %s', run_id, last.id) as detail
from (
    select 'price:' || variant_id as subject, run_id from sourcing_price
    union all
    select 'capacity_price:' || location_id, run_id from sourcing_capacity_price
) as priced cross join last
where priced.run_id <> last.id
"""

PRICES_THAT_PAY = """
select 'price_run:' || r.id as subject,
       format('%s %% of the prices cost %s on fresh futures, none cost %s', scale_percent,
              case scale_percent when 100 then full_milli else half_milli end, myopic_milli)
           as detail
from sourcing_price_run r
where scale_percent > 0
  and case scale_percent when 100 then full_milli else half_milli end >= myopic_milli
union all
select 'price_run:' || r.id, 'it found prices that do not pay, and some are published'
from sourcing_price_run r
where scale_percent = 0
  and (exists (select from sourcing_price p where p.run_id = r.id)
       or exists (select from sourcing_capacity_price c where c.run_id = r.id))
"""

PRICED_PLACE = """
select 'price:' || p.variant_id as subject,
       'location ' || l.id || ' does not exist' as detail
from sourcing_price p cross join unnest(p.location_ids) as l(id)
where not exists (select from locations_location o where o.id = l.id)
union all
select 'price:' || p.variant_id, 'there is no such variant'
from sourcing_price p
where not exists (select from catalog_variant v where v.id = p.variant_id)
union all
select 'capacity_price:' || c.location_id, 'there is no such location'
from sourcing_capacity_price c
where not exists (select from locations_location o where o.id = c.location_id)
"""

RULES = [
    Rule("sourcing.promises_are_counted", PROMISES_ARE_COUNTED),
    Rule("sourcing.prices_of_last_run", PRICES_OF_LAST_RUN),
    Rule("sourcing.prices_that_pay", PRICES_THAT_PAY),
    Rule("sourcing.priced_place", PRICED_PLACE),
]
