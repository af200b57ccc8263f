"""Forgetting a customer, and telling a customer what is known: across all modules.

This module blanks its own tables; everything else is done by the erasers and columns that every
module declares to the platform. Orders and books keep their identifiers and amounts.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
import phonenumbers

from crosslane.customers.domain import AddressSnapshot, Identity
from crosslane.customers.events import CustomerForgotten
from crosslane.customers.service.keeping import ADDRESSES_MAX
from crosslane.customers.service.recognizing import customer, merged_ids
from crosslane.customers.storage import addresses as address_rows
from crosslane.customers.storage import consents as consent_rows
from crosslane.customers.storage import customers as customer_rows
from crosslane.customers.storage.personal import erase_own
from crosslane.organization import Reason
from crosslane.platform import audit, log, personal
from crosslane.platform.database import Tx
from crosslane.platform.personal import Erased, Eraser, Erasure, Exporter

SNAPSHOTS_MAX = 10_000


class EraseCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Forget a customer, and everybody merged into it."""

    customer_id: UUID
    reason: Reason


class ErasureReport(msgspec.Struct, frozen=True):
    """What was erased where.

    Args:
        customer_id: who was forgotten.
        places: table by table with the rows that were blanked.
        kept: columns the law wants kept.
    """

    customer_id: UUID
    places: tuple[Erased, ...]
    kept: tuple[str, ...]


async def erase(tx: Tx, wish: EraseCustomer) -> ErasureReport:
    """Forget a customer everywhere. Doing it again finds nothing more and does no harm.

    Raises:
        UnknownCustomer: there is none.
    """
    # First of all, since who is midway has read what is erased here, and would write it anew.
    await log.hold_cursors(tx)
    found = await customer(tx, wish.customer_id)
    ids = await merged_ids(tx, found.id)
    await customer_rows.lock_customers(tx, ids)
    # Before the erasure, so that a reason that names the customer is erased as well.
    told = audit.Change(
        action="customers.erase", subject=f"customer:{found.id}", reason=wish.reason
    )
    await audit.record(tx, [told])
    done = await personal.erase(tx, Erasure(frozenset(ids), frozenset(await _words(tx, ids))))
    await log.append(tx, [CustomerForgotten(customer_id=found.id)])
    return ErasureReport(
        customer_id=found.id,
        places=tuple(place for place in done if place.rows >= 0),
        kept=tuple(place.place for place in done if place.rows < 0),
    )


async def export(tx: Tx, customer_id: UUID, *, owner: UUID | None = None) -> dict[str, list[Any]]:
    """Return everything that is known of a customer, section by section.

    Raises:
        UnknownCustomer: there is none, or it is not the caller's.
    """
    found = await customer(tx, customer_id, owner=owner)
    return await personal.export(tx, frozenset(await merged_ids(tx, found.id)))


async def _words(tx: Tx, ids: list[UUID]) -> set[str]:
    """Return everything the customers were called, in the spellings it may stand elsewhere."""
    known = await customer_rows.customers_by_id(tx, ids, owner=None)
    words = set(await customer_rows.list_names(tx, ids))
    for found in known.values():
        words |= {word for identity in found.identities for word in spellings(identity)}
    for snapshot in await address_rows.list_snapshots(tx, ids, limit=SNAPSHOTS_MAX):
        words |= set(_words_of(snapshot))
    return {word for word in words if word}


def spellings(identity: Identity) -> Iterable[str]:
    """Yield an identity as it may have been written before it was brought to its one form."""
    yield identity.value
    if identity.kind == "phone":
        number = phonenumbers.parse(identity.value)
        for form in (
            phonenumbers.PhoneNumberFormat.NATIONAL,
            phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        ):
            written = phonenumbers.format_number(number, form)
            yield written
            yield written.replace(" ", "")


def _words_of(snapshot: AddressSnapshot) -> Iterable[str]:
    address = snapshot.address
    yield from (address.name, address.organization, *address.lines, address.email)
    yield from (address.postcode, address.postcode.replace(" ", ""))
    if address.phone:
        yield from spellings(Identity("phone", address.phone))


async def _erase_own(tx: Tx, erasure: Erasure) -> list[Erased]:
    return await erase_own(tx, sorted(erasure.customer_ids))


async def _export_customers(tx: Tx, ids: frozenset[UUID]) -> list[Any]:
    known = await customer_rows.customers_by_id(tx, sorted(ids), owner=None)
    return list({found.id: found for found in known.values()}.values())


async def _export_addresses(tx: Tx, ids: frozenset[UUID]) -> list[Any]:
    return await address_rows.list_snapshots(tx, sorted(ids), limit=SNAPSHOTS_MAX)


async def _export_address_book(tx: Tx, ids: frozenset[UUID]) -> list[Any]:
    return [
        saved
        for customer_id in sorted(ids)
        for saved in await address_rows.list_addresses(tx, customer_id, limit=ADDRESSES_MAX)
    ]


async def _export_consents(tx: Tx, ids: frozenset[UUID]) -> list[Any]:
    known = await customer_rows.customers_by_id(tx, sorted(ids), owner=None)
    roots = {found.id for found in known.values()}
    consents = await consent_rows.consents_for(tx, sorted(roots), "")
    return [consent for given in consents.values() for consent in given]


ERASERS = [Eraser("customers", _erase_own)]
EXPORTERS = [
    Exporter("customers", _export_customers),
    Exporter("address_book", _export_address_book),
    Exporter("addresses", _export_addresses),
    Exporter("consents", _export_consents),
]
