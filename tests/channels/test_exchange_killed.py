"""The worker is killed at every point of exchanging files: all are taken once, and written once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from crosslane.app import REACTIONS
from crosslane.channels.service.folder import use_root
from crosslane.platform.database import Database
from crosslane.platform.log import run_reaction
from tests.channels.bazaar import order
from tests.channels.talking import allowed, open_talking
from tests.channels.test_exchange import Exchanging
from tests.orders.test_money_killed import KILLED, SECONDS_MAX, Processes

network = pytest.fixture(allowed)
POINTS = [
    "channels.file_read",
    "effects.before_commit",
    "effects.after_commit",
    "channels.file_moved",
    "channels.file_unfinished",
    "channels.file_written",
]
# Where what is on disk and what is in the database differ by one step.
DIVIDES = ["effects.after_commit", "channels.file_written"]


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "exchange"
    folder.mkdir()
    use_root(folder)
    yield folder
    use_root(None)


@pytest.mark.parametrize(
    "points", [DIVIDES, pytest.param(POINTS, marks=pytest.mark.soak)], ids=["divides", "all"]
)
async def test_files_are_taken_and_written_once_whenever_the_worker_is_killed(
    points: list[str],
    network,
    exchange: Path,
    database: Database,
    tenant: str,
    postgres_url: str,
    tmp_path: Path,
):
    await open_talking(database, tenant)
    talking = Exchanging(database, tenant)
    talking.root = exchange
    await talking.connect(delivery="folder", token="")
    for part in ("in", "done", "failed", "out"):
        talking.at(part).mkdir(parents=True)
    for reaction in REACTIONS:
        await run_reaction(database, tenant, reaction)
    processes = Processes(postgres_url, tmp_path)
    processes.environment["CROSSLANE_EXCHANGE"] = str(exchange)
    for number, point in enumerate(points):
        talking.put(f"{number:02}.jsonl", order(f"B-{number}"))
        # Nothing but the folder, and what is written there, is to be due.
        await talking.hurry()
        async with database.transaction(tenant) as tx:
            await tx.execute(
                "update platform_effect set due_at = now() + interval '1 day'"
                " where key not like 'channels.exchange:%' and key not like 'channels.tell:%'"
            )
        worker = processes.start("worker", point)
        async with asyncio.timeout(SECONDS_MAX):
            assert await worker.wait() == KILLED, point
    await talking.hurry()

    async def all_done() -> bool:
        told = sum(path.read_bytes().count(b"\n") for path in talking.at("out").glob("[!.]*"))
        return not talking.names("in") and told >= len(points)

    await processes.work([], all_done)
    taken = [one.source_id for one in await talking.messages()]
    assert sorted(taken) == [f"B-{number}" for number in range(len(points))]
    lines = [
        msgspec.json.decode(line)["order"]
        for name in talking.names("out")
        for line in talking.at("out", name).read_bytes().splitlines()
    ]
    assert sorted(lines) == [f"B-{number}" for number in range(len(points))]
    assert (len(talking.names("done")), talking.names("failed")) == (len(points), [])
