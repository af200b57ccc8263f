"""Goods of the web shop over the counter of a store: what the books and statements make of it."""

from collections import Counter
from datetime import date, timedelta

import pytest

from crosslane import finance, ledger, locations, organization, returns
from crosslane.finance import RowOf, StatementOf
from crosslane.finance.domain import Section, business_day
from crosslane.kernel import Refusal, new_id
from crosslane.orders import BuyerWish, LineWish, TenderWish
from crosslane.organization import PutChannel, Scope, SetPolicy
from crosslane.payments.domain import code_of
from crosslane.payments.service.loading import IssueGiftCard, issue_gift_card
from crosslane.payments.service.stored import hash_code
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.log import run_reaction
from crosslane.platform.seals import use_secret
from crosslane.returns import ExchangeWish, RefundWish
from crosslane.returns.service.wishes import DeskCharge
from crosslane.verify import Finding, all_rules, verify
from tests.finance.conftest import Books
from tests.finance.test_books import sell as sell_on_the_web
from tests.orders.world import LONG_AGO, found_retailer, view
from tests.returns.counter import THEN, bring, line, open_counters, sell
from tests.soundness import list_findings

organization.register_policies(returns.POLICIES)
use_secret(b"a secret of the tests alone")
CASH = [RefundWish(method="cash")]
ALWAYS = (date(2009, 1, 1), date(2100, 1, 1))
RULES = [rule for rule in all_rules() if rule.name.startswith(("finance.", "ledger.", "returns."))]


@pytest.fixture
async def books(database: Database, tenant: str) -> Books:
    await found_retailer(database, tenant)
    await open_counters(database, tenant)
    async with database.transaction(tenant) as tx:
        value = {"return_minor": 100, "unit_minor": 25}
        wish = SetPolicy("returns.handling_credit", value, "as agreed", Scope("tenant"), LONG_AGO)
        await organization.set_policy(tx, wish)
    return Books(database, tenant)


async def follow(books: Books) -> None:
    for reaction in (*returns.REACTIONS, *finance.REACTIONS):
        while await run_reaction(books.database, books.tenant, reaction):
            pass


async def sound(books: Books) -> None:
    async with books.transaction() as tx:
        assert await list_findings(tx) == []


async def statement(books: Books, **subject) -> dict[Section, Counter]:
    """Return a statement as amounts by section, account and side, whatever the entity."""
    async with books.transaction() as tx:
        shown = await finance.statement(tx, StatementOf(*ALWAYS, **subject))
    return {
        section.section: sum(
            (Counter({(row.account, row.side): row.minor}) for row in section.rows), Counter()
        )
        for section in shown.sections
    }


async def web_order(books: Books, lanes: Lanes):
    placed = await sell_on_the_web(books, lanes, LineWish(sku="MUG", quantity=3), "LAMP")
    return await view(books.database, books.tenant, placed.id)


async def now(books: Books):
    async with books.transaction() as tx:
        return tx.now


async def test_a_franchise_store_takes_the_web_shops_goods_back(books: Books, lanes: Lanes):
    order = await web_order(books, lanes)
    await sell(books.database, lanes, books.tenant, "MUG")
    await follow(books)
    own = await statement(books, location="S0001")
    at = await now(books)
    taken = await bring(
        lanes,
        books.tenant,
        order,
        line("MUG", 2),
        channel="web",
        location="S0003",
        refunds=CASH,
        occurred_at=at,
    )
    assert not isinstance(taken, Refusal), taken
    assert taken.refund_minor == 1200
    await follow(books)
    await sound(books)
    assert await statement(books, location="S0001") == own
    desk = await statement(books, location="S0003")
    assert set(desk) == {
        Section.HANDLING_CREDITS,
        Section.PAID_OUT_FOR_OTHERS,
        Section.INTERCOMPANY,
        Section.SUPPLIES,
    }
    assert desk[Section.HANDLING_CREDITS] == {("return_handling_income", "credit"): 150}
    assert desk[Section.PAID_OUT_FOR_OTHERS] == {("cash", "credit"): 1200}
    assert desk[Section.SUPPLIES][("inventory", "debit")] == 400
    # The web shop owes the franchisee what it paid out and what its work is worth.
    assert desk[Section.INTERCOMPANY] == {("intercompany_receivable", "debit"): 1350}
    web = await statement(books, channel="web")
    assert web[Section.OWN_RETURNS][("sales_returns", "debit")] == 1000
    assert web[Section.OWN_RETURNS][("cost_of_goods", "credit")] == 400
    assert web[Section.HANDLING_CREDITS][("return_handling", "debit")] == 150
    async with books.transaction() as tx:
        day = business_day(at, "Europe/London")
        figures = await finance.day_figures(tx, day=day, channel="web")
    assert figures.difference_minor == 0


