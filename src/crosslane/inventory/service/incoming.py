"""Goods on their way: reported, promised to backorders, received into the hands of those promised.

Rows are protected as everywhere: positions first, incoming lines after them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.inventory.domain import incoming, supply
from crosslane.inventory.domain.holds import HoldRequest, hold
from crosslane.inventory.domain.incoming import (
    IncomingLine,
    IncomingReport,
    IncomingSheet,
    Promise,
    Promised,
    Waiting,
)
from crosslane.inventory.domain.position import Cause, Condition, Position
from crosslane.inventory.domain.sheet import HeldBy, Hold, Sheet
from crosslane.inventory.domain.supply import Receipt
from crosslane.inventory.errors import ForeignLocation, IncomingNotFound
from crosslane.inventory.events import (
    DEMANDS_NAMED_MAX,
    IncomingChanged,
    IncomingFreed,
    LosingDemand,
    PromiseArrived,
)
from crosslane.inventory.service.news import availability
from crosslane.inventory.service.sheets import Fact, load_costs, open_sheet, save_sheet
from crosslane.inventory.service.surroundings import owners_of
from crosslane.inventory.storage import incoming as stored
from crosslane.inventory.storage.positions import Place
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Tx
from crosslane.platform.log import Event

BACKORDER_HOLD_HOURS = 72


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of an incoming line that arrived.

    Args:
        incoming_id: the line.
        quantity: units, those of this arrival only; more than announced is recorded too.
        unit_cost_milli: cost of one unit, 1/1000 minor unit of the owner's book currency.
        condition: the one they arrived in; only sellable ones serve those who wait.
        cause: the document they came by, whose line is the incoming line; the line itself when
            absent.
    """

    incoming_id: UUID
    quantity: int
    unit_cost_milli: int | None = None
    occurred_at: datetime | None = None
    condition: Condition = Condition.SELLABLE
    cause: Cause | None = None


async def report_incoming(tx: Tx, reports: Sequence[IncomingReport]) -> list[IncomingLine]:
    """Take in what sources say is on its way; of several reports of a line the newest stands."""
    first = {report.key: report for report in reversed(reports)}
    await stored.insert_incoming(
        tx, {new_id(): report for report in first.values()}, await owners_of(tx)
    )
    lines = {line.key: line for line in await stored.lock_incoming(tx, list(first))}
    promises = await stored.list_promises(tx, [x.id for x in lines.values() if x.promised])
    sheet = IncomingSheet(lines.values(), promises)
    frees = {line.id: line.free for line in lines.values()}
    promisable = _promisable(sheet)
    news: dict[UUID, Event] = {}
    for said in reports:
        line = lines[said.key]
        before = line.available_on
        if incoming.report(line, said):
            sheet.touched.add(line.id)
            if line.promised and (line.available_on != before or line.free < 0):
                news[line.id] = _changed(sheet, line)
            if line.available_on < before:
                frees[line.id] = 0  # those who wait for a later arrival may want these units now
        sheet.touched.add(line.id)
    await stored.save(tx, sheet)
    await log.append(tx, [*news.values(), *_freed(sheet, frees), *_moved(sheet, promisable)])
    return [lines[said.key] for said in reports]


async def keep_promises(tx: Tx, waiting: Sequence[Waiting]) -> list[Promised]:
    """Let demand be promised exactly what it waits for, as far as that is on its way.

    Whatever has changed (the demand, a date, a quantity), asking once more puts it right; among the
    demand asked for together the earliest chooses first. What nobody of them takes any more is
    announced as free.
    """
    lines = await stored.lock_open(tx, list({one.variant_id for one in waiting}))
    if not lines:
        return [Promised(()) for _ in waiting]
    sheet = IncomingSheet(lines, await stored.list_promises(tx, [line.id for line in lines]))
    frees = {line.id: line.free for line in lines}
    promisable = _promisable(sheet)
    kept = incoming.keep_promises(sheet, waiting)
    await stored.save(tx, sheet)
    await log.append(tx, [*_freed(sheet, frees), *_moved(sheet, promisable)])
    return kept


def _freed(sheet: IncomingSheet, before: Mapping[UUID, int]) -> list[Event]:
    return [
        IncomingFreed(
            incoming_id=line.id,
            variant_id=line.key.variant_id,
            location_id=line.key.location_id,
        )
        for line in sheet.lines.values()
        if line.free > max(0, before[line.id])
    ]


def _promisable(sheet: IncomingSheet) -> dict[UUID, tuple[int, date]]:
    """Return what can be promised of lines: units, and from when they can be had."""
    return {
        line.id: (line.free, line.available_on) for line in sheet.lines.values() if line.free > 0
    }


def _moved(sheet: IncomingSheet, before: Mapping[UUID, tuple[int, date]]) -> list[Event]:
    """Tell of which variants more, fewer or other units on their way can be promised."""
    after = _promisable(sheet)
    return availability(
        {
            line.key.variant_id
            for line in sheet.lines.values()
            if before.get(line.id) != after.get(line.id)
        }
    )


