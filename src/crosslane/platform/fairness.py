"""Fair turns: places that many tenants want are shared so that none keeps another waiting.

A place that comes free goes to the tenant that has the fewest, of several to the one that has
waited longest. One tenant alone may have nearly all; the rest is kept for whoever comes next. While
others ask as well it may have fewer, so that what they need at once is free.
"""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from crosslane.kernel import Unavailable

# Of all places.
MOST_ALONE = 0.8
MOST_IN_COMPANY = 0.4
# Who holds a place may need another to go on.
IN_COMPANY_LEAST = 2
COMPANY_SECONDS = 1.0
"""For so long who has asked is company to the others."""
WAITING_PER_TENANT_MAX = 1_024


class TenantBusy(Unavailable):
    """Too many requests of this kind are waiting; try again shortly."""


class FairTurns:
    """Places, of which each is lent to one at a time.

    Args:
        places: how many there are.
        waiting_max: most that may wait for a tenant; more are refused at once.
        clock: tells seconds.
    """

    def __init__(
        self,
        places: int,
        *,
        waiting_max: int = WAITING_PER_TENANT_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._places = places
        self._most_alone = math.ceil(places * MOST_ALONE)
        self._most_in_company = max(IN_COMPANY_LEAST, int(places * MOST_IN_COMPANY))
        self._waiting_max = waiting_max
        self._clock = clock
        # Who asked last and when, and when somebody else had asked before.
        self._latest, self._latest_at = "", -math.inf
        self._before_at = -math.inf
        self._used: Counter[str] = Counter()
        # In the order in which tenants came to wait: of equals the first is the longest.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Lend a place for a tenant, "" for nobody in particular, as soon as it is its turn.

        Raises:
            TenantBusy: too many wait for this tenant already.
        """
        self._note(tenant)
        if tenant in self._waiting or not self._may_have(tenant):
            await self._wait(tenant)
        else:
            self._used[tenant] += 1
        try:
            yield
        finally:
            self._give_back(tenant)

    def _note(self, tenant: str) -> None:
        """Remember who asks. What is asked for nobody in particular is no company."""
        if not tenant:
            return
        if tenant != self._latest:
            self._latest, self._before_at = tenant, self._latest_at
        self._latest_at = self._clock()

    def _has_company(self, tenant: str) -> bool:
        other_at = self._before_at if tenant == self._latest else self._latest_at
        return self._clock() - other_at < COMPANY_SECONDS

    def _may_have(self, tenant: str) -> bool:
        if self._used.total() >= self._places:
            return False
        used = self._used[tenant]
        return used < self._most_in_company or (
            used < self._most_alone and not self._has_company(tenant)
        )

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
        """Let in whoever may come; several may, when somebody's company has just gone."""
        self._forget_gone()
        while waiting := [tenant for tenant in self._waiting if self._may_have(tenant)]:
            chosen = min(waiting, key=lambda tenant: self._used[tenant])
            # Whoever had a turn stands behind the others that have as few.
            queue = self._waiting.pop(chosen)
            queue.popleft().set_result(None)
            self._used[chosen] += 1
            if queue:
                self._waiting[chosen] = queue
            self._forget_gone()

    def _forget_gone(self) -> None:
        for tenant, queue in list(self._waiting.items()):
            while queue and queue[0].done():
                queue.popleft()
            if not queue:
                del self._waiting[tenant]
