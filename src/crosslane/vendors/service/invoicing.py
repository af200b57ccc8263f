"""Invoices of vendors: matched with what was ordered and has left, decided by people otherwise."""

from typing import Literal
from uuid import UUID

from crosslane import locations, organization
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.vendors import events
from crosslane.vendors.domain import (
    Invoice,
    InvoiceLine,
    PurchaseOrder,
    SendInvoice,
    decide,
    settle,
)
from crosslane.vendors.errors import InvoiceNotOpen, NoSuchInvoice
from crosslane.vendors.service.ordering import event_of, ordering_of, save
from crosslane.vendors.storage import messages as storage
from crosslane.vendors.storage import orders

Verdict = Literal["accept", "reject"]


async def take_invoice(tx: Tx, order: PurchaseOrder, message: SendInvoice) -> str:
    """Keep an invoice; return why it cannot be kept. One told of twice is one invoice."""
    lines = [InvoiceLine(x.line_id, x.quantity, x.net_minor) for x in message.lines]
    lines.sort(key=lambda line: line.line_id)
    known_id = await storage.find_invoice(tx, order.location_id, message.number)
    if known_id is not None:
        (known,) = await storage.list_invoices(tx, id=known_id)
        said = (order.id, lines, message.freight_minor, message.tax_minor, message.due_on)
        if said == _said(known):
            return ""
        return f"invoice {message.number} was told of with other content"
    await storage.insert_invoice(
        tx,
        Invoice(
            id=new_id(),
            location_id=order.location_id,
            purchase_order_id=order.id,
            number=message.number,
            currency=message.currency,
            freight_minor=message.freight_minor,
            tax_minor=message.tax_minor,
            due_on=message.due_on,
            occurred_at=message.occurred_at,
            received_at=tx.now,
            lines=lines,
        ),
    )
    return ""


def _said(invoice: Invoice) -> tuple:
    return (
        invoice.purchase_order_id,
        invoice.lines,
        invoice.freight_minor,
        invoice.tax_minor,
        invoice.due_on,
    )


async def match_invoices(tx: Tx, order: PurchaseOrder) -> list[events.PurchaseEvent]:
    """Decide on the waiting invoices of a locked order; return what is to be told."""
    found = await storage.list_invoices(tx, order_ids=[order.id], state="waiting")
    if not found:
        return []
    policies, network = await organization.policies(tx), await locations.network(tx)
    place = network.by_id[order.location_id]
    told: list[events.PurchaseEvent] = []
    for invoice in sorted(found, key=lambda each: (each.occurred_at, each.number)):
        ordering = ordering_of(policies, place, order.made_at)
        verdict = decide(order, invoice, ordering.price_difference_bp_max)
        if verdict == "accepted":
            told.append(_accept(order, invoice))
        else:
            invoice.state = verdict
    await storage.save_invoices(tx, found)
    return told


def _accept(order: PurchaseOrder, invoice: Invoice) -> events.PurchaseEvent:
    settle(order, invoice)
    return event_of(
        events.InvoiceAccepted,
        order,
        invoice_id=invoice.id,
        entity_id=order.entity_id,
        currency=order.currency,
        accrued_minor=invoice.accrued_minor,
        net_minor=invoice.net_minor,
        freight_minor=invoice.freight_minor,
        tax_minor=invoice.tax_minor,
        occurred_at=invoice.occurred_at,
    )


async def judge_invoice(tx: Tx, invoice_id: UUID, verdict: Verdict) -> Invoice:
    """Accept a disputed invoice at its price, or reject one that is open.

    Raises:
        NoSuchInvoice: there is none.
        InvoiceNotOpen: it is decided, or its goods have not left yet.
    """
    found = await storage.list_invoices(tx, id=invoice_id)
    if not found:
        raise NoSuchInvoice(id=str(invoice_id))
    order_id = found[0].purchase_order_id
    order = (await orders.lock_orders(tx, [order_id]))[order_id]
    # Read anew: only the order's lock protects it.
    (invoice,) = await storage.list_invoices(tx, id=invoice_id)
    open_states = ("disputed",) if verdict == "accept" else ("disputed", "waiting")
    if invoice.state not in open_states:
        raise InvoiceNotOpen(state=invoice.state)
    if verdict == "reject":
        invoice.state = "rejected"
        await storage.save_invoices(tx, [invoice])
        return invoice
    if decide(order, invoice, 0) == "waiting":
        raise InvoiceNotOpen(state="for goods that have not left")
    told = _accept(order, invoice)
    await storage.save_invoices(tx, [invoice])
    await save(tx, [order])
    await log.append(tx, [told])
    return invoice
