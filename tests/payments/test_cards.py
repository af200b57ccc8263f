"""Cards through the strict provider in its own process, with everything that goes wrong."""

import asyncio
from uuid import uuid4

import pytest
from tests.payments.fake import eventually
from tests.payments.shop import (
    captured,
    card,
    decided,
    make_due,
    request,
    settled,
    voided,
)

from crosslane import payments
from crosslane.payments import (
    State,
    Terms,
)
from crosslane.platform import effects, outbox


async def test_a_card_is_authorized_after_the_commit_and_captured_in_parts(shop, provider):
    order = uuid4()
    (opened,) = await shop.open(card(order))
    assert opened.state is State.PENDING
    assert (await shop.money(order)).undecided
    assert await provider.operations() == []
    await shop.call()
    money = await shop.money(order)
    assert (money.undecided, money.authorized_minor, money.capturable_minor) == (False, 1000, 1000)
    (asked,) = await shop.do(payments.capture, request(order, 400, "parcel 1"))
    assert asked.minor == 400
    assert (await shop.money(order)).pending_minor == 400
    await shop.do(payments.capture, request(order, 500, "parcel 2"))
    await shop.call()
    await shop.do(payments.void, request(order, None, "rest"))
    await shop.do(payments.refund, request(order, 300, "return"))
    await shop.call()
    money = await shop.money(order)
    assert (money.captured_minor, money.voided_minor, money.refunded_minor) == (900, 100, 300)
    assert (money.capturable_minor, money.refundable_minor, money.pending_minor) == (0, 600, 0)
    assert await provider.sums() == {"authorize": 1000, "capture": 900, "refund": 300, "void": 100}
    told = await shop.told(opened.payment_id)
    assert told[0] == "PaymentAuthorized"
    assert sorted(told[1:3]) == ["PaymentCaptured", "PaymentCaptured"]
    assert sorted(told[3:]) == ["PaymentRefunded", "PaymentVoided"]


async def test_a_declined_card_says_why(shop):
    order = uuid4()
    (opened,) = await shop.open(card(order, token="tok_decline_insufficient_funds"))
    await shop.call()
    (tender,) = (await shop.money(order)).tenders
    assert (tender.state, tender.reason) == (State.DECLINED, "insufficient_funds")
    assert await shop.told(opened.payment_id) == ["PaymentDeclined"]
    (refused,) = await shop.do(payments.capture, request(order, 1))
    assert isinstance(refused, payments.CaptureAboveAuthorized)


async def test_prepaid_is_captured_as_soon_as_it_is_authorized(shop, provider):
    order = uuid4()
    await shop.open(card(order, terms=Terms.PREPAID))
    await shop.call(2)
    assert (await shop.money(order)).captured_minor == 1000
    assert (await provider.sums())["capture"] == 1000


async def test_the_same_cause_asks_once(shop, provider):
    order = uuid4()
    await shop.open(card(order))
    await shop.call()
    (first,) = await shop.do(payments.capture, request(order, 400))
    (again,) = await shop.do(payments.capture, request(order, 400))
    both = await shop.do(payments.capture, *[request(order, 300, "2")] * 2)
    await shop.call()
    assert first == again
    assert both[0] == both[1]
    assert (await provider.sums())["capture"] == 700


@pytest.mark.parametrize("fault", ["error", "error_after", "timeout_after"])
@pytest.mark.parametrize("deed", ["authorize", "capture", "refund", "void"])
async def test_a_lost_answer_is_asked_for_not_repeated(shop, provider, fault, deed):
    order = uuid4()
    await provider.fault(fault, kind=deed, seconds=0.05)
    await shop.open(card(order))
    await shop.call_until(lambda: decided(shop, order))
    await shop.do(payments.capture, request(order, 600))
    await shop.do(payments.void, request(order, 400))
    await shop.call_until(lambda: settled(shop, order))
    await shop.do(payments.refund, request(order, 600))
    await shop.call_until(lambda: settled(shop, order))
    assert await provider.sums() == {"authorize": 1000, "capture": 600, "refund": 600, "void": 400}
    money = await shop.money(order)
    assert (money.captured_minor, money.voided_minor, money.refunded_minor) == (600, 400, 600)


async def test_a_killed_provider_is_asked_again(shop, provider):
    order = uuid4()
    await provider.fault("timeout_after", kind="capture", seconds=30)
    await shop.open(card(order, terms=Terms.PREPAID))
    call = asyncio.create_task(shop.call())
    await eventually(lambda: captured(provider))
    await provider.kill()
    await call
    await provider.start()
    await shop.call_until(lambda: settled(shop, order))
    assert (await provider.sums())["capture"] == 1000
    assert (await shop.money(order)).captured_minor == 1000


