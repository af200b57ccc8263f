"""What must hold of carriers: labels agree with their effects, services with their zones."""

from crosslane.verify import Rule

LABEL_HAS_ITS_EFFECT = """
select 'label:' || l.id as subject,
       format('it is %s and its effect is %s', l.state, coalesce(e.state, 'missing')) as detail
from carriers_label l
left join platform_effect e on e.key = 'carriers.label:' || l.id
where (l.state = 'requested' and e.state is distinct from 'due')
   or (l.state = 'failed' and coalesce(e.state, '') not in ('dead', 'due'))
"""

LABEL_IS_WHOLE = """
select 'label:' || id as subject,
       format('it is %s with number "%s"', state, tracking_number) as detail
from carriers_label
where (state = 'created' and (tracking_number = '' or created_at is null))
   or (state in ('requested', 'failed') and (tracking_number <> '' or created_at is not null))
"""

ADDRESS_LET_GO = """
select 'label:' || id as subject, 'it is made and still holds addresses' as detail
from carriers_label where created_at is not null and shipment is not null
"""

DOCUMENT_OF_A_LABEL = """
select 'label:' || d.label_id as subject, 'a document is kept of a label not made' as detail
from carriers_label_document d
where not exists (
    select from carriers_label l where l.id = d.label_id and l.created_at is not null)
"""

TRANSIT_TO_A_ZONE = """
select 'service:' || t.service as subject,
       format('it goes to %s, which carrier %s does not have', t.zone, s.carrier) as detail
from carriers_transit t join carriers_service s on s.code = t.service
where s.active
  and not exists (select from carriers_zone z where (z.carrier, z.code) = (s.carrier, t.zone))
"""

RULE_TO_A_ZONE = """
select 'carrier:' || r.carrier as subject,
       format('rule %s leads to %s, which it does not have', r.place, r.zone) as detail
from carriers_zone_rule r
where not exists (select from carriers_zone z where (z.carrier, z.code) = (r.carrier, r.zone))
"""

RULES = [
    Rule("carriers.label_has_its_effect", LABEL_HAS_ITS_EFFECT),
    Rule("carriers.label_is_whole", LABEL_IS_WHOLE),
    Rule("carriers.address_let_go", ADDRESS_LET_GO),
    Rule("carriers.document_of_a_label", DOCUMENT_OF_A_LABEL),
    Rule("carriers.transit_to_a_zone", TRANSIT_TO_A_ZONE),
    Rule("carriers.rule_to_a_zone", RULE_TO_A_ZONE),
]
