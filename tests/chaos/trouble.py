"""What is done to a site: kills, freezes and strangers that go wrong, each counted."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.chaos.crowd import Told
from tests.chaos.site import Fragile, Site
from tests.payments.fake import eventually

FREEZE_SECONDS_MIN, FREEZE_SECONDS_MAX = 0.3, 3.0
# Longer than the supervisor waits, so that it has to act.
FROZEN_FOR_GOOD_SECONDS = 8.0
AWAY_SECONDS = 0.7
BANK_FAULTS = ("error", "error_after", "timeout_after", "pending", "freeze")
CARRIER_FAULTS = ("error", "error_after", "timeout_after", "garbage", "freeze")


@dataclass
class Trouble:
    """Makes trouble, and remembers how much.

    Attributes:
        done: how often each thing was done, by name.
        frozen_at: when something of ours was frozen, monotonic.
    """

    site: Site
    choice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    frozen_at: list[float] = field(default_factory=list)
    database_away_seconds: list[float] = field(default_factory=list)

    def any_child(self) -> Fragile | None:
        """One of the children that live."""
        living = [child for child in self.site.children if child.pid is not None]
        return self.choice.choice(living) if living else None

    async def kill_child(self) -> None:
        """Kill a web process or a worker, wherever it is."""
        if (child := self.any_child()) is not None:
            child.plan_again()
            child.signal(signal.SIGKILL)
            self.done["kill"] += 1

    async def freeze_child(self, seconds: float | None = None) -> None:
        """Freeze one for a while; the supervisor may be faster than its thaw."""
        child = await self._child_to_thaw()
        seconds = seconds or self.choice.uniform(FREEZE_SECONDS_MIN, FREEZE_SECONDS_MAX)
        pid = child.signal(signal.SIGSTOP)
        self.done["freeze"] += 1
        self.frozen_at.append(time.monotonic())
        child.plan_again()
        await asyncio.sleep(seconds)
        child.signal(signal.SIGCONT, pid)

    async def _child_to_thaw(self) -> Fragile:
        """One of the children that live and do not wait to freeze by themselves."""
        fit: list[Fragile] = []

        async def found() -> bool:
            living = (child for child in self.site.children if child.pid is not None)
            fit[:] = (child for child in living if not child.freezes_itself)
            return bool(fit)

        await eventually(found)
        return self.choice.choice(fit)

    async def freeze_child_for_good(self) -> None:
        """Freeze one until the supervisor replaces it."""
        await self.freeze_child(FROZEN_FOR_GOOD_SECONDS)

    async def kill_database(self) -> None:
        """Kill the database's server, and note how long nobody could write."""
        began = time.monotonic()
        self.site.signal_database(signal.SIGKILL)
        self.done["kill"] += 1
        self.done["database kills"] += 1
        self.database_away_seconds.append(await self.site.until_writable() - began)

    async def freeze_database(self) -> None:
        """Freeze the database's server: whoever is connected goes on, nobody else comes in."""
        self.site.signal_database(signal.SIGSTOP)
        self.done["freeze"] += 1
        await asyncio.sleep(self.choice.uniform(FREEZE_SECONDS_MIN, FREEZE_SECONDS_MAX))
        self.site.signal_database(signal.SIGCONT)

    async def kill_stranger(self, name: str = "") -> None:
        """Kill somebody outside and bring them back."""
        stranger = self.site.strangers[name or self._any_stranger()]
        await stranger.kill()
        self.done["stranger kills"] += 1
        await asyncio.sleep(AWAY_SECONDS)
        await stranger.start()

    async def freeze_stranger(self, name: str = "") -> None:
        """Freeze somebody outside for a while."""
        stranger = self.site.strangers[name or self._any_stranger()]
        stranger.freeze()
        self.done["stranger freezes"] += 1
        await asyncio.sleep(self.choice.uniform(FREEZE_SECONDS_MIN, FREEZE_SECONDS_MAX))
        stranger.thaw()

    async def spoil_calls(self) -> None:
        """Let provider and carrier do the next things wrong."""
        for name, faults in (("bank", BANK_FAULTS), ("carrier", CARRIER_FAULTS)):
            fault = self.choice.choice(faults)
            await self.site.plan(name, {"fault": fault, "times": 2})
            self.done["spoiled calls"] += 2

    def _any_stranger(self) -> str:
        return self.choice.choice(["bank", "carrier", "post", "line"])

    def at_random(self) -> Callable[[], Awaitable[None]]:
        """Choose what to do next in a long run."""
        deeds: dict[Callable[[], Awaitable[None]], float] = {
            self.kill_child: 5,
            self.freeze_child: 3,
            self.freeze_child_for_good: 1,
            self.kill_database: 0.7,
            self.freeze_database: 1,
            self.kill_stranger: 2,
            self.freeze_stranger: 2,
            self.spoil_calls: 5,
        }
        return self.choice.choices(list(deeds), list(deeds.values()))[0]

    def resumed_seconds(self, told: Told) -> float:
        """The longest time from a freeze to the next acknowledged order of anybody."""
        waits = [
            min((at - frozen for at in told.answered_at if at > frozen), default=0.0)
            for frozen in self.frozen_at
        ]
        return max(waits, default=0.0)
