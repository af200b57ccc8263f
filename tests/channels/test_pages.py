"""Pages of several resources: one that cannot be understood keeps back no other."""

import json

import pytest

from tests.channels import (
    test_amazon,
    test_ebay,
    test_shopify_orders,
    test_square,
    test_woocommerce,
)
from tests.channels.reading import read

ORDERS = {
    "shopify": (test_shopify_orders.ORDER, "id", {"line_items": [{"id": 1, "quantity": 1}]}),
    "woocommerce": (test_woocommerce.ORDER, "id", {"status": "sent-by-pigeon"}),
    "ebay": (test_ebay.ORDER, "orderId", {"orderPaymentStatus": "PERHAPS"}),
    "square": (test_square.SOLD, "id", {"state": "SOMEHOW"}),
    "amazon": (test_amazon.ORDER, "orderId", {"orderItems": [{"quantityOrdered": 1}]}),
}
PAGES = [
    ("shopify", ()),
    ("shopify", ("orders",)),
    ("woocommerce", ()),
    ("ebay", ("orders",)),
    ("square", ("orders",)),
    ("amazon", ("orders",)),
    ("amazon", ("payload", "orders")),
]


def paged(way, resources):
    page = resources
    for step in reversed(way):
        page = (
            {"total": len(resources), step: page}
            if len(way) > 1 or step != "orders"
            else {step: page}
        )
    return json.dumps(page).encode()


@pytest.mark.parametrize(("family", "way"), PAGES)
def test_an_order_that_cannot_be_understood_keeps_back_no_other(family, way):
    order, name, wrong = ORDERS[family]
    orders = [order | {name: "1"}, order | {name: "2"} | wrong, order | {name: "3"}]
    readings = read(family, paged(way, orders))
    assert [reading.place for reading in readings] == [1, 2, 3]
    assert [reading.fault is None for reading in readings] == [True, False, True]
    said = [reading.messages[0].source_id for reading in readings if reading.messages]
    assert said == ["1", "3"]
    assert readings[1].fault.pointer.startswith("/" + "/".join((*way, "0")))


@pytest.mark.parametrize(("family", "way"), PAGES)
def test_what_was_taken_apart_says_the_same_when_it_is_read_again(family, way):
    order, name, wrong = ORDERS[family]
    for reading in read(family, paged(way, [order | {name: "1"}, order | {name: "2"} | wrong])):
        (again,) = read(family, (reading.head + reading.body + reading.tail).encode())
        assert (again.messages, again.fault) == (reading.messages, reading.fault)


@pytest.mark.parametrize(("family", "way"), PAGES)
def test_a_page_that_is_understood_is_one_record(family, way):
    order, name, _ = ORDERS[family]
    (reading,) = read(family, paged(way, [order | {name: "1"}, order | {name: "2"}]))
    assert reading.fault is None


def test_an_order_is_no_page_of_its_lines():
    order = test_shopify_orders.ORDER | {"line_items": [{"id": 1}, {"id": 2}]}
    for document in (order, {"order": order}):
        (reading,) = read("shopify", json.dumps(document).encode())
        assert reading.fault is not None
