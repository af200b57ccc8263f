"""An order from a warehouse and a vendor, over HTTP, with every process running.

The vendor says everything twice and the last thing first.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.engagement.mailbox import text_of
from tests.journeys.conftest import Town
from tests.journeys.test_web_order import wait_for_status
from tests.payments.fake import eventually
from tests.retailer import LONG_AGO, WEEK, order, send
from tests.vendors.strict import MESSAGE_SECRET, ORDER_SECRET, StrictVendor

POT_COST_MILLI = 700_500
POT_PRICE_MILLI = 1_500_000
# Two pots at 15.00, a lamp at 24.99, delivery at 3.95.
GROSS_MINOR = 2 * 1_500 + 2_499 + 395


@pytest.fixture
async def vendor(town: Town, tmp_path: Path) -> AsyncIterator[StrictVendor]:
    """A vendor that alone has pots."""
    client, strict = town.shop.client, StrictVendor(tmp_path / "vendor.jsonl")
    try:
        place = {
            "code": "V01",
            "kind": "vendor",
            "entity": "mf",
            "name": "Potteries Ltd",
            "country": "GB",
            "nation": "ENG",
            "postcode": "ST1 4LY",
            "timezone": "Europe/London",
            "abilities": ["ship"],
            "hours": WEEK,
        }
        location = await send(client, "locations", place)
        settings = {
            "location": "V01",
            "currency": "GBP",
            "port": "http",
            "endpoint": strict.endpoint,
            "order_secret": ORDER_SECRET,
            "message_secret": MESSAGE_SECRET,
        }
        await send(client, "vendors", settings)
        pot = {"sku": "POT", "category": "home", "title": "Tea pot", "weight_grams": 900}
        await send(client, "product-imports", {"rows": [pot]})
        price = {"sku": "POT", "unit_price_milli": POT_PRICE_MILLI}
        listed = {"price_list": "retail", "rows": [price], "valid_from": LONG_AGO}
        await send(client, "price-imports", listed)
        term = {"sku": "POT", "unit_cost_milli": POT_COST_MILLI, "valid_from": "2010-01-01"}
        await send(client, "vendor-terms", {"location": "V01", "terms": [term]})
        supply = {
            "source": "potteries",
            "message": "stock-1",
            "kind": "snapshot",
            "location": "V01",
            "as_of": datetime.now(UTC).isoformat(),
            "rows": [{"sku": "POT", "quantity": 7}],
        }
        await send(client, "inventory/supply-messages", supply)
        key = {
            "name": "Potteries Ltd",
            "role": "integrator",
            "scopes": ["vendors:message"],
            "location_id": location["id"],
        }
        secret = (await send(client, "api-keys", key))["secret"]
        strict.script(
            url=f"{client.base_url}vendors/V01/messages",
            api_key=secret,
            steps=["acknowledge", "ship", "deliver", "invoice"],
            repeat=2,
            reorder=True,
        )
        yield strict
    finally:
        strict.kill()


async def test_a_warehouse_and_a_vendor_serve_one_order(town: Town, vendor: StrictVendor):
    shop, bank = town.shop, town.bank

    async def stocked() -> bool:
        shown = await shop.read("availability", sku=["POT"], channel="web")
        return shown["items"][0]["available"] == 7

    await eventually(stocked)
    placed = await send(shop.client, "orders", order(("POT", 2), ("LAMP", 1)))
    assert placed["gross_minor"] == GROSS_MINOR

    async def supplied() -> bool:
        found = await shop.read_all("purchase-orders", order_id=placed["id"])
        told = [(each["delivery"], line["invoiced"]) for each in found for line in each["lines"]]
        return told == [("sent", 2)]

    await eventually(supplied)
    (purchase,) = await shop.read_all("purchase-orders", order_id=placed["id"])
    assert (purchase["problems"], purchase["version"]) == ([], 1)
    assert await shop.read_all("vendor-messages", state="parked") == []
    assert await shop.read_all("vendor-messages", state="quarantined") == []
    assert list(vendor.orders()) == [purchase["id"]]
    assert len(vendor.keys()) == 1

    works = {
        work["location_id"]: work
        for work in await shop.read_all("fulfillment-orders", order_id=placed["id"])
    }
    ours = next(w for w in works.values() if w["lines"][0]["sku"] == "LAMP")
    every = [{"fulfillment_order": ours["id"]}]
    await send(shop.client, "picks", {"picks": every})
    await send(shop.client, "parcels", {"packs": every})
    await wait_for_status(shop, placed["number"], "handed_over")

    async def charged() -> bool:
        return (await bank.sums())["capture"] == GROSS_MINOR

    await eventually(charged)
    number = purchase["parcels"][0]["tracking_number"]

    async def told() -> bool:
        letters = [one for one in town.mail.arrived if placed["number"] in text_of(one)]
        return len(letters) == 3 and sum(number in text_of(one) for one in letters) == 1

    await eventually(told)

    async def booked() -> bool:
        shown = await shop.read("ledger/trial-balance", entity="mf")
        found = {row["account"]: row["balance_minor"] for row in shown["balances"]}
        lamps, pots = 5 * 200, 2 * 700 + 1
        return (
            found.get("payables") == -(pots + pots // 5)
            and found.get("tax_recoverable") == pots // 5
            and found.get("cost_of_goods") == 200 + pots
            and found.get("inventory") == lamps + 10 * 200 - 200
            and found.get("clearing") == 0
        )

    await eventually(booked)

    async def sound() -> bool:
        return await shop.findings() == []

    await eventually(sound)
