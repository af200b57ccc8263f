"""Cancelling units before they are handed over, in part or altogether."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.orders import events
from crosslane.orders.domain import Move, OrderState, cancelling, worth
from crosslane.orders.errors import (
    NoSuchLine,
    NoSuchOrder,
    NothingToCancel,
    OrderChanged,
    OrderClosed,
)
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind


class CancelLine(msgspec.Struct, frozen=True):
    """Units of one line that are no longer wanted."""

    line_id: UUID
    quantity: int


class CancelUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel units of an order.

    Args:
        order_id: the order.
        lines: what to cancel; empty cancels everything not handed over yet.
        reason: for the customer and the record.
        version: the order must still be at it, None for whatever it is at.
    """

    order_id: UUID
    lines: list[CancelLine] = []
    reason: str
    version: int | None = None


class Cancelled(msgspec.Struct, frozen=True):
    """What a cancellation did.

    Args:
        amendment_no: its number on the order.
        units: how many units were cancelled.
        gross_delta_minor: what the customer pays less, as a negative number.
        currency: of that amount.
    """

    amendment_no: int
    units: int
    gross_delta_minor: int
    currency: str


async def cancel(tx: Tx, commands: Sequence[Command[CancelUnits]]) -> list[Cancelled | Refusal]:
    """Cancel units, those that have cost the least work first.

    Stock goes back at once, money that was taken goes back, and units already released are taken
    off their location. All lines of a command are cancelled or none.
    """
    sheet = await Sheet.open(tx, {c.body.order_id for c in commands})
    outcomes = [_decide(tx, sheet, command) for command in commands]
    await sheet.write(tx)
    return outcomes


def _decide(tx: Tx, sheet: Sheet, command: Command[CancelUnits]) -> Cancelled | Refusal:
    wish = command.body
    state = sheet.states.get(wish.order_id)
    if state is None:
        return NoSuchOrder(order=str(wish.order_id))
    if wish.version is not None and wish.version != state.order.version:
        return OrderChanged(version=state.order.version)
    moves = plan_cancellation(state, wish.lines)
    if isinstance(moves, Refusal):
        return moves
    return cancel_units(sheet, wish.order_id, moves, wish.reason, Doing(command, tx.now, "cancel"))


def plan_cancellation(state: OrderState, lines: Sequence[CancelLine]) -> list[Move] | Refusal:
    """Return the moves that cancel some units, or everything that is left.

    Returns:
        The moves, or why it cannot be done.
    """
    if not lines:
        wanted = {line.id: line.quantity for line in state.stock_lines}
    else:
        wanted = dict.fromkeys((line.line_id for line in lines), 0)
        for line in lines:
            wanted[line.line_id] += line.quantity
    moves: list[Move] = []
    for line_id, quantity in wanted.items():
        line = state.line(line_id)
        if line is None or line.is_bundle:
            return NoSuchLine(line=str(line_id))
        theirs = cancelling(state.buckets, line_id, quantity, "cancel")
        found = sum(move.quantity for move in theirs)
        if lines and found < quantity:
            return NothingToCancel(sku=line.sku, quantity=quantity, left=found)
        moves.extend(theirs)
    return moves or OrderClosed()


def cancel_units(
    sheet: Sheet, order_id: UUID, moves: Sequence[Move], reason: str, doing: Doing
) -> Cancelled:
    """Carry out a planned cancellation as an amendment of its own."""
    before = worth(sheet.states[order_id]).gross_minor
    sheet.move(order_id, moves, doing)
    delta = worth(sheet.states[order_id]).gross_minor - before
    units = [
        events.CancelledUnits(m.line_id, m.from_location_id, m.from_stage, m.quantity)
        for m in moves
    ]
    no = sheet.amend(order_id, "cancel", reason, units, delta, doing)
    sheet.announce(
        events.LinesCancelled(order_id=order_id, units=units, reason=reason, amendment_no=no),
        doing,
    )
    currency = sheet.states[order_id].order.currency
    return Cancelled(no, sum(m.quantity for m in moves), delta, currency)


def give_up(sheet: Sheet, order_id: UUID, reason: str, doing: Doing) -> None:
    """Cancel whatever is left of an order, if anything is."""
    moves = plan_cancellation(sheet.states[order_id], [])
    if not isinstance(moves, Refusal):
        cancel_units(sheet, order_id, moves, reason, doing)


CANCEL = CommandKind("orders.cancel", CancelUnits, Cancelled, cancel)
