"""An order is fetched from Amazon, sent, and its parcel confirmed there: the whole way."""

from collections.abc import Iterator
from typing import Any

import pytest

from crosslane.channels.service.fetching import FetchingView, begin
from crosslane.channels.service.outgoing import list_standings
from crosslane.platform.database import Database
from tests.channels.strict_amazon import CLIENT, MARKETPLACE, REFRESH, SECRET, SELLER
from tests.channels.strict_server import ShopProcess
from tests.channels.talking import Talking, allowed, open_talking
from tests.orders.world import set_policy, stock_up

network = pytest.fixture(allowed)
NUMBER = "202-1234567-1234567"
HOME = {
    "name": "Ada Brown",
    "addressLine1": "12 High Street",
    "city": "Oxford",
    "postalCode": "OX1 4AA",
    "countryCode": "GB",
}
SETTINGS = {
    "client_id": CLIENT,
    "seller": SELLER,
    "marketplace": MARKETPLACE,
    "since": "2011-01-01T00:00:00Z",
}
SEARCH = "GET /orders/2026-01-01/orders"


def gbp(amount: str) -> dict[str, str]:
    return {"currencyCode": "GBP", "amount": amount}


def order(number: str = NUMBER, **changes: Any) -> dict[str, Any]:
    item = {
        "orderItemId": "11",
        "quantityOrdered": 2,
        "product": {"asin": "B0A", "title": "Mug", "sellerSku": "MUG"},
        "proceeds": {"breakdowns": [{"type": "ITEM", "subtotal": gbp("2.00")}]},
    }
    return {
        "orderId": number,
        "createdTime": "2011-01-05T10:00:00Z",
        "lastUpdatedTime": "2011-01-05T10:00:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": MARKETPLACE},
        "buyer": {"buyerName": "Ada Brown", "buyerEmail": "x@marketplace.amazon.co.uk"},
        "recipient": {"deliveryAddress": HOME},
        "proceeds": {"grandTotal": gbp("2.00")},
        "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
        "orderItems": [item],
        **changes,
    }


@pytest.fixture
def amazon(network) -> Iterator[ShopProcess]:
    started = ShopProcess("amazon")
    yield started
    started.kill()


@pytest.fixture
async def talking(database: Database, tenant: str, amazon: ShopProcess) -> Talking:
    opened = await open_talking(database, tenant)
    await opened.connect(
        amazon.url,
        format="amazon",
        delivery="call",
        token=f"{SECRET} {REFRESH}",
        services={"*": "STANDARD48"},
        settings={**SETTINGS, "token_url": f"{amazon.url}/auth/o2/token"},
    )
    return opened


async def ask(talking: Talking) -> None:
    """Let the channel be asked, whenever it would be, and what comes of it be done."""
    await let_ask(talking)
    await talking.settle()


async def let_ask(talking: Talking) -> None:
    """Let it be time to ask the channel."""
    async with talking.database.transaction(talking.tenant) as tx:
        await begin(tx)
    await talking.hurry()


