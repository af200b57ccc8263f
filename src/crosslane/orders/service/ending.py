"""Ending exchanges, or letting them wait longer: what becomes of goods that wait for a return."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.orders.domain import Stop
from crosslane.orders.service.cancelling import give_up
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform.database import Tx
from crosslane.platform.log import Cause


class ExchangeEnd(msgspec.Struct, frozen=True):
    """An exchange that comes to nothing.

    Args:
        order_id: the order.
        cause_id: what the goods were to go out for.
        reason: for the customer and the record.
        by: whose doing it is.
        keep_money: other goods go out instead, in the same transaction: what the customer has paid
            pays for those, and is not given back now.
    """

    order_id: UUID
    cause_id: UUID
    reason: str
    by: Cause
    keep_money: bool = False


class ExchangeWait(msgspec.Struct, frozen=True):
    """An exchange that waits longer, or no longer than until a time.

    Args:
        order_id: the order.
        cause_id: what the goods are to go out for.
        until: when they are cancelled if that has not come; None while a person has it.
        by: whose doing it is.
    """

    order_id: UUID
    cause_id: UUID
    until: datetime | None
    by: Cause


async def end_exchanges(tx: Tx, ends: Sequence[ExchangeEnd]) -> None:
    """Cancel goods that still wait for a return; those that have gone out already stay."""
    if not ends:
        return
    sheet = await Sheet.open(tx, {end.order_id for end in ends})
    for end in ends:
        doing = Doing(end.by, tx.now, "exchange")
        for stop in _waiting(sheet, end.order_id, end.cause_id):
            sheet.resolve_stop(end.order_id, stop, end.reason, doing)
            give_up(sheet, end.order_id, end.reason, doing, {stop.amendment_no})
            if end.keep_money:
                sheet.keep_money(end.order_id)
    await sheet.write(tx)


async def prolong_exchanges(tx: Tx, waits: Sequence[ExchangeWait]) -> None:
    """Let goods that wait for a return wait until another time; what was cancelled stays so."""
    if not waits:
        return
    sheet = await Sheet.open(tx, {wait.order_id for wait in waits})
    for wait in waits:
        doing = Doing(wait.by, tx.now, "exchange")
        for stop in _waiting(sheet, wait.order_id, wait.cause_id):
            sheet.end_stop_at(wait.order_id, stop, wait.until, doing)
    await sheet.write(tx)


def _waiting(sheet: Sheet, order_id: UUID, cause_id: UUID) -> list[Stop]:
    """Return the open stops that hold goods back for a return."""
    state = sheet.states.get(order_id)
    stops = state.open_stops if state else ()
    return [stop for stop in stops if stop.kind == "exchange" and stop.cause_id == cause_id]
