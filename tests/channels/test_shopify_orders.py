"""Orders of Shopify as real shops tell them: edited, reduced twice, refunded, tipped, removed."""

import json

import pytest

from crosslane.kernel import line_amount
from tests.channels.reading import read

LINE = {"id": 7, "sku": "A", "quantity": 3, "price": "10.00"}
ORDER = {
    "id": 1,
    "name": "#1",
    "currency": "EUR",
    "updated_at": "2026-01-02T10:00:00+01:00",
    "created_at": "2026-01-01T10:00:00+01:00",
    "financial_status": "paid",
    "taxes_included": True,
    "line_items": [LINE],
}
SENT = {
    "id": 3,
    "order_id": 1,
    "status": "success",
    "created_at": "2026-01-02T09:00:00Z",
    "line_items": [{"id": 7, "quantity": 3}],
}
REFUND = {
    "id": 5,
    "order_id": 1,
    "created_at": "2026-01-02T00:00:00Z",
    "refund_line_items": [{"line_item_id": 7, "quantity": 1, "restock_type": "return"}],
    "transactions": [
        {"id": 6, "kind": "refund", "amount": "9.00", "status": "success", "currency": "EUR"}
    ],
}


def messages(document, **context):
    (reading,) = read("shopify", json.dumps(document).encode(), **context)
    assert reading.fault is None, reading.fault
    return reading.messages


def order_of(**told):
    return next(one for one in messages(ORDER | told) if type(one).__name__ == "Order")


def refund_of(restock_type, quantity=1):
    part = {"line_item_id": 7, "quantity": quantity, "restock_type": restock_type}
    return REFUND | {"refund_line_items": [part]}


def test_reductions_of_the_line_and_of_the_order_are_both_taken_off():
    # The sum tells those of the line alone, the parts tell all.
    parts = [{"amount": "3.00"}, {"amount": "1.50"}]
    (line,) = order_of(
        line_items=[LINE | {"total_discount": "3.00", "discount_allocations": parts}]
    ).lines
    assert (line.discount_minor, line_amount(line.unit_price_milli, 3)) == (450, 2_550)


def test_a_tip_is_no_goods_and_no_money_of_the_order():
    tip = {"id": 8, "title": "Tip", "quantity": 1, "price": "4.50", "tip_payment_gateway": None}
    told = order_of(line_items=[LINE, tip], total_price="34.50")
    assert [line.id for line in told.lines] == ["7"]
    assert told.total_minor == 3_000
    assert told.rest["/line_items/1/price"] == "4.50"
    assert told.rest["/total_price"] == "34.50"


@pytest.mark.parametrize(
    ("shipping", "minor"),
    [
        ({"price": "5.00", "discounted_price": "4.00"}, 400),
        # A reduction of the whole order is told by its part alone.
        (
            {
                "price": "5.00",
                "discounted_price": "5.00",
                "discount_allocations": [{"amount": "5.00"}],
            },
            0,
        ),
        ({"price": "5.00", "discount_allocations": [{"amount": "1.00"}]}, 400),
        # An edit has taken it off.
        ({"price": "5.00", "is_removed": True}, 0),
    ],
)
def test_delivery_costs_what_is_left_of_its_price(shipping, minor):
    assert order_of(shipping_lines=[{"code": "x"} | shipping]).shipping_minor == minor


def test_a_long_name_of_a_service_is_cut_and_kept():
    code = "Standard (3 to 5 working days), free of charge from 50 euros upwards, by post"
    told = order_of(shipping_lines=[{"code": code, "title": code, "price": "0.00"}])
    assert told.service == code[:64]
    assert told.rest["/shipping_lines/0/code"] == code


@pytest.mark.parametrize(
    ("line", "more", "units"),
    [
        # Edited before anything left.
        ({"current_quantity": 1}, {"refunds": [refund_of("cancel", 2)]}, 1),
        # All of it was sent; one came back.
        ({"current_quantity": 2}, {"fulfillments": [SENT], "refunds": [REFUND]}, 3),
        # One came back, one was taken off before it was sent.
        (
            {"current_quantity": 1, "fulfillable_quantity": 0},
            {
                "fulfillments": [SENT | {"line_items": [{"id": 7, "quantity": 2}]}],
                "refunds": [REFUND, refund_of("cancel")],
            },
            2,
        ),
        # One was sent; one of the others was taken off and not put back on stock.
        (
            {"current_quantity": 2, "fulfillable_quantity": 1},
            {
                "fulfillments": [SENT | {"line_items": [{"id": 7, "quantity": 1}]}],
                "refunds": [refund_of("no_restock")],
            },
            2,
        ),
        # Money for one that the customer keeps.
        (
            {"current_quantity": 2, "fulfillable_quantity": 0},
            {"fulfillments": [SENT], "refunds": [refund_of("no_restock")]},
            3,
        ),
        # What an ended fulfillment held never left.
        (
            {"current_quantity": 2},
            {"fulfillments": [SENT | {"status": "cancelled"}], "refunds": [refund_of("cancel")]},
            2,
        ),
    ],
)
def test_units_that_came_back_are_wanted_still_and_units_taken_off_are_not(line, more, units):
    told = order_of(line_items=[LINE | line], **more)
    assert [one.quantity for one in told.lines] == [units]


def test_the_price_of_a_unit_stays_when_others_are_taken_off():
    line = LINE | {"discount_allocations": [{"amount": "1.01"}]}
    (before,) = order_of(line_items=[line]).lines
    (after,) = order_of(line_items=[line | {"current_quantity": 1}]).lines
    assert before.unit_price_milli == after.unit_price_milli
    assert after.discount_minor == 33


