"""A published order of a WooCommerce shop goes in by its webhook, and off again."""

import json
from typing import Any

import pytest

from crosslane.demo.raw import data_folder
from crosslane.platform.database import Database
from tests.api import Api
from tests.channels.bazaar import Bazaar, open_stocked
from tests.channels.test_webhook import DOOR, SECRET, connect, signed
from tests.published import needs_published

FIXTURE = data_folder() / "fixtures/woocommerce/wp-api-v3_orders.json"
SKUS = ("SINGLE1", "Bar3")
NUMBER = "727"


def published() -> dict[str, Any]:
    """The published order, sold to a British home in a year whose taxes are known."""
    order = json.loads(FIXTURE.read_bytes())[0]
    home = {
        "address_1": "12 High Street",
        "city": "Oxford",
        "state": "",
        "postcode": "OX1 4AA",
        "country": "GB",
    }
    lines = [line | {"sku": sku} for line, sku in zip(order["line_items"], SKUS, strict=True)]
    at = dict.fromkeys(("date_created_gmt", "date_modified_gmt"), "2011-01-10T16:00:00")
    return (
        order
        | at
        | {
            "currency": "GBP",
            "prices_include_tax": True,
            "date_paid_gmt": "2011-01-10T16:00:00",
            "shipping": order["shipping"] | home,
            "billing": order["billing"] | home | {"phone": ""},
            "line_items": lines,
        }
    )


@pytest.fixture
async def shop(api: Api, database: Database) -> Bazaar:
    opened = await open_stocked(database, api.tenant, SKUS)
    await connect(
        api,
        format="woocommerce",
        account="pots.example.com",
        secret=SECRET,
        services={"*": "STANDARD48"},
    )
    return opened


async def deliver(api: Api, document: dict, topic: str, secret: str = SECRET) -> tuple[int, str]:
    """Send as a shop does: whatever it says within a second has one id."""
    body = json.dumps(document).encode()
    resource, _, event = topic.partition(".")
    told = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "https://pots.example.com/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-ID": "142",
        "X-WC-Webhook-Delivery-ID": "5f2d",
        "X-WC-Webhook-Signature": signed(body, secret),
    }
    answer = await api.client().post(DOOR, content=body, headers=told)
    return answer.status_code, answer.json().get("state", "")


@needs_published
async def test_a_published_order_is_placed_and_called_off(api: Api, shop: Bazaar):
    for url in (DOOR, "/api/v1/channels/nowhere/webhook"):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        ping = await api.client().post(url, content=b"webhook_id=142", headers=form)
        assert (ping.status_code, ping.json()) == (200, {"state": "heard", "batch_id": None})
    assert await deliver(api, published(), "order.created", "another secret") == (401, "")
    assert await shop.messages() == []
    waiting = published() | {"status": "pending", "date_paid_gmt": None, "date_paid": None}
    assert await deliver(api, waiting, "order.created") == (200, "taken")
    assert await deliver(api, waiting, "order.created") == (200, "known")
    paid = published() | {"date_modified_gmt": "2011-01-10T16:00:03"}
    assert await deliver(api, paid, "order.updated") == (200, "taken")
    await shop.work()
    assert set(await shop.states()) <= {"applied", "outdated"}, await shop.messages()
    order = await shop.order(NUMBER)
    assert await shop.units(NUMBER) == {"SINGLE1": 2, "Bar3": 1}
    # With their tax: 6.45 and 12.90 for goods, 10.00 for delivery.
    assert order.money.worth_minor == 2_935
    assert (order.service, [s for s in order.stops if s.resolved_at is None]) == ("STANDARD48", [])
    assert await deliver(api, {"id": int(NUMBER)}, "order.deleted") == (200, "taken")
    await shop.work()
    assert await shop.units(NUMBER) == {}
    await shop.assert_sound()
