import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosslane.platform import effects, log, outbox
from crosslane.platform import worker as worker_module
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind
from crosslane.platform.log import Event, Logged, Reaction, cursors, run_reaction
from crosslane.platform.log.reactions import TRIES_MAX, NotParked, reactions_with_work
from crosslane.platform.worker import Worker


class Rung(Event):
    bell: str
    n: int

    @property
    def subject(self) -> str:
        return f"bell:{self.bell}"


class Painted(Event):
    bell: str

    @property
    def subject(self) -> str:
        return f"bell:{self.bell}"


async def note(tx: Tx, logged: Sequence[Logged[Rung]]) -> None:
    for entry in logged:
        if entry.event.n < 0:
            raise ValueError(f"bell {entry.event.bell} rang {entry.event.n}")
        await tx.execute(
            "insert into heard (bell, n) values ($1, $2)", entry.event.bell, entry.event.n
        )


HEAR = Reaction("test.hear", (Rung,), note)


@pytest.fixture
async def tower(database: Database, tenant: str) -> str:
    async with database.transaction(tenant) as tx:
        await tx.execute("create table heard (place bigserial, bell text, n int)")
    return tenant


async def ring(database: Database, tower: str, *events: Event) -> None:
    async with database.transaction(tower) as tx:
        await log.append(tx, events)


async def until_all_can_be_read(database: Database, tower: str) -> None:
    """Wait until no older transaction of the server, its own upkeep among them, hides an event."""
    for _ in range(3000):
        if not await hides_an_event(database, tower):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("an older transaction never ended")


async def hides_an_event(database: Database, tower: str) -> bool:
    async with database.transaction(tower) as tx:
        return await tx.fetchval(
            "select max(txid) >= pg_snapshot_xmin(pg_current_snapshot()) from platform_log"
        )


async def heard(database: Database, tower: str) -> list[tuple[str, int]]:
    async with database.transaction(tower) as tx:
        return [tuple(r) for r in await tx.fetch("select bell, n from heard order by place")]


async def react(database: Database, tower: str, reaction: Reaction = HEAR) -> int:
    return await run_reaction(database, tower, reaction)


async def test_each_event_is_handled_once_however_many_workers_run(database: Database, tower: str):
    for n in range(30):
        await ring(database, tower, Rung(bell="a", n=n), Painted(bell="a"), Rung(bell="b", n=n))
    small = Reaction("test.hear", (Rung,), note, batch_max=7)
    for _ in range(12):
        await asyncio.gather(*(react(database, tower, small) for _ in range(4)))
    known = await heard(database, tower)
    assert sorted(known) == sorted((bell, n) for bell in "ab" for n in range(30))
    for bell in "ab":
        assert [n for b, n in known if b == bell] == list(range(30))


class Engraved(Event):
    bell: str
    text: str

    @property
    def subject(self) -> str:
        return f"bell:{self.bell}"


