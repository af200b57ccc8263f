"""Making labels: what carriers are asked for outside any transaction, recorded once.

A wish that is withdrawn while the carrier may be at work is settled by asking the carrier whether
it happened. Whatever is asked for or comes back together is read and written together.
"""

from collections.abc import Sequence
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
from crosslane.carriers.events import (
    LabelCreated,
    LabelEvent,
    LabelFailed,
    LabelVoided,
    LabelVoidFailed,
    TrackingRecorded,
)
from crosslane.carriers.port import (
    PORTS,
    AnswerUnknown,
    CarrierPort,
    CarrierRefused,
    CarrierSettings,
)
from crosslane.carriers.service.rates import rate_book
from crosslane.carriers.storage import labels as storage
from crosslane.kernel import new_id
from crosslane.platform import effects, log
from crosslane.platform.database import Record, Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind

LABEL_SECONDS_MAX = 20.0


class LabelOrder(Struct, frozen=True):
    """The body of a label's effects: which label; no personal data."""

    label_id: UUID


class _Wish(Struct, frozen=True):
    """What a call needs: how the carrier is reached, and the parcel unless it is withdrawn."""

    label_id: UUID
    port: str
    settings: CarrierSettings
    consignment: Consignment | None

    def carrier(self) -> CarrierPort:
        return PORTS[self.port](self.settings)


class _Made(Struct, frozen=True):
    """A label, and the code of the carrier that gave it."""

    carrier: str
    label: Label


class _Change(Struct, frozen=True):
    """A label's next state, the event that tells of it, and the call it comes of."""

    call: EffectCall[LabelOrder]
    record: LabelRecord
    state: LabelState
    event: type[LabelEvent]
    reason: str = ""


Calls = Sequence[EffectCall[LabelOrder]]


def label_key(label_id: UUID) -> str:
    """Return the key under which a carrier knows a label."""
    return f"carriers.label:{label_id}"


def void_effect(label_id: UUID, trace: str = "") -> Effect:
    """Return the call that gives a label back."""
    # A label that was not taken back may be tried again, so this is no key for ever.
    return Effect(f"carriers.void:{new_id()}", VOID.name, LabelOrder(label_id), trace=trace)


def told(kind: type[LabelEvent], record: LabelRecord, **more: Any) -> LabelEvent:
    """Return an event of a label."""
    return kind(label_id=record.id, parcel_id=record.parcel_id, **more)


async def _prepare(tx: Tx, calls: Calls) -> list[_Wish | None]:
    """Read how carriers are reached, and the parcels unless the wishes were withdrawn."""
    book = await rate_book(tx)
    rows = await storage.list_wishes(tx, _ids(calls))
    return [_wish(book, rows.get(call.body.label_id)) for call in calls]


def _wish(book: RateBook, row: Record | None) -> _Wish | None:
    if row is None:
        return None
    carrier, service = book.carriers[row["carrier"]], book.service(row["service"])
    consignment = None
    if row["shipment"] is not None and row["state"] in ("requested", "failed"):
        shipment = msgspec.json.decode(row["shipment"], type=Shipment)
        to = shipment.recipient
        consignment = Consignment(
            shipment=shipment,
            carrier_name=carrier.name,
            service_name=service.name,
            zone=book.zone(service.code, to.country, to.postcode) or "",
            tracking_number=tracking_number(carrier.number_prefix, row["serial_no"]),
            tracking_url=carrier.tracking_url,
        )
    settings = CarrierSettings(carrier.code, carrier.endpoint, row["api_key"])
    return _Wish(row["id"], carrier.port, settings, consignment)


async def _make(call: EffectCall[LabelOrder], wish: _Wish | None) -> _Made | None:
    """Have a label made; None when it was withdrawn and the carrier knows nothing of it."""
    if wish is None:
        return None
    port, made = wish.carrier(), None
    try:
        # The first try may have been made and its answer lost: ask before asking again.
        if call.attempt > 1 or wish.consignment is None:
            made = await port.did_it_happen(call.key)
        if made is None and wish.consignment is not None:
            made = await port.create_label(call.key, wish.consignment)
    except AnswerUnknown as unknown:
        raise effects.Retry(str(unknown), unknown.after_seconds) from unknown
    except CarrierRefused as refused:
        raise effects.Dead(str(refused)) from refused
    return None if made is None else _Made(wish.settings.code, made)


