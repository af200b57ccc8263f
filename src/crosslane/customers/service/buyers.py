"""Who buys and where it goes, for a batch of orders."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.customers.domain import (
    Address,
    AddressSnapshot,
    Customer,
    CustomerRef,
    Identity,
    Newcomer,
    identities_of,
    recognized,
)
from crosslane.customers.errors import UnknownCustomer
from crosslane.customers.service.addresses import content_hash, content_of, is_checked
from crosslane.customers.service.recognizing import guest_of
from crosslane.customers.storage import buyers as storage
from crosslane.customers.storage.addresses import NewSnapshot
from crosslane.customers.storage.buyers import Sought
from crosslane.kernel import Refusal, new_id
from crosslane.platform.database import Tx


class Buyer(msgspec.Struct, frozen=True):
    """Somebody who orders something.

    Args:
        who: customer as the order says it, or the id of one who is known for certain.
        address: where it goes, as :func:`require_address` returned it, None when nowhere.
    """

    who: CustomerRef | UUID
    address: Address | None = None


class Recognized(msgspec.Struct, frozen=True):
    """Who a buyer is, and the snapshot of the address."""

    customer: Customer
    address_id: UUID | None


class KnownBuyer(msgspec.Struct, frozen=True):
    """A customer and an address as they are kept.

    Args:
        customer: who it is, the successor of one that was merged; None when nobody is known.
        address: its snapshot, blank once erased; None when none is known.
    """

    customer: Customer | None = None
    address: AddressSnapshot | None = None


async def buyers_by_id(tx: Tx, whom: Sequence[tuple[UUID | None, UUID | None]]) -> list[KnownBuyer]:
    """Return customers with addresses, by one statement.

    Args:
        tx: open transaction.
        whom: customer and snapshot of each, None for none; they need not belong together.
    """
    if not any(map(any, whom)):
        return [KnownBuyer()] * len(whom)
    return [KnownBuyer(*each) for each in await storage.buyers_by_id(tx, whom)]


async def recognize(tx: Tx, buyers: Sequence[Buyer]) -> list[Recognized | Refusal]:
    """Return who each buyer is and keep their addresses, making guests of whoever is not known.

    As :func:`identify` and :func:`snapshot_addresses` do, by one statement when everybody and
    every address is known, by two otherwise.

    Args:
        tx: open transaction.
        buyers: one per order; a malformed one is answered with its refusal.

    Raises:
        SerializationError: the same guest was made, or a customer erased, by somebody else at the
            same moment; the transaction has to be run again.
    """
    if not buyers:
        return []
    wanted = [_identities(buyer) for buyer in buyers]
    contents = [content_of(buyer.address) if buyer.address else None for buyer in buyers]
    sought: dict[Sought, None] = {}
    for buyer, identities, content in zip(buyers, wanted, contents, strict=True):
        if isinstance(buyer.who, UUID):
            sought[Sought(None, buyer.who, content)] = None
        elif not isinstance(identities, Refusal):
            sought |= {Sought(identity, None, content): None for identity in identities}
    known = await storage.find_buyers(tx, list(sought))
    people, newcomers = _people(buyers, wanted, known)
    missing = _missing(buyers, people, known)
    if newcomers or missing:
        claimed = {identity: new.id for new, _ in newcomers for identity in new.identities}
        guests = [guest_of(ref, new) for new, ref in newcomers]
        known.snapshots |= await storage.insert_buyers(tx, guests, claimed, missing)
    return [
        who
        if isinstance(who, Refusal)
        else Recognized(
            who, known.snapshots[content_hash(who.id, buyer.address)] if buyer.address else None
        )
        for who, buyer in zip(people, buyers, strict=True)
    ]


def _identities(buyer: Buyer) -> tuple[Identity, ...] | Refusal:
    if isinstance(buyer.who, UUID):
        return ()
    try:
        return identities_of(buyer.who)
    except Refusal as refusal:
        return refusal


def _people(
    buyers: Sequence[Buyer],
    wanted: Sequence[tuple[Identity, ...] | Refusal],
    known: storage.Known,
) -> tuple[list[Customer | Refusal], list[tuple[Newcomer, CustomerRef]]]:
    """Return the customer of each buyer, and those who have to be made."""
    refs = [
        (buyer.who, identities)
        for buyer, identities in zip(buyers, wanted, strict=True)
        if isinstance(buyer.who, CustomerRef) and not isinstance(identities, Refusal)
    ]
    ids, newcomers = recognized([i for _, i in refs], known.owners, [new_id() for _ in refs])
    made = [(new, refs[new.place][0]) for new in newcomers]
    everybody = known.people | {new.id: _as_customer(new, ref) for new, ref in made}
    found = iter(ids)
    people: list[Customer | Refusal] = []
    for buyer, identities in zip(buyers, wanted, strict=True):
        if isinstance(identities, Refusal):
            people.append(identities)
        elif isinstance(buyer.who, UUID):
            people.append(everybody.get(buyer.who) or UnknownCustomer())
        else:
            people.append(everybody[next(found)])
    return people, made


def _as_customer(new: Newcomer, ref: CustomerRef) -> Customer:
    guest = guest_of(ref, new)
    return Customer(
        id=guest.id,
        kind=guest.kind,
        name=guest.name,
        group=guest.group,
        payment_terms_days=guest.payment_terms_days,
        locale=guest.locale,
        guest=guest.guest,
        version=1,
        identities=new.identities,
    )


def _missing(
    buyers: Sequence[Buyer], people: Sequence[Customer | Refusal], known: storage.Known
) -> list[NewSnapshot]:
    """Return the addresses that are not kept yet, each once."""
    new: dict[bytes, NewSnapshot] = {}
    for buyer, who in zip(buyers, people, strict=True):
        if buyer.address and not isinstance(who, Refusal):
            digest = content_hash(who.id, buyer.address)
            if digest not in known.snapshots:
                checked = is_checked(buyer.address)
                new[digest] = NewSnapshot(new_id(), who.id, digest, buyer.address, checked=checked)
    return list(new.values())
