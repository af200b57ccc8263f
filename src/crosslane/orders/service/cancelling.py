"""Cancelling units before they are handed over, in part or altogether."""

from collections import defaultdict
from collections.abc import Sequence, Set
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal, new_id
from crosslane.orders import events
from crosslane.orders.domain import (
    NOWHERE,
    Charge,
    Move,
    OrderLine,
    OrderState,
    Stage,
    Sum,
    cancelling,
    fallen_change,
    handed_over_units,
    kept_units,
    remaining,
    worth,
)
from crosslane.orders.errors import (
    NoSuchLine,
    NoSuchOrder,
    NothingToCancel,
    OrderChanged,
    OrderClosed,
    OutOfStep,
)
from crosslane.orders.service.moving import charged
from crosslane.orders.service.naming import OfOrder
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.log import Cause


class CancelLine(msgspec.Struct, frozen=True):
    """Units of one line that are no longer wanted."""

    line_id: UUID
    quantity: int


class CancelUnits(OfOrder, frozen=True, kw_only=True):
    """Cancel units of an order.

    Args:
        order_id: the order.
        lines: what to cancel; empty cancels everything not handed over yet.
        reason: for the customer and the record.
        version: the order must still be at it, None for whatever it is at.
    """

    lines: list[CancelLine] = msgspec.field(default_factory=list)
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
    doing = Doing(command, tx.now, f"amendment:{state.amendments + 1}")
    return cancel_units(sheet, wish.order_id, moves, wish.reason, doing)


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


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """Units at a location that it gives up, such as those nobody collected.

    Args:
        order_id: the order; likewise its line.
        location_id: where they lie.
        stage: how far they are.
        quantity: how many.
        group: units of one group are given up together or not at all; all of one order.
        reason: for the customer and the record.
        cause: who gives them up.
    """

    order_id: UUID
    line_id: UUID
    location_id: UUID
    stage: Stage
    quantity: int
    group: str
    reason: str
    cause: Cause


async def give_up_units(tx: Tx, given_up: Sequence[GivenUp]) -> dict[str, Refusal]:
    """Cancel units exactly where they lie; their stock stays there, free for others.

    The event says that the location knows, so its work must be up to date.

    Returns:
        The refusal of every group whose units are not there any more.
    """
    sheet = await Sheet.open(tx, {one.order_id for one in given_up})
    groups: dict[str, list[GivenUp]] = defaultdict(list)
    for one in given_up:
        groups[one.group].append(one)
    refused: dict[str, Refusal] = {}
    for group, units in groups.items():
        refusal = _refuse_given_up(sheet, units)
        if refusal is not None:
            refused[group] = refusal
            continue
        moves = [
            Move(u.line_id, u.location_id, u.stage, NOWHERE, Stage.CANCELLED, u.quantity, group)
            for u in units
        ]
        doing = Doing(units[0].cause, tx.now, group)
        cancel_units(sheet, units[0].order_id, moves, units[0].reason, doing, taken_out=True)
    await sheet.write(tx)
    return refused


def _refuse_given_up(sheet: Sheet, units: Sequence[GivenUp]) -> Refusal | None:
    for one in units:
        state = sheet.states.get(one.order_id)
        line = state.line(one.line_id) if state else None
        if state is None or line is None:
            return NoSuchLine(line=str(one.line_id))
        if state.buckets.units(one.line_id, one.stage, one.location_id) < one.quantity:
            return OutOfStep(quantity=one.quantity, sku=line.sku, stage=str(one.stage))
    return None


def cancel_units(
    sheet: Sheet,
    order_id: UUID,
    moves: Sequence[Move],
    reason: str,
    doing: Doing,
    *,
    taken_out: bool = False,
) -> Cancelled:
    """Carry out a planned cancellation as an amendment of its own."""
    before = worth(sheet.states[order_id]).gross_minor
    kept = _kept(sheet.states[order_id], {move.line_id for move in moves})
    sheet.move(order_id, moves, doing)
    changes = [
        charge
        for line, worth_before, units in kept
        if (charge := _fallen_change(sheet, order_id, line, worth_before, units, reason, doing))
    ]
    delta = worth(sheet.states[order_id]).gross_minor - before
    units = [
        events.CancelledUnits(m.line_id, m.from_location_id, m.from_stage, m.quantity)
        for m in moves
    ]
    no = sheet.amend(order_id, "cancel", reason, units, delta, doing)
    sheet.announce(
        events.LinesCancelled(
            order_id=order_id, units=units, reason=reason, amendment_no=no, taken_out=taken_out
        ),
        doing,
    )
    state = sheet.states[order_id]
    if changes and any(handed_over_units(state.buckets, line.id) for line in state.stock_lines):
        due = events.ChargesDue(order_id=order_id, charges=[charged(each) for each in changes])
        sheet.announce(due, doing)
    currency = state.order.currency
    return Cancelled(no, sum(m.quantity for m in moves), delta, currency)


def _kept(state: OrderState, line_ids: Set[UUID]) -> list[tuple[OrderLine, Sum, int]]:
    """Return lines with what their units that the customer will have are worth, and how many."""
    lines = [line for line in state.stock_lines if line.id in line_ids]
    return [(line, remaining(state, line), kept_units(state, line)) for line in lines]


def _fallen_change(
    sheet: Sheet,
    order_id: UUID,
    line: OrderLine,
    before: Sum,
    units: int,
    reason: str,
    doing: Doing,
) -> Charge | None:
    """Let the changed price of cancelled units fall with them; None when nothing was changed."""
    fallen = fallen_change(sheet.states[order_id], line, before, units)
    if fallen == Sum():
        return None
    charge = Charge(
        id=new_id(),
        order_id=order_id,
        kind="price_change",
        line_id=line.id,
        title=reason,
        net_minor=fallen.net_minor,
        tax_minor=fallen.tax_minor,
        gross_minor=fallen.gross_minor,
        tax_rate_bp=line.tax_rate_bp,
        jurisdiction=line.jurisdiction,
        recorded_at=doing.occurred_at,
    )
    sheet.add_charge(order_id, charge, doing)
    return charge


def give_up(
    sheet: Sheet,
    order_id: UUID,
    reason: str,
    doing: Doing,
    amendments: Set[int] | None = None,
) -> None:
    """Cancel whatever is left of an order, or of what some amendments added, if anything is."""
    state = sheet.states[order_id]
    moves = plan_cancellation(state, [])
    if isinstance(moves, Refusal):
        return
    if amendments is not None:
        moves = [m for m in moves if state.by_id[m.line_id].amendment_no in amendments]
    if moves:
        cancel_units(sheet, order_id, moves, reason, doing)


CANCEL = CommandKind("orders.cancel", CancelUnits, Cancelled, cancel)
