"""What a Shopify shop is told of returns its customers ask for: decided once, and by whom."""

from typing import Any

import msgspec
import pytest

from crosslane.channels.adapters.shopify.admin import gid
from crosslane.channels.adapters.telling import Refused
from crosslane.channels.domain.messages import ReturnedGoods, ReturnEvent
from tests.channels.strict_shopify import StrictShop
from tests.channels.test_shopify_tells import AT, ORDER, TALK, say


@pytest.fixture
def shop() -> StrictShop:
    return StrictShop()


def decided(step: str, number: str = "return/7", **changes: Any) -> ReturnEvent:
    goods = (ReturnedGoods(id="11", quantity=1, reason="too_small"),)
    told = {"source_id": number, "ours": "R00001T-8", "lines": goods} | changes
    return ReturnEvent(event_at=AT, order=ORDER, step=step, **told)


def test_a_return_a_customer_asked_for_is_approved_once(shop: StrictShop):
    shop.asked.add("7")

    states = [say(shop, decided("authorized"))[0].state for _ in range(2)]

    assert (states, shop.calls.count("returnApproveRequest")) == (["told", "needless"], 1)
    one = shop.asked.known[gid("Return", "7")]
    assert (one["status"], one["decided"]["notifyCustomer"]) == ("OPEN", False)


def test_a_return_is_declined_with_the_reason_and_the_customer_hears_of_it(shop: StrictShop):
    shop.asked.add("7")
    talk = msgspec.structs.replace(TALK, settings={"notify_customer": "yes"})

    declined = decided("declined", reason="it was worn")
    states = [say(shop, declined, talk=talk)[0].state for _ in range(2)]

    assert (states, shop.calls.count("returnDeclineRequest")) == (["told", "needless"], 1)
    told = shop.asked.known[gid("Return", "7")]["decided"]
    assert (told["declineReason"], told["declineNote"]) == ("OTHER", "it was worn")
    assert told["notifyCustomer"] is True


@pytest.mark.parametrize(
    ("status", "step", "code"),
    [
        ("DECLINED", "authorized", "decided-there"),
        ("OPEN", "declined", "decided-there"),
        ("CANCELED", "authorized", "decided-there"),
        ("", "authorized", "return-unknown"),
    ],
)
def test_what_the_shop_has_decided_itself_stays(
    shop: StrictShop, status: str, step: str, code: str
):
    if status:
        shop.asked.add("7", status)
    with pytest.raises(Refused) as refused:
        say(shop, decided(step, reason="no"))
    assert refused.value.code == code


def test_a_return_the_shop_was_not_asked_for_is_none_of_its(shop: StrictShop):
    (told,) = say(shop, decided("authorized", "R00001T-8"))
    assert (told.state, told.code, shop.calls) == ("unsupported", "not-asked-there", [])
