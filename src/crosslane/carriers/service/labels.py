"""Labels: asked for, withdrawn, shown and forgotten, in the caller's transaction.

A label is requested → created | failed, and from any of these → voiding → voided.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from crosslane.carriers.domain.rates import RateBook
from crosslane.carriers.domain.shipment import LabelRecord, LabelState, Shipment
from crosslane.carriers.errors import (
    LabelNotPrinted,
    LabelUnknown,
    ParcelTooHeavy,
    ServiceUnknown,
)
from crosslane.carriers.events import LabelVoided
from crosslane.carriers.service.making import LABEL, LabelOrder, label_key, told, void_effect
from crosslane.carriers.service.rates import rate_book
from crosslane.carriers.storage import labels as storage
from crosslane.kernel import Refusal, new_id
from crosslane.platform import effects, log
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, Schedule
from crosslane.platform.personal import Erased

DOCUMENTS_DELETED_AT_ONCE_MAX = 5_000
# Sorts after every label there can be.
NEWEST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


class LabelRequest(Struct, frozen=True):
    """A wish for a label.

    Args:
        key: names the wish for ever; asked again with it, there is still one label, also one that
            failed: to try anew, replay its dead letter or take a new key.
        shipment: the parcel.
        trace: of the request that wished it; the transaction's when empty.
    """

    key: str
    shipment: Shipment
    trace: str = ""


async def request_labels(tx: Tx, requests: Sequence[LabelRequest]) -> list[UUID | Refusal]:
    """Ask for labels; they are made after this transaction has committed.

    LabelCreated or LabelFailed tells how each one ended.

    Args:
        tx: open transaction.
        requests: wishes, each with a key of its own.

    Returns:
        For each wish the label's id, or ServiceUnknown or ParcelTooHeavy.
    """
    book = await rate_book(tx)
    refused = [_refusal(book, request.shipment) for request in requests]
    rows = [
        (new_id(), request.key, book.service(request.shipment.service).carrier, request.shipment)
        for request, refusal in zip(requests, refused, strict=True)
        if refusal is None
    ]
    if not rows:
        return [refusal for refusal in refused if refusal]
    ids = await storage.insert_labels(tx, rows)
    known = [row[1] for row in rows if row[1] not in ids]
    if known:
        ids |= await storage.ids_by_key(tx, known)
    traces = {request.key: request.trace for request in requests}
    await effects.request(
        tx,
        [
            Effect(label_key(i), LABEL.name, LabelOrder(i), trace=traces[key])
            for key, i in ids.items()
        ],
    )
    return [refusal or ids[request.key] for request, refusal in zip(requests, refused, strict=True)]


async def void_labels(tx: Tx, ids: Sequence[UUID]) -> None:
    """Give labels back unused; LabelVoided or LabelVoidFailed tells how each one ended.

    Unknown, void and voiding labels stay as they are.
    """
    labels = (await storage.lock_labels(tx, ids)).values()
    made = [label.id for label in labels if label.state == "created"]
    never = [label for label in labels if label.state == "failed"]
    waiting = [label.id for label in labels if label.state == "requested"]
    changes = [(label_id, "voiding") for label_id in made + waiting]
    changes += [(label.id, "voided") for label in never]
    if not changes:
        return
    await storage.set_states(tx, [(label_id, state, "") for label_id, state in changes])
    await effects.request(tx, [void_effect(label_id) for label_id in made])
    await log.append(tx, [told(LabelVoided, label) for label in never])


async def label(tx: Tx, label_id: UUID) -> LabelRecord:
    """Return a label.

    Raises:
        LabelUnknown: there is none.
    """
    found = (await storage.labels_by_id(tx, [label_id])).get(label_id)
    if found is None:
        raise LabelUnknown(id=label_id)
    return found


async def list_labels(
    tx: Tx,
    *,
    before: tuple[datetime, UUID] | None,
    parcel_id: UUID | None,
    location_id: UUID | None,
    state: LabelState | None,
    limit: int,
) -> list[LabelRecord]:
    """Return labels, newest first.

    Args:
        tx: open transaction.
        before: time and id of the last label already seen.
        parcel_id: only those of this parcel.
        location_id: only those of parcels this location sends.
        state: only those in this state.
        limit: how many at most.
    """
    return await storage.list_labels(
        tx,
        before=before or NEWEST,
        parcel_id=parcel_id,
        location_id=location_id,
        state=state,
        limit=limit,
    )


async def labels_of_parcels(tx: Tx, parcel_ids: Sequence[UUID]) -> dict[UUID, list[LabelRecord]]:
    """Return the labels of parcels, oldest first; a parcel without any is left out."""
    found: dict[UUID, list[LabelRecord]] = {}
    for record in await storage.labels_by_parcel(tx, parcel_ids):
        found.setdefault(record.parcel_id, []).append(record)
    return found


async def label_document(tx: Tx, label_id: UUID) -> tuple[bytes, str]:
    """Return bytes and media type of a label.

    Raises:
        LabelUnknown: there is no such label.
        LabelNotPrinted: it is not made yet, failed, or is kept no longer.
    """
    found = await storage.find_document(tx, label_id)
    if found is None:
        raise LabelNotPrinted(id=label_id, state=(await label(tx, label_id)).state)
    return found["content"], found["mime"]


async def erase_labels(tx: Tx, parcel_ids: Sequence[UUID]) -> list[Erased]:
    """Delete what labels of parcels say about people; number and state stay."""
    return await storage.erase(tx, parcel_ids)


def _refusal(book: RateBook, shipment: Shipment) -> Refusal | None:
    try:
        service = book.service(shipment.service)
    except ServiceUnknown as refusal:
        return refusal
    if shipment.weight_grams > service.weight_max_grams:
        return ParcelTooHeavy(
            weight_grams=shipment.weight_grams,
            weight_max_grams=service.weight_max_grams,
            service=service.code,
        )
    return None


async def _forget_documents(tx: Tx) -> None:
    days = storage.DOCUMENT_RETENTION_DAYS
    await storage.delete_old_documents(tx, days, DOCUMENTS_DELETED_AT_ONCE_MAX)


FORGET_DOCUMENTS = Schedule("carriers.forget_documents", 3_600.0, _forget_documents)
