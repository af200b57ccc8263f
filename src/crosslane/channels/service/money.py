"""What channels say of money: each payment once, and the books of its order brought to the sum.

The money of a marketplace's order lies with the channel. What it took and gave back is added up
from all it has told, see ``domain/registers.py``, and the tenders follow: so a refund told before
the cancellation it is for and one told after it end the same. Disputes take money of their own.
"""

from collections.abc import Sequence
from uuid import UUID

from crosslane import orders, organization, payments
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import ReturnEvent
from crosslane.channels.domain.registers import (
    Books,
    ChannelMoney,
    MoneyStanding,
    missing_minor,
    money_told,
)
from crosslane.channels.domain.reports import MoneyEvent
from crosslane.channels.errors import DisputeContradicts
from crosslane.channels.service.changing import release
from crosslane.channels.service.following import await_order, find_order, follow_each
from crosslane.channels.service.orders import OVERTAKEN
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage import told as storage
from crosslane.channels.storage.messages import Outcome
from crosslane.channels.storage.told import Source
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx

KIND = "money"
CAUSE_KIND = "channels.money"
NO_ORDER = Fault("of-no-order", "It is of no order", "/order")
NOT_SETTLED = Fault("not-settled-here", "What a channel pays out or keeps is booked by hand")
OWN_CARD = Fault("own-gift-card", "It lies on a gift card of the channel's own")
PAID_ELSEWHERE = Fault("paid-elsewhere", "Our own tenders say what was paid for its order")
PENDING = Fault("pending", "It has not happened yet", "/outcome")
FAILED = Fault("failed", "It did not happen", "/outcome")
DISPUTES = {"disputed": "opened", "dispute_won": "won", "dispute_lost": "lost"}


