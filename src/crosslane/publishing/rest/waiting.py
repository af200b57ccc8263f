"""Waiting for events: one look a moment for all requests of a tenant that wait in this process."""

import asyncio
from collections import Counter

from crosslane.platform.database import CONNECTION_LOST, DatabaseBusy
from crosslane.platform.telemetry import Log
from crosslane.platform.web import Caller
from crosslane.publishing.errors import TooManyWaiting
from crosslane.publishing.service.reading import head

LOOK_SECONDS = 0.25
WAITING_PER_CALLER_MAX = 10
WAITING_PER_TENANT_MAX = 200

journal = Log("crosslane.publishing")


class Watch:
    """Looks how far the stream of one tenant is, as long as somebody waits for it."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._waiting: Counter[str] = Counter()
        self._head = (0, 0)
        self._lost = False
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits."""
        return not self._waiting.total()

    async def beyond(self, known: tuple[int, int], who: str, seconds: float) -> None:
        """Wait until there is something beyond what is known, at most for so long.

        Raises:
            TooManyWaiting: of this caller or of this tenant.
        """
        if self._waiting[who] >= WAITING_PER_CALLER_MAX:
            raise TooManyWaiting
        if self._waiting.total() >= WAITING_PER_TENANT_MAX:
            raise TooManyWaiting
        self._waiting[who] += 1
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self._lost or self._head > known)
        except TimeoutError:
            pass
        finally:
            self._waiting[who] -= 1
            if self.is_idle and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _look(self) -> None:
        try:
            while True:
                try:
                    async with self._caller.read() as tx:
                        self._head = await head(tx)
                except (*CONNECTION_LOST, DatabaseBusy):
                    pass  # it is looked again in a moment
                async with self._moved:
                    self._moved.notify_all()
                await asyncio.sleep(LOOK_SECONDS)
        except Exception as error:  # whoever waits must not wait for ever
            journal.error("nobody looks into the stream", error, of_tenant=self._caller.tenant)
            self._lost, self._task = True, None
            async with self._moved:
                self._moved.notify_all()


_watches: dict[str, Watch] = {}


async def wait_beyond(caller: Caller, known: tuple[int, int], seconds: float) -> None:
    """Wait until the stream of the caller's tenant goes beyond a place, at most for so long.

    Args:
        caller: who waits.
        known: epoch and place that is known.
        seconds: longest wait.

    Raises:
        TooManyWaiting: so many wait already.
    """
    watch = _watches.setdefault(caller.tenant, Watch(caller))
    try:
        await watch.beyond(known, str(caller.actor), seconds)
    finally:
        if watch.is_idle and _watches.get(caller.tenant) is watch:
            del _watches[caller.tenant]
