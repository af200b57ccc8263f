"""Messages of Square: the published ones are read whole; what its models allow is understood."""

import json
from pathlib import Path
from typing import Any

import pytest

from crosslane.channels import FAMILIES
from crosslane.channels.adapters.branches import read_json
from crosslane.channels.domain.messages import ReturnEvent, SupplyDelta, SupplySnapshot
from crosslane.channels.domain.reports import ContactEvent, MoneyEvent, Notice
from crosslane.demo.raw import data_folder
from crosslane.kernel import line_amount
from tests.channels.reading import CANONICAL, NONSENSE, WRONG, as_lines, read, spoiled, told_nowhere
from tests.channels.schemas.square import fitting

FIXTURES = data_folder() / "fixtures/square"
# Minor units become 1/1000 of them; what an article, a customer or a count is becomes our kind.
MAPPED = {"amount", "status", "is_deleted", "email_unsubscribed", "state", "type", "deleted"}
URL = "https://hub.example.com/api/v1/channels/till/webhook"
KEY = "a signature key"


def published() -> list[Path]:
    return sorted(FIXTURES.glob("*.json"))


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_message_is_read_as_it_was_checked(path):
    expected = CANONICAL / "square" / f"{path.stem}.jsonl"
    assert as_lines(read("square", path.read_bytes(), currency="USD")) == expected.read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_message_gets_lost(path):
    raw = path.read_bytes()
    told = {name: value for name, value in read_json(raw).items() if value}
    assert told_nowhere(told, read("square", raw, currency="USD"), MAPPED) == []


def gbp(minor: int) -> dict[str, Any]:
    return {"amount": minor, "currency": "GBP"}


LINE: dict[str, Any] = {
    "uid": "l-1",
    "catalog_object_id": "V-MUG",
    "name": "Mug",
    "variation_name": "Blue",
    "quantity": "2",
    "item_type": "ITEM",
    "base_price_money": gbp(120),
    "gross_sales_money": gbp(240),
    "total_discount_money": gbp(40),
    "total_tax_money": gbp(33),
    "total_money": gbp(200),
}
SOLD: dict[str, Any] = {
    "id": "O-1",
    "location_id": "L-OXFORD",
    "state": "COMPLETED",
    "version": 4,
    "line_items": [LINE],
    "taxes": [{"uid": "vat", "type": "INCLUSIVE", "percentage": "20"}],
    "tenders": [{"id": "P-1", "type": "CARD", "amount_money": gbp(200)}],
    "total_money": gbp(215),
    "total_tip_money": gbp(15),
    "total_tax_money": gbp(33),
    "total_discount_money": gbp(40),
    "total_service_charge_money": gbp(0),
    "net_amount_due_money": gbp(0),
    "created_at": "2011-01-05T10:00:00.000Z",
    "updated_at": "2011-01-05T10:00:05.250Z",
}
HOME = {
    "display_name": "Ada Brown",
    "email_address": "ada@example.com",
    "phone_number": "01865 000000",
    "address": {
        "address_line_1": "12 High Street",
        "locality": "Oxford",
        "postal_code": "OX1 4AA",
        "country": "GB",
    },
}
FETCHED = {
    "uid": "f-1",
    "type": "PICKUP",
    "state": "PROPOSED",
    "pickup_details": {"recipient": {"display_name": "Ada Brown"}, "schedule_type": "ASAP"},
}
SENT = {
    "uid": "f-2",
    "type": "SHIPMENT",
    "state": "COMPLETED",
    "shipment_details": {
        "recipient": HOME,
        "shipping_type": "First Class",
        "carrier": "Royal Mail",
        "tracking_number": "RM1",
        "shipped_at": "2011-01-06T09:00:00Z",
    },
}
OPEN = {"state": "OPEN", "fulfillments": [FETCHED], "net_amount_due_money": gbp(215), "tenders": []}
PAYMENT: dict[str, Any] = {
    "id": "P-1",
    "order_id": "O-1",
    "location_id": "L-OXFORD",
    "status": "COMPLETED",
    "source_type": "CARD",
    "amount_money": gbp(200),
    "tip_money": gbp(15),
    "total_money": gbp(215),
    "processing_fee": [{"type": "INITIAL", "amount_money": gbp(6)}],
    "receipt_number": "P1",
    "created_at": "2011-01-05T10:00:01Z",
    "updated_at": "2011-01-05T10:00:04Z",
}
EVENT: dict[str, Any] = {
    "merchant_id": "M-1",
    "type": "payment.updated",
    "event_id": "e-1",
    "created_at": "2011-01-05T10:00:05Z",
    "data": {"type": "payment", "id": "P-1", "object": {"payment": PAYMENT}},
}


