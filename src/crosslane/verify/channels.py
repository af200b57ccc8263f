"""What must hold of messages: each in one state, each applied one with what it made."""

from crosslane.verify import Rule

# Somewhat less than what was received and told is kept for, so that nothing is missed while it is
# being forgotten.
RAW_DAYS_BACK = 399
TOLD_DAYS_BACK = 399

BATCH_IS_WHOLE = """
select 'batch:' || b.id as subject,
       format('it has %s records, and messages of %s', b.records, count(distinct m.place)) as detail
from channels_batch b left join channels_message m on m.batch_id = b.id
group by b.id having b.records <> count(distinct m.place)
"""

RAW_OF_MESSAGE = f"""
select 'message:' || m.id as subject, 'what was received of it is missing' as detail
from channels_message m
where m.received_at > clock_timestamp() - interval '{RAW_DAYS_BACK} days' and not exists (
    select from channels_raw r
    where r.batch_id = m.batch_id and r.place = m.place and r.received_at = m.received_at
)
union all
select 'raw:' || r.batch_id || '/' || r.place, 'no message was made of it'
from channels_raw r where not exists (
    select from channels_message m where m.batch_id = r.batch_id and m.place = r.place
)
"""  # noqa: S608

APPLIED_HAS_ITS_EFFECT = """
select 'message:' || m.id as subject,
       format('it is an applied %s and made %s', m.kind,
              case when coalesce(m.order_id, m.return_id, m.supply_id, m.customer_id,
                                 m.variant_id) is null then 'nothing'
                   else 'something that is not there' end) as detail
from channels_message m
left join orders_order o on o.id = m.order_id
left join returns_return r on r.id = m.return_id
left join inventory_feed_message f on f.id = m.supply_id
left join customers_customer c on c.id = m.customer_id
left join catalog_variant v on v.id = m.variant_id
where m.state = 'applied' and case
    when m.kind like 'supply%' then f.id is null or o.id is not null
    when m.kind = 'contact' then c.id is null
    when m.kind in ('product', 'price') then v.id is null
    when m.kind = 'fulfillment' and m.order_id is null then not exists (
        select from inventory_incoming i
        where (i.source, i.reference) = ('channel:' || m.channel, m.source_id))
    when m.kind in ('fulfillment', 'money') then not exists (
        select from channels_told t
        where (t.channel, t.kind) = (m.channel, m.kind)
          and t.source_id in (m.source_id, m.source_id || '@' || o.source_id)
          and (t.channel, t.about) = (o.channel, o.source_id))
    when m.return_id is not null and r.id is null then true
    when m.kind = 'return' then r.id is null
    when m.kind = 'sale' and m.order_id is null and r.id is null then
        m.source_id not in (select reference from payments_account_entry where reference <> '')
    when m.kind in ('sale', 'void') and m.order_id is null then r.id is null
    else o.id is null or o.channel <> m.channel or (o.source_id <> m.source_id and not exists (
        select from channels_order p
        where (p.channel, p.source_id, p.part_of) = (m.channel, o.source_id, m.source_id))) end
"""

ONE_STANDS_FOR_ITS_IDENTITY = """
select 'message:' || m.id as subject,
       format('it is %s and %s for its identity', m.state,
              case when m.owns then 'stands' else 'does not stand' end) as detail
from channels_message m
where m.owns = (m.state in ('repeated', 'replaced'))
  and not (m.state = 'quarantined' and not m.owns)
union all
select 'message:' || m.id, 'nothing else stands for its identity'
from channels_message m
where m.state in ('repeated', 'replaced') and m.code <> 'not-said' and not exists (
    select from channels_message o
    where o.owns and (o.channel, o.kind, o.source_id, o.source_version)
        = (m.channel, m.kind, m.source_id, m.source_version)
)
union all
select 'message:' || m.id, 'its record says nothing instead of it'
from channels_message m
where m.code = 'not-said' and not exists (
    select from channels_message o
    where o.batch_id = m.batch_id and o.place = m.place and o.code <> 'not-said'
)
"""

REASON_TOLD = """
select 'message:' || id as subject, format('it is %s for reason "%s"', state, code) as detail
from channels_message
where (state in ('parked', 'quarantined', 'outdated', 'kept') and code = '')
   or (state in ('received', 'applied', 'repeated', 'voided') and code <> '')
"""

STANDING_OF_ORDER = """
select 'source:' || s.channel || '/' || s.source_id as subject,
       format('its order %s is %s', s.order_id, coalesce(o.source_id, 'missing')) as detail
from channels_order s left join orders_order o on o.id = s.order_id
where (o.channel, o.source_id) is distinct from (s.channel, s.source_id)
"""

MADE_ONCE = """
select 'order:' || order_id as subject,
       format('%s sales say they are it', count(*)) as detail
from channels_message where kind in ('sale', 'void') and state = 'applied' and order_id is not null
group by order_id having count(*) > 1
"""

