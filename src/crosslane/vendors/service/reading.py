"""What people and vendors read of purchase orders, messages and invoices."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.locations import Network, network
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.vendors.domain import Invoice, InvoiceLine, InvoiceState, Parcel, PurchaseOrder
from crosslane.vendors.errors import NoSuchPurchaseOrder
from crosslane.vendors.service.receiving import MessageState
from crosslane.vendors.storage import messages, orders


class PurchaseLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a purchase order; ``left`` units are still to be shipped."""

    line_id: UUID
    sku: str
    vendor_sku: str
    title: str
    quantity: int
    unit_cost_milli: int | None
    withdrawn: int
    short: int
    shipped: int
    surplus: int
    left: int
    invoiced: int


class VendorParcelView(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel of a vendor, with its units by order line."""

    id: UUID
    carrier: str
    tracking_number: str
    tracking_url: str
    shipped_at: datetime
    arrived_at: datetime | None
    units: dict[UUID, int]


class PurchaseOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase order as people read it.

    Args:
        location: code of the vendor.
        delivery: whether the vendor has it: waiting, sent, refused or undelivered, and why.
        problems: what a person should look at.
    """

    id: UUID
    location: str
    order_id: UUID
    reference: str
    currency: str
    version: int
    delivery: str
    delivery_reason: str
    problems: list[str]
    made_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None
    expected_on: date | None
    promised_at: datetime | None
    lines: list[PurchaseLineView]
    parcels: list[VendorParcelView]


class InvoiceView(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice of a vendor; ``accrued_minor`` is what was expected, once it is accepted."""

    id: UUID
    location: str
    purchase_order_id: UUID
    number: str
    currency: str
    state: InvoiceState
    net_minor: int
    freight_minor: int
    tax_minor: int
    gross_minor: int
    accrued_minor: int
    due_on: date | None
    occurred_at: datetime
    lines: list[InvoiceLine]


class VendorMessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a vendor and what became of it."""

    id: UUID
    location: str
    message_id: str
    type: str
    purchase_order_id: UUID
    occurred_at: datetime
    received_at: datetime
    state: MessageState
    reason: str
    body: msgspec.Raw


async def list_orders(
    tx: Tx,
    *,
    location_id: UUID | None,
    order_id: UUID | None,
    has_problem: bool | None,
    before: UUID | None,
    limit: int,
) -> list[PurchaseOrderView]:
    """Return purchase orders that fit every filter, the newest first; a vendor sees its own."""
    found = await orders.list_orders(
        tx,
        location_id=tx.actor.location_id or location_id,
        order_id=order_id,
        has_problem=has_problem,
        before=before,
        limit=limit,
    )
    return await _order_views(tx, found)


async def order_view(tx: Tx, purchase_order_id: UUID) -> PurchaseOrderView:
    """Return a purchase order.

    Raises:
        NoSuchPurchaseOrder: there is none, or it is another vendor's.
    """
    found = (await orders.orders_by_id(tx, [purchase_order_id])).get(purchase_order_id)
    require_own(found, tx.actor, purchase_order_id)
    return (await _order_views(tx, [purchase_order_id]))[0]


def require_own(
    order: PurchaseOrder | None, actor: Actor, purchase_order_id: UUID
) -> PurchaseOrder:
    """Return an order that its caller may see.

    Raises:
        NoSuchPurchaseOrder: there is none, or it is another vendor's.
    """
    if order is None or actor.location_id not in (None, order.location_id):
        raise NoSuchPurchaseOrder(id=str(purchase_order_id))
    return order


async def list_invoices(
    tx: Tx,
    *,
    location_id: UUID | None,
    state: InvoiceState | None,
    before: UUID | None,
    limit: int,
) -> list[InvoiceView]:
    """Return invoices that fit every filter, the newest first; a vendor sees its own."""
    found = await messages.list_invoices(
        tx,
        location_id=tx.actor.location_id or location_id,
        state=state,
        before=before,
        limit=limit,
    )
    places = await network(tx)
    return [invoice_view(places, invoice) for invoice in found]


def invoice_view(places: Network, invoice: Invoice) -> InvoiceView:
    """Return an invoice as people read it."""
    return InvoiceView(
        id=invoice.id,
        location=places.by_id[invoice.location_id].code,
        purchase_order_id=invoice.purchase_order_id,
        number=invoice.number,
        currency=invoice.currency,
        state=invoice.state,
        net_minor=invoice.net_minor,
        freight_minor=invoice.freight_minor,
        tax_minor=invoice.tax_minor,
        gross_minor=invoice.gross_minor,
        accrued_minor=invoice.accrued_minor,
        due_on=invoice.due_on,
        occurred_at=invoice.occurred_at,
        lines=invoice.lines,
    )


async def list_messages(
    tx: Tx,
    *,
    location_id: UUID | None,
    state: MessageState | None,
    purchase_order_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[VendorMessageView]:
    """Return messages that fit every filter, the newest first; a vendor sees its own."""
    rows = await messages.list_messages(
        tx,
        location_id=tx.actor.location_id or location_id,
        state=state,
        purchase_order_id=purchase_order_id,
        before=before,
        limit=limit,
    )
    places = await network(tx)
    views = []
    for row in rows:
        values = dict(row)
        location = places.by_id[values.pop("location_id")].code
        body = msgspec.Raw(values.pop("body"))
        views.append(VendorMessageView(location=location, body=body, **values))
    return views


async def _order_views(tx: Tx, ids: Sequence[UUID]) -> list[PurchaseOrderView]:
    found = await orders.orders_by_id(tx, ids)
    parcels = await orders.list_parcels(tx, ids)
    places = await network(tx)
    return [_order_view(places, found[id], parcels.get(id, [])) for id in ids]


def _order_view(
    places: Network, order: PurchaseOrder, parcels: Sequence[Parcel]
) -> PurchaseOrderView:
    return PurchaseOrderView(
        id=order.id,
        location=places.by_id[order.location_id].code,
        order_id=order.order_id,
        reference=order.reference,
        currency=order.currency,
        version=order.version,
        delivery=order.delivery,
        delivery_reason=order.delivery_reason,
        problems=list(order.problems),
        made_at=order.made_at,
        answer_due_at=order.answer_due_at,
        answered_at=order.answered_at,
        expected_on=order.expected_on,
        promised_at=order.promised_at,
        lines=[
            msgspec.convert(line, PurchaseLineView, from_attributes=True) for line in order.lines
        ],
        parcels=[msgspec.convert(p, VendorParcelView, from_attributes=True) for p in parcels],
    )