def messages(document: Any, **context: Any) -> list[Any]:
    (reading,) = read("square", json.dumps(document).encode(), **context)
    assert reading.fault is None, reading.fault
    return list(reading.messages)


def kinds(document: Any) -> list[str]:
    return [type(one).__name__ for one in messages(document)]


@pytest.mark.parametrize("changes", [{}, OPEN, {"fulfillments": [SENT]}])
def test_what_is_read_in_tests_is_as_published_models_allow(changes):
    fitting("Order", SOLD | changes)
    fitting("Payment", PAYMENT)


def test_what_was_sold_over_the_counter_comes_to_its_total():
    order, paid = messages({"order": SOLD})
    (line,) = order.lines
    assert line_amount(line.unit_price_milli, line.quantity) == 200
    assert (line.article, line.method, line.store) == ("V-MUG", "carry_out", "L-OXFORD")
    assert (line.title, line.discount_minor, line.tax_minor) == ("Mug Blue", 40, 33)
    # A tip is no money of the order's.
    assert (order.total_minor, order.rest["/order/total_tip_money/amount"]) == (200, 15)
    assert (order.prices_include_tax, order.paid, paid.outcome) == (True, "paid", "paid")
    assert order.source_version == 1294221605250


def test_a_tax_that_is_added_is_not_in_the_prices():
    order = messages(SOLD | {"taxes": [{"uid": "s", "type": "ADDITIVE"}]})[0]
    assert order.prices_include_tax is False
    assert messages(SOLD | {"taxes": []})[0].prices_include_tax is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "DRAFT"}, ["Notice"]),
        # Somebody is still filling the basket; or nothing of it was ever sold.
        ({"state": "OPEN", "net_amount_due_money": gbp(215)}, ["Notice"]),
        ({"state": "CANCELED", "net_amount_due_money": gbp(215), "tenders": []}, ["Notice"]),
        (OPEN, ["Order"]),
        (OPEN | {"state": "CANCELED"}, ["Order", "Cancellation"]),
        ({"fulfillments": [FETCHED | {"state": "PREPARED"}]}, ["Order", "PaymentEvent", "ready"]),
        ({"fulfillments": [SENT]}, ["Order", "PaymentEvent", "shipped"]),
        ({"line_items": []}, ["Notice"]),
    ],
)
def test_states_say_how_far_an_order_is(changes, said):
    told = messages({"orders": [SOLD | changes]})
    assert [getattr(one, "step", type(one).__name__) for one in told] == said


def test_an_order_that_is_fetched_waits_for_its_money_and_one_that_is_sent_has_its_address():
    order = messages(SOLD | OPEN)[0]
    assert (order.lines[0].method, order.lines[0].store) == ("pickup", "L-OXFORD")
    assert ([one.kind for one in order.stops], order.buyer.name) == (["payment"], "Ada Brown")
    order, _, sent = messages(SOLD | {"fulfillments": [SENT]})
    assert (order.ship_to.city, order.ship_to.name) == ("Oxford", "Ada Brown")
    assert (order.lines[0].method, order.lines[0].store) == (None, "")
    assert (sent.carrier, sent.tracking, sent.event_at.day) == ("Royal Mail", ("RM1",), 6)
    assert [one.kind for one in order.stops] == ["manual"]


