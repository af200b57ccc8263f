"""What orders do when others' events arrive, and by the clock."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import get_args
from uuid import UUID

from crosslane import payments
from crosslane.inventory import (
    IncomingChanged,
    IncomingFreed,
    PromiseArrived,
    StockReceived,
    StockShort,
)
from crosslane.orders.domain import ENDS_BY_ITSELF, OrderState, Stop
from crosslane.orders.events import LinesBackordered, LinesCancelled, LinesResourced
from crosslane.orders.service.adding import owed
from crosslane.orders.service.cancelling import give_up
from crosslane.orders.service.problems import follow_money
from crosslane.orders.service.promising import date_waiting, serve_arrived
from crosslane.orders.service.reoptimising import DECIDE, MOVE, reoptimise_by_clock
from crosslane.orders.service.resourcing import stock_arrived, stock_lost
from crosslane.orders.service.settling import settle
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.orders.storage import states
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.impatience import impatient
from crosslane.platform.log import Logged, Reaction
from crosslane.transfers import TransferWithdrawn

EXPIRED_AT_ONCE_MAX = 200
EXPIRY_SECONDS = 15.0
ENDED_AT_ONCE_MAX = 500
ENDED_SECONDS = 15.0
ENDED = "its time is over"
REOPTIMISING_SECONDS = 60.0
DECLINED = "the payment was declined"
PAYMENT = ("payment",)
# Stops whose own end is what they wait for; others stay for a person to look at.
LIFTED_AT_THE_END = ("payment", "exchange")
TOO_LATE = "nobody resolved its stop in time"


class _Ours:
    """Orders' own doing in answer to an event, under the event's trace."""

    def __init__(self, trace: str) -> None:
        self.trace = trace
        self.actor: Actor = SYSTEM


def _doing(tx: Tx, trace: str, why: str) -> Doing:
    return Doing(_Ours(trace), tx.now, why)


async def resolve_paid(tx: Tx, logged: Sequence[Logged[payments.PaymentAuthorized]]) -> None:
    """Let orders go whose tenders are all authorised, and goods that were added with theirs.

    When one was declined and the money is not all there, that decline decides. Money that lies with
    a marketplace is booked as taken before its buyer has paid; its channel says when that is so.
    """
    told = [e for e in logged if e.event.method != payments.Method.MARKETPLACE]
    orders = list({entry.event.order_id for entry in told})
    # Most orders are paid as they are placed: nothing stops them, and nobody need lock them.
    stopped = sorted(await states.list_stopped(tx, orders, PAYMENT)) if orders else []
    if not stopped:
        return
    sheet = await Sheet.open(tx, stopped)
    # Under the lock: an amendment may just have added goods, and a tender that is not decided yet.
    money = await payments.money_by_order(tx, sheet.states)
    for entry in told:
        order_id = entry.event.order_id
        state = sheet.states.get(order_id)
        for stop in _stops_of(state, entry.event.payment_id) if state else ():
            if stop.resolved_at is None and _is_paid(state, stop, money[order_id]):
                sheet.resolve_stop(order_id, stop, "authorised", _doing(tx, entry.trace, "payment"))
    await sheet.write(tx)


def _stops_of(state: OrderState, payment_id: UUID) -> list[Stop]:
    """Return the stops that a tender decides over: of what it was opened for, else of the order."""
    named = [stop for stop in state.stops if payment_id in stop.payment_ids]
    return named or [stop for stop in _unpaid(state) if not stop.payment_ids]


def _unpaid(state: OrderState) -> list[Stop]:
    return [stop for stop in state.open_stops if stop.kind in PAYMENT]


def _is_paid(state: OrderState, stop: Stop, money: payments.OrderMoney) -> bool:
    """Tell whether nothing is undecided of the tenders that a stop waits for, and none missing."""
    named = {payment_id for other in state.stops for payment_id in other.payment_ids}
    theirs = set(stop.payment_ids) or {one.payment_id for one in money.tenders} - named
    decided = {one.state for one in money.tenders if one.payment_id in theirs}
    if payments.State.PENDING in decided:
        return False
    return payments.State.DECLINED not in decided or owed(state, money) <= 0


Arrived = payments.PaymentCaptured | payments.ChargebackWon


async def settle_captured(tx: Tx, logged: Sequence[Logged[Arrived]]) -> None:
    """Give back what was not with us when its order came to be worth less."""
    taken = {entry.event.order_id: f"captured:{entry.event.operation_id}" for entry in logged}
    changed = await states.list_amended(tx, list(taken))
    won = {e.event.order_id for e in logged if isinstance(e.event, payments.ChargebackWon)}
    changed = sorted(won.union(changed))
    locked = await states.lock_orders(tx, changed)
    await settle(tx, locked, taken, dict.fromkeys(locked, tx.now))


async def cancel_declined(tx: Tx, logged: Sequence[Logged[payments.PaymentDeclined]]) -> None:
    """Cancel what was to be paid: the goods of one amendment, or all that is left of an order.

    Their stock goes back.
    """
    sheet = await Sheet.open(tx, {entry.event.order_id for entry in logged})
    for entry in logged:
        order_id = entry.event.order_id
        if order_id in sheet.states:
            doing = _doing(tx, entry.trace, "payment")
            stops = _stops_of(sheet.states[order_id], entry.event.payment_id)
            _give_up(sheet, order_id, stops, DECLINED, doing)
            if _holds_all(stops):
                _lift(sheet, order_id, _unpaid(sheet.states[order_id]), DECLINED, doing)
    await sheet.write(tx)


def _give_up(
    sheet: Sheet, order_id: UUID, stops: Sequence[Stop], reason: str, doing: Doing
) -> None:
    """Cancel what some stops hold back, or all that is left when one of them holds the order."""
    _lift(sheet, order_id, stops, reason, doing)
    amendments = None if _holds_all(stops) else {stop.amendment_no for stop in stops}
    give_up(sheet, order_id, reason, doing, amendments)


def _holds_all(stops: Sequence[Stop]) -> bool:
    return not stops or any(stop.amendment_no == 0 for stop in stops)


def _lift(sheet: Sheet, order_id: UUID, stops: Sequence[Stop], reason: str, doing: Doing) -> None:
    for stop in stops:
        if stop.kind in LIFTED_AT_THE_END and stop.resolved_at is None:
            sheet.resolve_stop(order_id, stop, reason, doing)


async def serve_waiting(
    tx: Tx, logged: Sequence[Logged[StockReceived | TransferWithdrawn]]
) -> None:
    """Give stock that arrived, or will not be sent elsewhere, to orders that wait for it."""
    variants: set[UUID] = set()
    for entry in logged:
        if isinstance(entry.event, TransferWithdrawn):
            variants.update(unit.variant_id for unit in entry.event.units)
        else:
            variants.update(entry.event.variant_ids)
    await stock_arrived(tx, list(variants), _doing(tx, logged[0].trace, "stock_arrived"))


async def replace_lost(tx: Tx, logged: Sequence[Logged[StockShort]]) -> None:
    """Find other stock for promised units that are not there."""
    shorts = [entry.event for entry in logged]
    await stock_lost(tx, shorts, _doing(tx, logged[0].trace, "stock_lost"))


Waits = LinesBackordered | LinesCancelled | LinesResourced
Supplies = IncomingChanged | IncomingFreed


async def keep_promises(
    tx: Tx, logged: Sequence[Logged[Waits | Supplies | PromiseArrived]]
) -> None:
    """Serve backorders with what came in for them, and date those that still wait."""
    told = [entry.event for entry in logged]
    doing = _doing(tx, logged[0].trace, "promise")
    arrived = [one for one in told if isinstance(one, PromiseArrived)]
    await serve_arrived(tx, arrived, doing)
    orders = dict.fromkeys(one.order_id for one in told if isinstance(one, Waits))
    variants = dict.fromkeys(one.variant_id for one in told if isinstance(one, Supplies))
    if orders or variants:
        # Orders come before positions, of which serving has locked some.
        async with impatient(tx) if arrived else nullcontext():
            await date_waiting(tx, orders, variants, doing)


async def cancel_expired(tx: Tx) -> None:
    """Cancel what a stop holds back that nobody resolved in time."""
    sheet = await Sheet.open(tx, await states.list_expired(tx, EXPIRED_AT_ONCE_MAX))
    for order_id, state in list(sheet.states.items()):
        expired = [s for s in state.troubles if s.expires_at and s.expires_at <= tx.now]
        if expired:
            _give_up(sheet, order_id, expired, TOO_LATE, _doing(tx, "", "expired"))
    await sheet.write(tx)


async def let_go(tx: Tx) -> bool:
    """Let orders go whose stop ends by itself; tells whether there may be more of them."""
    order_ids = await states.list_expired(tx, ENDED_AT_ONCE_MAX, by_itself=True)
    sheet = await Sheet.open(tx, order_ids)
    for order_id, state in list(sheet.states.items()):
        for stop in state.open_stops:
            if stop.kind in ENDS_BY_ITSELF and stop.expires_at and stop.expires_at <= tx.now:
                sheet.resolve_stop(order_id, stop, ENDED, _doing(tx, "", stop.kind))
    await sheet.write(tx)
    return len(order_ids) == ENDED_AT_ONCE_MAX


REACTIONS = [
    Reaction(
        "orders.follow_money",
        (
            payments.CaptureFailed,
            payments.RefundFailed,
            payments.PaymentUnresolved,
            payments.PaymentCaptured,
            payments.PaymentRefunded,
            payments.PaymentVoided,
            payments.PaymentChargedBack,
            payments.ChargebackWon,
            payments.ChargebackLost,
        ),
        follow_money,
    ),
    Reaction("orders.resolve_paid", (payments.PaymentAuthorized,), resolve_paid),
    Reaction("orders.settle_captured", get_args(Arrived), settle_captured),
    Reaction("orders.cancel_declined", (payments.PaymentDeclined,), cancel_declined),
    Reaction(
        "orders.serve_waiting", (StockReceived, TransferWithdrawn), serve_waiting, batch_max=50
    ),
    Reaction(
        "orders.keep_promises",
        (
            PromiseArrived,
            IncomingChanged,
            IncomingFreed,
            LinesBackordered,
            LinesCancelled,
            LinesResourced,
        ),
        keep_promises,
        batch_max=50,
    ),
    Reaction("orders.replace_lost", (StockShort,), replace_lost, batch_max=50),
]
SCHEDULES = [
    Schedule("orders.cancel_expired", EXPIRY_SECONDS, cancel_expired),
    Schedule("orders.let_go", ENDED_SECONDS, let_go),
    Schedule("orders.reoptimise", REOPTIMISING_SECONDS, reoptimise_by_clock),
]
EFFECTS = [DECIDE, MOVE]