async def test_what_the_own_counter_sold_comes_back_there_without_a_credit(
    books: Books, lanes: Lanes
):
    order = await sell(books.database, lanes, books.tenant, LineWish(sku="MUG", quantity=2))
    await bring(lanes, books.tenant, order, "MUG", refunds=CASH)
    await bring(lanes, books.tenant, order, "MUG", location="S0002", refunds=CASH)
    await follow(books)
    await sound(books)
    seller = await statement(books, location="S0001")
    other = await statement(books, location="S0002")
    assert seller[Section.OWN_RETURNS][("sales_returns", "debit")] == 1021
    assert Section.HANDLING_CREDITS not in seller
    assert Section.OWN_RETURNS not in other
    assert other[Section.HANDLING_CREDITS] == {("return_handling_income", "credit"): 125}


async def test_blind_goods_lower_no_stores_sales_and_the_day_agrees(books: Books, lanes: Lanes):
    priced = line("MUG", 2, unit_price_milli=500_000, tax_rate_bp=1750)
    taken = await bring(
        lanes,
        books.tenant,
        None,
        priced,
        refunds=CASH,
        blind_override_reason="known customer",
        charges=[DeskCharge(kind="fee", title="Restocking", gross_minor=100)],
    )
    assert not isinstance(taken, Refusal), taken
    await follow(books)
    await sound(books)
    store = await statement(books, location="S0001")
    assert set(store) == {Section.PAID_OUT_FOR_OTHERS, Section.SUPPLIES}
    till = await statement(books, channel="till")
    assert till[Section.OWN_RETURNS][("sales_returns", "debit")] == 851
    async with books.transaction() as tx:
        figures = await finance.day_figures(tx, day=date(2010, 12, 10), channel="till")
    assert figures.difference_minor == 0
    assert figures.net_sales_minor == -851
    assert figures.charges_minor > 0
    assert figures.money_minor == -900


async def test_goods_that_are_destroyed_are_the_sellers_loss(books: Books, lanes: Lanes):
    order = await web_order(books, lanes)
    gone = line("MUG", 1, disposition="destroy", item_state="faulty", reason="faulty")
    await bring(
        lanes,
        books.tenant,
        order,
        gone,
        channel="web",
        location="S0003",
        occurred_at=await now(books),
    )
    await follow(books)
    await sound(books)
    web = await statement(books, channel="web")
    assert web[Section.SUPPLIES][("inventory_adjustment", "debit")] == 200
    async with books.transaction() as tx:
        found = await ledger.balances(tx, account="inventory_adjustment", by=["location"])
    assert {(b.entity, b.balance_minor) for b in found if b.balance_minor} == {("mf", 200)}


PLANTED = [
    ("update ledger_posting set minor = minor + 1 where account = 'sales_returns'",
     "credits_posted"),
    ("delete from ledger_entry where cause_kind = 'orders.LinesCredited'", "credits_posted"),
    ("update orders_credit set net_minor = net_minor - 1", "credits_told"),
    ("delete from platform_log where kind = 'orders.LinesCredited'", "credits_told"),
    ("update ledger_posting p set location_id = l.id from locations_location l"
     " where l.code = 'S0003' and p.account = 'sales_returns'", "returned_where_sold"),
    ("update ledger_posting set minor = minor + 1 where account = 'cost_of_goods' and minor < 0",
     "costs_back"),
    ("update ledger_posting set minor = minor - 1 where account = 'return_handling_income'",
     "handling_posted"),
    ("update ledger_posting set location_id = null where account = 'return_handling_income'",
     "handling_posted"),
    ("delete from returns_credit", "handling_decided handling_told"),
    ("update returns_credit set minor = minor - 1", "handling_told"),
    ("insert into returns_credit select gen_random_uuid(), return_id, subject_no, location_id,"
     " channel_id, customer_id, currency, day, 0, -1, '', null, id, actor, occurred_at, at"
     " from returns_credit", "handling_told handling_reversed"),
    ("insert into orders_attribution select id, 'saved_sale', 'location', 'S0001', 10000,"
     " (select 'return:' || id from returns_return), now() from orders_line limit 1",
     "saved_sales"),
]  # fmt: skip


