"""A worker is killed at every point between a call to a channel and its record: told once."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosslane.platform.database import Database
from crosslane.platform.seals import use_secret
from tests.channels.bazaar import order
from tests.channels.partner import Partner
from tests.channels.talking import Talking, allowed, open_talking
from tests.forking import begin_worker
from tests.payments.fake import eventually
from tests.running import LOOPBACK
from tests.soundness import list_findings

network = pytest.fixture(allowed)

# The worker that is started has to open what the test has sealed.
SECRET_KEY = b"a secret of the tests, 32 bytes."

KILLED = -9
SECONDS_MAX = 180.0
KILLS = ["effects.after_call=kill", "effects.before_commit=kill"]


@pytest.fixture
def partner(network) -> Iterator[Partner]:
    started = Partner()
    yield started
    started.kill()


def start(url: str, home: Path, fault: str):
    """Start a worker process on the tests' database."""
    environment = {
        **os.environ,
        "CROSSLANE_HOME": str(home),
        "CROSSLANE_SECRET_KEY": SECRET_KEY.hex(),
        "CROSSLANE_OUTBOUND_ALLOW": LOOPBACK,
        "CROSSLANE_FAULT": fault,
        "DATABASE_URL": url,
    }
    return begin_worker(environment)


async def test_a_partner_is_told_once_and_in_order_whenever_the_worker_is_killed(
    database: Database, tenant: str, partner: Partner, postgres_url: str, tmp_path: Path
):
    use_secret(SECRET_KEY)
    talking = await open_talking(database, tenant)
    await talking.connect(f"{partner.url}/inbox")
    await talking.settle()
    await quiet(talking)
    for n, fault in enumerate(KILLS, 1):
        await talking.tell(order(f"B-{n}"))
        worker = start(postgres_url, tmp_path, fault)
        async with asyncio.timeout(SECONDS_MAX):
            assert await worker.wait() == KILLED, fault
    await talking.tell(order("B-last"))
    worker = start(postgres_url, tmp_path, "")

    async def all_told() -> bool:
        said = await talking.said()
        return len(said) == len(KILLS) + 1 and {state for _, state in said} == {"told"}

    try:
        await eventually(all_told)
    finally:
        worker.terminate()
        await worker.wait()
    # Asked again with the same key, it has taken each message once.
    asked = partner.asked()
    assert len(asked) > len(set(asked))
    assert [told["order"] for told in partner.lines()] == ["B-1", "B-2", "B-last"]
    async with database.transaction(tenant) as tx:
        assert await list_findings(tx) == []


async def quiet(talking: Talking) -> None:
    """Let nothing be due but what is to be told, so that the points are those of the telling."""
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute(
            "update platform_effect set due_at = now() + interval '1 day'"
            " where kind <> 'channels.tell'"
        )
