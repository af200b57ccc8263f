"""What must hold of customers: merges end somewhere, hashes fit, the forgotten stay so."""

from crosslane.verify import Rule

CONTENT_HASH = """
select 'address_snapshot:' || id as subject,
       'its content hash is not that of its content' as detail
from customers_address_snapshot
where content_hash <> sha256(convert_to(concat_ws(
    e'\\x1f', customer_id::text, country, array_to_string(lines, e'\\n'), city, postcode, region,
    name, organization, phone, email
), 'UTF8'))
"""

MERGE_ENDS = """
select 'customer:' || c.id as subject,
       format('merged into %s, which is itself merged into %s', n.id, n.merged_into) as detail
from customers_customer c join customers_customer n on n.id = c.merged_into
where n.merged_into is not null
"""

IDENTITY_OWNER = """
select 'customer:' || c.id as subject,
       format('has an identity of kind %s although it is %s', i.kind,
              case when c.merged_into is null then 'erased' else 'merged' end) as detail
from customers_identity i join customers_customer c on c.id = i.customer_id
where c.merged_into is not null or c.erased_at is not null
"""

FORGOTTEN = """
select 'customer:' || c.id as subject, 'erased, but personal data is left' as detail
from customers_customer c
where c.erased_at is not null and (
    c.name <> ''
    or exists (select 1 from customers_address a where a.customer_id = c.id)
    or exists (
        select 1 from customers_address_snapshot s
        where s.customer_id = c.id and (
            s.erased_at is null
            or concat(s.city, s.postcode, s.region, s.name, s.organization, s.phone, s.email) <> ''
            or cardinality(s.lines) > 0
        )
    )
    or exists (select 1 from customers_consent k where k.customer_id = c.id and k.proof <> '')
)
"""

RULES = [
    Rule("customers.snapshot_hashes_fit_their_content", CONTENT_HASH),
    Rule("customers.merges_end_at_a_customer_of_its_own", MERGE_ENDS),
    Rule("customers.identities_belong_to_present_customers", IDENTITY_OWNER),
    Rule("customers.the_forgotten_left_nothing", FORGOTTEN),
]
