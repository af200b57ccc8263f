"""Purchase orders add up what they are told; an order of messages makes no difference."""

from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from crosslane.vendors import LineUnits
from crosslane.vendors.domain import (
    Acknowledge,
    Invoice,
    InvoiceLine,
    Parcel,
    PurchaseLine,
    PurchaseOrder,
    acknowledge,
    decide,
    problems_of,
    settle,
    ship,
    short,
    withdraw,
)

LINE, OTHER, ID = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def order(quantity: int = 10, cost: int | None = 350_500) -> PurchaseOrder:
    line = {"variant_id": ID, "sku": "MUG", "vendor_sku": "", "title": "Mug"}
    return PurchaseOrder(
        id=ID,
        location_id=ID,
        entity_id=ID,
        order_id=ID,
        reference="1",
        currency="GBP",
        service="",
        ship_address_id=ID,
        promised_at=None,
        made_at=NOON,
        answer_due_at=NOON,
        lines=[
            PurchaseLine(line_id=LINE, position=1, quantity=quantity, unit_cost_milli=cost, **line),
            PurchaseLine(line_id=OTHER, position=2, quantity=1, unit_cost_milli=cost, **line),
        ],
    )


def parcel(units: int) -> Parcel:
    return Parcel(
        id=ID,
        carrier="V",
        tracking_number="1",
        tracking_url="",
        shipped_at=NOON,
        units={LINE: units},
    )


def invoice(units: int, net_minor: int) -> Invoice:
    return Invoice(
        id=ID,
        location_id=ID,
        purchase_order_id=ID,
        number="I1",
        currency="GBP",
        freight_minor=0,
        tax_minor=0,
        due_on=None,
        occurred_at=NOON,
        received_at=NOON,
        lines=[InvoiceLine(LINE, units, net_minor)],
    )


words = st.tuples(st.sampled_from(["ship", "short", "withdraw"]), st.integers(1, 6))


def said(words: list[tuple[str, int]]) -> tuple[PurchaseOrder, int]:
    """Return an order after some messages, and what is owed for what they shipped."""
    purchase, owed = order(), 0
    for verb, units in words:
        if verb == "ship":
            owed += sum(each.cost_minor for each in ship(purchase, [parcel(units)]))
        elif verb == "short":
            short(purchase, [LineUnits(LINE, units)])
        else:
            withdraw(purchase, [LineUnits(LINE, units)])
    purchase.problems = list(problems_of(purchase))
    return purchase, owed


@given(st.lists(words, max_size=8), st.randoms(use_true_random=False))
def test_any_order_of_messages_ends_in_the_same_order(told, random):
    shuffled = list(told)
    random.shuffle(shuffled)
    assert said(told) == said(shuffled)


@given(st.lists(words, max_size=8))
def test_nobody_owes_for_more_than_was_ordered_and_parts_add_up(told):
    purchase, owed = said(told)
    line = purchase.lines[0]
    assert owed == line.cost_minor(min(line.shipped, line.quantity))
    assert line.left * line.surplus == 0
    assert 0 <= line.left <= line.wanted <= line.quantity


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_invoices_in_parts_settle_exactly_what_was_expected(parts):
    purchase = order(quantity=30)
    owed = sum(each.cost_minor for each in ship(purchase, [parcel(sum(parts))]))
    settled = 0
    for units in parts:
        bill = invoice(units, 0)
        settle(purchase, bill)
        settled += bill.accrued_minor
    assert settled == owed


def test_an_invoice_waits_for_its_goods_and_is_disputed_for_its_price():
    purchase = order()
    assert decide(purchase, invoice(2, 701), 0) == "waiting"
    ship(purchase, [parcel(2)])
    assert decide(purchase, invoice(3, 1052), 0) == "waiting"
    assert decide(purchase, invoice(2, 701), 0) == "accepted"
    assert decide(purchase, invoice(2, 708), 100) == "accepted"
    assert decide(purchase, invoice(2, 709), 100) == "disputed"
    settle(purchase, invoice(2, 701))
    assert decide(purchase, invoice(1, 351), 0) == "waiting"


def test_goods_without_an_agreed_cost_are_a_problem_and_their_invoice_disputed():
    purchase = order(cost=None)
    ship(purchase, [parcel(1)])
    assert problems_of(purchase) == ["no_cost"]
    assert decide(purchase, invoice(1, 350), 10_000) == "disputed"


def test_the_latest_word_on_the_day_counts():
    purchase = order()
    for day, hour in ((5, 10), (4, 12), (6, 11)):
        at = NOON.replace(hour=hour)
        message = Acknowledge(
            id=f"a{hour}", purchase_order=ID, occurred_at=at, expected_on=date(2026, 1, day)
        )
        acknowledge(purchase, message)
    assert purchase.expected_on == date(2026, 1, 4)


def test_what_a_person_has_settled_is_no_problem_any_more():
    purchase = order()
    ship(purchase, [parcel(11)])
    assert problems_of(purchase) == ["surplus"]
    purchase.settled = ["surplus"]
    assert problems_of(purchase) == []
