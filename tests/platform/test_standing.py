"""Answers that stand are told again only while nothing they hang on has moved."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from crosslane.kernel import new_id
from crosslane.platform import facts, log, standing
from crosslane.platform.database import Database
from crosslane.platform.log import Event
from crosslane.platform.standing import Mover, StandingAnswers, Stands

ASK = b"/what?sku=MUG"
LATER = datetime(2999, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 30.0


class ThingsMoved(Event, frozen=True, kw_only=True):
    """Some things are not what they were."""

    moved_id: UUID
    things: tuple[UUID, ...]

    @property
    def subject(self) -> str:
        return f"things:{self.moved_id}"


class ThingsSold(ThingsMoved, frozen=True, kw_only=True):
    """Some things are there no more."""


MOVER = Mover(ThingsMoved, lambda event: event.things)
SOLD = Mover(ThingsSold, lambda event: event.things)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(30_000):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come about")


class House:
    """What one process keeps of a tenant, and how others move things."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database, self.tenant = database, tenant
        self.answers = StandingAnswers(database)

    async def ask_a_lot(self, tenant: str = "") -> None:
        """Ask as often as makes it look, and wait until it has."""
        for _ in range(standing.ASKED_A_SECOND_MIN):
            self.answers.find(tenant or self.tenant, b"?")
        await until(lambda: self.answers.begin(tenant or self.tenant, MOVER) is not None)

    async def read(self, *keys: UUID, until: datetime = LATER, question: bytes = ASK) -> bytes:
        """Read and keep an answer; return what is sent."""
        begun = self.answers.begin(self.tenant, MOVER)
        assert begun is not None
        return await self.finish(begun, *keys, until=until, question=question)

    async def finish(
        self, begun: int, *keys: UUID, until: datetime = LATER, question: bytes = ASK
    ) -> bytes:
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            at = tx.now
        content = msgspec.json.encode({"at": at, "units": 7})
        stands = Stands(at=at, keys=keys, until=until)
        self.answers.keep(self.tenant, question, begun, content, '"d1"', stands)
        return content

    async def move(self, *things: UUID) -> None:
        async with self.database.transaction(self.tenant) as tx:
            await log.append(tx, [ThingsMoved(moved_id=new_id(), things=things)])

    async def found(self, question: bytes = ASK) -> tuple[bytes, str]:
        """Wait until an answer is told again."""
        await until(lambda: self.answers.find(self.tenant, question) is not None)
        known = self.answers.find(self.tenant, question)
        assert known is not None
        return known

    async def lost(self, question: bytes = ASK) -> None:
        """Wait until an answer is told no more."""
        await until(lambda: self.answers.find(self.tenant, question) is None)

    async def looked(self) -> None:
        """Wait for a look that began after now."""
        watch = self.answers._watches[self.tenant]
        now = time.monotonic()
        await until(lambda: watch._looked_at > now)


@pytest.fixture
async def house(database: Database, tenant: str, monkeypatch):
    monkeypatch.setattr(standing, "LOOK_SECONDS", 0.01)
    # A machine busy with other work looks late; that is a test of its own.
    monkeypatch.setattr(standing, "STALE_SECONDS_MAX", PATIENCE_SECONDS)
    monkeypatch.setattr(standing, "REST_SECONDS", 10 * PATIENCE_SECONDS)
    house = House(database, tenant)
    yield house
    await house.answers.close()


async def test_where_few_ask_nothing_is_kept(house):
    for _ in range(standing.ASKED_A_SECOND_MIN - 1):
        assert house.answers.find(house.tenant, ASK) is None
    assert house.answers.begin(house.tenant, MOVER) is None