async def test_a_charge_that_arrives_after_the_end_goes_back_once(shop, provider):
    order = uuid4()
    (opened,) = await shop.open(card(order, terms=Terms.PREPAID))
    assert await shop.do(payments.void, request(order, None, "expired")) == [
        payments.Asked(order, [], 0)
    ]
    await shop.call(3)
    assert await provider.sums() == {"authorize": 1000, "capture": 0, "refund": 0, "void": 1000}
    assert await shop.told(opened.payment_id) == ["PaymentArrivedLate", "PaymentVoided"]
    await shop.do(payments.void, request(order, None, "expired"))
    await shop.call(3)
    assert (await provider.sums())["void"] == 1000


async def test_an_abandoned_order_gives_everything_back_also_what_is_under_way(shop, provider):
    order = uuid4()
    await shop.open(card(order))
    await shop.call()
    await shop.do(payments.capture, request(order, 300, "early"))
    await shop.call()
    await shop.do(payments.capture, request(order, 500, "under way"))
    (asked,) = await shop.do(payments.abandon, request(order, None, "off"))
    assert asked.minor == 200 + 300
    (again,) = await shop.do(payments.abandon, request(order, None, "off"))
    assert again.minor == asked.minor
    await shop.call(3)
    sums = await provider.sums()
    assert sums == {"authorize": 1000, "capture": 800, "refund": 800, "void": 200}
    money = await shop.money(order)
    assert money.captured_minor == money.refunded_minor == 800
    assert money.pending_minor == 0


async def test_a_silent_provider_declines_and_a_late_charge_goes_back(shop, provider):
    order = uuid4()
    (opened,) = await shop.open(card(order, token="tok_pending"))
    await provider.fault("pending", token="tok_pending", seconds=3600)
    for _ in range(8):
        await make_due(shop)
        await shop.call()
    assert await shop.told(opened.payment_id) == ["PaymentDeclined"]
    money = await shop.money(order)
    assert (money.undecided, money.tenders[0].state) == (False, State.DECLINED)
    await provider.kill()
    await provider.start()  # what was pending is decided as it starts
    async with shop.transaction() as tx:
        (dead,) = await effects.list_dead(tx)
        await effects.replay_dead(tx, dead.id)
    await shop.call_until(lambda: voided(shop, order))
    assert await provider.sums() == {"authorize": 1000, "capture": 0, "refund": 0, "void": 1000}
    assert await shop.told(opened.payment_id) == [
        "PaymentDeclined",
        "PaymentArrivedLate",
        "PaymentVoided",
    ]


async def test_an_unknown_capture_stays_set_aside_until_somebody_knows(shop, provider):
    order = uuid4()
    (opened,) = await shop.open(card(order))
    await shop.call()
    await provider.fault("error", kind="capture", times=8)
    await shop.do(payments.capture, request(order, 700))
    for _ in range(8):
        await make_due(shop)
        await shop.call()
    assert (await shop.told(opened.payment_id))[-1] == "PaymentUnresolved"
    money = await shop.money(order)
    assert (money.pending_minor, money.capturable_minor) == (700, 300)
    async with shop.transaction() as tx:
        (dead,) = await effects.list_dead(tx)
        await effects.replay_dead(tx, dead.id)
    await shop.call()
    assert (await shop.money(order)).captured_minor == 700


async def test_what_the_provider_refuses_is_free_again(shop, provider):
    order = uuid4()
    (opened,) = await shop.open(card(order))
    await shop.call()
    await provider.fault("decline", kind="capture")
    await shop.do(payments.capture, request(order, 700))
    await shop.call()
    assert (await shop.told(opened.payment_id))[-1] == "CaptureFailed"
    assert (await shop.money(order)).capturable_minor == 1000


async def test_waiting_ends_with_the_answer_or_in_vain(shop):
    order = uuid4()
    await shop.open(card(order))
    vain = await payments.wait_until_decided(shop.transaction, [order], seconds=0.05)
    assert vain[order].undecided
    waiting = asyncio.create_task(
        payments.wait_until_decided(shop.transaction, [order], seconds=60)
    )
    await shop.call()
    assert (await waiting)[order].authorized_minor == 1000


async def test_statements_do_not_grow_with_the_batch(shop):
    async def count(orders: int) -> int:
        async with shop.transaction() as tx:
            before = tx.statements
            await payments.open_tenders(tx, [card(uuid4()) for _ in range(orders)])
            await outbox.write(tx)
            return tx.statements - before

    await count(1)  # the first one reads which providers there are
    assert await count(1) == await count(50) == 1
