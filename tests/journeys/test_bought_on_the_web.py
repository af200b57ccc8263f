"""Bought on the web and sent by a warehouse, brought to a store: a part exchanged, the rest paid.

Over HTTP, with every process running.
"""

from tests.journeys.conftest import Town
from tests.journeys.test_web_order import wait_for_status
from tests.payments.fake import eventually
from tests.retailer import WEEK, order, send

# Three mugs at 6.00, a lamp at 24.99, delivery at 3.95.
GROSS_MINOR = 3 * 600 + 2_499 + 395
STORE = {
    "code": "S0001",
    "kind": "store",
    "entity": "mf",
    "name": "Store S0001",
    "country": "GB",
    "nation": "ENG",
    "postcode": "OX1 1AA",
    "timezone": "Europe/London",
    "abilities": ["carry_out", "pickup", "receive_returns"],
    "hours": WEEK,
}


async def test_a_web_order_comes_back_to_a_store_and_is_partly_exchanged(town: Town):
    shop, bank = town.shop, town.bank
    await send(shop.client, "locations", STORE)
    lamp = {"sku": "LAMP", "location": "S0001", "quantity": 2, "unit_cost_milli": 200_000}
    await send(shop.client, "inventory/receipts", {"lines": [lamp]})
    placed = await send(shop.client, "orders", order(("MUG", 3), ("LAMP", 1)))
    await wait_for_status(shop, placed["number"], "in_progress")
    works = await shop.read_all("fulfillment-orders", order_id=placed["id"])
    every = [{"fulfillment_order": work["id"]} for work in works]
    await send(shop.client, "picks", {"picks": every})
    await send(shop.client, "parcels", {"packs": every})
    await wait_for_status(shop, placed["number"], "handed_over")

    async def charged() -> bool:
        return (await bank.sums())["capture"] == GROSS_MINOR

    await eventually(charged)
    told = await shop.read(f"orders/{placed['number']}/returnable")
    assert [(x["sku"], x["left"], x["gross_minor"]) for x in told["lines"]] == [
        ("MUG", 3, 1800),
        ("LAMP", 1, 2499),
    ]
    # A faulty lamp for another one that lies there; a mug goes back for money.
    lamp_line = told["lines"][1]["order_line"]
    brought = {
        "channel": "web",
        "location": "S0001",
        "order": placed["number"],
        "lines": [
            {"sku": "MUG", "quantity": 1, "reason": "changed_mind"},
            {
                "sku": "LAMP",
                "quantity": 1,
                "reason": "faulty",
                "item_state": "faulty",
                "disposition": "vendor",
                "wanted": "exchange",
            },
        ],
        "exchange": [
            {
                "sku": "LAMP",
                "quantity": 1,
                "method": "carry_out",
                "store": "S0001",
                "price": "even",
                "instead_of": lamp_line,
            }
        ],
    }
    taken = await send(shop.client, "return-desk", brought)
    assert (taken["state"], taken["held"], len(taken["exchange"])) == ("settled", False, 1)

    async def paid_back() -> bool:
        return (await bank.sums())["refund"] == 600

    await eventually(paid_back)

    async def closed() -> bool:
        return (await shop.read(f"returns/{taken['number']}"))["state"] == "closed"

    await eventually(closed)
    positions = await shop.read_all("inventory/positions", location="S0001")
    lies = {(p["sku"], p["condition"]): p["on_hand"] for p in positions if p["on_hand"]}
    assert lies == {("MUG", "sellable"): 1, ("LAMP", "sellable"): 1, ("LAMP", "to_vendor"): 1}
    mugs = {"sku": "MUG", "quantity": 3, "reason": "changed_mind"}
    again = {**brought, "lines": [mugs], "exchange": []}
    refused = await shop.client.post("return-desk", json=again)
    assert refused.status_code == 409, refused.text
    assert "2 can" in refused.text
    assert await shop.findings() == []
