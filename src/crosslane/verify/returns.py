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

RULES = [
    Rule("returns.lines_are_journal", LINES_ARE_JOURNAL),
    Rule("returns.units_are_received", UNITS_ARE_RECEIVED),
]
