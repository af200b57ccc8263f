"""What must hold of vendors: figures are what messages told, problems are shown, nothing twice."""

from crosslane.verify import Rule

SHIPPED_IS_PARCELS = """
with sent as (
    select p.purchase_order_id, l.line_id, sum(l.quantity) as units
    from vendors_parcel_line l join vendors_parcel p on p.id = l.parcel_id group by 1, 2
)
select format('purchase order:%s line %s', purchase_order_id, line_id) as subject,
       format('%s units are shipped, its parcels hold %s', coalesce(l.shipped, 0),
              coalesce(s.units, 0)) as detail
from vendors_order_line l full join sent s using (purchase_order_id, line_id)
where coalesce(l.shipped, 0) <> coalesce(s.units, 0)
"""

SHORT_IS_TOLD = """
with told as (
    select m.purchase_order_id, (x ->> 'line_id')::uuid as line_id,
           sum((x ->> 'quantity')::bigint) as units
    from vendors_message m cross join jsonb_array_elements(m.body -> 'lines') x
    where m.type = 'short' and m.state = 'applied' group by 1, 2
)
select format('purchase order:%s line %s', purchase_order_id, line_id) as subject,
       format('%s units are short, messages told of %s', coalesce(l.short, 0),
              coalesce(t.units, 0)) as detail
from vendors_order_line l full join told t using (purchase_order_id, line_id)
where coalesce(l.short, 0) <> coalesce(t.units, 0)
"""

# What a vendor is paid for has left, and was ordered.
INVOICED_IS_ACCEPTED = """
with accepted as (
    select i.purchase_order_id, l.line_id, sum(l.quantity) as units
    from vendors_invoice_line l join vendors_invoice i on i.id = l.invoice_id
    where i.state = 'accepted' group by 1, 2
)
select format('purchase order:%s line %s', purchase_order_id, line_id) as subject,
       format('%s units are invoiced of %s owed for, accepted invoices have %s',
              coalesce(l.invoiced, 0), least(l.shipped, l.quantity), coalesce(a.units, 0))
           as detail
from vendors_order_line l full join accepted a using (purchase_order_id, line_id)
where coalesce(l.invoiced, 0) <> coalesce(a.units, 0)
   or coalesce(l.invoiced, 0) > least(l.shipped, l.quantity)
"""

# What was expected for accepted invoices adds up to the agreed cost of what they invoice.
ACCRUED_IS_AGREED = """
with settled as (
    select i.purchase_order_id, sum(i.accrued_minor) as minor
    from vendors_invoice i where i.state = 'accepted' group by 1
), agreed as (
    select purchase_order_id,
           sum(round(coalesce(unit_cost_milli, 0)::numeric * invoiced / 1000)) as minor
    from vendors_order_line group by 1
)
select 'purchase order:' || a.purchase_order_id as subject,
       format('invoices were accepted at %s, their units were agreed at %s',
              coalesce(s.minor, 0), a.minor) as detail
from agreed a left join settled s using (purchase_order_id)
where coalesce(s.minor, 0) <> a.minor
"""

PROBLEMS_ARE_SHOWN = """
with held as (
    select o.id, array_remove(array[
        case when o.delivery = 'undelivered' then 'undelivered' end,
        case when o.delivery = 'refused' then 'refused' end,
        case when o.silent_at is not null and o.answered_at is null then 'silent' end,
        case when exists (
            select from vendors_order_line l where l.purchase_order_id = o.id
            and l.shipped > greatest(0, l.quantity - l.withdrawn - l.short)) then 'surplus' end,
        case when exists (
            select from vendors_order_line l where l.purchase_order_id = o.id
            and l.shipped > 0 and l.unit_cost_milli is null) then 'no_cost' end], null) as problems
    from vendors_order o
)
select 'purchase order:' || o.id as subject,
       format('it shows %s, it has %s of which %s are settled', o.problems, h.problems, o.settled)
           as detail
from vendors_order o join held h using (id)
where o.problems <> array(select p from unnest(h.problems) p where p <> all (o.settled))
"""

# One purchase order for each work of a vendor, of the same units.
ORDERS_ARE_WORKS = """
with asked as (
    select o.id as purchase_order_id, l.line_id, l.quantity
    from fulfillment_order o
    join locations_location p on p.id = o.location_id and p.kind = 'vendor'
    join fulfillment_line l on l.fulfillment_order_id = o.id
)
select format('purchase order:%s line %s', purchase_order_id, line_id) as subject,
       format('%s units are asked for, %s are ordered', coalesce(a.quantity, 0),
              coalesce(l.quantity, 0)) as detail
from asked a full join vendors_order_line l using (purchase_order_id, line_id)
where coalesce(a.quantity, 0) <> coalesce(l.quantity, 0)
"""

# What the customer has of a vendor's work has left the vendor.
GONE_IS_SHIPPED = """
select format('purchase order:%s line %s', w.fulfillment_order_id, w.line_id) as subject,
       format('%s units are handed over, the vendor has shipped %s', w.gone, l.shipped) as detail
from fulfillment_line w
join vendors_order_line l
    on l.purchase_order_id = w.fulfillment_order_id and l.line_id = w.line_id
where w.gone > l.shipped
"""

RULES = [
    Rule("vendors.shipped_is_parcels", SHIPPED_IS_PARCELS),
    Rule("vendors.short_is_told", SHORT_IS_TOLD),
    Rule("vendors.invoiced_is_accepted", INVOICED_IS_ACCEPTED),
    Rule("vendors.accrued_is_agreed", ACCRUED_IS_AGREED),
    Rule("vendors.problems_are_shown", PROBLEMS_ARE_SHOWN),
    Rule("vendors.orders_are_works", ORDERS_ARE_WORKS),
    Rule("vendors.gone_is_shipped", GONE_IS_SHIPPED),
]
