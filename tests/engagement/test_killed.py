"""The sender is killed at every point of sending: nothing is lost, and a repeat is the same."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

import pytest

from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.engagement.desk import hurry, messages, settle
from tests.forking import begin_worker
from tests.orders.world import place, wish

SECONDS_MAX = 180.0
KILLED = -9


@pytest.mark.parametrize(
    ("point", "arrivals"),
    [
        ("effects.after_claim", 1),
        ("effects.after_call", 2),
        ("effects.before_commit", 2),
        ("effects.after_commit", 1),
    ],
)
async def test_a_killed_sender_loses_nothing_and_repeats_at_most_once(
    database: Database,
    shop: str,
    lanes: Lanes,
    postgres_url: str,
    tmp_path: Path,
    point: str,
    arrivals: int,
):
    arrived = tmp_path / "arrived"
    arrived.touch()
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.engagement.mailbox", str(arrived)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert server.stdout is not None
    try:
        port = int(await server.stdout.readline())
        environment = {
            **os.environ,
            "CROSSLANE_HOME": str(tmp_path),
            "CROSSLANE_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "DATABASE_URL": postgres_url,
        }
        placed = await place(lanes, shop, wish("MUG"))
        first = begin_worker({**environment, "CROSSLANE_FAULT": f"{point}=kill"})
        async with asyncio.timeout(SECONDS_MAX):
            assert await first.wait() == KILLED
        await hurry(database, shop)
        second = begin_worker(environment)
        try:
            async with asyncio.timeout(SECONDS_MAX):
                await until_sent(database, shop, placed.id)
        finally:
            second.terminate()
            await second.wait()
        await settle(database, shop)
        ids = arrived.read_text().split()
        assert (len(ids), len(set(ids))) == (arrivals, 1)
    finally:
        server.terminate()
        await server.wait()


async def until_sent(database: Database, tenant: str, order_id: UUID) -> None:
    """Return once the one message about an order is recorded as sent."""
    while True:
        if [message.state for message in await messages(database, tenant, order_id)] == ["sent"]:
            return
        await asyncio.sleep(0.1)
