"""What finance does when goods leave and money moves: it posts, once per event.

The entry's cause is the event's own name (subject and number, or the payment's operation), so that
the ledger knows a repetition even when a reaction is run again from an earlier point of the log.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from crosslane import inventory, ledger, locations, orders, organization, payments, vendors
from crosslane.finance import domain, storage
from crosslane.finance.domain import Cause, MovedMoney, Sale, Seller, Stockholders
from crosslane.kernel import parse_instant
from crosslane.organization import OrganizationBook
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged, Reaction

Goods = inventory.StockValued | orders.LinesHandedOver | orders.ChargesDue


async def post_goods(tx: Tx, logged: Sequence[Logged[Goods]]) -> None:
    """Post goods that came, were found, lost or handed over, and charges that fell due.

    They are read in the order of the log, so that what a sale took is known to have come before.
    """
    sold = [entry for entry in logged if not isinstance(entry.event, inventory.StockValued)]
    heads = await orders.list_heads(tx, [entry.event.order_id for entry in sold])
    book, network = await organization.book(tx), await locations.network(tx)
    stockholders = _stockholders(book)
    told = [_told(entry.event, heads) for entry in logged]
    keys = {key for what in told for key in domain.keys_of(what, stockholders)}
    stock = await storage.lock_stock(tx, keys) if keys else {}
    entries = []
    for entry, what in zip(logged, told, strict=True):
        if isinstance(what, inventory.StockValued):
            timezone = network.by_id[what.location_id].timetable.timezone
            made = domain.stock_entry(_cause(entry), timezone, what, stock, stockholders)
        else:
            seller = seller_of(book, heads[entry.event.order_id].channel_id)
            besides = domain.take_sold(what, stock, stockholders)
            made = domain.sale_entry(_cause(entry), seller, what, stockholders, besides)
        if made is not None:
            entries.append(made)
    if stock:
        await storage.save_stock(tx, stock)
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
    occurred_at = entry.at
    if isinstance(event, orders.LinesHandedOver):
        occurred_at = parse_instant(event.occurred_at)
    elif isinstance(event, inventory.StockValued):
        occurred_at = event.occurred_at
    return Cause(event.kind(), f"{entry.subject}#{entry.subject_no}", occurred_at)


def _told(event: Goods, heads: Mapping[UUID, orders.Order]) -> Sale | inventory.StockValued:
    if isinstance(event, inventory.StockValued):
        return event
    units = event.units if isinstance(event, orders.LinesHandedOver) else []
    return Sale(heads[event.order_id].currency, units, event.charges)


REACTIONS = [
    Reaction(
        "finance.goods",
        (inventory.StockValued, orders.LinesHandedOver, orders.ChargesDue),
        post_goods,
        batch_max=200,
    ),
    Reaction(
        "finance.money",
        (payments.PaymentCaptured, payments.PaymentRefunded, payments.PaymentSettled),
        post_money,
    ),
    Reaction("finance.supplies", (vendors.VendorShipped, vendors.InvoiceAccepted), post_supplies),
]
