"""What channels are offered: told in full at first, then what differs, and never more than is."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from crosslane.platform.database import Database
from tests.channels.talking import Talking, allowed, open_talking
from tests.orders.world import set_policy, stock_up

pytestmark = pytest.mark.usefixtures("_allowed")
ALL = {"sold": "all"}


@pytest.fixture
def _allowed() -> Iterator[None]:
    yield from allowed()


@pytest.fixture
async def shop(database: Database, tenant: str) -> Talking:
    return await open_talking(database, tenant)


async def offer(shop: Talking, **value: Any) -> None:
    async with shop.database.transaction(shop.tenant) as tx:
        await set_policy(tx, "channels.offering", value, "bazaar")


async def told(shop: Talking) -> list[dict[str, Any]]:
    """What the channel was told in documents since the last time it was asked for."""
    async with shop.database.transaction(shop.tenant) as tx:
        rows = await tx.fetch("delete from channels_document returning number, body")
    documents = [row["body"] for row in sorted(rows, key=lambda row: row["number"])]
    return [msgspec.json.decode(line) for each in documents for line in each.splitlines()]


async def stock(shop: Talking) -> dict[str, int]:
    """What it was told of stock since then, by SKU; the last of each."""
    await shop.settle()
    await shop.hurry()
    await shop.settle()
    return {
        row["sku"]: row["quantity"]
        for message in await told(shop)
        if message["type"] == "supply_snapshot"
        for row in message["rows"]
    }


async def test_a_channel_is_told_all_at_first_and_then_what_moves(shop: Talking):
    await offer(shop, **ALL)
    await shop.connect()
    first = await stock(shop)
    assert first.keys() >= {"MUG", "SPOON"}
    assert first["MUG"] > 0
    assert await stock(shop) == {}
    async with shop.database.transaction(shop.tenant) as tx:
        await stock_up(tx, {("MUG", "DC1"): 5})
        await stock_up(tx, {("MUG", "DC1"): 2})
    # A bundle has more when its scarcest part has.
    assert await stock(shop) == {"MUG": first["MUG"] + 7, "SET": (first["MUG"] + 7) // 2}
