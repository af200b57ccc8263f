"""What sales and money do to the books, and how a day is compared, without a database."""

from collections import defaultdict
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.finance import domain
from crosslane.finance.domain import Cause, MovedMoney, Sale, Seller, Stockholders
from crosslane.ledger import Balance
from crosslane.orders import ChargedSum, HandedOverUnits, OwnedCost, SoldSum
from crosslane.payments import MovedSum

RETAILER, FRANCHISE, CHANNEL, STORE, VENDOR = (UUID(int=n) for n in range(1, 6))
SELLER = Seller(RETAILER, CHANNEL, UUID(int=7), UUID(int=8), "Europe/London")
GOODS = Stockholders({RETAILER: "GBP", FRANCHISE: "EUR"})
NOON = datetime(2011, 1, 4, 12, tzinfo=UTC)
CAUSE = Cause("orders.LinesHandedOver", "order:1#7", NOON)


def unit(net=1000, tax=200, location=STORE, costs=((RETAILER, 400),), **other) -> HandedOverUnits:
    return HandedOverUnits(
        line_id=other.get("line_id", UUID(int=9)),
        variant_id=UUID(int=10),
        location_id=location,
        quantity=1,
        net_minor=net,
        tax_minor=tax,
        tax_rate_bp=2000,
        tax_class="standard",
        jurisdiction="GB",
        costs=[OwnedCost(owner, cost) for owner, cost in costs],
    )


def charge(kind="shipping", net=329, tax=66) -> ChargedSum:
    return ChargedSum(UUID(int=11), kind, net, tax, 2000, "GB")


def booked(entry) -> dict[tuple[UUID, str, str], int]:
    sums: dict[tuple[UUID, str, str], int] = defaultdict(int)
    for posting in entry.postings:
        sums[posting.entity_id, posting.account, posting.currency] += posting.minor
    return dict(sums)


def test_a_sale_posts_revenue_tax_delivery_and_cost():
    entry = domain.sale_entry(CAUSE, SELLER, Sale("GBP", [unit()], [charge()]), GOODS)
    assert entry is not None
    assert booked(entry) == {
        (RETAILER, "clearing", "GBP"): 1595,
        (RETAILER, "revenue", "GBP"): -1000,
        (RETAILER, "tax_payable", "GBP"): -266,
        (RETAILER, "shipping_income", "GBP"): -329,
        (RETAILER, "cost_of_goods", "GBP"): 400,
        (RETAILER, "inventory", "GBP"): -400,
    }
    tax = [p for p in entry.postings if p.account == "tax_payable"]
    assert {(p.tax_code, p.location_id) for p in tax} == {("GB:2000", STORE), ("GB:2000", None)}
    assert {p.channel_id for p in entry.postings} == {CHANNEL}
    assert (entry.day, entry.cause_id) == (date(2011, 1, 4), "order:1#7")


def test_goods_of_another_entity_leave_its_inventory_in_its_currency():
    sale = Sale("GBP", [unit(costs=[(FRANCHISE, 500)])], [])
    entry = domain.sale_entry(CAUSE, SELLER, sale, GOODS)
    assert entry is not None
    sums = booked(entry)
    assert sums[RETAILER, "cost_of_goods", "EUR"] == 500
    assert sums[FRANCHISE, "inventory", "EUR"] == -500


def test_goods_of_a_vendor_are_no_stock_of_ours():
    sale = Sale("GBP", [unit(location=VENDOR, costs=((VENDOR, 400),))], [])
    entry = domain.sale_entry(CAUSE, SELLER, sale, GOODS)
    assert entry is not None
    assert {account for _, account, _ in booked(entry)} == {"clearing", "revenue", "tax_payable"}


def test_our_own_goods_at_a_vendor_leave_our_inventory():
    sale = Sale("GBP", [unit(location=VENDOR)], [])
    entry = domain.sale_entry(CAUSE, SELLER, sale, GOODS)
    assert entry is not None
    assert booked(entry)[RETAILER, "inventory", "GBP"] == -400


@pytest.mark.parametrize(
    ("kind", "account"),
    [("fee", "service_income"), ("price_change", "revenue"), ("rounding", "rounding")],
)
def test_charges_have_their_accounts(kind, account):
    entry = domain.sale_entry(CAUSE, SELLER, Sale("GBP", [], [charge(kind, -50, -10)]), GOODS)
    assert entry is not None
    assert booked(entry)[RETAILER, account, "GBP"] == 50


def test_what_is_worth_nothing_is_not_posted():
    free = Sale("GBP", [unit(0, 0, costs=[(RETAILER, 0)])], [])
    assert domain.sale_entry(CAUSE, SELLER, free, GOODS) is None


