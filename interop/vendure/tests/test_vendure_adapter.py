"""What is read field by field, and how the shop is asked; the kit holds the rest."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import vendure_adapter
from vendure_adapter import VENDURE
from vendure_adapter.fetching import fetch_orders

from crosslane.channels.adapters import (
    Answer,
    Cancellation,
    Context,
    Later,
    Refused,
    Talk,
    read_records,
)

FIXTURES = Path(vendure_adapter.__file__).parent / "fixtures"
HISTORY = FIXTURES / "histories/cancelled"
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def record(name: str = "1-placed.json", **changes: object) -> bytes:
    return json.dumps(json.loads((HISTORY / name).read_bytes()) | changes).encode()


def read(raw: bytes):
    (reading,) = read_records(VENDURE, raw, Context(currency="GBP"))
    return reading


def talk(**how: object) -> Talk:
    return Talk(now=NOW, secret="crosslane a password", **how)


def answer(document: object, **headers: str) -> Answer:
    return Answer(body=json.dumps(document).encode(), headers=headers)


def test_an_order_is_read_field_by_field():
    (order,) = read(record()).messages
    assert (order.source_id, order.paid, order.service) == ("1", "paid", "standard")
    assert [(line.id, line.sku, line.quantity) for line in order.lines] == [
        ("1", "MUG", 3),
        ("2", "SPOON", 1),
    ]
    assert [line.unit_price_milli for line in order.lines] == [600_000, 100_000]
    assert (order.total_minor, order.shipping_minor) == (2_295, 395)
    assert (order.buyer.name, order.ship_to.city, order.bill_to) == ("Ada Brown", "Oxford", None)
    assert order.rest["/payments/0/method"] == "dummy"


def test_an_order_that_is_off_has_no_lines_left():
    (said,) = read(record("3-cancelled.json")).messages
    assert isinstance(said, Cancellation)
    assert read(record("3-cancelled.json", state="Shipped")).fault.pointer == "/lines"


def test_a_share_of_a_discount_is_in_the_price():
    line = json.loads(record())["lines"][0] | {"proratedLinePriceWithTax": 1_000}
    (order,) = read(record(lines=[line])).messages
    assert order.lines[0].unit_price_milli == 333_333


def test_hundredths_that_a_currency_lacks_are_pointed_at():
    fault = read(record(currencyCode="JPY")).fault
    assert fault.pointer == "/shippingWithTax"


def test_pages_are_asked_for_until_there_are_no_more():
    memory = {"session": "s"}
    fetching = fetch_orders("", talk(memory=memory))
    next(fetching)
    with pytest.raises(StopIteration) as ended:
        fetching.send(answer({"data": {"orders": {"totalItems": 2, "items": [{"id": "1"}]}}}))
    page = ended.value.value
    assert (page.more, page.records) == (True, [b'{"id":"1"}'])
    fetching = fetch_orders(page.cursor, talk(memory=memory))
    asked = json.loads(next(fetching).body)["variables"]
    assert (asked["skip"], asked["end"]) == (1, "2026-01-05T11:59:58.000Z")
    with pytest.raises(StopIteration) as ended:
        fetching.send(answer({"data": {"orders": {"totalItems": 1, "items": []}}}))
    assert not ended.value.value.more
    next_asked = fetch_orders(ended.value.value.cursor, talk(memory=memory))
    assert json.loads(next(next_asked).body)["variables"]["start"] == "2026-01-05T11:58:58.000Z"


def test_a_session_that_has_ended_is_forgotten():
    memory = {"session": "old"}
    fetching = fetch_orders("", talk(memory=memory))
    next(fetching)
    with pytest.raises(Later):
        fetching.send(answer({"errors": [{"extensions": {"code": "FORBIDDEN"}}]}))
    fetching = fetch_orders("", talk(memory=memory))
    assert next(fetching).concealed
    asked = fetching.send(answer({"data": {"login": {}}}, **{"vendure-auth-token": "new"}))
    assert asked.headers["authorization"] == "Bearer new"


def test_who_is_not_let_in_is_told_so():
    fetching = fetch_orders("", talk())
    next(fetching)
    with pytest.raises(Refused):
        fetching.send(answer({"data": {"login": {"errorCode": "INVALID_CREDENTIALS_ERROR"}}}))
