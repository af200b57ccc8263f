"""Parts of supply messages that were applied long ago go; what they came to stays."""

import pytest

from crosslane.inventory import SCHEDULES, SupplyMessage
from crosslane.inventory.service.feeds import report_supply, supply_message
from crosslane.inventory.storage.feeds import list_feeds
from crosslane.platform.database import Database, Tx
from tests.inventory.shop import Shop, stocked
from tests.inventory.test_feeds import at, report, tell
from tests.soundness import list_findings

MONTH_LONG_AGO = """
create table inventory_feed_part_201101 partition of inventory_feed_part
for values from ('2011-01-01T00:00:00Z') to ('2011-02-01T00:00:00Z')
"""
MESSAGES_MOVED = """
update inventory_feed_message set received_at = '2011-01-07T12:00:00Z' where message = any($1)
"""
PARTS_MOVED = """
update inventory_feed_part set received_at = '2011-01-07T12:00:00Z'
where message_id in (select id from inventory_feed_message where message = any($1))
"""
HOW_MANY = "select count(*) from inventory_feed_part"


@pytest.fixture
async def told(database: Database, shop: Shop) -> list[SupplyMessage]:
    """Two snapshots of long ago, a complete one and one of some articles, and one of today."""
    async with database.transaction(shop.tenant) as tx:
        await tx.execute(MONTH_LONG_AGO)
        await stocked(tx, shop, 5, occurred_at=at(0))
    for one in (
        report(shop, 10, "m1", {"MUG": 8}, complete=True),
        report(shop, 12, "m2", {"BOWL": 2}),
        report(shop, 14, "m3", {"MUG": 7}),
    ):
        await tell(database, shop, one)
    await move(database, shop, "m1", "m2")
    return await messages(database, shop)


async def move(database: Database, shop: Shop, *names: str) -> None:
    """Let messages have come long ago."""
    async with database.transaction(shop.tenant) as tx:
        for statement in (MESSAGES_MOVED, PARTS_MOVED):
            await tx.execute(statement, list(names))


async def messages(database: Database, shop: Shop) -> list[SupplyMessage]:
    async with database.transaction(shop.tenant) as tx:
        return [await supply_message(tx, "wms", name) for name in ("m1", "m2", "m3")]


async def forget(tx: Tx) -> bool:
    (forgetting,) = [each for each in SCHEDULES if each.name == "inventory.forget_feed_parts"]
    return bool(await forgetting.run(tx))


async def test_what_parts_came_to_is_kept_when_they_are_forgotten(
    database: Database, shop: Shop, told: list[SupplyMessage]
):
    async with database.transaction(shop.tenant) as tx:
        feeds = await list_feeds(tx, None, 10)
        assert await tx.fetchval(HOW_MANY) == 3
    again = True
    while again:
        async with database.transaction(shop.tenant) as tx:
            again = await forget(tx)
    async with database.transaction(shop.tenant) as tx:
        assert await tx.fetchval(HOW_MANY) == 1
        assert await list_feeds(tx, None, 10) == feeds
        assert await list_findings(tx) == []
    assert [one.parts_applied for one in told] == [1, 1, 1]
    assert [one.drift_units for one in told] == [3, 2, 1]
    assert await messages(database, shop) == told
    # Told again it is known, and changes nothing.
    known = await tell(database, shop, report(shop, 12, "m2", {"BOWL": 2}))
    assert known == told[1]
    # What a newer snapshot says of an article counts, as ever.
    await tell(database, shop, report(shop, 16, "m4", {"BOWL": 9}))
    async with database.transaction(shop.tenant) as tx:
        assert await list_findings(tx) == []


async def test_nothing_is_forgotten_while_a_part_of_that_time_waits(
    database: Database, shop: Shop, told: list[SupplyMessage]
):
    async with database.transaction(shop.tenant) as tx:
        await report_supply(tx, report(shop, 15, "m9", {"BOWL": 1}))
    await move(database, shop, "m9")
    for _ in range(3):
        async with database.transaction(shop.tenant) as tx:
            again = await forget(tx)
    assert not again
    async with database.transaction(shop.tenant) as tx:
        assert await tx.fetchval(HOW_MANY) == 4
