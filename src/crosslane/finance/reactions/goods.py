"""Entries of goods that came, were found, lost, handed over or came back, and of charges."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from crosslane import inventory, ledger, locations, orders, returns, transfers
from crosslane.finance import domain, storage
from crosslane.finance.domain import Moved, Origin, Sale, Stock, Stockholders, Transit
from crosslane.finance.reactions.sellers import cause_of, seller_of, stockholders_of
from crosslane.organization import OrganizationBook
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged

Goods = (
    inventory.StockValued
    | orders.LinesHandedOver
    | orders.ChargesDue
    | transfers.TransferSent
    | transfers.TransferReceived
    | transfers.TransferClosed
)
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
    stock = await _held(tx, told, stockholders)
    events = [entry.event for entry in logged]
    origins = await _origins(tx, events, book)
    transits = await storage.lock_transits(tx, _owners(events))
    entries = []
    for entry, what in zip(logged, told, strict=True):
        if isinstance(what, inventory.StockValued):
            timezone = network.by_id[what.location_id].timetable.timezone
            made = domain.stock_entry(
                cause_of(entry),
                timezone,
                what,
                stock,
                stockholders,
                origins.get(what.cause_id),
                transits.get(what.cause_id),
            )
        elif isinstance(what, Moved):
            place = what.source_id if isinstance(what, transfers.TransferSent) else None
            timezone = network.by_id[place or what.destination_id].timetable.timezone
            transit = transits[what.transfer_id]
            cause = cause_of(entry)
            made = domain.transit_entry(cause, timezone, what, stock, transit, stockholders)
        else:
            seller = seller_of(book, heads[entry.event.order_id].channel_id)
            besides = domain.take_sold(what, stock, stockholders)
            made = domain.sale_entry(cause_of(entry), seller, what, stockholders, besides)
        entries.append(made)
    if stock:
        await storage.save_stock(tx, stock)
    if transits:
        await storage.save_transits(tx, transits)
    return entries


async def _held(
    tx: Tx, told: Sequence[Sale | inventory.StockValued | Moved], stockholders: Stockholders
) -> dict[tuple[UUID, UUID], Stock]:
    """Return what is to be decided on: what is worth nothing, and becomes so many, is counted."""
    units = domain.units_alone(told, stockholders)
    if units is not None:
        return await storage.count_units(tx, units)
    keys = {key for what in told for key in _keys(what, stockholders)}
    return await storage.list_stock(tx, keys) if keys else {}


def _owners(events: Sequence[Goods]) -> dict[UUID, Transit]:
    """Return the transfers whose goods events tell of, with who owns them on their way."""
    owners: dict[UUID, Transit] = {}
    for event in events:
        if isinstance(event, Moved):
            owners[event.transfer_id] = Transit(event.owner_id)
        elif isinstance(event, inventory.StockValued) and event.cause_kind == transfers.KIND:
            came = [one.owner_id for one in event.movements if one.reason == "receive"]
            if came:
                owners.setdefault(event.cause_id, Transit(came[0]))
    return owners


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


def _keys(
    what: Sale | inventory.StockValued | Moved, stockholders: Stockholders
) -> set[tuple[UUID, UUID]]:
    if isinstance(what, transfers.TransferReceived | transfers.TransferClosed):
        return set()
    return domain.keys_of(what, stockholders)


def _told(event: Goods, heads: Mapping[UUID, orders.Order]) -> Sale | inventory.StockValued | Moved:
    if isinstance(event, inventory.StockValued | Moved):
        return event
    units = event.units if isinstance(event, orders.LinesHandedOver) else []
    return Sale(heads[event.order_id].currency, units, event.charges)
