"""Fair turns: places that many tenants want are shared so that none keeps another waiting.

A place that comes free goes to the tenant that has the fewest, of several to the one that has
waited longest. One tenant alone may have nearly all; the rest is kept for whoever comes next.

The event loop of a process is scarce too: a crowd of requests takes turns where others ask as well.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crosslane.kernel import Unavailable

KEPT_FREE_PART = 5  # a fifth of the places
WAITING_PER_TENANT_MAX = 1_024
CROWD_MIN = 16
"""So many requests of a tenant that are under way in a process take turns while others ask."""


class TenantBusy(Unavailable):
    """Too many requests of this kind are waiting; try again shortly."""


class FairTurns:
    """Places, of which each is lent to one at a time.

    Args:
        places: how many there are.
        waiting_max: most that may wait for a tenant; more are refused at once.
    """

    def __init__(self, places: int, *, waiting_max: int = WAITING_PER_TENANT_MAX) -> None:
        self._places = places
        self._most = places - places // KEPT_FREE_PART
        self._waiting_max = waiting_max
        self._used: Counter[str] = Counter()
        # In the order in which tenants came to wait: of equals the first is the longest.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Lend a place for a tenant, as soon as it is its turn.

        Raises:
            TenantBusy: too many wait for this tenant already.
        """
        if tenant in self._waiting or not self._may_have(tenant):
            await self._wait(tenant)
        else:
            self._used[tenant] += 1
        try:
            yield
        finally:
            self._give_back(tenant)

    def _may_have(self, tenant: str) -> bool:
        return self._used.total() < self._places and self._used[tenant] < self._most

    async def _wait(self, tenant: str) -> None:
        queue = self._waiting.setdefault(tenant, deque())
        if len(queue) >= self._waiting_max:
            raise TenantBusy
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(called)
        try:
            await called
        except asyncio.CancelledError:
            # It was its turn, but nobody is there any more; otherwise it is passed over in line.
            if not called.cancelled():
                self._give_back(tenant)
            else:
                self._call_next()
            raise

    def _give_back(self, tenant: str) -> None:
        self._used[tenant] -= 1
        if not self._used[tenant]:
            del self._used[tenant]
        self._call_next()

    def _call_next(self) -> None:
        self._forget_gone()
        waiting = [tenant for tenant in self._waiting if self._may_have(tenant)]
        if not waiting:
            return
        chosen = min(waiting, key=lambda tenant: self._used[tenant])
        # Whoever had a turn stands behind the others that have as few.
        queue = self._waiting.pop(chosen)
        queue.popleft().set_result(None)
        if queue:
            self._waiting[chosen] = queue
        self._used[chosen] += 1

    def _forget_gone(self) -> None:
        for tenant, queue in list(self._waiting.items()):
            while queue and queue[0].done():
                queue.popleft()
            if not queue:
                del self._waiting[tenant]


_Line = deque[asyncio.Future[None]]


class LoopTurns:
    """Turns of the event loop of one process, for requests of many tenants.

    All that can go on goes on in one pass of the loop, one after the other. Of a tenant that floods
    a process hundreds of requests can, and who waits for a dozen statements, one pass each, waits
    for all of them each time. So while others ask a crowd has one turn in each pass: what one of
    its requests does until it waits again. Who is alone, or asks little, never waits for a turn.
    """

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        # Which crowds had their turn in this pass, and who of them waits for the next.
        self._had: set[str] = set()
        self._waiting: dict[str, tuple[_Line, _Line]] = {}

    def enter(self, tenant: str) -> None:
        """Count a request that is under way, until it leaves."""
        self._under_way[tenant] += 1

    def leave(self, tenant: str) -> None:
        """Count a request no more."""
        self._under_way[tenant] -= 1
        if not self._under_way[tenant]:
            del self._under_way[tenant]

    def is_crowd(self, tenant: str) -> bool:
        """Tell whether a tenant asks a lot while others ask as well."""
        return len(self._under_way) > 1 and self._under_way[tenant] >= CROWD_MIN

    async def turn(self, tenant: str, *, first: bool = False) -> None:
        """Wait for the next turn where a tenant is a crowd.

        Args:
            tenant: whose turn.
            first: before those of the tenant that are not, because it holds what they wait for.
        """
        if not self.is_crowd(tenant):
            return
        loop = asyncio.get_running_loop()
        if tenant in self._had:
            called: asyncio.Future[None] = loop.create_future()
            self._waiting.setdefault(tenant, (deque(), deque()))[not first].append(called)
            await called
            return
        if not self._had:
            loop.call_soon(self._begin_pass)
        self._had.add(tenant)

    def _begin_pass(self) -> None:
        self._had.clear()
        for tenant, lines in list(self._waiting.items()):
            self._call_one(tenant, lines)
            if not any(lines):
                del self._waiting[tenant]
        if self._had:
            asyncio.get_running_loop().call_soon(self._begin_pass)

    def _call_one(self, tenant: str, lines: tuple[_Line, _Line]) -> None:
        for line in lines:
            while line:
                called = line.popleft()
                # Who has gone away meanwhile is passed over.
                if not called.done():
                    called.set_result(None)
                    self._had.add(tenant)
                    return
