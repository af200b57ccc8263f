"""Carrying a change out on an order, by the commands every other caller uses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from crosslane import customers, locations, orders, payments
from crosslane.channels.domain.messages import OrderLine, PaymentEvent
from crosslane.channels.domain.standing import (
    Article,
    Change,
    Standing,
    line_of,
    wanted_units,
)
from crosslane.channels.service.pending import Todo, actor_of
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

    @property
    def names(self) -> list[str]:
        """What the channel calls the lines, in their order."""
        return list(self._of)

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
    reasons = await orders.list_price_reasons(tx, list(state.by_id)) if change.quantities else {}
    network = await locations.network(tx)
    plan = _plan(Lines(state, before), before, change, network, reasons)
    if plan.cancelled:
        wish = CancelUnits(order_id=order_id, lines=plan.cancelled, reason=reason)
        await _do(tx, CANCEL, todo, wish)
    if change.ship_to and await _moves(tx, state, change.ship_to):
        wish = ChangeAddress(order_id=order_id, ship_to=change.ship_to, reason=reason)
        await _do(tx, CHANGE_ADDRESS, todo, wish)
    for line_id, milli in plan.prices.items():
        wish = ChangePrice(
            order_id=order_id, line_id=line_id, unit_price_milli=milli, reason=reason
        )
        await _do(tx, CHANGE_PRICE, todo, wish)
    return await _add(tx, todo, order_id, plan.added, change.standing, reason)


class _Plan(msgspec.Struct, kw_only=True):
    """What is done on an order: units off, lines on, prices by line."""

    cancelled: list[CancelLine]
    added: dict[str, OrderLine]
    prices: dict[UUID, int]


def _plan(
    lines: Lines,
    before: Standing,
    change: Change,
    network: Network,
    reasons: Mapping[UUID, msgspec.Raw],
) -> _Plan:
    """Compare what is wanted of each line with what is there."""
    plan = _Plan(cancelled=[], added=dict(change.added), prices={})
    for name in dict.fromkeys((*change.quantities, *change.articles, *change.prices)):
        theirs = lines.of(name)
        live = sum(map(lines.live, theirs))
        told = before.line(name).units
        told = sum(line.quantity for line in theirs) if told is None else told
        wanted = wanted_units(change.quantities.get(name, told), told, live)
        present = _article_of(theirs[-1], network)
        article = change.articles.get(name, present)
        price = change.standing.line(name).price_milli
        if _differ(article, present):
            plan.cancelled += lines.cancelled(name, live)
            if wanted:
                plan.added[name] = line_of(name, wanted, article, price)
            continue
        plan.cancelled += lines.cancelled(name, max(0, live - wanted))
        if wanted > live:
            last = theirs[-1]
            price_of_more = _dictated_price(last, reasons[last.id]) if price is None else price
            plan.added[name] = line_of(name, wanted - live, present, price_of_more)
        if name in change.prices and wanted:
            known = before.line(name).price_milli
            plan.prices |= {
                line.id: change.prices[name]
                for line in theirs
                if lines.live(line)
                and (line.unit_price_milli if known is None else known) != change.prices[name]
            }
    return plan


def _article_of(line: orders.OrderLine, network: Network) -> Article:
    store = network.by_id[line.store_id].code if line.store_id else ""
    return Article(sku=line.sku, method=line.method, store=store)


def _differ(told: Article, present: Article) -> bool:
    """Whether a line is told to be of something else, or to go another way than it does."""
    return (
        told.sku != present.sku
        or told.method not in (None, present.method)
        or told.store not in ("", present.store)
    )


def _dictated_price(line: orders.OrderLine, reasons: msgspec.Raw) -> int | None:
    """Return the price of a line whose channel has said it, None where it was computed here."""
    source = msgspec.json.decode(reasons, type=_PriceReasons).source
    return line.unit_price_milli if source == "dictated" else None


class _PriceReasons(msgspec.Struct):
    """Of the reasons of a price, who set it."""

    source: str


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
    await release(tx, todo, order_id, "paid at the channel")
    return standing


async def release(tx: Tx, todo: Todo, order_id: UUID, reason: str) -> None:
    """Let an order go as far as it waits for the channel's money."""
    for stop in (await _state(tx, order_id)).open_stops:
        if stop.kind == "payment":
            await _do(tx, RESOLVE_STOP, todo, ResolveStop(order_id, stop.id, reason))


async def release_own(tx: Tx, todo: Todo, order_id: UUID, reason: str) -> None:
    """Let an order go as far as its channel itself held it for somebody to look at."""
    for stop in (await _state(tx, order_id)).open_stops:
        if stop.kind == "manual" and stop.raised_by == actor_of(todo.pending.channel):
            await _do(tx, RESOLVE_STOP, todo, ResolveStop(order_id, stop.id, reason))


async def _state(tx: Tx, order_id: UUID) -> OrderState:
    return (await orders.list_states(tx, [order_id]))[order_id]


async def _moves(tx: Tx, state: OrderState, ship_to: Address) -> bool:
    """Whether an address is another than the order's own, however it is written."""
    if state.order.ship_address_id is None:
        return True
    known = await customers.addresses_by_id(tx, [state.order.ship_address_id])
    checked = customers.require_address(ship_to, pointer="/ship_to")
    return known[state.order.ship_address_id].address != checked


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
        tenders=[TenderWish(method=await _paid_by(tx, order_id))],
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


async def _paid_by(tx: Tx, order_id: UUID) -> Literal["on_account", "cash", "marketplace"]:
    """Return how an order pays for more: as so far, where that needs nobody to be asked."""
    money = (await payments.money_by_order(tx, [order_id]))[order_id]
    methods = {tender.method for tender in money.tenders}
    if payments.Method.ON_ACCOUNT in methods:
        return "on_account"
    return "cash" if payments.Method.CASH in methods else "marketplace"


async def _do(tx: Tx, kind: CommandKind, todo: Todo, body: Any) -> Any:
    (answer,) = await kind.handle(tx, [todo.command(body)])
    if isinstance(answer, Refusal):
        raise answer
    return answer
