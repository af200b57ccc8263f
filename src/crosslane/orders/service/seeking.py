"""Looking anew where the units of one order come from, because somebody asks for it.

Others have ordered and stock has moved since it was decided. What no location works on yet is
decided again; units that wait for stock are looked for too, on request also at locations that had
failed the order before.
"""

from collections.abc import Sequence

import msgspec

from crosslane.orders import events
from crosslane.orders.domain import NOWHERE, Move, OrderLine, OrderState, Stage
from crosslane.orders.errors import NoOtherStock, NothingToResource
from crosslane.orders.service.amending import open_order
from crosslane.orders.service.naming import OfOrder
from crosslane.orders.service.placing.wishes import Reason
from crosslane.orders.service.resourcing import WAITING, find_new_stock
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind


class Resource(OfOrder, frozen=True, kw_only=True):
    """Decide anew which locations serve an order.

    Args:
        order_id: the order.
        forgive: ask locations again that rejected its units or did not find them.
        reason: for the record.
        version: the order must still be at it, None for whatever it is at.
    """

    forgive: bool = False
    reason: Reason
    version: int | None = None


class Resourced(msgspec.Struct, frozen=True):
    """What came of it.

    Args:
        amendment_no: its number on the order.
        allocated: units that have a location now and are not worked on.
        waiting: units that still wait for stock.
    """

    amendment_no: int
    allocated: int
    waiting: int


async def resource(tx: Tx, commands: Sequence[Command[Resource]]) -> list[Resourced]:
    """Give allocated units back and look for all that has no location, as for a new order.

    Nothing gets worse by it: when a line would have fewer units at locations than before, the order
    stays as it was. A date that was told stands, and being late costs as the settings say.

    Raises:
        NoSuchOrder, OrderChanged, OrderClosed: it cannot be changed.
        NothingToResource: no unit of it is free to be served otherwise.
        NoOtherStock: other stock was not found for all that had some.
    """
    wish = commands[0].body
    sheet, state, doing = await open_order(tx, commands[0])
    order_id = state.order.id
    lines = [line for line in state.stock_lines if line.method != "carry_out"]
    before = {line.id: state.buckets.units(line.id, Stage.ALLOCATED) for line in lines}
    if not (any(before.values()) or any(_waiting(state, line) for line in lines)):
        raise NothingToResource
    if wish.forgive:
        sheet.forgive(order_id, [line.id for line in lines])
    back = [
        Move(line.id, b.location_id, b.stage, NOWHERE, Stage.OPEN, b.quantity, doing.why)
        for line in lines
        for b in state.buckets.of(line.id)
        if b.stage is Stage.ALLOCATED
    ]
    sheet.move(order_id, back, doing)
    await find_new_stock(tx, sheet, [order_id], doing)
    found = sheet.states[order_id]
    for line in lines:
        if found.buckets.units(line.id, Stage.ALLOCATED) < before[line.id]:
            raise NoOtherStock(sku=line.sku)
    told = {"forgive": wish.forgive}
    no = sheet.amend(order_id, "resource", wish.reason, told, 0, doing)
    sheet.announce(
        events.OrderAmended(
            order_id=order_id, amendment_no=no, amendment_kind="resource", gross_delta_minor=0
        ),
        doing,
    )
    await sheet.write(tx)
    return [
        Resourced(
            no,
            sum(found.buckets.units(line.id, Stage.ALLOCATED) for line in lines),
            sum(_waiting(found, line) for line in lines),
        )
    ]


def _waiting(state: OrderState, line: OrderLine) -> int:
    return sum(state.buckets.units(line.id, stage) for stage in WAITING)


RESOURCE = CommandKind("orders.resource", Resource, Resourced, resource, batch_max=1)
