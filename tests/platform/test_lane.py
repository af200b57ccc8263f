import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from crosslane.kernel import Conflict, Invalid, Refusal
from crosslane.platform import database as limits
from crosslane.platform import idempotency
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Database, DatabaseBusy, Tx
from crosslane.platform.fairness import CROWD_MIN
from crosslane.platform.lane import (
    CROWD_BATCH_MAX,
    Answer,
    Command,
    CommandKind,
    KeyReused,
    LaneFull,
    Lanes,
    RowsBusy,
    StillWorking,
)
from crosslane.platform.patience import look_until
from tests.patience import HASTY_SECONDS
from tests.platform.losing import LosesCommitReply


class Take(msgspec.Struct, frozen=True):
    units: int


class Taken(msgspec.Struct, frozen=True):
    left: int


class SoldOut(Conflict):
    """Only {left} are left."""


class Odd(Invalid):
    """That is odd."""


async def take(tx: Tx, commands: Sequence[Command[Take]]) -> list[Taken | Refusal]:
    left = await tx.fetchval("select left_units from shelf for update")
    outcomes: list[Taken | Refusal] = []
    for command in commands:
        if command.body.units == 13:
            raise ZeroDivisionError
        if command.body.units < 0:
            outcomes.append(Odd())
        elif command.body.units > left:
            outcomes.append(SoldOut(left=left))
        else:
            left -= command.body.units
            outcomes.append(Taken(left))
    await tx.execute("update shelf set left_units = $1, batches = batches + 1", left)
    return outcomes


TAKE = CommandKind("test.take", Take, Taken, take)


