"""Workers are told of what a transaction leaves behind, whatever becomes of its end."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from crosslane.kernel import new_id
from crosslane.platform import log, waking
from crosslane.platform.database import Database, Tx
from crosslane.platform.log import Event
from crosslane.platform.patience import look_until
from crosslane.platform.worker import LOOK_LATER

PATIENCE_SECONDS = 60.0
ASLEEP_SECONDS = 600.0
ASLEEP = """
update control.wake set active_until = clock_timestamp() - interval '1 minute',
    due_at = clock_timestamp() + interval '1 minute'
where tenant = $1
"""
IS_DUE = "select due_at <= clock_timestamp() from control.wake where tenant = $1"
WAITING = """
select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%control.wake%'
"""


class DoorOpened(Event, frozen=True, kw_only=True):
    """A door was opened."""

    door_id: UUID

    @property
    def subject(self) -> str:
        return f"door:{self.door_id}"


async def leave_work(tx: Tx) -> None:
    await log.append(tx, [DoorOpened(door_id=new_id())])


@pytest.fixture
async def asleep(database: Database, tenant: str) -> str:
    """A tenant that no worker looks at, and of which this process has marked nothing."""
    async with database.connection() as session:
        await session.execute(ASLEEP, tenant)
    return tenant


async def is_due(database: Database, tenant: str) -> bool:
    async with database.connection() as session:
        return await session.fetchval(IS_DUE, tenant)


class Clock:
    """Goes on by some seconds with each look at it."""

    def __init__(self, ticks: Iterator[float]) -> None:
        self.monotonic: Callable[[], float] = ticks.__next__


async def test_what_is_kept_for_the_end_is_written_whenever_a_mark_runs_out(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
):
    # Between any two looks at the clock the mark has run out once.
    step = waking.RENEWED_SECONDS / 2 + 0.1
    monkeypatch.setattr(waking, "time", Clock(iter(n * step for n in range(1_000))))
    for _ in range(10):
        async with database.transaction(tenant) as tx:
            await leave_work(tx)
    async with database.transaction(tenant) as tx:
        assert await tx.fetchval("select count(*) from platform_log") == 10


async def test_a_mark_that_was_undone_as_it_was_committed_is_made_again(
    database: Database, asleep: str
):
    async with database.transaction(asleep) as tx:
        await tx.execute("create table one (n int unique deferrable initially deferred)")
    with pytest.raises(Exception, match="duplicate key"):
        async with database.transaction(asleep) as tx:
            await tx.execute("insert into one values (1), (1)")
            await leave_work(tx)
    assert not await is_due(database, asleep)
    async with database.transaction(asleep) as tx:
        await leave_work(tx)
    assert await is_due(database, asleep)


async def test_a_tenant_that_is_let_sleep_at_this_moment_is_woken(database: Database, asleep: str):
    async def work() -> None:
        async with database.transaction(asleep) as tx:
            await leave_work(tx)

    async with database.connection() as worker:
        async with worker.transaction():
            later = await worker.fetchval("select clock_timestamp()") + timedelta(minutes=1)
            await worker.execute(LOOK_LATER, asleep, later, ASLEEP_SECONDS)
            working = asyncio.create_task(work())

            async def look() -> bool:
                async with database.connection() as session:
                    return working.done() or await session.fetchval(WAITING) == 1

            assert await look_until(look, bool, seconds=PATIENCE_SECONDS)
        await working
    assert await is_due(database, asleep)
