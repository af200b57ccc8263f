"""Everything is killed, frozen and cut off while orders are placed, worked and paid.

Afterwards nothing acknowledged is lost or doubled. The short run meets every named fault point, by
kill and by freeze; `make soak` goes on at random for CROSSLANE_SOAK_MINUTES.
"""

import asyncio
import os
import random
import re
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.chaos.crowd import Client, Hands, Told, shop_around, shop_once
from tests.chaos.proof import assert_nothing_lost_or_doubled, assert_told_once, until_settled
from tests.chaos.site import Fragile, Site
from tests.chaos.trouble import Trouble
from tests.homes import made_home
from tests.patience import soak_minutes
from tests.payments.fake import eventually

from crosslane.platform.effects.running import SLOTS

WEB_POINTS = ("lane.before_commit", "lane.after_commit", "web.before_answer", "web.after_answer")
WORKER_POINTS = (
    "effects.after_claim",
    "effects.before_call",
    "effects.after_call",
    "effects.before_commit",
    "effects.after_commit",
    "reaction.before_commit",
    "reaction.after_commit",
)
SHOPPERS = 4
# Few mugs, so that orders are refused; the other article never runs out.
STOCK = {("MUG", "DC1"): 12, ("MUG", "DC2"): 8, ("LAMP", "DC2"): 500_000}
ORDERS_MIN = 30
STORM_SECONDS_MAX = 600.0
PAUSE_SECONDS = 0.5
SOAK_PAUSE_SECONDS = (0.2, 4.0)
SOAK_SHARE = 0.0005
RANDOM_PART = 0.7
MEMORY_LOOKS = 8
# A process fills caches of bounded size; an order left behind would be kilobytes of each of them.
MEMORY_GROWTH_MB_MAX = 30.0
SOAK_STOCK = {("MUG", "DC1"): 400, ("MUG", "DC2"): 300, ("LAMP", "DC2"): 9_000_000}


@pytest.fixture
def home() -> Iterator[Path]:
    with made_home("chaos") as folder:
        yield folder


@pytest.fixture
def seed() -> int:
    """CROSSLANE_CHAOS_SEED repeats the choices of an earlier run; processes keep their own pace."""
    return int(os.environ.get("CROSSLANE_CHAOS_SEED") or random.randrange(10**6))  # noqa: S311


def lives(points: tuple[str, ...], processes: int) -> list[list[str]]:
    """Share out a kill and a freeze at every point among the lives of some processes."""
    ways = [
        f"{point}={how}@{visit}" for point in points for how, visit in (("kill", 1), ("freeze", 2))
    ]
    return [ways[number::processes] for number in range(processes)]


