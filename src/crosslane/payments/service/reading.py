"""Looking at the money of orders, and at what a store may still give in cash."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.payments import storage
from crosslane.payments.domain import (
    Deed,
    Method,
    Operation,
    OperationState,
    State,
    Tender,
    Terms,
)
from crosslane.payments.errors import PaymentNotFound
from crosslane.payments.service.holdings import Holdings
from crosslane.payments.service.sheet import group_by_order
from crosslane.platform.database import Tx


class TenderMoney(msgspec.Struct, frozen=True):
    """One tender of an order, with its amounts in minor units.

    Args:
        terms_days: days from capture until money on account is due.
    """

    payment_id: UUID
    sequence: int
    method: Method
    terms: Terms
    terms_days: int
    provider: str
    state: State
    reason: str
    amount_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    voided_minor: int
    settled_minor: int
    charged_back_minor: int
    capturable_minor: int
    refundable_minor: int
    capturing_minor: int
    pending_minor: int


class OrderMoney(msgspec.Struct, frozen=True):
    """The money of one order.

    Args:
        currency: ISO 4217, "" for an order without tenders.
        undecided: some provider has not said yet whether it authorizes.
        tenders: in their sequence; the sums count all of them.
        capturing_minor: captures under way.
        pending_minor: set aside for captures, refunds and releases that are under way.
    """

    order_id: UUID
    currency: str
    undecided: bool
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    voided_minor: int
    settled_minor: int
    charged_back_minor: int
    capturable_minor: int
    refundable_minor: int
    capturing_minor: int
    pending_minor: int
    tenders: list[TenderMoney]


async def money_by_order(tx: Tx, order_ids: Iterable[UUID]) -> dict[UUID, OrderMoney]:
    """Return the money of orders, per tender and in sum; zero for an order without tenders."""
    wanted = list(order_ids)
    return _by_order(wanted, await storage.list_tenders(tx, order_ids=wanted))


async def lock_money(tx: Tx, order_ids: Iterable[UUID]) -> dict[UUID, OrderMoney]:
    """Return the money of orders as :func:`money_by_order`, protected until the transaction ends.

    What is under way is recorded, and told of, after that.
    """
    wanted = list(order_ids)
    return _by_order(wanted, await storage.lock_tenders(tx, order_ids=wanted))


def _by_order(order_ids: Sequence[UUID], tenders: Iterable[Tender]) -> dict[UUID, OrderMoney]:
    found = group_by_order(tenders)
    return {order_id: _order_money(order_id, found.get(order_id, [])) for order_id in order_ids}


class Means(msgspec.Struct, frozen=True):
    """What an order is paid with.

    Args:
        methods: of its tenders.
        card: by what the first card is told apart from others, "" for none; not its token.
    """

    methods: frozenset[Method]
    card: str


async def means_of_orders(tx: Tx, order_ids: Iterable[UUID]) -> dict[UUID, Means]:
    """Return what orders are paid with; those without tenders are left out."""
    found = group_by_order(await storage.list_tenders(tx, order_ids=order_ids))
    return {order_id: _means(tenders) for order_id, tenders in found.items()}


def _means(tenders: Sequence[Tender]) -> Means:
    cards = [f"{t.provider}/{t.token}" for t in tenders if t.method == Method.CARD and t.token]
    card = hashlib.blake2b(cards[0].encode(), digest_size=12).hexdigest() if cards else ""
    return Means(frozenset(tender.method for tender in tenders), card)


class GivenBack(msgspec.Struct, frozen=True, kw_only=True):
    """Money of an order that was given back, is about to be, or could not be.

    Args:
        cause_id: what for, as whoever asked for it names it.
        method: the way it goes.
        account: gift card or store credit it goes onto, None for another way.
        minor: minor units.
        state: how far it has come.
    """

    cause_id: str
    method: Method
    account: UUID | None
    minor: int
    state: OperationState


async def given_back(tx: Tx, order_id: UUID) -> list[GivenBack]:
    """Return what was asked to be given back of an order's money, the oldest first."""
    tenders = {one.id: one for one in await storage.list_tenders(tx, order_ids=[order_id])}
    return [
        GivenBack(
            cause_id=one.cause_id,
            method=Method(one.to_method or tenders[one.payment_id].method),
            account=one.to_account or tenders[one.payment_id].stored_account,
            minor=one.minor,
            state=one.state,
        )
        for one in await storage.list_of_payments(tx, tenders)
        if one.deed is Deed.REFUND
    ]


