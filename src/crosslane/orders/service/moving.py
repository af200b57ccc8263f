"""The door for fulfillment: units go on, fail, or leave our hands; the order's buckets arbitrate.

A pick and a cancellation may come at the same moment: whoever locks the order first gets the
units, the other is told that they are gone.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import inventory
from crosslane.kernel import Refusal, format_instant, line_amount
from crosslane.orders import events
from crosslane.orders.domain import (
    NOWHERE,
    Move,
    OrderLine,
    OrderState,
    Stage,
    added_by,
    handed_over_units,
)
from crosslane.orders.errors import NoSuchLine, OrderStopped, OutOfStep
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform.database import Tx
from crosslane.platform.log import Cause


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that go to their next stage.

    Args:
        order_id: the order; likewise its line.
        location_id: where the units are.
        from_stage: how far they are.
        to_stage: how far they will be.
        quantity: how many units.
        to_location_id: where they will be, None when they stay where they are.
        group: steps of one group are done together or not at all.
        why: names the doer in the journal, such as ``fulfillment:018f...``.
        occurred_at: business time.
        cause: who did it.
    """

    order_id: UUID
    line_id: UUID
    location_id: UUID
    from_stage: Stage
    to_stage: Stage
    quantity: int
    group: str
    why: str
    occurred_at: datetime
    cause: Cause
    to_location_id: UUID | None = None


_Left = tuple[Step, list[events.OwnedCost]]


async def move(
    tx: Tx, steps: Sequence[Step], *, unless_stopped: bool = False
) -> dict[str, Refusal]:
    """Take steps, each group as a whole.

    Steps to handed over are sales: stock leaves, and the line's share of the money is due.

    Args:
        tx: open transaction.
        steps: what goes on.
        unless_stopped: leave alone what a stop keeps from leaving.

    Returns:
        The refusal of every group that could not be done.
    """
    if not steps:
        return {}
    sheet = await Sheet.open(tx, {step.order_id for step in steps})
    refused: dict[str, Refusal] = {}
    if unless_stopped:
        stopped = {order_id for order_id, state in sheet.states.items() if state.goods_stay}
        refused |= {s.group: OrderStopped() for s in steps if s.order_id in stopped}
    refused |= take_steps(sheet, [step for step in steps if step.group not in refused])
    await hand_over(tx, sheet, [s for s in steps if s.group not in refused])
    await sheet.write(tx)
    return refused


def take_steps(sheet: Sheet, steps: Sequence[Step]) -> dict[str, Refusal]:
    """Take steps on a sheet; return the refusal of every group that could not be done."""
    groups: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        groups[step.group].append(step)
    refused: dict[str, Refusal] = {}
    for group, theirs in groups.items():
        refusal = _refuse_steps(sheet, theirs)
        if refusal is not None:
            refused[group] = refusal
            continue
        for step in theirs:
            if step.to_stage is not Stage.HANDED_OVER:
                doing = Doing(step.cause, step.occurred_at, step.why)
                sheet.move(step.order_id, [_move_of(step)], doing)
    return refused


def _refuse_steps(sheet: Sheet, steps: Sequence[Step]) -> Refusal | None:
    wanted: dict[tuple[UUID, UUID, UUID, Stage], int] = defaultdict(int)
    for step in steps:
        wanted[step.order_id, step.line_id, step.location_id, step.from_stage] += step.quantity
    for (order_id, line_id, location_id, stage), quantity in wanted.items():
        state = sheet.states.get(order_id)
        line = state.line(line_id) if state else None
        if state is None or line is None:
            return NoSuchLine(line=str(line_id))
        if state.buckets.units(line_id, stage, location_id) < quantity:
            return OutOfStep(quantity=quantity, sku=line.sku, stage=str(stage))
    return None


def _move_of(step: Step) -> Move:
    to_location = step.to_location_id or step.location_id
    if step.to_stage in (Stage.OPEN, Stage.CANCELLED, Stage.BACKORDERED):
        to_location = NOWHERE
    return Move(
        step.line_id,
        step.location_id,
        step.from_stage,
        to_location,
        step.to_stage,
        step.quantity,
        step.why,
    )


async def hand_over(tx: Tx, sheet: Sheet, steps: Sequence[Step]) -> None:
    """Let units leave: stock goes down, and an event tells what was sold for how much."""
    leaving = [step for step in steps if step.to_stage is Stage.HANDED_OVER]
    if not leaving:
        return
    shipped = await inventory.ship(tx, [_shipment(sheet, step) for step in leaving])
    bundled: dict[tuple[UUID, str], list[_Left]] = defaultdict(list)
    for step, what in zip(leaving, shipped, strict=True):
        bundled[step.order_id, step.why].append((step, _costs(what)))
    for (order_id, why), theirs in bundled.items():
        _sell(sheet, order_id, why, theirs)


def _shipment(sheet: Sheet, step: Step) -> inventory.Shipment:
    line = _line(sheet.states[step.order_id], step.line_id)
    return inventory.Shipment(
        variant_id=line.variant_id,
        location_id=step.to_location_id or step.location_id,
        quantity=step.quantity,
        cause=inventory.Cause("order", step.order_id, line.id),
        occurred_at=step.occurred_at,
    )


def _costs(shipped: inventory.Shipped) -> list[events.OwnedCost]:
    minor: dict[UUID, int] = defaultdict(int)
    units: dict[UUID, int] = defaultdict(int)
    for part in shipped.slices:
        minor[part.owner_id] += line_amount(part.unit_cost_milli or 0, part.quantity)
        units[part.owner_id] += part.quantity
    return [events.OwnedCost(owner, minor[owner], units[owner]) for owner in sorted(minor)]


def _sell(sheet: Sheet, order_id: UUID, why: str, steps: Sequence[_Left]) -> None:
    state = sheet.states[order_id]
    first = not any(handed_over_units(state.buckets, line.id) for line in state.stock_lines)
    doing = Doing(steps[0][0].cause, steps[0][0].occurred_at, why)
    sold = []
    for step, costs in steps:
        line = _line(state, step.line_id)
        worth = added_by(line, handed_over_units(state.buckets, line.id), step.quantity)
        sheet.move(order_id, [_move_of(step)], doing)
        sold.append(
            events.HandedOverUnits(
                line_id=line.id,
                variant_id=line.variant_id,
                location_id=step.to_location_id or step.location_id,
                quantity=step.quantity,
                net_minor=worth.net_minor,
                tax_minor=worth.tax_minor,
                tax_rate_bp=line.tax_rate_bp,
                tax_class=line.tax_class,
                jurisdiction=line.jurisdiction,
                costs=costs,
            )
        )
    sheet.announce(
        events.LinesHandedOver(
            order_id=order_id,
            cause=why,
            units=sold,
            charges=[charged(charge) for charge in state.charges if not charge.cancelled]
            if first
            else [],
            occurred_at=format_instant(doing.occurred_at),
        ),
        doing,
    )


def charged(charge) -> events.ChargedSum:
    """Return a charge as the event tells it."""
    return events.ChargedSum(
        charge_id=charge.id,
        charge_kind=charge.kind,
        net_minor=charge.net_minor,
        tax_minor=charge.tax_minor,
        tax_rate_bp=charge.tax_rate_bp,
        jurisdiction=charge.jurisdiction,
    )


def _line(state: OrderState, line_id: UUID) -> OrderLine:
    line = state.line(line_id)
    if line is None:
        raise NoSuchLine(line=str(line_id))
    return line