async def _record(tx: Tx, calls: Calls, results: Sequence[_Made | None]) -> None:
    """Save labels, or that there will be none."""
    numbers = [(made.carrier, made.label.tracking_number) for made in results if made]
    records = await storage.lock_labels(tx, _ids(calls), numbers)
    waiting = [
        (call, records[call.body.label_id], made)
        for call, made in zip(calls, results, strict=True)
        if records[call.body.label_id].state not in ("created", "voided")
    ]
    never = [(call, record) for call, record, made in waiting if made is None]
    await _change(tx, [_Change(call, record, "voided", LabelVoided) for call, record in never])
    await _save(tx, [(call, record, made.label) for call, record, made in waiting if made])


async def _save(
    tx: Tx, labels: Sequence[tuple[EffectCall[LabelOrder], LabelRecord, Label]]
) -> None:
    if not labels:
        return
    book = await rate_book(tx)
    rows: list[tuple[UUID, LabelState, Label, str]] = []
    events: list[tuple[EffectCall[LabelOrder], LabelEvent]] = []
    created: dict[UUID, tuple[EffectCall[LabelOrder], LabelRecord]] = {}
    for call, record, made in labels:
        number = made.tracking_number
        url = tracking_link(book.carriers[record.carrier].tracking_url, number)
        if record.state == "voiding":
            rows.append((record.id, "voiding", made, url))
            await effects.request(tx, [void_effect(record.id, call.trace)])
            continue
        rows.append((record.id, "created", made, url))
        created[record.id] = call, record
        what = {"carrier": record.carrier, "service": record.service, "tracking_number": number}
        events.append((call, told(LabelCreated, record, **what)))
    # A carrier may have told of a parcel before we knew its number.
    for early in await storage.save_made(tx, rows, TRACKING_EVENTS_MAX):
        if early["id"] in created:
            call, record = created[early["id"]]
            what = {"status": early["status"], "occurred_at": early["occurred_at"]}
            events.append((call, told(TrackingRecorded, record, **what)))
    await log.append(tx, [event for _, event in events], [call for call, _ in events])


async def _gave_up(tx: Tx, calls: Calls, reasons: Sequence[str]) -> None:
    """Save that there are no labels; replays of the effects may still make them."""
    records = await storage.lock_labels(tx, _ids(calls))
    changes: list[_Change] = []
    for call, reason in zip(calls, reasons, strict=True):
        record = records[call.body.label_id]
        if record.state == "voiding":
            changes.append(_Change(call, record, "voided", LabelVoided, reason))
        elif record.state in ("requested", "failed"):
            changes.append(_Change(call, record, "failed", LabelFailed, reason))
    await _change(tx, changes)


async def _give_back(call: EffectCall[LabelOrder], wish: _Wish | None) -> None:
    del call
    if wish is None:
        return
    try:
        await wish.carrier().void_label(label_key(wish.label_id))
    except AnswerUnknown as unknown:
        raise effects.Retry(str(unknown), unknown.after_seconds) from unknown
    except CarrierRefused as refused:
        raise effects.Dead(str(refused)) from refused


async def _gave_back(tx: Tx, calls: Calls, results: Sequence[None]) -> None:
    """Save that carriers took labels back."""
    del results
    records = await storage.lock_labels(tx, _ids(calls))
    taken = [(call, records[call.body.label_id]) for call in calls]
    await _change(tx, [_Change(call, record, "voided", LabelVoided) for call, record in taken])


async def _kept(tx: Tx, calls: Calls, reasons: Sequence[str]) -> None:
    """Save that carriers would not take labels back."""
    records = await storage.lock_labels(tx, _ids(calls))
    kept = [
        _Change(call, records[call.body.label_id], "created", LabelVoidFailed, reason)
        for call, reason in zip(calls, reasons, strict=True)
    ]
    await _change(tx, kept)


async def _change(tx: Tx, changes: Sequence[_Change]) -> None:
    """Store states of labels and announce them."""
    if not changes:
        return
    await storage.set_states(tx, [(each.record.id, each.state, each.reason) for each in changes])
    await log.append(
        tx,
        [told(each.event, each.record) for each in changes],
        [each.call for each in changes],
    )


def _ids(calls: Calls) -> list[UUID]:
    return [call.body.label_id for call in calls]


LABEL = EffectKind(
    "carriers.label",
    LabelOrder,
    call=_make,
    record=_record,
    dead=_gave_up,
    prepare=_prepare,
    timeout_seconds=LABEL_SECONDS_MAX,
)
VOID = EffectKind(
    "carriers.void",
    LabelOrder,
    call=_give_back,
    record=_gave_back,
    dead=_kept,
    prepare=_prepare,
    timeout_seconds=LABEL_SECONDS_MAX,
)
