"""Credits: units that came back and money besides, for returns, claims and goodwill.

A credit lowers what an order is worth, closed orders too; the refund follows by itself, as far as
more was taken than the order is worth then. A credit is known by its cause and happens once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane import payments
from crosslane.kernel import Refusal, format_instant, new_id
from crosslane.orders import events
from crosslane.orders.domain import (
    Charge,
    CreditLine,
    NewCharge,
    OrderState,
    Planned,
    Returned,
    Share,
    Sum,
    UnitsBack,
    handed_over_units,
    plan_credit,
    settlement,
)
from crosslane.orders.errors import NoSuchOrder
from crosslane.orders.service.adding import owed
from crosslane.orders.service.moving import charged
from crosslane.orders.service.settling import RefundPart, credited_by
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.orders.storage import states
from crosslane.platform.database import Tx
from crosslane.platform.log import Cause

ARRIVED = "the goods have come back"
UNPAID = "less was credited for what came back than the goods that go out for it cost"


class CreditRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be credited on an order.

    Args:
        order_id: the order.
        cause_kind: what sort of thing it is due to, such as ``return``; at most once per cause.
        cause_id: which one.
        at: business time.
        lines: units that come back.
        charges: money besides: delivery given back, a fee, an appeasement.
        exchange_id: cause of the exchange these goods come back for; what it still expects shrinks
            by this credit.
        exchange_complete: nothing more will come back for it: the goods that wait may go out. When
            less was credited than it expected, a payment stop holds them as long as the customer
            owes the difference.
        refund_to: where the refund goes, None for the way the money came. What is still being taken
            from the customer goes back that way in any case, once it has arrived.
        refunds: parts of the refund that go elsewhere still, before all that.
        refund_happened: the money was given so already, such as at a till: no limit refuses it.
        keep_money: a later change of this transaction settles the order's money, such as an
            exchange; nothing is given back now.
        by: whose doing it is, the transaction's actor when None.
    """

    order_id: UUID
    cause_kind: str
    cause_id: UUID
    at: datetime
    lines: Sequence[CreditLine] = ()
    charges: Sequence[NewCharge] = ()
    exchange_id: UUID | None = None
    exchange_complete: bool = True
    refund_to: payments.RefundTo | None = None
    refunds: Sequence[RefundPart] = ()
    refund_happened: bool = False
    keep_money: bool = False
    by: Any = None


class Credited(msgspec.Struct, frozen=True, kw_only=True):
    """What a credit did, or would do; amounts in minor units of ``currency``.

    Args:
        units: what came back, by line and location whose sale is undone; of bundles by component.
        charges: money besides, by the tax it bears; negative when the customer gets it.
        net_minor: what the customer gets in all, charges taken off; likewise tax and gross.
        refund_minor: what of it is given back of what was paid. The rest was never paid, or pays
            for something else on the order. 0 when the same was asked before.
    """

    order_id: UUID
    cause_kind: str
    cause_id: UUID
    currency: str
    units: list[events.CreditedUnits]
    charges: list[events.ChargedSum]
    net_minor: int
    tax_minor: int
    gross_minor: int
    refund_minor: int


async def credit(tx: Tx, requests: Sequence[CreditRequest]) -> list[Credited | Refusal]:
    """Credit units and money on orders, each request as a whole; the refunds follow.

    Args:
        tx: open transaction.
        requests: what to credit; of one order the earlier ones first.

    Returns:
        One answer per request. One whose cause is known answers what that had done. Refusals are
        NoSuchOrder, NoSuchLine, ReturnedAboveHandedOver, GivenBackAboveCharged, FeeAboveCredit.

    Raises:
        Refusal: money may not go where a request wants it, one of payments.DESTINATION_REFUSALS.
            Nothing of all the requests is done then.
    """
    sheet = await Sheet.open(tx, {request.order_id for request in requests})
    answers = [_credit(tx, sheet, request) for request in requests]
    await _hold_unpaid(tx, sheet, requests)
    await sheet.write(tx)
    left = dict(sheet.refunded)
    return [_with_refund(answer, left) for answer in answers]


