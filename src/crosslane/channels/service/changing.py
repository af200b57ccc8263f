"""Carrying a change out on an order, by the commands every other caller uses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from crosslane import customers, locations, orders
from crosslane.channels.domain.messages import OrderLine, PaymentEvent
from crosslane.channels.domain.standing import Change, Standing
from crosslane.channels.service.pending import Todo
from crosslane.customers import Address
from crosslane.kernel import Refusal
from crosslane.locations import Network
from crosslane.orders import (
    ADD_LINES,
    CANCEL,
    CHANGE_ADDRESS,
    CHANGE_PRICE,
    RESOLVE_STOP,
    AddLines,
    CancelLine,
    CancelUnits,
    ChangeAddress,
    ChangePrice,
    LineWish,
    OrderState,
    ResolveStop,
    Stage,
    TenderWish,
)
from crosslane.platform.database import Tx
from crosslane.platform.lane import CommandKind


class Lines:
    """The lines of an order by what their channel calls them.

    Args:
        state: the order.
        standing: how far its channel has told of it.
    """

    def __init__(self, state: OrderState, standing: Standing) -> None:
        self.state = state
        own = [line for line in state.lines if line.parent_line_id is None]
        original = [line for line in own if not line.amendment_no]
        self._of = {name: [line] for name, line in zip(standing.names, original, strict=False)}
        by_id = {line.id: line for line in own}
        for name, known in standing.lines.items():
            later = [by_id[line_id] for line_id in known.line_ids if line_id in by_id]
            self._of.setdefault(name, []).extend(later)

    def of(self, name: str) -> Sequence[orders.OrderLine]:
        """Return the lines of one name, the original first."""
        return self._of.get(name, ())

    def live(self, line: orders.OrderLine) -> int:
        """Return the units of a line that are not cancelled; of a bundle, its whole ones."""
        if not line.is_bundle:
            return line.quantity - self.state.buckets.units(line.id, Stage.CANCELLED)
        return min(self.live(part) * line.quantity // part.quantity for part in self.parts(line))

    def parts(self, line: orders.OrderLine) -> list[orders.OrderLine]:
        """Return the lines that carry the stock of a line."""
        parts = [part for part in self.state.lines if part.parent_line_id == line.id]
        return parts or [line]

    def cancelled(self, name: str, units: int) -> Iterator[CancelLine]:
        """Yield what to cancel of a name, what was added last first."""
        for line in reversed(self.of(name)):
            taken = min(units, self.live(line))
            units -= taken
            for part in self.parts(line) if taken else ():
                yield CancelLine(part.id, taken * part.quantity // line.quantity)


async def carry_out(
    tx: Tx, todo: Todo, order_id: UUID, before: Standing, change: Change, reason: str
) -> Standing:
    """Bring an order to what a change says; return how far the channel has told afterwards.

    Raises:
        Refusal: a part of it cannot be done; the caller takes back the rest.
    """
    state = await _state(tx, order_id)
    lines = Lines(state, before)
    network = await locations.network(tx)
    cancelled: list[CancelLine] = []
    added = dict(change.added)
    for name, wanted in change.quantities.items():
        live = sum(map(lines.live, lines.of(name)))
        cancelled += lines.cancelled(name, max(0, live - wanted))
        if wanted > live:
            price = change.prices.get(name, before.line(name).price_milli)
            added[name] = _more_of(lines.of(name)[0], name, wanted - live, price, network)
    if cancelled:
        wish = CancelUnits(order_id=order_id, lines=cancelled, reason=reason)
        await _do(tx, CANCEL, todo, wish)
    if change.ship_to and await _moves(tx, state, change.ship_to):
        wish = ChangeAddress(order_id=order_id, ship_to=change.ship_to, reason=reason)
        await _do(tx, CHANGE_ADDRESS, todo, wish)
    for name, milli in change.prices.items():
        if change.quantities.get(name) != 0:
            await _price(tx, todo, lines, name, milli, before.line(name).price_milli, reason)
    return await _add(tx, todo, order_id, added, change.standing, reason)


async def cancel_rest(
    tx: Tx, todo: Todo, order_id: UUID, standing: Standing, reason: str
) -> Standing:
    """Cancel whatever was not handed over.

    Raises:
        Refusal: everything was handed over already.
    """
    state = await _state(tx, order_id)
    cancelled = all(
        state.buckets.units(line.id, Stage.CANCELLED) == line.quantity for line in state.stock_lines
    )
    if not cancelled:
        await _do(tx, CANCEL, todo, CancelUnits(order_id=order_id, reason=reason))
    return msgspec.structs.replace(standing, cancelled=True)


async def settle(
    tx: Tx, todo: Todo, order_id: UUID, standing: Standing, message: PaymentEvent
) -> Standing:
    """Let an order go that waited for the channel's money, or cancel it.

    Raises:
        Refusal: everything was handed over already, without the money.
    """
    if message.outcome == "refused":
        return await cancel_rest(tx, todo, order_id, standing, "the channel has no payment")
    for stop in (await _state(tx, order_id)).open_stops:
        if stop.kind == "payment":
            await _do(tx, RESOLVE_STOP, todo, ResolveStop(order_id, stop.id, "paid at the channel"))
    return standing


async def _state(tx: Tx, order_id: UUID) -> OrderState:
    return (await orders.list_states(tx, [order_id]))[order_id]


def _more_of(
    line: orders.OrderLine, name: str, units: int, price: int | None, network: Network
) -> OrderLine:
    """Return a line of the same article, way and price as one that is there."""
    source = msgspec.json.decode(line.price_reasons, type=_PriceReasons).source
    if price is None and source == "dictated":
        price = line.unit_price_milli
    return OrderLine(
        id=name,
        sku=line.sku,
        quantity=units,
        unit_price_milli=price,
        method=line.method,
        store=network.by_id[line.store_id].code if line.store_id else "",
    )


class _PriceReasons(msgspec.Struct):
    """Of the reasons of a price, who set it."""

    source: str


async def _moves(tx: Tx, state: OrderState, ship_to: Address) -> bool:
    """Whether an address is another than the order's own, however it is written."""
    if state.order.ship_address_id is None:
        return True
    known = await customers.addresses_by_id(tx, [state.order.ship_address_id])
    checked = customers.require_address(ship_to, pointer="/ship_to")
    return known[state.order.ship_address_id].address != checked


