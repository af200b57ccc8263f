"""Waiting for something another process does, by looking again and again at growing distances."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

LOOK_SECONDS_FIRST = 0.02
LOOK_SECONDS_MAX = 0.5

Seen = TypeVar("Seen")


async def look_until(
    look: Callable[[], Awaitable[Seen]], enough: Callable[[Seen], bool], *, seconds: float
) -> Seen:
    """Look until what is seen is enough, or until the time is up.

    Args:
        look: looks once, in a short transaction of its own; none may be open meanwhile.
        enough: tells whether what was seen ends the wait.
        seconds: longest wait.

    Returns:
        What was seen last.
    """
    ends = time.monotonic() + seconds
    pause = LOOK_SECONDS_FIRST
    while True:
        seen = await look()
        left = ends - time.monotonic()
        if left <= 0 or enough(seen):
            return seen
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, LOOK_SECONDS_MAX)
