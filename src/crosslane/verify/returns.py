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

UNITS_ARE_RECEIVED = """
select 'return line:' || l.id as subject,
       format('%s received, %s lie somewhere', l.received, coalesce(sum(u.quantity), 0)) as detail
from returns_line l left join returns_unit u on u.return_line_id = l.id
group by l.id, l.received having l.received <> coalesce(sum(u.quantity), 0)
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
    Rule("returns.units_are_received", UNITS_ARE_RECEIVED),
    Rule("returns.scores_add_up", SCORES_ADD_UP),
    Rule("returns.held_for_a_reason", HELD_FOR_A_REASON),
]