async def test_an_order_is_fetched_sent_and_confirmed(talking: Talking, amazon: ShopProcess):
    amazon.do("add_order", order())
    await ask(talking)
    assert await talking.units(NUMBER) == {"MUG": 2}
    shown = await talking.order(NUMBER)
    assert (shown.money.worth_minor, shown.service, shown.ship_to.city) == (
        200,
        "STANDARD48",
        "Oxford",
    )
    await talking.send_off(1, NUMBER)
    await talking.hurry()
    await talking.settle()
    (first,) = amazon.shown["orders"][NUMBER]["packages"]
    assert [(i["orderItemId"], i["quantity"]) for i in first["packageItems"]] == [("11", 1)]
    assert first["trackingNumber"]
    await talking.send_off(1, NUMBER)
    await talking.hurry()
    await talking.settle()
    seen = amazon.shown["orders"][NUMBER]
    assert seen["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert len({p["packageReferenceId"] for p in seen["packages"]}) == 2
    # Amazon tells of our own parcels; nothing is sent twice.
    parcels = [p for work in await talking.works(NUMBER) for p in work.parcels]
    await forget_cursor(talking)
    await ask(talking)
    assert [p for work in await talking.works(NUMBER) for p in work.parcels] == parcels
    assert set(await talking.states()) <= {"applied", "outdated", "repeated"}
    assert {state for kind, state in await talking.said() if kind == "fulfillment"} == {"told"}
    await talking.assert_sound()


async def test_an_order_is_collected_in_the_store_that_amazon_names(
    talking: Talking, amazon: ShopProcess
):
    await talking.connect(
        amazon.url,
        format="amazon",
        delivery="call",
        token=f"{SECRET} {REFRESH}",
        services={"*": "STANDARD48"},
        locations={"S-7": "S0001"},
        settings={**SETTINGS, "token_url": f"{amazon.url}/auth/o2/token"},
    )
    amazon.do("add_order", order())
    amazon.do("collect", NUMBER, "S-7")
    await ask(talking)
    await ask(talking)
    assert await talking.units(NUMBER) == {"MUG": 2}
    shown = await talking.order(NUMBER)
    assert {(line.method, line.store) for line in shown.lines} == {("pickup", "S0001")}
    assert set(await talking.states()) <= {"applied", "outdated", "repeated"}
    await talking.assert_sound()


async def standing(talking: Talking) -> FetchingView:
    """How asking the channel goes."""
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        (found,) = await list_standings(tx)
    assert found.fetching is not None
    return found.fetching


async def forget_cursor(talking: Talking) -> None:
    """Let everything be fetched again, as it is now."""
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("delete from channels_cursor")


async def test_an_order_that_waits_is_paid_changes_and_is_off(talking, amazon):
    waiting = {"fulfillmentStatus": "PENDING", "fulfilledBy": "MERCHANT"}
    amazon.do("add_order", order(fulfillment=waiting, recipient=None) | {"recipient": {}})
    await ask(talking)
    shown = await talking.order(NUMBER)
    held = {stop.kind for stop in shown.stops if stop.resolved_at is None}
    assert held == {"payment", "address"}
    open_now = waiting | {"fulfillmentStatus": "UNSHIPPED"}
    amazon.do("change", NUMBER, fulfillment=open_now, recipient={"deliveryAddress": HOME})
    await forget_cursor(talking)
    await ask(talking)
    shown = await talking.order(NUMBER)
    assert [stop for stop in shown.stops if stop.resolved_at is None] == []
    assert shown.ship_to.city == "Oxford"
    amazon.do("change", NUMBER, fulfillment=waiting | {"fulfillmentStatus": "CANCELLED"})
    await forget_cursor(talking)
    await ask(talking)
    assert await talking.units(NUMBER) == {}
    # What Amazon has called off is not told to it.
    assert "cancellation" not in [kind for kind, _ in await talking.said()]
    await talking.assert_sound()


async def test_a_page_is_fetched_again_until_it_was_taken(talking, amazon):
    for n in range(4):
        amazon.do("add_order", order(f"202-1234567-{n:07}"))
    amazon.do("say", 429)
    await let_ask(talking)
    # Not until all is done: on a slow machine the second that it waits is over by then.
    await talking.runner.start_due(talking.tenant)
    await talking.runner.drain()
    assert await talking.messages() == []
    asked = await standing(talking)
    assert (asked.records, asked.code, asked.failures) == (0, "busy", 1)
    for _ in range(3):
        await ask(talking)
    asked = await standing(talking)
    assert (asked.records, asked.code, asked.failures) == (4, "", 0)
    assert len({m.source_id for m in await talking.messages() if m.kind == "order"}) == 4
    assert amazon.shown["calls"].count(SEARCH) >= 2
    await talking.assert_sound()


async def test_what_may_be_sold_is_told_and_follows_the_stock(talking, amazon):
    async with talking.database.transaction(talking.tenant) as tx:
        await set_policy(tx, "channels.offering", {"sold": "all", "kept_units": 2}, "bazaar")
    await talking.connect(
        amazon.url,
        format="amazon",
        delivery="call",
        token=f"{SECRET} {REFRESH}",
        settings={**SETTINGS, "token_url": f"{amazon.url}/auth/o2/token"},
    )
    first = await listed(talking, amazon)
    assert first["MUG"] > 0
    async with talking.database.transaction(talking.tenant) as tx:
        await stock_up(tx, {("MUG", "DC1"): 5})
    assert (await listed(talking, amazon))["MUG"] == first["MUG"] + 5
    amazon.do("add_order", order())
    await ask(talking)
    assert (await listed(talking, amazon))["MUG"] == first["MUG"] + 3
    await talking.assert_sound()


async def listed(talking: Talking, amazon: ShopProcess) -> dict[str, int]:
    """What Amazon lets be bought, by SKU."""
    for _ in range(3):
        await talking.settle()
        await talking.hurry()
    listings = amazon.shown["listings"]
    return {sku: one["fulfillment_availability"]["quantity"] for sku, one in listings.items()}


async def test_a_channel_that_is_not_connected_any_more_is_asked_no_longer(talking, amazon):
    await talking.connect(
        amazon.url, format="amazon", delivery="call", token=f"{SECRET} {REFRESH}", active=False
    )
    amazon.do("add_order", order())
    await ask(talking)
    assert await talking.messages() == []
    assert amazon.shown["calls"] == []
