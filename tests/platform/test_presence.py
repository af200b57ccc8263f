"""Workers know of each other, and of each other's death."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crosslane.platform import presence as presences
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import release_claims, storage
from crosslane.platform.patience import look_until
from crosslane.platform.presence import (
    LET_NUMBER_GO,
    PRESENCE_LOCK,
    REGISTER,
    TAKE_NUMBER,
    Presence,
)
from crosslane.platform.worker import Worker
from tests.platform.knocking import Counterpart, ask, knock_at, rows, runner
from tests.platform.losing import LosesCommitReply

WORKER_CHILD = Path(__file__).with_name("worker_child.py")
# A lease lasts 75 seconds here: only the news of a death can be this quick.
NEWS_SECONDS_MAX = 50.0
SEEN_SECONDS_MAX = 60.0


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await running


async def see_worker(database: Database, number: int, *, seconds: float = SEEN_SECONDS_MAX) -> bool:
    return await _look_for(database, number, True, seconds)


async def miss_worker(database: Database, number: int) -> bool:
    return not await _look_for(database, number, False, SEEN_SECONDS_MAX)


async def _look_for(database: Database, number: int, wanted: bool, seconds: float) -> bool:
    async def look() -> bool:
        async with database.connection() as session:
            known = "select exists (select from control.worker where number = $1)"
            return await session.fetchval(known, number)

    return await look_until(look, lambda seen: seen is wanted, seconds=seconds)


async def test_the_calls_of_a_killed_worker_are_made_by_another_at_once(
    database: Database, house: str, other: Counterpart
):
    await ask(database, house, "a")
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(WORKER_CHILD),
        database.url,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        async with asyncio.timeout(SEEN_SECONDS_MAX):
            number = int(await child.stdout.readline())
            assert await child.stdout.readline() == b"calling\n"
        assert await see_worker(database, number)
    finally:
        child.kill()
        await child.wait()
    async with (
        working(Worker(database, [], [knock_at(other)], [])),
        asyncio.timeout(NEWS_SECONDS_MAX),
    ):
        await other.reached.wait()
    assert await rows(database, house, "select * from answered") == [("a", "a")]
    assert await miss_worker(database, number)


async def test_a_worker_takes_no_calls_before_the_others_know_of_it(
    database: Database, house: str, other: Counterpart
):
    await ask(database, house, "a")
    worker = Worker(database, [], [knock_at(other)], [])
    async with database.connection() as session:
        await session.execute(TAKE_NUMBER, PRESENCE_LOCK, worker.presence.number)
        async with working(worker):
            assert not await see_worker(database, worker.presence.number, seconds=1.0)
            assert not other.reached.is_set()
            await session.execute(LET_NUMBER_GO, PRESENCE_LOCK, worker.presence.number)
            async with asyncio.timeout(NEWS_SECONDS_MAX):
                await other.reached.wait()
        assert other.asked == [("a", "a")]


async def test_the_calls_of_a_worker_that_is_only_slow_stay_its_own(
    database: Database, house: str, other: Counterpart
):
    other.hold = asyncio.Event()
    await ask(database, house, "a")
    watching = Presence(database, 75.0)
    worker = Worker(database, [], [knock_at(other)], [])
    async with working(worker):
        await other.reached.wait()
        assert await see_worker(database, worker.presence.number)
        async with database.connection() as session:
            for _ in range(10):
                await watching.look(session)
        assert await see_worker(database, worker.presence.number)
        other.hold.set()
    assert other.asked == [("a", "a")]


async def test_a_worker_whose_number_is_taken_waits_until_it_is_free(database: Database):
    presence = Presence(database, 75.0)
    async with database.connection() as burying:
        await burying.execute(TAKE_NUMBER, PRESENCE_LOCK, presence.number)
        keeping = asyncio.create_task(presence.keep())
        assert not await see_worker(database, presence.number, seconds=1.0)
        await burying.execute(LET_NUMBER_GO, PRESENCE_LOCK, presence.number)
        assert await see_worker(database, presence.number)
        keeping.cancel()
        await asyncio.wait({keeping})
    assert await miss_worker(database, presence.number)


LEASE_SECONDS = 75.0
BURIED_NUMBER = 4711
# More looks than it takes to miss a worker for good.
LOOKS = 10
STANDING = "select state, attempt, claimed_by, due_at <= clock_timestamp() from platform_effect"


async def test_a_worker_that_was_buried_claims_nothing_until_it_is_known_again(
    database: Database, house: str, other: Counterpart
):
    await ask(database, house, "a")
    run = runner(database, other)
    run.worker = BURIED_NUMBER
    assert await run.start_due(house) == 0
    assert await rows(database, house, STANDING) == [("due", 0, None, True)]
    async with database.connection() as session:
        await session.execute(REGISTER, BURIED_NUMBER)
    assert await run.start_due(house) == 1
    await run.drain()
    assert other.asked == [("a", "a")]
    await bury(database)


async def bury(database: Database) -> None:
    watching = Presence(database, LEASE_SECONDS)
    async with database.connection() as session:
        for _ in range(LOOKS):
            await watching.look(session)


async def test_nobody_is_buried_while_a_claim_of_theirs_is_about_to_commit(
    database: Database, house: str
):
    await ask(database, house, "a")
    async with database.connection() as session:
        await session.execute(REGISTER, BURIED_NUMBER)
    async with database.transaction(house) as tx:
        claimed = await storage.claim(tx, ["test.knock"], 1, LEASE_SECONDS, BURIED_NUMBER, rooms={})
        assert len(claimed) == 1
        await bury(database)
    assert await rows(database, house, STANDING) == [("due", 1, BURIED_NUMBER, False)]
    await bury(database)
    assert await rows(database, house, STANDING) == [("due", 1, None, True)]
    assert await miss_worker(database, BURIED_NUMBER)


async def test_who_buries_goes_on_when_the_answer_to_a_commit_is_lost(
    database: Database, house: str
):
    await ask(database, house, "a")
    async with database.connection() as session:
        await session.execute(REGISTER, BURIED_NUMBER)
    async with database.transaction(house) as tx:
        await storage.claim(tx, ["test.knock"], 1, LEASE_SECONDS, BURIED_NUMBER, rooms={})
    losing = LosesCommitReply(database.pool, database.url)
    watching = Presence(losing, LEASE_SECONDS)
    keeping = asyncio.create_task(watching.keep())
    assert await miss_worker(database, BURIED_NUMBER)
    assert losing.lose == 0
    assert await rows(database, house, STANDING) == [("due", 1, None, True)]
    assert await see_worker(database, watching.number)
    keeping.cancel()
    await asyncio.wait({keeping})
    assert await miss_worker(database, watching.number)
    held = "select count(*) from pg_locks where locktype = 'advisory' and objid = $1"
    async with database.connection() as session:
        assert await session.fetchval(held, watching.number) == 0


async def test_who_is_being_buried_claims_nothing(
    database: Database, house: str, other: Counterpart, monkeypatch: pytest.MonkeyPatch
):
    late = runner(database, other)
    late.worker = BURIED_NUMBER
    started = []

    async def release_slowly(tx: Tx, worker: int, lease_seconds: float) -> int:
        released = await release_claims(tx, worker, lease_seconds)
        started.append(await late.start_due(house))
        return released

    monkeypatch.setattr(presences, "release_claims", release_slowly)
    await ask(database, house, "a")
    async with database.connection() as session:
        await session.execute(REGISTER, BURIED_NUMBER)
    await bury(database)
    assert set(started) == {0}
    assert await rows(database, house, STANDING) == [("due", 0, None, True)]
    assert await miss_worker(database, BURIED_NUMBER)


async def test_the_calls_of_a_worker_that_failed_are_made_by_another_at_once(
    database: Database, house: str, other: Counterpart, monkeypatch: pytest.MonkeyPatch
):
    await ask(database, house, "a")
    hanging = Counterpart()
    hanging.hold = asyncio.Event()
    worker = Worker(database, [], [knock_at(hanging)], [])
    running = asyncio.create_task(worker.run())
    await hanging.reached.wait()

    async def fail() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(worker, "round", fail)
    with pytest.raises(ZeroDivisionError):
        await running
    async with (
        working(Worker(database, [], [knock_at(other)], [])),
        asyncio.timeout(NEWS_SECONDS_MAX),
    ):
        await other.reached.wait()
    hanging.hold.set()
    await worker.runner.drain()
    assert await rows(database, house, "select * from answered") == [("a", "a")]
