"""How soon another channel sees what an order took.

For a probe the replay watches an article that no other order wants: it reads what one channel could
promise of it, lets an order of another channel take some, and reads again over a new connection,
which may lead to another process, until the units are gone.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic

from msgspec import Struct

from crosslane.demo.client import Client, Connections, Unreachable
from crosslane.demo.replay.timeline import Sale, Step, sales_of
from crosslane.demo.streams import Stream
from crosslane.demo.world import TRADE_WEB, WEB, World

PROBES_MAX = 200
PROBE_SECONDS_MAX = 10.0
PAUSE_SECONDS = 0.02
MILLISECONDS = 1_000


class Watched(Struct):
    """An article that is being watched.

    Args:
        sku: which.
        before: what another channel could promise of it.
    """

    sku: str
    before: int


class Probe:
    """Measures lags while orders are placed.

    Args:
        world: whose channels ask.
        steps: what will be sold, to find articles that are sold once.

    Attributes:
        lags_ms: of each probe, in milliseconds.
        unseen: probes whose order another channel never saw.
    """

    def __init__(self, world: World, steps: Sequence[Step]) -> None:
        self._world = world
        wanted = Counter(sku for sale in sales_of(steps) for sku in {x.sku for x in sale.lines})
        # Of these no other order takes units meanwhile, nor gives some back when it is cancelled.
        self._sold_once = {sku for sku, orders in wanted.items() if orders == 1}
        self._left = PROBES_MAX
        self._watching = 0
        self._nobody_watches = asyncio.Event()
        self._nobody_watches.set()
        self._paused = 0
        self.lags_ms: list[int] = []
        self.unseen = 0

    @asynccontextmanager
    async def watching(self, sale: Sale) -> AsyncIterator[Watched | None]:
        """Say that a sale is under way; yields an article of it to be watched, if one is fit."""
        fit = min((x.sku for x in sale.lines if x.sku in self._sold_once), default="")
        if not fit or self._left == 0 or self._paused:
            yield None
            return
        self._watch(1)
        try:
            yield await self._begin(sale, fit)
        finally:
            self._watch(-1)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Let nobody watch while stock changes otherwise than by orders."""
        self._paused += 1
        try:
            await self._nobody_watches.wait()
            yield
        finally:
            self._paused -= 1

    async def end(self, sale: Sale, watched: Watched, taken: int) -> None:
        """Measure until another channel sees that units are gone.

        Args:
            sale: the order that took them, just acknowledged.
            watched: what was read before.
            taken: units that were allocated to it.
        """
        since = monotonic()
        while monotonic() - since < PROBE_SECONDS_MAX:
            available = await self._read(sale, watched.sku)
            if available is not None and available <= watched.before - taken:
                self.lags_ms.append(round((monotonic() - since) * MILLISECONDS))
                return
            await asyncio.sleep(PAUSE_SECONDS)
        self.unseen += 1

    def _watch(self, more: int) -> None:
        self._watching += more
        if self._watching:
            self._nobody_watches.clear()
        else:
            self._nobody_watches.set()

    async def _begin(self, sale: Sale, sku: str) -> Watched | None:
        self._left -= 1
        before = await self._read(sale, sku)
        return Watched(sku, before) if before else None

    async def _read(self, sale: Sale, sku: str) -> int | None:
        asking = TRADE_WEB if sale.stream is Stream.WEB else WEB
        connections = Connections(self._world.address, 1)
        try:
            client = Client(connections, self._world.channels[asking].key)
            answer = await client.ask(
                f"availability?sku={sku}&channel={asking}", None, method="GET"
            )
        except Unreachable:
            return None
        finally:
            await connections.close()
        return answer.body["items"][0]["available"] if answer.ok else None
