import asyncio
from collections.abc import Sequence
from functools import partial

import asyncpg
import pytest

from crosslane.platform import database as limits
from crosslane.platform import effects, log, upkeep
from crosslane.platform.database import CommitUnknown, Database, Tx
from crosslane.platform.effects import (
    Dead,
    Effect,
    EffectCall,
    EffectKind,
    NoSuchDeadLetter,
    Retry,
    Runner,
    Schedule,
    ensure_schedules,
)
from crosslane.platform.effects.running import TRIES_MAX
from crosslane.platform.log import Event, Logged, Reaction
from crosslane.platform.patience import look_until
from crosslane.platform.presence import REGISTER
from crosslane.platform.telemetry import current_trace
from crosslane.platform.worker import Worker
from tests.platform.knocking import (
    Counterpart,
    Knock,
    ask,
    dead,
    knock_at,
    record,
    rows,
    run_due,
    runner,
)
from tests.platform.losing import LosesCommitReply
from tests.tenancy import Tenants

# A lease lasts 75 seconds here.
NEWS_SECONDS_MAX = 50.0


async def test_an_effect_asked_for_twice_is_carried_out_once(
    database: Database, house: str, other: Counterpart
):
    run = runner(database, other)
    await ask(database, house, "a", "b")
    await ask(database, house, "a")
    await run_due(database, house, run)
    await run_due(database, house, run)
    assert sorted(other.asked) == [("a", "a"), ("b", "b")]
    assert sorted(await rows(database, house, "select * from answered")) == [("a", "a"), ("b", "b")]


async def test_an_effect_of_a_rolled_back_transaction_never_happens(
    database: Database, house: str, other: Counterpart
):
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(house) as tx:
            await effects.request(tx, [Effect("a", "test.knock", Knock("a"))])
            raise ZeroDivisionError
    await run_due(database, house, runner(database, other))
    assert other.asked == []


async def test_failures_are_tried_again_under_the_same_key_until_they_pass(
    database: Database, house: str, other: Counterpart
):
    other.fail = [Retry("busy", after_seconds=5), OSError("broken"), ValueError("garbage")]
    run = runner(database, other)
    await ask(database, house, "a")
    for _ in range(4):
        await run_due(database, house, run)
    assert other.asked == [("a", "a")] * 4
    assert await rows(database, house, "select * from answered") == [("a", "a")]


@pytest.mark.parametrize(
    ("failures", "tries"), [([Retry("no")] * 20, TRIES_MAX), ([Dead("wrong number")] * 2, 1)]
)
async def test_what_cannot_be_done_becomes_a_dead_letter_with_its_reason(
    database: Database, house: str, other: Counterpart, failures: list[Exception], tries: int
):
    other.fail = list(failures)
    run = runner(database, other)
    await ask(database, house, "a")
    for _ in range(TRIES_MAX + 3):
        await run_due(database, house, run)
    assert len(other.asked) == tries
    assert await rows(database, house, "select * from given_up") == [("a", str(failures[0]))]
    other.fail = []
    async with database.transaction(house) as tx:
        letter = (await effects.list_dead(tx))[0]
        assert (letter.key, letter.tries, letter.reason) == ("a", tries, str(failures[0]))
        await effects.replay_dead(tx, letter.id)
        with pytest.raises(NoSuchDeadLetter):
            await effects.replay_dead(tx, letter.id)
    await run_due(database, house, run)
    assert await rows(database, house, "select * from answered") == [("a", "a")]


async def test_a_dead_letter_that_is_replayed_waits_until_a_worker_has_it(
    database: Database, house: str, other: Counterpart
):
    other.fail = [Dead("wrong number")]
    run = runner(database, other)
    run.worker = 7
    async with database.connection() as session:
        await session.execute(REGISTER, run.worker)
    await ask(database, house, "a")
    await run_due(database, house, run)
    async with database.transaction(house) as tx:
        assert await effects.replay_kind(tx, "test.knock") == 1
    async with database.transaction(house, read_only=True) as tx:
        [call] = await effects.list_due(tx)
        [counted] = await effects.count_kinds(tx)
    assert not call.under_way
    assert (counted.waiting, counted.under_way) == (1, 0)


async def test_a_worker_that_lost_its_lease_records_nothing(
    database: Database, house: str, other: Counterpart
):
    slow, quick = runner(database, other), runner(database, other)
    other.hold = asyncio.Event()
    await ask(database, house, "a")
    await slow.start_due(house)
    await other.reached.wait()
    other.hold, waiting = None, other.hold
    await run_due(database, house, quick)
    assert await rows(database, house, "select * from answered") == [("a", "a")]
    waiting.set()
    await slow.drain()
    assert await rows(database, house, "select * from answered") == [("a", "a")]
    assert other.asked == [("a", "a")] * 2