def memory_mb(child: Fragile) -> float:
    """Memory that a process has of its own, in megabytes; 0 when it is just away."""
    try:
        shown = Path("/proc", str(child.pid), "smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(kb) for kb in re.findall(r"Private_\w+: +(\d+) kB", shown)) / 1024


async def through_every_point(trouble: Trouble) -> None:
    """Do each thing once that can be done, until each child has met everything planned for it."""
    for child in trouble.site.children:
        child.signal(signal.SIGKILL)
        trouble.done["kill"] += 1
    deeds: list[Callable[[], Awaitable[None]]] = [
        trouble.spoil_calls,
        lambda: trouble.kill_stranger("bank"),
        trouble.kill_database,
        lambda: trouble.kill_stranger("carrier"),
        trouble.freeze_child,
        lambda: trouble.freeze_stranger("bank"),
        trouble.freeze_database,
        lambda: trouble.kill_stranger("post"),
        trouble.freeze_child_for_good,
        lambda: trouble.kill_stranger("line"),
        trouble.kill_child,
    ]
    for deed in deeds:
        await deed()
        await asyncio.sleep(PAUSE_SECONDS)

    async def all_safe() -> bool:
        return all(child.is_safe for child in trouble.site.children)

    try:
        await eventually(all_safe, STORM_SECONDS_MAX)
    except TimeoutError:
        left = {child.name: child.waits_for for child in trouble.site.children}
        pytest.fail(f"not everything planned was met in {STORM_SECONDS_MAX:.0f} s: {left}")


async def at_random(trouble: Trouble, minutes: float) -> None:
    """Do whatever comes to mind until the time is over; every named point goes wrong by chance."""
    ends = time.monotonic() + minutes * 60
    while time.monotonic() < ends:
        await trouble.at_random()()
        await asyncio.sleep(trouble.choice.uniform(*SOAK_PAUSE_SECONDS))


async def disarm(site: Site) -> None:
    """End every life that may still suffer something; the ones to come are safe.

    Those who look round afterwards do not ask twice, and what is measured in peace is one freeze.
    """
    for child in site.children:
        child.always = ""

    async def all_safe() -> bool:
        armed = [child for child in site.children if not child.is_safe]
        for child in armed:
            child.signal(signal.SIGKILL)
        return not armed

    await eventually(all_safe, STORM_SECONDS_MAX)


async def freeze_one_by_one(site: Site, client: Client) -> dict[str, float]:
    """Freeze one of each kind in peace; returns how long until all orders went on, by process.

    Their connections are spread over all web processes, and who pays is called by any worker.
    """
    seconds = {}
    for child in (site.children[0], site.workers[0]):
        frozen, began = child.signal(signal.SIGSTOP), time.monotonic()
        placed = await asyncio.gather(
            *(shop_once(client, f"calm-{child.name}-{n}", ("LAMP", 1)) for n in range(SHOPPERS))
        )

        async def all_paid(placed: list[dict | None] = placed) -> bool:
            paths = [f"orders/{shown['id']}/payments" for shown in placed if shown]
            money = [(await client.ask("GET", path)).json() for path in paths]
            return all(shown["authorized_minor"] for shown in money)

        if child in site.workers:
            await eventually(all_paid, STORM_SECONDS_MAX)
        seconds[child.name] = round(time.monotonic() - began, 1)

        async def replaced(child: Fragile = child, frozen: int = frozen) -> bool:
            return child.pid not in (None, frozen)

        await eventually(replaced, STORM_SECONDS_MAX)
    return seconds


async def storm(site: Site, rage: Callable[[Trouble], Awaitable[None]], seed: int) -> None:
    """Let clients shop and work while somebody rages, then compare what everybody knows."""
    told, over = Told(), asyncio.Event()
    trouble = Trouble(site, random.Random(seed))  # noqa: S311
    client = Client(site.shop, told)
    hands = Hands(client, seed)
    began = time.monotonic()
    async with asyncio.TaskGroup() as crowd:
        for name in range(SHOPPERS):
            crowd.create_task(shop_around(client, name, over))
        crowd.create_task(hands.work(over))
        await site.spoil_line()
        await rage(trouble)

        async def enough() -> bool:
            return len(told.placed) >= ORDERS_MIN

        await eventually(enough, STORM_SECONDS_MAX)
        over.set()
    await disarm(site)
    raged, cut = time.monotonic() - began, await site.mend_line()
    away = max(trouble.database_away_seconds, default=0.0)
    print(f"\nchaos (seed {seed}): {raged:.0f} s, {dict(trouble.done)}, line {dict(cut)}")
    print(f"  {sum(child.lives - 1 for child in site.children)} lives of web and workers ended")
    print(f"  {len(told.placed)} orders acknowledged, {told.refused} refused")
    print(f"  retries {dict(told.retries)}")
    print(f"  p50 {told.percentile(0.5):.2f}, p99 {told.percentile(0.99):.2f},", end=" ")
    print(f"max {told.percentile(1):.2f} s; database writable {away:.1f} s after a kill")
    resumed = trouble.resumed_seconds(told)
    print(f"  in the storm orders went on at most {resumed:.1f} s after a freeze")
    alone = await freeze_one_by_one(site, client)
    print(f"  in peace: all answered (workers: paid) {alone} s after a freeze")
    async with asyncio.TaskGroup() as crowd:
        rest = crowd.create_task(hands.work(asyncio.Event()))
        await until_settled(site, told)
        rest.cancel()
    print(f"  settled {time.monotonic() - began - raged:.0f} s later")
    deaths = sum(child.lives - 1 for child in site.workers)
    mails, again = await assert_told_once(site, told, deaths, SLOTS)
    print(f"  {mails} mails, {again} of them again")
    await assert_nothing_lost_or_doubled(site, told)


async def test_nothing_is_lost_or_doubled_whoever_dies_freezes_or_is_cut_off(
    home: Path, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
):
    site = Site(tmp_path, home, seed)
    async with site.open(lives(WEB_POINTS, 2), lives(WORKER_POINTS, 2)):
        await site.found(STOCK)
        with capsys.disabled():
            await storm(site, through_every_point, seed)


@pytest.mark.soak
async def test_nothing_is_lost_in_a_long_run_of_random_trouble(
    home: Path, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
):
    site, points = Site(tmp_path, home, seed), (*WEB_POINTS, *WORKER_POINTS)
    ways = [f"{point}={way}%{SOAK_SHARE}" for point in points for way in ("kill", "freeze")]
    async with site.open([[], []], [[], []]):
        for child in site.children:
            child.always = ",".join(ways)
        await site.found(SOAK_STOCK)
        with capsys.disabled():
            minutes = soak_minutes()
            await storm(site, partial(at_random, minutes=minutes * RANDOM_PART), seed)
            await assert_memory_stays(site, minutes * (1 - RANDOM_PART), seed)


async def assert_memory_stays(site: Site, minutes: float, seed: int) -> None:
    """Let everybody work undisturbed; after a first quarter no process may grow for good."""
    told, over = Told(), asyncio.Event()
    for child in site.children:
        child.signal(signal.SIGKILL)
    client = Client(site.shop, told)
    hands, seen = Hands(client, seed), []
    async with asyncio.TaskGroup() as crowd:
        for name in range(SHOPPERS):
            crowd.create_task(shop_around(client, SHOPPERS + name, over))
        crowd.create_task(hands.work(over))
        for _ in range(MEMORY_LOOKS):
            await asyncio.sleep(minutes * 60 / MEMORY_LOOKS)
            seen.append({child.name: memory_mb(child) for child in site.children})
        over.set()
    first, last = seen[MEMORY_LOOKS // 4], seen[-1]
    print(f"  {len(told.placed)} more orders in peace, p99 {told.percentile(0.99):.2f} s; memory")
    for name, before in first.items():
        print(f"  {name} {before:.0f} MB, then {last[name]:.0f} MB")
    for name, before in first.items():
        assert last[name] < before + MEMORY_GROWTH_MB_MAX, f"{name} grows"