async def _price(
    tx: Tx, todo: Todo, lines: Lines, name: str, milli: int, before: int | None, reason: str
) -> None:
    for line in lines.of(name):
        known = line.unit_price_milli if before is None else before
        if lines.live(line) and known != milli:
            wish = ChangePrice(
                order_id=line.order_id, line_id=line.id, unit_price_milli=milli, reason=reason
            )
            await _do(tx, CHANGE_PRICE, todo, wish)


async def _add(
    tx: Tx,
    todo: Todo,
    order_id: UUID,
    added: Mapping[str, OrderLine],
    standing: Standing,
    reason: str,
) -> Standing:
    """Add lines, paid as the channel pays; remember what it calls them."""
    if not added:
        return standing
    wish = AddLines(
        order_id=order_id,
        lines=[
            LineWish(
                sku=line.sku,
                quantity=line.quantity,
                method=line.method,
                store=line.store,
                unit_price_milli=line.unit_price_milli,
                attributions=list(line.attributions),
            )
            for line in added.values()
        ],
        tenders=[TenderWish(method="marketplace")],
        reason=reason,
    )
    amended = await _do(tx, ADD_LINES, todo, wish)
    state = await _state(tx, order_id)
    fresh = [
        line.id
        for line in state.lines
        if line.amendment_no == amended.amendment_no and line.parent_line_id is None
    ]
    known = dict(standing.lines)
    for name, line_id in zip(added, fresh, strict=True):
        line = standing.line(name)
        known[name] = msgspec.structs.replace(line, line_ids=(*line.line_ids, line_id))
    return msgspec.structs.replace(standing, lines=known)


async def _do(tx: Tx, kind: CommandKind, todo: Todo, body: Any) -> Any:
    (answer,) = await kind.handle(tx, [todo.command(body)])
    if isinstance(answer, Refusal):
        raise answer
    return answer
