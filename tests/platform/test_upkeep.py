"""What a journal has kept long enough goes by whole months, and nobody waits for it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from crosslane.platform import audit, upkeep
from crosslane.platform.database import Database, Tx

MADE = """
create table test_diary (at timestamptz not null, said text not null) partition by range (at)
"""
KEPT_DAYS = 400
# As any query does until the end of its transaction.
READS = "lock table test_diary in access share mode"
WROTE = "insert into test_diary (at, said) values ($1, $2)"


def month(first: str, last: str) -> str:
    name = first[:7].replace("-", "")
    return (
        f"create table test_diary_{name} partition of test_diary"
        f" for values from ('{first}T00:00:00Z') to ('{last}T00:00:00Z')"
    )


@pytest.fixture
async def house(database: Database, tenant: str) -> AsyncIterator[str]:
    """A tenant with a diary of two old months, whose names sort, and of today."""
    async with database.transaction(tenant) as tx:
        await tx.execute(MADE)
        await tx.execute("select platform_ensure_partitions('test_diary')")
        await tx.execute(month("2001-12-01", "2002-01-01"))
        await tx.execute(month("2002-01-01", "2002-02-01"))
        for year, at_month, said in ((2001, 12, "first"), (2002, 1, "second")):
            await tx.execute(WROTE, datetime(year, at_month, 7, tzinfo=UTC), said)
        await tx.execute(WROTE, datetime(1999, 1, 1, tzinfo=UTC), "before all months")
        await tx.execute(WROTE, tx.now, "today")
    yield tenant
    async with database.transaction(tenant) as tx:
        await tx.execute("drop table test_diary")


async def forget(database: Database, house: str, days: int = KEPT_DAYS) -> bool:
    async with database.transaction(house) as tx:
        return await upkeep.forget_partition(tx, "test_diary", days)


async def said(tx: Tx) -> list[str]:
    return [row["said"] for row in await tx.fetch("select said from test_diary order by at")]


async def test_months_that_are_old_go_one_after_the_other(database: Database, house: str):
    assert await forget(database, house)
    async with database.transaction(house) as tx:
        assert await said(tx) == ["before all months", "second", "today"]
    assert await forget(database, house)
    assert not await forget(database, house)
    async with database.transaction(house) as tx:
        assert await said(tx) == ["before all months", "today"]


async def test_a_month_is_kept_until_its_last_day_is_old_enough(database: Database, house: str):
    async with database.transaction(house) as tx:
        since_the_end = (tx.now - datetime(2002, 1, 1, tzinfo=UTC)).days
    assert not await forget(database, house, since_the_end + 1)
    assert await forget(database, house, since_the_end)
    assert not await forget(database, house, since_the_end)
    # This month is not over, however short a time it is to be kept.
    while await forget(database, house, 0):
        pass
    async with database.transaction(house) as tx:
        assert await said(tx) == ["before all months", "today"]


async def test_whoever_writes_is_not_waited_for_and_does_not_wait(database: Database, house: str):
    async with database.transaction(house) as writing:
        await writing.execute(WROTE, writing.now, "at the same time")
        assert await forget(database, house)
        await writing.execute(WROTE, writing.now, "afterwards")


async def test_a_month_that_somebody_reads_is_left_for_another_time(database: Database, house: str):
    async with database.transaction(house) as reading:
        await reading.execute(READS)
        assert not await forget(database, house)
        assert len(await said(reading)) == 4
    assert await forget(database, house)


async def test_what_was_done_before_a_month_could_not_be_forgotten_stays(
    database: Database, house: str
):
    async with database.transaction(house) as reading:
        await reading.execute(READS)
        async with database.transaction(house) as tx:
            await tx.execute(WROTE, tx.now, "before it")
            assert not await upkeep.forget_partition(tx, "test_diary", KEPT_DAYS)
    async with database.transaction(house) as tx:
        assert "before it" in await said(tx)


AUDITED_LONG_AGO = """
insert into platform_audit (id, at, actor, trace, action, subject, reason)
values (gen_random_uuid(), '2001-12-07T00:00:00Z', 'staff:x', '', 'house.sell', '', 'long ago')
"""


async def test_the_audit_journal_is_kept_for_ten_full_years(tx: Tx):
    await tx.execute(month("2001-12-01", "2002-01-01").replace("test_diary", "platform_audit"))
    await tx.execute(AUDITED_LONG_AGO)
    await audit.record(tx, [audit.Change(action="house.buy")])
    (forgetting,) = [each for each in upkeep.SCHEDULES if each.name == "upkeep.forget_audit"]
    assert [await forgetting.run(tx), await forgetting.run(tx)] == [True, False]
    assert [entry.action for entry in await audit.list_entries(tx)] == ["house.buy"]
    done_on_new_year, kept_until = date(2013, 1, 1), date(2023, 12, 31)
    assert (kept_until - done_on_new_year).days < audit.AUDIT_DAYS
