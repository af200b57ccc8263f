"""Who buys: people and organizations, how they are recognized, where they live, what they allow.

Nouns: :class:`Customer`, :class:`Identity` (account number, a channel's own identifier, e-mail,
telephone, each in one form and of one customer), :class:`Address` (checked by the rules of its
country), :class:`AddressSnapshot` (an address as it was when an order named it; immutable, one per
content and customer), :class:`Consent` (the last word that fits counts, silence is none).

Doors for other modules: :func:`require_address` (pure: one form or a refusal with a pointer),
:func:`label_lines` (an address as its country writes it), :func:`identify` (find or make, one
customer or refusal per reference), :func:`note_contact` and :func:`find_contact` (whom a channel
tells of, by its own identifier, else by e-mail), :func:`snapshot_addresses` (addresses and the
customer behind each; one that fails the rules is kept and marked unchecked), :func:`recognize`
(both for a batch of orders, by one or two statements), :func:`addresses_by_id`,
:func:`customers_by_id` (follows merges), :func:`buyers_by_id` (both at once), :func:`merged_ids`
(what a customer's orders may name), :func:`list_customers`, :func:`search` (merged ones too),
:func:`consenting`, :func:`record_consent`, :func:`list_addresses`, :func:`put_address`,
:func:`remove_address`, :func:`list_consents`, :func:`erase` and :func:`export`; the commands
``customers.correct``, ``customers.merge`` and ``customers.erase``.

Bulk: an import registers customers and changes those that are known, row by row as a reference
decides who they are; what it cannot take it tells and leaves out.

Who a reference is, its strongest identity decides alone: account number, the channel's identifier,
e-mail, telephone. A known customer gains no identity from an order, or anybody could attach a
telephone number to somebody else's account; of a contact the channel itself speaks, and what is
free is added.

Invariants: an identity belongs to one customer. ``merged_into`` names the end of a chain. A
snapshot never changes but to be erased; its country stays, because the tax of an order rests on it.

Personal data: declared as ``PERSONAL_COLUMNS``; other modules declare theirs likewise
(``crosslane.platform.personal``), so that :func:`erase` reaches all of them.

Events: CustomersMerged, ConsentRecorded, CustomerForgotten.
Tables: customers_customer, customers_identity, customers_address_snapshot, customers_address,
customers_consent.
"""

from crosslane.customers.domain import (
    Address,
    AddressSnapshot,
    Consent,
    Customer,
    CustomerRef,
    Identity,
    SavedAddress,
    identities_of,
    label_lines,
    normal_email,
    normal_phone,
    normal_postcode,
    region_in_latin,
    require_address,
)
from crosslane.customers.errors import (
    ADDRESS_REFUSALS,
    IDENTITY_REFUSALS,
    AddressIncomplete,
    BadEmail,
    BadPhone,
    BadPostcode,
    CustomerErased,
    IdentityMissing,
    IdentityTaken,
    UnknownCustomer,
    UnknownRegion,
)
from crosslane.customers.events import ConsentRecorded, CustomerForgotten, CustomersMerged
from crosslane.customers.rest import ROUTES
from crosslane.customers.service import (
    ERASERS,
    EXPORTERS,
    Buyer,
    CorrectCustomer,
    EraseCustomer,
    ErasureReport,
    KnownBuyer,
    MergeCustomers,
    PutAddress,
    Recognized,
    RecordConsent,
    RegisterCustomer,
    RemoveAddress,
    addresses_by_id,
    buyers_by_id,
    consenting,
    customer,
    customers_by_id,
    erase,
    export,
    find_contact,
    identify,
    list_addresses,
    list_consents,
    list_customers,
    merge,
    merged_ids,
    note_contact,
    put_address,
    recognize,
    record_consent,
    register,
    remove_address,
    search,
    snapshot_addresses,
)
from crosslane.customers.service.commands import COMMANDS, CORRECT, ERASE, MERGE
from crosslane.customers.storage.personal import PERSONAL_COLUMNS

__all__ = [
    "ADDRESS_REFUSALS",
    "COMMANDS",
    "CORRECT",
    "ERASE",
    "ERASERS",
    "EXPORTERS",
    "IDENTITY_REFUSALS",
    "MERGE",
    "PERSONAL_COLUMNS",
    "ROUTES",
    "Address",
    "AddressIncomplete",
    "AddressSnapshot",
    "BadEmail",
    "BadPhone",
    "BadPostcode",
    "Buyer",
    "Consent",
    "ConsentRecorded",
    "CorrectCustomer",
    "Customer",
    "CustomerErased",
    "CustomerForgotten",
    "CustomerRef",
    "CustomersMerged",
    "EraseCustomer",
    "ErasureReport",
    "Identity",
    "IdentityMissing",
    "IdentityTaken",
    "KnownBuyer",
    "MergeCustomers",
    "PutAddress",
    "Recognized",
    "RecordConsent",
    "RegisterCustomer",
    "RemoveAddress",
    "SavedAddress",
    "UnknownCustomer",
    "UnknownRegion",
    "addresses_by_id",
    "buyers_by_id",
    "consenting",
    "customer",
    "customers_by_id",
    "erase",
    "export",
    "find_contact",
    "identify",
    "identities_of",
    "label_lines",
    "list_addresses",
    "list_consents",
    "list_customers",
    "merge",
    "merged_ids",
    "normal_email",
    "normal_phone",
    "normal_postcode",
    "note_contact",
    "put_address",
    "recognize",
    "record_consent",
    "region_in_latin",
    "register",
    "remove_address",
    "require_address",
    "search",
    "snapshot_addresses",
]
