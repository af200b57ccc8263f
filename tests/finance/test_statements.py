"""A store's statement explains every cent, and each cent leads to its entry."""

import csv
import io
from collections import Counter
from datetime import date

import pytest

from crosslane import finance, ledger, locations, organization
from crosslane.finance import RowOf, StatementOf
from crosslane.finance.domain import Section
from crosslane.orders import LineWish
from crosslane.platform.lane import Lanes
from tests.api import Api
from tests.finance.conftest import Books
from tests.finance.test_books import sell, till_sale
from tests.orders.world import place

YEAR = (date(2011, 1, 1), date(2100, 1, 1))
STORE = StatementOf(*YEAR, location="S0001")


@pytest.fixture
async def sold(books: Books, lanes: Lanes) -> Books:
    """A mug over the counter, and one of the web shop that the store sends."""
    await place(lanes, books.tenant, till_sale("MUG"))
    await sell(books, lanes, LineWish(sku="MUG", quantity=1))
    await sell(books, lanes, LineWish(sku="MUG", quantity=10))
    await books.post()
    return books


async def sections(books: Books, wish: StatementOf) -> dict[Section, Counter]:
    async with books.transaction() as tx:
        shown = await finance.statement(tx, wish)
    return {
        s.section: Counter({(r.account, r.side): r.minor for r in s.rows}) for s in shown.sections
    }


async def test_what_a_store_sends_for_others_is_not_its_own_sale(sold: Books):
    found = await sections(sold, STORE)
    assert found[Section.OWN_SALES] == {
        ("revenue", "credit"): 500,
        ("tax_payable", "credit"): 100,
        ("cost_of_goods", "debit"): 200,
    }
    assert found[Section.OWN_MONEY] == {("cash", "debit"): 600}
    others = found[Section.FULFILLED_FOR_OTHERS]
    assert others[("revenue", "credit")] + others[("tax_payable", "credit")] > 0
    assert Section.OWN_RETURNS not in found


@pytest.mark.parametrize(
    "subject", [{"location": "S0001"}, {"channel": "web"}, {"channel": "till"}]
)
async def test_a_statement_adds_up_to_the_ledger_and_each_row_to_its_lines(sold: Books, subject):
    wish = StatementOf(*YEAR, **subject)
    async with sold.transaction() as tx:
        shown = await finance.statement(tx, wish)
        of_ledger = await ledger.balances(
            tx,
            location_id=await location_id(tx) if "location" in subject else None,
            channel_id=await channel_id(tx, subject["channel"]) if "channel" in subject else None,
        )
        sums: Counter = Counter()
        for section in shown.sections:
            for row in section.rows:
                names = RowOf(row.account, row.side, row.entity, row.currency, row.channel)
                lines = await finance.list_lines(tx, wish, names, after=None, limit=1000)
                assert sum(abs(line.minor) for line in lines) == row.minor
                sums[row.account] += sum(line.minor for line in lines)
        assert len(shown.sections) > 2
    assert sums == {b.account: b.balance_minor for b in of_ledger}
    assert {a.account: a.closing_minor for a in shown.accounts} == dict(sums)


async def location_id(tx):
    return (await locations.network(tx)).by_code["S0001"].id


async def channel_id(tx, code):
    return (await organization.book(tx)).channel(code).id


async def test_what_was_before_is_the_opening_balance(sold: Books):
    wish = StatementOf(date(2011, 1, 6), date(2011, 1, 7), channel="till")
    async with sold.transaction() as tx:
        shown = await finance.statement(tx, wish)
    assert shown.sections == []
    cash = next(a for a in shown.accounts if a.account == "cash")
    assert (cash.opening_minor, cash.debit_minor, cash.closing_minor) == (600, 0, 600)


async def test_the_roll_up_and_the_tail_tell_the_same(sold: Books):
    before = await sections(sold, STORE)
    async with sold.transaction() as tx:
        await ledger.roll_up(tx)
    assert await sections(sold, STORE) == before


async def test_statements_over_http(api: Api, sold: Books):
    manager = await api.staff("manager")
    days = "first_day=2011-01-01&last_day=2100-01-01&location=S0001"
    shown = (await manager.get(f"/api/v1/finance/statements?{days}")).json()
    row = next(r for s in shown["sections"] for r in s["rows"] if r["account"] == "inventory")
    names = "&".join(
        f"{key}={row[name]}"
        for key, name in (
            ("account", "account"),
            ("side", "side"),
            ("entity", "entity"),
            ("currency", "currency"),
            ("of_channel", "channel"),
        )
        if row[name]
    )
    lines, cursor = [], ""
    while True:
        page = await manager.get(f"/api/v1/finance/statement-lines?{days}&{names}&limit=1{cursor}")
        assert page.status_code == 200, page.text
        lines += page.json()["items"]
        if not page.json().get("next_cursor"):
            break
        cursor = f"&cursor={page.json()['next_cursor']}"
    assert sum(abs(line["minor"]) for line in lines) == row["minor"]
    table = await manager.get(f"/api/v1/finance/statement-file?{days}")
    assert table.headers["content-type"].startswith("text/csv")
    sums: Counter = Counter()
    for told in csv.DictReader(io.StringIO(table.text)):
        sums[told["account"], told["entity"], told["currency"]] += int(told["minor"])
    assert len(sums) > 2
    assert not any(sums.values())


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("first_day=2011-01-01&last_day=2011-01-02", 422),
        ("first_day=2011-01-01&last_day=2011-01-02&location=S0001&channel=till", 422),
        ("first_day=2011-01-03&last_day=2011-01-02&location=S0001", 422),
        ("first_day=2011-01-01&last_day=2011-01-02&location=NOWHERE", 404),
        ("first_day=2011-01-01&last_day=2011-01-02&channel=nowhere", 404),
        ("location=S0001", 400),
    ],
)
async def test_no_statement_of_what_is_not_there(api: Api, books: Books, query, status):
    answer = await api.admin.get(f"/api/v1/finance/statements?{query}")
    assert answer.status_code == status, answer.text


async def test_who_acts_for_one_store_reads_its_statement_only(api: Api, books: Books):
    days = "first_day=2011-01-01&last_day=2011-01-02"
    async with books.transaction() as tx:
        store = await location_id(tx)
    key = await api.key(["finance:statement"], location_id=store)
    own = await key.get(f"/api/v1/finance/statements?{days}&location=S0001")
    assert own.status_code == 200, own.text
    for other in ("location=DC1", "channel=web"):
        answer = await key.get(f"/api/v1/finance/statements?{days}&{other}")
        assert answer.status_code == 403
