"""What channels say of money: each payment once, and in the end the books say the same."""

import itertools
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.domain.registers import (
    Books,
    ChannelMoney,
    MoneyStanding,
    missing_minor,
)
from crosslane.platform.database import Database
from tests.channels.bazaar import about, order
from tests.channels.market import Market, moved, open_market, paid

minors = st.integers(0, 500)


@pytest.fixture
async def market(database: Database, tenant: str) -> Market:
    return await open_market(database, tenant)


@given(worth=minors, cancelled=minors, refunded=minors, first=st.booleans())
def test_a_refund_and_the_cancellation_it_is_for_end_alike_in_any_order(
    worth: int, cancelled: int, refunded: int, first: bool
):
    left = max(0, worth - cancelled)
    told = ChannelMoney(captured=worth, refunded=min(refunded, worth))
    back = 0
    if first:
        books = Books(worth=worth, captured=worth, refunded=0)
        back += max(0, -missing_minor(told, books))
    back += max(0, worth - back - left)
    books = Books(worth=left, captured=worth, refunded=back)
    back -= missing_minor(told, books)
    assert worth - back == min(left, worth - told.refunded)


@given(worth=minors, captured=minors, refunded=minors, taken=minors, given_back=minors)
def test_what_is_missing_is_missing_no_more_once_it_is_booked(
    worth: int, captured: int, refunded: int, taken: int, given_back: int
):
    told = ChannelMoney(captured=taken, refunded=given_back)
    books = Books(worth=worth, captured=captured + refunded, refunded=refunded)
    missing = missing_minor(told, books)
    after = Books(
        worth=worth,
        captured=books.captured + max(0, missing),
        refunded=books.refunded + max(0, -missing),
    )
    assert missing_minor(told, after) == 0
    assert after.refunded <= after.captured


@given(
    payments=st.lists(st.tuples(st.sampled_from(["captured", "refunded"]), minors), max_size=5),
    known=st.integers(0, 5),
)
def test_money_told_in_two_accounts_counts_once_whichever_is_told_of_more(
    payments: list[tuple[str, int]], known: int
):
    once = [MoneyStanding(version=1, step=step, minor=minor) for step, minor in payments]
    again = [msgspec.structs.replace(one, account="tenders") for one in once]
    assert ChannelMoney.of([*once, *again[:known]]) == ChannelMoney.of(once)
    assert ChannelMoney.of([*again, *once[:known]]) == ChannelMoney.of(once)


async def test_a_payment_told_as_transaction_and_as_tender_is_booked_once(market: Market):
    await market.tell(order("B-1", ("MUG", 1), ("SPOON", 3)))
    await market.tell(
        paid("captured", 400, "T-1"),
        paid("captured", 400, "tender/1", account="tenders"),
        paid("refunded", 50, "tender/2", account="tenders"),
        paid("refunded", 50, "T-2"),
    )
    assert await market.money() == (400, 50)
    await market.assert_sound()


async def test_payments_told_in_any_order_and_number_end_in_the_same_books(market: Market):
    chance = random.Random(7)  # noqa: S311 - not for secrets
    for number in range(6):
        name = f"B-{number}"
        messages = [
            order(name, ("MUG", 2), ("SPOON", 3)),
            paid("authorized", 500, f"A-{number}", order=name),
            paid("captured", 500, f"K-{number}", order=name),
            about("amendment", name, 2, lines=[{"id": "2", "quantity": 1}]),
            paid("refunded", 200, f"R-{number}", order=name, outcome="pending"),
            paid("refunded", 200, f"R-{number}", 2, order=name),
            paid("refunded", 50, f"G-{number}", order=name),
        ]
        shuffled = messages + chance.choices(messages, k=3) if number else messages
        if number:
            chance.shuffle(shuffled)
        for message in shuffled:
            await market.tell(message)
        captured, refunded = await market.money(name)
        assert (captured, refunded) == (500, 250), (number, [m["source_id"] for m in shuffled])
    assert set(await market.states()) <= {"applied", "repeated", "outdated", "kept"}
    await market.assert_sound()


