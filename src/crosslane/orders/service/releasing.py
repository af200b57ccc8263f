"""The door between promise and work: units are released to a location, or it fails them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import sourcing
from crosslane.kernel import Refusal
from crosslane.orders.domain import NOWHERE, Method, Move, OrderLine, Stage, is_ready
from crosslane.orders.errors import NoSuchLine, OutOfStep
from crosslane.orders.service.resourcing import find_new_stock
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform.database import Tx
from crosslane.platform.log import Cause


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that a location is to work on.

    Args:
        order_id: the order; likewise its number, channel and address for labels.
        service: by which its parcels go from here.
        location_id: who works on them.
        method: how the customer gets them, at which store unless they are shipped home.
    """

    order_id: UUID
    number: str
    channel: str
    locale: str
    service: str
    ship_address_id: UUID | None
    line_id: UUID
    variant_id: UUID
    sku: str
    title: str
    location_id: UUID
    method: Method
    store_id: UUID | None
    quantity: int
    promised_at: datetime | None
    placed_at: datetime


async def release(tx: Tx, order_ids: Sequence[UUID], cause: Cause, why: str) -> list[Released]:
    """Release allocated units that nothing holds back; others are left alone.

    What would come too late by the order's service goes by the faster one that sourcing chose.
    """
    sheet = await Sheet.open(tx, order_ids)
    faster = await sourcing.faster_services(tx, order_ids)
    released: list[Released] = []
    for order_id, state in sheet.states.items():
        if not is_ready(state):
            continue
        moves = [
            Move(
                line.id,
                bucket.location_id,
                Stage.ALLOCATED,
                bucket.location_id,
                Stage.RELEASED,
                bucket.quantity,
                why,
            )
            for line in state.stock_lines
            for bucket in state.buckets.of(line.id)
            if bucket.stage is Stage.ALLOCATED and not state.is_held(line)
        ]
        sheet.move(order_id, moves, Doing(cause, tx.now, why))
        lines = {line.id: line for line in state.lines}
        for move in moves:
            service = faster.get((order_id, move.to_location_id), state.order.service)
            released.append(_released(sheet, order_id, lines[move.line_id], move, service))
    await sheet.write(tx)
    return released


def _released(sheet: Sheet, order_id: UUID, line: OrderLine, move: Move, service: str) -> Released:
    order = sheet.states[order_id].order
    return Released(
        order_id=order_id,
        number=order.number,
        channel=order.channel,
        locale=order.locale,
        service=service,
        ship_address_id=order.ship_address_id,
        line_id=line.id,
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        location_id=move.to_location_id,
        method=line.method,
        store_id=line.store_id,
        quantity=move.quantity,
        promised_at=line.promised_at,
        placed_at=order.placed_at,
    )


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Units that a location could not supply: short, damaged, rejected, unclaimed is not one.

    Args:
        order_id: the order; likewise its line.
        location_id: who failed.
        stage: how far the units were.
        quantity: how many.
        reason: kept with the bar on that location.
        cause: who said so.
        occurred_at: business time.
    """

    order_id: UUID
    line_id: UUID
    location_id: UUID
    stage: Stage
    quantity: int
    reason: str
    cause: Cause
    occurred_at: datetime


async def fail(tx: Tx, failures: Sequence[Failure], why: str) -> list[Refusal | None]:
    """Take units off a location, bar it for these lines, and find other stock at once.

    Returns:
        For each failure None, or why it does not fit: the units are not at that stage any more.
    """
    sheet = await Sheet.open(tx, {failure.order_id for failure in failures})
    answers = [_fail(sheet, failure, why) for failure in failures]
    failed = [f for f, refusal in zip(failures, answers, strict=True) if refusal is None]
    if failed:
        doing = Doing(failed[0].cause, failed[0].occurred_at, why)
        await find_new_stock(tx, sheet, list(dict.fromkeys(f.order_id for f in failed)), doing)
    await sheet.write(tx)
    return answers


def _fail(sheet: Sheet, failure: Failure, why: str) -> Refusal | None:
    state = sheet.states.get(failure.order_id)
    line = state.line(failure.line_id) if state else None
    if state is None or line is None:
        return NoSuchLine(line=str(failure.line_id))
    here = state.buckets.units(failure.line_id, failure.stage, failure.location_id)
    if here < failure.quantity:
        return OutOfStep(quantity=failure.quantity, sku=line.sku, stage=str(failure.stage))
    move = Move(
        failure.line_id,
        failure.location_id,
        failure.stage,
        NOWHERE,
        Stage.OPEN,
        failure.quantity,
        why,
    )
    sheet.move(failure.order_id, [move], Doing(failure.cause, failure.occurred_at, why))
    sheet.bar(failure.order_id, failure.line_id, failure.location_id, failure.reason)
    return None
