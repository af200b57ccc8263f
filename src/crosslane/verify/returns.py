"""What must hold of returns: counters are their journal's, states follow it, units are whole."""

from crosslane.verify import Rule

LINES_ARE_JOURNAL = """
with told as (
    select return_line_id as id,
           coalesce(sum(quantity) filter (where deed = 'receive'), 0) as received,
           coalesce(sum(quantity) filter (where deed = 'credit'), 0) as credited,
           coalesce(sum(net_minor) filter (where deed = 'credit'), 0) as net_minor,
           coalesce(sum(tax_minor) filter (where deed = 'credit'), 0) as tax_minor
    from returns_event where return_line_id is not null group by 1
)
select 'return line:' || l.id as subject,
       format('%s received and %s credited for %s + %s, the journal says %s, %s, %s, %s',
              l.received, l.credited, l.net_minor, l.tax_minor, coalesce(t.received, 0),
              coalesce(t.credited, 0), coalesce(t.net_minor, 0), coalesce(t.tax_minor, 0))
           as detail
from returns_line l left join told t using (id)
where (l.received, l.credited, l.net_minor, l.tax_minor)
   <> (coalesce(t.received, 0), coalesce(t.credited, 0), coalesce(t.net_minor, 0),
       coalesce(t.tax_minor, 0))
"""

# No foreign key looks after what is written with a return. The order it names is the one it is of.
PARTS_HAVE_THEIR_WHOLE = """
with part as (
    select 'return line:' || id as subject, return_id, null::uuid as line_id from returns_line
    union all
    select 'return unit:' || id, null, return_line_id from returns_unit
    union all
    select 'return event:' || id, return_id, return_line_id from returns_event
    union all
    select 'return charge:' || id, return_id, null from returns_charge
    union all
    select 'handling credit:' || id, return_id, null from returns_credit
    union all
    select 'finding:' || return_id || '/' || kind, return_id, null from returns_finding
)
select p.subject,
       case when p.return_id is not null and r.id is null
            then format('its return %s does not exist', p.return_id)
            else format('its line %s is not one of its return', p.line_id) end as detail
from part p
left join returns_return r on r.id = p.return_id
left join returns_line l on l.id = p.line_id
where p.return_id is not null and r.id is null or p.line_id is not null and l.id is null
   or l.return_id <> p.return_id
union all
select 'return:' || r.number,
       format('it is of order %s in %s, which is %s in %s', r.order_number, r.currency,
              coalesce(o.number, 'missing'), o.currency)
from returns_return r left join orders_order o on o.id = r.order_id
where r.order_id is not null
  and (o.number, o.currency) is distinct from (r.order_number, r.currency)
"""

UNITS_ARE_RECEIVED = """
select 'return line:' || l.id as subject,
       format('%s received, %s lie somewhere', l.received, coalesce(sum(u.quantity), 0)) as detail
from returns_line l left join returns_unit u on u.return_line_id = l.id
group by l.id, l.received having l.received <> coalesce(sum(u.quantity), 0)
"""

# Holding and clearing change no state; neither does what happens to single lines.
STATE_IS_JOURNAL = """
with last as (
    select distinct on (return_id) return_id, case deed
               when 'request' then 'requested' when 'authorize' then 'authorized'
               when 'decline' then 'declined' when 'cancel' then 'cancelled'
               when 'dispatch' then 'in_transit' when 'receive' then 'received'
               when 'grade' then 'graded' when 'settle' then 'settled'
               when 'expire' then 'expired' when 'close' then 'closed' end as state
    from returns_event
    where return_line_id is null and deed not in ('hold', 'clear')
    order by return_id, id desc
)
select 'return:' || r.number as subject,
       format('it is %s, by its journal %s', r.state, coalesce(l.state, 'nothing')) as detail
from returns_return r left join last l on l.return_id = r.id
where r.state is distinct from l.state
"""