async def test_a_claim_whose_commit_was_lost_is_let_go_by_the_next(
    database: Database, house: str, other: Counterpart
):
    losing = LosesCommitReply(database.pool, database.url)
    other.hold = asyncio.Event()
    run = runner(losing, other)
    run.worker, losing.lose = 7, 0
    async with database.connection() as session:
        await session.execute(REGISTER, run.worker)
    await ask(database, house, "under way")
    assert await run.start_due(house) == 1
    await other.reached.wait()
    await ask(database, house, "lost")
    losing.lose = 1
    with pytest.raises(CommitUnknown):
        await run.start_due(house)
    assert await run.start_due(house) == 1
    other.hold.set()
    await run.drain()
    assert sorted(other.asked) == [("lost", "lost"), ("under way", "under way")]
    async with database.transaction(house) as tx:
        assert await tx.fetchval("select count(*) from answered") == 2


GATE = 4712
STALL_COMMITS = f"""
create function stall() returns trigger language plpgsql as $$
begin perform pg_advisory_xact_lock({GATE}); return null; end $$;
create constraint trigger stall after update on platform_effect
deferrable initially deferred for each row execute function stall();
"""


async def test_a_claim_that_commits_long_after_it_was_lost_is_let_go(
    database: Database,
    postgres_url: str,
    house: str,
    other: Counterpart,
    monkeypatch: pytest.MonkeyPatch,
):
    """The server is at COMMIT for longer than it is waited for, and gets there in the end."""
    monkeypatch.setitem(limits.FAREWELL, "client_connection_check_interval", "0")
    far = await Database.connect(postgres_url, connections=4)
    run = runner(far, other)
    run.worker = 7
    await ask(database, house, "late")
    async with database.transaction(house) as tx:
        await tx.execute(STALL_COMMITS)
    async with database.connection() as gate:
        await gate.execute(REGISTER, run.worker)
        await gate.execute("select pg_advisory_lock($1)", GATE)
        monkeypatch.setattr(limits, "COMMIT_SECONDS_MAX", 0.1)
        with pytest.raises(CommitUnknown):
            await run.start_due(house)
        assert await run.start_due(house) == 0
        await gate.execute("select pg_advisory_unlock($1)", GATE)
    monkeypatch.undo()
    assert await look_until(partial(run.start_due, house), bool, seconds=NEWS_SECONDS_MAX)
    await run.drain()
    assert other.asked == [("late", "late")]
    await far.close()


async def test_a_call_that_hangs_is_cut_off_and_holds_only_its_slot(
    database: Database, house: str, other: Counterpart
):
    other.hold = asyncio.Event()
    run = runner(database, other, timeout_seconds=0.5, slots=2)
    await ask(database, house, "a", "b", "c")
    assert await run.start_due(house) == 2
    assert await run.start_due(house) == 0
    await run.drain()
    assert (
        await rows(
            database,
            house,
            "select reason from platform_effect where key in ('a','b','c') and tries > 0",
        )
        == [("TimeoutError: ",)] * 2
    )


async def test_calls_that_hang_leave_slots_to_other_tenants(
    database: Database, house: str, tenants: Tenants, other: Counterpart
):
    other.hold = asyncio.Event()
    run = runner(database, other, slots=8)
    await ask(database, house, *map(str, range(20)))
    assert await run.start_due(house) == 6
    assert await run.start_due(house) == 0
    neighbour = await tenants.take()
    async with database.transaction(neighbour) as tx:
        await tx.execute("create table answered (key text, door text)")
    await ask(database, neighbour, "a")
    assert await run.start_due(neighbour) == 1
    other.hold.set()
    await run.drain()
    await tenants.give_back(neighbour)


class Rung(Event):
    """Somebody rang."""

    @property
    def subject(self) -> str:
        return "bell:1"