async def quote_credits(tx: Tx, requests: Sequence[CreditRequest]) -> list[Credited | Refusal]:
    """Return what each credit alone would do now; nothing is locked or changed."""
    known = await states.list_states(tx, [request.order_id for request in requests])
    money = await payments.money_by_order(tx, known)
    answers: list[Credited | Refusal] = []
    for request in requests:
        sheet = Sheet(dict(known))
        answer = _credit(tx, sheet, request)
        if isinstance(answer, Credited) and not request.keep_money:
            theirs = money[request.order_id]
            kept = theirs.refundable_minor + theirs.capturing_minor
            due = settlement(sheet.states[request.order_id], kept, theirs.capturable_minor)
            refund = min(due.refund_minor, theirs.refundable_minor)
            answer = _with_refund(answer, {request.order_id: refund})
        answers.append(answer)
    return answers


async def _hold_unpaid(tx: Tx, sheet: Sheet, requests: Sequence[CreditRequest]) -> None:
    """Hold back what goes out for goods that were credited for less than was expected of them."""
    short = {
        stop.id: (request, stop)
        for request in requests
        if request.exchange_id is not None and request.order_id in sheet.states
        for stop in sheet.states[request.order_id].stops
        if stop.cause_id == request.exchange_id and stop.resolved_at and stop.expected_minor
    }
    if not short:
        return
    money = await payments.money_by_order(tx, {request.order_id for request, _ in short.values()})
    for request, stop in short.values():
        state = sheet.states[request.order_id]
        if owed(state, money[request.order_id]) > 0:
            doing = Doing(request.by or tx, request.at, f"credit:{request.cause_kind}")
            sheet.raise_stop(
                request.order_id, "payment", UNPAID, doing, amendment_no=stop.amendment_no
            )


def _with_refund(answer: Credited | Refusal, left: dict[UUID, int]) -> Credited | Refusal:
    """Tell with a credit what of an order's refund it brought about."""
    if isinstance(answer, Refusal) or not left.get(answer.order_id):
        return answer
    minor = min(answer.gross_minor, left[answer.order_id])
    left[answer.order_id] -= minor
    return msgspec.structs.replace(answer, refund_minor=minor)


def _credit(tx: Tx, sheet: Sheet, request: CreditRequest) -> Credited | Refusal:
    state = sheet.states.get(request.order_id)
    if state is None:
        return NoSuchOrder(order=str(request.order_id))
    known = _known(state, request)
    if known is not None:
        return known
    planned = plan_credit(state, request.lines, request.charges)
    if isinstance(planned, Refusal):
        return planned
    by: Cause = request.by or tx
    doing = Doing(by, request.at, credited_by(request.cause_kind, request.cause_id))
    if request.keep_money:
        sheet.keep_money(request.order_id)
    sheet.give_elsewhere(request.order_id, _elsewhere(request, planned.given.gross_minor))
    for stop in state.open_stops:
        if stop.kind == "exchange" and stop.cause_id == request.exchange_id:
            stop = sheet.expect_less(request.order_id, stop, planned.given.gross_minor)
            if request.exchange_complete:
                sheet.resolve_stop(request.order_id, stop, ARRIVED, doing)
    return book_credit(tx, sheet, state, planned, request.cause_kind, request.cause_id, doing)


def _elsewhere(request: CreditRequest, gross_minor: int) -> list[RefundPart]:
    """Return the parts of a credit's refund that go another way than the money came."""
    parts = list(request.refunds)
    if request.refund_to is not None:
        minor = max(0, gross_minor - sum(part.minor or 0 for part in parts))
        happened = request.refund_happened
        parts.append(RefundPart(to=request.refund_to, minor=minor, happened=happened))
    return parts


