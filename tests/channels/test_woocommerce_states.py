"""States that plugins bring to a shop: explained by its connection, or held until they are."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from crosslane.channels.adapters.woocommerce.states import STATES, meaning_of
from crosslane.channels.domain.messages import Cancellation, Order, PaymentEvent
from crosslane.platform.database import Database
from tests.api import Api
from tests.channels.bazaar import Bazaar
from tests.channels.reading import read
from tests.channels.strict_woocommerce import StrictWoo
from tests.channels.test_webhook import SECRET, connect
from tests.channels.test_woocommerce import ORDER
from tests.channels.test_woocommerce_journey import NUMBER, deliver, published, shop
from tests.channels.test_woocommerce_tells import parcel, say, with_settings

__all__ = ["shop"]

MAPPED = "packed=processing, wc-pre-ordered = on-hold,gone=cancelled, sent=shipped"


def said(status: str, states: str = MAPPED, topic: str = "", **changes: Any) -> list[Any]:
    told = json.dumps(ORDER | {"status": status} | changes).encode()
    (reading,) = read("woocommerce", told, settings={"states": states}, topic=topic)
    return [reading.fault] if reading.fault else list(reading.messages)


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("packed", "processing"),
        ("wc-packed", "processing"),
        ("pre-ordered", "on-hold"),
        ("wc-completed", "completed"),
        ("sent", ""),
        ("partially-shipped", ""),
        ("", ""),
    ],
)
def test_a_state_means_what_the_connection_says(state: str, means: str):
    assert meaning_of(state, {"states": MAPPED}) == means


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_state_of_the_shop_s_own_means_itself_whatever_is_said(state: str):
    assert meaning_of(state, {"states": f"{state}=cancelled"}) == state


def test_an_order_in_a_state_of_a_plugin_is_as_far_as_that_means():
    order, paid = said("packed")
    assert (type(order), order.stops, type(paid)) == (Order, (), PaymentEvent)
    # What the shop called it is kept.
    assert order.rest["/status"] == "packed"
    (held,) = said("pre-ordered")
    assert [stop.kind for stop in held.stops] == ["payment"]
    *_, off = said("gone")
    assert (type(off), off.reason) == (Cancellation, "cancelled at the shop")


@pytest.mark.parametrize(
    ("state", "states"), [("on-backorder", MAPPED), ("sent", MAPPED), ("x", "")]
)
def test_one_that_nobody_explains_is_held_and_says_what_to_do(state: str, states: str):
    (fault,) = said(state, states)
    assert (fault.code, fault.pointer) == ("state-unexplained", "/status")
    assert f"{state}=processing" in fault.detail
    assert "order W-1" in fault.detail
    assert "setting states" in fault.detail


def test_one_of_a_plugin_that_was_removed_is_off_whatever_it_meant():
    *_, off = said("on-backorder", topic="order.deleted")
    assert type(off) is Cancellation


def test_an_order_without_a_state_lacks_it():
    (fault,) = said("")
    assert (fault.code, fault.pointer) == ("field-missing", "/status")


@pytest.mark.parametrize(
    ("settings", "after"),
    [({"states": "packed=processing"}, "completed"), ({}, "packed")],
)
def test_an_order_in_a_state_of_a_plugin_is_completed_where_that_is_open(
    settings: Mapping[str, str], after: str
):
    woo = StrictWoo()
    woo.add_order(727, {315: 2, 316: 1}, status="packed")
    say(woo, parcel(), talk=with_settings(**settings))
    assert woo.orders[727]["status"] == after


async def test_what_was_held_is_placed_when_the_state_is_explained(
    api: Api, database: Database, shop: Bazaar
):
    packed = published() | {"status": "packed"}
    assert await deliver(api, packed, "order.updated") == (200, "taken")
    await shop.work()
    (held,) = await shop.messages()
    assert (held.state, held.code) == ("quarantined", "state-unexplained")
    told = {"account": "pots.example.com", "services": {"*": "STANDARD48"}}
    await connect(
        api, format="woocommerce", secret=SECRET, settings={"states": "packed=processing"}, **told
    )
    answer = await api.admin.post(
        "/api/v1/channel-replays", json={"channel": "bazaar", "code": "state-unexplained"}
    )
    assert answer.json()["kept_back"] == 0, answer.text
    await shop.work()
    assert set(await shop.states()) <= {"applied", "outdated"}, await shop.messages()
    assert await shop.units(NUMBER) == {"SINGLE1": 2, "Bar3": 1}
    await shop.assert_sound()


async def test_what_comes_in_by_the_api_is_read_as_the_connection_says(
    api: Api, database: Database, shop: Bazaar
):
    told = {"account": "pots.example.com", "services": {"*": "STANDARD48"}}
    await connect(
        api, format="woocommerce", secret=SECRET, settings={"states": "packed=processing"}, **told
    )
    packed = json.dumps(published() | {"status": "packed"})
    json_type = {"content-type": "application/json"}
    for what in ("previews", "messages"):
        answer = await api.admin.post(
            f"/api/v1/channels/bazaar/{what}?format=woocommerce", content=packed, headers=json_type
        )
        assert answer.status_code in (200, 202), answer.text
        assert "state-unexplained" not in answer.text
    await shop.work()
    assert await shop.units(NUMBER) == {"SINGLE1": 2, "Bar3": 1}
