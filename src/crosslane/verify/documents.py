"""What must hold of invoices and credit notes: no gaps, one per cause, of its amounts.

The reaction lags behind the log, so what has no document yet is looked for only among events that
it has read past and not set aside.
"""

from crosslane.verify import Rule

# The series itself says how many numbers were given out.
NO_GAPS = """
select format('series:%s/%s', s.entity_id, s.kind) as subject,
       format('%s numbers were given out, %s documents have %s to %s', s.next_number - 1, d.count,
              d.least, d.most) as detail
from organization_invoice_series s
cross join lateral (
    select count(*) as count, min(n) as least, max(n) as most
    from (select substr(number, length(s.prefix) + 1)::bigint as n from documents_document
          where entity_id = s.entity_id and kind = s.kind) numbered
) d
where d.count <> s.next_number - 1
   or (d.count > 0 and (d.least, d.most) <> (1, s.next_number - 1))
"""

_TOLD = """
    select l.id, l.kind, l.subject || '#' || l.subject_no as cause_id, l.at, l.epoch, l.txid,
           l.body ->> 'order_id' as order_id, l.body ->> 'channel_id' as channel_id,
           x.net, x.tax, x.told
    from platform_log l
    cross join lateral (
        select coalesce(sum(sign * (u ->> 'net_minor')::bigint), 0) as net,
               coalesce(sum(sign * (u ->> 'tax_minor')::bigint), 0) as tax,
               count(*) filter (where (u ->> 'net_minor')::bigint <> 0
                                   or (u ->> 'tax_minor')::bigint <> 0) as told
        from (
            select u, case when l.kind = 'orders.LinesHandedOver' then 1 else -1 end as sign
            from jsonb_array_elements(coalesce(l.body -> 'units', '[]')) u
            union all
            select u, 1 from jsonb_array_elements(coalesce(l.body -> 'charges', '[]')) u
        ) both_kinds
    ) x
    where l.kind in ('orders.LinesHandedOver', 'orders.ChargesDue', 'orders.LinesCredited',
                     'returns.BlindUnitsCredited')
"""

# A document is its event's amounts, turned round on a credit note; its lines and its sums per rate
# add up to it.
AMOUNTS_OF_THE_CAUSE = f"""
with told as ({_TOLD})
select 'document:' || d.number as subject,
       format('it says %s + %s, its cause %s + %s, its lines %s + %s, its rates %s + %s',
              d.net_minor, d.tax_minor, t.net, t.tax, l.net, l.tax, r.net, r.tax) as detail
from documents_document d
left join told t on (t.kind, t.cause_id) = (d.cause_kind, d.cause_id)
cross join lateral (
    select sum((u ->> 'net_minor')::bigint) as net, sum((u ->> 'tax_minor')::bigint) as tax
    from jsonb_array_elements(d.content -> 'lines') u
) l
cross join lateral (
    select sum((u ->> 'net_minor')::bigint) as net, sum((u ->> 'tax_minor')::bigint) as tax
    from jsonb_array_elements(d.content -> 'taxes') u
) r
where (t.net, t.tax) is distinct from (
        case d.kind when 'invoice' then d.net_minor else -d.net_minor end,
        case d.kind when 'invoice' then d.tax_minor else -d.tax_minor end)
   or (l.net, l.tax) <> (d.net_minor, d.tax_minor) or (r.net, r.tax) <> (d.net_minor, d.tax_minor)
"""  # noqa: S608

# What policy said then; versions that were set for a time already past are left out of judgement.
EVERY_CAUSE = f"""
with told as ({_TOLD}), rules as (
    select scope_type, scope_code, valid_from, no, recorded_at, value ->> 'issue' as issue
    from organization_policy where kind = 'documents.issue'
)
select 'event:' || t.id as subject, format('%s of %s has no document', t.kind, t.cause_id) as detail
from told t
left join orders_order o on o.id = t.order_id::uuid
join organization_channel c on c.id = coalesce(t.channel_id::uuid, o.channel_id)
join organization_brand b on b.id = c.brand_id
join platform_cursor p
    on p.reaction = 'documents.issue' and (t.epoch, t.txid, t.id) <= (p.epoch, p.txid, p.id)
cross join lateral (
    select coalesce((
        select s.issue from (
            select distinct on (scope_type) scope_type, issue from rules
            where valid_from <= t.at and (scope_type, scope_code) in
                (('channel', c.code), ('brand', b.code), ('tenant', ''))
            order by scope_type, valid_from desc, no desc
        ) s where s.issue is not null
        order by array_position(array['channel', 'brand', 'tenant'], s.scope_type) limit 1
    ), 'unless_till') as issue
) w
where t.told > 0
  and (w.issue = 'always' or (w.issue = 'unless_till' and c.type <> 'store'))
  and not exists (select from rules where recorded_at > t.at and valid_from <= t.at)
  and not exists (select from documents_document d
                  where (d.cause_kind, d.cause_id) = (t.kind, t.cause_id))
  and not exists (select from platform_backlog b
                  where b.reaction = 'documents.issue' and b.log_id = t.id)
"""  # noqa: S608

# A credit note of an order corrects invoices of that order.
CORRECTS_ITS_ORDER = """
select 'document:' || d.number as subject,
       format('it corrects %s, which is no invoice of its order', r ->> 'number') as detail
from documents_document d cross join jsonb_array_elements(d.content -> 'references') r
where not exists (
    select from documents_document i
    where i.order_id = d.order_id and i.kind = 'invoice' and i.number = r ->> 'number')
"""

RULES = [
    Rule("documents.no_gaps", NO_GAPS),
    Rule("documents.amounts_of_the_cause", AMOUNTS_OF_THE_CAUSE),
    Rule("documents.every_cause", EVERY_CAUSE),
    Rule("documents.corrects_its_order", CORRECTS_ITS_ORDER),
]
