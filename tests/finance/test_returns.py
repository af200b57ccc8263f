"""Goods that come back are booked where they had been sold, to the minor unit."""

from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from crosslane import finance, ledger, locations, orders
from crosslane.finance.domain import (
    Cause,
    Credit,
    Origin,
    Seller,
    Stock,
    Stockholders,
    UnitsBack,
    credit_entry,
    stock_entry,
)
from crosslane.inventory import AverageCost, StockValued, ValuedMovements
from crosslane.kernel import new_id
from crosslane.ledger.domain import imbalances, intercompany
from crosslane.orders import (
    ChargedSum,
    CreditLine,
    CreditRequest,
    LineWish,
    NewCharge,
)
from crosslane.platform.lane import Lanes
from tests.finance.conftest import Books
from tests.finance.test_books import balances, sell, sound, till_sale, today
from tests.orders.world import place, view

SELLER, OWNER, CHANNEL, BRAND, MARKET, SOLD_AT, STORE, MUG = (UUID(int=n) for n in range(1, 9))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
WEB = Seller(SELLER, CHANNEL, BRAND, MARKET, "Europe/London")
CAUSE = Cause("orders.LinesCredited", "order:1#1", NOON)
OURS = Stockholders({SELLER: "GBP", OWNER: "EUR"})

amounts = st.integers(0, 10**6)
backs = st.builds(
    UnitsBack,
    line_id=st.just(MUG),
    location_id=st.sampled_from([SOLD_AT, None]),
    net_minor=amounts,
    tax_minor=amounts,
    tax_rate_bp=st.sampled_from([0, 1750, 2000]),
    jurisdiction=st.just("GB"),
)
charges = st.builds(
    ChargedSum,
    charge_id=st.just(MUG),
    charge_kind=st.sampled_from(["shipping", "fee", "appeasement"]),
    net_minor=st.integers(-1000, 1000),
    tax_minor=st.integers(-200, 200),
    tax_rate_bp=st.just(2000),
    jurisdiction=st.just("GB"),
)


@given(st.lists(backs, max_size=4), st.lists(charges, max_size=3))
def test_a_credit_reverses_the_sale_where_it_was_made(units, besides):
    entry = credit_entry(CAUSE, WEB, Credit("GBP", units, besides))
    postings = list(entry.postings) if entry else []
    assert imbalances(postings) == {}
    assert {p.location_id for p in postings} <= {SOLD_AT, None}
    assert {p.channel_id for p in postings} <= {CHANNEL}
    returned = sum(p.minor for p in postings if p.account == "sales_returns")
    assert returned == sum(u.net_minor for u in units)
    owed = sum(p.minor for p in postings if p.account == "clearing")
    given_back = sum(u.net_minor + u.tax_minor for u in units)
    assert owed == sum(c.net_minor + c.tax_minor for c in besides) - given_back


def came(reason: str, quantity: int, milli: int | None, owner_id: UUID = OWNER) -> ValuedMovements:
    return ValuedMovements(
        owner_id=owner_id,
        reason=reason,
        variant_ids=(MUG,),
        quantities=(quantity,),
        unit_costs_milli=(milli,),
    )


def moved(*movements: ValuedMovements, average_milli: int | None = None) -> StockValued:
    average = AverageCost(
        variant_id=MUG, owner_id=OWNER, change_no=9, average_milli=average_milli or 0
    )
    return StockValued(
        cause_kind="return",
        cause_id=new_id(),
        location_id=STORE,
        occurred_at=NOON,
        movements=movements,
        averages=(average,) if average_milli else (),
    )


def stock_of(event: StockValued, held: Stock, origin: Origin | None):
    stock = {(MUG, OWNER): held, (MUG, SELLER): Stock()}
    entry = stock_entry(CAUSE, "Europe/London", event, stock, OURS, origin)
    return list(entry.postings) if entry else []


def test_goods_of_another_owner_come_back_into_its_stock_and_cost_the_seller_nothing():
    held = Stock(units=10, average_milli=200_000, change_no=1, posted_minor=2000)
    postings = stock_of(moved(came("receive", 2, 200_000)), held, Origin(WEB, {MUG: SOLD_AT}))
    assert {(p.account, p.entity_id, p.location_id, p.minor) for p in postings} == {
        ("inventory", OWNER, STORE, 400),
        ("cost_of_goods", SELLER, SOLD_AT, -400),
    }
    assert {p.channel_id for p in postings} == {CHANNEL}
    pair = {(p.entity_id, p.account, p.location_id, p.minor) for p in intercompany(postings)}
    assert pair == {
        (OWNER, "intercompany_payable", STORE, -400),
        (SELLER, "intercompany_receivable", SOLD_AT, 400),
    }


