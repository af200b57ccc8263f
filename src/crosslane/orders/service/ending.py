"""Ending exchanges: the goods that waited for a return go back when it will not come."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

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
    """

    order_id: UUID
    cause_id: UUID
    reason: str
    by: Cause


async def end_exchanges(tx: Tx, ends: Sequence[ExchangeEnd]) -> None:
    """Cancel goods that still wait for a return; those that have gone out already stay."""
    if not ends:
        return
    sheet = await Sheet.open(tx, {end.order_id for end in ends})
    for end in ends:
        state = sheet.states.get(end.order_id)
        doing = Doing(end.by, tx.now, "exchange")
        for stop in state.open_stops if state else ():
            if stop.kind == "exchange" and stop.cause_id == end.cause_id:
                sheet.resolve_stop(end.order_id, stop, end.reason, doing)
                give_up(sheet, end.order_id, end.reason, doing, {stop.amendment_no})
    await sheet.write(tx)