def test_goods_that_came_back_are_told_of_the_order_they_were_sold_in():
    back = {"uid": "l-1", "source_line_item_uid": "l-1", "quantity": "1"}
    returned = SOLD | {
        "id": "O-2",
        "line_items": [],
        "returns": [{"uid": "r-1", "source_order_id": "O-1", "return_line_items": [back]}],
    }
    (event,) = messages(fitting("Order", returned))
    assert isinstance(event, ReturnEvent)
    assert (event.order, event.location, event.source_id) == ("O-1", "L-OXFORD", "return/r-1")
    assert [(one.id, one.quantity) for one in event.lines] == [("l-1", 1)]


def test_a_webhook_says_its_resource():
    (money,) = messages(EVENT)
    assert isinstance(money, MoneyEvent)
    assert (money.step, money.minor, money.fee_minor, money.order) == ("captured", 200, 6, "O-1")
    only = {"order_updated": {"order_id": "O-1", "state": "OPEN", "version": 2}}
    data = {"type": "order_updated", "id": "O-1", "object": only}
    (note,) = messages(EVENT | {"type": "order.updated", "data": data})
    assert (type(note), note.topic, note.source_id) == (Notice, "order.updated", "e-1")


@pytest.mark.parametrize(
    ("status", "step", "outcome"),
    [
        ("APPROVED", "authorized", "done"),
        ("PENDING", "authorized", "pending"),
        ("CANCELED", "voided", "done"),
        ("FAILED", "authorized", "failed"),
    ],
)
def test_a_payment_says_how_far_it_is(status, step, outcome):
    (money,) = messages({"payment": PAYMENT | {"status": status}})
    assert (money.step, money.outcome) == (step, outcome)


def test_refunds_disputes_and_payouts_are_told():
    refund = {"id": "R-1", "payment_id": "P-1", "order_id": "O-1", "amount_money": gbp(100)}
    (given,) = messages({"refund": refund | {"status": "COMPLETED"}})
    assert (given.step, given.outcome, given.minor) == ("refunded", "done", 100)
    assert kinds({"refund": refund | {"status": "CANCELED", "device_id": "d"}}) == ["Notice"]
    dispute = {"id": "D-1", "amount_money": gbp(100), "disputed_payment": {"payment_id": "P-1"}}
    (lost,) = messages({"dispute": dispute | {"state": "LOST"}})
    assert (lost.step, lost.reference) == ("dispute_lost", "P-1")
    payout = {"id": "po_1", "status": "PAID", "amount_money": gbp(9_000)}
    assert messages({"payout": payout})[0].step == "paid_out"
    assert kinds({"payout": payout | {"amount_money": gbp(-1)}}) == ["Notice"]


def test_a_payout_says_what_it_costs_and_what_was_said_later_of_one_instant():
    payout = {
        "id": "po_1",
        "amount_money": gbp(9_000),
        "payout_fee": [{"amount_money": gbp(95), "type": "TRANSFER_FEE"}],
        "updated_at": "2026-01-05T10:00:00Z",
    }
    (sent,) = messages({"payout": payout | {"status": "SENT", "version": 1}})
    (paid,) = messages({"payout": payout | {"status": "PAID", "version": 2}})
    assert (paid.fee_minor, paid.outcome) == (95, "done")
    assert paid.source_version == sent.source_version + 1
    (odd,) = messages({"payout": payout | {"status": "PAID", "version": 10**15}})
    assert odd.rest["/payout/version"] == 10**15


COUNT = {
    "catalog_object_id": "V-MUG",
    "catalog_object_type": "ITEM_VARIATION",
    "state": "IN_STOCK",
    "location_id": "L-OXFORD",
    "quantity": "7.0",
    "calculated_at": "2011-01-05T12:00:00Z",
}
MOVED = {"id": "A-1", "catalog_object_id": "V-MUG", "location_id": "L-OXFORD", "quantity": "3"}


