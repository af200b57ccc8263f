"""Goods leave: a fact. They are the destination's from then on, at what they had cost."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from crosslane import inventory, organization
from crosslane.inventory import Slice
from crosslane.kernel import new_id, rounded_ratio
from crosslane.ledger import RATE_NANO_PER_ONE, RateBook, RateMissing, rate_book
from crosslane.locations import Location, network
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.transfers import domain
from crosslane.transfers.domain import Leaving, Line, Transfer
from crosslane.transfers.errors import NothingToSend
from crosslane.transfers.events import SentUnits, TransferEvent, TransferSent
from crosslane.transfers.service.articles import lines_of
from crosslane.transfers.service.reading import TransferView, open_transfer, require_at, view
from crosslane.transfers.service.saving import (
    Journal,
    advance,
    announce,
    cause_of,
    event_of,
    give_up,
    save,
)
from crosslane.transfers.service.wishes import SendTransfer


class Exchange:
    """What goods cost in the books of their new owner.

    Args:
        book: the legal entities.
        rates: rates of exchange.
        owner_id: the new owner.
        day: whose rates count.
    """

    def __init__(
        self, book: organization.OrganizationBook, rates: RateBook, owner_id: UUID, day: date
    ) -> None:
        self._currencies = {one.id: one.book_currency for one in book.entities.values()}
        self._rates, self._owner_id, self._day = rates, owner_id, day

    def cost_milli(self, piece: Slice) -> int | None:
        """Return the cost of a unit, None when it is not known in that currency."""
        before = self._currencies.get(piece.owner_id)
        if before is None or piece.unit_cost_milli is None:
            return None
        try:
            rate = self._rates.rate_nano(before, self._currencies[self._owner_id], self._day)
        except RateMissing:
            return None
        return rounded_ratio(piece.unit_cost_milli, rate, RATE_NANO_PER_ONE)


async def send(tx: Tx, wish: SendTransfer) -> TransferView:
    """Record that goods have left their source.

    More than was asked for may have left, or other articles, or goods of a transfer that was
    cancelled or closed: what has left has left, and is on its way again.

    Raises:
        NoSuchTransfer: there is none.
        ForeignTransfer: the caller belongs to another location than the source.
        UnknownSku: an article is unknown.
        NothingToSend: nothing is named, and nothing is left to be sent.
    """
    transfer = await open_transfer(tx, wish.transfer)
    await require_at(tx, transfer.source_id)
    inventory.refuse_future(wish.occurred_at or tx.now, tx.now, pointer="/occurred_at")
    units = await _leaving(tx, transfer, wish)
    if not units:
        raise NothingToSend
    journal = Journal(tx, wish.occurred_at)
    told = await _ship(tx, transfer, units, wish.occurred_at, journal)
    withdrawn: list[TransferEvent] = []
    if not wish.rest_follows:
        rest = [(line, domain.withdraw(line)) for line in transfer.lines]
        withdrawn = await give_up(tx, [(transfer, rest)], journal)
    transfer.expected_on = wish.expected_on or transfer.expected_on
    advance(transfer, tx.now)
    await announce(tx, transfer)
    sent = event_of(
        TransferSent,
        transfer,
        journal.occurred_at,
        units=told,
        expected_on=transfer.expected_on,
        transit_minor=transfer.transit_minor,
    )
    await save(tx, [transfer], journal, [sent, *withdrawn])
    return await view(tx, transfer)


async def _leaving(tx: Tx, transfer: Transfer, wish: SendTransfer) -> Counter[UUID]:
    """Return the units that leave, by line."""
    if not wish.lines:
        return +Counter({line.id: line.to_send for line in transfer.lines})
    lines = await lines_of(tx, transfer, [article.sku for article in wish.lines])
    units: Counter[UUID] = Counter()
    for article in wish.lines:
        units[lines[article.sku].id] += article.quantity
    return units


async def _ship(
    tx: Tx,
    transfer: Transfer,
    units: Counter[UUID],
    occurred_at: datetime | None,
    journal: Journal,
) -> list[SentUnits]:
    """Take the units off the source's stock, those held for the transfer first."""
    leaving = [line for line in transfer.lines if units[line.id]]
    shipped = await inventory.ship(
        tx,
        [
            inventory.Shipment(
                variant_id=line.variant_id,
                location_id=transfer.source_id,
                quantity=units[line.id],
                cause=cause_of(transfer, line.id),
                occurred_at=occurred_at,
            )
            for line in leaving
        ],
    )
    source = (await network(tx)).by_id[transfer.source_id]
    exchange = Exchange(
        await organization.book(tx),
        await rate_book(tx),
        transfer.owner_id,
        _business_day(source, journal.occurred_at),
    )
    told: list[SentUnits] = []
    for line, left in zip(leaving, shipped, strict=True):
        parts = [Leaving(new_id(), x.quantity, exchange.cost_milli(x)) for x in left.slices]
        domain.send(line, parts)
        journal.note(transfer, line, "send", units[line.id])
        told += _told(line, left.slices, parts)
    return told


def _told(line: Line, left: Sequence[Slice], parts: Sequence[Leaving]) -> list[SentUnits]:
    return [
        SentUnits(
            line_id=line.id,
            variant_id=line.variant_id,
            quantity=part.quantity,
            owner_id=piece.owner_id,
            owner_cost_milli=piece.unit_cost_milli,
            cost_milli=part.cost_milli,
        )
        for piece, part in zip(left, parts, strict=True)
    ]


def _business_day(location: Location, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(location.timetable.timezone)).date()


SEND = one_by_one("transfers.send", SendTransfer, TransferView, send)
