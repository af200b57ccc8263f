"""Use cases of customers."""

from crosslane.customers.service.addresses import (
    PutAddress,
    RemoveAddress,
    addresses_by_id,
    list_addresses,
    put_address,
    remove_address,
    snapshot_addresses,
)
from crosslane.customers.service.buyers import Buyer, Recognized, recognize
from crosslane.customers.service.consents import (
    RecordConsent,
    consenting,
    list_consents,
    record_consent,
)
from crosslane.customers.service.importing import (
    CustomersImported,
    ImportCustomers,
    import_customers,
)
from crosslane.customers.service.keeping import (
    AddIdentity,
    ChangeCustomer,
    MergeCustomers,
    RegisterCustomer,
    RemoveIdentity,
    add_identity,
    change,
    merge,
    register,
    remove_identity,
)
from crosslane.customers.service.privacy import (
    ERASERS,
    EXPORTERS,
    EraseCustomer,
    ErasureReport,
    erase,
    export,
)
from crosslane.customers.service.recognizing import (
    customer,
    customers_by_id,
    identify,
    list_customers,
    merged_ids,
    search,
)

__all__ = [
    "ERASERS",
    "EXPORTERS",
    "AddIdentity",
    "Buyer",
    "ChangeCustomer",
    "CustomersImported",
    "EraseCustomer",
    "ErasureReport",
    "ImportCustomers",
    "MergeCustomers",
    "PutAddress",
    "Recognized",
    "RecordConsent",
    "RegisterCustomer",
    "RemoveAddress",
    "RemoveIdentity",
    "add_identity",
    "addresses_by_id",
    "change",
    "consenting",
    "customer",
    "customers_by_id",
    "erase",
    "export",
    "identify",
    "import_customers",
    "list_addresses",
    "list_consents",
    "list_customers",
    "merge",
    "merged_ids",
    "put_address",
    "recognize",
    "record_consent",
    "register",
    "remove_address",
    "remove_identity",
    "search",
    "snapshot_addresses",
]
