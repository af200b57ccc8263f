"""What is asked with every request and hardly ever changes, remembered for a moment.

When what is remembered runs out, many ask for it at once, each by a connection and a statement of
its own, and wait behind each other. So one look serves all who ask while it is under way, and what
goes on being asked for is looked up anew before it runs out, while everybody is told what is known.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

RENEWED_AFTER = 0.75
"""Of its time; the rest is left for looking."""

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")


class Remembered(Generic[Key, Found]):
    """What was found lately, by key.

    Nothing is told that was out of date longer than `seconds` ago when it was asked for.

    Args:
        seconds: for how long it is told, from when it began to be looked up; 0 for not at all.
        keys_max: when there are more, all are forgotten.
        nothing: remember too that nothing was found, which is None.
    """

    def __init__(self, *, seconds: float, keys_max: int, nothing: bool = False) -> None:
        self._seconds = seconds
        self._renewed_after = seconds * RENEWED_AFTER
        self._nothing = nothing
        self._keys_max = keys_max
        # When it began to be looked up, and what was found.
        self._found: dict[Key, tuple[float, Found]] = {}
        self._under_way: dict[Key, tuple[float, asyncio.Task[Found]]] = {}
        self._tasks: set[asyncio.Task[Found]] = set()

    def at_hand(self, key: Key) -> Found | None:
        """Return what is found by a key, None where :meth:`get` has to be asked.

        Nearly every request finds it so, and is spared a coroutine.
        """
        known = self._found.get(key)
        if known is None or time.monotonic() - known[0] >= self._renewed_after:
            return None
        return known[1]

    async def get(self, key: Key, look: Callable[[], Awaitable[Found]]) -> Found:
        """Return what is found by a key.

        Args:
            key: names it.
            look: looks it up.
        """
        now = time.monotonic()
        known = self._found.get(key)
        if known is not None:
            age = now - known[0]
            if age < self._seconds:
                if age >= self._renewed_after:
                    self._looking(key, look, now)
                return known[1]
        # Who gives up waiting must not interrupt the look of all others.
        return await asyncio.shield(self._looking(key, look, now))

    def _looking(
        self, key: Key, look: Callable[[], Awaitable[Found]], now: float
    ) -> asyncio.Task[Found]:
        """Return the look that is under way, or begin one."""
        under_way = self._under_way.get(key)
        if under_way is not None and now - under_way[0] < self._seconds:
            return under_way[1]
        task = asyncio.create_task(self._look(key, look, now))
        self._under_way[key] = now, task
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    async def _look(self, key: Key, look: Callable[[], Awaitable[Found]], began: float) -> Found:
        try:
            found = await look()
            self._keep(key, began, found)
            return found
        finally:
            if self._under_way.get(key, (0.0, None))[1] is asyncio.current_task():
                del self._under_way[key]

    def _keep(self, key: Key, began: float, found: Found) -> None:
        if self._found.get(key, (0.0, None))[0] > began:
            return  # a look that began later was faster
        if found is None and not self._nothing:
            self._found.pop(key, None)
            return
        if len(self._found) >= self._keys_max and key not in self._found:
            self._found.clear()
        self._found[key] = began, found

    def _end(self, task: asyncio.Task[Found]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Told to whoever waits. Nobody does when it was looked up ahead of time; then what is
            # known runs out, and who asks next looks and meets the failure.
            task.exception()
