"""The worker is killed between the receipt of goods and their money: it is given once."""

import asyncio
import os
from pathlib import Path

import pytest

from crosslane import returns
from crosslane.orders import LineWish
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.returns import Receive, ReceiveLine
from tests.forking import begin_worker
from tests.orders.world import assert_sound, view
from tests.returns.counter import sell
from tests.returns.test_life import announce, read, step, wanted

KILLED = -9
SECONDS_MAX = 180.0


@pytest.mark.parametrize("point", ["reaction.before_commit", "reaction.after_commit"])
async def test_goods_that_came_are_paid_back_once_whoever_dies(
    database: Database, shop: str, lanes: Lanes, postgres_url: str, tmp_path: Path, point: str
):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=2))
    one = await announce(lanes, shop, sold, wanted("MUG", 2))
    told = [ReceiveLine(sku="MUG", quantity=2, disposition="sellable")]
    came = Receive(return_id=one.id, location="RC1", lines=told)
    assert (await step(lanes, shop, returns.RECEIVE, came)).state == "graded"
    environment = {
        **os.environ,
        "CROSSLANE_HOME": str(tmp_path),
        "DATABASE_URL": postgres_url,
    }
    for after in (1, 2, 4):
        died = begin_worker({**environment, "CROSSLANE_FAULT": f"{point}=kill@{after}"})
        async with asyncio.timeout(SECONDS_MAX):
            assert await died.wait() == KILLED
    worker = begin_worker(environment)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while (await read(database, shop, one.id)).state != "closed":  # noqa: ASYNC110 - another process works
                await asyncio.sleep(0.1)
    finally:
        worker.terminate()
        await worker.wait()
    ended = await read(database, shop, one.id)
    assert (ended.refund_minor, ended.lines[0].credited) == (1200, 2)
    assert (await view(database, shop, sold.id)).money.refunded_minor == 1200
    await assert_sound(database, shop, "returns")
