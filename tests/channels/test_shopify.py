"""Messages of Shopify: every published one is read whole; what real shops do is understood."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.adapters.branches import Branch, NotReadable, read_json
from crosslane.channels.adapters.prices import net_price_milli
from crosslane.channels.domain.messages import kind_of
from crosslane.demo.raw import data_folder
from crosslane.kernel import line_amount
from tests.channels.reading import CANONICAL, NONSENSE, as_lines, read, told_nowhere

FIXTURES = data_folder() / "fixtures/shopify"
# Fields whose words become words of ours, and switches that decide what a message is.
MAPPED = {
    *("status", "financial_status", "kind", "restock", "type", "test", "tracked"),
    *("inventory_management", "published_at", "disabled_at", "date"),
    # Names of options that no variant fills in.
    "name",
    # Fees of a payout are told as one sum.
    *("charges_fee_amount", "refunds_fee_amount", "adjustments_fee_amount"),
}


def published() -> list[Path]:
    return sorted(FIXTURES.glob("*.json"))


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_message_is_read_as_it_was_checked(path):
    expected = CANONICAL / "shopify" / f"{path.stem}.jsonl"
    assert as_lines(read("shopify", path.read_bytes(), currency="USD")) == expected.read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_message_gets_lost(path):
    raw = path.read_bytes()
    readings = read("shopify", raw, currency="USD")
    assert told_nowhere(read_json(raw), readings, MAPPED) == []


ORDER = {
    "id": 1,
    "name": "#1",
    "currency": "EUR",
    "updated_at": "2026-01-02T10:00:00+01:00",
    "created_at": "2026-01-01T10:00:00+01:00",
    "financial_status": "paid",
    "taxes_included": True,
    "line_items": [{"id": 7, "sku": "A", "quantity": 3, "price": "10.00"}],
}


def messages(document, **context):
    (reading,) = read("shopify", json.dumps(document).encode(), **context)
    assert reading.fault is None, reading.fault
    return reading.messages


def line(**told):
    order, _ = messages(ORDER | {"line_items": [ORDER["line_items"][0] | told]})
    return order.lines[0]


def test_a_webhook_is_the_bare_resource_and_an_answer_wraps_it():
    bare, _ = messages(ORDER)
    wrapped, _ = messages({"order": ORDER})
    listed, _ = messages({"orders": [ORDER]})
    plain = [msgspec.structs.replace(one, rest={}) for one in (bare, wrapped, listed)]
    assert plain[0] == plain[1] == plain[2]
    assert bare.source_version == 1_767_344_400_000


def test_reductions_are_taken_off_the_price_of_a_unit():
    allocated = line(discount_allocations=[{"amount": "1.00"}, {"amount": "0.01"}])
    assert allocated.unit_price_milli == 966_333
    assert line_amount(allocated.unit_price_milli, 3) == 3_000 - 101
    # Older shops tell the sum; both say the same, so it is taken off once.
    both = line(total_discount="1.01", discount_allocations=[{"amount": "1.01"}])
    assert both.unit_price_milli == 966_333


def test_units_an_edit_has_taken_off_are_not_wanted():
    assert line(current_quantity=2).quantity == 2
    two = [ORDER["line_items"][0], {"id": 8, "sku": "B", "quantity": 1, "price": "1.00"}]
    gone = two[1] | {"current_quantity": 0}
    order, _ = messages(ORDER | {"line_items": [two[0], gone]})
    assert [one.sku for one in order.lines] == ["A"]


def test_a_cancelled_order_says_so_for_good():
    order, _, off = messages(
        ORDER | {"cancelled_at": "2026-01-03T00:00:00Z", "cancel_reason": "customer"}
    )
    assert (order.source_id, off.source_id, off.reason) == ("1", "1", "customer")


def test_an_order_that_is_not_paid_waits_and_one_of_a_trial_is_none():
    (order,) = messages(ORDER | {"financial_status": "pending"})
    assert [stop.kind for stop in order.stops] == ["payment"]
    (notice,) = messages(ORDER | {"test": True})
    assert notice.topic == "test_order"


def test_an_order_that_is_paid_says_so_once_and_one_without_money_is_off():
    _, paid = messages(ORDER)
    _, later = messages(ORDER | {"updated_at": "2026-02-01T00:00:00Z", "note": "x"})
    assert (paid.outcome, msgspec.structs.replace(later, rest={})) == ("paid", paid)
    _, off = messages(ORDER | {"financial_status": "voided"})
    assert off.outcome == "refused"


def test_an_article_without_sku_keeps_the_shops_own_name():
    bare = line(sku=None, variant_id=99)
    assert (bare.sku, bare.article) == ("", "99")


def test_a_refund_tells_goods_that_come_and_goods_that_stay():
    part = {"quantity": 1, "line_item_id": 7}
    refund = {
        "id": 5,
        "order_id": 1,
        "created_at": "2026-01-02T00:00:00Z",
        "refund_line_items": [
            part | {"restock_type": "return"},
            part | {"restock_type": "no_restock", "line_item_id": 8},
            # It never left: its order tells that it is off.
            part | {"restock_type": "cancel", "line_item_id": 9},
        ],
        "transactions": [
            {"id": 6, "kind": "refund", "amount": "9.00", "status": "success", "order_id": 1}
        ],
    }
    come, stay, money = messages(refund, currency="EUR")
    assert (come.goods, stay.goods, money.minor) == ("come", "stay", 900)
    assert [one.id for one in (*come.lines, *stay.lines)] == ["7", "8"]
    assert len({come.source_id, stay.source_id}) == 2


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"line_items": [{"id": 1, "sku": "A", "quantity": 1}]}, "/line_items/0/price"),
        ({"line_items": [{"price": "1", "quantity": "x"}]}, "/line_items/0/quantity"),
        ({"line_items": [{"price": "1e999", "quantity": 1}]}, "/line_items/0/price"),
        ({"line_items": [{"price": "NaN", "quantity": 1}]}, "/line_items/0/price"),
        ({"line_items": {}}, "/line_items"),
        ({"line_items": []}, "/line_items"),
        ({"updated_at": "yesterday"}, "/updated_at"),
        ({"financial_status": "lost"}, "/financial_status"),
        ({"currency": "euro"}, ""),
    ],
)
def test_what_cannot_be_understood_is_pointed_at(wrong, pointer):
    (reading,) = read("shopify", json.dumps(ORDER | wrong).encode())
    assert reading.fault is not None
    assert reading.fault.pointer.startswith(pointer)
    assert reading.messages == ()


@pytest.mark.parametrize("raw", NONSENSE)
def test_what_is_no_resource_is_refused(raw):
    (reading,) = read("shopify", raw)
    assert reading.fault is not None


def test_privacy_webhooks_are_wishes_about_data():
    (wish,) = messages(
        {"shop_id": 1, "customer": {"id": 2, "email": "a@example.com"}, "orders_to_redact": [3]}
    )
    assert (wish.topic, wish.gone, wish.rest) == (
        "data_request",
        True,
        {"/shop_id": 1, "/orders_to_redact/0": 3},
    )


@given(
    price=st.integers(0, 10**8),
    quantity=st.integers(1, 999),
    share=st.integers(0, 1_000),
)
def test_a_reduced_line_costs_to_the_penny_what_the_buyer_pays(price, quantity, share):
    whole = line_amount(price, quantity)
    off = whole * share // 1_000
    found = net_price_milli(price, quantity, off, Branch.of({}))
    assert line_amount(found, quantity) == whole - off


def test_more_cannot_be_taken_off_than_a_line_costs():
    with pytest.raises(NotReadable):
        net_price_milli(100_000, 1, 101, Branch.of({}))


# As published for ``returns/request``, with other numbers.
ASKED = {
    "id": 3547267221,
    "admin_graphql_api_id": "gid://shopify/Return/3547267221",
    "status": "requested",
    "order": {"id": 1, "admin_graphql_api_id": "gid://shopify/Order/1"},
    "total_return_line_items": 1,
    "name": "#1-R1",
    "return_line_items": [
        {
            "id": 5,
            "admin_graphql_api_id": "gid://shopify/ReturnLineItem/5",
            "fulfillment_line_item": {
                "id": 6,
                "admin_graphql_api_id": "gid://shopify/FulfillmentLineItem/6",
                "line_item": {"id": 7, "admin_graphql_api_id": "gid://shopify/LineItem/7"},
            },
            "quantity": 2,
            "return_reason": "size_too_small",
            "return_reason_note": "",
            "customer_note": "pinches",
        }
    ],
}


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("requested", "requested"),
        ("open", "authorized"),
        ("OPEN", "authorized"),
        ("declined", "declined"),
        ("canceled", "cancelled"),
    ],
)
def test_a_return_a_customer_asks_the_shop_for_is_read(status, step):
    decline = {"decline": {"reason": "final_sale", "note": "as we said"}}
    more = decline if status == "declined" else {}
    (one,) = messages(ASKED | more | {"status": status}, topic="returns/update")
    assert (one.step, one.source_id, one.order) == (step, "return/3547267221", "1")
    (goods,) = one.lines
    assert (goods.id, goods.quantity, goods.reason) == ("7", 2, "too_small")
    assert one.reason == ("as we said" if more else "")


def test_of_a_return_the_later_status_is_the_later_version():
    versions = [
        messages(ASKED | {"status": status})[0].source_version
        for status in ("requested", "open", "canceled")
    ]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    "change",
    [
        {"status": "closed"},
        {"return_line_items": []},
        {"return_line_items": [{"quantity": 1, "fulfillment_line_item": None}]},
    ],
)
def test_of_a_return_that_says_nothing_new_a_notice_is_kept(change):
    (one,) = messages(ASKED | change, topic="returns/close")
    assert kind_of(one) == "notice"


def test_of_a_return_an_unknown_status_is_pointed_at():
    (reading,) = read("shopify", json.dumps(ASKED | {"status": "lost"}).encode())
    assert (reading.fault.code, reading.fault.pointer) == ("invalid-field", "/status")