async def test_a_tenant_with_much_to_read_does_not_keep_another_waiting(
    database: Database, house: str, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("crosslane.platform.worker.TURN_SECONDS", 0.0)
    neighbour = await tenants.take()
    read: list[str] = []

    async def hear(tx: Tx, logged: Sequence[Logged[Rung]]) -> None:
        read.append(tx.tenant)

    for tenant, times in ((house, 50), (neighbour, 1)):
        async with database.transaction(tenant) as tx:
            await log.append(tx, [Rung()] * times)
    worker = Worker(database, [Reaction("test.hear", (Rung,), hear, batch_max=1)], [], [])
    async with asyncio.timeout(60):
        while neighbour not in read:
            await worker.round()
    assert read.count(house) < 50
    await worker.runner.drain()
    await tenants.give_back(neighbour)


async def test_a_schedule_comes_back_and_survives_its_own_failure(
    database: Database, house: str, other: Counterpart
):
    fail = [ValueError("once")]

    async def count(tx: Tx) -> None:
        await tx.execute("insert into answered values ('tick', '')")
        if fail:
            raise fail.pop()

    schedule = Schedule("test.tick", 3600.0, count)
    run = runner(database, other, schedules=[schedule])
    async with database.transaction(house) as tx:
        await ensure_schedules(tx, [schedule])
        await ensure_schedules(tx, [schedule])
    for _ in range(3):
        await run_due(database, house, run)
    assert len(await rows(database, house, "select * from answered")) == 2
    await run.start_due(house)
    await run.drain()
    assert len(await rows(database, house, "select * from answered")) == 2


async def test_a_schedule_that_leaves_some_is_run_again_at_once(
    database: Database, house: str, other: Counterpart
):
    left = [True, True, False, True]

    async def some(tx: Tx) -> bool:
        return left.pop(0)

    schedule = Schedule("test.some", 3600.0, some)
    run = runner(database, other, schedules=[schedule])
    async with database.transaction(house) as tx:
        await ensure_schedules(tx, [schedule])
    for _ in range(6):
        await run.start_due(house)
        await run.drain()
    assert left == [True]


LOCKED_JOURNALS = """
select count(*) from pg_locks l join pg_class c on c.oid = l.relation
where c.relnamespace = current_schema()::regnamespace and c.relname like '%\\_rest'
  and l.mode = 'AccessExclusiveLock' and l.pid = pg_backend_pid()
"""


async def test_upkeep_locks_one_journal_at_a_time(database: Database, house: str):
    async def once() -> tuple[bool, int]:
        async with database.transaction(house) as tx:
            more = await upkeep.ensure_partitions(tx)
            return more, await tx.fetchval(LOCKED_JOURNALS)

    turns = 0
    while (seen := await once()) != (False, 0):
        assert seen == (True, 1)
        turns += 1
    assert turns > 1


# More than one round of a worker may want to look at.
UNFIT_TENANTS = 200
FOUND_TENANT = "insert into control.tenant (name, key_prefix) values ($1, $1)"
WAKE_TENANT = "insert into control.wake (tenant, due_at) values ($1, '-infinity')"


async def test_a_tenant_is_served_however_many_are_due_for_longer(
    database: Database, house: str, other: Counterpart
):
    # They lack a schema, so that every look fails, and stay due.
    unfit = [(f"unfit_{n}",) for n in range(UNFIT_TENANTS)]
    worker = Worker(database, [], [knock_at(other)], [])
    await ask(database, house, "a")
    async with database.connection() as connection:
        try:
            await connection.executemany(FOUND_TENANT, unfit)
            await connection.executemany(WAKE_TENANT, unfit)
            await worker.round()
        finally:
            await connection.execute("delete from control.tenant where name like 'unfit_%'")
    await worker.runner.drain()
    assert other.asked == [("a", "a")]


async def test_a_worker_finds_tenants_with_work_and_lets_the_idle_sleep(
    database: Database, house: str, other: Counterpart
):
    kind = EffectKind("test.knock", Knock, other.call, record, dead)
    worker = Worker(database, [], [kind], [])
    await ask(database, house, "a")
    async with asyncio.timeout(60):
        while not await rows(database, house, "select * from answered"):
            await worker.round()
    await worker.runner.drain()
    async with database.connection() as connection:
        await connection.execute(
            "update control.wake set active_until = clock_timestamp() where tenant = $1", house
        )
        asleep = "select due_at > clock_timestamp() from control.wake where tenant = $1"
        async with asyncio.timeout(60):
            while not await connection.fetchval(asleep, house):
                await worker.round()
    fresh = await Database.connect(database.url, connections=2)
    await ask(fresh, house, "b")
    await fresh.close()
    async with database.connection() as connection:
        assert not await connection.fetchval(asleep, house)


async def test_a_call_is_made_and_logged_under_the_trace_of_its_request(
    database: Database, house: str
):
    seen: list[str] = []

    async def call(call: EffectCall, body: Knock) -> Knock:
        seen.append(current_trace())
        return body

    kind = EffectKind("test.knock", Knock, call, record, dead)
    async with database.transaction(house, trace="7f" * 16) as tx:
        await effects.request(tx, [Effect("a", "test.knock", Knock("a"))])
    await run_due(database, house, Runner(database, [kind]))
    assert seen == ["7f" * 16]


async def test_a_result_is_saved_though_the_database_was_away_when_it_came(
    database: Database, house: str, other: Counterpart
):
    lost = [asyncpg.ConnectionDoesNotExistError("gone"), OSError("refused")]

    async def record_later(tx: Tx, calls: Sequence[EffectCall], results: Sequence[Knock]) -> None:
        if lost:
            raise lost.pop()
        await record(tx, calls, results)

    kind = EffectKind("test.knock", Knock, other.call, record_later, dead)
    await ask(database, house, "a")
    await run_due(database, house, Runner(database, [kind]))
    assert other.asked == [("a", "a")]
    assert await rows(database, house, "select * from answered") == [("a", "a")]
