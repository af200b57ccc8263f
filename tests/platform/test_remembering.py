"""What hardly changes is looked up once for all who ask, and ahead of time."""

import asyncio

import pytest

from crosslane.platform.remembering import RENEWED_AFTER, Remembered

SECONDS = 8.0
RENEWED = SECONDS * RENEWED_AFTER


class Clock:
    """The monotonic clock, which a test moves on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


class Source:
    """What is looked up; a look takes until the test lets it end."""

    def __init__(self) -> None:
        self.value: str | None = "first"
        self.looks = 0
        self.failure: Exception | None = None
        self.began = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def look(self) -> str | None:
        self.looks += 1
        self.began.set()
        seen, failure = self.value, self.failure
        await self.open.wait()
        if failure is not None:
            raise failure
        return seen


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("crosslane.platform.remembering.time", clock)
    return clock


@pytest.fixture
def source() -> Source:
    return Source()


def remembered(seconds: float = SECONDS, **said: bool) -> Remembered[str, str | None]:
    return Remembered(seconds=seconds, keys_max=3, **said)


async def others_end() -> None:
    """Wait until nobody looks any more; a browser of other tests may live in the same loop."""
    looks = [
        task
        for task in asyncio.all_tasks()
        if task.get_coro().__qualname__ == Remembered._look.__qualname__
    ]
    await asyncio.wait_for(asyncio.gather(*looks, return_exceptions=True), 5)


async def test_a_crowd_is_told_by_one_look(clock, source):
    known = remembered()
    told = await asyncio.gather(*(known.get("key", source.look) for _ in range(50)))
    assert set(told) == {"first"}
    source.value = "second"
    clock.now += RENEWED - 0.1
    assert await known.get("key", source.look) == "first"
    assert source.looks == 1
    clock.now += SECONDS
    assert await known.get("key", source.look) == "second"
    assert source.looks == 2


async def test_what_is_asked_for_is_looked_up_ahead_while_nobody_waits(clock, source):
    known = remembered()
    await known.get("key", source.look)
    clock.now += RENEWED
    source.value = "second"
    source.open.clear()
    told = await asyncio.gather(*(known.get("key", source.look) for _ in range(50)))
    assert set(told) == {"first"}
    source.open.set()
    await others_end()
    assert source.looks == 2
    clock.now += SECONDS - RENEWED - 0.1
    assert await known.get("key", source.look) == "second"
    # It counts from when it began to be looked up.
    clock.now += RENEWED - 0.2
    assert await known.get("key", source.look) == "second"
    assert source.looks == 2


async def test_what_is_at_hand_is_what_need_not_be_looked_up(clock, source):
    known = remembered()
    assert known.at_hand("key") is None
    await known.get("key", source.look)
    clock.now += RENEWED - 0.1
    assert known.at_hand("key") == "first"
    clock.now += 0.1
    assert known.at_hand("key") is None
    assert source.looks == 1


async def test_a_look_that_takes_long_is_not_told_to_who_asks_later(clock, source):
    known = remembered()
    source.open.clear()
    slow = asyncio.create_task(known.get("key", source.look))
    await source.began.wait()
    source.began.clear()
    source.value = "second"
    clock.now += SECONDS
    late = asyncio.create_task(known.get("key", source.look))
    await source.began.wait()
    source.open.set()
    assert (await slow, await late) == ("first", "second")
    assert await known.get("key", source.look) == "second"


async def test_a_slow_look_does_not_undo_a_later_one(clock, source):
    known = remembered()
    source.open.clear()
    slow = asyncio.create_task(known.get("key", source.look))
    await source.began.wait()
    later = Source()
    later.value = "second"
    clock.now += SECONDS
    assert await known.get("key", later.look) == "second"
    source.open.set()
    assert await slow == "first"
    assert await known.get("key", later.look) == "second"


async def test_what_is_not_remembered_is_looked_up_by_each(clock, source):
    del clock
    known = remembered(seconds=0.0)
    await asyncio.gather(*(known.get("key", source.look) for _ in range(3)))
    assert source.looks == 3


async def test_nothing_is_remembered_where_that_is_wanted(clock, source):
    known, knows_nothing = remembered(), remembered(nothing=True)
    source.value = None
    for _ in range(2):
        assert await known.get("key", source.look) is None
    assert source.looks == 2
    for _ in range(2):
        assert await knows_nothing.get("key", source.look) is None
    assert source.looks == 3


async def test_what_is_gone_is_forgotten_as_soon_as_that_is_known(clock, source):
    known = remembered()
    await known.get("key", source.look)
    clock.now += RENEWED
    source.value = None
    assert await known.get("key", source.look) == "first"
    await others_end()
    assert await known.get("key", source.look) is None


async def test_a_failure_is_told_to_who_waits_and_does_not_stay(clock, source):
    known = remembered()
    source.failure = ConnectionError("cut")
    told = await asyncio.gather(
        *(known.get("key", source.look) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in told] == [ConnectionError] * 3
    source.failure = None
    assert await known.get("key", source.look) == "first"
    # Ahead of time nobody waits: what is known is told until it runs out.
    source.failure = ConnectionError("cut")
    clock.now += RENEWED
    assert await known.get("key", source.look) == "first"
    await others_end()
    assert source.looks == 3
    clock.now += SECONDS - RENEWED
    with pytest.raises(ConnectionError):
        await known.get("key", source.look)


async def test_who_goes_away_takes_nobody_along(clock, source):
    del clock
    known = remembered()
    source.open.clear()
    first = asyncio.create_task(known.get("key", source.look))
    second = asyncio.create_task(known.get("key", source.look))
    await source.began.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    source.open.set()
    assert await second == "first"
    assert source.looks == 1


async def test_memory_has_a_limit(clock, source):
    del clock
    known = remembered()
    for name in "abcd":
        await known.get(name, source.look)
    await known.get("d", source.look)
    assert source.looks == 4
    await known.get("a", source.look)
    assert source.looks == 5