def test_what_is_weighed_is_one_piece_of_itself():
    unit = {"measurement_unit": {"weight_unit": "METRIC_KILOGRAM"}, "precision": 2}
    weighed = LINE | {"quantity": "0.75", "quantity_unit": unit}
    order, *_ = messages(SOLD | {"line_items": [weighed]})
    (line,) = order.lines
    assert line.quantity == 1
    assert line.unit_price_milli == 1_000 * (
        LINE["gross_sales_money"]["amount"] - LINE["total_discount_money"]["amount"]
    )
    assert order.rest["/line_items/0/quantity"] == "0.75"
    for wrong in ("x", "-1", None):
        line = weighed | {"quantity": wrong}
        (reading,) = read("square", json.dumps(SOLD | {"line_items": [line]}).encode())
        assert reading.fault.pointer == "/line_items/0/quantity"


def test_an_amount_that_was_keyed_in_is_called_by_its_type():
    keyed = {k: v for k, v in LINE.items() if not k.startswith("catalog")}
    order, *_ = messages(SOLD | {"line_items": [keyed | {"item_type": "CUSTOM_AMOUNT"}]})
    assert order.lines[0].article == "CUSTOM_AMOUNT"


def test_the_store_of_an_order_that_is_sent_is_kept():
    to = {"display_name": "Ada", "address": {"address_line_1": "1 St", "locality": "Oxford"}}
    sent = {"uid": "f", "type": "SHIPMENT", "state": "PROPOSED"}
    part = sent | {"shipment_details": {"recipient": to}}
    order, *_ = messages(SOLD | {"fulfillments": [part]})
    assert order.lines[0].store == ""
    assert order.rest["/location_id"] == SOLD["location_id"]


def test_what_is_counted_is_what_may_be_sold():
    fitting("InventoryCount", COUNT)
    (there,) = messages({"counts": [COUNT]})
    assert isinstance(there, SupplySnapshot)
    assert [(row.article, row.quantity) for row in there.rows] == [("V-MUG", 7)]
    assert kinds({"counts": [COUNT | {"state": "WASTE"}]}) == ["Notice"]
    (reading,) = read("square", json.dumps({"counts": [COUNT | {"quantity": "1.5"}]}).encode())
    assert reading.fault.pointer == "/counts/0/quantity"


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        ({"from_state": "NONE", "to_state": "IN_STOCK"}, [("L-OXFORD", 3)]),
        ({"from_state": "IN_STOCK", "to_state": "WASTE"}, [("L-OXFORD", -3)]),
        # The order says it.
        ({"from_state": "IN_STOCK", "to_state": "SOLD"}, []),
        (
            {"state": "IN_STOCK", "from_location_id": "L-OXFORD", "to_location_id": "L-BATH"},
            [("L-OXFORD", -3), ("L-BATH", 3)],
        ),
    ],
)
def test_what_came_and_went_is_told_once(how, rows):
    said = (
        MOVED | how | {"occurred_at": "2011-01-05T25:44:22Z", "created_at": "2011-01-05T12:00:00Z"}
    )
    kind = "TRANSFER" if "state" in how else "ADJUSTMENT"
    told = messages({"changes": [{"type": kind, kind.lower(): said}]})
    moved = [one for one in told if isinstance(one, SupplyDelta)]
    assert [(one.location, one.rows[0].quantity) for one in moved] == rows
    assert len({one.source_id for one in moved}) == len(rows)


VARIATION = {
    "type": "ITEM_VARIATION",
    "id": "V-MUG",
    "updated_at": "2011-01-04T08:00:00Z",
    "item_variation_data": {
        "name": "Blue",
        "sku": "MUG",
        "upc": "5012345678900",
        "price_money": gbp(120),
    },
}
ITEM = {
    "type": "ITEM",
    "id": "I-1",
    "updated_at": "2011-01-04T08:00:00Z",
    "item_data": {"name": "Mug", "description": "To drink of", "variations": [VARIATION]},
}
CUSTOMER = {
    "id": "C-1",
    "given_name": "Ada",
    "family_name": "Brown",
    "email_address": "ada@example.com",
    "preferences": {"email_unsubscribed": True},
    "created_at": "2011-01-03T08:00:00Z",
}


