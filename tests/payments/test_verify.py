"""Verify finds each planted defect of payments, and names the row."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from tests.payments.shop import CUSTOMER, Shop, card, local, request

from crosslane import payments
from crosslane.payments import Method, PutCredit, Terms
from crosslane.verify import verify
from crosslane.verify.payments import RULES


class Life:
    """A tender on account with every kind of movement, and a card whose call is open."""

    def __init__(self, shop: Shop, owed: UUID, card: UUID) -> None:
        self.shop, self.owed, self.card = shop, owed, card

    async def findings(self, planted: str, payment_id: UUID | None = None):
        self.shop.planted = True
        async with self.shop.transaction() as tx:
            await tx.execute(planted, *([payment_id] if payment_id else []))
            return await verify(tx, RULES)

    async def operation(self, deed: str) -> UUID:
        async with self.shop.transaction() as tx:
            return await tx.fetchval(
                "select id from payments_operation where payment_id = $1 and deed = $2",
                self.owed,
                deed,
            )


@pytest.fixture
async def life(till: Shop) -> Life:
    order, other = uuid4(), uuid4()
    async with till.transaction() as tx:
        await payments.put_credits(tx, [PutCredit(CUSTOMER, "GBP", 5000)])
        await payments.put_provider(
            tx,
            payments.PutProvider("house", "house", "http://nowhere", "key", "whsec_" + "a" * 32),
        )
    (owed,) = await till.open(local(order, Method.ON_ACCOUNT, 1000))
    await till.do(payments.capture, request(order, 600))
    await till.do(payments.refund, request(order, 100))
    await till.do(payments.void, request(order, 300))
    async with till.transaction() as tx:
        await payments.do_to_payment(
            tx, owed.payment_id, payments.Deed.SETTLE, 50, "GBP", cause_kind="b", cause_id="1"
        )
    (asked,) = await till.open(card(other, terms=Terms.PREPAID))
    return Life(till, owed.payment_id, asked.payment_id)


async def test_sound_payments_have_no_findings(life):
    assert await life.findings("select 1") == []


@pytest.mark.parametrize(
    "column", ["captured", "refunded", "voided", "settled", "capturing", "refunding", "voiding"]
)
async def test_a_wrong_amount_is_named(life, column):
    planted = f"update payments_payment set {column}_minor = {column}_minor + 1 where id = $1"  # noqa: S608
    (found,) = await life.findings(planted, life.owed)
    assert (found.rule, found.subject) == (f"payments.{column}", f"payment:{life.owed}")


async def test_a_wrong_authorization_is_named(life):
    found = await life.findings(
        "update payments_payment set authorized_minor = 1100, amount_minor = 1100 where id = $1",
        life.owed,
    )
    assert {(f.rule, f.subject) for f in found} == {("payments.authorized", f"payment:{life.owed}")}


@pytest.mark.parametrize(
    ("planted", "rules"),
    [
        ("update payments_movement set minor = minor + 1 where operation_id = $1", {"moved_once"}),
        ("delete from payments_movement where operation_id = $1", {"moved_once"}),
        ("update payments_operation set state = 'failed' where id = $1", {"moved_once"}),
        (
            "update payments_movement set payment_id = gen_random_uuid() where operation_id = $1",
            {"movement_of_operation"},
        ),
        (
            "update payments_operation set payment_id = gen_random_uuid() where id = $1",
            {"operation_of_payment", "movement_of_operation"},
        ),
        (
            "update payments_operation set order_id = gen_random_uuid() where id = $1",
            {"operation_of_payment", "movement_of_operation"},
        ),
    ],
)
async def test_a_defect_of_the_journal_names_its_operation(life, planted, rules):
    operation = await life.operation("refund")
    found = await life.findings(planted, operation)
    named = {f.rule for f in found if f.subject == f"operation:{operation}"}
    assert named == {f"payments.{rule}" for rule in rules}
    others = {f.rule for f in found} - named
    assert others <= {"payments.refunded", "payments.credit", "payments.never_too_much"}


async def test_too_much_is_found_in_the_journal_itself(life):
    operation = await life.operation("refund")
    found = await life.findings(
        "update payments_movement set minor = 601 where operation_id = $1", operation
    )
    assert ("payments.never_too_much", f"payment:{life.owed}") in {
        (f.rule, f.subject) for f in found
    }


async def test_a_wrong_state_is_named(life):
    (found,) = await life.findings(
        "update payments_payment set state = 'declined' where id = $1", life.owed
    )
    assert (found.rule, found.subject) == ("payments.state", f"payment:{life.owed}")


@pytest.mark.parametrize(
    "planted",
    ["update payments_credit set used_minor = used_minor + 1", "delete from payments_credit"],
)
async def test_wrong_credit_is_named(life, planted):
    (found,) = await life.findings(planted)
    assert (found.rule, found.subject) == ("payments.credit", f"credit:{CUSTOMER}")


async def test_money_given_on_account_without_an_order_is_part_of_it(life):
    given = payments.PayOut(
        cause_kind="return",
        cause_id="1",
        channel_id=uuid4(),
        method="on_account",
        currency="GBP",
        minor=70,
        at=datetime(2011, 1, 18, tzinfo=UTC),
        account=CUSTOMER,
    )
    async with life.shop.transaction() as tx:
        await payments.pay_out(tx, [given])
    assert await life.findings("select 1") == []
    (found,) = await life.findings("delete from payments_payout")
    assert (found.rule, found.subject) == ("payments.credit", f"credit:{CUSTOMER}")


@pytest.mark.parametrize(
    "planted", ["delete from platform_effect", "update platform_effect set state = 'done'"]
)
async def test_a_lost_call_is_named(life, planted):
    (found,) = await life.findings(planted)
    assert found.rule == "payments.called"
    assert "requested" in found.detail


async def test_money_kept_on_a_tender_that_was_given_up_is_named(life):
    (found,) = await life.findings(
        "update payments_payment set abandoned = true where id = $1", life.owed
    )
    assert (found.rule, found.subject) == ("payments.given_back", f"payment:{life.owed}")


async def test_a_gap_in_the_sequence_is_found(life):
    (found,) = await life.findings(
        "update payments_payment set sequence = 2 where id = $1", life.owed
    )
    assert found.rule == "payments.sequence"
