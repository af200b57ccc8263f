"""What must hold of public events: all of them in one order, told to all who want them, once.

The reaction lags behind the log, so what is not in the stream yet is looked for only among events
that it has read past and not set aside; and only as far back as stream and deliveries are kept.
"""

from crosslane.verify import Rule

# Somewhat less than both are kept for, so that none is missed while it is being forgotten.
STREAM_DAYS_BACK = 80
DELIVERIES_DAYS_BACK = 29

EVERY_EVENT = f"""
select 'event:' || l.id as subject,
       format('%s of %s #%s is not in the stream', l.kind, l.subject, l.subject_no) as detail
from platform_log l
join platform_cursor p
    on p.reaction = 'publishing.publish' and (l.epoch, l.txid, l.id) <= (p.epoch, p.txid, p.id)
where l.at > clock_timestamp() - interval '{STREAM_DAYS_BACK} days' and l.kind not like 'auth.%'
  and l.kind not in (
      'inventory.StockValued', 'inventory.PromiseArrived', 'inventory.SupplyReported',
      'organization.PolicyChanged', 'channels.MessageReceived', 'returns.HandlingCredited',
      'vendors.InvoiceAccepted')
  and not exists (select from publishing_event e
                  where (e.subject, e.subject_no, e.at) = (l.subject, l.subject_no, l.at))
  and not exists (select from platform_backlog b
                  where b.reaction = 'publishing.publish' and b.log_id = l.id)
"""  # noqa: S608

# What is told is in the log, and says the same of itself.
IN_THE_LOG = """
select 'place:' || e.place as subject,
       format('%s of %s #%s is not in the log', e.kind, e.subject, e.subject_no) as detail
from publishing_event e
where not exists (select from platform_log l
                  where (l.subject, l.subject_no, l.at, l.kind)
                      = (e.subject, e.subject_no, e.at, e.kind))
"""

IN_ORDER = """
select 'place:' || place as subject,
       format('%s #%s is told behind #%s', subject, subject_no, before) as detail
from (
    select place, subject, subject_no,
           lag(subject_no) over (partition by subject order by place) as before
    from publishing_event
) told
where before >= subject_no
"""

NO_HOLES = """
select 'stream' as subject,
       format('places %s to %s hold %s events, the head is at %s', least, most, count, head)
           as detail
from (select min(place) as least, max(place) as most, count(*) as count from publishing_event) e
cross join (select max(last_place) as head from publishing_head) h
where count <> most - least + 1 or most > coalesce(head, 0)
union all
select 'epoch:' || epoch, format('it begins at %s, the one before ends at %s', first_place, before)
from (select epoch, first_place, lag(last_place) over (order by epoch) as before
      from publishing_head) heads
where first_place <> before + 1
"""

# Names as the catalogue makes them, patterns as people write them.
EVERY_DELIVERY = rf"""
select 'subscription:' || s.id as subject,
       format('it was not told of place %s, %s', e.place, e.kind) as detail
from publishing_subscription s
join publishing_event e on e.place > s.since_place and e.place <= s.place
where e.published_at > clock_timestamp() - interval '{DELIVERIES_DAYS_BACK} days'
  and (s.kinds = '{{}}' or exists (
      select from unnest(s.kinds) as wanted(pattern)
      where lower(regexp_replace(e.kind, '([a-z])([A-Z])', '\1_\2', 'g'))
            like replace(replace(wanted.pattern, '_', '\_'), '*', '%')))
  and (s.channels = '{{}}' and s.brands = '{{}}' or exists (
      select from organization_channel c join organization_brand b on b.id = c.brand_id
      where c.id = e.channel_id and (c.code = any(s.channels) or b.code = any(s.brands))))
  and not exists (select from publishing_delivery d
                  where d.subscription_id = s.id and d.event_place = e.place
                    and d.cause = 'event')
"""  # noqa: S608

TRIES = """
select 'delivery:' || d.id as subject,
       format('it is %s after %s tries, of which %s are kept, the last with status %s', d.state,
              d.tries, a.count, a.status) as detail
from publishing_delivery d
cross join lateral (
    select count(*) as count, coalesce(max(no), 0) as no,
           (array_agg(status order by no desc))[1] as status
    from publishing_attempt where delivery_id = d.id
) a
where d.tries <> a.no or a.no > 0 and a.count > a.no
   or (d.state = 'delivered') <> coalesce(a.status between 200 and 299, false)
   or d.state = 'failed' and d.tries < 8
"""

# A delivery that failed keeps back the later ones of its subject.
ONE_AFTER_THE_OTHER = """
select 'delivery:' || id as subject,
       format('it is due at %s, one before it at %s', due_at, before) as detail
from (
    select id, due_at, max(due_at) over (
        partition by subscription_id, subject order by place
        rows between unbounded preceding and 1 preceding) as before
    from publishing_delivery where state = 'waiting'
) waiting
where due_at < before
"""

NOBODY_FORGOTTEN = """
select 'subscription:' || s.id as subject,
       format('%s deliveries wait, it has read to %s of %s, and its turn %s is not due', w.waiting,
              s.place, h.head, s.turn_no) as detail
from publishing_subscription s
cross join lateral (
    select count(*) as waiting from publishing_delivery
    where subscription_id = s.id and state = 'waiting'
) w
cross join (select coalesce(max(last_place), 0) as head from publishing_head) h
where s.state = 'active' and (w.waiting > 0 or s.place < h.head)
  and not exists (select from platform_effect e
                  where e.key = 'webhook:' || s.id || ':' || s.turn_no and e.state = 'due')
"""

SECRETS = """
select 'subscription:' || s.id as subject,
       format('%s secrets, %s without an end', count(x.no), count(*) filter (
           where x.no is not null and x.good_until is null)) as detail
from publishing_subscription s
left join publishing_secret x on x.subscription_id = s.id
group by s.id
having count(x.no) > 2
    or count(*) filter (where x.no is not null and x.good_until is null) <> 1
"""

RULES = [
    Rule("publishing.every_event", EVERY_EVENT),
    Rule("publishing.in_the_log", IN_THE_LOG),
    Rule("publishing.in_order", IN_ORDER),
    Rule("publishing.no_holes", NO_HOLES),
    Rule("publishing.every_delivery", EVERY_DELIVERY),
    Rule("publishing.tries", TRIES),
    Rule("publishing.one_after_the_other", ONE_AFTER_THE_OTHER),
    Rule("publishing.nobody_forgotten", NOBODY_FORGOTTEN),
    Rule("publishing.secrets", SECRETS),
]
