"""What a return would give, or is expected to give, with fee and delivery; nothing is changed."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.kernel import Refusal
from crosslane.orders import Credited, CreditRequest
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command
from crosslane.returns.domain import CAUSE, Return
from crosslane.returns.service.looking import around, look_at
from crosslane.returns.service.requesting import draft
from crosslane.returns.service.settling import by_policy, credit_lines
from crosslane.returns.service.wishes import RequestReturn


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What units of a line of the order give, with tax, in minor units."""

    order_line: UUID
    quantity: int
    gross_minor: int


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """What a return gives.

    Args:
        lines: goods by line of the order.
        delivery_minor: given back of delivery, gross.
        fee_minor: kept back, gross.
        gross_minor: what the customer gets in all.
    """

    lines: list[QuotedLine]
    delivery_minor: int
    fee_minor: int
    gross_minor: int


async def quote_return(tx: Tx, wish: RequestReturn) -> Quoted:
    """Tell what a request would give if all of it came now.

    Raises:
        Refusal: it may not be, with a pointer to the line.
    """
    named = (await orders.find_ids(tx, [wish.order])).get(wish.order)
    near = await around(tx)
    states = await orders.list_states(tx, [named] if named else [])
    looked = await look_at(tx, states, near)
    command = Command(key="", actor=tx.actor, body=wish)
    one = draft(near, looked, {wish.order: named} if named else {}, command)
    return await expected_of(tx, one)


async def expected_of(tx: Tx, one: Return) -> Quoted:
    """Tell what a return of an order is expected to give: what has come of it, else all of it.

    Raises:
        Refusal: the order has not the units any more.
    """
    if one.kind == "claim":
        claimed = sum(line.claimed_minor for line in one.lines)
        return Quoted(lines=[], delivery_minor=0, fee_minor=0, gross_minor=claimed)
    near = await around(tx)
    states = await orders.list_states(tx, [one.order_id] if one.order_id else [])
    looked = await look_at(tx, states, near, but_for=[one.id])
    units = {line.id: line.received or line.requested for line in one.lines if not line.wrong}
    request = CreditRequest(
        order_id=one.order_id or one.id,
        cause_kind=CAUSE,
        cause_id=one.id,
        at=near.now,
        lines=credit_lines(one, units),
        charges=by_policy(near, looked, one, units),
    )
    (answer,) = await orders.quote_credits(tx, [request])
    if isinstance(answer, Refusal):
        raise answer
    return _of(answer)


def _of(answer: Credited) -> Quoted:
    sums: dict[UUID, tuple[int, int]] = {}
    for unit in answer.units:
        quantity, gross = sums.get(unit.line_id, (0, 0))
        sums[unit.line_id] = quantity + unit.quantity, gross + unit.net_minor + unit.tax_minor
    return Quoted(
        lines=[
            QuotedLine(order_line=line_id, quantity=quantity, gross_minor=gross)
            for line_id, (quantity, gross) in sums.items()
        ],
        delivery_minor=-_charged(answer, "shipping"),
        fee_minor=_charged(answer, "fee"),
        gross_minor=answer.gross_minor,
    )


def _charged(answer: Credited, kind: str) -> int:
    charges: Sequence[orders.ChargedSum] = answer.charges
    return sum(one.net_minor + one.tax_minor for one in charges if one.charge_kind == kind)
