"""Goods arrive: a fact, whatever was sent, in good order or damaged."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from crosslane import inventory
from crosslane.inventory import Arrived, Condition, Place
from crosslane.kernel import new_id
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.transfers import domain
from crosslane.transfers.domain import Coming, Line, Transfer
from crosslane.transfers.errors import NothingOnItsWay
from crosslane.transfers.events import ArrivedUnits, TransferReceived
from crosslane.transfers.service.articles import lines_of
from crosslane.transfers.service.reading import TransferView, open_transfer, require_at, view
from crosslane.transfers.service.saving import Journal, advance, announce, cause_of, event_of, save
from crosslane.transfers.service.wishes import ReceiveTransfer

Part = tuple[Line, Condition, int]


async def receive(tx: Tx, wish: ReceiveTransfer) -> TransferView:
    """Record that goods have arrived.

    More than was sent may arrive, or other articles, before their sending is told of or after the
    transfer was closed: then what was written off has turned up.

    Raises:
        NoSuchTransfer: there is none.
        ForeignTransfer: the caller belongs to another location than the destination.
        UnknownSku: an article is unknown.
        NothingOnItsWay: nothing is named, and nothing is on its way.
    """
    transfer = await open_transfer(tx, wish.transfer)
    await require_at(tx, transfer.destination_id)
    inventory.refuse_future(wish.occurred_at or tx.now, tx.now, pointer="/occurred_at")
    parts = await _parts(tx, transfer, wish)
    if not parts:
        raise NothingOnItsWay
    journal = Journal(tx, wish.occurred_at)
    coming = _arrive(transfer, parts, journal)
    advance(transfer, tx.now)
    # Stock is protected before what is on its way to it.
    to = transfer.destination_id
    await inventory.protect(tx, [Place(line.variant_id, to, c) for line, c, _ in parts])
    await announce(tx, transfer)
    await inventory.receive_incoming(
        tx,
        [
            Arrived(
                incoming_id=line.incoming_id,
                quantity=piece.quantity,
                unit_cost_milli=piece.cost_milli,
                occurred_at=wish.occurred_at,
                condition=condition,
                cause=cause_of(transfer, line.incoming_id),
            )
            for line, condition, piece in coming
            if line.incoming_id
        ],
    )
    received = event_of(
        TransferReceived,
        transfer,
        journal.occurred_at,
        units=_told(parts),
        transit_minor=transfer.transit_minor,
        closed=transfer.state == "closed",
    )
    await save(tx, [transfer], journal, [received])
    return await view(tx, transfer)


async def _parts(tx: Tx, transfer: Transfer, wish: ReceiveTransfer) -> list[Part]:
    """Return the units that arrived, by line and condition."""
    if not wish.lines:
        return [
            (line, Condition.SELLABLE, line.on_way) for line in transfer.lines if line.on_way > 0
        ]
    lines = await lines_of(tx, transfer, [article.sku for article in wish.lines])
    units: Counter[tuple[UUID, Condition]] = Counter()
    for article in wish.lines:
        units[lines[article.sku].id, Condition.SELLABLE] += article.quantity
        units[lines[article.sku].id, Condition.DAMAGED] += article.damaged
    return [
        (line, condition, units[line.id, condition])
        for line in transfer.lines
        for condition in (Condition.SELLABLE, Condition.DAMAGED)
        if units[line.id, condition]
    ]


def _arrive(
    transfer: Transfer, parts: Sequence[Part], journal: Journal
) -> list[tuple[Line, Condition, Coming]]:
    settled = transfer.state == "closed"
    coming: list[tuple[Line, Condition, Coming]] = []
    for line, condition, units in parts:
        damaged = condition is Condition.DAMAGED
        pieces = domain.arrive(line, units, besides=new_id(), damaged=damaged, settled=settled)
        coming += [(line, condition, piece) for piece in pieces]
        journal.note(transfer, line, "damage" if damaged else "receive", units)
        if settled:
            journal.note(transfer, line, "write_off", -units, "turned_up")
    return coming


def _told(parts: Sequence[Part]) -> list[ArrivedUnits]:
    quantities: Counter[UUID] = Counter()
    damaged: Counter[UUID] = Counter()
    for line, condition, units in parts:
        quantities[line.id] += units
        if condition is Condition.DAMAGED:
            damaged[line.id] += units
    lines = {line.id: line for line, _, _ in parts}
    return [
        ArrivedUnits(line.id, line.variant_id, quantities[line.id], damaged[line.id])
        for line in lines.values()
    ]


RECEIVE = one_by_one("transfers.receive", ReceiveTransfer, TransferView, receive)
