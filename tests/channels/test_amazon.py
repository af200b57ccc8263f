"""Messages of Amazon: every published one is read whole; what its models allow is understood."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.adapters.amazon import verify
from crosslane.channels.adapters.branches import read_json
from crosslane.channels.domain.messages import (
    Amendment,
    Cancellation,
    Order,
    PaymentEvent,
    SupplySnapshot,
)
from crosslane.channels.domain.reports import (
    FulfillmentEvent,
    MoneyEvent,
    Notice,
    PricePatch,
    ProductPatch,
)
from crosslane.demo.raw import data_folder
from crosslane.kernel import line_amount
from tests.channels.reading import CANONICAL, NONSENSE, WRONG, as_lines, read, spoiled, told_nowhere

FIXTURES = data_folder() / "fixtures/amazon_sp_api"
GB, US, DE = "A1F83G8C2ARO7P", "ATVPDKIKX0DER", "A1PA6795UKMFR9"


def published() -> list[Path]:
    return sorted(FIXTURES.glob("*.json"))


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_message_is_read_as_it_was_checked(path):
    expected = CANONICAL / "amazon" / f"{path.stem}.jsonl"
    readings = read("amazon", path.read_bytes(), currency="USD")
    assert as_lines(readings) == expected.read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_message_gets_lost(path):
    for reading in read("amazon", path.read_bytes(), currency="USD"):
        assert told_nowhere(read_json(reading.body.encode()), [reading], set()) == []


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_record_that_is_kept_says_the_same_when_it_is_read_again(path):
    for reading in read("amazon", path.read_bytes(), currency="USD"):
        (again,) = read("amazon", reading.body.encode(), currency="USD")
        assert again.messages == reading.messages


def gbp(amount: str) -> dict[str, str]:
    return {"currencyCode": "GBP", "amount": amount}


def parts(**told: Any) -> list[dict[str, Any]]:
    """Parts of what a line brings in; what tells of what it is has several."""
    found: list[dict[str, Any]] = []
    for kind, amount in told.items():
        if isinstance(amount, str):
            found.append({"type": kind, "subtotal": gbp(amount)})
            continue
        details = [{"subtype": of, "value": gbp(value)} for of, value in amount.items()]
        whole = sum(round(float(value) * 100) for value in amount.values()) / 100
        subtotal = gbp(f"{whole:.2f}")
        found.append({"type": kind, "subtotal": subtotal, "detailedBreakdowns": details})
    return found


ITEM: dict[str, Any] = {
    "orderItemId": "11",
    "quantityOrdered": 3,
    "product": {"asin": "B0A", "title": "Mug", "sellerSku": "MUG"},
    "proceeds": {
        "breakdowns": parts(
            ITEM="25.00",
            SHIPPING="4.00",
            GIFT_WRAP="2.50",
            TAX={"ITEM": "5.00", "SHIPPING": "0.80", "GIFT_WRAP": "0.50"},
            DISCOUNT={"ITEM": "-3.00", "SHIPPING": "-1.00"},
        )
    },
    "fulfillment": {
        "packing": {"giftOption": {"giftWrapLevel": "Classic", "giftMessage": "For you!"}}
    },
}
HOME = {
    "name": "Ada Brown",
    "addressLine1": "12 High Street",
    "city": "Oxford",
    "postalCode": "OX1 4AA",
    "countryCode": "GB",
}
ORDER: dict[str, Any] = {
    "orderId": "202-1-1",
    "createdTime": "2026-07-01T08:00:00Z",
    "lastUpdatedTime": "2026-07-01T08:05:00.250Z",
    "salesChannel": {"channelName": "AMAZON", "marketplaceId": GB},
    "buyer": {"buyerName": "Ada Brown", "buyerEmail": "x@marketplace.amazon.co.uk"},
    "recipient": {"deliveryAddress": HOME},
    "proceeds": {"grandTotal": gbp("33.80")},
    "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
    "orderItems": [ITEM],
}


def messages(document: Any, **context: Any) -> list[Any]:
    (reading,) = read("amazon", json.dumps(document).encode(), **context)
    assert reading.fault is None, reading.fault
    return list(reading.messages)


def kinds(document: Any, **context: Any) -> list[str]:
    return [type(one).__name__ for one in messages(document, **context)]


def work(status: str, **told: Any) -> dict[str, Any]:
    return ORDER | {"fulfillment": ORDER["fulfillment"] | {"fulfillmentStatus": status} | told}


def test_an_order_comes_to_its_total_with_tax_in_its_prices():
    order, paid = messages({"order": ORDER})
    assert (order.number, order.currency, order.prices_include_tax) == ("202-1-1", "GBP", True)
    (line,) = order.lines
    goods = line_amount(line.unit_price_milli, line.quantity)
    assert (goods, line.discount_minor, line.tax_minor) == (2_700, 300, 500)
    assert goods + order.shipping_minor == order.total_minor == 3_380
    assert line.note == "Gift wrap: Classic\nGift message: For you!"
    assert (order.ship_to.city, order.ship_near, order.stops) == ("Oxford", None, ())
    assert (order.buyer.name, order.source_version) == ("Ada Brown", 1782893100250)
    assert (paid.outcome, paid.source_version) == ("paid", 1)


def test_tax_stands_beside_prices_where_the_marketplace_sells_so():
    there = json.loads(json.dumps(ORDER).replace("GBP", "USD"))
    order = messages(there | {"salesChannel": {"marketplaceId": US}})[0]
    (line,) = order.lines
    assert (order.prices_include_tax, order.currency) == (False, "USD")
    goods = line_amount(line.unit_price_milli, line.quantity)
    assert (goods, order.shipping_minor, order.tax_minor) == (2_200, 550, 630)
    assert goods + order.shipping_minor + order.tax_minor == order.total_minor


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 99_999)), min_size=1, max_size=5),
    st.integers(0, 5_000),
)
def test_lines_come_to_what_was_paid_for_them(lines, shipping):
    items = [
        {
            "orderItemId": str(n),
            "quantityOrdered": units,
            "product": {"sellerSku": f"S{n}"},
            "proceeds": {
                "breakdowns": parts(ITEM=f"{minor / 100:.2f}", SHIPPING=f"{shipping / 100:.2f}")
            },
        }
        for n, (units, minor) in enumerate(lines)
    ]
    order = messages(ORDER | {"orderItems": items})[0]
    found = [line_amount(line.unit_price_milli, line.quantity) for line in order.lines]
    assert found == [minor for _, minor in lines]
    assert order.shipping_minor == shipping * len(lines)


@pytest.mark.parametrize(
    ("status", "paid", "stop", "said"),
    [
        ("PENDING_AVAILABILITY", "pending", "payment", ["Order"]),
        ("PENDING", "pending", "payment", ["Order"]),
        ("UNSHIPPED", "paid", "", ["Order", "PaymentEvent"]),
        ("PARTIALLY_SHIPPED", "paid", "", ["Order", "PaymentEvent"]),
        ("SHIPPED", "paid", "manual", ["Order", "PaymentEvent", "FulfillmentEvent"]),
        ("CANCELLED", "", "", ["Order", "Cancellation"]),
    ],
)
def test_a_status_says_how_far_an_order_is(status, paid, stop, said):
    order, *after = messages(work(status))
    assert (order.paid, [one.kind for one in order.stops]) == (paid, [stop] if stop else [])
    assert [type(order).__name__, *(type(one).__name__ for one in after)] == said
    v0 = V0 | {"OrderStatus": status.replace("CANCELLED", "CANCELED").replace("_", "").title()}
    assert kinds({"payload": v0 | {"OrderItems": [V0_ITEM]}}) == said


def test_what_amazon_sends_itself_is_noted_and_is_no_order_of_ours():
    theirs = work("SHIPPED", fulfilledBy="AMAZON")
    (one,) = messages(theirs)
    assert (type(one), one.topic, one.title) == (Notice, "amazon order", "202-1-1")
    assert one.rest["/orderItems/0/product/sellerSku"] == "MUG"
    assert kinds({"payload": V0 | {"FulfillmentChannel": "AFN"}}) == ["Notice"]


def test_an_order_without_its_street_waits_for_it_and_is_near_somewhere():
    near = {name: HOME[name] for name in ("city", "postalCode", "countryCode")}
    order = messages(ORDER | {"recipient": {"deliveryAddress": near}})[0]
    assert (order.ship_to, order.ship_near.postcode) == (None, "OX1 4AA")
    order = messages({k: v for k, v in ORDER.items() if k not in ("recipient", "buyer")})[0]
    assert (order.ship_to, order.ship_near.country, order.buyer) == (None, "GB", None)


def test_parcels_that_amazon_knows_of_are_told_one_by_one():
    package = {
        "packageReferenceId": "1",
        "packageStatus": {"status": "IN_TRANSIT"},
        "shipTime": "2026-07-02T09:00:00Z",
        "carrier": "Royal Mail",
        "trackingNumber": "RM1",
        "packageItems": [{"orderItemId": "11", "quantity": 2}],
    }
    waiting = package | {"packageReferenceId": "2", "packageStatus": {"status": "PENDING"}}
    told = messages(work("PARTIALLY_SHIPPED") | {"packages": [package, waiting]})
    (parcel,) = [one for one in told if isinstance(one, FulfillmentEvent)]
    assert (parcel.source_id, parcel.order, parcel.step) == ("202-1-1/1", "202-1-1", "in_transit")
    assert (parcel.tracking, parcel.carrier) == (("RM1",), "Royal Mail")
    assert [(line.id, line.quantity) for line in parcel.lines] == [("11", 2)]


def test_a_buyer_who_wants_it_cancelled_and_a_replacement_are_seen():
    asked = {"cancellationRequest": {"requester": "BUYER", "cancelReason": "Found cheaper"}}
    replaced = {"associationType": "REPLACEMENT_ORIGINAL_ID", "orderId": "202-0-0"}
    item = ITEM | {"cancellation": asked}
    order = messages(ORDER | {"orderItems": [item], "associatedOrders": [replaced]})[0]
    assert [(s.kind, s.reason) for s in order.stops] == [
        ("manual", "The buyer asks Amazon to cancel it: Found cheaper")
    ]
    assert order.note == "Replaces 202-0-0"


V0_ITEM: dict[str, Any] = {
    "ASIN": "B0A",
    "OrderItemId": "11",
    "SellerSKU": "MUG",
    "Title": "Mug",
    "QuantityOrdered": 3,
    "ItemPrice": {"CurrencyCode": "GBP", "Amount": "25.00"},
    "ItemTax": {"CurrencyCode": "GBP", "Amount": "4.17"},
    "ShippingPrice": {"CurrencyCode": "GBP", "Amount": "4.00"},
    "ShippingDiscount": {"CurrencyCode": "GBP", "Amount": "1.00"},
    "PromotionDiscount": {"CurrencyCode": "GBP", "Amount": "3.00"},
    "IsGift": "true",
    "BuyerInfo": {
        "GiftWrapLevel": "Classic",
        "GiftWrapPrice": {"CurrencyCode": "GBP", "Amount": "2.50"},
    },
}
V0: dict[str, Any] = {
    "AmazonOrderId": "202-1-1",
    "PurchaseDate": "2026-07-01T08:00:00Z",
    "LastUpdateDate": "2026-07-01T08:05:00Z",
    "OrderStatus": "Unshipped",
    "FulfillmentChannel": "MFN",
    "MarketplaceId": GB,
    "OrderTotal": {"CurrencyCode": "GBP", "Amount": "27.50"},
    "BuyerInfo": {"BuyerEmail": "x@marketplace.amazon.co.uk"},
    "ShippingAddress": {
        "Name": "Ada Brown",
        "AddressLine1": "12 High Street",
        "City": "Oxford",
        "PostalCode": "OX1 4AA",
        "CountryCode": "GB",
    },
}


def test_the_older_api_tells_an_order_and_its_goods_apart():
    order, paid = messages({"payload": V0})
    assert (type(order), order.lines, order.total_minor) == (Order, (), 2_750)
    assert isinstance(paid, PaymentEvent)
    answer = {"payload": {"AmazonOrderId": "202-1-1", "OrderItems": [V0_ITEM]}}
    (goods,) = messages(answer)
    assert (type(goods), goods.source_id) == (Amendment, "202-1-1")
    assert [(one.id, one.sku, one.quantity) for one in goods.lines] == [("11", "MUG", 3)]
    assert line_amount(goods.lines[0].unit_price_milli, 3) == 2_200


def test_the_older_api_s_order_with_its_goods_comes_to_its_total():
    order = messages({"payload": V0 | {"OrderItems": [V0_ITEM]}})[0]
    (line,) = order.lines
    goods = line_amount(line.unit_price_milli, line.quantity)
    assert (goods, order.shipping_minor, line.discount_minor) == (2_200, 550, 300)
    assert goods + order.shipping_minor == order.total_minor
    assert line.note == "Gift wrap: Classic"


def notification(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "NotificationVersion": "1.0",
        "NotificationType": kind,
        "EventTime": "2026-07-01T09:00:00Z",
        "Payload": payload,
        "NotificationMetadata": {"NotificationId": "n-1"},
    }


def changed(status: str) -> dict[str, Any]:
    summary = {"OrderStatus": status, "PurchaseDate": "2026-07-01T08:00:00Z"}
    about = {
        "AmazonOrderId": "202-1-1",
        "OrderChangeTrigger": {"TimeOfOrderChange": "2026-07-01T08:59:00Z"},
        "Summary": summary,
    }
    return notification("ORDER_CHANGE", {"OrderChangeNotification": about})


def test_a_changed_order_is_off_or_is_to_be_fetched():
    (off,) = messages(changed("Canceled"))
    assert (type(off), off.source_id) == (Cancellation, "202-1-1")
    (note,) = messages(changed("Unshipped"))
    assert (type(note), note.source_id, note.title) == (Notice, "ORDER_CHANGE/n-1", "202-1-1")


def envelopes() -> list[tuple[str, Any]]:
    told = changed("Canceled")
    text = json.dumps(told)
    return [
        ("as polled from SQS", {"Messages": [{"MessageId": "1", "Body": text}]}),
        ("as SQS gives it to a function", {"Records": [{"messageId": "1", "body": text}]}),
        ("alone in SQS", {"MessageId": "1", "Body": text}),
        ("of SNS", {"Type": "Notification", "Message": text}),
        ("of SNS in SQS", {"Body": json.dumps({"Type": "Notification", "Message": text})}),
        ("of EventBridge", {"detail-type": "ORDER_CHANGE", "source": "x", "detail": told}),
        ("in a list", [told]),
    ]


@pytest.mark.parametrize(("name", "envelope"), envelopes(), ids=lambda one: str(one)[:20])
def test_a_notification_is_found_in_whatever_it_lies(name, envelope):
    (off,) = messages(envelope)
    assert (type(off), off.source_id) == (Cancellation, "202-1-1")


def test_stock_that_lies_with_amazon_is_theirs():
    lying = {"MarketplaceId": GB, "FulfillmentInventory": {"Fulfillable": 7}}
    payload = {"SKU": "MUG", "ASIN": "B0A", "FulfillmentInventoryByMarketplace": [lying]}
    (told,) = messages(notification("FBA_INVENTORY_AVAILABILITY_CHANGES", payload))
    assert (type(told), told.location) == (SupplySnapshot, "FBA")
    assert [(row.sku, row.quantity) for row in told.rows] == [("MUG", 7)]
    summary = {
        "sellerSku": "MUG",
        "fnSku": "X1",
        "totalQuantity": 9,
        "inventoryDetails": {"fulfillableQuantity": 6},
        "lastUpdatedTime": "2026-07-01T09:00:00Z",
    }
    (told,) = messages({"payload": {"inventorySummaries": [summary]}, "pagination": {}})
    assert [(row.sku, row.quantity) for row in told.rows] == [("MUG", 6)]


def test_a_listing_tells_what_it_is_in_the_channel_s_marketplace():
    listing = {
        "sku": "MUG",
        "summaries": [
            {"marketplaceId": DE, "asin": "B0D", "itemName": "Becher", "status": ["BUYABLE"]},
            {"marketplaceId": GB, "asin": "B0A", "itemName": "Mug", "status": ["DISCOVERABLE"]},
        ],
        "offers": [
            {"marketplaceId": DE, "offerType": "B2C", "price": gbp("9") | {"currencyCode": "EUR"}},
            {"marketplaceId": GB, "offerType": "B2B", "price": gbp("7.00")},
            {"marketplaceId": GB, "offerType": "B2C", "price": gbp("8.00")},
        ],
    }
    article, price = messages(listing, currency="GBP")
    assert (type(article), article.article, article.title) == (ProductPatch, "B0A", "Mug")
    assert article.on_sale is False
    assert (type(price), price.unit_price_milli, price.currency) == (PricePatch, 800_000, "GBP")


def test_a_refund_is_what_the_buyer_was_given_and_a_sale_is_known_already():
    names = [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "202-1-1"}]

    def amount(value: float) -> dict[str, Any]:
        return {"currencyCode": "GBP", "currencyAmount": value}

    refund = {
        "transactionId": "t-1",
        "transactionType": "Refund",
        "postedDate": "2026-07-03T00:00:00Z",
        "relatedIdentifiers": names,
        "totalAmount": amount(-10.5),
        "breakdowns": [
            {"breakdownType": "RefundedSales", "breakdownAmount": amount(-12.25)},
            {"breakdownType": "RefundedExpenses", "breakdownAmount": amount(1.75)},
        ],
    }
    (money,) = messages({"payload": {"transactions": [refund]}})
    assert (type(money), money.order, money.step) == (MoneyEvent, "202-1-1", "refunded")
    assert (money.minor, money.source_id) == (1_225, "t-1")
    assert kinds({"transactions": [refund | {"transactionType": "Shipment"}]}) == ["Notice"]
    assert kinds({"transactions": [refund | {"breakdowns": []}]}) == ["Notice"]
    fee = refund | {"transactionType": "ServiceFee"}
    (money,) = messages({"transactions": [fee]})
    assert (money.step, money.minor, money.order) == ("fee", 1_050, "")


def test_every_order_of_a_page_keeps_what_nobody_read_of_it():
    page = {"Orders": [V0 | {"AmazonOrderId": str(n), "IsPrime": True} for n in range(3)]}
    told = messages({"payload": page | {"NextToken": "more"}})
    orders = [one for one in told if isinstance(one, Order)]
    for n, order in enumerate(orders):
        assert order.rest[f"/payload/Orders/{n}/IsPrime"] is True
    assert [("/payload/NextToken" in order.rest) for order in orders] == [True, False, False]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"orderId": None}, "/orderId"),
        ({"fulfillment": {"fulfillmentStatus": "LOST"}}, "/fulfillment/fulfillmentStatus"),
        ({"orderItems": {}}, "/orderItems"),
        ({"orderItems": [ITEM | {"quantityOrdered": "x"}]}, "/orderItems/0/quantityOrdered"),
        ({"orderItems": [ITEM | {"quantityOrdered": -1}]}, "/orderItems/0/quantityOrdered"),
        ({"orderItems": [ITEM | {"orderItemId": ""}]}, "/orderItems/0/orderItemId"),
        ({"proceeds": {"grandTotal": gbp("NaN")}}, "/proceeds/grandTotal/amount"),
        ({"lastUpdatedTime": "yesterday"}, "/lastUpdatedTime"),
        ({"recipient": []}, "/recipient"),
    ],
)
def test_what_cannot_be_understood_is_pointed_at(wrong, pointer):
    (reading,) = read("amazon", json.dumps(ORDER | wrong).encode())
    assert reading.fault is not None
    assert (reading.fault.pointer, reading.messages) == (pointer, ())


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_of_a_wrong_kind_does_no_more_than_quarantine(wrong):
    package = {
        "packageReferenceId": "1",
        "packageStatus": {"status": "SHIPPED"},
        "packageItems": [{"orderItemId": "11", "quantity": 1}],
    }
    counted = ITEM | {"fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 1}}
    for document in (
        {"order": ORDER | {"packages": [package], "orderItems": [ITEM, counted]}},
        {"op": "getOrders", "response": {"payload": {"Orders": [V0 | {"OrderItems": [V0_ITEM]}]}}},
        changed("Canceled"),
    ):
        for raw in spoiled(document, wrong):
            for reading in read("amazon", raw):
                assert bool(reading.messages) != bool(reading.fault)


@pytest.mark.parametrize("raw", NONSENSE)
def test_what_is_no_record_is_refused(raw):
    (reading,) = read("amazon", raw)
    assert reading.fault is not None


def test_a_bomb_of_envelopes_is_opened_so_far_and_no_further():
    inner = json.dumps(changed("Canceled"))
    for _ in range(8):
        inner = json.dumps({"Message": inner})
    (reading,) = read("amazon", inner.encode())
    assert [type(one) for one in reading.messages] == [Notice]


def test_an_api_destination_knows_the_key():
    assert verify({"x-api-key": "two"}, b"{}", ["one", "two"])
    assert not verify({"x-api-key": "ONE"}, b"{}", ["one"])
    assert not verify({}, b"{}", ["one"])
    assert not verify({"x-api-key": ""}, b"{}", [])


def test_versions_are_instants_and_a_version_says_one_thing():
    first, again = messages(ORDER)[0], messages({"orders": [ORDER]})[0]
    assert msgspec.structs.replace(first, rest={}) == msgspec.structs.replace(again, rest={})
