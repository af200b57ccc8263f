"""Messages of eBay: the published one is read whole; what its descriptions allow is understood."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crosslane.channels.adapters.branches import read_json
from crosslane.channels.domain.messages import Order
from crosslane.channels.domain.reports import ContactEvent, FulfillmentEvent, MoneyEvent, Notice
from crosslane.demo.raw import data_folder
from crosslane.kernel import line_amount
from tests.channels.reading import CANONICAL, NONSENSE, WRONG, as_lines, read, spoiled, told_nowhere
from tests.channels.schemas.ebay import fitting
from tests.published import needs_published

FIXTURES = data_folder() / "fixtures/ebay"


def published() -> list[Path]:
    return sorted(FIXTURES.glob("*.json"))


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_message_is_read_as_it_was_checked(path):
    # The published message is under the GPL, so what it says is known here by its digest alone.
    expected = CANONICAL / "ebay" / f"{path.stem}.sha256"
    readings = read("ebay", path.read_bytes(), currency="USD")
    assert sha256(as_lines(readings).encode()).hexdigest() == expected.read_text().strip()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_message_gets_lost(path):
    raw = path.read_bytes()
    assert told_nowhere(read_json(raw), read("ebay", raw, currency="USD"), set()) == []


@needs_published
def test_published_orders_come_to_their_totals():
    (reading,) = read("ebay", published()[0].read_bytes())
    orders = [one for one in reading.messages if isinstance(one, Order)]
    assert len(orders) == 5
    for order in orders:
        goods = sum(line_amount(line.unit_price_milli, line.quantity) for line in order.lines)
        assert goods + order.shipping_minor == order.total_minor


def gbp(value: str) -> dict[str, str]:
    return {"value": value, "currency": "GBP"}


LINE: dict[str, Any] = {
    "lineItemId": "10012",
    "legacyItemId": "110",
    "sku": "MUG",
    "title": "Mug",
    "lineItemCost": gbp("30.00"),
    "discountedLineItemCost": gbp("27.00"),
    "quantity": 3,
    "listingMarketplaceId": "EBAY_GB",
    "deliveryCost": {"shippingCost": gbp("4.00"), "discountAmount": gbp("1.00")},
    "total": gbp("30.00"),
}
HOME = {
    "fullName": "Ada Brown",
    "contactAddress": {
        "addressLine1": "12 High Street",
        "city": "Oxford",
        "postalCode": "OX1 4AA",
        "countryCode": "GB",
    },
    "primaryPhone": {"phoneNumber": "01865 000000"},
    "email": "ada@example.com",
}
ORDER: dict[str, Any] = {
    "orderId": "12-00001-00001",
    "creationDate": "2026-07-01T08:00:00.000Z",
    "lastModifiedDate": "2026-07-01T08:05:00.250Z",
    "orderFulfillmentStatus": "NOT_STARTED",
    "orderPaymentStatus": "PAID",
    "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
    "pricingSummary": {"total": gbp("30.00")},
    "paymentSummary": {"refunds": []},
    "buyerCheckoutNotes": "Leave with the porter",
    "fulfillmentStartInstructions": [
        {
            "fulfillmentInstructionsType": "SHIP_TO",
            "shippingStep": {"shipTo": HOME, "shippingServiceCode": "UK_RoyalMail48"},
        }
    ],
    "lineItems": [LINE],
}


def messages(document: Any, **context: Any) -> list[Any]:
    (reading,) = read("ebay", json.dumps(document).encode(), **context)
    assert reading.fault is None, reading.fault
    return list(reading.messages)


def kinds(document: Any) -> list[str]:
    return [type(one).__name__ for one in messages(document)]


def test_what_is_read_in_tests_is_as_published_models_allow():
    fitting("fulfillment", "Order", ORDER)


def test_an_order_comes_to_its_total():
    order, paid = messages({"orders": [ORDER]})
    (line,) = order.lines
    goods = line_amount(line.unit_price_milli, line.quantity)
    assert (goods, line.discount_minor, order.shipping_minor) == (2_700, 300, 300)
    assert goods + order.shipping_minor == order.total_minor
    assert (order.currency, order.prices_include_tax) == ("GBP", True)
    assert (order.ship_to.city, order.buyer.email) == ("Oxford", "ada@example.com")
    assert (order.service, order.note) == ("UK_RoyalMail48", "Leave with the porter")
    assert (order.source_version, paid.outcome) == (1782893100250, "paid")


def test_tax_that_ebay_collects_is_none_of_the_seller_s():
    taxes = {"taxes": [{"amount": gbp("2.00")}]}
    assert messages(ORDER | {"lineItems": [LINE | taxes]})[0].lines[0].tax_minor == 200
    theirs = {"ebayCollectAndRemitTaxes": [{"taxType": "VAT", "amount": gbp("2.00")}]}
    order = messages(ORDER | {"lineItems": [LINE | taxes | theirs]})[0]
    assert order.lines[0].tax_minor is None
    there = LINE | {"listingMarketplaceId": "EBAY_US"}
    assert messages(ORDER | {"lineItems": [there]})[0].prices_include_tax is False


@pytest.mark.parametrize(
    ("changes", "paid", "stop", "said"),
    [
        ({"orderPaymentStatus": "PENDING"}, "pending", "payment", ["Order"]),
        ({"orderPaymentStatus": "FAILED"}, "voided", "payment", ["Order", "PaymentEvent"]),
        ({}, "paid", "", ["Order", "PaymentEvent"]),
        (
            {"orderFulfillmentStatus": "IN_PROGRESS"},
            "paid",
            "",
            ["Order", "PaymentEvent"],
        ),
        (
            {"orderFulfillmentStatus": "FULFILLED"},
            "paid",
            "manual",
            ["Order", "PaymentEvent", "FulfillmentEvent"],
        ),
        (
            {"cancelStatus": {"cancelState": "IN_PROGRESS"}},
            "paid",
            "manual",
            ["Order", "PaymentEvent"],
        ),
        (
            {"cancelStatus": {"cancelState": "CANCELED"}, "orderPaymentStatus": "FULLY_REFUNDED"},
            "refunded",
            "",
            ["Order", "PaymentEvent", "Cancellation"],
        ),
    ],
)
def test_statuses_say_how_far_an_order_is(changes, paid, stop, said):
    order, *after = messages(ORDER | changes)
    assert (order.paid, [one.kind for one in order.stops]) == (paid, [stop] if stop else [])
    assert ["Order", *(type(one).__name__ for one in after)] == said


def test_money_that_was_given_back_is_told_once_for_each_refund():
    refund = {
        "refundId": "R1",
        "refundDate": "2026-07-03T08:00:00.000Z",
        "amount": gbp("9.00"),
        "refundStatus": "REFUNDED",
    }
    told = messages(
        ORDER
        | {"orderPaymentStatus": "PARTIALLY_REFUNDED", "paymentSummary": {"refunds": [refund]}}
    )
    (money,) = [one for one in told if isinstance(one, MoneyEvent)]
    assert (money.source_id, money.minor, money.outcome) == ("refund/R1", 900, "done")
    assert money.event_at.day == 3


def test_an_order_comes_to_its_total_whatever_is_taken_off_or_added():
    line = LINE | {"deliveryCost": {"shippingCost": gbp("4.00")}}
    parts = {"priceSubtotal": gbp("30.00"), "priceDiscount": gbp("-3.00")}
    parts |= {"deliveryCost": gbp("4.00"), "deliveryDiscount": gbp("-1.50")}
    for more, total in (
        ({}, "29.50"),
        ({"adjustment": gbp("-5.00")}, "24.50"),
        ({"adjustment": gbp("5.00")}, "34.50"),
        ({"fee": gbp("0.75")}, "30.25"),
    ):
        summary = parts | more | {"total": gbp(total)}
        order, _ = messages(ORDER | {"lineItems": [line], "pricingSummary": summary})
        (one,) = order.lines
        goods = line_amount(one.unit_price_milli, one.quantity)
        assert goods + order.shipping_minor == order.total_minor, more


def test_tax_that_is_ebays_own_is_in_no_total():
    theirs = {"ebayCollectAndRemitTaxes": [{"taxType": "VAT", "amount": gbp("2.00")}]}
    told = ORDER | {"lineItems": [LINE | theirs], "pricingSummary": {"total": gbp("32.00")}}
    order, _ = messages(told)
    assert (order.total_minor, order.rest["/pricingSummary/total/value"]) == (3_000, "32.00")


def test_an_order_that_was_refunded_before_it_was_sent_is_off():
    assert kinds(ORDER | {"orderPaymentStatus": "FULLY_REFUNDED"}) == [
        *("Order", "PaymentEvent", "Cancellation"),
    ]
    later = {"orderPaymentStatus": "FULLY_REFUNDED", "orderFulfillmentStatus": "FULFILLED"}
    assert kinds(ORDER | later) == ["Order", "PaymentEvent", "FulfillmentEvent"]


def test_money_that_was_given_back_for_a_line_is_told_once():
    one = {"refundId": "77", "amount": gbp("5.00"), "refundDate": "2026-07-02T00:00:00.000Z"}
    line = LINE | {"refunds": [one]}
    told = ORDER | {"orderPaymentStatus": "PARTIALLY_REFUNDED", "lineItems": [line]}
    *_, money = messages(told)
    assert (money.source_id, money.minor) == ("refund/77/10012", 500)
    *_, money = messages(told | {"paymentSummary": {"refunds": [one]}})
    assert money.source_id == "refund/77"


def test_a_cancellation_says_that_its_order_is_off_once_it_is_closed():
    asked = {
        "cancelId": "5000",
        "legacyOrderId": "12-00001-00001",
        "cancelReason": "OUT_OF_STOCK",
        "cancelStatus": "CANCEL_REQUESTED",
        "cancelRequestDate": {"value": "2026-07-02T08:00:00.000Z"},
    }
    (kept,) = messages(asked)
    assert (kept.topic, kept.title) == ("cancellation", "CANCEL_REQUESTED")
    closed = asked | {
        "cancelStatus": "CANCEL_CLOSED_WITH_REFUND",
        "cancelCloseDate": {"value": "2026-07-03T08:00:00.000Z"},
    }
    for page in ({"cancellations": [closed], "total": 1}, {"cancelDetail": closed}, closed):
        (off,) = messages(page)
        assert (off.source_id, off.reason) == ("12-00001-00001", "OUT_OF_STOCK")
        assert off.event_at.day == 3


def test_an_amount_in_another_currency_is_called_so():
    line = LINE | {
        "discountedLineItemCost": None,
        "lineItemCost": {"value": "1", "currency": "USD"},
    }
    (reading,) = read("ebay", json.dumps(ORDER | {"lineItems": [line]}).encode())
    assert reading.fault.detail == "lineItemCost is not an amount in GBP"


def test_an_order_that_is_fetched_names_its_store_and_one_by_the_hub_its_reference():
    pickup = {
        "fulfillmentInstructionsType": "PREPARE_FOR_PICKUP",
        "pickupStep": {"merchantLocationKey": "OXFORD"},
    }
    order = messages(ORDER | {"fulfillmentStartInstructions": [pickup]})[0]
    assert (order.lines[0].method, order.lines[0].store) == ("pickup", "OXFORD")
    assert order.ship_to is None
    step = {"shipTo": HOME, "shipToReferenceId": "Reference #123"}
    hub = {"fulfillmentInstructionsType": "SHIP_TO", "shippingStep": step}
    order = messages(ORDER | {"fulfillmentStartInstructions": [hub]})[0]
    assert order.ship_to.lines == ("12 High Street", "Reference #123")


def test_parcels_articles_and_offers_are_told():
    parcel = {
        "fulfillmentId": "F1",
        "shipmentTrackingNumber": "RM1",
        "shippingCarrierCode": "RoyalMail",
        "shippedDate": "2026-07-02T08:00:00.000Z",
        "lineItems": [{"lineItemId": "10012", "quantity": 2}],
    }
    href = "https://api.ebay.com/sell/fulfillment/v1/order/12-00001-00001/shipping_fulfillment"
    (sent,) = messages({"href": href, "fulfillments": [parcel], "total": 1})
    assert (type(sent), sent.order, sent.tracking) == (
        FulfillmentEvent,
        "12-00001-00001",
        ("RM1",),
    )
    item = {"sku": "MUG", "product": {"title": "Mug", "ean": ["5012345678900"], "brand": "Potter"}}
    (article,) = messages({"inventoryItems": [item]})
    assert (article.sku, article.gtin, article.brand) == ("MUG", "5012345678900", "Potter")
    offer = {
        "offerId": "7",
        "sku": "MUG",
        "status": "PUBLISHED",
        "pricingSummary": {"price": gbp("8.00")},
    }
    told, price = messages({"offers": [offer]})
    assert (told.article, told.on_sale, price.unit_price_milli) == ("7", True, 800_000)


def test_a_closed_account_asks_for_its_data_to_be_removed():
    told = {
        "metadata": {"topic": "MARKETPLACE_ACCOUNT_DELETION", "schemaVersion": "1.0"},
        "notification": {
            "notificationId": "n-1",
            "eventDate": "2026-07-01T08:00:00.000Z",
            "data": {"username": "ada", "userId": "ma8vp1jySJC", "eiasToken": "x"},
        },
    }
    (asked,) = messages(told)
    assert (type(asked), asked.topic, asked.source_id) == (
        ContactEvent,
        "data_request",
        "ma8vp1jySJC",
    )
    other = told | {"metadata": {"topic": "ITEM_AVAILABILITY"}}
    (note,) = messages(other)
    assert (type(note), note.source_id) == (Notice, "ITEM_AVAILABILITY/n-1")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"orderId": ""}, "/orderId"),
        ({"orderPaymentStatus": "LOST"}, "/orderPaymentStatus"),
        ({"lineItems": {}}, "/lineItems"),
        ({"lineItems": [LINE | {"quantity": "x"}]}, "/lineItems/0/quantity"),
        ({"lineItems": [LINE | {"lineItemId": None}]}, "/lineItems/0/lineItemId"),
        ({"pricingSummary": {"total": gbp("NaN")}}, "/pricingSummary/total/value"),
        ({"creationDate": "yesterday"}, "/creationDate"),
    ],
)
def test_what_cannot_be_understood_is_pointed_at(wrong, pointer):
    (reading,) = read("ebay", json.dumps(ORDER | wrong).encode())
    assert reading.fault is not None
    assert (reading.fault.pointer, reading.messages) == (pointer, ())


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_of_a_wrong_kind_does_no_more_than_quarantine(wrong):
    document = {"orders": [ORDER], "total": 1}
    for raw in spoiled(document, wrong):
        (reading,) = read("ebay", raw)
        assert bool(reading.messages) != bool(reading.fault)


@pytest.mark.parametrize("raw", NONSENSE)
def test_what_is_no_resource_is_refused(raw):
    (reading,) = read("ebay", raw)
    assert reading.fault is not None