def test_articles_have_the_names_their_orders_call_them_by():
    article, price = messages({"objects": [ITEM]})
    assert (article.article, article.sku, article.gtin) == ("V-MUG", "MUG", "5012345678900")
    assert (article.title, article.options) == ("Mug", {"variation": "Blue"})
    assert price.unit_price_milli == 120_000
    (gone,) = messages({"object": VARIATION | {"is_deleted": True}})
    assert gone.gone
    assert kinds({"object": {"type": "TAX", "id": "T"}}) == ["Notice"]


def test_customers_are_told_and_forgotten():
    (who,) = messages({"customers": [CUSTOMER]})
    assert isinstance(who, ContactEvent)
    assert (who.name, who.marketing, who.gone) == ("Ada Brown", False, False)
    data = {"type": "customer", "id": "C-1", "deleted": True, "object": {"customer": CUSTOMER}}
    (who,) = messages(EVENT | {"type": "customer.deleted", "data": data})
    assert who.gone


def test_what_is_asked_of_square_is_no_fact():
    assert kinds({"idempotency_key": "k", "order": {"line_items": [LINE]}}) == ["Notice"]
    both = {
        "CreatePaymentRequest": {"payment": PAYMENT},
        "GetPaymentResponse": {"payment": PAYMENT},
    }
    said = [one for each in read("square", json.dumps(both).encode()) for one in each.messages]
    assert [type(one).__name__ for one in said] == ["Notice", "MoneyEvent"]


def test_a_delivery_is_signed_over_its_address_too():
    # By the package that Square publishes, of this address, key and body.
    signature = "iW9gXxCbGEEMGT+7hj26k7O2gy61eZBy9nzFvxTETOA="
    square, body = FAMILIES["square"], b'{"merchant_id":"M-1"}'
    headers = {"x-square-hmacsha256-signature": signature}
    there = {"notification_url": URL}
    assert square.is_signed(headers, body, ["other", KEY], there)
    assert not square.is_signed(headers, body, [KEY], {})
    assert not square.is_signed(headers, body, [KEY], {"notification_url": f"{URL}/"})
    assert not square.is_signed(headers, body + b" ", [KEY], there)
    assert not square.is_signed({}, body, [KEY], there)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"state": "LOST"}, "/state"),
        ({"line_items": {}}, "/line_items"),
        ({"line_items": [LINE | {"quantity": "x"}]}, "/line_items/0/quantity"),
        ({"line_items": [LINE | {"uid": None}]}, "/line_items/0/uid"),
        ({"total_money": {"amount": "much", "currency": "GBP"}}, "/total_money/amount"),
        ({"updated_at": "yesterday"}, "/updated_at"),
    ],
)
def test_what_cannot_be_understood_is_pointed_at(wrong, pointer):
    (reading,) = read("square", json.dumps(SOLD | wrong).encode())
    assert reading.fault is not None
    assert (reading.fault.pointer, reading.messages) == (pointer, ())


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    "document",
    [
        {"orders": [SOLD | {"fulfillments": [SENT]}]},
        EVENT,
        {"counts": [COUNT]},
        {"objects": [ITEM]},
    ],
    ids=["order", "event", "count", "article"],
)
def test_a_value_of_a_wrong_kind_does_no_more_than_quarantine(document, wrong):
    for raw in spoiled(document, wrong):
        (reading,) = read("square", raw)
        assert bool(reading.messages) != bool(reading.fault)


@pytest.mark.parametrize("raw", NONSENSE)
def test_what_is_no_resource_is_refused(raw):
    (reading,) = read("square", raw)
    assert reading.fault is not None