class CashLeft(msgspec.Struct, frozen=True):
    """What a store may still give back in cash.

    Args:
        at_once_minor: most minor units by one refund.
        day_minor: minor units that are left of that day.
    """

    at_once_minor: int
    day_minor: int


async def cash_left(
    tx: Tx, channel_id: UUID, location_id: UUID, location: str, at: datetime
) -> CashLeft:
    """Tell what a store may still give back in cash of what a channel had sold.

    Args:
        tx: open transaction.
        channel_id: selling channel, in whose currency it is.
        location_id: the store.
        location: its code; its policy may limit cash.
        at: business time.
    """
    holdings = Holdings()
    await holdings.know_rules(tx)
    rules = holdings.refund_rules(channel_id, location, at)
    key = holdings.cash_key(channel_id, location_id, holdings.currency(channel_id), at)
    day = max(0, rules.cash_day_minor_max - await storage.cash_paid(tx, key))
    return CashLeft(min(rules.cash_refund_minor_max, day), day)


async def payment_history(tx: Tx, payment_id: UUID) -> tuple[OrderMoney, list[Operation]]:
    """Return the money of a tender's order, and what was asked of the tender, oldest first.

    Raises:
        PaymentNotFound: there is no such tender.
    """
    found = await storage.list_tenders(tx, payment_ids=[payment_id])
    if not found:
        raise PaymentNotFound(payment_id=payment_id)
    order_id = found[0].order_id
    money = await money_by_order(tx, [order_id])
    return money[order_id], await storage.list_of_payments(tx, [payment_id])


async def list_problems(tx: Tx, *, before: UUID | None, limit: int) -> list[Operation]:
    """Return operations that a person should look at, newest first.

    Captures, refunds and releases that a provider refused, and whatever nobody could tell the
    outcome of. A declined authorization is no problem of ours.

    Args:
        tx: open transaction.
        before: id of the last one already shown.
        limit: most to return.
    """
    return await storage.list_problems(tx, before=before, limit=limit)


def _order_money(order_id: UUID, tenders: Sequence[Tender]) -> OrderMoney:
    shown = [
        TenderMoney(
            payment_id=t.id,
            sequence=t.sequence,
            method=t.method,
            terms=t.terms,
            terms_days=t.terms_days,
            provider=t.provider,
            state=t.state,
            reason=t.reason,
            amount_minor=t.amount_minor,
            authorized_minor=t.authorized_minor,
            captured_minor=t.captured_minor,
            refunded_minor=t.refunded_minor,
            voided_minor=t.voided_minor,
            settled_minor=t.settled_minor,
            charged_back_minor=t.charged_back_minor,
            capturable_minor=t.capturable_minor,
            refundable_minor=t.refundable_minor,
            capturing_minor=t.capturing_minor,
            pending_minor=t.capturing_minor + t.refunding_minor + t.voiding_minor,
        )
        for t in tenders
    ]
    return OrderMoney(
        order_id=order_id,
        currency=tenders[0].currency if tenders else "",
        undecided=any(t.state is State.PENDING for t in tenders),
        authorized_minor=sum(t.authorized_minor for t in shown),
        captured_minor=sum(t.captured_minor for t in shown),
        refunded_minor=sum(t.refunded_minor for t in shown),
        voided_minor=sum(t.voided_minor for t in shown),
        settled_minor=sum(t.settled_minor for t in shown),
        charged_back_minor=sum(t.charged_back_minor for t in shown),
        capturable_minor=sum(t.capturable_minor for t in shown),
        refundable_minor=sum(t.refundable_minor for t in shown),
        capturing_minor=sum(t.capturing_minor for t in shown),
        pending_minor=sum(t.pending_minor for t in shown),
        tenders=shown,
    )
