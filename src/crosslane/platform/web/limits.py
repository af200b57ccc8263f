"""How long requests may take: one look at the clock for all that are under way.

A timer for each would cost as much as finding many an answer does, and next to none ever rings.
"""

import asyncio

LOOKS = 16
"""How often the clock is looked at within the time of a request: it ends late by so much of it."""


class TimeLimit:
    """How long one request may take.

    Attributes:
        ends_at: when it is interrupted, by the loop's clock; None for never.
        has_rung: it was, and nobody has asked why yet.
    """

    __slots__ = ("_cancelling", "_task", "ends_at", "has_rung")

    def __init__(self, task: asyncio.Task[object], ends_at: float) -> None:
        self.ends_at: float | None = ends_at
        self.has_rung = False
        self._task = task
        self._cancelling = task.cancelling()

    def ring(self) -> None:
        """Interrupt the request."""
        self.ends_at, self.has_rung = None, True
        self._task.cancel()

    def is_why(self) -> bool:
        """Tell whether a request was cancelled for taking too long, and for nothing else besides.

        Once it was asked the task can go on as if nothing had happened.
        """
        self.has_rung = False
        return self._task.uncancel() <= self._cancelling


class TimeLimits:
    """The time limits of all requests under way.

    Args:
        seconds_max: most seconds a request may take.
    """

    def __init__(self, seconds_max: float) -> None:
        self.seconds_max = seconds_max
        self._under_way: set[TimeLimit] = set()
        self._looks: asyncio.AbstractEventLoop | None = None

    def begin(self) -> TimeLimit:
        """Return the limit of the request that the present task begins with."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - a server answers in tasks
        limit = TimeLimit(task, loop.time() + self.seconds_max)
        self._under_way.add(limit)
        if self._looks is not loop:
            self._looks = loop
            loop.call_later(self.seconds_max / LOOKS, self._look, loop)
        return limit

    def end(self, limit: TimeLimit) -> None:
        """Let go of a limit: its request is over."""
        self._under_way.discard(limit)
        if limit.has_rung:
            limit.is_why()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._looks is not loop:
            return
        now = loop.time()
        for limit in self._under_way:
            if limit.ends_at is not None and limit.ends_at <= now:
                limit.ring()
        if self._under_way:
            loop.call_later(self.seconds_max / LOOKS, self._look, loop)
        else:
            self._looks = None
