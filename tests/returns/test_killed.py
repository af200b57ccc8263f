"""The worker is killed between the receipt of goods and their money: it is given once."""

import asyncio
import os
from pathlib import Path
from uuid import UUID

import pytest

from crosslane import returns
from crosslane.orders import LineWish
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.returns import Authorize, ExchangeWish, Receive, ReceiveLine
from tests.forking import begin_worker
from tests.orders.world import view
from tests.returns.counter import sell, set_rule
from tests.returns.test_life import announce, read, step, wanted
from tests.soundness import assert_sound

KILLED = -9
SECONDS_MAX = 180.0


async def kill_between(
    database: Database, shop: str, postgres_url: str, tmp_path: Path, point: str, return_id: UUID
) -> None:
    """Kill workers again and again, then let one close the return."""
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
            while (await read(database, shop, return_id)).state != "closed":  # noqa: ASYNC110 - another process works
                await asyncio.sleep(0.1)
    finally:
        worker.terminate()
        await worker.wait()


@pytest.mark.parametrize("point", ["reaction.before_commit", "reaction.after_commit"])
async def test_goods_that_came_are_paid_back_once_whoever_dies(
    database: Database, shop: str, lanes: Lanes, postgres_url: str, tmp_path: Path, point: str
):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=2))
    one = await announce(lanes, shop, sold, wanted("MUG", 2))
    told = [ReceiveLine(sku="MUG", quantity=2, disposition="sellable")]
    came = Receive(return_id=one.id, location="RC1", lines=told)
    assert (await step(lanes, shop, returns.RECEIVE, came)).state == "graded"
    await kill_between(database, shop, postgres_url, tmp_path, point, one.id)
    ended = await read(database, shop, one.id)
    assert (ended.refund_minor, ended.lines[0].credited) == (1200, 2)
    assert (await view(database, shop, sold.id)).money.refunded_minor == 1200
    await assert_sound(database, shop)


@pytest.mark.parametrize("point", ["reaction.before_commit", "reaction.after_commit"])
async def test_goods_that_were_set_aside_go_out_once_whoever_dies(
    database: Database, shop: str, lanes: Lanes, postgres_url: str, tmp_path: Path, point: str
):
    await set_rule(database, shop, decides="agent")
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=1))
    spoon = ExchangeWish(sku="SPOON", quantity=1, method="pickup", store="S0001")
    mug = wanted("MUG", wanted="exchange")
    one = await announce(lanes, shop, sold, mug, exchange=[spoon])
    await step(lanes, shop, returns.AUTHORIZE, Authorize(return_id=one.id))
    told = [ReceiveLine(sku="MUG", quantity=1, disposition="sellable")]
    came = Receive(return_id=one.id, location="RC1", lines=told)
    assert (await step(lanes, shop, returns.RECEIVE, came)).state == "graded"
    await kill_between(database, shop, postgres_url, tmp_path, point, one.id)
    shown = await view(database, shop, sold.id)
    assert [x.sku for x in shown.lines] == ["MUG", "SPOON"]
    assert not [stop for stop in shown.stops if stop.resolved_at is None]
    assert shown.money.refunded_minor == 600 - shown.lines[1].gross_minor
    await assert_sound(database, shop)