async def follow(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Do what channels say of money, in the order of versions, each whole or not at all."""
    return await follow_each(tx, todo, KIND, MoneyStanding, _follow)


async def _follow(tx: Tx, one: Todo, known: dict[Source, MoneyStanding]) -> Outcome:
    message = one.message
    if not isinstance(message, MoneyEvent):
        raise TypeError(f"{one.pending.kind} says nothing of money")
    if (kept := _kept(message)) is not None:
        return outcome_of(one, "kept", kept)
    order_id = await find_order(tx, one, message.order)
    if order_id is None:
        return await await_order(tx, one, message.order)
    if one.source in known and known[one.source].version > message.source_version:
        return outcome_of(one, "outdated", OVERTAKEN, order_id=order_id)
    standing = money_told(message)
    try:
        async with tx.savepoint():
            done = await _book(tx, one, message, order_id, standing)
    except Refusal as refusal:
        return refused(one, refusal, order_id=order_id)
    if done is PAID_ELSEWHERE:
        return outcome_of(one, "kept", done, order_id=order_id)
    known[one.source] = standing
    return outcome_of(one, "kept" if done else "applied", done, order_id=order_id)


def _kept(message: MoneyEvent) -> Fault | None:
    """Return why a message asks nothing of the hub, whatever its order, or None."""
    if message.step in ("paid_out", "fee"):
        return NOT_SETTLED
    if message.step == "stored_value":
        return OWN_CARD
    return None if message.order else NO_ORDER


async def _book(
    tx: Tx, one: Todo, message: MoneyEvent, order_id: UUID, standing: MoneyStanding
) -> Fault | None:
    """Book what a message says; return why there was nothing to book, or None.

    Raises:
        WrongCurrency: the order is in another one.
        DisputeContradicts: it does not fit what is known of the dispute.
    """
    state = (await orders.lock_orders(tx, [order_id]))[order_id]
    if message.currency not in ("", state.order.currency):
        raise payments.WrongCurrency(pointer="/currency", currency=state.order.currency)
    money = (await payments.money_by_order(tx, [order_id]))[order_id]
    if any(tender.method != payments.Method.MARKETPLACE for tender in money.tenders):
        return PAID_ELSEWHERE
    about = {one.source: message.order}
    await storage.save_told(tx, KIND, {one.source: standing}, about)
    if message.outcome == "done" and message.step in DISPUTES:
        await _dispute(tx, one, message, order_id)
    else:
        await balance(tx, one, order_id, message.order)
    return {"pending": PENDING, "failed": FAILED}.get(message.outcome)


async def _dispute(tx: Tx, one: Todo, message: MoneyEvent, order_id: UUID) -> None:
    dispute = payments.Dispute(
        id=message.source_id,
        reference=message.reference,
        minor=message.minor,
        currency=message.currency,
        state=DISPUTES[message.step],  # type: ignore[arg-type]
        reason=message.reason,
        at=message.event_at,
    )
    told = payments.Disputed(
        (
            f"channel:{one.pending.channel}",
            "",
        ),
        one.command(None),
        dispute,
    )
    if await payments.dispute_order(tx, order_id, told) in ("contradicts", "unmatched"):
        raise DisputeContradicts(pointer="/step")


async def rebalance(tx: Tx, todo: Sequence[Todo], outcomes: Sequence[Outcome]) -> None:
    """Bring the money of orders to what their channels have told of it, after they changed.

    Args:
        tx: open transaction.
        todo: messages about orders and returns.
        outcomes: what became of them.
    """
    applied = {outcome.id for outcome in outcomes if outcome.state == "applied"}
    by_order = {(one.pending.channel, _number(one)): one for one in todo if one.id in applied}
    if not by_order:
        return
    about = await storage.list_about(tx, KIND, MoneyStanding, sorted(by_order))
    book = await organization.book(tx)
    for source in about:
        channel_id = book.channel(source[0]).id
        for order_id, _ in (await orders.find_by_source(tx, [channel_id], [source[1]])).values():
            await orders.lock_orders(tx, [order_id])
            await balance(tx, by_order[source], order_id, source[1])


def _number(one: Todo) -> str:
    """Return the channel's own number of the order a message is about."""
    message = one.message
    return message.order if isinstance(message, ReturnEvent) else message.source_id


async def balance(tx: Tx, one: Todo, order_id: UUID, number: str) -> None:
    """Take or give back what the books of an order miss, and let it go once it is paid.

    Args:
        tx: open transaction in which the order is locked.
        one: the message that may have changed something.
        order_id: the order.
        number: what its channel calls it.
    """
    source = (one.pending.channel, number)
    about = await storage.list_about(tx, KIND, MoneyStanding, [source])
    told = ChannelMoney.of(standing for _, standing in about.get(source, ()))
    state = (await orders.list_states(tx, [order_id]))[order_id]
    money = (await payments.money_by_order(tx, [order_id]))[order_id]
    worth = orders.worth(state).gross_minor
    books = Books(
        worth=worth,
        captured=money.captured_minor,
        refunded=money.refunded_minor,
        charged_back=money.charged_back_minor,
    )
    missing = missing_minor(told, books)
    if missing < 0:
        await _give(tx, one, order_id, min(-missing, money.refundable_minor))
    elif missing > 0:
        await _take(tx, one, state.order, missing)
    if worth and told.covered >= worth:
        await release(tx, one, order_id, "paid at the channel")


async def _give(tx: Tx, one: Todo, order_id: UUID, minor: int) -> None:
    """Book money that the channel has given back."""
    if not minor:
        return
    request = payments.MoneyRequest(
        order_id=order_id,
        minor=minor,
        cause_kind=CAUSE_KIND,
        cause_id=str(one.id),
        at=one.message.event_at,
    )
    (answer,) = await payments.refund(tx, [request])
    if isinstance(answer, Refusal):
        raise answer


async def _take(tx: Tx, one: Todo, order: orders.Order, minor: int) -> None:
    """Book money that the channel has taken beyond what our books knew of."""
    tender = payments.NewTender(
        order_id=order.id,
        channel_id=order.channel_id,
        method=payments.Method.MARKETPLACE,
        terms=payments.Terms.TAKEN,
        currency=order.currency,
        minor=minor,
        at=one.message.event_at,
    )
    (answer,) = await payments.open_tenders(tx, [tender])
    if isinstance(answer, Refusal):
        raise answer
