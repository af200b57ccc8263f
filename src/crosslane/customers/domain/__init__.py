"""Nouns and rules of customers: who they are, where they live, what they have allowed."""

from crosslane.customers.domain.address import (
    Address,
    label_lines,
    normal_postcode,
    region_in_latin,
    require_address,
)
from crosslane.customers.domain.customer import (
    AddressSnapshot,
    Consent,
    Customer,
    CustomerKind,
    Newcomer,
    SavedAddress,
    is_granted,
    recognized,
    require_payment_terms,
    require_purpose,
)
from crosslane.customers.domain.identity import (
    IDENTITY_KINDS,
    CustomerRef,
    Identity,
    IdentityKind,
    identities_of,
    normal_account_number,
    normal_email,
    normal_phone,
    possible_values,
)

__all__ = [
    "IDENTITY_KINDS",
    "Address",
    "AddressSnapshot",
    "Consent",
    "Customer",
    "CustomerKind",
    "CustomerRef",
    "Identity",
    "IdentityKind",
    "Newcomer",
    "SavedAddress",
    "identities_of",
    "is_granted",
    "label_lines",
    "normal_account_number",
    "normal_email",
    "normal_phone",
    "normal_postcode",
    "possible_values",
    "recognized",
    "region_in_latin",
    "require_address",
    "require_payment_terms",
    "require_purpose",
]
