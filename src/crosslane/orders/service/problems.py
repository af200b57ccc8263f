"""Money that was refused, or of which nobody knows: shown on its order, asked for again, resolved.

An order's money is always asked for by what is due, so asking again is settling the order anew: a
capture that came through by another way meanwhile is not taken twice.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane import locations, payments
from crosslane.kernel import new_id
from crosslane.orders import events
from crosslane.orders.domain import OrderState
from crosslane.orders.domain.problems import MoneyProblem
from crosslane.orders.errors import NoMoneyProblem, NoSuchOrder
from crosslane.orders.service.naming import OfOrder
from crosslane.orders.service.settling import RefundPart, due_of, settle
from crosslane.orders.storage import problems as storage
from crosslane.orders.storage import states
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.platform.log import Logged

PROBLEMS_SHOWN_MAX = 100
DEEDS: Mapping[type[payments.PaymentEvent], str] = {
    payments.CaptureFailed: "capture",
    payments.RefundFailed: "refund",
    payments.PaymentChargedBack: "chargeback",
}
Failed = (
    payments.CaptureFailed
    | payments.RefundFailed
    | payments.PaymentUnresolved
    | payments.PaymentChargedBack
)


class RetryMoney(OfOrder, frozen=True, forbid_unknown_fields=True):
    """Ask once more for money of an order that did not move.

    Args:
        order_id: the order.
        to: where money goes whose refund was refused, None for the way it came once more. A store
            may be named by its code alone.
    """

    to: payments.RefundTo | None = None


class MoneyRetried(msgspec.Struct, frozen=True):
    """The problems that were asked about again; each is resolved once its money has moved."""

    problems: list[MoneyProblem]


async def follow_money(tx: Tx, logged: Sequence[Logged[payments.PaymentEvent]]) -> None:
    """Raise and resolve problems as payments tell of them."""
    failed = [entry for entry in logged if isinstance(entry.event, Failed)]
    await _raise(tx, failed)
    await _resolve(tx, [entry for entry in logged if not isinstance(entry.event, Failed)])


def _problem(event: Failed) -> tuple[str, str]:
    """Return deed and kind of the problem an event tells of."""
    if isinstance(event, payments.PaymentUnresolved):
        return event.deed, "unresolved"
    if isinstance(event, payments.PaymentChargedBack):
        return "chargeback", "paid_twice" if event.beyond_minor else "charged_back"
    return DEEDS[type(event)], "refused"


async def _raise(tx: Tx, logged: Sequence[Logged[Failed]]) -> None:
    raised: dict[UUID, storage.Raised] = {}
    for entry in logged:
        event = entry.event
        deed, kind = _problem(event)
        if deed not in DEEDS.values():
            continue
        raised[event.operation_id] = storage.Raised(
            event.operation_id,
            event.order_id,
            event.payment_id,
            deed,
            kind,
            event.minor,
            event.currency,
            event.reason,
        )
    if not raised:
        return
    fresh = await storage.raise_problems(tx, list(raised.values()))
    told = [
        events.MoneyProblemRaised(
            order_id=one.order_id,
            operation_id=one.operation_id,
            deed=one.deed,
            problem=one.kind,
            minor=one.minor,
            currency=one.currency,
        )
        for one in raised.values()
        if one.operation_id in fresh
    ]
    await log.append(tx, told)


async def _resolve(tx: Tx, logged: Sequence[Logged[payments.PaymentEvent]]) -> None:
    """Resolve what has moved, and what is not due any more because other money has."""
    heard = [entry.event for entry in logged]
    lost = {e.chargeback_id for e in heard if isinstance(e, payments.ChargebackLost)}
    won = {e.chargeback_id for e in heard if isinstance(e, payments.ChargebackWon)}
    decided = won | lost
    moved = {event.operation_id for event in heard} - decided
    orders = sorted({entry.event.order_id for entry in logged})
    held = await storage.lock_open(tx, orders) if orders else {}
    if not held:
        return
    known = await states.list_states(tx, sorted(held))
    money = await payments.money_by_order(tx, sorted(held))
    settled = [
        (order_id, problem.operation_id)
        for order_id, theirs in held.items()
        for problem in theirs
        if problem.operation_id in moved
        # What was paid twice stays with a person, unless the dispute gives it back.
        or (problem.kind == "charged_back" and problem.operation_id in decided)
        or (problem.kind == "paid_twice" and problem.operation_id in won)
        or (problem.kind == "refused" and _in_line(known[order_id], money[order_id]))
    ]
    if not settled:
        return
    await storage.resolve_problems(tx, [operation_id for _, operation_id in settled])
    told = [
        events.MoneyProblemResolved(order_id=order_id, operation_id=operation_id)
        for order_id, operation_id in settled
    ]
    await log.append(tx, told)


def _in_line(state: OrderState, money: payments.OrderMoney) -> bool:
    """Tell whether nothing is to be taken or given back for an order."""
    due = due_of(state, money)
    return not (due.capture_minor or due.refund_minor)


async def retry_money(tx: Tx, wish: RetryMoney) -> MoneyRetried:
    """Ask again for what was refused, and whether happened what nobody could tell.

    Raises:
        NoSuchOrder: there is none.
        NoMoneyProblem: nothing of it is open.
        Refusal: one of ``payments.DESTINATION_REFUSALS``.
    """
    locked = await states.lock_orders(tx, [wish.order_id])
    if wish.order_id not in locked:
        raise NoSuchOrder(order=str(wish.order_id))
    held = (await storage.lock_open(tx, [wish.order_id])).get(wish.order_id, [])
    if not held:
        raise NoMoneyProblem
    await storage.count_retry(tx, [problem.operation_id for problem in held])
    unknown = [problem.operation_id for problem in held if problem.kind == "unresolved"]
    if unknown:
        await payments.ask_again(tx, unknown)
    if len(unknown) < len(held):
        why = {wish.order_id: f"retry:{new_id()}"}
        elsewhere = {}
        if wish.to is not None:
            elsewhere[wish.order_id] = [RefundPart(to=await known_destination(tx, wish.to))]
        await settle(tx, locked, why, {wish.order_id: tx.now}, elsewhere)
    shown = await storage.list_problems(tx, wish.order_id, PROBLEMS_SHOWN_MAX)
    return MoneyRetried([problem for problem in shown if problem.resolved_at is None])


async def known_destination(tx: Tx, to: payments.RefundTo) -> payments.RefundTo:
    """Return a destination whose store is known by id and by code.

    Raises:
        LocationUnknown: there is no such store.
    """
    network = await locations.network(tx)
    found = network.by_id.get(to.location_id) if to.location_id is not None else None
    if to.location:
        found = network.require(to.location, pointer="/to/location")
    if found is None:
        return to
    return msgspec.structs.replace(to, location_id=found.id, location=found.code)


RETRY_MONEY = one_by_one("orders.retry_money", RetryMoney, MoneyRetried, retry_money)
