"""What gift cards and store credit hold is owed by the books, per entity and to the minor unit."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from crosslane import finance, ledger, locations, organization, payments
from crosslane.orders import TenderWish
from crosslane.organization import PutChannel, PutEntity, Scope, SetPolicy
from crosslane.payments.domain import code_of
from crosslane.payments.service.loading import (
    GiveStoreCredit,
    IssueGiftCard,
    TopUp,
    give_store_credit,
    issue_gift_card,
    top_up,
)
from crosslane.payments.service.moving import Transfer, expire, transfer
from crosslane.payments.service.stored import hash_code
from crosslane.platform.database import Tx
from crosslane.platform.lane import Lanes
from crosslane.platform.seals import use_secret
from crosslane.verify import verify
from crosslane.verify.finance import RULES
from tests.finance.conftest import Books
from tests.finance.test_books import TILL_DAY, TILL_TIME, till_sale, today
from tests.orders.world import LONG_AGO, place
from tests.soundness import list_findings

use_secret(b"a secret of the tests alone")


class Desk:
    """Two entities, one of which sells gift cards and the other takes them."""

    till: UUID
    store: UUID

    def __init__(self, books: Books, lanes: Lanes) -> None:
        self.books, self.lanes = books, lanes

    async def found(self) -> None:
        async with self.books.transaction() as tx:
            await organization.put_entity(tx, PutEntity("north", "North Ltd", "GB", "GBP"))
            channel = PutChannel("north", "north", "store", "marlow", "gb", "north")
            await organization.put_channel(tx, channel)
            value = {"backdating": True}
            where = Scope("channel", "north")
            wish = SetPolicy("orders.intake", value, "as agreed", where, LONG_AGO)
            await organization.set_policy(tx, wish)
        async with self.books.transaction() as tx:
            self.till = (await organization.book(tx)).channel("till").id
            self.store = (await locations.network(tx)).require("S0001").id

    async def gift_card(self, minor: int, channel: str = "till") -> UUID:
        wish = IssueGiftCard(
            channel=channel,
            minor=minor,
            code=hash_code(code_of(uuid4().bytes)),
            paid_by="cash",
            reference="",
            location_id=self.store,
            customer_id=None,
        )
        async with self.books.transaction() as tx:
            return (await issue_gift_card(tx, wish)).id

    async def do(self, use_case, wish):
        async with self.books.transaction() as tx:
            return await use_case(tx, wish)

    async def owed(self, entity: str) -> dict[str, int]:
        await self.books.post()
        async with self.books.transaction() as tx:
            found = await ledger.balances(tx, entity=entity)
        return {b.account: b.balance_minor for b in found if b.balance_minor}

    async def differences(self, channel: str, day: date) -> int:
        async with self.books.transaction() as tx:
            figures = await finance.day_figures(tx, day=day, channel=channel)
        return figures.difference_minor

    async def now(self) -> date:
        async with self.books.transaction() as tx:
            return today(tx)

    async def sound(self) -> None:
        await self.books.post()
        async with self.books.transaction() as tx:
            assert await verify(tx) == []
        for channel in ("till", "north", "web"):
            for day in (TILL_DAY, await self.now()):
                assert await self.differences(channel, day) == 0, (channel, day)


@pytest.fixture
async def desk(books: Books, lanes: Lanes) -> Desk:
    desk = Desk(books, lanes)
    await desk.found()
    return desk


async def buy_with(desk: Desk, card: UUID, minor: int, channel: str) -> UUID:
    tenders = [
        TenderWish(method="stored_value", account=card, minor=minor),
        TenderWish(method="cash"),
    ]
    wished = till_sale("LAMP", channel=channel, tenders=tenders)
    return (await place(desk.lanes, desk.books.tenant, wished)).id


async def test_a_card_of_one_entity_that_pays_at_another_is_settled_between_them(desk: Desk):
    card = await desk.gift_card(2000)
    before = await desk.owed("mf")
    assert (before["cash"], before["stored_value"]) == (2000, -2000)
    await buy_with(desk, card, 1500, "north")
    mf, north = await desk.owed("mf"), await desk.owed("north")
    assert mf["stored_value"] == -500
    assert "stored_value" not in north
    assert "clearing" not in north
    # The card's entity owes what the card has paid; the store's cash is that entity's too.
    cash = 2499 - 1500
    assert mf["cash"] == 2000 + cash
    assert north["intercompany_receivable"] >= 1500 + cash
    await desk.sound()


async def test_everything_that_happens_to_stored_value_is_booked(desk: Desk):
    customer = uuid4()
    card, other = await desk.gift_card(1000), await desk.gift_card(300, "north")
    more = TopUp(
        account_id=card,
        minor=200,
        currency="GBP",
        paid_by="card",
        reference="",
        location_id=desk.store,
    )
    await desk.do(top_up, more)
    await desk.do(transfer, Transfer(account_id=card, to=other, minor=500, reason="lost"))
    credit = GiveStoreCredit(customer_id=customer, channel="web", minor=250, reason="late")
    account = await desk.do(give_store_credit, credit)
    wish = payments.PayOut(
        cause_kind="test.blind",
        cause_id="1",
        channel_id=desk.till,
        method="stored_value",
        currency="GBP",
        minor=40,
        at=TILL_TIME,
        account=account.id,
    )
    await desk.do(payments.pay_out, [wish])
    mf, north = await desk.owed("mf"), await desk.owed("north")
    assert mf["stored_value"] == -(1000 + 200 - 500) - 250 - 40
    assert north["stored_value"] == -(300 + 500)
    assert mf["appeasements"] == 250
    assert mf["clearing"] == 40
    await desk.sound()


@pytest.mark.parametrize(
    ("breakage", "booked"), [("income", "breakage"), ("escheat", "unclaimed_property")]
)
async def test_what_runs_out_is_income_or_owed_to_the_state(desk: Desk, breakage, booked):
    async with desk.books.transaction() as tx:
        value = {"gift_card_months": 1, "breakage": breakage}
        where = Scope("channel", "till")
        await organization.set_policy(
            tx, SetPolicy("payments.stored_value", value, "law", where, LONG_AGO)
        )
    await desk.gift_card(700)
    async with desk.books.transaction() as tx:
        await tx.execute("update payments_account set expires_at = now() - interval '1 day'")
    async with desk.books.transaction() as tx:
        await expire(tx)
    mf = await desk.owed("mf")
    assert "stored_value" not in mf
    assert mf[booked] == -700
    await desk.sound()


async def defects(tx: Tx, planted: str) -> set[str]:
    await tx.execute(planted)
    return {found.rule.removeprefix("finance.") for found in await verify(tx, RULES)}


@pytest.mark.parametrize(
    ("planted", "rules"),
    [
        (
            "update ledger_posting set minor = minor - 1 where account = 'stored_value'",
            {"value_posted", "liability"},
        ),
        (
            "update payments_account set balance_minor = balance_minor + 1",
            {"liability"},
        ),
        (
            "delete from ledger_entry where cause_kind = 'payments.StoredValueIssued'",
            {"value_posted", "liability"},
        ),
        ("update payments_account_entry set minor = minor + 1", {"value_posted"}),
        (
            "update ledger_posting set account = 'payables' where account = 'stored_value'",
            {"value_posted", "liability"},
        ),
    ],
)
async def test_a_planted_defect_is_named(desk: Desk, planted: str, rules: set[str]):
    await desk.gift_card(700)
    await desk.books.post()
    async with desk.books.transaction() as tx:
        assert await list_findings(tx) == []
        found = await defects(tx, planted)
    assert found == rules
