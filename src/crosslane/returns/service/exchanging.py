"""Other goods for those that come back: on the order at once, held until these have come.

While a person has the return they are held without an end. Who lets it go on may have other goods
go out than were wished, or money given: what was promised is given up then, and what the customer
has paid for it pays for the others, or goes back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.kernel import Refusal
from crosslane.orders import (
    Exchanged,
    ExchangeEnd,
    ExchangeLine,
    ExchangeRequest,
    ExchangeWait,
    LineWish,
    NewCharge,
    Stage,
    TenderWish,
)
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.returns.domain import ExchangeWish, Return
from crosslane.returns.errors import AlreadyExchanged, NothingToExchange
from crosslane.returns.events import Otherwise
from crosslane.returns.service.settling import credit_lines
from crosslane.returns.service.wishes import Instead

REASON = "goods in exchange"
CLAIM_REASON = "goods that did not come as they should"
OTHERWISE = "decided otherwise by who looked at it"


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """A return for which other goods go out.

    Args:
        one: the return; the lines that were added, what they cost and what of it was paid are noted
            on it.
        units: how many of each of its lines will be given for.
        charges: money that will go with them.
        tenders: how the customer pays what the credit does not.
        hold_until: the goods wait for those that come back until then, None when they lie here.
        held: they wait without an end, because a person has the return. Who would take them along
            from a counter fetches them there.
        instead: what goes out in place of what was wished before, with how it is paid; None when
            that goes out.
        till: location of the counter they lie on, None when they lie on none.
    """

    one: Return
    at: datetime
    cause: log.Cause
    units: Mapping[UUID, int]
    charges: Sequence[NewCharge] = ()
    tenders: Sequence[TenderWish] = ()
    hold_until: datetime | None = None
    held: bool = False
    instead: Instead | None = None
    till: UUID | None = None


async def swap(tx: Tx, swaps: Sequence[Swap]) -> dict[UUID, Refusal]:
    """Put goods wanted in exchange, or claimed, on their orders; of each order one return at most.

    Returns:
        The refusals by return; the goods of the others are noted on them.

    Raises:
        Refusal: goods cannot go out instead of others. Nothing of all the swaps is done then.
    """
    await _choose(tx, [each for each in swaps if each.instead is not None])
    wanted = [(each, request) for each in swaps if (request := _request(each))]
    if not wanted:
        return {}
    refused: dict[UUID, Refusal] = {}
    answers = await orders.exchange(tx, [request for _, request in wanted])
    for (each, _), answer in zip(wanted, answers, strict=True):
        if not isinstance(answer, Refusal):
            each.one.exchange, each.one.exchange_wish = answer.line_ids, []
            each.one.exchange_minor = answer.gross_minor
            each.one.paid_minor = _paid_minor(each, answer)
        elif each.instead is None:
            refused[each.one.id] = answer
        else:
            raise answer
    return refused


def _paid_minor(each: Swap, answer: Exchanged) -> int:
    """Return what the customer pays for goods; what was paid for others before is a part of it."""
    if each.instead is None:
        return answer.paid_minor
    return max(answer.paid_minor, answer.gross_minor - answer.expected_minor)


async def _choose(tx: Tx, swaps: Sequence[Swap]) -> None:
    """Give up what was promised, and note what is wanted instead.

    Raises:
        NothingToExchange: no goods come back for which others could go out.
        AlreadyExchanged: the others have gone out.
    """
    for each in swaps:
        if each.one.order_id is None or each.one.kind != "return":
            raise NothingToExchange(number=each.one.number)
    promised = [each for each in swaps if each.one.exchange]
    await orders.end_exchanges(
        tx,
        [
            ExchangeEnd(
                order_id=each.one.order_id,
                cause_id=each.one.id,
                reason=OTHERWISE,
                by=each.cause,
                keep_money=bool(each.instead and each.instead.goods),
            )
            for each in promised
            if each.one.order_id
        ],
    )
    states = await orders.lock_orders(tx, [x.one.order_id for x in promised if x.one.order_id])
    for each in promised:
        state = states[each.one.order_id]
        for line in state.stock_lines:
            mine = line.id in each.one.exchange or line.parent_line_id in each.one.exchange
            if mine and state.buckets.units(line.id, Stage.CANCELLED) < line.quantity:
                raise AlreadyExchanged(number=each.one.number)
    for each in swaps:
        each.one.exchange = []
        each.one.exchange_wish = each.instead.goods if each.instead else []
        each.one.exchange_minor = each.one.paid_minor = 0


async def wait(tx: Tx, returns: Sequence[tuple[Return, log.Cause]]) -> None:
    """Let goods that are promised for returns wait as long as those are waited for themselves.

    Once all has come, or a person has it, there is no such end: no customer is to blame then.
    """
    await orders.prolong_exchanges(
        tx,
        [
            ExchangeWait(
                order_id=one.order_id,
                cause_id=one.id,
                until=one.expires_at if _is_coming(one) else None,
                by=cause,
            )
            for one, cause in returns
            if one.order_id and one.exchange
        ],
    )


def _is_coming(one: Return) -> bool:
    return not one.held and (one.received_at is None or one.awaited)


def gives_instead(instead: Instead | None) -> Otherwise:
    """Return what events say of what a person gives in place of what was wished."""
    if instead is None:
        return ""
    return "goods" if instead.goods else "money"


def _request(each: Swap) -> ExchangeRequest | None:
    one = each.one
    if one.order_id is None or one.exchange:
        return None
    claimed = one.kind == "claim"
    fetched = each.held and each.till is not None
    lines = [_line(wish, free=claimed, fetched=fetched) for wish in one.exchange_wish]
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
        tenders=each.instead.tenders if each.instead else each.tenders,
        hold_until=each.hold_until,
        held=each.held,
        till=each.till,
        reason=CLAIM_REASON if claimed else REASON,
        by=each.cause,
    )


def _line(wish: ExchangeWish, *, free: bool, fetched: bool) -> ExchangeLine:
    method = "pickup" if fetched and wish.method == "carry_out" else wish.method
    goods = LineWish(sku=wish.sku, quantity=wish.quantity, method=method, store=wish.store)
    return ExchangeLine(
        wish=goods, price="free" if free else wish.price, instead_of=wish.instead_of
    )
