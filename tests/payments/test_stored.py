"""Gift cards and store credit: what they hold, who may take it, and that nothing is lost."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from tests.payments.purse import STORE, Purse, refused
from tests.payments.shop import NOON, request

from crosslane import payments
from crosslane.kernel import Refusal
from crosslane.payments import MoneyRequest, RefundTo, Terms, errors
from crosslane.payments.service.moving import (
    ReplaceCode,
    SetBlocked,
    SetOwner,
    Transfer,
    expire,
    replace_code,
    set_blocked,
    set_owner,
    transfer,
)
from crosslane.payments.service.stored import hash_code
from crosslane.platform import log


def to_account(order, minor, account, cause="1") -> MoneyRequest:
    to = RefundTo(method="stored_value", account=account)
    return msgspec.structs.replace(request(order, minor, cause), to=to)


def to_cash(order, minor, cause="1", **more) -> MoneyRequest:
    to = RefundTo(method="cash", location_id=STORE)
    return msgspec.structs.replace(request(order, minor, cause), to=to, **more)


async def test_a_gift_card_pays_for_parts_of_several_orders(purse: Purse):
    card = await purse.gift_card(1000)
    first, second = uuid4(), uuid4()
    await purse.shop.open(purse.pay(first, card, 600))
    account = await purse.account(card)
    assert (account.balance_minor, account.held_minor, account.free_minor) == (1000, 600, 400)
    (answer,) = await purse.shop.open(purse.pay(second, card, 401, channel="franchise"))
    assert refused(answer) is errors.StoredValueTooLow
    await purse.shop.open(purse.pay(second, card, 400, channel="franchise"))
    await purse.shop.do(payments.capture, request(first, 600), request(second, 150))
    await purse.shop.do(payments.void, request(second, None))
    await purse.shop.do(payments.refund, request(first, 100))
    account = await purse.account(card)
    assert (account.balance_minor, account.held_minor) == (350, 0)
    assert await purse.journal(card) == [
        ("issued", 1000),
        ("redeemed", -600),
        ("redeemed", -150),
        ("returned", 100),
    ]


async def test_two_tenders_of_one_order_do_not_use_the_same_money_twice(purse: Purse):
    card, order = await purse.gift_card(500), uuid4()
    answers = await purse.shop.open(purse.pay(order, card, 300), purse.pay(order, card, 300))
    assert {refused(answer) for answer in answers} == {errors.StoredValueTooLow}
    assert (await purse.account(card)).held_minor == 0


async def test_many_orders_race_for_one_gift_card(purse: Purse):
    card = await purse.gift_card(1000)
    orders = [uuid4() for _ in range(12)]
    channels = ["web", "franchise"]
    tenders = [
        purse.pay(order, card, 300, channel=channels[n % 2], terms=Terms.PREPAID)
        for n, order in enumerate(orders)
    ]
    answers = await asyncio.gather(*(purse.shop.open(tender) for tender in tenders))
    won = [order for order, (answer,) in zip(orders, answers, strict=True) if not refused(answer)]
    assert len(won) == 3
    assert {refused(a) for (a,) in answers} == {None, errors.StoredValueTooLow}
    account = await purse.account(card)
    assert (account.balance_minor, account.held_minor) == (100, 0)
    # Giving back races with taking again.
    again = [purse.shop.open(purse.pay(uuid4(), card, 300)) for _ in range(6)]
    back = [purse.shop.do(payments.refund, request(order, 300)) for order in won]
    await asyncio.gather(*again, *back)
    account = await purse.account(card)
    assert account.balance_minor == 1000
    assert account.held_minor in (0, 300, 600, 900)


async def test_a_till_that_was_offline_is_believed_and_the_card_is_overdrawn(purse: Purse):
    card, order = await purse.gift_card(100), uuid4()
    await purse.shop.open(purse.pay(order, card, 250, terms=Terms.TAKEN))
    assert (await purse.account(card)).balance_minor == -150
    (answer,) = await purse.shop.open(purse.pay(uuid4(), card, 1))
    assert refused(answer) is errors.StoredValueTooLow


async def test_an_order_that_is_given_up_lets_its_gift_card_go(purse: Purse):
    card, order = await purse.gift_card(900), uuid4()
    await purse.shop.open(purse.pay(order, card, 500))
    await purse.shop.do(payments.capture, request(order, 200))
    await purse.shop.do(payments.abandon, request(order, None, "off"))
    account = await purse.account(card)
    assert (account.balance_minor, account.held_minor) == (900, 0)


async def test_store_credit_pays_for_its_owner_alone(purse: Purse):
    ada, bob = uuid4(), uuid4()
    credit = await purse.store_credit(ada, 500)
    assert await purse.store_credit(ada, 250) == credit
    (answer,) = await purse.shop.open(purse.pay(uuid4(), credit, 100, owner=bob))
    assert refused(answer) is errors.StoredValueOfAnother
    await purse.shop.open(purse.pay(uuid4(), credit, 750, owner=ada))
    async with purse.shop.transaction() as tx:
        owner = SetOwner(account_id=credit, customer_id=bob, reason="one person")
        await set_owner(tx, owner)
        (found,) = await payments.stored_values_of(tx, [bob])
    assert found.id == credit


async def test_two_who_open_store_credit_at_once_get_the_same(purse: Purse):
    customer = uuid4()
    got = await asyncio.gather(*(purse.store_credit(customer, 100) for _ in range(6)))
    assert len(set(got)) == 1
    assert (await purse.account(got[0])).balance_minor == 600


async def test_a_blocked_card_pays_nothing_and_takes_back_what_it_paid(purse: Purse):
    card, order = await purse.gift_card(500), uuid4()
    await purse.shop.open(purse.pay(order, card, 200, terms=Terms.PREPAID))
    async with purse.shop.transaction() as tx:
        await set_blocked(tx, SetBlocked(account_id=card, blocked=True, reason="stolen"))
    (answer,) = await purse.shop.open(purse.pay(uuid4(), card, 1))
    assert refused(answer) is errors.StoredValueBlocked
    await purse.shop.do(payments.refund, request(order, 200))
    async with purse.shop.transaction() as tx:
        for _ in range(2):
            await set_blocked(tx, SetBlocked(account_id=card, blocked=False, reason="found"))
        told = await log.history(tx, f"stored_value:{card}")
    kinds = [entry.kind.removeprefix("payments.StoredValue") for entry in told]
    assert kinds == ["Issued", "Blocked", "Unblocked"]
    assert (await purse.account(card)).free_minor == 500


async def test_what_is_moved_is_on_the_other_card_and_nowhere_else(purse: Purse):
    one, other = await purse.gift_card(500), await purse.gift_card(100, channel="franchise")
    await purse.shop.open(purse.pay(uuid4(), one, 200))
    moves = [
        Transfer(account_id=one, to=other, minor=minor, reason="lost") for minor in (100, None)
    ]
    async with purse.shop.transaction() as tx:
        for move in moves:
            await transfer(tx, move)
        with pytest.raises(errors.NothingToMove):
            await transfer(tx, moves[1])
        with pytest.raises(errors.SameStoredValue):
            await transfer(tx, Transfer(account_id=one, to=one, minor=1, reason="x"))
    assert (await purse.account(one)).balance_minor == 200
    assert (await purse.account(other)).balance_minor == 400


async def test_opposite_transfers_do_not_wait_for_each_other_in_a_ring(purse: Purse):
    cards = [await purse.gift_card(1000), await purse.gift_card(1000)]

    async def move(n: int) -> None:
        giver, taker = cards[n % 2], cards[1 - n % 2]
        async with purse.shop.transaction() as tx:
            await transfer(tx, Transfer(account_id=giver, to=taker, minor=10 + n, reason="x"))

    await asyncio.gather(*(move(n) for n in range(8)))
    held = [(await purse.account(card)).balance_minor for card in cards]
    assert sum(held) == 2000


async def test_a_new_code_voids_the_old_one(purse: Purse):
    code, new = payments.domain.code_of(b"a" * 16), payments.domain.code_of(b"b" * 16)
    card = await purse.gift_card(500, code=code)
    async with purse.shop.transaction() as tx:
        lost = ReplaceCode(account_id=card, code=hash_code(new), reason="lost")
        assert (await replace_code(tx, lost)).code_end == new[-4:]
        rows = await tx.fetch("select code_hash from payments_account")
    assert [bytes(row["code_hash"]) for row in rows] == [hash_code(new).digest]


async def test_what_runs_out_is_taken_once_and_set_aside_money_is_left_to_its_order(purse: Purse):
    await purse.rule("payments.stored_value", {"gift_card_months": 1, "breakage": "escheat"})
    card, order = await purse.gift_card(500), uuid4()
    await purse.shop.open(purse.pay(order, card, 200))
    async with purse.shop.transaction() as tx:
        assert await expire(tx) is False
        await tx.execute("update payments_account set expires_at = now() - interval '1 day'")
    for _ in range(2):
        async with purse.shop.transaction() as tx:
            await expire(tx)
    (answer,) = await purse.shop.open(purse.pay(uuid4(), card, 1))
    assert refused(answer) is errors.StoredValueExpired
    assert await purse.journal(card) == [("issued", 500), ("expired", -300)]
    await purse.shop.do(payments.void, request(order, None))
    async with purse.shop.transaction() as tx:
        await expire(tx)
        told = await log.history(tx, f"stored_value:{card}")
    bodies = [msgspec.json.decode(entry.body) for entry in told[1:]]
    assert [(b["minor"], b["breakage"]) for b in bodies] == [(300, "escheat"), (200, "escheat")]
    assert (await purse.account(card)).balance_minor == 0


async def test_money_that_comes_back_to_what_has_run_out_is_valid_again(purse: Purse):
    card, order = await purse.gift_card(500), uuid4()
    await purse.shop.open(purse.pay(order, card, 500, terms=Terms.PREPAID))
    async with purse.shop.transaction() as tx:
        await tx.execute("update payments_account set expires_at = now() - interval '1 day'")
    await purse.shop.do(payments.refund, request(order, 300))
    async with purse.shop.transaction() as tx:
        await expire(tx)
        now = tx.now
    account = await purse.account(card)
    assert account.free_minor == 300
    assert account.expires_at is not None
    assert timedelta(days=89) < account.expires_at - now <= timedelta(days=90)


async def test_cash_money_is_given_back_as_store_credit(purse: Purse):
    customer, order = uuid4(), uuid4()
    await purse.shop.open(purse.in_cash(order, 700))
    async with purse.shop.transaction() as tx:
        wish = payments.StoredWish("mf", purse.channels["web"], "GBP", customer)
        credit, same = await payments.store_credits(tx, [wish, wish])
    assert credit == same
    asked = to_account(order, 300, credit)
    async with purse.shop.transaction() as tx:
        (quoted,) = await payments.quote_refunds(tx, [asked])
        assert quoted.minor == 300
    assert (await purse.account(credit)).balance_minor == 0
    for _ in range(2):
        await purse.shop.do(payments.refund, asked)
    assert await purse.journal(credit) == [("credited", 300)]
    money = await purse.shop.money(order)
    assert (money.refunded_minor, money.refundable_minor) == (300, 400)
    (answer,) = await purse.shop.do(payments.refund, to_account(order, 401, credit, "2"))
    assert refused(answer) is errors.RefundAboveCaptured
    (answer,) = await purse.shop.do(payments.refund, to_account(order, 1, uuid4(), "3"))
    assert refused(answer) is errors.StoredValueNotFound


async def test_stored_value_goes_back_to_its_own_card_before_money_turns(purse: Purse):
    card, order = await purse.gift_card(400), uuid4()
    await purse.shop.open(
        purse.in_cash(order, 700), purse.pay(order, card, 400, terms=Terms.PREPAID)
    )
    await purse.shop.do(payments.refund, to_cash(order, 600))
    assert (await purse.account(card)).balance_minor == 400
    async with purse.shop.transaction() as tx:
        day = {"start": NOON, "end": NOON + timedelta(hours=1)}
        moved = await payments.sum_moved(tx, channel_id=purse.channels["web"], **day)
    back = {(m.method, m.location_id): m.minor for m in moved if m.deed == "refund"}
    assert back == {("stored_value", None): 400, ("cash", STORE): 200}


async def test_a_store_gives_no_more_cash_on_a_day_than_its_policy_says_however_many_ask(
    purse: Purse,
):
    await purse.rule("payments.refunds", {"cash_refund_minor_max": 300, "cash_day_minor_max": 1000})
    orders = [uuid4() for _ in range(6)]
    await purse.shop.open(*(purse.in_cash(order, 900) for order in orders))
    (answer,) = await purse.shop.do(payments.refund, to_cash(orders[0], 301))
    assert refused(answer) is errors.CashRefundTooHigh
    payouts = [
        payments.PayOut(
            cause_kind="test.blind",
            cause_id=str(n),
            channel_id=purse.channels["web"],
            method="cash",
            currency="GBP",
            minor=300,
            at=NOON,
            location_id=STORE,
        )
        for n in range(3)
    ]
    answers = await asyncio.gather(
        *(purse.shop.do(payments.refund, to_cash(order, 300)) for order in orders),
        *(purse.shop.do(payments.pay_out, wish) for wish in payouts),
    )
    given = [a for (a,) in answers if not isinstance(a, Refusal)]
    assert len(given) == 3
    assert {refused(a) for (a,) in answers} == {None, errors.CashDayUsedUp}
    # What a till has given already is booked, and the next day begins anew.
    (answer,) = await purse.shop.do(payments.refund, to_cash(orders[0], 500, "2", happened=True))
    assert answer.minor == 500
    tomorrow = msgspec.structs.replace(to_cash(orders[5], 300, "3"), at=NOON + timedelta(days=1))
    (answer,) = await purse.shop.do(payments.refund, tomorrow)
    assert answer.minor == 300


async def test_a_payout_happens_once_per_cause_however_many_ask_at_once(purse: Purse):
    card = await purse.gift_card(100)
    wish = payments.PayOut(
        cause_kind="test.blind",
        cause_id="7",
        channel_id=purse.channels["franchise"],
        method="stored_value",
        currency="GBP",
        minor=250,
        at=NOON,
        account=card,
    )
    answers = await asyncio.gather(*(purse.shop.do(payments.pay_out, wish) for _ in range(5)))
    assert len({answer.payout_id for (answer,) in answers}) == 1
    assert (await purse.account(card)).balance_minor == 350


async def test_a_refused_order_leaves_a_gift_card_as_it_was(purse: Purse):
    card, one, other = await purse.gift_card(500), uuid4(), uuid4()
    tenders = [purse.pay(one, card, 300, terms=Terms.PREPAID), purse.pay(other, card, 200)]
    async with purse.shop.transaction() as tx:
        sheet = await payments.tender_sheet(tx, tenders)
        for tender in tenders:
            assert not isinstance(sheet.take([tender]), Refusal)
        sheet.undo(one)
        await sheet.write(tx)
    account = await purse.account(card)
    assert (account.balance_minor, account.held_minor) == (500, 200)
    assert await purse.journal(card) == [("issued", 500)]
