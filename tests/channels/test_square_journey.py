"""What a till sold is booked, and the till is told what is left: the whole way."""

import json
from collections.abc import Iterator

import pytest

from crosslane.channels.service.fetching import begin
from crosslane.platform.database import Database
from tests.channels.strict_server import ShopProcess
from tests.channels.strict_square import PLACE, TOKEN
from tests.channels.talking import Talking, allowed, open_talking
from tests.channels.test_square import EVENT, FETCHED, ITEM, OPEN, SOLD
from tests.orders.world import set_policy

network = pytest.fixture(allowed)
STORE = "S0001"
SOURCE = {"channel": "bazaar", "format": "square"}


@pytest.fixture
def square(network) -> Iterator[ShopProcess]:
    started = ShopProcess("square")
    yield started
    started.kill()


@pytest.fixture
async def talking(database: Database, tenant: str, square: ShopProcess) -> Talking:
    opened = await open_talking(database, tenant)
    square.do("add_article", "V-MUG")
    await opened.connect(
        square.url,
        format="square",
        delivery="call",
        token=TOKEN,
        locations={PLACE: STORE},
        settings={"since": "2011-01-01T00:00:00Z"},
    )
    await opened.send(json.dumps({"objects": [ITEM]}), **SOURCE)
    await opened.settle()
    return opened


async def fetch(talking: Talking) -> None:
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("delete from channels_cursor")
        await begin(tx)
    await talking.hurry()
    await talking.settle()


async def test_what_was_sold_over_the_counter_is_booked_and_what_is_left_is_told(
    talking: Talking, square: ShopProcess
):
    before = await talking.on_hand("MUG", STORE)
    # The payment is told before its order.
    await talking.send(json.dumps(EVENT), **SOURCE)
    square.do("add_order", SOLD)
    for _ in range(2):
        await fetch(talking)
    assert await talking.stages("O-1") == {"handed_over": 2}
    assert await talking.money("O-1") == (200, 0)
    assert await talking.on_hand("MUG", STORE) == before - 2
    async with talking.database.transaction(talking.tenant) as tx:
        await set_policy(tx, "channels.offering", {"by_location": True}, "bazaar")
    for _ in range(2):
        await talking.settle()
        await talking.hurry()
    await talking.settle()
    assert square.shown["stock"] == {f"V-MUG@{PLACE}": str(before - 2)}
    assert set(await talking.states()) <= {"applied", "outdated", "repeated", "kept"}
    await talking.assert_sound()


async def test_an_order_that_is_fetched_in_the_store_waits_for_its_money(
    talking: Talking, square: ShopProcess
):
    placed = SOLD | OPEN | {"id": "O-3"}
    square.do("add_order", placed)
    await fetch(talking)
    assert await talking.works("O-3") == []
    paid = SOLD | {"id": "O-3", "state": "OPEN", "fulfillments": [FETCHED]}
    square.do("add_order", paid | {"updated_at": "2011-01-05T10:01:00Z"})
    await fetch(talking)
    (work,) = await talking.works("O-3")
    assert sum(line.quantity for line in work.lines) == 2
    await talking.assert_sound()
