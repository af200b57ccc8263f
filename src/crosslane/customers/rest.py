"""Customers over HTTP. A caller bound to one customer sees and changes that one only."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane.customers import errors, service
from crosslane.customers.domain import (
    Address,
    Consent,
    Customer,
    IdentityKind,
    SavedAddress,
    label_lines,
    require_address,
)
from crosslane.customers.service import (
    AddIdentity,
    ChangeCustomer,
    CorrectCustomer,
    CustomersImported,
    ImportCustomers,
    MergeCustomers,
    PutAddress,
    RecordConsent,
    RegisterCustomer,
    RemoveAddress,
    RemoveIdentity,
    commands,
)
from crosslane.customers.service.addresses import Label
from crosslane.customers.service.consents import Proof
from crosslane.customers.service.keeping import REACHED_BY_MAX, CustomerName, Group, IdentityText
from crosslane.kernel import Page
from crosslane.organization import BadCountry, BadLocale, Reason, UnknownBrand, UnknownChannel
from crosslane.platform.web import Answer, Caller, Paging, Version, delete, get, patch, post, put

READ, WRITE = "customers:read", "customers:write"
IMPORT_BYTES_MAX = 16 << 20

Query = Annotated[str, msgspec.Meta(max_length=254)]

_HOME = Address("GB", ("12 High Street",), "Leeds", "LS1 4DY", name="Ann Example")


class CustomerChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a customer is called and how it buys, as it shall be."""

    name: CustomerName
    group: Group = ""
    payment_terms_days: int | None = None
    locale: str = ""


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a customer is called and reached by, all of it; ``country`` is for national telephones.

    Args:
        reason: for the record.
    """

    name: CustomerName
    emails: Annotated[list[IdentityText], msgspec.Meta(max_length=REACHED_BY_MAX)]
    phones: Annotated[list[IdentityText], msgspec.Meta(max_length=REACHED_BY_MAX)]
    country: str = ""
    reason: Reason


class NewIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing more by which a customer is known; ``country`` is for national telephones."""

    kind: IdentityKind
    value: IdentityText
    channel: IdentityText = ""
    country: str = ""


class BookAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address for a customer's book."""

    address: Address
    is_default: bool = False


class NewConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a customer said; ``granted`` is false for a withdrawal."""

    purpose: str
    granted: bool
    proof: Proof
    channel: str = ""
    brand: str = ""
    at: datetime | None = None


class CheckedAddress(msgspec.Struct, frozen=True):
    """An address in its one form, and as its country writes it on a parcel."""

    address: Address
    label: list[str]


class CustomerExport(msgspec.Struct, frozen=True):
    """Everything that is known of a customer, section by section."""

    sections: dict[str, list[Any]]


@get("/api/v1/customers", permission=READ)
async def list_customers(
    caller: Caller, paging: Paging, query: Query = "", group: str = "", country: str = ""
) -> Page[Customer]:
    """List or search customers in the order in which they came.

    ``query`` is words of a name, or a whole e-mail address, telephone or account number;
    ``country`` says how to read a national telephone number.
    """
    (after,) = paging.after(UUID) or (None,)
    async with caller.read() as tx:
        found = await service.list_customers(
            tx,
            after=after,
            limit=paging.limit + 1,
            query=query,
            group=group,
            country=country,
            owner=caller.actor.customer_id,
        )
    return paging.page(found, key=lambda customer: (customer.id,))


@get("/api/v1/customers/{customer_id}", permission=READ, raises=(errors.UnknownCustomer,))
async def show_customer(caller: Caller, customer_id: UUID) -> Answer[Customer]:
    """Show one customer; one that was merged is shown as its successor."""
    async with caller.read() as tx:
        found = await service.customer(tx, customer_id, owner=caller.actor.customer_id)
    return Answer(body=found, version=found.version)


@post(
    "/api/v1/customers",
    permission=WRITE,
    command=commands.REGISTER,
    raises=(
        errors.IdentityMissing,
        errors.IdentityTaken,
        errors.BadEmail,
        errors.BadPhone,
        errors.BadAccountNumber,
        errors.PaymentTermsOutOfRange,
        BadLocale,
        errors.BadChannelIdentity,
        BadCountry,
        UnknownChannel,
    ),
    example=RegisterCustomer(
        "organization",
        "Example Ltd",
        account_number="12347",
        email="buyer@example.com",
        group="trade",
        payment_terms_days=30,
    ),
)
async def register_customer(caller: Caller, data: RegisterCustomer) -> Customer:
    """Make a customer of a person or an organization; nobody else may be known by the same."""
    return await caller.submit(commands.REGISTER, data)


@post(
    "/api/v1/customer-imports",
    permission=WRITE,
    command=commands.IMPORT,
    body_bytes_max=IMPORT_BYTES_MAX,
    raises=(errors.IdentityTaken, errors.CustomerErased, errors.UnknownCustomer),
    example=ImportCustomers(
        rows=[{"kind": "organization", "name": "Example Ltd", "account_number": "12347"}],
        dry_run=True,
    ),
)
async def import_customers(caller: Caller, data: ImportCustomers) -> CustomersImported:
    """Register customers in bulk, and change those that are known, up to 5,000 rows.

    Rows that cannot be taken are told one by one, the others are saved; ``dry_run`` only tells.
    """
    return await caller.submit(commands.IMPORT, data)


@patch(
    "/api/v1/customers/{customer_id}",
    permission=WRITE,
    command=commands.CHANGE,
    raises=(
        errors.UnknownCustomer,
        errors.CustomerErased,
        errors.PaymentTermsOutOfRange,
        BadLocale,
    ),
    example=CustomerChange("Example & Sons Ltd", "trade", 30),
)
async def change_customer(
    caller: Caller, customer_id: UUID, data: CustomerChange, version: Version | None = None
) -> Answer[Customer]:
    """Change a customer; If-Match names the version that is meant."""
    wish = ChangeCustomer(
        customer_id, version, data.name, data.group, data.payment_terms_days, data.locale
    )
    changed: Customer = await caller.submit(commands.CHANGE, wish)
    return Answer(body=changed, version=changed.version)


@put(
    "/api/v1/customers/{customer_id}/contact",
    permission=WRITE,
    command=commands.CORRECT,
    raises=(
        errors.UnknownCustomer,
        errors.CustomerErased,
        errors.BadEmail,
        errors.BadPhone,
        errors.IdentityTaken,
        errors.IdentityMissing,
        BadCountry,
    ),
    example=Contact(
        name="Ann Example",
        emails=["ann@example.com"],
        phones=["020 7946 0958"],
        country="GB",
        reason="She has married",
    ),
)
async def correct_customer(
    caller: Caller, customer_id: UUID, data: Contact, version: Version | None = None
) -> Answer[Customer]:
    """Correct what a customer is called and reached by; what it has consented to stays."""
    wish = CorrectCustomer(
        customer_id=customer_id,
        version=version,
        name=data.name,
        emails=data.emails,
        phones=data.phones,
        country=data.country,
        reason=data.reason,
    )
    corrected: Customer = await caller.submit(commands.CORRECT, wish)
    return Answer(body=corrected, version=corrected.version)


@post(
    "/api/v1/customers/{customer_id}/identities",
    permission=WRITE,
    command=commands.ADD_IDENTITY,
    raises=(
        errors.UnknownCustomer,
        errors.IdentityTaken,
        errors.BadEmail,
        errors.BadPhone,
        errors.CustomerErased,
        errors.IdentityMissing,
        errors.BadAccountNumber,
        errors.BadChannelIdentity,
        errors.TooManyOfCustomer,
        BadCountry,
        UnknownChannel,
    ),
    example=NewIdentity("phone", "020 7946 0958", country="GB"),
)
async def add_identity(caller: Caller, customer_id: UUID, data: NewIdentity) -> Customer:
    """Let a customer be known by one thing more."""
    wish = AddIdentity(customer_id, data.kind, data.value, data.channel, data.country)
    return await caller.submit(commands.ADD_IDENTITY, wish)


@delete(
    "/api/v1/customers/{customer_id}/identities",
    permission=WRITE,
    command=commands.REMOVE_IDENTITY,
    raises=(
        errors.UnknownCustomer,
        errors.CustomerErased,
        errors.UnknownIdentity,
        errors.LastIdentity,
    ),
)
async def remove_identity(
    caller: Caller, customer_id: UUID, kind: IdentityKind, value: IdentityText, channel: str = ""
) -> Customer:
    """Let a customer be known by one thing less; the value as it is shown."""
    wish = RemoveIdentity(customer_id, kind, value, channel)
    return await caller.submit(commands.REMOVE_IDENTITY, wish)


@post(
    "/api/v1/customer-merges",
    permission="customers:merge",
    command=commands.MERGE,
    raises=(errors.UnknownCustomer, errors.CustomerErased, errors.MergeWithItself),
    example=MergeCustomers(
        UUID("0190a0b0-0000-7000-8000-000000000001"),
        UUID("0190a0b0-0000-7000-8000-000000000002"),
        "Same person, two e-mail addresses",
    ),
)
async def merge_customers(caller: Caller, data: MergeCustomers) -> Customer:
    """Say that two customers are one; the kept one has everything of both."""
    return await caller.submit(commands.MERGE, data)


@get("/api/v1/customers/{customer_id}/addresses", permission=READ, raises=(errors.UnknownCustomer,))
async def list_addresses(caller: Caller, customer_id: UUID) -> list[SavedAddress]:
    """Show a customer's address book by label, at most 100 entries."""
    async with caller.read() as tx:
        return await service.list_addresses(tx, customer_id, owner=caller.actor.customer_id)


