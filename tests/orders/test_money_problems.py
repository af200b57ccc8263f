"""A capture or refund that was refused, or that nobody knows of, is shown until it has moved."""

from uuid import UUID

import pytest

from crosslane import orders, payments
from crosslane.kernel import new_id
from crosslane.orders import CANCEL, RETRY_MONEY, CancelUnits, RetryMoney, Stage, TenderWish, errors
from crosslane.orders.service.reading import list_orders
from crosslane.payments import PutProvider, put_provider
from crosslane.payments.service.commands import RECEIVE
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Lanes
from crosslane.verify import verify
from crosslane.verify.orders import RULES
from tests.orders.test_changes import carry
from tests.orders.world import place, set_policy, view, wish
from tests.payments.fake import API_KEY, WEBHOOK_SECRET, FakeProvider
from tests.payments.test_disputes import told
from tests.reacting import react
from tests.soundness import assert_sound


class Till:
    """Orders paid by a card, and what becomes of their money."""

    def __init__(self, database: Database, tenant: str, lanes: Lanes) -> None:
        self.database, self.tenant, self.lanes = database, tenant, lanes

    async def settle(self) -> None:
        """React and call the provider, each call as often as it may be tried."""
        runner = Runner(self.database, payments.EFFECTS)
        for _ in range(40):
            done = await react(self.database, self.tenant, orders.REACTIONS)
            async with self.database.transaction(self.tenant) as tx:
                await tx.execute("update platform_effect set due_at = now() where state = 'due'")
            done += await runner.start_due(self.tenant)
            await runner.drain()
            if not done:
                return
        raise AssertionError("money never settles")

    async def sell(self) -> UUID:
        """Hand an order over whose card was authorized."""
        tender = TenderWish(method="card", provider="house", token="tok_1")
        placed = await place(self.lanes, self.tenant, wish("LAMP", tenders=[tender]))
        await self.settle()
        path = (Stage.ALLOCATED, Stage.RELEASED, Stage.PICKED, Stage.PACKED, Stage.HANDED_OVER)
        shown = await view(self.database, self.tenant, placed.id)
        await carry(self.database, self.tenant, shown, *path)
        await self.settle()
        return placed.id

    async def problems(self, order_id: UUID) -> list[tuple[str, str, int, bool]]:
        shown = await view(self.database, self.tenant, order_id)
        return [
            (p.deed, p.kind, p.retries, p.resolved_at is not None) for p in shown.money.problems
        ]

    async def listed(self, *, money_problem: bool) -> list[UUID]:
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            found = await list_orders(tx, money_problem=money_problem, limit=9)
        return [order.id for order in found]

    async def retry(self, order_id: UUID, to: payments.RefundTo | None = None) -> None:
        await self.lanes.run(self.tenant, RETRY_MONEY, str(new_id()), RetryMoney(order_id, to))
        await self.settle()

    async def dispute(self, reference: str, minor: int, status: str) -> None:
        """Have the provider tell of a dispute."""
        async with self.database.transaction(self.tenant) as tx:
            await RECEIVE.handle(tx, [told(reference, status, minor=minor)])
        await self.settle()

    async def cancel_refused(self, provider: FakeProvider) -> orders.Placed:
        """Cancel a prepaid order whose card takes no money back."""
        async with self.database.transaction(self.tenant) as tx:
            await set_policy(tx, "orders.intake", {"card_terms": "prepaid"}, "web")
        tender = TenderWish(method="card", provider="house", token="tok_1")
        placed = await place(self.lanes, self.tenant, wish("LAMP", tenders=[tender]))
        await self.settle()
        await provider.fault("decline", kind="refund")
        cancel = CancelUnits(order_id=placed.id, reason="changed my mind")
        await self.lanes.run(self.tenant, CANCEL, "cancel", cancel)
        await self.settle()
        assert await self.problems(placed.id) == [("refund", "refused", 0, False)]
        return placed


@pytest.fixture
async def till(database: Database, shop: str, lanes: Lanes, payment_provider: FakeProvider) -> Till:
    async with database.transaction(shop) as tx:
        settings = PutProvider("house", "house", payment_provider.url, API_KEY, WEBHOOK_SECRET)
        await put_provider(tx, settings)
    return Till(database, shop, lanes)