async def test_planted_defects_are_named(books: Books, lanes: Lanes):
    order = await web_order(books, lanes)
    told = {"channel": "web", "location": "S0003", "occurred_at": await now(books)}
    await bring(lanes, books.tenant, order, "MUG", **told)
    await follow(books)
    await sound(books)
    for planted, rules in PLANTED:
        found = await findings(books, planted)
        names = {f"finance.{name}" for name in rules.split()}
        assert {f.rule for f in found if f.rule in OURS} == names, (planted, found)


OURS = {
    f"finance.{name}"
    for name in (
        "credits_posted",
        "credits_told",
        "returned_where_sold",
        "costs_back",
        "handling_posted",
        "handling_decided",
        "handling_told",
        "handling_reversed",
        "saved_sales",
    )
}


async def findings(books: Books, planted: str) -> list[Finding]:
    """Plant a defect, look for it, and take it back."""
    async with books.transaction() as tx:
        await tx.execute("savepoint sound")
        await tx.execute(planted)
        found = await verify(tx, RULES)
        await tx.execute("rollback to sound")
    return found


async def test_each_row_of_the_desk_leads_to_its_postings(books: Books, lanes: Lanes):
    order = await web_order(books, lanes)
    at = await now(books)
    for location in ("S0003", "S0002"):
        await bring(
            lanes, books.tenant, order, "MUG", channel="web", location=location, occurred_at=at
        )
    await follow(books)
    day = business_day(at, "Europe/London")
    async with books.transaction() as tx:
        for code in ("S0002", "S0003"):
            wish = StatementOf(day, day + timedelta(days=1), location=code)
            shown = await finance.statement(tx, wish)
            for section in shown.sections:
                for row in section.rows:
                    names = RowOf(row.account, row.side, row.entity, row.currency, row.channel)
                    lines = await finance.list_lines(tx, wish, names, after=None, limit=50)
                    assert sum(abs(one.minor) for one in lines) == row.minor
                    assert lines


async def saved_minor(books: Books, location: str) -> int:
    async with books.transaction() as tx:
        wish = StatementOf(*ALWAYS, location=location)
        shown = await finance.statement(tx, wish)
        for row in shown.saved_sales:
            names = RowOf(row.account, row.side, row.entity, row.currency, row.channel, True)
            lines = await finance.list_lines(tx, wish, names, after=None, limit=50)
            assert sum(abs(one.minor) for one in lines) == row.minor
    return sum(r.minor if r.side == "credit" else -r.minor for r in shown.saved_sales)


@pytest.mark.parametrize("first", ["return", "purchase"])
async def test_what_is_bought_at_the_desk_within_the_visit_is_a_saved_sale(
    books: Books, lanes: Lanes, first: str
):
    ada = BuyerWish(email="ada@example.com", name="Ada Brown")
    order = await sell(books.database, lanes, books.tenant, "MUG", buyer=ada)
    at = THEN + timedelta(days=3)

    async def bring_back():
        await bring(lanes, books.tenant, order, "MUG", occurred_at=at)

    async def buy():
        soon = at + timedelta(minutes=20)
        await sell(books.database, lanes, books.tenant, "LAMP", at=soon, buyer=ada)

    deeds = [bring_back, buy] if first == "return" else [buy, bring_back]
    for deed in deeds:
        await deed()
        await follow(books)
    later = at + timedelta(minutes=200)
    await sell(books.database, lanes, books.tenant, "SPOON", at=later, buyer=ada)
    await follow(books)
    assert await saved_minor(books, "S0001") == 2127
    assert await saved_minor(books, "S0002") == 0
    await sound(books)


