"""Requests that take too long are interrupted, by one timer for all of them."""

import asyncio

import pytest

from crosslane.platform.web.limits import TimeLimits


class Told:
    """What became of a request: it ended, was found too slow, or somebody cancelled it."""

    def __init__(self, limits: TimeLimits) -> None:
        self.limits = limits
        self.outcome = ""
        self.left = -1

    async def answer(self, seconds: float, more_seconds: float | None = 0.0) -> None:
        task = asyncio.current_task()
        assert task is not None
        limit = self.limits.begin()
        if more_seconds is None:
            limit.ends_at = None
        elif limit.ends_at is not None:
            limit.ends_at += more_seconds
        try:
            await asyncio.sleep(seconds)
            self.outcome = "ended"
        except asyncio.CancelledError:
            if not limit.has_rung or not limit.is_why():
                self.outcome = "cancelled"
                raise
            self.outcome = "too slow"
        finally:
            self.limits.end(limit)
            self.left = task.cancelling()


async def test_who_takes_too_long_is_interrupted_and_nobody_else():
    limits = TimeLimits(0.2)
    slow, quick, moved, streams = (Told(limits) for _ in range(4))
    await asyncio.gather(
        slow.answer(60), quick.answer(0), moved.answer(0.5, 60), streams.answer(0.5, None)
    )
    assert [slow.outcome, quick.outcome] == ["too slow", "ended"]
    assert [moved.outcome, streams.outcome] == ["ended", "ended"]
    assert slow.left == 0, "its task goes on as if nothing had happened"


async def test_who_is_cancelled_by_others_is_not_told_to_be_slow():
    limits = TimeLimits(60)
    told = Told(limits)
    task = asyncio.create_task(told.answer(60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told.outcome == "cancelled"


async def test_who_is_cancelled_by_others_as_well_stays_cancelled():
    limits = TimeLimits(60)
    told = Told(limits)
    task = asyncio.create_task(told.answer(60))
    await asyncio.sleep(0)
    [limit] = limits._under_way
    limit.ring()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told.outcome == "cancelled"


async def test_who_ends_although_interrupted_leaves_nothing_behind():
    limits = TimeLimits(60)

    async def stubborn() -> int:
        task = asyncio.current_task()
        assert task is not None
        limit = limits.begin()
        limit.ring()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            limits.end(limit)
        return task.cancelling()

    assert await asyncio.create_task(stubborn()) == 0


async def test_where_nobody_is_under_way_no_clock_is_looked_at():
    limits = TimeLimits(0.01)
    await asyncio.create_task(Told(limits).answer(0))
    for _ in range(1_000):
        if limits._looks is None:
            break
        await asyncio.sleep(0.01)
    assert limits._looks is None
    again = Told(limits)
    await asyncio.create_task(again.answer(60))
    assert again.outcome == "too slow"


def test_each_loop_has_a_clock_of_its_own():
    limits = TimeLimits(0.05)
    for _ in range(2):
        told = Told(limits)
        asyncio.run(told.answer(60))
        assert told.outcome == "too slow"
