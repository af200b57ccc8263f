"""Goods of returns into stock: whose they are and at what cost, into which condition."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import inventory
from crosslane.inventory import Condition, ShippedLine
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.returns.domain import CAUSE, Disposition, Return, ReturnLine, ReturnUnit
from crosslane.returns.domain.goods import LEAVES, LIES, Graded, grade, pieces_of
from crosslane.returns.service.looking import Around
from crosslane.returns.storage import views
from crosslane.returns.storage.writing import Entry


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that came to a location.

    Args:
        one: the return, whose line is changed.
        disposition: what becomes of them, None when somebody will look at them later.
        at: business time.
        cause: whose doing it is.
    """

    one: Return
    line: ReturnLine
    quantity: int
    disposition: Disposition | None
    location_id: UUID
    at: datetime
    cause: log.Cause


async def protect(tx: Tx, arrivals: Iterable[Arrival]) -> None:
    """Lock the positions that goods will lie in, before any money is asked for."""
    places = {
        inventory.Place(a.line.variant_id, a.location_id, _condition(a.disposition))
        for a in arrivals
    }
    await inventory.protect(tx, places)


async def take_in(tx: Tx, near: Around, arrivals: Sequence[Arrival]) -> list[Entry]:
    """Receive units into stock, at what they had cost as they left, and count them on their lines.

    Returns:
        What the journal keeps of it.
    """
    if not arrivals:
        return []
    lines = [a.line for a in arrivals]
    shipped = await inventory.list_shipped(tx, [w for a in arrivals if (w := _left(a, near))])
    known = [line.order_line_id for line in lines if line.order_line_id]
    before = Counter(await views.list_received(tx, known) if known else {})
    entries: list[Entry] = []
    received: list[tuple[Arrival, ReturnUnit]] = []
    for arrival in arrivals:
        line = arrival.line
        left = _left(arrival, near)
        mine = shipped[left] if left else []
        gone = before[line.order_line_id] if line.order_line_id else 0
        for piece in pieces_of(mine, gone, arrival.quantity):
            unit = ReturnUnit(
                id=new_id(),
                return_line_id=line.id,
                location_id=arrival.location_id,
                owner_id=piece.owner_id,
                unit_cost_milli=piece.unit_cost_milli,
                quantity=piece.quantity,
                disposition=arrival.disposition,
                received_at=arrival.at,
                graded_at=arrival.at if arrival.disposition else None,
            )
            line.units = [*line.units, unit]
            received.append((arrival, unit))
        line.received += arrival.quantity
        if line.order_line_id:
            before[line.order_line_id] += arrival.quantity
        entries.append(_entry("receive", arrival, line))
        if arrival.disposition:
            entries.append(_entry("grade", arrival, line))
    await _into_stock(tx, received)
    return entries


async def _into_stock(tx: Tx, received: Sequence[tuple[Arrival, ReturnUnit]]) -> None:
    await inventory.receive(
        tx,
        [
            inventory.Receipt(
                variant_id=arrival.line.variant_id,
                location_id=arrival.location_id,
                quantity=unit.quantity,
                cause=_cause(arrival.one, arrival.line),
                condition=_condition(arrival.disposition),
                owner_id=unit.owner_id,
                unit_cost_milli=unit.unit_cost_milli,
                occurred_at=arrival.at,
            )
            for arrival, unit in received
        ],
        causes=[arrival.cause for arrival, _ in received],
    )
    await _take_off(
        tx,
        [
            (arrival.one, Graded(arrival.line, unit, unit.disposition), arrival.at, arrival.cause)
            for arrival, unit in received
            if unit.disposition
        ],
    )


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that somebody has looked at; fields as of :class:`Arrival`."""

    one: Return
    line: ReturnLine
    quantity: int
    disposition: Disposition
    at: datetime
    cause: log.Cause


async def say_what_becomes(tx: Tx, verdicts: Sequence[Verdict]) -> list[Entry]:
    """Regrade units, or take them off the books; return what the journal keeps of it."""
    graded: list[tuple[Return, Graded, datetime, log.Cause]] = []
    entries: list[Entry] = []
    for v in verdicts:
        fresh = [new_id() for _ in v.line.units]
        for piece in grade(v.line, v.quantity, v.disposition, v.at, fresh):
            graded.append((v.one, piece, v.at, v.cause))
            entries.append(
                Entry(
                    return_id=v.one.id,
                    return_line_id=v.line.id,
                    deed="grade",
                    quantity=piece.unit.quantity,
                    location_id=piece.unit.location_id,
                    actor=str(v.cause.actor),
                    occurred_at=v.at,
                )
            )
    moved = [one for one in graded if one[1].disposition in LIES]
    await inventory.regrade(
        tx,
        [
            inventory.Regrade(
                variant_id=piece.line.variant_id,
                location_id=piece.unit.location_id,
                quantity=piece.unit.quantity,
                before=Condition.TO_GRADE,
                after=LIES[piece.disposition],
                cause=_cause(one, piece.line),
                owner_id=piece.unit.owner_id,
                occurred_at=at,
            )
            for one, piece, at, _ in moved
        ],
        causes=[cause for _, _, _, cause in moved],
    )
    await _take_off(tx, graded)
    return entries


async def _take_off(tx: Tx, graded: Sequence[tuple[Return, Graded, datetime, log.Cause]]) -> None:
    """Take units off the books that are destroyed, or go back to the customer they belong to."""
    leaving = [one for one in graded if one[1].disposition in LEAVES]
    if not leaving:
        return
    await inventory.adjust(
        tx,
        [
            inventory.Adjustment(
                variant_id=piece.line.variant_id,
                location_id=piece.unit.location_id,
                delta=-piece.unit.quantity,
                code=LEAVES[piece.disposition],
                cause=_cause(one, piece.line),
                condition=Condition.TO_GRADE,
                owner_id=piece.unit.owner_id,
                occurred_at=at,
            )
            for one, piece, at, _ in leaving
        ],
        causes=[cause for _, _, _, cause in leaving],
    )


def _left(arrival: Arrival, near: Around) -> ShippedLine | None:
    """Return where the units had left us, None when nobody knows or they were a vendor's."""
    line, order_id = arrival.line, arrival.one.order_id
    if order_id is None or line.order_line_id is None or line.sold_at is None:
        return None
    if near.network.by_id[line.sold_at].kind == "vendor":
        return None
    return ShippedLine(order_id, line.order_line_id, line.sold_at)


def _condition(disposition: Disposition | None) -> Condition:
    return LIES.get(disposition, Condition.TO_GRADE) if disposition else Condition.TO_GRADE


def _cause(one: Return, line: ReturnLine) -> inventory.Cause:
    return inventory.Cause(CAUSE, one.id, line.id)


def _entry(deed, arrival: Arrival, line: ReturnLine) -> Entry:
    return Entry(
        return_id=arrival.one.id,
        return_line_id=line.id,
        deed=deed,
        quantity=arrival.quantity,
        location_id=arrival.location_id,
        actor=str(arrival.cause.actor),
        occurred_at=arrival.at,
    )