def book_credit(
    tx: Tx,
    sheet: Sheet,
    state: OrderState,
    planned: Planned,
    cause_kind: str,
    cause_id: UUID,
    doing: Doing,
) -> Credited:
    """Write a planned credit on the sheet and tell of it."""
    order_id = state.order.id
    due = any(handed_over_units(state.buckets, line.id) for line in state.stock_lines)
    units = [_told(back) for back in planned.units]
    charges = [
        _charge(order_id, share, tx.now, doing.occurred_at if due else None, cause_kind, cause_id)
        for share in planned.charges
    ]
    sheet.credit(
        order_id,
        [
            Returned(
                line_id=one.line_id,
                location_id=one.location_id,
                quantity=one.quantity,
                net_minor=one.net_minor,
                tax_minor=one.tax_minor,
                cause_kind=cause_kind,
                cause_id=cause_id,
                occurred_at=doing.occurred_at,
            )
            for one in units
        ],
        doing,
    )
    for charge in charges:
        sheet.add_charge(order_id, charge, doing)
    sums = [charged(charge) for charge in charges]
    sheet.announce(
        events.LinesCredited(
            order_id=order_id,
            cause_kind=cause_kind,
            cause_id=cause_id,
            units=units,
            charges=sums if due else [],
            occurred_at=format_instant(doing.occurred_at),
        ),
        doing,
    )
    return _answer(state, cause_kind, cause_id, units, sums)


def _known(state: OrderState, request: CreditRequest) -> Credited | None:
    """Return what a credit of the same cause had done before, None when there was none."""
    cause = request.cause_kind, request.cause_id
    back = [one for one in state.returned if (one.cause_kind, one.cause_id) == cause]
    charges = [one for one in state.charges if (one.cause_kind, one.cause_id) == cause]
    if not back and not charges:
        return None
    units = [
        _told(
            UnitsBack(
                state.by_id[one.line_id],
                one.location_id,
                one.quantity,
                Sum(one.net_minor, one.tax_minor),
            )
        )
        for one in back
    ]
    return _answer(state, *cause, units, [charged(charge) for charge in charges])


def _answer(
    state: OrderState,
    cause_kind: str,
    cause_id: UUID,
    units: list[events.CreditedUnits],
    charges: list[events.ChargedSum],
) -> Credited:
    net = sum(one.net_minor for one in units) - sum(one.net_minor for one in charges)
    tax = sum(one.tax_minor for one in units) - sum(one.tax_minor for one in charges)
    return Credited(
        order_id=state.order.id,
        cause_kind=cause_kind,
        cause_id=cause_id,
        currency=state.order.currency,
        units=units,
        charges=charges,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        refund_minor=0,
    )


def _told(back: UnitsBack) -> events.CreditedUnits:
    return events.CreditedUnits(
        line_id=back.line.id,
        variant_id=back.line.variant_id,
        location_id=back.location_id,
        quantity=back.quantity,
        net_minor=back.value.net_minor,
        tax_minor=back.value.tax_minor,
        tax_rate_bp=back.line.tax_rate_bp,
        tax_class=back.line.tax_class,
        jurisdiction=back.line.jurisdiction,
    )


def _charge(
    order_id: UUID,
    share: Share,
    now: datetime,
    due_at: datetime | None,
    cause_kind: str,
    cause_id: UUID,
) -> Charge:
    return Charge(
        id=new_id(),
        order_id=order_id,
        kind=share.kind,
        line_id=share.line_id,
        title=share.title,
        net_minor=share.value.net_minor,
        tax_minor=share.value.tax_minor,
        gross_minor=share.value.gross_minor,
        tax_rate_bp=share.tax_rate_bp,
        jurisdiction=share.jurisdiction,
        recorded_at=now,
        due_at=due_at,
        cause_kind=cause_kind,
        cause_id=cause_id,
    )
