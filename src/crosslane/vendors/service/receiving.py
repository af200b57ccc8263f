"""What vendors say: kept as it came, applied in any order, in quarantine when it makes no sense."""

import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.vendors import events
from crosslane.vendors.domain import (
    Acknowledge,
    Deliver,
    Parcel,
    PurchaseOrder,
    SendInvoice,
    Ship,
    Short,
    Vendor,
    VendorMessage,
    acknowledge,
    fault_of,
    ship,
    short,
)
from crosslane.vendors.domain.order import answer, units_of
from crosslane.vendors.errors import (
    BadVendorSignature,
    MessageIdReused,
    NoSuchVendorMessage,
)
from crosslane.vendors.service.invoicing import match_invoices, take_invoice
from crosslane.vendors.service.ordering import event_of, save
from crosslane.vendors.storage import messages as storage
from crosslane.vendors.storage import orders

FORGET_EVERY_SECONDS = 3_600.0
FORGOTTEN_AT_ONCE_MAX = 5_000
TOO_OLD = f"nobody settled it in {storage.BODY_RETENTION_DAYS} days"
CLOCK_SKEW_MAX = timedelta(minutes=5)
MessageState = Literal["applied", "parked", "quarantined", "dismissed"]
EARLY = "its parcel has not been told of yet"


class Receipt(msgspec.Struct, frozen=True):
    """What became of a message.

    Args:
        state: applied; parked until what it is about is told of; or quarantined for a person.
        reason: why it is not applied.
        known: it had come before, so nothing happened this time.
    """

    state: str
    reason: str = ""
    known: bool = False


def require_signed(vendor: Vendor, headers: Mapping[str, str], body: bytes) -> None:
    """Refuse a message that the vendor did not sign as Standard Webhooks says.

    Raises:
        BadVendorSignature: it did not, or too long ago, or it has no secret.
    """
    try:
        if not vendor.message_secret:
            raise BadVendorSignature
        Webhook(vendor.message_secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, binascii.Error, ValueError):
        raise BadVendorSignature from None


async def receive(tx: Tx, location_id: UUID, message: VendorMessage) -> Receipt:
    """Take a message in; the same one again changes nothing.

    Raises:
        MessageIdReused: another message of this vendor has the id.
    """
    body = msgspec.json.encode(message)
    digest = hashlib.blake2b(body, digest_size=16).digest()
    row_id = new_id()
    fresh = await storage.insert_message(
        tx,
        row_id,
        location_id,
        message.id,
        str(message.__struct_config__.tag),
        message.purchase_order,
        message.occurred_at,
        digest,
        body,
    )
    if not fresh:
        known = await storage.find_message(tx, location_id, message.id)
        if known is None or known["digest"] != digest:
            raise MessageIdReused(pointer="/id", message=message.id)
        return Receipt(known["state"], known["reason"], known=True)
    return await _take(tx, row_id, location_id, message)


async def replay(tx: Tx, id: UUID) -> Receipt:
    """Try a message in quarantine once more.

    Raises:
        NoSuchVendorMessage: there is none in quarantine.
    """
    row = await storage.lock_quarantined(tx, id)
    if row is None:
        raise NoSuchVendorMessage(id=str(id))
    message = msgspec.json.decode(row["body"], type=VendorMessage)
    return await _take(tx, id, row["location_id"], message)


async def dismiss(tx: Tx, id: UUID, reason: str) -> Receipt:
    """Put a message in quarantine aside for good.

    Raises:
        NoSuchVendorMessage: there is none in quarantine.
    """
    if await storage.lock_quarantined(tx, id) is None:
        raise NoSuchVendorMessage(id=str(id))
    await storage.mark_message(tx, id, "dismissed", reason)
    return Receipt("dismissed", reason)


async def _take(tx: Tx, row_id: UUID, location_id: UUID, message: VendorMessage) -> Receipt:
    order = (await orders.lock_orders(tx, [message.purchase_order])).get(message.purchase_order)
    if order is None or order.location_id != location_id:
        fault = "this vendor has no such purchase order"
    elif message.occurred_at > tx.now + CLOCK_SKEW_MAX:
        fault = "it happens in the future"
    else:
        fault = fault_of(order, message) or await _apply(tx, order, message)
    state: MessageState = "quarantined" if fault else "applied"
    if fault == EARLY:
        state = "parked"
    await storage.mark_message(tx, row_id, state, fault)
    return Receipt(state, fault)