def test_what_is_destroyed_is_the_sellers_loss_and_a_regrade_nothing():
    held = Stock(units=10, average_milli=200_000, change_no=1, posted_minor=2000)
    origin = Origin(WEB, {MUG: SOLD_AT})
    regraded = moved(came("regrade", -1, 200_000), came("regrade", 1, 200_000))
    assert stock_of(regraded, held, origin) == []
    postings = stock_of(moved(came("adjust", -1, 200_000)), held, origin)
    assert {(p.account, p.entity_id, p.location_id, p.minor) for p in postings} == {
        ("inventory", OWNER, STORE, -200),
        ("inventory_adjustment", SELLER, SOLD_AT, 200),
    }


@given(
    st.lists(
        st.builds(
            came,
            st.sampled_from(["receive", "adjust", "regrade"]),
            st.integers(-9, 9).filter(bool),
            st.none() | st.integers(0, 10**6),
            st.sampled_from([OWNER, SELLER, CHANNEL]),
        ),
        max_size=5,
    ),
    st.none() | st.integers(1, 10**6),
)
def test_stock_stays_units_times_average_whatever_comes_back(movements, average_milli):
    held = Stock(units=10, average_milli=200_000, change_no=1, posted_minor=2000)
    event = moved(*movements, average_milli=average_milli)
    postings = stock_of(event, held, Origin(WEB, {MUG: SOLD_AT}))
    in_stock = sum(p.minor for p in postings if (p.account, p.entity_id) == ("inventory", OWNER))
    assert held.posted_minor == held.value_minor == 2000 + in_stock
    assert sum(p.minor for p in postings) == 0
    assert imbalances([*postings, *intercompany(postings)]) == {}


async def credit(books: Books, order_id: UUID, *quantities: int, **changes) -> orders.Credited:
    shown = await view(books.database, books.tenant, order_id)
    lines = [CreditLine(shown.lines[n].id, units) for n, units in enumerate(quantities) if units]
    asked = CreditRequest(
        order_id=order_id,
        lines=lines,
        **{"cause_kind": "return", "cause_id": new_id(), "at": shown.placed_at, **changes},
    )
    async with books.transaction() as tx:
        (done,) = await orders.credit(tx, [asked])
        (again,) = await orders.credit(tx, [asked])
    assert isinstance(done, orders.Credited), done
    assert again.gross_minor == done.gross_minor
    return done


async def test_a_till_sale_that_comes_back_is_reversed_there_once(books: Books, lanes: Lanes):
    placed = await place(lanes, books.tenant, till_sale("MUG"))
    await credit(books, placed.id, 1)
    await books.post()
    await books.post()
    found = await balances(books)
    assert (found["revenue"], found["sales_returns"]) == (-500, 500)
    assert [found[name] for name in ("tax_payable", "clearing", "cash")] == [0, 0, 0]
    async with books.transaction() as tx:
        (place_id,) = {
            b.location_id
            for b in await ledger.balances(tx, account="sales_returns", by=["location"])
        }
        assert (await locations.network(tx)).by_id[place_id].code == "S0001"
    await sound(books)


async def test_a_day_agrees_with_returns_fees_and_goodwill(books: Books, lanes: Lanes):
    placed = await sell(books, lanes, LineWish(sku="MUG", quantity=3), "LAMP")
    async with books.transaction() as tx:
        day = today(tx)
        now = tx.now
    besides = [
        NewCharge(kind="fee", title="Restocking", gross_minor=100),
        NewCharge(kind="shipping", title="Delivery", gross_minor=-195),
        NewCharge(kind="appeasement", title="Sorry", gross_minor=-60),
    ]
    done = await credit(books, placed.id, 2, 0, charges=besides, at=now)
    await books.post()
    async with books.transaction() as tx:
        figures = await finance.day_figures(tx, day=day, channel="web")
    assert figures.difference_minor == 0
    assert {row.account for row in figures.rows} >= {"sales_returns", "appeasements"}
    left = placed.gross_minor - done.gross_minor
    total = figures.net_sales_minor + figures.charges_minor + figures.tax_minor
    assert total == figures.money_minor == left
    await sound(books)


async def test_what_is_credited_another_day_counts_there(books: Books, lanes: Lanes):
    placed = await place(lanes, books.tenant, till_sale("MUG"))
    await credit(books, placed.id, 1, at=datetime(2011, 1, 9, 12, tzinfo=UTC))
    await books.post()
    async with books.transaction() as tx:
        sold = await finance.day_figures(tx, day=date(2011, 1, 5), channel="till")
        back = await finance.day_figures(tx, day=date(2011, 1, 9), channel="till")
    assert (sold.net_sales_minor, sold.difference_minor) == (500, 0)
    assert back.net_sales_minor == -500
    assert [r for r in back.rows if r.account != "cash" and r.difference_minor] == []
    await sound(books)
