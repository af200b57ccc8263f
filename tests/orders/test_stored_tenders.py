"""Orders paid with gift cards and store credit: in parts, raced for, given back, and at a till."""

import asyncio
from uuid import UUID, uuid4

import pytest

from crosslane import organization, payments
from crosslane.kernel import Refusal, new_id
from crosslane.orders import CANCEL, PLACE, CancelUnits, LineWish, Stage, TenderWish
from crosslane.payments.service.stored import stored_value
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.personal import Erasure
from tests.orders.test_at_the_till import place_at, store, taken_at  # noqa: F401
from tests.orders.test_changes import carry
from tests.orders.world import place, view, wish
from tests.soundness import assert_sound


class Cards:
    """A shop whose customers have gift cards and store credit."""

    def __init__(self, database: Database, tenant: str, lanes: Lanes) -> None:
        self.database, self.tenant, self.lanes = database, tenant, lanes

    async def gift_card(self, minor: int) -> UUID:
        async with self.database.transaction(self.tenant) as tx:
            channel = (await organization.book(tx)).channel("web")
            (account,) = await payments.open_gift_cards(tx, [channel.id])
            await self._load(tx, channel.id, account, minor)
        return account

    async def store_credit(self, customer: UUID, minor: int) -> UUID:
        async with self.database.transaction(self.tenant) as tx:
            channel = (await organization.book(tx)).channel("web")
            asked = payments.StoredWish("mf", channel.id, "GBP", customer)
            (account,) = await payments.store_credits(tx, [asked])
            await self._load(tx, channel.id, account, minor)
        return account

    async def _load(self, tx, channel_id: UUID, account: UUID, minor: int) -> None:
        given = payments.PayOut(
            cause_kind="test.gift",
            cause_id=str(account),
            channel_id=channel_id,
            method="stored_value",
            currency="GBP",
            minor=minor,
            at=tx.now,
            account=account,
        )
        (answer,) = await payments.pay_out(tx, [given])
        assert not isinstance(answer, Refusal)

    async def holds(self, account: UUID) -> tuple[int, int]:
        async with self.database.transaction(self.tenant) as tx:
            found, _ = await stored_value(tx, account, before=None, limit=1)
        return found.balance_minor, found.held_minor

    async def order(self, *tenders: TenderWish, sku: str = "MUG", **changes):
        """Return what placing an order answers: the order or a refusal."""
        asked = wish(sku, tenders=list(tenders), source_id=str(new_id()), **changes)
        command = Command(str(new_id()), SYSTEM, asked)
        return (await self.lanes.submit(self.tenant, PLACE, command)).outcome


def by(account: UUID, minor: int | None = None) -> TenderWish:
    return TenderWish(method="stored_value", account=account, minor=minor)


CASH = TenderWish(method="cash")
MUG_SENT = 600 + 395


@pytest.fixture
def cards(database: Database, shop: str, lanes: Lanes) -> Cards:
    return Cards(database, shop, lanes)


async def test_a_gift_card_pays_a_part_and_is_taken_as_goods_leave(cards: Cards):
    card = await cards.gift_card(500)
    placed = await cards.order(by(card, 500), CASH)
    assert await cards.holds(card) == (500, 500)
    await carry_out(cards, placed.id)
    assert await cards.holds(card) == (0, 0)
    shown = await view(cards.database, cards.tenant, placed.id)
    assert shown.money.captured_minor == MUG_SENT
    await assert_sound(cards.database, cards.tenant)


async def carry_out(cards: Cards, order_id: UUID) -> None:
    path = (Stage.ALLOCATED, Stage.RELEASED, Stage.PICKED, Stage.PACKED, Stage.HANDED_OVER)
    shown = await view(cards.database, cards.tenant, order_id)
    await carry(cards.database, cards.tenant, shown, *path)


async def test_orders_of_one_moment_race_for_one_card(cards: Cards):
    card = await cards.gift_card(3 * MUG_SENT)
    answers = await asyncio.gather(*(cards.order(by(card)) for _ in range(6)))
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {type(each) for each in refused} == {payments.StoredValueTooLow}
    assert len(refused) == 3
    assert await cards.holds(card) == (3 * MUG_SENT, 3 * MUG_SENT)
    await assert_sound(cards.database, cards.tenant)


async def test_a_cancelled_order_lets_its_card_go(cards: Cards):
    card = await cards.gift_card(2000)
    placed = await cards.order(by(card))
    cancel = CancelUnits(order_id=placed.id, reason="changed my mind")
    await cards.lanes.run(cards.tenant, CANCEL, "cancel", cancel)
    assert await cards.holds(card) == (2000, 0)
    await assert_sound(cards.database, cards.tenant)


async def test_store_credit_pays_for_its_owner_alone(cards: Cards):
    first = await cards.order(CASH)
    async with cards.database.transaction(cards.tenant) as tx:
        ada = await tx.fetchval("select customer_id from orders_order where id = $1", first.id)
    theirs, others = await cards.store_credit(ada, 900), await cards.store_credit(uuid4(), 900)
    refused = await cards.order(by(others, 600), CASH)
    assert isinstance(refused, payments.errors.StoredValueOfAnother)
    await cards.order(by(theirs, 600), CASH)
    assert await cards.holds(theirs) == (900, 600)
    assert await cards.holds(others) == (900, 0)
    await assert_sound(cards.database, cards.tenant)


async def test_at_a_till_a_card_is_taken_at_once_or_refused(
    cards: Cards,
    store: UUID,  # noqa: F811
):
    card = await cards.gift_card(700)
    line = LineWish(sku="MUG", quantity=1, method="carry_out", store="S0001")
    asked = wish(line, channel="till", tenders=[by(card)], ship_to=None)
    shown = await place_at(cards.database, cards.lanes, cards.tenant, store, asked)
    (taken,) = await taken_at(cards.database, cards.tenant, shown)
    assert taken[:2] == ("stored_value", "prepaid")
    assert await cards.holds(card) == (100, 0)
    clerk = Actor("staff", "jo", frozenset({"orders:place"}), location_id=store)
    again = wish(line, channel="till", tenders=[by(card)], ship_to=None)
    answer = await cards.lanes.submit(cards.tenant, PLACE, Command(str(new_id()), clerk, again))
    assert isinstance(answer.outcome, payments.StoredValueTooLow)
    await assert_sound(cards.database, cards.tenant)


async def test_whose_it_was_is_forgotten_and_what_is_owed_stays(cards: Cards):
    customer = uuid4()
    credit = await cards.store_credit(customer, 900)
    erasure = Erasure(frozenset({customer}), frozenset())
    async with cards.database.transaction(cards.tenant) as tx:
        (exporter,) = payments.EXPORTERS
        (held,) = await exporter.export(tx, erasure.customer_ids)
        assert (held.id, held.balance_minor) == (credit, 900)
        for rows in (1, 0):
            (done,) = await payments.ERASERS[0].erase(tx, erasure)
            assert done.rows == rows
        assert await exporter.export(tx, erasure.customer_ids) == []
    assert await cards.holds(credit) == (900, 0)
    await assert_sound(cards.database, cards.tenant)


async def test_an_unknown_account_pays_nothing(cards: Cards):
    refused = await cards.order(by(uuid4()))
    assert isinstance(refused, payments.StoredValueNotFound)
    placed = await place(cards.lanes, cards.tenant, wish("MUG"))
    assert placed.gross_minor == MUG_SENT