# What a return of an order was credited is what the order says of it, to the last minor unit.
CREDITED_ON_ORDER = """
with mine as (
    select r.id, r.number, r.refund_minor, coalesce(sum(l.credited), 0) as units,
           coalesce(sum(l.net_minor), 0) as net, coalesce(sum(l.tax_minor), 0) as tax
    from returns_return r join returns_line l on l.return_id = r.id
    where r.order_id is not null group by r.id
), units as (
    select cause_id, sum(quantity) as units, sum(net_minor) as net, sum(tax_minor) as tax
    from orders_credit where cause_kind = 'return' group by 1
), charges as (
    select cause_id, sum(gross_minor) as gross from orders_charge
    where cause_kind = 'return' group by 1
)
select 'return:' || m.number as subject,
       format('%s units for %s + %s and %s in all; the order has %s for %s + %s and %s', m.units,
              m.net, m.tax, m.refund_minor, coalesce(u.units, 0), coalesce(u.net, 0),
              coalesce(u.tax, 0), coalesce(u.net + u.tax, 0) - coalesce(c.gross, 0)) as detail
from mine m left join units u on u.cause_id = m.id left join charges c on c.cause_id = m.id
where (m.units, m.net, m.tax, m.refund_minor)
   <> (coalesce(u.units, 0), coalesce(u.net, 0), coalesce(u.tax, 0),
       coalesce(u.net + u.tax, 0) - coalesce(c.gross, 0))
"""

# Blind goods are paid for once, and nothing is paid out for what is not settled.
PAID_OUT_ONCE = """
with paid as (
    select cause_id, sum(minor) as minor from payments_payout where cause_kind = 'return' group by 1
)
select 'return:' || coalesce(r.number, p.cause_id) as subject,
       format('%s is due, %s was paid out', coalesce(r.refund_minor, 0), coalesce(p.minor, 0))
           as detail
from (select * from returns_return where order_id is null) r
full join paid p on p.cause_id = r.id::text
where coalesce(r.refund_minor, 0) <> coalesce(p.minor, 0)
"""

UNITS_CAME_INTO_STOCK = """
with moved as (
    select cause_line as id, sum(on_hand_delta) as units from inventory_movement
    where cause_kind = 'return' and reason = 'receive' group by 1
)
select 'return line:' || coalesce(l.id, m.id) as subject,
       format('%s units came, stock received %s', coalesce(l.received, 0), coalesce(m.units, 0))
           as detail
from returns_line l full join moved m using (id)
where coalesce(l.received, 0) <> coalesce(m.units, 0)
"""

# What goods in exchange cost stands on the order, at what it was as they were added.
EXCHANGED_ON_ORDER = """
with mine as (
    select r.id, coalesce(sum(l.gross_minor), 0) as gross
    from returns_return r
    left join orders_line l on l.order_id = r.order_id and l.id = any(r.exchange)
    where r.order_id is not null and (r.exchange <> '{}' or r.exchange_minor <> 0) group by r.id
)
select 'return:' || r.number as subject,
       format('goods for %s in exchange, the order has them for %s', r.exchange_minor, m.gross)
           as detail
from mine m join returns_return r using (id) where r.exchange_minor <> m.gross
"""

# Goods that wait for a return are let go or given up with it.
EXCHANGE_WAITS = """
select 'return:' || r.number as subject,
       format('it is %s, goods on order %s still wait for it', r.state, r.order_number) as detail
from orders_stop s join returns_return r on r.id = s.cause_id
where s.kind = 'exchange' and s.resolved_at is null
  and r.state in ('declined', 'cancelled', 'settled', 'closed')
"""

SCORES_ADD_UP = """
select 'return:' || f.return_id as subject,
       format('%s scores %s, its reasons add up to %s', f.kind, f.score, r.points) as detail
from returns_finding f
cross join lateral (
    select coalesce(sum((one ->> 'points')::int), 0) as points
    from jsonb_array_elements(f.reasons) as one
) r
where f.score <> r.points
"""

HELD_FOR_A_REASON = """
select 'return:' || r.number as subject,
       format('held is %s, suspicions that wait for a person: %s', r.held, count(f.kind)) as detail
from returns_return r
left join returns_finding f on f.return_id = r.id and f.held and f.outcome is null
where r.held or f.kind is not null
group by r.id having (count(f.kind) > 0 and not r.held) or (r.held and r.hold_reason = '')
"""

RULES = [
    Rule("returns.lines_are_journal", LINES_ARE_JOURNAL),
    Rule("returns.parts_have_their_whole", PARTS_HAVE_THEIR_WHOLE),
    Rule("returns.units_are_received", UNITS_ARE_RECEIVED),
    Rule("returns.state_is_journal", STATE_IS_JOURNAL),
    Rule("returns.credited_on_order", CREDITED_ON_ORDER),
    Rule("returns.paid_out_once", PAID_OUT_ONCE),
    Rule("returns.units_came_into_stock", UNITS_CAME_INTO_STOCK),
    Rule("returns.exchanged_on_order", EXCHANGED_ON_ORDER),
    Rule("returns.exchange_waits", EXCHANGE_WAITS),
    Rule("returns.scores_add_up", SCORES_ADD_UP),
    Rule("returns.held_for_a_reason", HELD_FOR_A_REASON),
]