async def take_alone(tx: Tx, commands: Sequence[Command[Take]]) -> list[Taken]:
    outcome = (await take(tx, commands))[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return [outcome]


TAKE_ALONE = CommandKind("test.take_alone", Take, Taken, take_alone, batch_max=1)


@pytest.fixture
async def shelf(database: Database, tenant: str) -> str:
    async with database.transaction(tenant) as tx:
        await tx.execute("create table shelf (left_units int, batches int)")
        await tx.execute("insert into shelf values (10, 0)")
    return tenant


def command(key: str, units: int) -> Command[Take]:
    return Command(key, SYSTEM, Take(units), fingerprint=str(units))


async def state(database: Database, tenant: str) -> tuple[int, int]:
    async with database.transaction(tenant) as tx:
        row = await tx.fetchrow("select left_units, batches from shelf")
    return tuple(row)


async def test_commands_waiting_together_commit_together(
    database: Database, shelf: str, lanes: Lanes
):
    answers = await asyncio.gather(
        *(lanes.submit(shelf, TAKE, command(f"k{n}", 1)) for n in range(64))
    )
    assert sum(isinstance(a.outcome, Taken) for a in answers) == 10
    assert sum(isinstance(a.outcome, SoldOut) for a in answers) == 54
    left, batches = await state(database, shelf)
    assert left == 0
    assert batches <= 4


async def test_a_crowd_commits_in_small_groups_while_others_ask(
    database: Database, shelf: str, lanes: Lanes
):
    sizes: list[int] = []

    async def noted(tx: Tx, commands: Sequence[Command[Take]]) -> list[Taken | Refusal]:
        sizes.append(len(commands))
        return await take(tx, commands)

    kind = CommandKind("test.noted", Take, Taken, noted)

    async def ask(name: str) -> None:
        sizes.clear()
        waiting = (lanes.submit(shelf, kind, command(f"{name}{n}", 1)) for n in range(40))
        await asyncio.gather(*waiting)

    turns = database.turns
    for _ in range(CROWD_MIN):
        turns.enter(shelf)
    await ask("alone")
    assert max(sizes) > CROWD_BATCH_MAX
    turns.enter("another")
    await ask("crowd")
    assert max(sizes) == CROWD_BATCH_MAX
    for tenant in ("another", *[shelf] * CROWD_MIN):
        turns.leave(tenant)


async def test_while_a_batch_is_under_way_few_wait_for_company(
    database: Database, shelf: str, lanes: Lanes
):
    """Four are under way: one more waits, a second one is enough for another batch."""
    sizes: list[int] = []

    async def noted(tx: Tx, commands: Sequence[Command[Take]]) -> list[Taken | Refusal]:
        sizes.append(len(commands))
        return await take(tx, commands)

    kind = CommandKind("test.noted", Take, Taken, noted)

    def ask(name: str) -> asyncio.Task[Any]:
        return asyncio.create_task(lanes.submit(shelf, kind, command(name, 1)))

    async def begun(batches: int) -> bool:
        return len(sizes) == batches

    async with database.transaction(shelf) as tx:
        await tx.execute("select from shelf for update")
        asked = [ask(f"a{n}") for n in range(4)]
        assert await look_until(lambda: begun(1), bool, seconds=60.0)
        asked.append(ask("b"))
        for _ in range(100):
            await asyncio.sleep(0)
        assert sizes == [4]
        asked.append(ask("c"))
        assert await look_until(lambda: begun(2), bool, seconds=60.0)
    assert {type(answer.outcome) for answer in await asyncio.gather(*asked)} == {Taken}
    assert sizes == [4, 2]
    # Alone or with nobody's batch under way, nobody waits.
    assert isinstance((await ask("d")).outcome, Taken)
    assert sizes == [4, 2, 1]


async def test_kinds_of_one_lane_are_decided_together(database: Database, shelf: str, lanes: Lanes):
    class Grab(Take, frozen=True):
        """Another way to take."""

    first = msgspec.structs.replace(TAKE, name="test.first")
    second = CommandKind("test.second", Grab, Taken, take, lane=first.name)
    staff = Actor(kind="staff", id="ann")
    answers = await asyncio.gather(
        lanes.submit(shelf, first, Command("a", staff, Take(1))),
        lanes.submit(shelf, second, Command("b", staff, Grab(2))),
    )
    assert [answer.outcome for answer in answers] == [Taken(9), Taken(7)]
    assert await state(database, shelf) == (7, 1)
    async with database.transaction(shelf) as tx:
        done = await tx.fetch("select action from platform_audit order by action")
    assert [row["action"] for row in done] == ["test.first", "test.second"]


async def test_what_names_itself_leaves_no_key(database: Database, shelf: str, lanes: Lanes):
    kind = CommandKind("test.take_named", Take, Taken, take, repeatable=True)
    for left in (7, 4):
        answer = await lanes.submit(shelf, kind, command("same", 3))
        assert (answer.outcome, answer.replayed) == (Taken(left), False)
    assert isinstance((await lanes.submit(shelf, kind, command("same", 5))).outcome, SoldOut)
    async with database.transaction(shelf) as tx:
        assert await tx.fetchval("select count(*) from platform_idempotency") == 0


async def test_one_key_a_thousand_times_gives_one_answer(
    database: Database, shelf: str, lanes: Lanes
):
    others = Lanes(database)
    answers = await asyncio.gather(
        *(
            side.submit(shelf, TAKE, command("same", 3))
            for _ in range(500)
            for side in (lanes, others)
        )
    )
    assert {a.outcome for a in answers} == {Taken(7)}
    assert sum(not a.replayed for a in answers) == 1
    assert (await state(database, shelf))[0] == 7


@pytest.mark.parametrize("kind", [TAKE, TAKE_ALONE])
async def test_a_key_is_answered_as_the_first_time_or_found_reused(
    shelf: str, lanes: Lanes, kind: CommandKind
):
    async def ask(key: str, units: int) -> Any:
        return await lanes.submit(shelf, kind, command(key, units))

    assert (await ask("a", 4)).outcome == Taken(6)
    again = await ask("a", 4)
    assert (again.outcome, again.replayed) == (Taken(6), True)
    assert isinstance((await ask("a", 5)).outcome, KeyReused)
    refused = (await ask("b", 7)).outcome
    assert await lanes.run(shelf, kind, "c", Take(6)) == Taken(0)
    told = await ask("b", 7)
    assert told.replayed
    assert (told.outcome.code, told.outcome.message) == (refused.code, "Only 6 are left.")


async def test_a_request_that_was_merely_wrong_frees_its_key(shelf: str, lanes: Lanes):
    wrong = await lanes.submit(shelf, TAKE, command("k", -1))
    assert isinstance(wrong.outcome, Odd)
    right = await lanes.submit(shelf, TAKE, command("k", 1))
    assert (right.outcome, right.replayed) == (Taken(9), False)


async def test_one_bad_command_harms_no_other(database: Database, shelf: str, lanes: Lanes):
    answers = await asyncio.gather(
        *(lanes.submit(shelf, TAKE, command(f"k{n}", n)) for n in (1, 13, 2)),
        return_exceptions=True,
    )
    assert isinstance(answers[1], ZeroDivisionError)
    assert {answers[0].outcome, answers[2].outcome} == {Taken(9), Taken(7)}
    assert (await state(database, shelf))[0] == 7


class CountsOpenings(Database):
    """Counts how often a transaction was wanted."""

    openings = 0

    def transaction(self, *args: Any, **named: Any):
        self.openings += 1
        return super().transaction(*args, **named)


async def test_a_batch_without_a_connection_is_told_so_at_once(
    postgres_url: str, shelf: str, monkeypatch: pytest.MonkeyPatch
):
    """Each by itself would wait as long again, the last of a full batch for twenty minutes."""
    monkeypatch.setattr(limits, "ACQUIRE_SECONDS_MAX", 0.1)
    small = await CountsOpenings.connect(postgres_url, connections=1)
    lanes = Lanes(small)
    asked = [command(str(n), 1) for n in range(5)]
    async with small.connection():
        answers = await asyncio.gather(
            *(lanes.submit(shelf, TAKE, each) for each in asked), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [DatabaseBusy] * len(asked)
    assert small.openings == 1
    monkeypatch.undo()
    assert (await lanes.submit(shelf, TAKE, asked[0])).outcome == Taken(9)
    await small.close()


async def test_a_lost_commit_reply_is_asked_again_under_the_same_key(
    database: Database, shelf: str
):
    losing = LosesCommitReply(database.pool, database.url)
    answer = await Lanes(losing).submit(shelf, TAKE, command("k", 4))
    assert answer.outcome == Taken(6)
    assert (await state(database, shelf))[0] == 6


async def jot(tx: Tx, commands: Sequence[Command[Take]]) -> list[Taken]:
    if tx.optimistic:
        tx.outbox.add_part("jotted as (update shelf set batches = batches + $1)", [1])
    return [Taken(command.body.units) for command in commands]


JOT = CommandKind("test.jot", Take, Taken, jot, optimistic=True)
WAITING = "select count(*) from pg_locks where not granted"


async def test_a_lost_first_attempt_that_ends_after_all_is_the_answer(
    database: Database, postgres_url: str, shelf: str, monkeypatch: pytest.MonkeyPatch
):
    """The server goes on with what it was told although nobody waits for its answer any more."""
    monkeypatch.setitem(limits.FAREWELL, "client_connection_check_interval", "0")
    far = await Database.connect(postgres_url, connections=1)

    async def wait_for(waiting: int) -> None:
        async def look() -> bool:
            async with database.connection() as session:
                return asked.done() or await session.fetchval(WAITING) == waiting

        assert await look_until(look, bool, seconds=60.0)

    async with database.transaction(shelf) as tx:
        await tx.execute("update shelf set left_units = left_units")
        asked = asyncio.create_task(Lanes(far).submit(shelf, JOT, Command("k", SYSTEM, Take(7))))
        await wait_for(1)
        far.pool._holders[0]._con.terminate()
        # The first attempt for the shelf, the second for the key of the first.
        await wait_for(2)
    assert await asked == Answer(Taken(7), replayed=True)
    async with database.transaction(shelf) as tx:
        assert await tx.fetchval("select batches from shelf") == 1
    await far.close()


async def test_a_caller_that_goes_away_does_not_take_the_answer_with_it(
    database: Database, shelf: str, lanes: Lanes
):
    first = asyncio.create_task(lanes.submit(shelf, TAKE, command("k", 4)))
    second = asyncio.create_task(lanes.submit(shelf, TAKE, command("k", 4)))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).outcome == Taken(6)


async def test_a_lane_takes_in_a_limited_number(
    shelf: str, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("crosslane.platform.lane.WAITING_COMMANDS_MAX", 2)
    answers = await asyncio.gather(
        *(lanes.submit(shelf, TAKE, command(f"k{n}", 1)) for n in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(a, LaneFull) for a in answers) == 3


async def test_a_key_in_use_elsewhere_is_told_so_and_holds_up_no_other(
    database: Database, hasty: Database, shelf: str
):
    lanes = Lanes(hasty)
    loop = asyncio.get_running_loop()
    async with idempotency.claiming(database, shelf, ["busy"], ["1"]) as (elsewhere, _):
        started = loop.time()
        busy, free = await asyncio.gather(
            lanes.submit(shelf, TAKE, command("busy", 1)),
            lanes.submit(shelf, TAKE, command("free", 1)),
            return_exceptions=True,
        )
        # Both waited once, and one after the other would take twice as long.
        assert loop.time() - started < 2 * HASTY_SECONDS
        idempotency.store(elsewhere, ["busy"], ["1"], [Taken(5)])
    assert isinstance(busy, StillWorking)
    assert free.outcome == Taken(9)
    again = await lanes.submit(shelf, TAKE, command("busy", 1))
    assert (again.outcome, again.replayed) == (Taken(5), True)
    await lanes.drain()


async def test_a_key_that_is_let_go_while_one_waits_for_it_is_taken(
    database: Database, shelf: str, lanes: Lanes
):
    async with idempotency.claiming(database, shelf, ["busy"], ["1"]) as (elsewhere, _):
        waiting = asyncio.create_task(lanes.submit(shelf, TAKE, command("busy", 1)))
        waited_for = "select exists (select from pg_locks where not granted)"
        assert await look_until(lambda: elsewhere.fetchval(waited_for), bool, seconds=30)
    answer = await waiting
    assert (answer.outcome, answer.replayed) == (Taken(9), False)


async def left_units(tx: Tx) -> int:
    return await tx.fetchval("select left_units from shelf")


async def test_a_preview_tells_what_a_command_would_do_and_leaves_no_trace(
    database: Database, shelf: str
):
    lanes = Lanes(database)
    told = await lanes.preview(shelf, TAKE, Command("k", SYSTEM, Take(3)), left_units)
    assert (told.before, told.outcome, told.after) == (10, Taken(7), 7)
    async with database.transaction(shelf) as tx:
        assert await left_units(tx) == 10
        assert await tx.fetchval("select count(*) from platform_idempotency") == 0
    # Its key was not used up by looking.
    answer = await lanes.submit(shelf, TAKE, Command("k", SYSTEM, Take(3)))
    assert (answer.outcome, answer.replayed) == (Taken(7), False)


@pytest.mark.parametrize("kind", [TAKE, TAKE_ALONE])
async def test_a_preview_is_refused_as_the_command_would_be(
    database: Database, shelf: str, kind: CommandKind
):
    with pytest.raises(SoldOut):
        await Lanes(database).preview(shelf, kind, Command("k", SYSTEM, Take(11)), left_units)
    async with database.transaction(shelf) as tx:
        assert await tx.fetchval("select batches from shelf") == 0


async def test_a_preview_gives_way_to_whoever_holds_the_rows(
    database: Database, hasty: Database, shelf: str
):
    async with database.transaction(shelf) as tx:
        await tx.execute("select from shelf for update")
        with pytest.raises(RowsBusy):
            await Lanes(hasty).preview(shelf, TAKE, Command("k", SYSTEM, Take(1)), left_units)
