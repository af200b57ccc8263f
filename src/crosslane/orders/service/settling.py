"""What a change of orders asks of payments: take what is earned, give back, let go."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from crosslane import payments
from crosslane.kernel import Refusal
from crosslane.orders.domain import OrderState, handed_over_units, settlement
from crosslane.platform.database import Tx

CAUSE_KIND = "order"


async def settle(
    tx: Tx,
    changed: Mapping[UUID, OrderState],
    why: Mapping[UUID, str],
    at: Mapping[UUID, datetime],
    *,
    to: Mapping[UUID, payments.RefundTo] | None = None,
    happened: Collection[UUID] = (),
) -> dict[UUID, int]:
    """Bring the money of changed orders in line with their units.

    Args:
        tx: transaction in which the orders are locked.
        changed: orders as they are now.
        why: what changed each of them; asked again for the same reason, payments does nothing.
        at: business time of each change.
        to: where money goes that is given back, for orders where it is not the way it came.
        happened: orders whose money was given that way already, so that no limit refuses it.

    Raises:
        Refusal: one of ``payments.DESTINATION_REFUSALS``, for an order in ``to`` alone.

    Returns:
        What is given back because an order is worth less than was taken, by order.
    """
    if not changed:
        return {}
    captures, refunds, voids, abandoned = [], [], [], []
    for order_id, money in (await payments.money_by_order(tx, changed)).items():
        if not money.tenders:
            continue
        state = changed[order_id]
        kept = money.refundable_minor + money.capturing_minor
        due = settlement(state, kept, money.capturable_minor)
        cause_id = f"{order_id}:{state.order.version + 1}:{why[order_id]}"

        def ask(
            minor: int | None, order_id: UUID = order_id, cause_id: str = cause_id
        ) -> payments.MoneyRequest:
            return payments.MoneyRequest(
                order_id=order_id,
                minor=minor,
                cause_kind=CAUSE_KIND,
                cause_id=cause_id,
                at=at[order_id],
                to=(to or {}).get(order_id),
                happened=order_id in happened,
            )

        if due.closes and not _sold(state):
            if to and order_id in to and money.refundable_minor:
                refunds.append(ask(money.refundable_minor))
            abandoned.append(ask(None))
            continue
        if due.capture_minor:
            captures.append(ask(due.capture_minor))
        # What is still being taken cannot be given back yet; it is once it has arrived.
        if refund_minor := min(due.refund_minor, money.refundable_minor):
            refunds.append(ask(refund_minor))
        left = money.capturable_minor - due.capture_minor
        if due.closes and (left or money.undecided):
            voids.append(ask(None))
    await _ask(tx, captures, refunds, voids, abandoned)
    return {request.order_id: request.minor or 0 for request in refunds}


async def _ask(
    tx: Tx,
    captures: Sequence[payments.MoneyRequest],
    refunds: Sequence[payments.MoneyRequest],
    voids: Sequence[payments.MoneyRequest],
    abandoned: Sequence[payments.MoneyRequest],
) -> None:
    doors = (
        (payments.capture, captures),
        (payments.refund, refunds),
        (payments.void, voids),
        (payments.abandon, abandoned),
    )
    for door, requests in doors:
        for answer in await door(tx, requests) if requests else ():
            # What was asked fits what was read under the order's lock: only what shall go another
            # way can be refused.
            if isinstance(answer, Refusal):
                raise answer


def _sold(state: OrderState) -> bool:
    return any(handed_over_units(state.buckets, line.id) for line in state.stock_lines)