async def incoming_by_id(tx: Tx, ids: Sequence[UUID]) -> list[IncomingLine]:
    """Return incoming lines in the order of their ids given, unknown ones left out."""
    known = {line.id: line for line in await stored.list_by_id(tx, ids)}
    return [known[line_id] for line_id in ids if line_id in known]


async def receive_incoming(
    tx: Tx, arrivals: Sequence[Arrived], *, actor: Actor = SYSTEM
) -> list[supply.Recorded]:
    """Record arrivals; units that were promised are held for those who wait for them.

    Each promise served becomes a hold of its demand (holder: the demand's document) and a
    `PromiseArrived`, to be confirmed within BACKORDER_HOLD_HOURS.

    Args:
        tx: open transaction.
        arrivals: what arrived.
        actor: who says so; whoever belongs to a location may speak for that one only.

    Raises:
        IncomingNotFound: an arrival names no line.
        ForeignLocation: it is not the actor's location.
    """
    ids = list({arrival.incoming_id for arrival in arrivals})
    known = {line.id: line for line in await stored.list_by_id(tx, ids)}
    for arrival in arrivals:
        if arrival.incoming_id not in known:
            raise IncomingNotFound(reference=str(arrival.incoming_id))
        location_id = known[arrival.incoming_id].key.location_id
        if actor.location_id not in (None, location_id):
            raise ForeignLocation(location=str(location_id))
    receipts = [_receipt(arrival, known[arrival.incoming_id]) for arrival in arrivals]
    stock = await open_sheet(tx, facts=[_fact(receipt) for receipt in receipts])
    lines = await stored.lock_by_id(tx, ids)
    sheet = IncomingSheet(lines, await stored.list_promises(tx, ids))
    promisable = _promisable(sheet)
    priced = [receipt for receipt in receipts if receipt.unit_cost_milli is not None]
    await load_costs(tx, stock, [supply.position_of(stock, receipt) for receipt in priced])
    recorded: list[supply.Recorded] = []
    news: list[Event] = []
    for arrival, receipt in zip(arrivals, receipts, strict=True):
        line = sheet.lines[arrival.incoming_id]
        recorded.append(supply.receive(stock, receipt))
        line.received += arrival.quantity
        sheet.touched.add(line.id)
        position = supply.position_of(stock, receipt)
        if position.key.is_sellable:
            news += _serve(stock, sheet, line, position, arrival.quantity)
        if line.free < 0 and line.promised:
            news.append(_changed(sheet, line))
    await save_sheet(tx, stock)
    await stored.save(tx, sheet)
    await log.append(tx, [*news, *_moved(sheet, promisable)])
    return recorded


def _serve(
    stock: Sheet, sheet: IncomingSheet, line: IncomingLine, position: Position, units: int
) -> list[Event]:
    """Hold arrived units for the promises of their line, the earliest first."""
    news: list[Event] = []
    for waiting in sheet.waiting(line.id):
        quantity = min(units, waiting.quantity, position.free(stock.minute))
        if quantity <= 0:
            break
        held = hold(stock, _hold_for(stock, line, waiting, quantity))
        if not isinstance(held, Hold):
            break
        units -= quantity
        sheet.add_promised(line, waiting.cause, -quantity, waiting.promised_for)
        news.append(
            PromiseArrived(
                cause_kind=waiting.cause.kind,
                cause_id=waiting.cause.id,
                line_id=waiting.cause.line,
                variant_id=line.key.variant_id,
                location_id=line.key.location_id,
                hold_id=held.id,
                fence=held.fence,
                quantity=quantity,
            )
        )
    return news


def _hold_for(stock: Sheet, line: IncomingLine, waiting: Promise, quantity: int) -> HoldRequest:
    return HoldRequest(
        hold_id=new_id(),
        variant_id=line.key.variant_id,
        location_id=line.key.location_id,
        quantity=quantity,
        holder=HeldBy(waiting.cause.kind, waiting.cause.id),
        expires_at=stock.now + timedelta(hours=BACKORDER_HOLD_HOURS),
    )


def _receipt(arrival: Arrived, line: IncomingLine) -> Receipt:
    return Receipt(
        variant_id=line.key.variant_id,
        location_id=line.key.location_id,
        quantity=arrival.quantity,
        cause=arrival.cause or Cause("incoming", line.id, line.id),
        condition=arrival.condition,
        owner_id=line.owner_id,
        unit_cost_milli=arrival.unit_cost_milli,
        occurred_at=arrival.occurred_at,
    )


def _fact(receipt: Receipt) -> Fact:
    place = Place(receipt.variant_id, receipt.location_id, receipt.condition)
    return Fact(place, receipt.owner_id)


def _changed(sheet: IncomingSheet, line: IncomingLine) -> IncomingChanged:
    losing = [
        LosingDemand(lost.cause.kind, lost.cause.id, lost.cause.line, lost.quantity)
        for lost in sheet.losing(line)
    ]
    return IncomingChanged(
        incoming_id=line.id,
        variant_id=line.key.variant_id,
        location_id=line.key.location_id,
        available_on=line.available_on,
        losing=tuple(losing[:DEMANDS_NAMED_MAX]),
    )
