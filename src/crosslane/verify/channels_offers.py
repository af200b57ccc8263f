"""What must hold of offers: what is being told waits, what stands was told or heard."""

from crosslane.verify import Rule

ASKED_IS_WAITING = """
select format('offer:%s/%s', o.channel, o.sku) as subject,
       format('its telling for %s is %s', a.place, coalesce(m.state, 'missing')) as detail
from channels_offer o
cross join lateral jsonb_each_text(o.asked) as a(place, telling)
left join channels_outgoing m
    on (m.channel, m.kind, m.key) = (o.channel, o.kind, 'offers:' || a.telling)
where m.state is distinct from 'waiting'
"""

STANDS_AS_TOLD_OR_HEARD = """
select format('offer:%s/%s', o.channel, o.sku) as subject,
       format('it stands at %s for %s and was told %s', s.value, s.place,
              coalesce(o.told ->> s.place, 'nothing')) as detail
from channels_offer o
cross join lateral jsonb_each(o.stands) as s(place, value)
where s.value is distinct from o.told -> s.place and s.value is distinct from o.heard -> s.place
"""

# Of several messages the last one that was told stands, of what was refused nobody knows, and what
# was told before yesterday was told again since.
TOLD_AS_SAID = """
with said as (
    select distinct on (m.channel, m.message ->> 'location', r.sku)
           m.channel, m.message ->> 'location' as place, r.sku, r.quantity
    from channels_outgoing m
    cross join lateral jsonb_to_recordset(m.message -> 'rows') as r(sku text, quantity bigint)
    where m.kind = 'supply_snapshot' and m.key like 'offers:%' and m.state = 'told'
      and m.changed_at > clock_timestamp() - interval '2 days'
    order by m.channel, m.message ->> 'location', r.sku, m.changed_at desc, m.number desc
)
select format('offer:%s/%s', o.channel, o.sku) as subject,
       format('it was told %s for %s, and %s was said', coalesce(o.told ->> s.place, 'nothing'),
              s.place, s.quantity) as detail
from said s
join channels_offer o on (o.channel, o.kind, o.sku) = (s.channel, 'supply_snapshot', s.sku)
where o.code = '' and o.told -> s.place is distinct from to_jsonb(s.quantity)
"""

LOOKED_AFTER = """
select format('offer:%s/%s', o.channel, o.sku) as subject,
       'nobody looks after what its channel is offered' as detail
from channels_offer o
where not exists (select from channels_offering g where g.channel = o.channel)
"""

RULES = [
    Rule("channels.asked_is_waiting", ASKED_IS_WAITING),
    Rule("channels.stands_as_told_or_heard", STANDS_AS_TOLD_OR_HEARD),
    Rule("channels.told_as_said", TOLD_AS_SAID),
    Rule("channels.looked_after", LOOKED_AFTER),
]
