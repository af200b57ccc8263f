"""Sending purchase orders: outside any transaction, with a key, recorded once."""

import msgspec

from crosslane import customers, organization
from crosslane.locations import network
from crosslane.platform import effects, log
from crosslane.platform.database import Tx
from crosslane.platform.effects import EffectCall, EffectKind, one_by_one
from crosslane.vendors import events
from crosslane.vendors.domain import PurchaseOrder, Vendor
from crosslane.vendors.port import (
    PORTS,
    AnswerUnknown,
    Recipient,
    SentLine,
    SentOrder,
    VendorRefused,
)
from crosslane.vendors.service.ordering import SEND_KIND, Send, event_of, save
from crosslane.vendors.service.settings import vendors
from crosslane.vendors.storage import orders as storage

SEND_SECONDS_MAX = 20.0
REFUSED = "refused: "


class Prepared(msgspec.Struct, frozen=True):
    """What a call needs."""

    vendor: Vendor
    order: SentOrder


async def prepare(tx: Tx, call: EffectCall[Send]) -> Prepared | None:
    """Read the order; None when a later version is on its way."""
    body = call.body
    order = (await storage.orders_by_id(tx, [body.purchase_order_id]))[body.purchase_order_id]
    vendor = (await vendors(tx)).get(order.location_id)
    if order.version != body.version or vendor is None:
        return None
    return Prepared(vendor, await _sent(tx, order))


async def _sent(tx: Tx, order: PurchaseOrder) -> SentOrder:
    book, places = await organization.book(tx), await network(tx)
    snapshots = await customers.addresses_by_id(tx, [order.ship_address_id])
    to = snapshots[order.ship_address_id].address
    return SentOrder(
        id=order.id,
        version=order.version,
        reference=order.reference,
        buyer=book.entity(places.by_id[order.location_id].entity).code,
        currency=order.currency,
        service=order.service,
        promised_at=order.promised_at,
        ship_to=Recipient(
            name=to.name,
            organization=to.organization,
            lines=to.lines,
            city=to.city,
            region=to.region,
            postcode=to.postcode,
            country=to.country,
            phone=to.phone,
        ),
        lines=[
            SentLine(
                line_id=line.line_id,
                sku=line.sku,
                vendor_sku=line.vendor_sku,
                title=line.title,
                # Only we change what we want; what the vendor told of is no news to it.
                quantity=line.quantity - line.withdrawn,
                unit_cost_milli=line.unit_cost_milli,
            )
            for line in order.lines
        ],
    )


async def send(call: EffectCall[Send], prepared: Prepared | None) -> None:
    """Hand the order over, once per key."""
    if prepared is None:
        return
    if not prepared.vendor.is_connected:
        raise effects.Dead("the vendor is switched off")
    try:
        await PORTS[prepared.vendor.port](prepared.vendor).send(call.key, prepared.order)
    except AnswerUnknown as unknown:
        raise effects.Retry(str(unknown), unknown.after_seconds) from unknown
    except VendorRefused as refused:
        raise effects.Dead(f"{REFUSED}{refused}") from refused


async def record(tx: Tx, call: EffectCall[Send], result: None) -> None:
    """Save that the vendor has this version."""
    del result
    body = call.body
    order = (await storage.lock_orders(tx, [body.purchase_order_id]))[body.purchase_order_id]
    if order.version == body.version and order.delivery != "refused":
        order.delivery, order.delivery_reason = "sent", ""
        await save(tx, [order])


async def give_up(tx: Tx, call: EffectCall[Send], reason: str) -> None:
    """Save that the vendor refuses the order, or that nobody can say whether it has it.

    What a vendor refuses it will not ship, so other stock is looked for. A replay of the dead
    letter sends an undelivered order again.
    """
    body = call.body
    order = (await storage.lock_orders(tx, [body.purchase_order_id]))[body.purchase_order_id]
    if order.version != body.version:
        return
    refused = reason.startswith(REFUSED)
    order.delivery = "refused" if refused else "undelivered"
    order.delivery_reason = reason[:200]
    await save(tx, [order])
    # A change it refuses is another matter: it has the order, and people talk to it.
    if refused and order.version == 1:
        await log.append(tx, [event_of(events.PurchaseGivenUp, order, reason=reason[:200])])


SEND = EffectKind(
    SEND_KIND,
    Send,
    call=send,
    record=one_by_one(record),
    dead=one_by_one(give_up),
    prepare=one_by_one(prepare),
    timeout_seconds=SEND_SECONDS_MAX,
)