async def test_money_taken_and_given_outside_balances_the_ledger(market: Market):
    await market.tell(order("B-1", ("MUG", 2)), order("B-2", ("MUG", 1)))
    await market.tell(paid("captured", 200), paid("refunded", 30, "M-2"))
    await market.tell(moved("shipped", tracking=["T1"]))
    await market.tell(about("cancellation", "B-2"), paid("refunded", 100, "M-3", order="B-2"))
    await market.tell(paid("disputed", 170, "D-1", reason="fraud"))
    await market.tell(paid("dispute_won", 170, "D-1", 2))
    assert set(await market.states()) == {"applied"}, await market.messages()
    assert await market.money() == (200, 30)
    assert await market.money("B-2") == (100, 100)
    async with market.database.transaction(market.tenant, read_only=True) as tx:
        rows = await tx.fetch(
            "select account, sum(minor)::int from ledger_posting where account in"
            " ('clearing', 'receivable_marketplace', 'chargebacks') group by 1 order by 1"
        )
    # The customer of the first order has been given 30 without a reason our order knows of.
    assert {row[0]: row[1] for row in rows} == {
        "chargebacks": 0,
        "clearing": 30,
        "receivable_marketplace": 170,
    }
    await market.assert_sound()


async def test_a_dispute_told_in_any_order_ends_as_it_ended(market: Market):
    steps = ("disputed", "dispute_lost", "dispute_won")
    for number, sequence in enumerate(itertools.permutations(range(3))):
        name = f"B-{number}"
        await market.tell(order(name, ("MUG", 1)))
        for place in sequence:
            told = paid(steps[place], 100, f"D-{number}", place + 1, order=name)
            await market.tell(told, told)
        shown = await market.order(name)
        (tender,) = shown.money.tenders
        assert tender.charged_back_minor == 0, sequence
    assert set(await market.states()) <= {"applied", "repeated", "outdated"}
    await market.assert_sound()


async def test_an_order_the_channel_has_no_money_for_goes_once_it_is_paid(market: Market):
    stop = [{"kind": "payment", "reason": "not paid yet"}]
    await market.tell(paid("authorized", 60, "M-1"), order("B-1", ("MUG", 1), stops=stop))
    assert await market.stages() == {"allocated": 1}
    await market.tell(paid("captured", 100, "M-2", outcome="pending"))
    await market.tell(paid("captured", 100, "M-3", outcome="failed", reason="no funds"))
    assert await market.stages() == {"allocated": 1}
    await market.tell(paid("captured", 100, "M-2", 2))
    assert await market.stages() == {"released": 1}
    assert (await market.codes())[2:] == [("kept", "pending"), ("kept", "failed"), ("applied", "")]
    await market.assert_sound()


async def test_money_told_before_its_return_is_not_given_twice(market: Market):
    goods = [{"id": "1", "quantity": 1, "reason": "changed_mind", "disposition": "sellable"}]
    sold = [{"id": "1", "sku": "MUG", "quantity": 2, "method": "carry_out", "store": "S0001"}]
    for number, sequence in enumerate(itertools.permutations(range(3))):
        name, back = f"B-{number}", f"R-{number}"
        lines = [line | {"unit_price_milli": 100_000} for line in sold]
        await market.tell(order(name, lines=lines, ship_to=None))
        messages = [
            about("return", back, 1, order=name, step="arrived", lines=goods, location="S0001"),
            about("return", back, 2, order=name, step="refunded", lines=goods, refunded_minor=110),
            paid("refunded", 110, f"M-{number}", order=name),
        ]
        for place in sequence:
            await market.tell(messages[place])
        assert await market.money(name) == (200, 110), sequence
        shown = await market.order(name)
        assert shown.money.worth_minor == 90, sequence
    assert set(await market.states()) == {"applied"}
    await market.assert_sound()


async def test_what_asks_nothing_is_kept_and_what_does_not_fit_is_shown(market: Market):
    cash = [{"method": "cash"}]
    lines = [{"sku": "MUG", "quantity": 1, "method": "pickup", "store": "S0001"}]
    at_till = order("B-2", lines=lines, tenders=cash, ship_to=None)
    await market.tell(order("B-1", ("MUG", 1)), at_till)
    await market.tell(
        paid("paid_out", 900, "1", order=""),
        paid("fee", 10, "2", order=""),
        paid("stored_value", 10, "3"),
        paid("captured", 10, "4", order=""),
        paid("captured", 100, "5", order="B-2"),
        paid("captured", 100, "6") | {"currency": "EUR"},
        paid("refunded", 10, "7", order="B-9"),
    )
    assert (await market.codes())[2:] == [
        ("kept", "not-settled-here"),
        ("kept", "not-settled-here"),
        ("kept", "own-gift-card"),
        ("kept", "of-no-order"),
        ("kept", "paid-elsewhere"),
        ("quarantined", "wrong-currency"),
        ("parked", "order-missing"),
    ]
    await market.assert_sound()