@put(
    "/api/v1/customers/{customer_id}/addresses/{label}",
    permission=WRITE,
    command=commands.PUT_ADDRESS,
    raises=(
        errors.UnknownCustomer,
        errors.CustomerErased,
        errors.TooManyOfCustomer,
        *errors.ADDRESS_REFUSALS,
    ),
    example=BookAddress(_HOME, is_default=True),
)
async def put_address(
    caller: Caller, customer_id: UUID, label: Label, data: BookAddress
) -> SavedAddress:
    """Put an address into a customer's book; orders that named the one before keep it."""
    wish = PutAddress(customer_id, label, data.address, data.is_default)
    return await caller.submit(commands.PUT_ADDRESS, wish)


@delete(
    "/api/v1/customers/{customer_id}/addresses/{label}",
    permission=WRITE,
    command=commands.REMOVE_ADDRESS,
    raises=(errors.UnknownCustomer, errors.CustomerErased, errors.UnknownAddress),
)
async def remove_address(caller: Caller, customer_id: UUID, label: Label) -> None:
    """Take an address from a customer's book."""
    await caller.submit(commands.REMOVE_ADDRESS, RemoveAddress(customer_id, label))


@post(
    "/api/v1/address-checks",
    permission=READ,
    command=None,
    raises=errors.ADDRESS_REFUSALS,
    example=_HOME,
)
async def check_address(caller: Caller, data: Address) -> CheckedAddress:
    """Bring an address to its one form, or tell what its country's rules miss; stores nothing."""
    del caller
    checked = require_address(data)
    return CheckedAddress(checked, label_lines(checked))


@get("/api/v1/customers/{customer_id}/consents", permission=READ, raises=(errors.UnknownCustomer,))
async def list_consents(caller: Caller, customer_id: UUID) -> list[Consent]:
    """Show everything a customer ever allowed or withdrew."""
    async with caller.read() as tx:
        return await service.list_consents(tx, customer_id, owner=caller.actor.customer_id)


@post(
    "/api/v1/customers/{customer_id}/consents",
    permission=WRITE,
    command=commands.RECORD_CONSENT,
    raises=(
        errors.UnknownCustomer,
        errors.CustomerErased,
        errors.BadPurpose,
        UnknownChannel,
        UnknownBrand,
    ),
    example=NewConsent("newsletter", True, "sign-up form, version 3"),
)
async def record_consent(caller: Caller, customer_id: UUID, data: NewConsent) -> Consent:
    """Record that a customer allowed something or withdrew it; the last word counts."""
    wish = RecordConsent(
        customer_id, data.purpose, data.granted, data.proof, data.channel, data.brand, data.at
    )
    return await caller.submit(commands.RECORD_CONSENT, wish)


@get(
    "/api/v1/customers/{customer_id}/export",
    permission="customers:export",
    raises=(errors.UnknownCustomer,),
)
async def export_customer(caller: Caller, customer_id: UUID) -> CustomerExport:
    """Show everything that is known of a customer, as the law lets the customer ask for."""
    async with caller.read() as tx:
        found = await service.export(tx, customer_id, owner=caller.actor.customer_id)
    return CustomerExport(found)


ROUTES = [
    list_customers,
    show_customer,
    register_customer,
    import_customers,
    change_customer,
    correct_customer,
    add_identity,
    remove_identity,
    merge_customers,
    list_addresses,
    put_address,
    remove_address,
    check_address,
    list_consents,
    record_consent,
    export_customer,
]
