"""Other goods for those that come back: on the order at once, held until these have come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.kernel import Refusal
from crosslane.orders import ExchangeLine, ExchangeRequest, LineWish, NewCharge, TenderWish
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.returns.domain import ExchangeWish, Return
from crosslane.returns.service.settling import credit_lines

REASON = "goods in exchange"
CLAIM_REASON = "goods that did not come as they should"


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """A return for which other goods go out.

    Args:
        one: the return; the lines that were added, what they cost and what of it was paid are noted
            on it.
        units: how many of each of its lines will be given for.
        charges: money that will go with them.
        tenders: how the customer pays what the credit does not.
        hold_until: the goods wait for those that come back until then, None when they lie here.
        till: location of the counter they lie on, None when they lie on none.
    """

    one: Return
    at: datetime
    cause: log.Cause
    units: Mapping[UUID, int]
    charges: Sequence[NewCharge] = ()
    tenders: Sequence[TenderWish] = ()
    hold_until: datetime | None = None
    till: UUID | None = None


async def swap(tx: Tx, swaps: Sequence[Swap]) -> dict[UUID, Refusal]:
    """Put goods wanted in exchange, or claimed, on their orders; of each order one return at most.

    Returns:
        The refusals by return; the goods of the others are noted on them.
    """
    wanted = [(each, request) for each in swaps if (request := _request(each))]
    if not wanted:
        return {}
    refused: dict[UUID, Refusal] = {}
    answers = await orders.exchange(tx, [request for _, request in wanted])
    for (each, _), answer in zip(wanted, answers, strict=True):
        if isinstance(answer, Refusal):
            refused[each.one.id] = answer
        else:
            each.one.exchange, each.one.exchange_wish = answer.line_ids, []
            each.one.exchange_minor, each.one.paid_minor = answer.gross_minor, answer.paid_minor
    return refused


def _request(each: Swap) -> ExchangeRequest | None:
    one = each.one
    if one.order_id is None or one.exchange:
        return None
    claimed = one.kind == "claim"
    lines = [_line(wish, free=claimed) for wish in one.exchange_wish]
    if not lines:
        return None
    return ExchangeRequest(
        order_id=one.order_id,
        kind="replacement" if claimed else "exchange",
        cause_id=one.id,
        at=each.at,
        lines=lines,
        returning=[] if claimed else credit_lines(one, each.units),
        charges=each.charges,
        tenders=each.tenders,
        hold_until=each.hold_until,
        till=each.till,
        reason=CLAIM_REASON if claimed else REASON,
        by=each.cause,
    )


def _line(wish: ExchangeWish, *, free: bool) -> ExchangeLine:
    goods = LineWish(sku=wish.sku, quantity=wish.quantity, method=wish.method, store=wish.store)
    return ExchangeLine(
        wish=goods, price="free" if free else wish.price, instead_of=wish.instead_of
    )