async def test_an_answer_is_told_again_and_says_when_it_was_true(house):
    await house.ask_a_lot()
    content = await house.read(new_id())
    told, tag = await house.found()
    assert tag == '"d1"'
    then, now = msgspec.json.decode(content), msgspec.json.decode(told)
    assert now["units"] == then["units"] == 7
    await house.looked()
    later = msgspec.json.decode((await house.found())[0])
    assert datetime.fromisoformat(later["at"]) > datetime.fromisoformat(then["at"])
    assert house.answers.find(house.tenant, b"/other") is None


async def test_what_moved_is_told_no_more_and_all_else_is(house):
    mug, bowl = new_id(), new_id()
    await house.ask_a_lot()
    await house.read(mug, bowl)
    await house.read(new_id(), question=b"/else")
    await house.found()
    await house.move(bowl)
    await house.lost()
    assert house.answers.find(house.tenant, b"/else") is not None
    await house.read(mug, bowl)
    await house.looked()
    assert house.answers.find(house.tenant, ASK) is not None


async def test_what_moved_while_it_was_read_is_not_kept(house):
    """The look that tells of a movement is over before the read comes back that missed it."""
    mug = new_id()
    await house.ask_a_lot()
    await house.read(new_id(), question=b"/else")
    await house.found(b"/else")
    begun = house.answers.begin(house.tenant, MOVER)
    await house.move(mug)
    await house.looked()
    await house.finish(begun, mug)
    assert house.answers.find(house.tenant, ASK) is None
    await house.finish(begun, new_id())
    assert house.answers.find(house.tenant, ASK) is not None


async def test_a_movement_that_took_long_to_commit_is_seen(house):
    mug, bowl = new_id(), new_id()
    await house.ask_a_lot()
    async with house.database.transaction(house.tenant) as tx:
        await tx.fetchval("select pg_current_xact_id()")
        await house.read(mug)
        await house.read(bowl, question=b"/bowl")
        await house.found()
        await house.move(bowl)
        await house.lost(b"/bowl")
        await log.append(tx, [ThingsMoved(moved_id=new_id(), things=(mug,))])
        assert house.answers.find(house.tenant, ASK) is not None
    await house.lost()


async def test_a_read_that_outlives_its_watch_is_told_to_nobody(house, monkeypatch):
    """A watch that begins anew does not take the rounds of the last one for its own."""
    mug = new_id()
    await house.ask_a_lot()
    for _ in range(5):
        await house.move(new_id())
        await house.looked()
    begun = house.answers.begin(house.tenant, MOVER)
    monkeypatch.setattr(standing, "REST_SECONDS", 0.0)
    await until(lambda: house.tenant not in house.answers._watches)
    monkeypatch.setattr(standing, "REST_SECONDS", 10 * PATIENCE_SECONDS)
    await house.ask_a_lot()
    await house.finish(begun, mug)
    await house.move(mug)
    await house.looked()
    assert house.answers.find(house.tenant, ASK) is None


async def test_what_a_look_under_way_does_not_ask_for_is_no_reason_to_stand(house, monkeypatch):
    """It moves before the look sees the log, and no later look is told of it."""
    await house.ask_a_lot()
    asked, going = asyncio.Event(), asyncio.Event()
    told = log.told

    async def slowly(tx, *args):
        asked.set()
        await going.wait()
        return await told(tx, *args)

    monkeypatch.setattr(standing.log, "told", slowly)
    await asked.wait()
    assert house.answers.begin(house.tenant, SOLD) is None
    going.set()
    await house.looked()
    assert house.answers.begin(house.tenant, SOLD) is not None


async def test_when_a_fact_is_edited_nothing_stands(house):
    await house.ask_a_lot()
    await house.read(new_id())
    await house.found()
    async with house.database.transaction(house.tenant) as tx:
        await facts.touch(tx, "sample.fact")
    await house.lost()


async def test_when_the_log_begins_anew_nothing_stands(house):
    await house.ask_a_lot()
    await house.read(new_id())
    await house.found()
    async with house.database.transaction(house.tenant) as tx:
        await log.begin_epoch(tx)
    await house.lost()


