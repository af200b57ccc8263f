"""Lines of Amazon's orders as they are reduced, cancelled and replaced; listings that change."""

from typing import Any

from tests.channels.test_amazon import ITEM, ORDER, V0, V0_ITEM, gbp, kinds, messages


def test_a_reduction_takes_its_tax_off_as_well():
    told = [
        {"type": "ITEM", "subtotal": gbp("20.00")},
        {"type": "DISCOUNT", "subtotal": gbp("-2.00")},
        {
            "type": "TAX",
            "subtotal": gbp("3.60"),
            "detailedBreakdowns": [
                {"subtype": "ITEM", "value": gbp("4.00")},
                {"subtype": "DISCOUNT", "value": gbp("-0.40")},
            ],
        },
    ]
    item = ITEM | {"quantityOrdered": 1, "proceeds": {"breakdowns": told}}
    (line,) = messages(ORDER | {"orderItems": [item]})[0].lines
    assert (line.unit_price_milli, line.tax_minor) == (2_160_000, 360)


def test_lines_that_were_cancelled_are_not_wanted():
    off = {
        "orderItemId": "99",
        "cancellation": {"cancellationExecution": {"cancelledBy": "MERCHANT"}},
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 0},
    }
    order, *_ = messages(ORDER | {"orderItems": [ITEM, ITEM | off]})
    assert [line.id for line in order.lines] == [ITEM["orderItemId"]]
    assert kinds(ORDER | {"orderItems": [ITEM | off]}) == ["Cancellation"]
    asked = off | {"fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 1}}
    order, *_ = messages(ORDER | {"orderItems": [ITEM | asked]})
    assert [line.id for line in order.lines] == ["99"]


def test_a_replacement_costs_nothing():
    plain = {k: v for k, v in ITEM.items() if k != "proceeds"}
    item = plain | {"product": {"sellerSku": "MUG", "asin": "B1"}}
    before = [{"orderId": "1", "associationType": "REPLACEMENT_ORIGINAL_ID"}]
    bare = ORDER | {"orderItems": [item], "proceeds": {}}
    assert messages(bare)[0].lines[0].unit_price_milli is None
    replacing, *_ = messages(bare | {"associatedOrders": before})
    assert replacing.lines[0].unit_price_milli == 0
    goods = {k: v for k, v in V0_ITEM.items() if k not in ("ItemPrice", "PromotionDiscount")}
    older, *_ = messages(V0 | {"OrderItems": [goods], "IsReplacementOrder": "true"})
    assert older.lines[0].unit_price_milli == 0


def test_a_cancelled_order_without_goods_keeps_all_it_tells():
    (off,) = messages(V0 | {"OrderStatus": "Canceled", "ShipServiceLevel": "Std"})
    assert off.rest["/ShipServiceLevel"] == "Std"


def listed(at: str, *states: str) -> dict[str, Any]:
    payload = {"Sku": "MUG", "Asin": "B1", "CreatedDate": "2021-02-03T18:50:26.196Z"}
    return {
        "NotificationType": "LISTINGS_ITEM_STATUS_CHANGE",
        "EventTime": at,
        "Payload": payload | {"SellerId": "A1", "Status": list(states)},
        "NotificationMetadata": {"NotificationId": "n"},
    }


def test_of_two_changes_of_a_listing_the_later_one_is_later():
    (first,) = messages(listed("2026-02-03T19:00:00Z", "BUYABLE", "DISCOVERABLE"))
    (then,) = messages(listed("2026-02-03T19:00:01Z", "DISCOVERABLE"))
    assert (first.on_sale, then.on_sale, then.gone) == (True, False, False)
    assert first.source_version < then.source_version
    assert first.rest["/Payload/CreatedDate"] == "2021-02-03T18:50:26.196Z"
    (gone,) = messages(listed("2026-02-03T19:00:02Z", "DELETED"))
    assert (gone.on_sale, gone.gone) == (False, True)