# Of an order's money our books keep no more than its channel has left. What disputes have taken
# back is no money a channel gives. Of several accounts of the same money the fullest one stands.
GIVEN_IS_BOOKED = """
with accounts as (
    select channel, about,
           coalesce(sum((standing ->> 'minor')::bigint)
               filter (where standing ->> 'step' = 'captured'), 0) as captured,
           coalesce(sum((standing ->> 'minor')::bigint)
               filter (where standing ->> 'step' = 'refunded'), 0) as refunded
    from channels_told where kind = 'money'
    group by 1, 2, coalesce(standing ->> 'account', '')
), told as (
    select channel, about, max(captured) as captured, max(refunded) as refunded
    from accounts group by 1, 2
), booked as (
    select o.id, o.channel, o.source_id, sum(p.captured_minor) as captured,
           sum(p.refunded_minor) as refunded, sum(p.charged_back_minor) as charged_back
    from orders_order o join payments_payment p on p.order_id = o.id group by 1
)
select 'order:' || b.id as subject,
       format('the channel took %s and gave %s, the books say %s and %s', t.captured, t.refunded,
              b.captured, b.refunded) as detail
from told t join booked b on (b.channel, b.source_id) = (t.channel, t.about)
where b.charged_back = 0
  and b.captured - b.refunded > greatest(0, greatest(t.captured, b.captured) - t.refunded)
"""

PARCELS_OF_SHIPMENT = """
select 'shipment:' || t.channel || '/' || t.source_id as subject,
       format('its parcel %s is %s', p.id, coalesce(c.state, 'missing')) as detail
from channels_told t
cross join lateral jsonb_array_elements_text(coalesce(t.standing -> 'parcels', '[]')) as p(id)
left join fulfillment_parcel c on c.id = p.id::uuid
where t.kind = 'fulfillment' and coalesce(c.state, '') not in ('shipped', 'delivered')
"""

# What is to be told has a turn, and the turn a call that is due.
WAITING_HAS_A_TURN = """
select 'channel:' || o.channel as subject,
       format('%s messages wait, and it has no turn', count(*)) as detail
from channels_outgoing o
join channels_connection c using (channel)
where o.state = 'waiting' and c.active and (c.base_url <> '' or c.delivery in ('pull', 'folder'))
  and not exists (
      select from channels_pace p
      join platform_effect e on e.key = concat('channels.tell:', p.channel, ':', p.turn)
      where p.channel = o.channel and p.errand = 'tell' and p.is_open and e.state = 'due')
group by o.channel
"""

TOLD_OF_ITS_ORDER = """
select 'outgoing:' || o.id as subject,
       format('it speaks of %s, and is about %s', o.subject,
              coalesce(r.channel || '/' || r.source_id, 'an order that is not there')) as detail
from channels_outgoing o left join orders_order r on r.id = o.order_id
where o.order_id is not null
  and (r.channel, 'order:' || r.source_id) is distinct from (o.channel, o.subject)
"""

NUMBERS_WERE_GIVEN = """
select 'outgoing:' || o.id as subject,
       format('its number is %s, the last one given is %s', o.number,
              coalesce(p.number, 0)) as detail
from channels_outgoing o
left join channels_pace p on p.channel = o.channel and p.errand = 'tell'
where o.number > coalesce(p.number, 0)
union all
select 'document:' || d.channel || '/' || d.number,
       format('the last number given is %s', coalesce(p.documents, 0))
from channels_document d
left join channels_pace p on p.channel = d.channel and p.errand = 'tell'
where d.number > coalesce(p.documents, 0)
"""

DOCUMENT_OF_TOLD = f"""
select 'outgoing:' || o.id as subject, format('its document %s is missing', o.document) as detail
from channels_outgoing o
where o.document is not null and o.changed_at > clock_timestamp() - interval '{TOLD_DAYS_BACK} days'
  and not exists (
      select from channels_document d where (d.channel, d.number) = (o.channel, o.document))
"""  # noqa: S608

NOT_TOLD_HAS_A_REASON = """
select 'outgoing:' || id as subject, format('it is %s, and nobody says why', state) as detail
from channels_outgoing where state in ('refused', 'unsupported', 'failed') and code = ''
"""

FILE_WAS_TAKEN = """
select 'file:' || f.channel || '/' || f.name as subject,
       format('it is %s, and no batch of its channel is its first piece', f.state) as detail
from channels_file f
left join channels_batch b on b.id = f.batch_id
    and (b.channel, b.delivery) = (f.channel, 'file:' || encode(f.digest, 'hex') || ':0')
where f.state <> 'failed' and b.id is null
"""

RULES = [
    Rule("channels.batch_is_whole", BATCH_IS_WHOLE),
    Rule("channels.raw_of_message", RAW_OF_MESSAGE),
    Rule("channels.applied_has_its_effect", APPLIED_HAS_ITS_EFFECT),
    Rule("channels.one_stands_for_its_identity", ONE_STANDS_FOR_ITS_IDENTITY),
    Rule("channels.reason_told", REASON_TOLD),
    Rule("channels.standing_of_order", STANDING_OF_ORDER),
    Rule("channels.made_once", MADE_ONCE),
    Rule("channels.given_is_booked", GIVEN_IS_BOOKED),
    Rule("channels.parcels_of_shipment", PARCELS_OF_SHIPMENT),
    Rule("channels.waiting_has_a_turn", WAITING_HAS_A_TURN),
    Rule("channels.told_of_its_order", TOLD_OF_ITS_ORDER),
    Rule("channels.numbers_were_given", NUMBERS_WERE_GIVEN),
    Rule("channels.document_of_told", DOCUMENT_OF_TOLD),
    Rule("channels.not_told_has_a_reason", NOT_TOLD_HAS_A_REASON),
    Rule("channels.file_was_taken", FILE_WAS_TAKEN),
]
