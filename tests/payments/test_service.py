"""Tenders that nobody needs to be asked about, on the real database."""

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.payments.shop import (
    CHANNEL,
    CUSTOMER,
    NOON,
    card,
    local,
    request,
)

from crosslane import payments
from crosslane.kernel import Refusal
from crosslane.payments import (
    Method,
    PutCredit,
    State,
    Terms,
)
from crosslane.platform import log
from crosslane.platform.database import Tx


async def test_several_tenders_are_captured_in_sequence_and_refunded_backwards(till):
    order = uuid4()
    async with till.transaction() as tx:
        await payments.put_credits(tx, [PutCredit(CUSTOMER, "GBP", 5000)])
    opened = await till.open(
        local(order, Method.ON_ACCOUNT, 300), local(order, Method.CASH, 700, Terms.AT_COLLECTION)
    )
    assert [o.state for o in opened] == [State.AUTHORIZED] * 2
    await till.do(payments.capture, request(order, 500))
    await till.do(payments.refund, request(order, 250))
    tenders = (await till.money(order)).tenders
    assert [(t.sequence, t.captured_minor, t.refunded_minor) for t in tenders] == [
        (1, 300, 50),
        (2, 200, 200),
    ]
    (more,) = await till.open(local(order, Method.CASH, 100, Terms.AT_COLLECTION))
    assert (await till.money(order)).tenders[2].sequence == 3
    assert more.payment_id == (await till.money(order)).tenders[2].payment_id


async def test_what_a_till_or_marketplace_took_is_a_fact(till):
    sale, market = uuid4(), uuid4()
    opened = await till.open(
        local(sale, Method.CASH, 500, Terms.TAKEN),
        local(sale, Method.CARD, 200, Terms.TAKEN),
        local(market, Method.MARKETPLACE, 900, Terms.TAKEN),
    )
    assert (await till.money(sale)).captured_minor == 700
    assert (await till.money(market)).captured_minor == 900
    for one in opened:
        assert await till.told(one.payment_id) == ["PaymentAuthorized", "PaymentCaptured"]


async def test_what_a_stores_terminal_gave_is_a_fact_and_no_wish(till):
    store = uuid4()
    wish = payments.PayOut(
        cause_kind="test.return",
        cause_id="1",
        channel_id=CHANNEL,
        method="card",
        currency="GBP",
        minor=200,
        at=NOON,
        location_id=store,
    )
    (refused,) = await till.do(payments.pay_out, wish)
    assert isinstance(refused, payments.BadDestination)
    given = msgspec.structs.replace(wish, happened=True)
    for _ in range(2):
        (paid,) = await till.do(payments.pay_out, given)
        assert paid.minor == 200
    async with till.transaction() as tx:
        day = {"start": NOON, "end": NOON + timedelta(hours=1)}
        moved = await payments.sum_moved(tx, channel_id=CHANNEL, **day)
    back = [(m.method, m.location_id, m.minor) for m in moved if m.deed == "refund"]
    assert back == [("card", store, 200)]


async def test_credit_is_used_and_comes_back(till):
    order, other = uuid4(), uuid4()
    async with till.transaction() as tx:
        await payments.put_credits(tx, [PutCredit(CUSTOMER, "GBP", 1000, terms_days=14)])

    async def used() -> int:
        async with till.transaction() as tx:
            return (await payments.credit_account(tx, CUSTOMER)).used_minor

    (opened,) = await till.open(local(order, Method.ON_ACCOUNT, 800))
    (refused,) = await till.open(local(other, Method.ON_ACCOUNT, 201))
    assert isinstance(refused, payments.CreditLimitReached)
    assert (await till.money(other)).tenders == []
    await till.do(payments.capture, request(order, 500))
    await till.do(payments.void, request(order, None))
    assert await used() == 500
    await till.do(payments.refund, request(order, 100))
    assert await used() == 400
    async with till.transaction() as tx:
        done = await payments.do_to_payment(
            tx,
            opened.payment_id,
            payments.Deed.SETTLE,
            400,
            "GBP",
            cause_kind="bank",
            cause_id="statement 1",
        )
        assert done.state is payments.OperationState.DONE
    assert await used() == 0
    async with till.transaction() as tx:
        with pytest.raises(payments.SettlementAboveDue):
            await payments.do_to_payment(
                tx,
                opened.payment_id,
                payments.Deed.SETTLE,
                1,
                "GBP",
                cause_kind="bank",
                cause_id="statement 2",
            )
        events = await log.history(tx, f"payment:{opened.payment_id}")
    captured = next(e for e in events if e.kind.endswith("PaymentCaptured"))
    assert str(date(2011, 1, 18)).encode() in bytes(captured.body)