async def _apply(tx: Tx, order: PurchaseOrder, message: VendorMessage) -> str:
    """Do what a message says; return why it cannot be done, having done nothing then."""
    match message:
        case Acknowledge():
            fault, told = "", _acknowledge(order, message)
        case Short():
            fault, told = "", _short(order, message)
        case Ship():
            fault, told = await _ship(tx, order, message)
            told += await _take_parked(tx, order)
        case Deliver():
            fault, told = await _deliver(tx, order, message)
        case SendInvoice():
            fault, told = await take_invoice(tx, order, message), []
    if fault:
        return fault
    answer(order, message.occurred_at)
    told += await match_invoices(tx, order)
    await save(tx, [order])
    await log.append(tx, told)
    return ""


def _acknowledge(order: PurchaseOrder, message: Acknowledge) -> list[events.PurchaseEvent]:
    first = order.answered_at is None
    if not acknowledge(order, message) and not first:
        return []
    return [
        event_of(
            events.PurchaseAcknowledged,
            order,
            expected_on=order.expected_on,
            occurred_at=message.occurred_at,
        )
    ]


def _short(order: PurchaseOrder, message: Short) -> list[events.PurchaseEvent]:
    short(order, message.lines)
    units = [events.UnitsTold(line.line_id, line.quantity) for line in message.lines]
    return [
        event_of(
            events.VendorShort,
            order,
            units=units,
            reason=message.reason,
            occurred_at=message.occurred_at,
        )
    ]


async def _ship(
    tx: Tx, order: PurchaseOrder, message: Ship
) -> tuple[str, list[events.PurchaseEvent]]:
    known = (await orders.list_parcels(tx, [order.id])).get(order.id, [])
    seen = {(parcel.carrier, parcel.tracking_number): parcel.units for parcel in known}
    fresh: list[Parcel] = []
    for sent in message.parcels:
        key, units = (sent.carrier, sent.tracking_number), units_of(sent)
        if seen.setdefault(key, units) != units:
            return f"parcel {sent.tracking_number} was told of with other goods", []
        if not any(key == (p.carrier, p.tracking_number) for p in [*known, *fresh]):
            parcel = Parcel(
                id=new_id(),
                carrier=sent.carrier,
                tracking_number=sent.tracking_number,
                tracking_url=sent.tracking_url,
                shipped_at=message.occurred_at,
                units=units,
            )
            fresh.append(parcel)
    if not fresh:
        return "", []
    owed = ship(order, fresh)
    await orders.insert_parcels(tx, order.id, fresh)
    return "", [
        event_of(
            events.VendorShipped,
            order,
            entity_id=order.entity_id,
            currency=order.currency,
            parcels=_told(fresh),
            owed=[events.UnitsOwed(o.line_id, o.quantity, o.cost_minor) for o in owed],
            occurred_at=message.occurred_at,
        )
    ]


async def _take_parked(tx: Tx, order: PurchaseOrder) -> list[events.PurchaseEvent]:
    """Apply what was said of parcels before they were told of."""
    told: list[events.PurchaseEvent] = []
    for row in await storage.list_parked(tx, order.id, order.location_id):
        fault, news = await _deliver(tx, order, msgspec.json.decode(row["body"], type=Deliver))
        if not fault:
            await storage.mark_message(tx, row["id"], "applied", "")
            told += news
    return told


def _told(parcels: Sequence[Parcel]) -> list[events.ParcelTold]:
    return [
        events.ParcelTold(
            parcel_id=parcel.id,
            carrier=parcel.carrier,
            tracking_number=parcel.tracking_number,
            tracking_url=parcel.tracking_url,
            units=[events.UnitsTold(line_id, n) for line_id, n in parcel.units.items()],
        )
        for parcel in parcels
    ]


async def _deliver(
    tx: Tx, order: PurchaseOrder, message: Deliver
) -> tuple[str, list[events.PurchaseEvent]]:
    sent = (await orders.list_parcels(tx, [order.id])).get(order.id, [])
    key = (message.carrier, message.tracking_number)
    parcel = next((p for p in sent if (p.carrier, p.tracking_number) == key), None)
    if parcel is None:
        return EARLY, []
    if parcel.arrived_at is not None:
        return "", []
    await orders.mark_arrived(tx, parcel.id, message.occurred_at)
    return "", [
        event_of(
            events.VendorDelivered,
            order,
            parcel_id=parcel.id,
            occurred_at=message.occurred_at,
        )
    ]


async def forget_bodies(tx: Tx) -> None:
    """Remove what vendors said long ago; what came of it stays."""
    before = tx.now - timedelta(days=storage.BODY_RETENTION_DAYS)
    await storage.forget_bodies(tx, before, FORGOTTEN_AT_ONCE_MAX, TOO_OLD)


FORGET_BODIES = Schedule("vendors.forget_bodies", FORGET_EVERY_SECONDS, forget_bodies)
