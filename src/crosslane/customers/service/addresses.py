"""Address snapshots, which orders name, and address books, which customers keep."""

import hashlib
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.customers.domain import Address, AddressSnapshot, SavedAddress, require_address
from crosslane.customers.errors import TooManyOfCustomer, UnknownAddress
from crosslane.customers.service.keeping import ADDRESSES_MAX, locked
from crosslane.customers.service.recognizing import customer
from crosslane.customers.storage import addresses as storage
from crosslane.customers.storage import customers as customer_rows
from crosslane.customers.storage.addresses import NewSnapshot
from crosslane.kernel import Refusal, new_id
from crosslane.platform.database import Tx

Label = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class PutAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put an address into a customer's book, or replace the one under this label."""

    customer_id: UUID
    label: Label
    address: Address
    is_default: bool = False


class RemoveAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take an address from a customer's book; orders keep theirs."""

    customer_id: UUID
    label: Label


async def snapshot_addresses(
    tx: Tx, addresses: Sequence[Address], *, owners: Sequence[UUID]
) -> list[UUID]:
    """Keep addresses as they are now and return one identifier for each.

    Equal content of one customer is one snapshot, however often it is used. One statement when all
    are known, two otherwise.

    Args:
        tx: open transaction.
        addresses: as :func:`require_address` returned them; one it refuses is kept as it is and
            marked unchecked, for an order that waits until somebody mends it.
        owners: the customer behind each, whose erasure blanks the snapshot.
    """
    hashes = [
        content_hash(owner, address) for owner, address in zip(owners, addresses, strict=True)
    ]
    wanted = dict(zip(hashes, zip(owners, addresses, strict=True), strict=True))
    found = await storage.find_snapshots(tx, list(wanted)) if wanted else {}
    new = [
        NewSnapshot(new_id(), owner, digest, address, checked=is_checked(address))
        for digest, (owner, address) in wanted.items()
        if digest not in found
    ]
    if new:
        found |= await storage.insert_snapshots(tx, new)
    return [found[digest] for digest in hashes]


async def addresses_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, AddressSnapshot]:
    """Return snapshots by identifier; unknown ones are left out, erased ones are blank."""
    return await storage.snapshots_by_id(tx, ids) if ids else {}


async def list_addresses(
    tx: Tx, customer_id: UUID, *, owner: UUID | None = None
) -> list[SavedAddress]:
    """Return a customer's address book by label.

    Raises:
        UnknownCustomer: there is none, or it is not the caller's.
    """
    found = await customer(tx, customer_id, owner=owner)
    return await storage.list_addresses(tx, found.id, limit=ADDRESSES_MAX)


async def put_address(tx: Tx, wish: PutAddress, *, owner: UUID | None = None) -> SavedAddress:
    """Put an address into a customer's book; the first one is the default.

    Raises:
        UnknownCustomer, CustomerErased: there is nobody.
        BadCountry, AddressIncomplete, BadPostcode and others: the address is not good.
        TooManyOfCustomer: the book has ADDRESSES_MAX already.
    """
    checked = require_address(wish.address, pointer="/address")
    found = await locked(tx, wish.customer_id, owner=owner)
    book = await storage.list_addresses(tx, found.id, limit=ADDRESSES_MAX)
    others = [saved for saved in book if saved.label != wish.label]
    if len(others) >= ADDRESSES_MAX:
        raise TooManyOfCustomer(most=ADDRESSES_MAX, things="addresses")
    is_default = wish.is_default or not any(saved.is_default for saved in others)
    [snapshot_id] = await snapshot_addresses(tx, [checked], owners=[found.id])
    if is_default:
        await storage.clear_default(tx, found.id)
    await storage.upsert_address(tx, found.id, wish.label, snapshot_id, is_default=is_default)
    await customer_rows.touch_customer(tx, found.id)
    return SavedAddress(wish.label, snapshot_id, checked, is_default)


async def remove_address(tx: Tx, wish: RemoveAddress, *, owner: UUID | None = None) -> None:
    """Take an address from a customer's book.

    Raises:
        UnknownCustomer, CustomerErased: there is nobody.
        UnknownAddress: there is none under this label.
    """
    found = await locked(tx, wish.customer_id, owner=owner)
    if not await storage.delete_address(tx, found.id, wish.label):
        raise UnknownAddress(pointer="/label")
    await customer_rows.touch_customer(tx, found.id)


def is_checked(address: Address) -> bool:
    """Tell whether an address is in its one form and keeps the rules of its country."""
    try:
        return require_address(address) == address
    except Refusal:
        return False


def content_hash(owner: UUID, address: Address) -> bytes:
    """Return the digest by which an equal address of the same customer is found again.

    SHA-256 of the customer and all fields, parted by a character that no checked text can hold.
    """
    return hashlib.sha256(f"{owner}\x1f{content_of(address)}".encode()).digest()


def content_of(address: Address) -> str:
    """Return all fields of an address as one text."""
    fields = (
        address.country,
        "\n".join(address.lines),
        address.city,
        address.postcode,
        address.region,
        address.name,
        address.organization,
        address.phone,
        address.email,
    )
    return "\x1f".join(fields)
