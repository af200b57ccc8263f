"""What must hold of sourcing: promises are counted as their parcels arrive."""

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

RULES = [Rule("sourcing.promises_are_counted", PROMISES_ARE_COUNTED)]
