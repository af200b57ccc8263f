"""A published order of a Shopify shop goes in and reaches the doorstep, however it is told."""

import json
import random
from typing import Any

import pytest

from crosslane import catalog
from crosslane.demo.raw import data_folder
from crosslane.platform.database import Database
from tests.api import Api
from tests.channels.bazaar import Bazaar, open_stocked
from tests.channels.test_webhook import DOOR, connect, headers
from tests.fulfillment import floor
from tests.orders.world import stock_up
from tests.published import needs_published

FIXTURES = data_folder() / "fixtures/shopify"
SKUS = ("IPOD2008GREEN", "IPOD2008RED", "IPOD2008BLACK")
NUMBER = "450789469"
SECRET = "a secret of the app"


def published() -> dict[str, Any]:
    """The published order, sold to a British home in a year whose taxes are known."""
    order = json.loads((FIXTURES / "order.json").read_bytes())["order"]
    home = {
        "address1": "12 High Street",
        "city": "Oxford",
        "zip": "OX1 4AA",
        "country_code": "GB",
        "country": "United Kingdom",
        "province": "",
        "province_code": "",
    }
    at = "2011-01-10T11:00:00-05:00"
    return order | {
        "created_at": at,
        "updated_at": at,
        "processed_at": at,
        "currency": "GBP",
        "taxes_included": True,
        "shipping_address": order["shipping_address"] | home,
        "fulfillments": [],
    }


@pytest.fixture
async def shop(api: Api, database: Database) -> Bazaar:
    opened = await open_stocked(database, api.tenant, SKUS)
    await connect(api, secret=SECRET, account="", services={"Free Shipping": "STANDARD48"})
    return opened


async def deliver(
    api: Api, document: dict, delivery: str, topic: str = "orders/create", said_at: str = ""
) -> str:
    body = json.dumps(document).encode()
    told = headers(body, delivery, SECRET, X_Shopify_Topic=topic, X_Shopify_Triggered_At=said_at)
    answer = await api.client().post(DOOR, content=body, headers=told)
    assert answer.status_code == 200, answer.text
    return answer.json()["state"]


async def why(shop: Bazaar) -> set[tuple[str, str]]:
    """Why messages are kept back."""
    kept = [*await shop.messages(state="quarantined"), *await shop.messages(state="parked")]
    return {(one.code, one.detail) for one in kept}


@needs_published
async def test_a_published_order_is_sourced_and_reaches_the_doorstep(api: Api, shop: Bazaar):
    assert await deliver(api, published(), "d-1") == "taken"
    assert await deliver(api, published(), "d-1") == "known"
    assert await deliver(api, published(), "d-2", "orders/updated") == "taken"
    await shop.work()
    assert await why(shop) == set()
    order = await shop.order(NUMBER)
    assert await shop.units(NUMBER) == dict.fromkeys(SKUS, 1)
    assert (order.money.worth_minor, order.service) == (3 * 19_900, "STANDARD48")
    await floor.settle(shop.database, shop.tenant)
    (work,) = await floor.queue(shop.database, shop.tenant, order_id=order.id)
    assert sorted(line.sku for line in work.lines) == sorted(SKUS)
    await floor.pick(shop.lanes, shop.tenant, work.id)
    await floor.pack(shop.lanes, shop.tenant, work.id)
    await floor.settle(shop.database, shop.tenant)
    shown = await shop.order(NUMBER)
    assert {bucket.stage for line in shown.lines for bucket in line.buckets} == {"handed_over"}
    assert await shop.on_hand(SKUS[0], "DC1") == 9
    # What the shop says again afterwards changes nothing.
    late = published() | {"updated_at": "2011-01-10T12:00:00-05:00", "note": "thank you"}
    assert await deliver(api, late, "d-3", "orders/updated") == "taken"
    await shop.work()
    assert await why(shop) == set()
    await shop.assert_sound()


@needs_published
async def test_an_article_that_is_missing_is_mended_and_replayed(api: Api, shop: Bazaar):
    order = published()
    order["line_items"][1]["sku"] = "IPOD2008BLUE"
    await deliver(api, order, "d-1")
    await shop.work()
    (refused,) = await shop.messages(state="quarantined")
    assert (refused.code, refused.pointer) == ("sku-not-on-sale", "/line_items/1/sku")
    async with shop.database.transaction(shop.tenant) as tx:
        row = catalog.ProductRow("IPOD2008BLUE", "home", title="Blue", weight_grams=200)
        await catalog.import_products(tx, catalog.ImportProducts((row,)))
        await stock_up(tx, {("IPOD2008BLUE", "DC1"): 1})
    await shop.replay(message_ids=(refused.id,))
    assert await shop.states() == ["applied"]
    assert (await shop.units(NUMBER))["IPOD2008BLUE"] == 1
    await shop.assert_sound()


def story() -> list[tuple[str, dict, str]]:
    """What a shop tells of one order: made, paid, changed, and moved within the same second."""
    made = published() | {"financial_status": "pending"}
    paid = made | {"financial_status": "paid", "updated_at": "2011-01-10T11:00:05-05:00"}
    lines = [dict(line) for line in made["line_items"]]
    lines[0]["current_quantity"] = 0
    lines[1] |= {"quantity": 3, "current_quantity": 3}
    changed = paid | {"line_items": lines, "updated_at": "2011-01-10T11:00:09-05:00"}
    moved = changed | {
        "shipping_address": changed["shipping_address"] | {"address1": "14 High Street"},
        "updated_at": "2011-01-10T11:00:09-05:00",
        "tags": "moved",
    }
    return [
        ("orders/create", made, ""),
        ("orders/paid", paid, ""),
        ("orders/edited", changed, "2011-01-10T16:00:09.200000001Z"),
        ("orders/updated", moved, "2011-01-10T16:00:09.700000001Z"),
    ]


@needs_published
async def test_however_a_shop_tells_a_story_it_ends_alike(api: Api, shop: Bazaar):
    ends = set()
    for number in range(5):
        chance = random.Random(number)  # noqa: S311 - not for secrets
        told = story() + (chance.choices(story(), k=3) if number else [])
        if number:
            chance.shuffle(told)
        for place, (topic, document, said_at) in enumerate(told):
            numbered = document | {"id": int(f"{number + 1}000")}
            await deliver(api, numbered, f"{number}-{place}", topic, said_at)
            if chance.random() < 0.5:
                await shop.work()
        await shop.work()
        order = await shop.order(f"{number + 1}000")
        ends.add(
            (
                tuple(sorted((await shop.units(f"{number + 1}000")).items())),
                order.money.worth_minor,
                order.ship_to.lines,
                any(stop.resolved_at is None for stop in order.stops),
            )
        )
    assert len(ends) == 1, ends
    units, _, lines, stopped = next(iter(ends))
    assert units == (("IPOD2008BLACK", 1), ("IPOD2008RED", 3))
    assert (lines, stopped) == (("14 High Street",), False)
    assert set(await shop.states()) <= {"applied", "repeated", "outdated"}
    await shop.assert_sound()
