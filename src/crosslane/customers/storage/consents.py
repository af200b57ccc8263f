"""What customers have allowed or withdrawn."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.customers.domain import Consent
from crosslane.platform.database import Tx

INSERT_CONSENT = """
insert into customers_consent
    (id, customer_id, purpose, channel, brand, granted, proof, at, recorded_by, recorded_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


async def insert_consent(
    tx: Tx, consent_id: UUID, customer_id: UUID, consent: Consent, *, recorded_by: str
) -> None:
    """Record what a customer said."""
    await tx.execute(
        INSERT_CONSENT,
        consent_id,
        customer_id,
        consent.purpose,
        consent.channel,
        consent.brand,
        consent.granted,
        consent.proof,
        consent.at,
        recorded_by,
        tx.now,
    )


CONSENTS_FOR = """
select coalesce(c.merged_into, c.id) as owner, s.purpose, s.channel, s.brand, s.granted, s.proof,
       s.at
from customers_consent s join customers_customer c on c.id = s.customer_id
where coalesce(c.merged_into, c.id) = any ($1::uuid[]) and ($2 = '' or s.purpose = $2)
order by s.no
"""


async def consents_for(
    tx: Tx, customer_ids: Sequence[UUID], purpose: str
) -> dict[UUID, list[Consent]]:
    """Return consents by customer, in the order in which they were recorded.

    Args:
        tx: open transaction.
        customer_ids: customers that are not merged into others.
        purpose: only for this purpose, empty for all.
    """
    found: dict[UUID, list[Consent]] = {customer_id: [] for customer_id in customer_ids}
    for row in await tx.fetch(CONSENTS_FOR, list(customer_ids), purpose):
        values = dict(row)
        found[values.pop("owner")].append(Consent(**values))
    return found


ERASE_PROOFS = """
update customers_consent set proof = '' where customer_id = any ($1::uuid[]) and proof <> ''
"""


async def erase_proofs(tx: Tx, customer_ids: Sequence[UUID]) -> int:
    """Blank how consents were given; that and when they were given stays. Count them."""
    tag = await tx.execute(ERASE_PROOFS, list(customer_ids))
    return int(tag.rpartition(" ")[2])
