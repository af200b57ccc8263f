"""Taking work back from a location that cannot or shall not do it, because somebody asks for it.

Only what nobody has begun comes back. The location is barred for these lines, so that other stock
is found; where none is, the units wait for it. What was picked is a fact and leaves from there.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import locations
from crosslane.kernel import QUANTITY_MAX
from crosslane.locations import Location
from crosslane.orders import events
from crosslane.orders.domain import NOWHERE, Move, OrderState, Stage
from crosslane.orders.errors import NoSuchLine, NotReleasedThere, PickedAlready, VendorWorks
from crosslane.orders.service.amending import open_order
from crosslane.orders.service.naming import OfOrder
from crosslane.orders.service.placing.wishes import LINES_MAX, Code, Reason
from crosslane.orders.service.resourcing import WAITING, find_new_stock
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

BEGUN = (Stage.PICKED, Stage.PACKED)


class RecallLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one line that come back."""

    line_id: UUID
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]


class Recall(OfOrder, frozen=True, kw_only=True):
    """Take units back that a location was given and has not picked.

    Args:
        order_id: the order.
        location: code of the location.
        lines: which units; all that it has not picked yet when empty.
        reason: for the location and the record.
        version: the order must still be at it, None for whatever it is at.
    """

    location: Code
    lines: Annotated[list[RecallLine], msgspec.Meta(max_length=LINES_MAX)] = msgspec.field(
        default_factory=list
    )
    reason: Reason
    version: int | None = None


class Recalled(msgspec.Struct, frozen=True):
    """What came of it.

    Args:
        amendment_no: its number on the order.
        units: how many came back.
        waiting: units of the order that wait for stock now.
    """

    amendment_no: int
    units: int
    waiting: int


async def recall(tx: Tx, commands: Sequence[Command[Recall]]) -> list[Recalled]:
    """Take units off a location and look for other stock at once.

    Raises:
        NoSuchOrder, OrderChanged, OrderClosed: it cannot be changed.
        LocationUnknown, NoSuchLine: nothing is called so.
        NotReleasedThere: nothing of the order waits to be picked there.
        PickedAlready: so many units are not left to take back.
        VendorWorks: a vendor has been sent an order.
    """
    wish = commands[0].body
    sheet, state, doing = await open_order(tx, commands[0])
    order_id = state.order.id
    location = (await locations.network(tx)).require(wish.location, pointer="/location")
    if location.kind == "vendor":
        raise VendorWorks(location=location.code)
    units = units_to_recall(state, location, wish.lines)
    moves = [
        Move(line, location.id, Stage.RELEASED, NOWHERE, Stage.OPEN, quantity, doing.why)
        for line, quantity in units.items()
    ]
    no = sheet.amend(order_id, "recall", wish.reason, units, 0, doing)
    sheet.call_back(order_id, moves, wish.reason, doing)
    for line in units:
        sheet.bar(order_id, line, location.id, wish.reason)
    await find_new_stock(tx, sheet, [order_id], doing)
    sheet.announce(
        events.OrderAmended(
            order_id=order_id, amendment_no=no, amendment_kind="recall", gross_delta_minor=0
        ),
        doing,
    )
    await sheet.write(tx)
    buckets = sheet.states[order_id].buckets
    waiting = sum(buckets.units_in(line.id, WAITING) for line in state.stock_lines)
    return [Recalled(no, sum(units.values()), waiting)]


def units_to_recall(
    state: OrderState, location: Location, wanted: Sequence[RecallLine]
) -> Mapping[UUID, int]:
    """Return how many units of which lines come back from a location.

    Args:
        state: the order.
        location: that has them.
        wanted: what shall come back; all that nobody has begun when empty.

    Raises:
        NoSuchLine: a line is not of the order.
        NotReleasedThere: nothing of it waits to be picked there.
        PickedAlready: fewer units than wanted do.
    """
    free = {
        line.id: units
        for line in state.stock_lines
        if (units := state.buckets.units(line.id, Stage.RELEASED, location.id))
    }
    units = dict.fromkeys((one.line_id for one in wanted), 0) if wanted else free
    for one in wanted:
        units[one.line_id] += one.quantity
    for line_id, quantity in units.items():
        line = state.line(line_id)
        if line is None:
            raise NoSuchLine(line=str(line_id))
        left = free.get(line_id, 0)
        picked = state.buckets.units_in(line_id, BEGUN, location.id)
        if quantity > left and picked:
            raise PickedAlready(picked=picked, sku=line.sku, location=location.code, left=left)
        if quantity > left:
            raise NotReleasedThere(location=location.code)
    if not units:
        raise NotReleasedThere(location=location.code)
    return units


RECALL = CommandKind("orders.recall", Recall, Recalled, recall, batch_max=1)