async def test_goods_on_the_same_receipt_are_a_saved_sale_of_nobody_in_particular(
    books: Books, lanes: Lanes
):
    order = await sell(books.database, lanes, books.tenant, LineWish(sku="MUG", quantity=2))
    at = THEN + timedelta(days=3)
    await bring(lanes, books.tenant, order, "MUG", occurred_at=at, source_id="7/12")
    await sell(books.database, lanes, books.tenant, "SPOON", at=at, source_id="7/12")
    await sell(books.database, lanes, books.tenant, "SPOON", at=at, source_id="7/13")
    await follow(books)
    assert await saved_minor(books, "S0001") == 85
    await sound(books)


async def test_what_is_taken_in_exchange_is_a_saved_sale_of_the_store_at_whose_desk_it_was(
    books: Books, lanes: Lanes
):
    order = await web_order(books, lanes)
    lamp = ExchangeWish(sku="LAMP", quantity=1, method="carry_out", store="S0001")
    taken = await bring(
        lanes,
        books.tenant,
        order,
        line("MUG", 3, wanted="exchange"),
        channel="web",
        occurred_at=await now(books),
        exchange=[lamp],
        tenders=[TenderWish(method="cash")],
    )
    assert not isinstance(taken, Refusal), taken
    await follow(books)
    await sound(books)
    found = await statement(books, location="S0001")
    sold = found[Section.FULFILLED_FOR_OTHERS][("revenue", "credit")]
    assert sold > 0
    assert Section.OWN_SALES not in found
    assert await saved_minor(books, "S0001") == sold
    async with books.transaction() as tx:
        day = business_day(tx.now, "Europe/London")
        figures = await finance.day_figures(tx, day=day, channel="web")
    assert figures.difference_minor == 0


async def test_days_agree_with_refunds_by_destination(books: Books, lanes: Lanes):
    order = await web_order(books, lanes)
    at = await now(books)
    async with books.transaction() as tx:
        store = (await locations.network(tx)).by_code["S0003"].id
        franchise = PutChannel("fr-till", "Franchise", "store", "marlow", "gb", "fr")
        await organization.put_channel(tx, franchise)
        card = IssueGiftCard(
            channel="fr-till",
            minor=500,
            code=hash_code(code_of(new_id().bytes)),
            paid_by="cash",
            reference="",
            location_id=store,
            customer_id=None,
        )
        account = (await issue_gift_card(tx, card)).id
    for refunds in (CASH, [RefundWish(method="stored_value", account=account)], []):
        taken = await bring(
            lanes,
            books.tenant,
            order,
            line("MUG", 1),
            channel="web",
            location="S0003",
            refunds=refunds,
            occurred_at=at,
        )
        assert not isinstance(taken, Refusal), taken
    await follow(books)
    await sound(books)
    day = business_day(at, "Europe/London")
    async with books.transaction() as tx:
        for channel in ("web", "fr-till"):
            figures = await finance.day_figures(tx, day=day, channel=channel)
            assert figures.difference_minor == 0, figures
        owed = await ledger.balances(tx, account="stored_value")
    assert {(b.entity, b.balance_minor) for b in owed} == {("fr", -1100)}


async def test_cash_for_what_the_till_of_another_store_had_sold_is_paid_out_for_it(
    books: Books, lanes: Lanes
):
    order = await sell(books.database, lanes, books.tenant, LineWish(sku="MUG", quantity=2))
    await bring(lanes, books.tenant, order, "MUG", refunds=CASH)
    await bring(lanes, books.tenant, order, "MUG", location="S0002", refunds=CASH)
    await follow(books)
    seller = await statement(books, location="S0001")
    other = await statement(books, location="S0002")
    assert seller[Section.OWN_MONEY][("cash", "credit")] == 600
    assert other[Section.PAID_OUT_FOR_OTHERS] == {("cash", "credit"): 600}
    assert Section.OWN_MONEY not in other
