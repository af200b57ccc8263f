"""What must hold of what comes back: booked where it was sold, and its work credited once.

As in the other rules of finance, entries are asked for only of events that were read.
"""

from crosslane.verify import Rule

_HANDLED = """
    from platform_log l
    join platform_cursor c
        on c.reaction = '{reaction}' and (l.epoch, l.txid, l.id) <= (c.epoch, c.txid, c.id)
    where l.kind in ({kinds})
      and not exists (
          select from platform_backlog b where b.reaction = c.reaction and b.log_id = l.id)
"""
_CREDITS = _HANDLED.format(
    reaction="finance.post", kinds="'orders.LinesCredited', 'returns.BlindUnitsCredited'"
)
_CAME_BACK = _HANDLED.format(reaction="finance.post", kinds="'inventory.StockValued'")
_HANDLING = _HANDLED.format(reaction="finance.post", kinds="'returns.HandlingCredited'")
_SETTLED = _HANDLED.format(reaction="returns.credit_handling", kinds="'returns.ReturnSettled'")

CREDITS_POSTED = f"""
with told as (
    select l.id, l.kind, l.subject || '#' || l.subject_no as cause_id, u.goods, u.tax, c.net,
           c.tax as charged_tax
    from (select l.id, l.kind, l.subject, l.subject_no, l.body {_CREDITS}) l
    cross join lateral (
        select coalesce(sum((u ->> 'net_minor')::bigint), 0) as goods,
               coalesce(sum((u ->> 'tax_minor')::bigint), 0) as tax
        from jsonb_array_elements(coalesce(l.body -> 'units', '[]')) u) u
    cross join lateral (
        select coalesce(sum((u ->> 'net_minor')::bigint), 0) as net,
               coalesce(sum((u ->> 'tax_minor')::bigint), 0) as tax
        from jsonb_array_elements(coalesce(l.body -> 'charges', '[]')) u) c
), posted as (
    select e.cause_kind, e.cause_id,
           sum(p.minor) filter (where p.account = 'sales_returns') as goods,
           sum(p.minor) filter (where p.account = 'tax_payable') as tax,
           sum(p.minor) filter (where p.account in
               ('revenue', 'appeasements', 'shipping_income', 'service_income', 'rounding')) as net,
           sum(p.minor) filter (where p.account = 'clearing') as gross
    from ledger_entry e join ledger_posting p on p.entry_id = e.id
    where e.cause_kind in ('orders.LinesCredited', 'returns.BlindUnitsCredited') group by 1, 2
)
select 'event:' || t.id as subject,
       format('it credits %s + %s for goods and charges %s + %s; posted are %s, %s, %s and %s',
              t.goods, t.tax, t.net, t.charged_tax, coalesce(p.goods, 0), coalesce(p.tax, 0),
              coalesce(-p.net, 0), coalesce(p.gross, 0)) as detail
from told t left join posted p on p.cause_kind = t.kind and p.cause_id = t.cause_id
where t.goods <> coalesce(p.goods, 0) or t.tax - t.charged_tax <> coalesce(p.tax, 0)
   or t.net <> coalesce(-p.net, 0)
   or t.net + t.charged_tax - t.goods - t.tax <> coalesce(p.gross, 0)
"""  # noqa: S608

# The journal of orders against what the log told of it.
CREDITS_TOLD = """
with told as (
    select (u ->> 'line_id')::uuid as line_id, (u ->> 'location_id')::uuid as location_id,
           sum((u ->> 'quantity')::bigint) as units, sum((u ->> 'net_minor')::bigint) as net,
           sum((u ->> 'tax_minor')::bigint) as tax
    from platform_log l cross join jsonb_array_elements(l.body -> 'units') u
    where l.kind = 'orders.LinesCredited' group by 1, 2
), credited as (
    select line_id, location_id, sum(quantity) as units, sum(net_minor) as net,
           sum(tax_minor) as tax
    from orders_credit group by 1, 2
)
select 'order line:' || line_id as subject,
       format('%s units came back for %s + %s, told %s for %s + %s', coalesce(c.units, 0),
              coalesce(c.net, 0), coalesce(c.tax, 0), coalesce(t.units, 0), coalesce(t.net, 0),
              coalesce(t.tax, 0)) as detail
from credited c full join told t using (line_id, location_id)
where (coalesce(c.units, 0), coalesce(c.net, 0), coalesce(c.tax, 0))
      <> (coalesce(t.units, 0), coalesce(t.net, 0), coalesce(t.tax, 0))
"""

# The location that takes goods back never loses a sale it has not made. Of what nobody knows where
# it was sold, no location is named.
RETURNED_WHERE_SOLD = """
select distinct 'entry:' || p.entry_id as subject,
       format('a sale of line %s is reversed at location %s, which had not handed it over',
              p.line_id, p.location_id) as detail
from ledger_posting p join ledger_entry e on e.id = p.entry_id
where p.account = 'sales_returns' and p.location_id is not null
  and e.cause_kind in ('orders.LinesCredited', 'returns.BlindUnitsCredited')
  and not exists (
      select from orders_movement m
      where m.line_id = p.line_id and m.to_stage = 'handed_over'
        and m.to_location_id = p.location_id)
"""

