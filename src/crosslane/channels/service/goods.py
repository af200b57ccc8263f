"""Which lines of an order a channel means, by its own names or by their articles."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane import catalog, orders
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.channels.domain.standing import Standing
from crosslane.channels.errors import GoodsUnknown
from crosslane.channels.service.changing import Lines
from crosslane.channels.storage import orders as standings
from crosslane.orders import OrderState, Stage
from crosslane.platform.database import Tx

_SETTLED = (Stage.HANDED_OVER, Stage.DELIVERED, Stage.CANCELLED)


async def lines_of(tx: Tx, channel: str, number: str, order_id: UUID) -> Lines:
    """Return the lines of an order by what its channel calls them, else by their places."""
    state = (await orders.list_states(tx, [order_id]))[order_id]
    source = (channel, number)
    known = await standings.list_standings(tx, [source])
    own = [x for x in state.lines if x.parent_line_id is None and not x.amendment_no]
    named = Standing(names=tuple(str(place) for place, _ in enumerate(own, 1)))
    return Lines(state, known[source][1] if source in known else named)


async def named_by_gtin(tx: Tx, message: FulfillmentEvent) -> FulfillmentEvent:
    """Return a message with the SKUs of goods that are named by their number of GS1 alone."""
    lacking = [each for each in message.lines if each.gtin and not (each.sku or each.id)]
    if not lacking:
        return message
    scanned = await catalog.scan(tx, sorted({each.gtin for each in lacking}))
    lines = tuple(
        msgspec.structs.replace(each, sku=scanned[each.gtin].sku)
        if not (each.sku or each.id) and each.gtin in scanned
        else each
        for each in message.lines
    )
    return msgspec.structs.replace(message, lines=lines)


def units_of(lines: Lines, goods: Sequence[MovedGoods]) -> Counter[UUID]:
    """Return units by the order lines that carry them; a bundle's are those of its parts.

    Raises:
        GoodsUnknown: the order has no such line.
    """
    wanted: Counter[UUID] = Counter()
    for place, each in enumerate(goods):
        named = [x for x in lines.of(each.id) if not each.sku or _is(x, each.sku)]
        same = [x for x in lines.state.lines if each.sku and _is(x, each.sku)]
        theirs = named or [x for x in same if x.parent_line_id is None] or same
        if not theirs:
            called = each.id or each.sku or each.article or each.title
            raise GoodsUnknown(pointer=f"/lines/{place}/id", line=called[:60])
        _share(lines, theirs, each.quantity, wanted)
    return wanted


def _is(line: orders.OrderLine, sku: str) -> bool:
    return line.sku.lower() == sku.lower()


def _share(
    lines: Lines, theirs: Sequence[orders.OrderLine], quantity: int, wanted: Counter[UUID]
) -> None:
    """Give units to lines of one name, each as many as are left; what is too much to the last."""
    for line in theirs:
        last = line is theirs[-1]
        units = quantity if last else min(quantity, _left(lines, line))
        quantity -= units
        for part in lines.parts(line) if units else ():
            wanted[part.id] += units * part.quantity // line.quantity


def _left(lines: Lines, line: orders.OrderLine) -> int:
    parts = lines.parts(line)
    return min(left_units(lines.state, part) * line.quantity // part.quantity for part in parts)


def left_units(state: OrderState, line: orders.OrderLine) -> int:
    """Return the units of a line that carries stock that are still to be handed over."""
    return line.quantity - sum(state.buckets.units(line.id, stage) for stage in _SETTLED)
