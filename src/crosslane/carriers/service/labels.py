"""Labels: asked for in the caller's transaction, made by the carrier outside any, recorded once.

A label is requested → created | failed, and from any of these → voiding → voided. A wish that is
withdrawn while the carrier may be at work is settled by asking the carrier whether it happened.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from crosslane.carriers.domain.rates import RateBook
from crosslane.carriers.domain.shipment import (
    TRACKING_EVENTS_MAX,
    Consignment,
    Label,
    LabelRecord,
    LabelState,
    Shipment,
    tracking_link,
    tracking_number,
)
from crosslane.carriers.errors import (
    LabelNotPrinted,
    LabelUnknown,
    ParcelTooHeavy,
    ServiceUnknown,
)
from crosslane.carriers.events import (
    LabelCreated,
    LabelEvent,
    LabelFailed,
    LabelVoided,
    LabelVoidFailed,
    TrackingRecorded,
)
from crosslane.carriers.port import PORTS, AnswerUnknown, CarrierRefused, CarrierSettings
from crosslane.carriers.service.rates import rate_book
from crosslane.carriers.storage import labels as storage
from crosslane.carriers.storage import tracking as tracking_storage
from crosslane.kernel import Refusal, new_id
from crosslane.platform import effects, log
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind, Schedule, one_by_one
from crosslane.platform.personal import Erased

LABEL_SECONDS_MAX = 20.0
DOCUMENTS_DELETED_AT_ONCE_MAX = 5_000
# Sorts after every label there can be.
NEWEST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


class LabelRequest(Struct, frozen=True):
    """A wish for a label.

    Args:
        key: names the wish for ever; asked again with it, there is still one label, also one that
            failed: to try anew, replay its dead letter or take a new key.
        shipment: the parcel.
    """

    key: str
    shipment: Shipment


class LabelOrder(Struct, frozen=True):
    """The body of a label's effects: which label; no personal data."""

    label_id: UUID


