"""An order from a warehouse and a vendor, over HTTP, with every process running.

The vendor says everything twice and the last thing first.
"""

from tests.engagement.mailbox import text_of
from tests.journeys.conftest import Town
from tests.journeys.test_web_order import wait_for_status
from tests.payments.fake import eventually
from tests.retailer import order, send
from tests.vendors.strict import StrictVendor

# Two pots at 15.00, a lamp at 24.99, delivery at 3.95.
GROSS_MINOR = 2 * 1_500 + 2_499 + 395


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
