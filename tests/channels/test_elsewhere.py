"""A shop that sells in two currencies is two channels; each keeps what is the other's."""

import itertools

import pytest

from crosslane.channels.service.connecting import PutConnection
from crosslane.channels.service.joining import CONNECT
from crosslane.organization import PutChannel, PutMarket, put_channel, put_market
from crosslane.platform.database import Database
from tests.channels.bazaar import order
from tests.channels.market import Market, moved, open_market, paid
from tests.orders.world import set_policy

SHOP = "pots.example.com"


@pytest.fixture
async def market(database: Database, tenant: str) -> Market:
    opened = await open_market(database, tenant)
    async with database.transaction(tenant) as tx:
        euro = PutMarket("ie", "Ireland", "IE", "EUR", ("en-GB",), "inclusive", "Europe/Dublin")
        await put_market(tx, euro)
        channel = PutChannel("euro", "euro", "marketplace", "marlow", "ie", "mf")
        await put_channel(tx, channel)
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, "euro")
        await set_policy(tx, "orders.intake", {"backdating": True}, "euro")
    return opened


async def connect(market: Market, *channels: str) -> None:
    for channel in channels:
        wish = PutConnection(channel=channel, format="orders-jsonl", account=SHOP)
        await market.lanes.run(market.tenant, CONNECT, f"connect {channel}", wish)


async def test_an_order_is_the_channels_that_sells_in_its_currency(market: Market):
    await connect(market, "bazaar", "euro")
    for number, told in enumerate(itertools.permutations(("order", "money", "parcel"))):
        name = f"E-{number}"
        said = {
            "order": order(name, ("MUG", 1), currency="EUR"),
            "money": paid("captured", 100, f"T-{number}", order=name) | {"currency": "EUR"},
            "parcel": moved("shipped", f"F-{number}", order=name),
        }
        for each in told:
            await market.tell(said[each])
    assert set(await market.states()) == {"kept"}
    assert {one.code for one in await market.messages()} == {"of-another-channel"}
    await market.tell(order("E-0", ("MUG", 1), currency="EUR"), channel="euro")
    assert await market.states(channel="euro") == ["applied"], await market.messages()
    await market.assert_sound()


async def test_an_order_of_a_currency_nobody_sells_in_is_quarantined(market: Market):
    await connect(market, "bazaar", "euro")
    await market.tell(order("D-1", ("MUG", 1), currency="USD"))
    assert await market.states() == ["quarantined"]


async def test_a_channel_that_is_connected_alone_keeps_nothing_back(market: Market):
    await connect(market, "bazaar")
    await market.tell(order("E-1", ("MUG", 1), currency="EUR"))
    (refused,) = await market.messages()
    assert (refused.state, refused.code) == ("quarantined", "currency-differs")