def test_an_order_of_which_all_was_taken_off_is_off():
    said = messages(
        ORDER
        | {
            "line_items": [LINE | {"current_quantity": 0}],
            "refunds": [refund_of("cancel", 3) | {"transactions": []}],
        }
    )
    (off,) = said
    assert (type(off).__name__, off.source_id) == ("Cancellation", "1")


def test_an_order_of_which_all_came_back_is_told_with_what_was_sent():
    said = messages(
        ORDER
        | {
            "line_items": [LINE | {"current_quantity": 0}],
            "fulfillments": [SENT],
            "refunds": [refund_of("return", 3)],
        }
    )
    kinds = [type(one).__name__ for one in said]
    assert kinds == ["Order", "PaymentEvent", "FulfillmentEvent", "ReturnEvent", "MoneyEvent"]
    assert said[0].lines[0].quantity == 3


@pytest.mark.parametrize(
    ("status", "heard", "step"),
    [
        ("success", None, "shipped"),
        ("success", "delivered", "delivered"),
        ("success", "picked_up", "collected"),
        # Taken back in the shop after the carrier had spoken of it.
        ("cancelled", "confirmed", "cancelled"),
        ("success", "a word of next year", "shipped"),
        (None, "in_transit", "in_transit"),
    ],
)
def test_a_fulfillment_is_where_shop_and_carrier_say(status, heard, step):
    (one,) = messages(SENT | {"status": status, "shipment_status": heard, "tracking_number": None})
    assert one.step == step


def test_a_refund_that_moves_nothing_is_kept():
    (kept,) = messages(refund_of("cancel") | {"transactions": []})
    assert (kept.topic, kept.rest["/refund_line_items/0/quantity"]) == ("refund", 1)
    (change,) = messages({"transaction": {"id": 2, "kind": "change", "amount": "1.00"}})
    assert change.topic == "transaction"


def test_money_in_the_buyers_currency_is_no_sum_of_the_order():
    dollars = REFUND | {"transactions": [REFUND["transactions"][0] | {"currency": "USD"}]}
    *_, back, money = messages(ORDER | {"refunds": [dollars]})
    assert (back.refunded_minor, money.minor, money.currency) == (None, 900, "USD")
    back, _ = messages(REFUND, currency="GBP")
    assert back.refunded_minor == 900
    shop = {"subtotal_set": {"shop_money": {"amount": "9.00", "currency_code": "EUR"}}}
    part = REFUND["refund_line_items"][0] | shop
    back, _ = messages(dollars | {"refund_line_items": [part]})
    assert back.refunded_minor is None


def test_goods_of_an_old_refund_were_put_back():
    back, _ = messages(refund_of("legacy_restock"))
    assert back.goods == "come"


def test_entries_of_the_providers_account_are_no_payments_of_an_order():
    entry = {"id": 9, "type": "charge", "payout_status": "paid", "amount": "10.00", "fee": "2.00"}
    (one,) = messages({"transactions": [entry]})
    assert (type(one).__name__, one.topic) == ("Notice", "balance_transaction")
    assert one.rest["/transactions/0/fee"] == "2.00"


def test_what_a_shop_has_removed_is_gone():
    (off,) = messages({"id": 1}, topic="orders/delete")
    assert (type(off).__name__, off.source_id) == ("Cancellation", "1")
    (product,) = messages({"id": 2}, topic="products/delete")
    assert (product.gone, product.on_sale) == (True, False)
    (person,) = messages({"id": 3, "addresses": []}, topic="customers/delete")
    assert (person.source_id, person.gone) == ("3", True)
    level = {"inventory_item_id": 4, "location_id": 5}
    (stock,) = messages(level, topic="inventory_levels/disconnect")
    assert [row.quantity for row in stock.rows] == [0]


def test_an_event_that_tells_a_few_words_of_an_order_is_no_order():
    told = {"order_id": 1, "risk_level": "high", "created_at": "2026-01-01T00:00:00Z"}
    (one,) = messages(told, topic="orders/risk_assessment_changed")
    assert one.topic == "order_risk_assessment_changed"


def test_answers_that_are_numbers_are_kept():
    (count,) = messages({"count": 2})
    assert count.rest == {"/count": 2}
    (listed,) = messages({"product_ids": [11, 12]})
    assert listed.rest == {"/product_ids/0": 11, "/product_ids/1": 12}


def test_duties_and_fees_are_charged_beside_the_goods():
    def euros(amount):
        return {"shop_money": {"amount": amount, "currency_code": "EUR"}}

    told = order_of(
        shipping_lines=[{"code": "x", "price": "4.90"}],
        original_total_duties_set=euros("2.50"),
        original_total_additional_fees_set=euros("1.00"),
        total_price="38.40",
    )
    assert told.shipping_minor == 840
    (line,) = told.lines
    assert line_amount(line.unit_price_milli, line.quantity) + 840 == told.total_minor
    assert told.rest["/original_total_duties_set/shop_money/amount"] == "2.50"
    assert order_of(original_total_duties_set=None).shipping_minor == 0


def test_what_was_written_in_by_hand_is_called_by_its_title():
    own = {
        "id": 9,
        "title": "Engraving",
        "sku": None,
        "variant_id": None,
        "quantity": 1,
        "price": "5",
    }
    told = order_of(line_items=[LINE, own])
    assert [(line.sku, line.article) for line in told.lines] == [("A", ""), ("", "Engraving")]


def test_what_is_no_longer_wanted_or_only_money_is_kept():
    gone = LINE | {"id": 8, "sku": "B", "current_quantity": 0}
    told = order_of(line_items=[LINE, gone])
    assert told.rest["/line_items/1/sku"] == "B"
    adjusted = {"refund_line_items": [], "order_adjustments": [{"kind": "shipping_refund"}]}
    (money,) = messages(REFUND | adjusted)
    assert (money.minor, money.rest["/id"]) == (900, 5)
