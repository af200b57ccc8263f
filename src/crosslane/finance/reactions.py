"""What finance does when goods leave and money moves: it posts, once per event.

The entry's cause is the event's own name (subject and number, or the payment's operation), so that
the ledger knows a repetition even when a reaction is run again from an earlier point of the log.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args
from uuid import UUID

import msgspec

from crosslane import inventory, ledger, locations, orders, organization, payments, vendors
from crosslane.finance import domain, storage
from crosslane.finance.domain import Cause, MovedMoney, Sale, Seller, Stockholders
from crosslane.kernel import parse_instant
from crosslane.organization import OrganizationBook
from crosslane.platform.database import Tx
from crosslane.platform.log import Event, Logged, Reaction

Goods = inventory.StockValued | orders.LinesHandedOver | orders.ChargesDue
Money = (
    payments.PaymentCaptured
    | payments.PaymentRefunded
    | payments.PaymentSettled
    | payments.PaymentChargedBack
    | payments.ChargebackWon
    | payments.PaidOut
    | payments.StoredValueIssued
    | payments.StoredValueToppedUp
    | payments.StoredValueTransferred
    | payments.StoredValueExpired
)
Supplies = vendors.VendorShipped | vendors.InvoiceAccepted
DEEDS: Mapping[type[Event], str] = {
    payments.PaymentCaptured: "capture",
    payments.PaymentRefunded: "refund",
    payments.PaymentSettled: "settle",
    payments.PaymentChargedBack: "chargeback",
    payments.ChargebackWon: "chargeback_won",
    payments.PaidOut: "refund",
    payments.StoredValueIssued: "issue",
    payments.StoredValueToppedUp: "issue",
}


async def post(tx: Tx, logged: Sequence[Logged[Goods | Money | Supplies]]) -> None:
    """Post what has happened to goods and money, all of it by one statement.

    Events are read in the order of the log, so that what a sale took is known to have come before.
    """
    goods = [entry for entry in logged if isinstance(entry.event, Goods)]
    money = [entry for entry in logged if isinstance(entry.event, Money)]
    supplies = [entry for entry in logged if isinstance(entry.event, Supplies)]
    ordered = [e for e in (*goods, *supplies) if not isinstance(e.event, inventory.StockValued)]
    heads = await orders.list_heads(tx, [e.event.order_id for e in ordered]) if ordered else {}
    book = await organization.book(tx)
    made = [
        *await _of_goods(tx, goods, book, heads),
        *await _of_money(tx, money, book),
        *(_of_supplies(entry, book, heads) for entry in supplies),
    ]
    await ledger.post(tx, [entry for entry in made if entry is not None])


async def _of_goods(
    tx: Tx,
    logged: Sequence[Logged[Goods]],
    book: OrganizationBook,
    heads: Mapping[UUID, orders.Order],
) -> list[ledger.Entry | None]:
    """Return the entries of goods that came, were found, lost or handed over, and of charges."""
    network, stockholders = await locations.network(tx), _stockholders(book)
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
        entries.append(made)
    if stock:
        await storage.save_stock(tx, stock)
    return entries


async def _of_money(
    tx: Tx, logged: Sequence[Logged[Money]], book: OrganizationBook
) -> list[ledger.Entry | None]:
    """Return the entries of money that was taken, given back, received or moved."""
    network = await locations.network(tx)
    return [_moved_entry(entry, book, network) for entry in logged]


def _moved_entry(
    entry: Logged[Money], book: OrganizationBook, network: locations.Network
) -> ledger.Entry | None:
    event = entry.event
    seller = seller_of(book, event.channel_id)
    if isinstance(event, payments.StoredValueTransferred):
        giver, taker = (
            msgspec.structs.replace(seller_of(book, channel_id), entity_id=entity_id)
            for channel_id, entity_id in (
                (event.channel_id, event.entity_id),
                (event.to_channel_id, event.to_entity_id),
            )
        )
        cause = Cause(event.kind(), str(event.entry_id), event.occurred_at)
        return domain.transfer_entry(
            cause, giver, taker, event.account_id, event.currency, event.minor
        )
    return domain.money_entry(_money_cause(event), seller, _money(event, book, network))


def _money(event: Money, book: OrganizationBook, network: locations.Network) -> MovedMoney:
    if isinstance(event, payments.StoredValueExpired):
        method, deed, location_id = "stored_value", event.breakage, None
    else:
        method, deed, location_id = event.method, DEEDS[type(event)], event.location_id
    # A store that nobody knows any more is its channel's.
    till = network.by_id.get(location_id) if location_id else None
    return MovedMoney(
        line_id=_line_of(event),
        method=method,
        deed=deed,
        minor=event.minor,
        currency=event.currency,
        location_id=location_id,
        till_id=book.entity(till.entity).id if till else None,
        issuer_id=event.entity_id,
    )


def _line_of(event: Money) -> UUID:
    if isinstance(event, payments.PaymentEvent):
        return event.payment_id
    return event.payout_id if isinstance(event, payments.PaidOut) else event.account_id


def _money_cause(event: Money) -> Cause:
    """Return what an entry is known by: the operation, payout or line of a journal."""
    if isinstance(event, payments.PaymentEvent):
        found = event.operation_id
    elif isinstance(event, payments.PaidOut):
        found = event.payout_id
    else:
        found = event.entry_id
    return Cause(event.kind(), str(found), event.occurred_at)


def _of_supplies(
    entry: Logged[Supplies], book: OrganizationBook, heads: Mapping[UUID, orders.Order]
) -> ledger.Entry | None:
    """Return the entry of what vendors are owed for goods that left, or what an invoice makes."""
    event = entry.event
    seller = seller_of(book, heads[event.order_id].channel_id)
    cause = Cause(event.kind(), f"{entry.subject}#{entry.subject_no}", event.occurred_at)
    if isinstance(event, vendors.VendorShipped):
        return domain.supply_entry(cause, seller, event)
    return domain.invoice_entry(cause, seller, event)


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
        "finance.post",
        (*get_args(Goods), *get_args(Money), *get_args(Supplies)),
        post,
        batch_max=200,
    )
]
