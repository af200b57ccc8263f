"""Verify finds each planted defect of stored value, payouts and disputes, and names the row."""

from uuid import uuid4

import pytest
from tests.payments.purse import STORE, Purse
from tests.payments.shop import NOON, request
from tests.payments.test_stored import to_account, to_cash

from crosslane import payments
from crosslane.payments import Terms
from crosslane.payments.service.moving import Transfer, transfer
from crosslane.verify import verify
from crosslane.verify.payments import RULES


@pytest.fixture
async def lived(purse: Purse) -> Purse:
    """Cards with every kind of line in their journals, and cash that a store has given."""
    card, other, order = await purse.gift_card(1000), await purse.gift_card(100), uuid4()
    await purse.shop.open(
        purse.in_cash(order, 900), purse.pay(order, card, 300), purse.pay(order, card, 200)
    )
    await purse.shop.do(payments.capture, request(order, 300))
    await purse.shop.do(payments.refund, request(order, 100))
    await purse.shop.do(payments.refund, to_account(order, 400, other, "2"))
    await purse.shop.do(payments.refund, to_cash(order, 150, "3"))
    async with purse.shop.transaction() as tx:
        await transfer(tx, Transfer(account_id=card, to=other, minor=50, reason="x"))
    payout = payments.PayOut(
        cause_kind="test.blind",
        cause_id="1",
        channel_id=purse.channels["web"],
        method="cash",
        currency="GBP",
        minor=70,
        at=NOON,
        location_id=STORE,
    )
    await purse.shop.do(payments.pay_out, payout)
    return purse


async def test_sound_stored_value_has_no_findings(lived: Purse):
    async with lived.shop.transaction() as tx:
        assert await verify(tx, RULES) == []


@pytest.mark.parametrize(
    ("planted", "rules", "subject"),
    [
        ("update payments_account set balance_minor = 1", "balance", "stored value"),
        ("delete from payments_account where held_minor = 0", "balance", "stored value"),
        ("update payments_account set held_minor = held_minor + 1", "set_aside", "stored value"),
        (
            "update payments_account_entry set minor = minor - 1 where deed = 'redeemed'",
            "balance redeemed",
            "stored value",
        ),
        (
            "delete from payments_account_entry where deed = 'credited'",
            "balance redeemed",
            "stored value",
        ),
        (
            "update payments_account_entry set minor = 60 where deed = 'transferred' and minor > 0",
            "balance transferred",
            "stored value, transfer",
        ),
        ("update payments_cash_day set paid_minor = 219", "cash_days", "cash day"),
        ("delete from payments_payout", "cash_days", "cash day"),
        (
            "update payments_payment set charged_back_minor = 1 where captured_minor > 0",
            "charged_back",
            "payment",
        ),
    ],
)
async def test_a_planted_defect_is_named(lived: Purse, planted: str, rules: str, subject: str):
    lived.shop.planted = True
    async with lived.shop.transaction() as tx:
        await tx.execute(planted)
        found = await verify(tx, RULES)
    assert {f.rule for f in found} == {f"payments.{name}" for name in rules.split()}
    assert {f.subject.partition(":")[0] for f in found} == set(subject.split(", "))


async def test_a_refund_that_no_journal_has_is_named(lived: Purse):
    """A movement to an account without its line, and one of a card that kept what it took."""
    card, order = await lived.gift_card(100), uuid4()
    await lived.shop.open(lived.pay(order, card, 60, terms=Terms.PREPAID))
    lived.shop.planted = True
    async with lived.shop.transaction() as tx:
        await tx.execute("delete from payments_account_entry where account_id = $1", card)
        found = await verify(tx, RULES)
    assert {f.rule for f in found} == {"payments.balance", "payments.redeemed"}
    assert {f.subject for f in found} == {f"stored value:{card}"}
