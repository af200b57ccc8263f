"""Places are shared: a tenant that wants many keeps no other waiting."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.platform.fairness import (
    CROWD_MIN,
    KEPT_FREE_PART,
    FairTurns,
    LoopTurns,
    TenantBusy,
)
from crosslane.platform.web.errors import Busy
from crosslane.platform.web.room import Room


async def settled():
    """Let everybody who can go on go on."""
    for _ in range(5):
        await asyncio.sleep(0)


class Crowd:
    """Callers of tenants who keep their place until they are told to leave."""

    def __init__(self, turns: FairTurns) -> None:
        self.turns = turns
        self.inside: list[tuple[str, asyncio.Event]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def come(self, tenant: str, number: int = 1) -> None:
        self.tasks += [asyncio.create_task(self._stay(tenant)) for _ in range(number)]

    async def _stay(self, tenant: str) -> None:
        async with self.turns.turn(tenant):
            here = (tenant, asyncio.Event())
            self.inside.append(here)
            try:
                await here[1].wait()
            finally:
                self.inside.remove(here)

    async def leave(self, tenant: str) -> None:
        next(event for who, event in self.inside if who == tenant).set()
        await settled()

    def having(self, tenant: str) -> int:
        return sum(who == tenant for who, _ in self.inside)

    async def go_home(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_one_alone_leaves_room_for_whoever_comes_next():
    crowd = Crowd(FairTurns(10))
    crowd.come("noisy", 50)
    await settled()
    assert crowd.having("noisy") == 10 - 10 // KEPT_FREE_PART
    crowd.come("quiet")
    await settled()
    assert crowd.having("quiet") == 1
    await crowd.go_home()


async def test_who_has_fewest_is_next():
    crowd = Crowd(FairTurns(4))
    crowd.come("noisy", 50)
    await settled()
    crowd.come("quiet", 3)
    for _ in range(2):
        await crowd.leave("noisy")
    assert (crowd.having("noisy"), crowd.having("quiet")) == (2, 2)
    crowd.come("third")
    await crowd.leave("noisy")
    assert crowd.having("third") == 1
    await crowd.go_home()


async def test_too_many_are_sent_away_at_once():
    turns = FairTurns(1, waiting_max=1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(turns.turn("noisy"))
        waiting = asyncio.create_task(stack.enter_async_context(turns.turn("noisy")))
        await settled()
        with pytest.raises(TenantBusy):
            async with turns.turn("noisy"):
                pass
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def play(steps):
    """Let tenants come, leave and give up in any order; return what is left in use."""
    turns = FairTurns(5)
    crowd = Crowd(turns)
    for tenant, act in steps:
        if act == "come":
            crowd.come(tenant)
        elif act == "leave" and crowd.having(tenant):
            await crowd.leave(tenant)
        elif act == "give up" and crowd.tasks:
            crowd.tasks.pop(len(steps) % len(crowd.tasks)).cancel()
        await settled()
        assert len(crowd.inside) <= 5
        wanting = sum(not task.done() for task in crowd.tasks)
        tenants = {who for who, _ in crowd.inside}
        assert len(crowd.inside) >= min(wanting, 4) or len(tenants) > 1
    await crowd.go_home()
    await settled()
    return turns._used.total(), dict(turns._waiting)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["come", "come", "leave", "give up"])),
        max_size=40,
    )
)
def test_no_place_is_lost_however_callers_come_and_go(steps):
    assert asyncio.run(play(steps)) == (0, {})


def test_a_busy_process_sends_the_optional_away_first():
    room = Room(optional_below=2, per_tenant_max=3)
    for _ in range(2):
        room.take("noisy", optional=True)
    with pytest.raises(Busy):
        room.take("noisy", optional=True)
    with pytest.raises(Busy):
        room.require_leisure()
    room.take("noisy", optional=False)
    with pytest.raises(Busy):
        room.take("noisy", optional=False)
    room.take("quiet", optional=False)
    for tenant in ("noisy", "noisy", "noisy", "quiet"):
        room.give_back(tenant)
    room.require_leisure()
    room.take("noisy", optional=True)


class Passes:
    """Counts the passes of the event loop, and notes in which of them somebody had a turn."""

    def __init__(self, turns: LoopTurns) -> None:
        self.turns = turns
        self.had: list[tuple[str, int]] = []
        self._number = 0
        self._count()

    def _count(self) -> None:
        self._number += 1
        self._next = asyncio.get_running_loop().call_soon(self._count)

    async def have(self, name: str, tenant: str, *, first: bool = False) -> None:
        await self.turns.turn(tenant, first=first)
        self.had.append((name, self._number))

    def end(self) -> None:
        self._next.cancel()

    @property
    def numbers(self) -> list[int]:
        """In which pass each was had, of those in which any was."""
        passes = sorted({number for _, number in self.had})
        return [passes.index(number) for _, number in self.had]


@contextmanager
def under_way(turns: LoopTurns, **requests: int) -> Iterator[None]:
    counted = Counter(requests)
    for tenant in counted.elements():
        turns.enter(tenant)
    yield
    for tenant in counted.elements():
        turns.leave(tenant)


async def passes_of(*tenants: str, **requests: int) -> list[int]:
    """Return in which passes tenants have their turns who ask for them in one moment."""
    passes = Passes(LoopTurns())
    with under_way(passes.turns, **requests):
        await asyncio.gather(*(passes.have(tenant, tenant) for tenant in tenants))
    passes.end()
    await settled()
    assert (passes.turns._had, passes.turns._waiting) == (set(), {})
    return passes.numbers


async def test_a_crowd_has_one_turn_in_each_pass_while_others_ask():
    asked = ["noisy"] * 4
    assert await passes_of(*asked, noisy=CROWD_MIN, quiet=1) == [0, 1, 2, 3]


async def test_who_asks_little_never_waits_for_a_turn_of_the_loop():
    asked = ["noisy", "noisy", "quiet", "quiet", "quiet"]
    # Told in the order of their turns: the second of the crowd comes last.
    assert await passes_of(*asked, noisy=CROWD_MIN, quiet=CROWD_MIN - 1) == [0, 0, 0, 0, 1]


async def test_a_crowd_alone_never_waits_for_a_turn_of_the_loop():
    assert await passes_of(*["noisy"] * 4, noisy=CROWD_MIN) == [0, 0, 0, 0]


async def test_crowds_have_a_turn_each_in_a_pass():
    asked = ["noisy", "noisy", "loud", "loud"]
    assert await passes_of(*asked, noisy=CROWD_MIN, loud=CROWD_MIN) == [0, 0, 1, 1]


async def test_who_holds_what_others_wait_for_is_first_and_who_has_gone_is_passed_over():
    passes = Passes(LoopTurns())
    with under_way(passes.turns, noisy=CROWD_MIN, quiet=1):
        asked = [
            asyncio.create_task(passes.have(name, "noisy", first=name.startswith("held")))
            for name in ("one", "two", "gone", "three", "held one", "held two")
        ]
        await asyncio.sleep(0)
        asked[2].cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    passes.end()
    assert [name for name, _ in passes.had] == ["one", "held one", "held two", "two", "three"]
    assert passes.numbers == [0, 1, 2, 3, 4]


async def test_whoever_waits_still_has_a_turn_when_the_others_have_gone():
    passes = Passes(LoopTurns())
    with under_way(passes.turns, noisy=CROWD_MIN):
        with under_way(passes.turns, quiet=1):
            asked = [asyncio.create_task(passes.have("", "noisy")) for _ in range(3)]
            await asyncio.sleep(0)
        await asyncio.gather(*asked)
    passes.end()
    assert passes.numbers == [0, 1, 2]
