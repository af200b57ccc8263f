"""What finance does when goods leave and money moves: it posts, once per event.

The entry's cause is the event's own name (subject and number, or the payment's operation), so that
the ledger knows a repetition even when a reaction is run again from an earlier point of the log.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crosslane import ledger, orders, organization, payments, vendors
from crosslane.finance import domain
from crosslane.finance.domain import Cause, MovedMoney, Sale, Seller, Stockholders
from crosslane.kernel import parse_instant
from crosslane.organization import OrganizationBook
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged, Reaction


async def post_sales(
    tx: Tx, logged: Sequence[Logged[orders.LinesHandedOver | orders.ChargesDue]]
) -> None:
    """Post what was handed over and what fell due: revenue, tax, delivery income, cost of goods."""
    heads = await orders.list_heads(tx, [entry.event.order_id for entry in logged])
    book = await organization.book(tx)
    stockholders = _stockholders(book)
    entries = []
    for entry in logged:
        head = heads[entry.event.order_id]
        made = domain.sale_entry(
            _cause(entry),
            seller_of(book, head.channel_id),
            _sale(entry.event, head.currency),
            stockholders,
        )
        if made is not None:
            entries.append(made)
    await ledger.post(tx, entries)


async def post_money(tx: Tx, logged: Sequence[Logged[payments.PaymentEvent]]) -> None:
    """Post money that was taken, given back or received on account."""
    book = await organization.book(tx)
    deeds = {
        payments.PaymentCaptured: "capture",
        payments.PaymentRefunded: "refund",
        payments.PaymentSettled: "settle",
    }
    entries = []
    for entry in logged:
        event = entry.event
        made = domain.money_entry(
            Cause(event.kind(), str(event.operation_id), event.occurred_at),
            seller_of(book, event.channel_id),
            MovedMoney(
                event.payment_id,
                event.method,
                deeds[type(event)],
                event.minor,
                event.currency,
                event.location_id,
            ),
        )
        if made is not None:
            entries.append(made)
    await ledger.post(tx, entries)


async def post_supplies(
    tx: Tx, logged: Sequence[Logged[vendors.VendorShipped | vendors.InvoiceAccepted]]
) -> None:
    """Post what vendors are owed for goods that left, and what their invoices make of it."""
    heads = await orders.list_heads(tx, [entry.event.order_id for entry in logged])
    book = await organization.book(tx)
    entries = []
    for entry in logged:
        event = entry.event
        seller = seller_of(book, heads[event.order_id].channel_id)
        cause = Cause(event.kind(), f"{entry.subject}#{entry.subject_no}", event.occurred_at)
        if isinstance(event, vendors.VendorShipped):
            made = domain.supply_entry(cause, seller, event)
        else:
            made = domain.invoice_entry(cause, seller, event)
        if made is not None:
            entries.append(made)
    await ledger.post(tx, entries)


def seller_of(book: OrganizationBook, channel_id: UUID) -> Seller:
    """Return who sells in a channel, as postings name it."""
    channel = book.channel_by_id(channel_id)
    return Seller(
        entity_id=book.entity(channel.entity).id,
        channel_id=channel.id,
        brand_id=book.brand(channel.brand).id,
        market_id=book.market(channel.market).id,
        timezone=channel.timezone,
    )


def _stockholders(book: OrganizationBook) -> Stockholders:
    return Stockholders({entity.id: entity.book_currency for entity in book.entities.values()})


def _cause(entry: Logged[Any]) -> Cause:
    event = entry.event
    handed = isinstance(event, orders.LinesHandedOver)
    occurred_at = parse_instant(event.occurred_at) if handed else entry.at
    return Cause(event.kind(), f"{entry.subject}#{entry.subject_no}", occurred_at)


def _sale(event: orders.LinesHandedOver | orders.ChargesDue, currency: str) -> Sale:
    units = event.units if isinstance(event, orders.LinesHandedOver) else []
    return Sale(currency, units, event.charges)


REACTIONS = [
    Reaction("finance.sales", (orders.LinesHandedOver, orders.ChargesDue), post_sales),
    Reaction(
        "finance.money",
        (payments.PaymentCaptured, payments.PaymentRefunded, payments.PaymentSettled),
        post_money,
    ),
    Reaction("finance.supplies", (vendors.VendorShipped, vendors.InvoiceAccepted), post_supplies),
]
