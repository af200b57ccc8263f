"""The worker is killed while it decides open orders anew: every order is whole, and moved once."""

import asyncio
import os
from pathlib import Path

import pytest

from crosslane.app import REACTIONS
from crosslane.orders.service.reoptimising import DECIDE_KIND, MOVE_KIND
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.log import run_reaction
from tests.forking import begin_worker
from tests.orders.test_reoptimising import Book, crossed
from tests.orders.world import stock_up
from tests.soundness import assert_sound

KILLED = -9
# The first worker of a checkout compiles the loops, which takes a busy machine minutes.
SECONDS_MAX = 600.0
ROUNDS = 4
OURS = [DECIDE_KIND, MOVE_KIND]


@pytest.mark.parametrize("fault", ["effects.after_call=kill", "effects.before_commit=kill@2"])
async def test_a_killed_worker_leaves_every_order_whole(
    database: Database, shop: str, lanes: Lanes, postgres_url: str, tmp_path: Path, fault: str
):
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("MUG", "DC2"): 1})
    book = Book(database, shop, lanes)
    first, second = await crossed(book)
    before = await book.where(first), await book.where(second)
    for _ in range(ROUNDS):
        for reaction in REACTIONS:
            await run_reaction(database, shop, reaction)
    async with database.transaction(shop) as tx:
        # Nothing else is to be done, so that the fault meets what it is meant for.
        await tx.execute("update platform_effect set due_at = now() + interval '1 day'")
    run = await book.ask()
    environment = {
        **os.environ,
        "CROSSLANE_HOME": str(tmp_path),
        "DATABASE_URL": postgres_url,
    }
    died = begin_worker({**environment, "CROSSLANE_FAULT": fault})
    async with asyncio.timeout(SECONDS_MAX):
        assert await died.wait() == KILLED
    assert (await book.where(first), await book.where(second)) == before
    async with database.transaction(shop) as tx:
        await tx.execute(
            "update platform_effect set due_at = now() where state = 'due' and kind = any($1)", OURS
        )
    worker = begin_worker(environment)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while (await book.came_to(run)).state != "done":  # noqa: ASYNC110 - another process works
                await asyncio.sleep(0.1)
    finally:
        worker.terminate()
        await worker.wait()
    came_to = await book.came_to(run)
    assert (came_to.moved, came_to.left_alone) == (2, 0)
    assert len(await book.receipts(first)) == len(await book.receipts(second)) == 2
    assert (await book.where(second))["MUG"] == {("allocated", "DC2"): 1}
    await assert_sound(database, shop)
