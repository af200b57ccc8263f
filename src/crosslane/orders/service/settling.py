"""What a change of orders asks of payments: take what is earned, give back, let go."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import payments
from crosslane.kernel import Refusal
from crosslane.orders.domain import OrderState, Settlement, handed_over_units, settlement
from crosslane.platform.database import Tx

CAUSE_KIND = "order"


class RefundPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what is given back that goes another way than it came.

    Args:
        to: where.
        minor: at most so much, in minor units; None for all that is left.
        happened: it was given already, so that no limit refuses it.
    """

    to: payments.RefundTo
    minor: int | None = None
    happened: bool = False


async def settle(
    tx: Tx,
    changed: Mapping[UUID, OrderState],
    why: Mapping[UUID, str],
    at: Mapping[UUID, datetime],
    elsewhere: Mapping[UUID, Sequence[RefundPart]] | None = None,
) -> dict[UUID, int]:
    """Bring the money of changed orders in line with their units.

    Args:
        tx: transaction in which the orders are locked.
        changed: orders as they are now.
        why: what changed each of them; asked again for the same reason, payments does nothing.
        at: business time of each change.
        elsewhere: parts of refunds that go another way than the money came.

    Raises:
        Refusal: one of ``payments.DESTINATION_REFUSALS``, for an order in ``elsewhere`` alone.

    Returns:
        What is given back because an order is worth less than was taken, by order.
    """
    if not changed:
        return {}
    captures, refunds, voids, abandoned = [], [], [], []
    for order_id, (money, due) in (await _dues(tx, changed)).items():
        state = changed[order_id]
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
            )

        parts = (elsewhere or {}).get(order_id, ())
        if due.closes and not _sold(state):
            if parts and money.refundable_minor:
                refunds += _in_parts(ask(None), money.refundable_minor, parts)
            abandoned.append(ask(None))
            continue
        if due.capture_minor:
            captures.append(ask(due.capture_minor))
        # What is still being taken cannot be given back yet; it is once it has arrived, which is
        # not before we have committed.
        if refund_minor := min(due.refund_minor, money.refundable_minor):
            refunds += _in_parts(ask(None), refund_minor, parts)
        left = money.capturable_minor - due.capture_minor
        if due.closes and (left or money.undecided):
            voids.append(ask(None))
    await _ask(tx, captures, refunds, voids, abandoned)
    given: Counter[UUID] = Counter()
    for request in refunds:
        given[request.order_id] += request.minor or 0
    return dict(given)


def due_of(state: OrderState, money: payments.OrderMoney) -> Settlement:
    """Return what is to be done about an order's money, whatever is under way counted as done."""
    kept = money.refundable_minor + money.capturing_minor
    return settlement(state, kept, money.capturable_minor)


async def _dues(
    tx: Tx, changed: Mapping[UUID, OrderState]
) -> dict[UUID, tuple[payments.OrderMoney, Settlement]]:
    """Return the money of orders with tenders, and what is to be done about it.

    Where more is due than can be given back yet, its tenders are locked: what is under way would
    else arrive unseen here, and be given back by nobody, because whoever hears of it in time does
    not see our change yet.
    """
    read = await payments.money_by_order(tx, changed)
    found = {id: (money, due_of(changed[id], money)) for id, money in read.items() if money.tenders}
    arriving = [
        id for id, (money, due) in found.items() if due.refund_minor > money.refundable_minor
    ]
    if arriving:
        for order_id, money in (await payments.lock_money(tx, arriving)).items():
            found[order_id] = money, due_of(changed[order_id], money)
    return found


def credited_by(cause_kind: str, cause_id: UUID) -> str:
    """Return why an order changes when something credits it, as :func:`settle` is told."""
    return f"credit:{cause_kind}:{cause_id}"


async def given_for(
    tx: Tx, order_id: UUID, cause_kind: str, cause_id: UUID
) -> list[payments.GivenBack]:
    """Return what was given back of an order's money because of a credit, way by way.

    Args:
        tx: open transaction.
        order_id: the order.
        cause_kind: what credited it, such as a return.
        cause_id: which one.
    """
    why = credited_by(cause_kind, cause_id)
    return [
        one for one in await payments.given_back(tx, order_id) if f":{why}:" in f"{one.cause_id}:"
    ]


def _in_parts(
    whole: payments.MoneyRequest, left: int, parts: Sequence[RefundPart]
) -> list[payments.MoneyRequest]:
    """Split a refund by where its parts go; what is left goes the way it came."""
    found: list[payments.MoneyRequest] = []
    for place, part in enumerate(parts):
        minor = left if part.minor is None else min(left, part.minor)
        if minor:
            left -= minor
            cause_id = f"{whole.cause_id}:{place}"
            found.append(
                msgspec.structs.replace(
                    whole, minor=minor, cause_id=cause_id, to=part.to, happened=part.happened
                )
            )
    if left:
        found.append(msgspec.structs.replace(whole, minor=left))
    return found


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