class _Wish(Struct, frozen=True):
    """What a call needs: how the carrier is reached, and the parcel unless it is withdrawn."""

    label_id: UUID
    port: str
    settings: CarrierSettings
    consignment: Consignment | None


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
    await storage.insert_labels(tx, rows)
    ids = await storage.ids_by_key(tx, [row[1] for row in rows])
    await effects.request(
        tx, [Effect(label_key(i), LABEL.name, LabelOrder(i)) for i in ids.values()]
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
    await storage.set_state(tx, made + waiting, "voiding")
    await storage.set_state(tx, [label.id for label in never], "voided")
    await effects.request(tx, [_void_effect(label_id) for label_id in made])
    await log.append(tx, [_event(LabelVoided, label) for label in never])


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


def label_key(label_id: UUID) -> str:
    """Return the key under which a carrier knows a label."""
    return f"carriers.label:{label_id}"


def _void_effect(label_id: UUID) -> Effect:
    # A label that was not taken back may be tried again, so this is no key for ever.
    return Effect(f"carriers.void:{new_id()}", VOID.name, LabelOrder(label_id))


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


def _event(kind: type[LabelEvent], record: LabelRecord, **more: Any) -> LabelEvent:
    return kind(label_id=record.id, parcel_id=record.parcel_id, **more)


async def _prepare(tx: Tx, call: EffectCall[LabelOrder]) -> _Wish | None:
    """Read how the carrier is reached, and the parcel unless the wish was withdrawn."""
    label_id = call.body.label_id
    wish = await storage.find_wish(tx, label_id)
    if wish is None:
        return None
    book = await rate_book(tx)
    carrier, service = book.carriers[wish["carrier"]], book.service(wish["service"])
    consignment = None
    if wish["shipment"] is not None and wish["state"] in ("requested", "failed"):
        shipment = msgspec.json.decode(wish["shipment"], type=Shipment)
        to = shipment.recipient
        consignment = Consignment(
            shipment=shipment,
            carrier_name=carrier.name,
            service_name=service.name,
            zone=book.zone(service.code, to.country, to.postcode) or "",
            tracking_number=tracking_number(carrier.number_prefix, wish["serial_no"]),
            tracking_url=carrier.tracking_url,
        )
    settings = CarrierSettings(carrier.code, carrier.endpoint, wish["api_key"])
    return _Wish(label_id, carrier.port, settings, consignment)


async def _make(call: EffectCall, wish: _Wish | None) -> Label | None:
    """Have the label made; None when it was withdrawn and the carrier knows nothing of it."""
    if wish is None:
        return None
    port = PORTS[wish.port](wish.settings)
    try:
        # The first try may have been made and its answer lost: ask before asking again.
        if call.attempt > 1 or wish.consignment is None:
            made = await port.did_it_happen(call.key)
            if made is not None or wish.consignment is None:
                return made
        return await port.create_label(call.key, wish.consignment)
    except AnswerUnknown as unknown:
        raise effects.Retry(str(unknown), unknown.after_seconds) from unknown
    except CarrierRefused as refused:
        raise effects.Dead(str(refused)) from refused


async def _locked(tx: Tx, call: EffectCall[LabelOrder]) -> LabelRecord:
    label_id = call.body.label_id
    return (await storage.lock_labels(tx, [label_id]))[label_id]


async def _record(tx: Tx, call: EffectCall[LabelOrder], made: Label | None) -> None:
    """Save the label, or that there will be none."""
    record = await _locked(tx, call)
    if record.state in ("created", "voided"):
        return
    if made is None:
        await storage.set_state(tx, [record.id], "voided")
        await log.append(tx, [_event(LabelVoided, record)])
        return
    carrier = (await rate_book(tx)).carriers[record.carrier]
    url = tracking_link(carrier.tracking_url, made.tracking_number)
    withdrawn = record.state == "voiding"
    await tracking_storage.lock_numbers(tx, carrier.code, [made.tracking_number])
    await storage.set_created(tx, record.id, "voiding" if withdrawn else "created", made, url)
    if withdrawn:
        await effects.request(tx, [_void_effect(record.id)])
        return
    told: list[LabelEvent] = [
        LabelCreated(
            label_id=record.id,
            parcel_id=record.parcel_id,
            carrier=record.carrier,
            service=record.service,
            tracking_number=made.tracking_number,
        )
    ]
    # The carrier may have told of the parcel before we knew its number.
    early = await tracking_storage.list_events(
        tx, carrier.code, made.tracking_number, TRACKING_EVENTS_MAX
    )
    told += [
        _event(TrackingRecorded, record, status=event.status, occurred_at=event.occurred_at)
        for event in early
    ]
    await log.append(tx, told)


async def _gave_up(tx: Tx, call: EffectCall[LabelOrder], reason: str) -> None:
    """Save that there is no label; a replay of the effect may still make it."""
    record = await _locked(tx, call)
    if record.state == "voiding":
        await storage.set_state(tx, [record.id], "voided", reason)
        await log.append(tx, [_event(LabelVoided, record)])
    elif record.state in ("requested", "failed"):
        await storage.set_state(tx, [record.id], "failed", reason)
        await log.append(tx, [_event(LabelFailed, record)])


async def _give_back(call: EffectCall, wish: _Wish | None) -> None:
    del call
    if wish is None:
        return
    try:
        await PORTS[wish.port](wish.settings).void_label(label_key(wish.label_id))
    except AnswerUnknown as unknown:
        raise effects.Retry(str(unknown), unknown.after_seconds) from unknown
    except CarrierRefused as refused:
        raise effects.Dead(str(refused)) from refused


async def _gave_back(tx: Tx, call: EffectCall[LabelOrder], result: None) -> None:
    del result
    record = await _locked(tx, call)
    await storage.set_state(tx, [record.id], "voided")
    await log.append(tx, [_event(LabelVoided, record)])


async def _kept(tx: Tx, call: EffectCall[LabelOrder], reason: str) -> None:
    """Save that the carrier would not take the label back."""
    record = await _locked(tx, call)
    await storage.set_state(tx, [record.id], "created", reason)
    await log.append(tx, [_event(LabelVoidFailed, record)])


async def _forget_documents(tx: Tx) -> None:
    days = storage.DOCUMENT_RETENTION_DAYS
    await storage.delete_old_documents(tx, days, DOCUMENTS_DELETED_AT_ONCE_MAX)


LABEL = EffectKind(
    "carriers.label",
    LabelOrder,
    call=_make,
    record=one_by_one(_record),
    dead=one_by_one(_gave_up),
    prepare=one_by_one(_prepare),
    timeout_seconds=LABEL_SECONDS_MAX,
)
VOID = EffectKind(
    "carriers.void",
    LabelOrder,
    call=_give_back,
    record=one_by_one(_gave_back),
    dead=one_by_one(_kept),
    prepare=one_by_one(_prepare),
    timeout_seconds=LABEL_SECONDS_MAX,
)
FORGET_DOCUMENTS = Schedule("carriers.forget_documents", 3_600.0, _forget_documents)
