"""Messages of WooCommerce: every published one is read whole; what real shops do is understood."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.adapters import is_ping
from crosslane.channels.adapters.branches import read_json
from crosslane.channels.adapters.woocommerce.webhook import envelope
from crosslane.channels.domain.messages import Order
from crosslane.demo.raw import data_folder
from crosslane.kernel import line_amount
from tests.channels.reading import (
    CAME_AT,
    CANONICAL,
    NONSENSE,
    WRONG,
    as_lines,
    read,
    spoiled,
    told_nowhere,
)
from tests.published import needs_published

FIXTURES = data_folder() / "fixtures/woocommerce"


def published() -> list[Path]:
    return sorted(FIXTURES.glob("*.json"))


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_message_is_read_as_it_was_checked(path):
    expected = CANONICAL / "woocommerce" / f"{path.stem}.jsonl"
    readings = read("woocommerce", path.read_bytes(), currency="USD")
    assert as_lines(readings) == expected.read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_message_gets_lost(path):
    raw = path.read_bytes()
    readings = read("woocommerce", raw, currency="USD")
    assert told_nowhere(read_json(raw), readings, set()) == []


@needs_published
def test_published_orders_come_to_their_totals():
    readings = read("woocommerce", (FIXTURES / "wp-api-v3_orders.json").read_bytes())
    orders = [one for one in readings[0].messages if isinstance(one, Order)]
    assert len(orders) == 8
    for order in orders:
        goods = sum(line_amount(line.unit_price_milli, line.quantity) for line in order.lines)
        assert goods + order.shipping_minor + order.tax_minor == order.total_minor
        # One of them rounds the tax of the order, not of its lines.
        assert abs(sum(line.tax_minor for line in order.lines) - order.tax_minor) <= 1


LINE = {
    "id": 7,
    "sku": "A",
    "name": "Mug &ndash; large",
    "product_id": 3,
    "variation_id": 0,
    "quantity": 3,
    "total": "30.00",
    "total_tax": "6.00",
    "subtotal": "30.00",
    "subtotal_tax": "6.00",
}
ORDER: dict[str, Any] = {
    "id": 1,
    "number": "W-1",
    "status": "processing",
    "currency": "EUR",
    "date_created": "2026-07-01T10:00:00",
    "date_created_gmt": "2026-07-01T08:00:00",
    "date_modified": "2026-07-01T10:00:05",
    "date_modified_gmt": "2026-07-01T08:00:05",
    "date_paid_gmt": "2026-07-01T08:00:03",
    "prices_include_tax": True,
    "billing": {"first_name": "Ada", "last_name": "Brown", "city": "Bonn", "country": "DE"},
    "shipping": {},
    "line_items": [LINE],
    "shipping_lines": [{"method_title": "Express", "total": "5.00", "total_tax": "1.00"}],
}


def messages(document: Any, **context: Any) -> list[Any]:
    (reading,) = read("woocommerce", json.dumps(document).encode(), **context)
    assert reading.fault is None, reading.fault
    return list(reading.messages)


def kinds(document: Any, **context: Any) -> list[str]:
    return [type(one).__name__ for one in messages(document, **context)]


def first_line(**told: Any) -> Any:
    return messages(ORDER | {"line_items": [LINE | told]})[0].lines[0]


def test_prices_are_those_with_tax_when_the_shop_sells_so():
    order, _ = messages(ORDER)
    (line,) = order.lines
    assert (line.unit_price_milli, line.tax_minor, order.shipping_minor) == (1_200_000, 600, 600)
    assert (line.article, line.title, order.service) == ("3", "Mug – large", "Express")
    order, _ = messages(ORDER | {"prices_include_tax": False})
    assert (order.lines[0].unit_price_milli, order.shipping_minor) == (1_000_000, 500)


def test_instants_are_those_of_greenwich_before_those_of_the_shop():
    order, paid = messages(ORDER, timezone="Europe/Berlin")
    assert order.event_at.isoformat() == "2026-07-01T08:00:00+00:00"
    assert paid.event_at.isoformat() == "2026-07-01T08:00:03+00:00"
    old = {name: value for name, value in ORDER.items() if not name.endswith("_gmt")}
    local, _ = messages(old | {"date_paid": None}, timezone="Europe/Berlin")
    assert (local.event_at, local.source_version) == (order.event_at, order.source_version)


@pytest.mark.parametrize(
    ("status", "paid_at", "paid", "stop", "said"),
    [
        ("pending", None, "pending", "payment", ["Order"]),
        ("failed", None, "pending", "payment", ["Order"]),
        ("on-hold", None, "pending", "payment", ["Order"]),
        ("on-hold", "2026-07-01T08:00:03", "paid", "payment", ["Order"]),
        ("processing", "2026-07-01T08:00:03", "paid", "", ["Order", "PaymentEvent"]),
        # The carrier is to bring the money, so the order goes.
        ("processing", None, "pending", "", ["Order", "PaymentEvent"]),
        ("completed", "2026-07-01T08:00:03", "paid", "manual", ["Order", "PaymentEvent"]),
        ("cancelled", None, "voided", "", ["Order", "Cancellation"]),
        ("cancelled", "2026-07-01T08:00:03", "paid", "", ["Order", "Cancellation"]),
        ("refunded", "2026-07-01T08:00:03", "refunded", "", ["Order", "Cancellation"]),
        ("trash", None, "voided", "", ["Order", "Cancellation"]),
    ],
)
def test_a_status_says_how_far_an_order_is(status, paid_at, paid, stop, said):
    told = ORDER | {"status": status, "date_paid_gmt": paid_at}
    order, *_ = messages(told)
    assert kinds(told) == said
    assert (order.paid, "".join(one.kind for one in order.stops)) == (paid, stop)


def test_what_was_completed_is_not_off_when_it_is_refunded_or_thrown_away():
    for status in ("refunded", "trash", "completed"):
        order, *others = messages(
            ORDER | {"status": status, "date_completed_gmt": "2026-07-03T00:00:00"}
        )
        assert [stop.kind for stop in order.stops] == ["manual"]
        assert (others[-1].step, others[-1].order) == ("shipped", "1")


def test_an_order_that_was_removed_is_off_and_a_cart_is_none():
    (off,) = messages({"id": 1}, topic="order.deleted")
    assert (type(off).__name__, off.source_id) == ("Cancellation", "1")
    (cart,) = messages(ORDER | {"status": "checkout-draft", "line_items": []})
    assert cart.topic == "draft_order"
    assert kinds(ORDER, topic="order.restored") == ["Order", "PaymentEvent"]


def test_a_fee_below_nought_is_taken_off_the_goods_and_one_above_charged_with_delivery():
    fees = [
        {"id": 1, "name": "Loyal", "total": "-1.00", "total_tax": "-0.01"},
        {"id": 2, "name": "Wrapping", "total": "2.00", "total_tax": "0.40"},
    ]
    second = LINE | {"id": 8, "total": "0.00", "total_tax": "0.00", "subtotal_tax": "0.00"}
    order, _ = messages(ORDER | {"fee_lines": fees, "line_items": [LINE, second]})
    worth = [line_amount(line.unit_price_milli, line.quantity) for line in order.lines]
    assert worth == [3_600 - 101, 0]
    assert order.shipping_minor == 600 + 240
    assert order.lines[1].discount_minor == 3_000
    assert order.rest["/fee_lines/1/name"] == "Wrapping"


@given(
    totals=st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    quantities=st.lists(st.integers(1, 99), min_size=5, max_size=5),
    share=st.integers(0, 1_000),
)
def test_lines_and_delivery_come_to_what_the_buyer_pays(totals, quantities, share):
    off = sum(totals) * share // 1_000
    lines = [
        LINE | {"id": n, "quantity": quantity, "total": f"{total / 100:.2f}", "total_tax": "0"}
        for n, (total, quantity) in enumerate(zip(totals, quantities, strict=False))
    ]
    fee = {"total": f"-{off / 100:.2f}", "total_tax": "0"}
    order, _ = messages(ORDER | {"line_items": lines, "fee_lines": [fee]})
    worth = sum(line_amount(line.unit_price_milli, line.quantity) for line in order.lines)
    assert worth == sum(totals) - off


def test_amounts_finer_than_a_penny_are_rounded_once_and_kept():
    order, _ = messages(
        ORDER
        | {"line_items": [LINE | {"total": "8.3333", "total_tax": "1.6667"}], "total": "10.0004"}
    )
    assert line_amount(order.lines[0].unit_price_milli, 3) == 1_000
    assert (order.total_minor, order.rest["/total"]) == (1_000, "10.0004")


@pytest.mark.parametrize(("total", "goods"), [("42.01", 3_601), ("41.99", 3_599), ("30.00", 3_600)])
def test_a_penny_of_rounding_is_in_the_goods_and_a_gift_card_is_not(total, goods):
    order, _ = messages(ORDER | {"total": total})
    (line,) = order.lines
    assert line_amount(line.unit_price_milli, line.quantity) == goods


def test_a_reduction_is_in_the_price_already_and_told_beside_it():
    line = first_line(total="20.00", total_tax="4.00")
    assert (line.unit_price_milli, line.discount_minor) == (800_000, 1_200)
    free = first_line(total="0", total_tax="0", subtotal="0", subtotal_tax="0")
    assert (free.unit_price_milli, free.discount_minor) == (0, 0)


def test_what_the_buyer_wants_of_a_line_is_its_note():
    meta = [
        {"key": "Engraving", "value": "A & B", "display_key": "Engraving"},
        {"key": "_reduced_stock", "value": "1"},
        {"key": "pa_color", "value": "black"},
        {"key": "parts", "value": {"a": 1}},
    ]
    line = first_line(meta_data=meta, variation_id=23)
    assert (line.note, line.article) == ("Engraving: A & B", "23")


def test_a_guest_lives_where_the_bill_goes_unless_the_goods_are_fetched():
    order, _ = messages(ORDER)
    assert order.ship_to == order.bill_to
    fetched, _ = messages(ORDER | {"shipping_lines": [{"method_id": "local_pickup"}]})
    assert (fetched.ship_to, fetched.service) == (None, "local_pickup")


REFUND = {
    "id": 5,
    "date_created_gmt": "2026-07-02T00:00:00",
    "amount": "12.00",
    "reason": "broken",
    "parent_id": 1,
    "line_items": [
        {"id": 9, "quantity": -1, "meta_data": [{"key": "_refunded_item_id", "value": "7"}]},
        {"id": 10, "quantity": 0, "total": "-1.00"},
    ],
}


def test_a_refund_is_told_by_one_name_in_its_order_and_by_itself():
    part = {"id": 5, "reason": "broken", "total": "-12.00"}
    *_, inside = messages(ORDER | {"refunds": [part]})
    back, alone = messages(REFUND, currency="EUR")
    assert inside.source_id == alone.source_id == "refund/5"
    assert (inside.minor, alone.minor, alone.order, alone.reason) == (1_200, 1_200, "1", "broken")
    assert [(one.id, one.quantity) for one in back.lines] == [("7", 1)]
    *_, later = messages(
        ORDER
        | {"refunds": [part], "date_modified_gmt": "2026-08-01T00:00:00", "status": "completed"}
    )
    assert later == inside
    assert inside.source_version < alone.source_version


def test_a_refund_without_units_is_money_and_names_its_order_by_a_link():
    href = "https://example.com/index.php?rest_route=/wc/v3/orders/77/refunds/5"
    told = {name: value for name, value in REFUND.items() if name != "parent_id"}
    (money,) = messages(told | {"line_items": [], "_links": {"self": [{"href": href}]}})
    assert (money.order, money.minor) == ("77", 1_200)


def test_a_product_tells_its_price_and_a_reduction_while_it_holds():
    told = {
        "id": 3,
        "type": "simple",
        "sku": "A",
        "name": "Mug",
        "status": "publish",
        "slug": "mug",
        "catalog_visibility": "visible",
        "price": "8.00",
        "regular_price": "10.00",
        "sale_price": "8.00",
        "on_sale": True,
        "date_on_sale_to_gmt": "2026-08-01T00:00:00",
        "global_unique_id": "4006381333931",
        "manage_stock": "parent",
        "attributes": [{"name": "Color", "option": "Blue"}, {"name": "Size", "options": ["S"]}],
    }
    product, price = messages(told, currency="EUR")
    assert (product.gtin, product.options, product.on_sale) == (
        "4006381333931",
        {"Color": "Blue"},
        True,
    )
    assert (price.unit_price_milli, price.was_milli) == (800_000, 1_000_000)
    assert (price.starts_at, price.ends_at.month) == (None, 8)
    assert kinds(told | {"type": "variable"}) == ["ProductPatch"]
    assert kinds(told | {"price": ""}) == ["ProductPatch"]
    (gone,) = messages({"id": 3}, topic="product.deleted")
    assert (gone.gone, gone.article, gone.on_sale) == (True, "3", None)


def test_a_customer_who_was_removed_is_gone_later_than_anything_said_before():
    (gone,) = messages({"id": 4}, topic="customer.deleted")
    assert (gone.gone, gone.source_version) == (True, round(CAME_AT.timestamp() * 1_000))


@pytest.mark.parametrize(
    ("document", "topic", "found"),
    [
        (
            {"action": "woocommerce_add_to_cart", "arg": "x"},
            "action.woocommerce_add_to_cart",
            "action",
        ),
        ({"id": 9, "status": "active", "line_items": []}, "subscription.updated", "subscriptions"),
        ({"create": [{"id": 0, "error": {"code": "sku", "message": "No"}}]}, "", "error"),
        ({"code": "no_route", "message": "No", "data": {"status": 404}}, "", "error"),
        ({"slug": "pending", "name": "Pending payment", "total": 7}, "", "resource"),
        ({"message": "Order details sent"}, "", "answer"),
        (
            {"total_sales": "14.00", "_links": {"about": [{"href": "/wp-json/wc/v3/reports"}]}},
            "",
            "reports",
        ),
        # What it belongs to does not say what it is.
        ({"id": 1, "_links": {"up": [{"href": "/wp-json/wc/v3/orders/7"}]}}, "", "resource"),
        ({"environment": {"version": "3"}, "database": {}}, "", "system_status"),
        (
            {
                "id": "x",
                "_links": {"self": [{"href": "https://e.com/wp-json/wc/v3/settings/general/x"}]},
            },
            "",
            "settings/general",
        ),
    ],
)
def test_what_asks_nothing_of_the_hub_is_kept(document, topic, found):
    (notice,) = messages(document, topic=topic)
    assert notice.topic == found


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"status": "shipped-by-plugin"}, "/status"),
        ({"line_items": []}, "/line_items"),
        ({"line_items": {}}, "/line_items"),
        ({"line_items": [LINE | {"quantity": "x"}]}, "/line_items/0/quantity"),
        ({"line_items": [LINE | {"quantity": 1.5}]}, "/line_items/0/quantity"),
        ({"line_items": [LINE | {"quantity": -1}]}, "/line_items/0/quantity"),
        ({"line_items": [LINE | {"total": "NaN"}]}, "/line_items/0/total"),
        ({"line_items": [LINE | {"total": None}]}, "/line_items/0/total"),
        ({"line_items": [LINE | {"total": "-1.00", "total_tax": "0"}]}, "/line_items/0/total"),
        ({"fee_lines": [{"total": "-99.00"}]}, "/fee_lines"),
        ({"date_modified_gmt": "yesterday"}, "/date_modified_gmt"),
        ({"currency": "euro"}, ""),
        ({"id": None}, "/id"),
    ],
)
def test_what_cannot_be_understood_is_pointed_at(wrong, pointer):
    (reading,) = read("woocommerce", json.dumps(ORDER | wrong).encode())
    assert reading.fault is not None
    assert reading.fault.pointer.startswith(pointer)
    assert reading.messages == ()


def test_a_line_below_nought_is_taken_off_the_goods():
    off = {"id": 8, "name": "Loyalty", "quantity": 1, "total": "-3.00", "total_tax": "-0.60"}
    order, _ = messages(ORDER | {"line_items": [LINE, off]})
    (line,) = order.lines
    assert (line.id, line.discount_minor) == ("7", 360 if ORDER["prices_include_tax"] else 300)
    assert order.rest["/line_items/1/total"] == "-3.00"


def test_an_order_without_goods_asks_nothing():
    fee = {"id": 9, "name": "Donation", "total": "10.00", "total_tax": "0.00"}
    (kept,) = messages(ORDER | {"line_items": [], "fee_lines": [fee]})
    assert (kept.topic, kept.rest["/fee_lines/0/total"]) == ("order_without_goods", "10.00")


def test_long_words_are_cut_and_kept():
    title, note = "Free delivery " * 10, "Please ring twice. " * 400
    option = {"method_id": "free_shipping", "method_title": title, "total": "0.00"}
    order, _ = messages(ORDER | {"shipping_lines": [option], "customer_note": note})
    assert (order.service, order.note) == (title[:64], note[:5_000])
    assert order.rest["/shipping_lines/0/method_title"] == title
    assert order.rest["/customer_note"] == note


def test_a_refund_of_goods_that_nobody_names_is_money():
    part = {"id": 314, "product_id": 87, "quantity": -1, "total": "-9.00", "sku": ""}
    (money,) = messages(
        {"id": 6, "parent_id": 1, "amount": "9.00", "reason": "", "line_items": [part]}
    )
    assert (money.minor, money.rest["/line_items/0/quantity"]) == (900, -1)


def test_a_limit_is_pointed_at_by_the_shops_own_name():
    (reading,) = read("woocommerce", json.dumps(ORDER | {"number": "9" * 101}).encode())
    assert (reading.fault.code, reading.fault.pointer) == ("invalid-field", "/number")
    person = ORDER["billing"] | {"phone": "1" * 41}
    (reading,) = read("woocommerce", json.dumps(ORDER | {"billing": person}).encode())
    assert reading.fault.pointer == "/billing/phone"


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_of_a_wrong_kind_does_no_more_than_quarantine(wrong):
    told = ORDER | {
        "refunds": [{"id": 5, "total": "-1"}],
        "fee_lines": [{"total": "1"}],
        "type": "",
    }
    for raw in spoiled(told, wrong):
        for topic in ("", "product.updated", "customer.updated"):
            (reading,) = read("woocommerce", raw, topic=topic)
            assert bool(reading.messages) != bool(reading.fault)


@pytest.mark.parametrize("raw", NONSENSE)
def test_what_is_no_resource_is_refused(raw):
    (reading,) = read("woocommerce", raw)
    assert reading.fault is not None


def test_a_new_webhook_asks_whether_somebody_is_there():
    (reading,) = read("woocommerce", b"webhook_id=142")
    assert (reading.messages[0].topic, reading.messages[0].source_id) == ("ping", "ping/142")
    assert is_ping(b"webhook_id=142")
    assert not is_ping(b"webhook_id=142&id=1")
    assert not is_ping(b'{"id": 1}')


def test_deliveries_of_one_second_are_told_apart_by_their_signature():
    told = {
        "x-wc-webhook-topic": "order.updated",
        "x-wc-webhook-source": "https://pots.example.com/shop/",
        "x-wc-webhook-delivery-id": "d",
        "x-wc-webhook-signature": "one",
    }
    first, other = envelope(told), envelope(told | {"x-wc-webhook-signature": "two"})
    assert (first.topic, first.account) == ("order.updated", "pots.example.com/shop")
    assert first.delivery_id not in ("", other.delivery_id)
    parts = {"x-wc-webhook-resource": "order", "x-wc-webhook-event": "deleted"}
    assert envelope(parts) == msgspec.structs.replace(envelope({}), topic="order.deleted")
