"""What customers have allowed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.customers.domain import Consent, is_granted, require_purpose
from crosslane.customers.events import ConsentRecorded
from crosslane.customers.service.keeping import locked
from crosslane.customers.service.recognizing import customer, customers_by_id
from crosslane.customers.storage import consents as storage
from crosslane.kernel import new_id
from crosslane.organization import book
from crosslane.platform import log
from crosslane.platform.database import Tx

Proof = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class RecordConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Record that a customer allowed something, or withdrew it.

    Args:
        customer_id: who.
        purpose: what for, such as ``newsletter``.
        granted: false for a withdrawal.
        proof: how it is known: form and version, recording, letter.
        channel: code of the only channel it is for, empty for all.
        brand: code of the only brand it is for, empty for all.
        at: when the customer said so; now when left out.
    """

    customer_id: UUID
    purpose: str
    granted: bool
    proof: Proof
    channel: str = ""
    brand: str = ""
    at: datetime | None = None


async def record_consent(tx: Tx, wish: RecordConsent, *, owner: UUID | None = None) -> Consent:
    """Record what a customer said.

    Raises:
        UnknownCustomer, CustomerErased: there is nobody.
        BadPurpose, UnknownChannel, UnknownBrand: it is for nothing known.
    """
    known = await book(tx)
    consent = Consent(
        purpose=require_purpose(wish.purpose, pointer="/purpose"),
        channel=known.channel(wish.channel, pointer="/channel").code if wish.channel else "",
        brand=known.brand(wish.brand, pointer="/brand").code if wish.brand else "",
        granted=wish.granted,
        proof=wish.proof,
        at=wish.at or tx.now,
    )
    found = await locked(tx, wish.customer_id, owner=owner)
    await storage.insert_consent(tx, new_id(), found.id, consent, recorded_by=str(tx.actor))
    recorded = ConsentRecorded(
        customer_id=found.id,
        purpose=consent.purpose,
        channel=consent.channel,
        brand=consent.brand,
        granted=consent.granted,
    )
    await log.append(tx, [recorded])
    return consent


async def list_consents(tx: Tx, customer_id: UUID, *, owner: UUID | None = None) -> list[Consent]:
    """Return everything a customer ever allowed or withdrew, in the order of recording.

    Raises:
        UnknownCustomer: there is none, or it is not the caller's.
    """
    found = await customer(tx, customer_id, owner=owner)
    return (await storage.consents_for(tx, [found.id], ""))[found.id]


async def consenting(
    tx: Tx,
    customer_ids: Sequence[UUID],
    *,
    purpose: str,
    channel: str = "",
    brand: str = "",
    at: datetime | None = None,
) -> set[UUID]:
    """Return which of the customers allow something; silence is no consent.

    Args:
        tx: open transaction.
        customer_ids: as orders name them; merged ones answer as their successors.
        purpose: what for.
        channel: code of the channel it would be done through.
        brand: code of the brand it would be done for.
        at: when, now when left out.
    """
    people = await customers_by_id(tx, customer_ids)
    consents = await storage.consents_for(tx, [p.id for p in people.values()], purpose)
    moment = at or tx.now
    return {
        asked
        for asked, person in people.items()
        if not person.erased
        and is_granted(
            consents[person.id], purpose=purpose, channel=channel, brand=brand, at=moment
        )
    }