# Costs of what came back, each unit rounded with its movement.
COSTS_BACK = f"""
with told as (
    select l.id, l.subject || '#' || l.subject_no as cause_id, x.cost
    from (select l.id, l.kind, l.subject, l.subject_no, l.body {_CAME_BACK}) l
    cross join lateral (
        select coalesce(sum(sign(u.quantity::bigint) * round(
                   abs(u.quantity::numeric * u.cost_milli::bigint) / 1000)), 0) as cost
        from jsonb_array_elements(l.body -> 'movements') m
        cross join lateral rows from (
            jsonb_array_elements_text(m -> 'quantities'),
            jsonb_array_elements_text(m -> 'unit_costs_milli')) as u(quantity, cost_milli)
        where m ->> 'reason' = 'receive' and (m ->> 'owner_id')::uuid = any(array(
            select id from organization_entity))) x
    where l.body ->> 'cause_kind' = 'return'
), posted as (
    select e.cause_id, sum(p.minor) as minor
    from ledger_entry e join ledger_posting p on p.entry_id = e.id
    where e.cause_kind = 'inventory.StockValued' and p.account = 'cost_of_goods' group by 1
)
select 'event:' || coalesce(t.id::text, p.cause_id) as subject,
       format('goods that came back had cost %s, posted is %s', coalesce(t.cost, 0),
              coalesce(-p.minor, 0)) as detail
from told t full join posted p using (cause_id)
where coalesce(t.cost, 0) <> coalesce(-p.minor, 0)
"""  # noqa: S608

HANDLING_POSTED = f"""
with told as (
    select l.id, l.subject || '#' || l.subject_no as cause_id,
           (l.body ->> 'minor')::bigint as minor, (l.body ->> 'location_id')::uuid as location_id
    from (select l.id, l.subject, l.subject_no, l.body {_HANDLING}) l
), posted as (
    select e.cause_id, sum(p.minor) filter (where p.account = 'return_handling') as cost,
           -sum(p.minor) filter (where p.account = 'return_handling_income') as income,
           min(p.location_id::text) filter (where p.account = 'return_handling_income') as place,
           count(*) filter (where p.account = 'return_handling' and p.location_id is not null)
               as misplaced
    from ledger_entry e join ledger_posting p on p.entry_id = e.id
    where e.cause_kind = 'returns.HandlingCredited' group by 1
)
select 'event:' || t.id as subject,
       format('location %s gets %s, posted are %s and %s for %s', t.location_id, t.minor,
              coalesce(p.cost, 0), coalesce(p.income, 0), p.place) as detail
from told t left join posted p using (cause_id)
where t.minor <> coalesce(p.cost, 0) or t.minor <> coalesce(p.income, 0)
   or t.location_id::text is distinct from p.place or p.misplaced > 0
"""  # noqa: S608

HANDLING_DECIDED = f"""
select 'event:' || l.id as subject, 'no handling credit was decided for this settlement' as detail
from (select l.id, l.subject, l.subject_no, l.body {_SETTLED}) l
left join returns_credit c
    on c.return_id = (l.body ->> 'return_id')::uuid and c.subject_no = l.subject_no
   and c.reverses is null
where c.id is null
"""  # noqa: S608

HANDLING_TOLD = """
with told as (
    select (body ->> 'credit_id')::uuid as id, count(*) as times,
           sum((body ->> 'minor')::bigint) as minor
    from platform_log where kind = 'returns.HandlingCredited' group by 1
)
select 'handling credit:' || id as subject,
       format('it gives %s, told %s times is %s', coalesce(c.minor, 0), coalesce(t.times, 0),
              coalesce(t.minor, 0)) as detail
from (select id, minor from returns_credit where minor <> 0) c full join told t using (id)
where coalesce(c.minor, 0) <> coalesce(t.minor, 0) or t.times > 1
"""

HANDLING_REVERSED = """
select 'handling credit:' || r.id as subject,
       format('it takes %s back, which gave %s', r.minor, c.minor) as detail
from returns_credit r left join returns_credit c on c.id = r.reverses
where r.reverses is not null
  and (c.id is null or r.minor <> -c.minor or c.reverses is not null
       or (r.return_id, r.location_id, r.currency) <> (c.return_id, c.location_id, c.currency))
"""

SAVED_SALES = """
select 'order line:' || a.line_id as subject,
       format('%s is credited with a saved sale by %s, which was settled at %s', a.beneficiary_id,
              a.source, coalesce(l.code, 'no location')) as detail
from orders_attribution a
left join returns_return r on a.source = 'return:' || r.id and r.settled_at is not null
left join locations_location l on l.id = r.location_id
where a.role = 'saved_sale' and a.source like 'return:%'
  and l.code is distinct from a.beneficiary_id
"""

RULES = [
    Rule("finance.credits_posted", CREDITS_POSTED),
    Rule("finance.credits_told", CREDITS_TOLD),
    Rule("finance.returned_where_sold", RETURNED_WHERE_SOLD),
    Rule("finance.costs_back", COSTS_BACK),
    Rule("finance.handling_posted", HANDLING_POSTED),
    Rule("finance.handling_decided", HANDLING_DECIDED),
    Rule("finance.handling_told", HANDLING_TOLD),
    Rule("finance.handling_reversed", HANDLING_REVERSED),
    Rule("finance.saved_sales", SAVED_SALES),
]