async def test_orders_of_one_account_in_one_batch_share_its_limit(till):
    async with till.transaction() as tx:
        await payments.put_credits(tx, [PutCredit(CUSTOMER, "GBP", 1000)])
    orders = [uuid4() for _ in range(4)]
    answers = await till.open(*(local(order, Method.ON_ACCOUNT, 300) for order in orders))
    assert [isinstance(a, Refusal) for a in answers] == [False, False, False, True]


async def test_racing_orders_never_pass_the_limit(till):
    async with till.transaction() as tx:
        await payments.put_credits(tx, [PutCredit(CUSTOMER, "GBP", 1000)])
    answers = await asyncio.gather(
        *(till.open(local(uuid4(), Method.ON_ACCOUNT, 300)) for _ in range(12))
    )
    assert sum(not isinstance(a, Refusal) for (a,) in answers) == 3


async def test_a_lane_can_take_back_what_it_took(till):
    kept, gone = uuid4(), uuid4()
    async with till.transaction() as tx:
        await payments.put_credits(tx, [PutCredit(CUSTOMER, "GBP", 1000)])
    async with till.transaction() as tx:
        wishes = [local(gone, Method.ON_ACCOUNT, 900), local(kept, Method.ON_ACCOUNT, 900)]
        sheet = await payments.tender_sheet(tx, wishes)
        assert isinstance(sheet.take(wishes[:1]), list)
        assert isinstance(sheet.take(wishes[1:]), payments.CreditLimitReached)
        sheet.undo(gone)
        assert isinstance(sheet.take(wishes[1:]), list)
        await sheet.write(tx)
        assert (await payments.credit_account(tx, CUSTOMER)).used_minor == 900
    assert (await till.money(gone)).tenders == []
    assert (await till.money(kept)).authorized_minor == 900


async def test_one_refused_tender_refuses_its_order_and_no_other(till):
    good, bad = uuid4(), uuid4()
    answers = await till.open(
        local(bad, Method.CASH, 100, Terms.AT_COLLECTION),
        local(good, Method.CASH, 100, Terms.AT_COLLECTION),
        card(bad),
    )
    assert [type(a).__name__ for a in answers] == ["UnknownProvider", "Opened", "UnknownProvider"]
    assert (await till.money(bad)).tenders == []


async def test_racing_captures_never_take_more_than_authorized(till):
    order = uuid4()
    await till.open(local(order, Method.CASH, 1000, Terms.AT_COLLECTION))
    answers = await asyncio.gather(
        *(till.do(payments.capture, request(order, 300, str(n))) for n in range(10))
    )
    assert sum(not isinstance(a, Refusal) for (a,) in answers) == 3
    assert (await till.money(order)).captured_minor == 900


async def test_a_wrong_currency_or_payment_is_refused(till):
    order = uuid4()
    (opened,) = await till.open(local(order, Method.CASH, 100, Terms.AT_COLLECTION))

    async def do(tx: Tx, payment_id: UUID, currency: str, deed=payments.Deed.CAPTURE) -> None:
        await payments.do_to_payment(
            tx, payment_id, deed, 1, currency, cause_kind="t", cause_id="1"
        )

    async with till.transaction() as tx:
        with pytest.raises(payments.WrongCurrency):
            await do(tx, opened.payment_id, "EUR")
        with pytest.raises(payments.PaymentNotFound):
            await do(tx, uuid4(), "GBP")
        with pytest.raises(payments.NotOnAccount):
            await do(tx, opened.payment_id, "GBP", payments.Deed.SETTLE)


async def test_credit_keeps_its_currency_while_in_use(till):
    async with till.transaction() as tx:
        await payments.put_credits(tx, [PutCredit(CUSTOMER, "GBP", 1000)])
    await till.open(local(uuid4(), Method.ON_ACCOUNT, 10))
    async with till.transaction() as tx:
        (same, other) = [
            (await payments.put_credits(tx, [PutCredit(CUSTOMER, currency, 5)]))[0]
            for currency in ("GBP", "EUR")
        ]
    assert (same.limit_minor, same.used_minor) == (5, 10)
    assert isinstance(other, payments.CreditInUse)


async def test_old_messages_are_forgotten(till):
    async with till.transaction() as tx:
        tx.now += timedelta(days=365)
        await payments.tidy(tx)
