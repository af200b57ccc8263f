"""An order is fetched from eBay, sent, and its parcel told there: the whole way."""

from collections.abc import Iterator
from typing import Any

import pytest

from crosslane.channels.service.fetching import begin
from crosslane.platform.database import Database
from tests.channels.strict_ebay import CLIENT, MARKETPLACE, REFRESH, SECRET
from tests.channels.strict_server import ShopProcess
from tests.channels.talking import Talking, allowed, open_talking
from tests.channels.test_ebay import LINE, ORDER, gbp

network = pytest.fixture(allowed)
NUMBER = ORDER["orderId"]


def order(**changes: Any) -> dict[str, Any]:
    """Two mugs for two pounds, in a year whose taxes are known."""
    line = {name: LINE[name] for name in ("lineItemId", "sku", "title", "listingMarketplaceId")}
    times = dict.fromkeys(("creationDate", "lastModifiedDate"), "2011-01-05T10:00:00.000Z")
    cost = {"quantity": 2, "lineItemCost": gbp("2.00"), "total": gbp("2.00")}
    total = {"pricingSummary": {"total": gbp("2.00")}}
    return ORDER | times | total | {"lineItems": [line | cost]} | changes


@pytest.fixture
def ebay(network) -> Iterator[ShopProcess]:
    started = ShopProcess("ebay")
    yield started
    started.kill()


@pytest.fixture
async def talking(database: Database, tenant: str, ebay: ShopProcess) -> Talking:
    opened = await open_talking(database, tenant)
    await opened.connect(
        ebay.url,
        format="ebay",
        delivery="call",
        token=f"{SECRET} {REFRESH}",
        services={"*": "STANDARD48"},
        settings={
            "client_id": CLIENT,
            "marketplace": MARKETPLACE,
            "since": "2011-01-01T00:00:00Z",
            "token_url": f"{ebay.url}/identity/v1/oauth2/token",
        },
    )
    return opened


async def test_an_order_is_fetched_sent_and_told(talking: Talking, ebay: ShopProcess):
    ebay.do("add_order", order())
    async with talking.database.transaction(talking.tenant) as tx:
        await begin(tx)
    await talking.settle()
    assert await talking.units(NUMBER) == {"MUG": 2}
    shown = await talking.order(NUMBER)
    assert (shown.money.worth_minor, shown.service) == (200, "STANDARD48")
    for _ in range(2):
        await talking.send_off(1, NUMBER)
        await talking.hurry()
        await talking.settle()
    parcels = ebay.shown["parcels"][NUMBER]
    assert [one["lineItems"] for one in parcels] == [[{"lineItemId": "10012", "quantity": 1}]] * 2
    assert len({one["shipmentTrackingNumber"] for one in parcels}) == 2
    # eBay tells that all of it has left; nothing is sent twice.
    ebay.do("change", NUMBER, orderFulfillmentStatus="FULFILLED")
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("delete from channels_cursor")
    await talking.hurry()
    await talking.settle()
    assert len([p for work in await talking.works(NUMBER) for p in work.parcels]) == 2
    assert set(await talking.states()) <= {"applied", "outdated", "repeated"}
    await talking.assert_sound()