async def test_a_refused_capture_is_shown_asked_for_again_and_resolved(
    till: Till, payment_provider: FakeProvider
):
    await payment_provider.fault("decline", kind="capture", times=2)
    order_id = await till.sell()
    assert await till.problems(order_id) == [("capture", "refused", 0, False)]
    assert await till.listed(money_problem=True) == [order_id]
    assert await till.listed(money_problem=False) == []
    await till.retry(order_id)
    assert await till.problems(order_id) == [
        ("capture", "refused", 0, False),
        ("capture", "refused", 1, False),
    ]
    await till.retry(order_id)
    assert {resolved for *_, resolved in await till.problems(order_id)} == {True}
    shown = await view(till.database, till.tenant, order_id)
    assert shown.money.captured_minor == shown.money.earned_minor
    assert (await payment_provider.sums())["capture"] == shown.money.earned_minor
    assert await till.listed(money_problem=True) == []
    with pytest.raises(errors.NoMoneyProblem):
        await till.retry(order_id)
    await assert_sound(till.database, till.tenant)


async def test_a_capture_nobody_knows_of_is_asked_about_again(
    till: Till, payment_provider: FakeProvider
):
    await payment_provider.fault("error", kind="capture", times=8)
    order_id = await till.sell()
    assert await till.problems(order_id) == [("capture", "unresolved", 0, False)]
    await till.retry(order_id)
    assert await till.problems(order_id) == [("capture", "unresolved", 1, True)]
    shown = await view(till.database, till.tenant, order_id)
    assert (await payment_provider.sums())["capture"] == shown.money.captured_minor > 0
    await assert_sound(till.database, till.tenant)


async def test_a_refused_refund_is_shown_and_asked_for_again(
    till: Till, payment_provider: FakeProvider
):
    placed = await till.cancel_refused(payment_provider)
    await till.retry(placed.id)
    assert await till.problems(placed.id) == [("refund", "refused", 1, True)]
    assert (await payment_provider.sums())["refund"] == placed.gross_minor
    await assert_sound(till.database, till.tenant)


async def test_a_refund_to_a_dead_card_is_given_in_cash_where_the_policy_lets_it(
    till: Till, payment_provider: FakeProvider
):
    placed = await till.cancel_refused(payment_provider)
    to = payments.RefundTo(method="cash", location="S0001")
    with pytest.raises(payments.RefundNotTurned):
        await till.retry(placed.id, to)
    async with till.database.transaction(till.tenant) as tx:
        await set_policy(tx, "payments.refunds", {"cash_from": ["card", "cash"]}, "web")
    await till.retry(placed.id, to)
    assert await till.problems(placed.id) == [("refund", "refused", 1, True)]
    shown = await view(till.database, till.tenant, placed.id)
    assert shown.money.refunded_minor == placed.gross_minor
    assert (await payment_provider.sums())["refund"] == 0
    await assert_sound(till.database, till.tenant)


async def test_a_dispute_is_shown_until_it_is_decided_and_what_is_won_is_settled(
    till: Till, payment_provider: FakeProvider
):
    """Goods that came back while the money was in dispute are paid back once it is won."""
    order_id = await till.sell()
    (reference,) = [
        o["id"] for o in await payment_provider.operations() if o["kind"] == "authorize"
    ]
    shown = await view(till.database, till.tenant, order_id)
    earned = shown.money.captured_minor
    await till.dispute(reference, earned, "opened")
    assert await till.problems(order_id) == [("chargeback", "charged_back", 0, False)]
    assert await till.listed(money_problem=True) == [order_id]
    line = shown.lines[0]
    credit = orders.CreditRequest(
        order_id=order_id,
        cause_kind="test.return",
        cause_id=new_id(),
        at=shown.placed_at,
        lines=[orders.CreditLine(line.id, 1)],
    )
    async with till.database.transaction(till.tenant) as tx:
        (credited,) = await orders.credit(tx, [credit])
    assert isinstance(credited, orders.Credited)
    await till.settle()
    assert (await payment_provider.sums())["refund"] == 0
    await till.dispute(reference, earned, "won")
    assert await till.problems(order_id) == [("chargeback", "charged_back", 0, True)]
    assert (await payment_provider.sums())["refund"] == line.gross_minor
    await assert_sound(till.database, till.tenant)


async def test_verify_finds_a_refusal_that_no_order_shows(
    till: Till, payment_provider: FakeProvider
):
    await payment_provider.fault("decline", kind="capture")
    await till.sell()
    async with till.database.transaction(till.tenant) as tx:
        assert await verify(tx, RULES) == []
        await tx.execute("delete from orders_money_problem")
        assert [found.rule for found in await verify(tx, RULES)] == ["orders.money_problems"]
