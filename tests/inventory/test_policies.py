"""What policies keep back: safety stock and ring-fences, by location, category and channel."""

import pytest

from crosslane.inventory import (
    POLICIES,
    Allocated,
    OutOfStock,
    allocate,
    survey,
)
from crosslane.inventory.service.reading import explain_position
from crosslane.organization import (
    Scope,
    SetPolicy,
    register_policies,
    register_scope,
    set_policy,
)
from tests.inventory.shop import stocked, wish


async def exists(tx, code):
    return True


@pytest.fixture(autouse=True)
def known_policies():
    register_policies(POLICIES)
    register_scope("location", exists)
    register_scope("category", exists)


async def decide(tx, kind, value, scope=None):
    given = {} if scope is None else {"scope": scope}
    await set_policy(tx, SetPolicy(f"inventory.{kind}", value, "a test", **given))


async def test_the_last_units_are_left_to_their_channel(database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 10)
        await decide(tx, "ring_fence", {"fences": [{"channel": "web", "units": 4}]})
    async with database.transaction(shop.tenant) as tx:
        dc, web, shops = shop.locations["DC"], shop.channels["web"], shop.channels["shops"]
        for channel, units in ((web, 10), (shops, 6), (None, 6)):
            seen = await survey(tx, [shop.mug], channel_id=channel)
            assert seen.available(shop.mug, dc) == units
        answers = await allocate(
            tx,
            [
                wish(shop, 6, channel_id=shops),
                wish(shop, 1, channel_id=shops),
                wish(shop, 4, channel_id=web),
            ],
        )
        assert [type(answer) for answer in answers] == [Allocated, OutOfStock, Allocated]


async def test_the_most_specific_safety_stock_holds(database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 10)
        await stocked(tx, shop, 10, at="LEEDS")
        await stocked(tx, shop, 10, at="LEEDS", variant=shop.bowl)
        await decide(tx, "safety_stock", {"units": 1})
        await decide(tx, "safety_stock", {"units": 2}, Scope("channel", "web"))
        await decide(tx, "safety_stock", {"units": 3}, Scope("category", "mugs"))
        await decide(tx, "safety_stock", {"units": 5}, Scope("location", "LEEDS"))
    async with database.transaction(shop.tenant) as tx:
        seen = await survey(tx, [shop.mug, shop.bowl], channel_id=shop.channels["web"])
        dc, leeds = shop.locations["DC"], shop.locations["LEEDS"]
        assert dict(seen.candidates(shop.mug)) == {dc: 7, leeds: 5}
        position = await tx.fetchval(POSITION_AT, shop.mug, dc)
        explained = await explain_position(tx, position, channel="web")
        assert (explained.safety_units, explained.available) == (3, 7)
        assert len(explained.kept.policy_ids) == 1


POSITION_AT = "select id from inventory_position where variant_id = $1 and location_id = $2"
