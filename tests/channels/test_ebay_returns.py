"""Returns that eBay tells of: by their state, whatever it is called in between."""

import json
from typing import Any

import pytest

from crosslane.channels.domain.messages import ReturnEvent
from crosslane.channels.domain.reports import Notice
from tests.channels.bazaar import Bazaar, order
from tests.channels.test_ebay import gbp, messages
from tests.channels.test_returns import FULFILLED, the_return


def goods_back(state: str, **changes: Any) -> dict[str, Any]:
    """A return as the Post-Order API sums it up."""
    return {
        "returnId": "5000123",
        "orderId": "12-00001-00001",
        "state": state,
        "status": state,
        "currentType": "MONEY_BACK",
        "buyerLoginName": "ada",
        "creationInfo": {
            "item": {"itemId": "110", "transactionId": "10012", "returnQuantity": 2},
            "reason": "ARRIVED_DAMAGED",
            "reasonType": "SNAD",
            "creationDate": {"value": "2026-07-02T08:00:00.000Z"},
        },
        **changes,
    }


@pytest.mark.parametrize(
    ("state", "step", "version"),
    [
        ("RETURN_REQUESTED", "requested", 1),
        ("ITEM_READY_TO_SHIP", "authorized", 2),
        ("WAITING_FOR_RETURN_LABEL", "authorized", 2),
        ("RETURN_REJECTED", "declined", 3),
        ("ITEM_SHIPPED", "sent", 4),
        # That it was delivered is a carrier's word; our own people count it.
        ("ITEM_DELIVERED", "sent", 4),
        ("REFUND_INITIATED", "refunded", 5),
        ("CLOSED", "cancelled", 6),
    ],
)
def test_a_return_is_as_far_as_its_state_says(state: str, step: str, version: int):
    (told,) = messages({"members": [goods_back(state)], "total": 1})
    assert (told.step, told.source_version, told.order) == (step, version, "12-00001-00001")
    assert (told.source_id, told.event_at.day) == ("return/5000123", 2)
    assert [(one.id, one.quantity, one.reason) for one in told.lines] == [("10012", 2, "damaged")]


def test_what_is_told_twice_says_the_same():
    twice = [messages({"members": [goods_back(state)]}) for state in ("ITEM_SHIPPED",) * 2]
    assert twice[0] == twice[1]


def test_money_is_told_with_what_became_of_the_goods():
    money = {"sellerTotalRefund": {"actualRefundAmount": gbp("12.50")}}
    (told,) = messages(goods_back("REFUND_INITIATED", **money))
    assert (told.refunded_minor, told.goods) == (1_250, "come")
    (kept,) = messages(goods_back("ITEM_KEPT", **money))
    assert (kept.refunded_minor, kept.goods) == (1_250, "stay")
    estimated = {"sellerTotalRefund": {"estimatedRefundAmount": gbp("12.50")}}
    (asked,) = messages(goods_back("RETURN_REQUESTED", **estimated))
    assert asked.refunded_minor is None
    assert asked.rest["/sellerTotalRefund/estimatedRefundAmount/value"] == "12.50"


def test_one_that_was_closed_after_money_was_given_is_noted():
    money = {"sellerTotalRefund": {"actualRefundAmount": gbp("12.50")}}
    (told,) = messages(goods_back("CLOSED", **money))
    assert (type(told), told.title) == (Notice, "CLOSED")


@pytest.mark.parametrize("state", ["PARTIAL_REFUND_REQUESTED", "ESCALATED", "SOMETHING_NEW", ""])
def test_what_says_nothing_of_goods_is_a_notice_of_its_own(state: str):
    (told,) = messages(goods_back(state))
    assert (type(told), told.source_id) == (Notice, f"return/5000123/{state}")
    # Nothing of it is lost.
    assert told.rest["/creationInfo/item/returnQuantity"] == 2


@pytest.mark.parametrize(
    ("reason", "kind", "ours"),
    [
        ("DEFECTIVE_ITEM", "SNAD", "faulty"),
        ("NO_LONGER_NEED_ITEM", "REMORSE", "changed_mind"),
        # A cancellation that was asked for when the goods had left.
        ("UNKNOWN", "CANCEL", "changed_mind"),
        ("CUSTOMIZED", "REMORSE", "other"),
    ],
)
def test_a_reason_is_said_in_our_words(reason: str, kind: str, ours: str):
    told = goods_back("RETURN_REQUESTED")
    told["creationInfo"] |= {"reason": reason, "reasonType": kind}
    (event,) = messages(told)
    assert [one.reason for one in event.lines] == [ours]


def test_the_answer_for_one_return_is_read_as_well():
    (told,) = messages({"summary": goods_back("ITEM_SHIPPED")})
    assert type(told) is ReturnEvent


MONEY = {"sellerTotalRefund": {"actualRefundAmount": gbp("12.00")}}


async def tell(bazaar: Bazaar, *told: dict[str, Any]) -> list[tuple[str, str]]:
    """Sell two mugs at eBay, tell what became of them, and return what was made of that."""
    line = FULFILLED[0] | {"id": "10012", "unit_price_milli": 600_000}
    await bazaar.tell(order("12-00001-00001", lines=[line], ship_to=None))
    for one in told:
        await bazaar.send(json.dumps(one), format="ebay")
        await bazaar.work()
    return [(m.state, m.code) for m in await bazaar.messages() if m.kind != "order"]


async def test_a_return_is_on_its_way_and_its_money_waits_for_the_goods(bazaar: Bazaar):
    told = await tell(
        bazaar,
        goods_back("RETURN_REQUESTED"),
        goods_back("ITEM_SHIPPED"),
        goods_back("ITEM_DELIVERED"),
        goods_back("REFUND_INITIATED", **MONEY),
        goods_back("CLOSED", **MONEY),
    )
    assert [state for state, _ in told] == ["applied", "applied", "repeated", "parked", "kept"]
    one = await the_return(bazaar, "return/5000123")
    assert one is not None
    assert (one.state, [(n.requested, n.reason) for n in one.lines]) == (
        "in_transit",
        [(2, "damaged")],
    )
    await bazaar.assert_sound()


async def test_goods_that_the_buyer_keeps_are_given_money_for_at_once(bazaar: Bazaar):
    assert await tell(bazaar, goods_back("ITEM_KEPT", **MONEY)) == [("applied", "")]
    assert (await bazaar.order("12-00001-00001")).money.refunded_minor == 1_200
    await bazaar.assert_sound()


async def test_a_return_that_is_called_off_leaves_the_order_as_it_is(bazaar: Bazaar):
    told = await tell(bazaar, goods_back("RETURN_REQUESTED"), goods_back("CLOSED"))
    assert told == [("applied", ""), ("applied", "")]
    one = await the_return(bazaar, "return/5000123")
    assert one is not None
    assert one.state == "cancelled"
    assert (await bazaar.order("12-00001-00001")).money.refunded_minor == 0
    await bazaar.assert_sound()
