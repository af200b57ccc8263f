"""Whom a channel tells of: found by its own identifier, else by e-mail, else made."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.customers.domain import Customer, CustomerRef, Identity, identities_of
from crosslane.customers.service.keeping import (
    IDENTITIES_MAX,
    MergeCustomers,
    locked,
    merge,
)
from crosslane.customers.service.recognizing import NAME_CHARACTERS_MAX, customer
from crosslane.customers.storage import customers as storage
from crosslane.customers.storage.customers import NewCustomer
from crosslane.kernel import Refusal, new_id
from crosslane.organization import require_locale
from crosslane.platform.database import Tx

FINDS = ("channel", "email")
TOLD = "their channel told of both"


async def find_contact(tx: Tx, ref: CustomerRef) -> UUID | None:
    """Return who a channel's contact is, None for somebody nobody knows."""
    identities = list(_readable(ref))
    return _lead(identities, await storage.find_owners(tx, identities) if identities else {})


async def note_contact(tx: Tx, ref: CustomerRef) -> Customer:
    """Take in whom a channel tells of, and return the customer.

    What they are known by is added where nobody else has it; what cannot be read is left out. An
    e-mail address that somebody else has stays theirs, and joins them with a guest who has none. A
    guest is called as the channel says, a registered customer only where it has no name.

    Args:
        tx: open transaction.
        ref: who it is, with the channel's identifier; an empty name or locale says nothing.
    """
    identities = list(_readable(ref))
    owners = await storage.find_owners(tx, identities)
    lead = _lead(identities, owners)
    ref, lead = await _joined(tx, ref, lead, [i for i in identities if i.kind == "email"], owners)
    if lead is None:
        lead = new_id()
        await storage.insert_customers(tx, [_guest(lead, ref)])
        known = await customer(tx, lead)
    else:
        known = await locked(tx, lead)
    free = [identity for identity in identities if identity not in owners]
    free = free[: max(0, IDENTITIES_MAX - len(known.identities))]
    if free:
        await storage.insert_identities(tx, dict.fromkeys(free, known.id))
        await storage.touch_customer(tx, known.id)
    told = _called(known, ref)
    if told != known:
        await storage.update_customers(tx, [told])
    return await customer(tx, known.id)


async def _joined(
    tx: Tx,
    ref: CustomerRef,
    lead: UUID | None,
    emails: Sequence[Identity],
    owners: Mapping[Identity, UUID],
) -> tuple[CustomerRef, UUID | None]:
    """Join a guest known by the channel alone with whom its e-mail address is of.

    Had the address been told first, they would have been one from the beginning.
    """
    owner = owners.get(emails[0]) if emails else None
    if lead is None or owner in (None, lead):
        return ref, lead
    guest = await locked(tx, lead)
    if guest.id == owner or not guest.guest or any(i.kind == "email" for i in guest.identities):
        return ref, lead
    await merge(tx, MergeCustomers(owner, lead, TOLD))
    told = {"name": ref.name or guest.name, "locale": ref.locale or guest.locale}
    return msgspec.structs.replace(ref, **told), owner


def _readable(ref: CustomerRef) -> Iterator[Identity]:
    """Yield what somebody is known by, strongest first, each for itself."""
    for name in ("channel_customer", "email", "phone"):
        if value := getattr(ref, name):
            single = CustomerRef(**{name: value, "channel": ref.channel, "country": ref.country})
            try:
                yield from identities_of(single)
            except Refusal:
                continue


def _lead(identities: list[Identity], owners: dict[Identity, UUID]) -> UUID | None:
    found = (owners.get(i) for i in identities if i.kind in FINDS)
    return next((owner for owner in found if owner is not None), None)


def _guest(customer_id: UUID, ref: CustomerRef) -> NewCustomer:
    return NewCustomer(
        id=customer_id,
        kind="person",
        name=_name(ref),
        group="",
        payment_terms_days=None,
        locale=_locale(ref),
        guest=True,
    )


def _called(known: Customer, ref: CustomerRef) -> Customer:
    name, locale = _name(ref), _locale(ref)
    return msgspec.structs.replace(
        known,
        name=name if name and (known.guest or not known.name) else known.name,
        locale=locale if locale and (known.guest or not known.locale) else known.locale,
    )


def _name(ref: CustomerRef) -> str:
    return " ".join(ref.name.split())[:NAME_CHARACTERS_MAX]


def _locale(ref: CustomerRef) -> str:
    try:
        return require_locale(ref.locale) if ref.locale else ""
    except Refusal:
        return ""
