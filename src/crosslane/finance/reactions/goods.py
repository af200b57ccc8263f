"""Entries of goods that came, were found, lost, handed over or came back, and of charges."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from crosslane import inventory, ledger, locations, orders, returns
from crosslane.finance import domain, storage
from crosslane.finance.domain import Origin, Sale
from crosslane.finance.reactions.sellers import cause_of, seller_of, stockholders_of
from crosslane.organization import OrganizationBook
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged

Goods = inventory.StockValued | orders.LinesHandedOver | orders.ChargesDue
RETURN = "return"
"""What stock that a return moved has as its cause."""


async def of_goods(
    tx: Tx,
    logged: Sequence[Logged[Goods]],
    book: OrganizationBook,
    heads: Mapping[UUID, orders.Order],
) -> list[ledger.Entry | None]:
    """Return the entries of goods that came, were found, lost or handed over, and of charges."""
    network, stockholders = await locations.network(tx), stockholders_of(book)
    told = [_told(entry.event, heads) for entry in logged]
    keys = {key for what in told for key in domain.keys_of(what, stockholders)}
    stock = await storage.lock_stock(tx, keys) if keys else {}
    origins = await _origins(tx, [entry.event for entry in logged], book)
    entries = []
    for entry, what in zip(logged, told, strict=True):
        if isinstance(what, inventory.StockValued):
            timezone = network.by_id[what.location_id].timetable.timezone
            origin = origins.get(what.cause_id)
            made = domain.stock_entry(cause_of(entry), timezone, what, stock, stockholders, origin)
        else:
            seller = seller_of(book, heads[entry.event.order_id].channel_id)
            besides = domain.take_sold(what, stock, stockholders)
            made = domain.sale_entry(cause_of(entry), seller, what, stockholders, besides)
        entries.append(made)
    if stock:
        await storage.save_stock(tx, stock)
    return entries


async def _origins(tx: Tx, events: Sequence[Goods], book: OrganizationBook) -> dict[UUID, Origin]:
    """Return where goods that returns moved had been sold, by return."""
    moved = {
        event.cause_id
        for event in events
        if isinstance(event, inventory.StockValued) and event.cause_kind == RETURN
    }
    found = await returns.list_returns(tx, list(moved)) if moved else {}
    return {
        one.id: Origin(seller_of(book, one.channel_id), _sold_at(one)) for one in found.values()
    }


def _sold_at(one: returns.Return) -> dict[UUID, UUID]:
    """Return where each variant had been handed over, where only one location had."""
    places: dict[UUID, set[UUID | None]] = defaultdict(set)
    for line in one.lines:
        places[line.variant_id].add(line.sold_at)
    only = {variant_id: next(iter(at)) for variant_id, at in places.items() if len(at) == 1}
    return {variant_id: at for variant_id, at in only.items() if at is not None}


def _told(event: Goods, heads: Mapping[UUID, orders.Order]) -> Sale | inventory.StockValued:
    if isinstance(event, inventory.StockValued):
        return event
    units = event.units if isinstance(event, orders.LinesHandedOver) else []
    return Sale(heads[event.order_id].currency, units, event.charges)