async def test_what_is_not_read_is_told_without_what_it_says(database: Database, tower: str):
    told: list[tuple[str, str, Any]] = []

    async def read(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
        told.extend((entry.kind, entry.subject, entry.event) for entry in logged)
        if len(told) == 2:
            raise ValueError("it is tried again, one event at a time")

    rung, long = Rung(bell="a", n=1), Engraved(bell="b", text="x" * cursors.BATCH_BYTES_MAX)
    await ring(database, tower, rung, long)
    await until_all_can_be_read(database, tower)
    glancing = Reaction("test.glance", (Rung, Engraved), read, unread=(Engraved,))
    assert await react(database, tower, glancing) == 2
    seen = [(Rung.kind(), "bell:a", rung), (Engraved.kind(), "bell:b", None)]
    assert told == [*seen, *seen]


async def test_large_events_come_in_smaller_batches(database: Database, tower: str):
    batches: list[list[str]] = []

    async def read(tx: Tx, logged: Sequence[Logged[Engraved]]) -> None:
        batches.append([entry.event.bell for entry in logged])

    # What does not compress: three times as much as is handed over at once, and one above all.
    long = secrets.token_hex(cursors.BATCH_BYTES_MAX // 4)
    longest = secrets.token_hex(cursors.BATCH_BYTES_MAX)
    await ring(database, tower, *(Engraved(bell=b, text=long) for b in "abcd"))
    await ring(database, tower, Engraved(bell="e", text=longest), Engraved(bell="f", text=""))
    reaction = Reaction("test.read", (Engraved,), read)
    while await react(database, tower, reaction):
        pass
    assert batches == [["a", "b"], ["c", "d"], ["e"], ["f"]]


async def test_history_tells_a_subject_s_events_in_order(database: Database, tower: str):
    await ring(database, tower, Rung(bell="a", n=1), Rung(bell="b", n=1), Painted(bell="a"))
    async with database.transaction(tower) as tx:
        entries = await log.history(tx, "bell:a")
        assert [(e.subject_no, e.kind) for e in entries] == [
            (1, Rung.kind()),
            (2, Painted.kind()),
        ]
        assert [e.subject_no for e in await log.history(tx, "bell:a", after_no=1)] == [2]


async def test_a_transaction_that_wrote_first_and_locked_last_does_not_disorder_its_subject(
    database: Database, tower: str
):
    async with database.transaction(tower) as early:
        # The early transaction gets its number now, but the subject's row only after the late one.
        await early.fetchval("select pg_current_xact_id()")
        async with database.transaction(tower) as between:
            await between.fetchval("select pg_current_xact_id()")
            await ring(database, tower, Rung(bell="a", n=1))
            await log.append(early, [Rung(bell="a", n=2)])
            await outbox.write(early)
            await early.conn.execute("commit")
            await early.conn.execute("begin")
            # Below the horizon lies only the second event: it must wait for the first.
            await react(database, tower)
            assert await heard(database, tower) == []
        await react(database, tower)
        await react(database, tower)
    assert await heard(database, tower) == [("a", 1), ("a", 2)]


async def test_nothing_of_a_transaction_still_open_is_passed_over(database: Database, tower: str):
    async with database.transaction(tower) as slow:
        await log.append(slow, [Rung(bell="slow", n=1)])
        await outbox.write(slow)
        await ring(database, tower, Rung(bell="fast", n=1))
        await react(database, tower)
        assert await heard(database, tower) == []
    await react(database, tower)
    assert sorted(await heard(database, tower)) == [("fast", 1), ("slow", 1)]


async def test_an_event_that_keeps_failing_is_parked_and_only_its_subject_waits(
    database: Database, tower: str
):
    await ring(database, tower, Rung(bell="a", n=-1), Rung(bell="b", n=1), Rung(bell="a", n=2))
    for _ in range(TRIES_MAX):
        await react(database, tower)
        async with database.transaction(tower) as tx:
            await tx.execute("update platform_backlog set due_at = clock_timestamp()")
    await ring(database, tower, Rung(bell="a", n=3), Rung(bell="b", n=2))
    for _ in range(3):
        await react(database, tower)
    assert await heard(database, tower) == [("b", 1), ("b", 2)]
    async with database.transaction(tower) as tx:
        parked = await log.list_parked(tx)
        assert [(p.subject, p.subject_no, p.attempts) for p in parked] == [("bell:a", 1, TRIES_MAX)]
        assert "bell a rang -1" in parked[0].reason
        assert await reactions_with_work(tx, [HEAR]) == []
        with pytest.raises(NotParked):
            await log.replay_parked(tx, HEAR.name, parked[0].log_id + 1)
        # Somebody mends what was wrong and lets it run again.
        await tx.execute(
            'update platform_log set body = \'{"bell":"a","n":1}\' where id = $1', parked[0].log_id
        )
        await log.replay_parked(tx, HEAR.name, parked[0].log_id)
        assert await reactions_with_work(tx, [HEAR]) == [HEAR]
    for _ in range(4):
        await react(database, tower)
    assert (await heard(database, tower))[2:] == [("a", 1), ("a", 2), ("a", 3)]
    async with database.transaction(tower) as tx:
        assert await tx.fetchval("select count(*) from platform_backlog") == 0


async def test_what_a_handler_wrote_is_undone_when_it_fails(database: Database, tower: str):
    async def write_and_fail(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
        await note(tx, logged)
        if any(entry.event.n == 2 for entry in logged):
            raise ValueError("two")

    failing = Reaction("test.hear", (Rung,), write_and_fail)
    await ring(database, tower, *(Rung(bell=b, n=n) for b, n in [("a", 1), ("b", 2), ("c", 3)]))
    await react(database, tower, failing)
    assert sorted(await heard(database, tower)) == [("a", 1), ("c", 3)]


async def test_the_transaction_a_cursor_came_to_stand_at_is_not_overlooked(
    database: Database, tower: str
):
    await ring(database, tower, Rung(bell="a", n=1))
    async with database.transaction(tower) as slow:
        # The oldest one that runs: whoever reads now reads up to it, and no further.
        await slow.fetchval("select pg_current_xact_id()")
        await react(database, tower)
        await log.append(slow, [Rung(bell="b", n=1)])
    async with database.transaction(tower) as tx:
        assert await reactions_with_work(tx, [HEAR]) == [HEAR]
    await react(database, tower)
    assert await heard(database, tower) == [("a", 1), ("b", 1)]
    async with database.transaction(tower) as tx:
        assert await reactions_with_work(tx, [HEAR]) == []


async def test_an_idle_reaction_has_no_work_and_enters_a_new_epoch(database: Database, tower: str):
    await ring(database, tower, Rung(bell="a", n=1))
    await react(database, tower)
    async with database.transaction(tower) as tx:
        assert await reactions_with_work(tx, [HEAR]) == []
        await tx.execute("update platform_log_epoch set epoch = 2")
    await ring(database, tower, Rung(bell="a", n=2))
    for _ in range(2):
        await react(database, tower)
    assert await heard(database, tower) == [("a", 1), ("a", 2)]


async def test_what_another_server_wrote_is_read_to_its_end_before_a_new_epoch(
    database: Database, tower: str
):
    """Its transactions are numbered beyond all that run here, as after a backup was restored."""
    await ring(database, tower, Rung(bell="a", n=1), Rung(bell="b", n=1))
    await ring(database, tower, Rung(bell="a", n=2))
    async with database.transaction(tower) as tx:
        await tx.execute("update platform_log set txid = (8000000000 + id)::text::xid8")
        assert await log.begin_epoch(tx) == 2
    await ring(database, tower, Rung(bell="a", n=3))
    for _ in range(3):
        async with database.transaction(tower) as tx:
            assert await reactions_with_work(tx, [HEAR]) == [HEAR]
        await react(database, tower)
    assert await heard(database, tower) == [("a", 1), ("a", 2), ("b", 1), ("a", 3)]
    async with database.transaction(tower) as tx:
        assert await reactions_with_work(tx, [HEAR]) == []


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_any_interleaving_of_writers_keeps_every_subject_in_order(
    database: Database, tower: str, data: st.DataObject
):
    async with database.transaction(tower) as tx:
        await tx.execute("truncate heard, platform_log, platform_log_subject, platform_cursor")
    sent = data.draw(st.integers(2, 12))
    open_ones: list[Any] = []
    written: dict[str, int] = {}
    for _ in range(sent):
        context = database.transaction(tower)
        tx = await context.__aenter__()
        await tx.fetchval("select pg_current_xact_id()")
        open_ones.append((context, tx))
    for context, tx in data.draw(st.permutations(open_ones)):
        bell = data.draw(st.sampled_from("ab"))
        written[bell] = written.get(bell, 0) + 1
        await log.append(tx, [Rung(bell=bell, n=written[bell])])
        await context.__aexit__(None, None, None)
        if data.draw(st.booleans()):
            await react(database, tower, Reaction("test.hear", (Rung,), note, batch_max=2))
    for _ in range(sent + 2):
        await react(database, tower, Reaction("test.hear", (Rung,), note, batch_max=2))
    known = await heard(database, tower)
    for bell, count in written.items():
        assert [n for b, n in known if b == bell] == list(range(1, count + 1))


async def test_events_nothing_waits_for_are_passed_over_unread(database: Database, tower: str):
    waits: list[bool] = []

    async def anyone_waits(tx: Tx) -> bool:
        return bool(waits)

    reaction = Reaction("test.hear", (Rung,), note, awaited=anyone_waits)
    await ring(database, tower, Rung(bell="a", n=1))
    async with database.transaction(tower) as slow:
        await log.append(slow, [Rung(bell="slow", n=1)])
        await outbox.write(slow)
        await ring(database, tower, Rung(bell="b", n=1))
        assert await react(database, tower, reaction) == 0
    # What was still open, and what stood behind it, was not passed over.
    waits.append(True)
    await until_all_can_be_read(database, tower)
    assert await react(database, tower, reaction) == 2
    assert sorted(await heard(database, tower)) == [("b", 1), ("slow", 1)]
    waits.clear()
    await ring(database, tower, Rung(bell="a", n=2))
    await until_all_can_be_read(database, tower)
    assert await react(database, tower, reaction) == 0
    async with database.transaction(tower) as tx:
        assert await reactions_with_work(tx, [reaction]) == []


async def test_what_was_kept_back_is_tried_whether_anything_waits_or_not(
    database: Database, tower: str
):
    async def nobody_waits(tx: Tx) -> bool:
        return False

    await ring(database, tower, Rung(bell="a", n=-1))
    await until_all_can_be_read(database, tower)
    await react(database, tower)
    async with database.transaction(tower) as tx:
        await tx.execute('update platform_log set body = \'{"bell":"a","n":1}\'')
        await tx.execute("update platform_backlog set due_at = clock_timestamp()")
    await ring(database, tower, Rung(bell="a", n=2))
    await until_all_can_be_read(database, tower)
    reaction = Reaction("test.hear", (Rung,), note, awaited=nobody_waits)
    while await react(database, tower, reaction):
        pass
    assert ("a", 1) in await heard(database, tower)


async def test_a_question_that_fails_keeps_no_event_from_its_handler(
    database: Database, tower: str
):
    async def fail(tx: Tx) -> bool:
        await tx.execute("select 1 / 0")
        return False

    await ring(database, tower, Rung(bell="a", n=1))
    await until_all_can_be_read(database, tower)
    await react(database, tower, Reaction("test.hear", (Rung,), note, awaited=fail))
    assert await heard(database, tower) == [("a", 1)]


def test_an_event_may_not_hide_its_own_kind_or_subject():
    with pytest.raises(TypeError, match="kind"):

        class Mistaken(Event):
            kind: str


async def test_what_a_savepoint_undid_is_never_told(database: Database, tower: str):
    async with database.transaction(tower) as tx:
        await log.append(tx, [Rung(bell="a", n=1)])
        with pytest.raises(ZeroDivisionError):
            async with tx.savepoint():
                await log.append(tx, [Rung(bell="a", n=2)])
                raise ZeroDivisionError
        await log.append(tx, [Rung(bell="a", n=3)])
    await react(database, tower)
    assert await heard(database, tower) == [("a", 1), ("a", 3)]


async def test_a_transaction_with_very_much_to_tell_tells_it_in_order(
    database: Database, tower: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "KEPT_ROWS_MAX", 3)
    async with database.transaction(tower) as tx:
        for n in range(10):
            await log.append(tx, [Rung(bell="a", n=n)])
    await react(database, tower)
    assert await heard(database, tower) == [("a", n) for n in range(10)]


async def test_rows_that_are_busy_are_tried_again_and_are_no_failure(
    database: Database, tower: str
):
    tries: list[int] = []

    async def lock_and_note(tx: Tx, logged: Sequence[Logged[Rung]]) -> None:
        tries.append(len(logged))
        await tx.execute("lock table heard in exclusive mode nowait")
        await note(tx, logged)

    late = Reaction("test.hear_late", (Rung,), note)
    failures: list[BaseException] = []
    worker = Worker(
        database,
        [Reaction("test.hear", (Rung,), lock_and_note), late],
        [],
        [],
        failed=lambda _, error: failures.append(error),
    )
    await ring(database, tower, Rung(bell="a", n=1))
    async with database.transaction(tower) as other:
        await other.execute("lock table heard in row exclusive mode")
        await worker.round()
    assert tries == [1]
    assert await heard(database, tower) == [("a", 1)]  # the later reaction was not kept from it
    assert await worker.round() > 0
    assert tries == [1, 1]
    assert await heard(database, tower) == [("a", 1), ("a", 1)]
    assert failures == []


async def test_a_patient_reaction_gives_way_and_goes_on(
    database: Database, tower: str, monkeypatch: pytest.MonkeyPatch
):
    # Tenants of other tests may be due as well; none of their turns ends by the clock.
    monkeypatch.setattr(worker_module, "TURN_SECONDS", 60.0)
    monkeypatch.setattr(worker_module, "GIVING_WAY_SECONDS", 0.0)
    batches: dict[str, list[int]] = {"press": [], "wait": []}

    def counting(name: str, *, patient: bool) -> Reaction:
        async def count(tx: Tx, logged: Sequence[Logged[Rung]]) -> None:
            batches[name].append(len(logged))

        return Reaction(f"test.{name}", (Rung,), count, batch_max=2, patient=patient)

    reactions = [counting("wait", patient=True), counting("press", patient=False)]
    worker = Worker(database, reactions, [], [])
    await ring(database, tower, *(Rung(bell="a", n=n) for n in range(8)))
    await until_all_can_be_read(database, tower)
    while not batches["press"]:
        await worker.round()
    assert batches["press"] == [2, 2, 2, 2]
    assert batches["wait"] == [2]
    # It goes on while it looks again and again whether others have something to read.
    while len(batches["wait"]) < 4:
        await worker.round()
    assert batches == {"press": [2, 2, 2, 2], "wait": [2, 2, 2, 2]}


async def test_a_long_reaction_keeps_neither_another_nor_its_calls_waiting(
    database: Database, tower: str
):
    answered = asyncio.Event()
    tries: list[int] = []

    async def ask_outside(tx: Tx, logged: Sequence[Logged[Rung]]) -> None:
        await effects.request(tx, [Effect("a", "test.answer", logged[0].event)])

    async def wait_for_answer(tx: Tx, logged: Sequence[Logged[Rung]]) -> None:
        tries.append(len(logged))
        await asyncio.wait_for(answered.wait(), 60)
        await note(tx, logged)

    async def answer(call: EffectCall, rung: Rung) -> None:
        answered.set()

    async def save(tx: Tx, calls: Sequence[EffectCall], results: Sequence[None]) -> None:
        pass

    worker = Worker(
        database,
        [
            Reaction("test.wait_for_answer", (Rung,), wait_for_answer),
            Reaction("test.ask_outside", (Rung,), ask_outside),
        ],
        [EffectKind("test.answer", Rung, answer, save, save)],
        [],
    )
    await ring(database, tower, Rung(bell="a", n=1))
    # Else only one of the two might be able to read it in this round.
    await until_all_can_be_read(database, tower)
    # Tenants of other tests may be due as well, and come first.
    while not tries:
        await worker.round()
    await worker.runner.drain()
    assert await heard(database, tower) == [("a", 1)]
    assert tries == [1]
