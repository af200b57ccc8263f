"""The worker is killed around its call to a vendor: the vendor has one order all the same."""

import asyncio
import os
from pathlib import Path

import pytest

from crosslane.app import REACTIONS
from crosslane.platform.log import run_reaction
from tests.forking import begin_worker
from tests.orders.world import place, wish
from tests.running import LOOPBACK
from tests.vendors.shop import Play, sound
from tests.vendors.strict import StrictVendor

KILLED = -9
SECONDS_MAX = 180.0
ROUNDS = 5


@pytest.mark.parametrize(
    ("point", "known"), [("effects.before_call", 0), ("effects.after_call", 1)]
)
async def test_a_killed_worker_makes_no_second_order(
    wired: Play, strict: StrictVendor, postgres_url: str, tmp_path: Path, point: str, known: int
):
    environment = {
        **os.environ,
        "CROSSLANE_HOME": str(tmp_path),
        "CROSSLANE_OUTBOUND_ALLOW": LOOPBACK,
        "DATABASE_URL": postgres_url,
    }
    placed = await place(wired.lanes, wired.tenant, wish("MUG"))
    await ask_the_vendor_only(wired)
    first = begin_worker({**environment, "CROSSLANE_FAULT": f"{point}=kill"})
    async with asyncio.timeout(SECONDS_MAX):
        assert await first.wait() == KILLED
    assert len(strict.orders()) == known
    await make_due(wired)
    second = begin_worker(environment)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while (await wired.purchase(placed)).delivery != "sent":  # noqa: ASYNC110 - another process works
                await asyncio.sleep(0.1)
    finally:
        second.terminate()
        await second.wait()
    purchase = await wired.purchase(placed)
    assert purchase.problems == []
    assert list(strict.orders()) == [str(purchase.id)]
    assert len(strict.keys()) == 1
    await wired.tell(wired.ship(purchase, 1))
    assert (await wired.view(placed)).status == "handed_over"
    await sound(wired)


async def ask_the_vendor_only(play: Play) -> None:
    """React to everything; of what is to be done outside, only the vendor's order is due."""
    for _ in range(ROUNDS):
        for reaction in REACTIONS:
            await run_reaction(play.database, play.tenant, reaction)
    async with play.database.transaction(play.tenant) as tx:
        await tx.execute(
            "update platform_effect set due_at = now() + interval '1 day'"
            " where kind <> 'vendors.send'"
        )


async def make_due(play: Play) -> None:
    """Let what a dead worker had taken be due now."""
    async with play.database.transaction(play.tenant) as tx:
        await tx.execute(
            "update platform_effect set due_at = now()"
            " where state = 'due' and kind = 'vendors.send'"
        )