@pytest.mark.parametrize(
    ("method", "deed", "debit", "credit"),
    [
        ("card", "capture", "receivable_card", "clearing"),
        ("on_account", "capture", "receivable_on_account", "clearing"),
        ("cash", "capture", "cash", "clearing"),
        ("marketplace", "capture", "receivable_marketplace", "clearing"),
        ("card", "refund", "clearing", "receivable_card"),
        ("on_account", "settle", "bank", "receivable_on_account"),
        ("card", "chargeback", "chargebacks", "receivable_card"),
        ("card", "chargeback_won", "receivable_card", "chargebacks"),
        ("stored_value", "capture", "stored_value", "clearing"),
        ("cash", "issue", "cash", "stored_value"),
        ("goodwill", "issue", "appeasements", "stored_value"),
        ("stored_value", "income", "stored_value", "breakage"),
        ("stored_value", "escheat", "stored_value", "unclaimed_property"),
    ],
)
def test_money_goes_where_it_lies(method, deed, debit, credit):
    money = MovedMoney(UUID(int=12), method, deed, 500, "GBP", STORE)
    entry = domain.money_entry(CAUSE, SELLER, money)
    assert entry is not None
    assert booked(entry) == {
        (RETAILER, debit, "GBP"): 500,
        (RETAILER, credit, "GBP"): -500,
    }


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2011, 1, 4, 23, 59, 59, tzinfo=UTC), date(2011, 1, 4)),
        (datetime(2011, 7, 4, 22, 59, 59, tzinfo=UTC), date(2011, 7, 4)),
        (datetime(2011, 7, 4, 23, 0, tzinfo=UTC), date(2011, 7, 5)),
    ],
)
def test_a_day_is_the_channels_own(moment, day):
    assert domain.business_day(moment, "Europe/London") == day
    start, end = domain.day_bounds(day, "Europe/London")
    assert start <= moment < end


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2011, 3, 27), 23), (date(2011, 10, 30), 25), (date(2011, 6, 1), 24)]
)
def test_days_on_which_clocks_change(day, hours):
    start, end = domain.day_bounds(day, "Europe/London")
    assert (end - start).total_seconds() == hours * 3600


amounts = st.integers(-(10**6), 10**6)
units_sold = st.builds(
    unit,
    amounts,
    amounts,
    st.sampled_from([STORE, VENDOR]),
    st.lists(st.tuples(st.sampled_from([RETAILER, FRANCHISE]), st.integers(0, 10**6)), max_size=2),
)
charges_due = st.builds(charge, st.sampled_from(sorted(domain.CHARGE_ACCOUNTS)), amounts, amounts)


@given(st.lists(units_sold, max_size=5), st.lists(charges_due, max_size=3))
def test_every_entry_sums_to_zero_per_currency(units, charges):
    entry = domain.sale_entry(CAUSE, SELLER, Sale("GBP", units, charges), GOODS)
    if entry is None:
        return
    totals: dict[str, int] = defaultdict(int)
    for posting in entry.postings:
        totals[posting.currency] += posting.minor
        assert posting.minor
    assert not any(totals.values())


def balance(account: str, minor: int, location=None, code=None) -> Balance:
    debit, credit = max(minor, 0), max(-minor, 0)
    return Balance(
        "r",
        account,
        "GBP",
        debit,
        credit,
        minor,
        "GBP",
        minor,
        location_id=location,
        tax_code=code,
    )


SOLD = [SoldSum("r", "GBP", STORE, "goods", "GB", 2000, 3, 1000, 200)]
MOVED = [
    MovedSum("cash", "authorize", STORE, "GBP", 1200, 1),
    MovedSum("cash", "capture", STORE, "GBP", 1200, 1),
]
POSTED = [
    balance("revenue", -1000, STORE, "GB:2000"),
    balance("tax_payable", -200, STORE, "GB:2000"),
    balance("cash", 1200, STORE),
    balance("cost_of_goods", 400, STORE),
    balance("inventory", -400, STORE),
]


def test_a_day_agrees_when_both_sides_have_the_same():
    rows = domain.control_rows(SOLD, [], MOVED, POSTED)
    assert [row.difference_minor for row in rows] == [0, 0, 0]
    assert {row.account for row in rows} == {"revenue", "tax_payable", "cash"}


@pytest.mark.parametrize("lost", range(3))
def test_what_is_missing_on_either_side_is_a_difference(lost):
    short = [row for place, row in enumerate(POSTED) if place != lost]
    rows = domain.control_rows(SOLD, [], MOVED, short)
    (wrong,) = [row for row in rows if row.difference_minor]
    assert wrong.account == POSTED[lost].account
    assert wrong.difference_minor == -POSTED[lost].balance_minor
    rows = domain.control_rows([], [], [], POSTED[lost : lost + 1])
    assert [row.difference_minor for row in rows] == [POSTED[lost].balance_minor]