async def test_when_more_happens_than_is_read_nothing_stands(house, monkeypatch):
    await house.ask_a_lot()
    await house.read(new_id())
    await house.found()
    monkeypatch.setattr(standing, "EVENTS_MAX", 2)
    async with house.database.transaction(house.tenant) as tx:
        moved = [ThingsMoved(moved_id=new_id(), things=(new_id(),)) for _ in range(3)]
        await log.append(tx, moved)
    await house.lost()


async def test_the_clock_ends_what_it_changes(house):
    await house.ask_a_lot()
    async with house.database.transaction(house.tenant, read_only=True) as tx:
        soon = tx.now + timedelta(seconds=1)
    await house.read(new_id(), until=soon)
    await house.lost()
    assert datetime.now(UTC) >= soon


async def test_while_nobody_looks_all_is_read_through(house, monkeypatch):
    """Looks that fail or hang keep nothing standing longer than was said."""
    await house.ask_a_lot()
    mug = new_id()
    await house.read(mug)
    await house.found()
    monkeypatch.setattr(standing, "STALE_SECONDS_MAX", 1.0)
    going = asyncio.Event()
    watch = house.answers._watches[house.tenant]
    look = watch._look

    async def hangs(began: float) -> None:
        await going.wait()
        await look(began)

    await house.looked()
    monkeypatch.setattr(watch, "_look", hangs)
    looked_at = watch._looked_at
    await house.move(mug)
    await house.lost()
    assert time.monotonic() - looked_at > 1.0, "it stood for as long as was said"
    monkeypatch.setattr(standing, "STALE_SECONDS_MAX", PATIENCE_SECONDS)
    going.set()
    await house.looked()
    assert house.answers.find(house.tenant, ASK) is None, "it moved while nobody looked"


async def test_looking_goes_on_when_its_connection_was_cut(house, monkeypatch):
    mug = new_id()
    await house.ask_a_lot()
    await house.read(mug)
    await house.found()
    watch = house.answers._watches[house.tenant]
    cut = asyncio.Event()
    told = log.told

    async def cut_off(tx, *args):
        if not cut.is_set():
            cut.set()
            await tx.execute("select pg_terminate_backend(pg_backend_pid())")
        return await told(tx, *args)

    monkeypatch.setattr(standing.log, "told", cut_off)
    await house.lost()
    assert cut.is_set()
    assert not watch.task.done()
    await house.looked()
    await house.read(mug)
    await house.found()
    await house.move(mug)
    await house.lost()


async def test_tenants_are_apart(house, tenants):
    other = await tenants.take()
    await house.ask_a_lot()
    await house.ask_a_lot(other)
    await house.read(new_id())
    await house.found()
    assert house.answers.find(other, ASK) is None
    await tenants.give_back(other)


async def test_memory_has_a_limit(house, monkeypatch):
    monkeypatch.setattr(standing, "TENANT_BYTES_MAX", 10 * standing.ENTRY_BYTES)
    await house.ask_a_lot()
    for number in range(50):
        await house.read(new_id(), question=b"/%d" % number)
    await house.looked()
    known = [n for n in range(50) if house.answers.find(house.tenant, b"/%d" % n)]
    assert known
    assert known == list(range(50 - len(known), 50))
    watch = house.answers._watches[house.tenant]
    assert 0 < watch._bytes <= standing.TENANT_BYTES_MAX
    monkeypatch.setattr(standing, "ANSWER_BYTES_MAX", 10)
    await house.read(new_id(), question=b"/large")
    assert house.answers.find(house.tenant, b"/large") is None


async def test_where_few_ask_any_more_nobody_looks(house, monkeypatch):
    await house.ask_a_lot()
    task = house.answers._watches[house.tenant].task
    monkeypatch.setattr(standing, "REST_SECONDS", 0.05)
    await asyncio.wait_for(task, PATIENCE_SECONDS)
    assert house.answers.begin(house.tenant, MOVER) is None
