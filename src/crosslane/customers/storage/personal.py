"""Which columns hold personal data, and how they are blanked."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.customers.storage.addresses import delete_addresses, erase_snapshots
from crosslane.customers.storage.consents import erase_proofs
from crosslane.customers.storage.customers import erase_customers
from crosslane.platform.database import Tx
from crosslane.platform.personal import Erased, PersonalColumn

_SNAPSHOT_COLUMNS = (
    "lines",
    "city",
    "postcode",
    "region",
    "name",
    "organization",
    "phone",
    "email",
    "content_hash",
)

PERSONAL_COLUMNS = [
    PersonalColumn("customers_customer", "name", "owner", "to address the customer"),
    PersonalColumn("customers_identity", "value", "owner", "to recognize the customer"),
    PersonalColumn("customers_address", "label", "owner", "the customer's own address book"),
    PersonalColumn("customers_consent", "proof", "owner", "to prove consent"),
    *(
        PersonalColumn("customers_address_snapshot", column, "owner", "to deliver")
        for column in _SNAPSHOT_COLUMNS
    ),
]


async def erase_own(tx: Tx, customer_ids: Sequence[UUID]) -> list[Erased]:
    """Blank everything this module holds of customers, in the order of its references."""
    addresses = await delete_addresses(tx, customer_ids)
    snapshots = await erase_snapshots(tx, customer_ids)
    proofs = await erase_proofs(tx, customer_ids)
    await erase_customers(tx, customer_ids)
    return [
        Erased("customers_customer", len(customer_ids)),
        Erased("customers_address", addresses),
        Erased("customers_address_snapshot", snapshots),
        Erased("customers_consent", proofs),
    ]
