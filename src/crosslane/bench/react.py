"""Reactions: how fast the log becomes books, work of locations and messages, and how far behind.

First a log that has piled up is read by a worker, here in this process and without calls to the
outside. Then orders are placed as fast as one process can while a worker follows: what waited the
longest at each look is the lag. Half of the orders are shipped, half carried out of a store, which
is sold and posted at once.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from msgspec.structs import replace

from crosslane.bench.figures import DEMO, Figure, Scale, quantile
from crosslane.bench.following import REACTIONS, followed
from crosslane.bench.placing import orders_of
from crosslane.bench.shop import WAREHOUSE_CODES
from crosslane.bench.site import TENANT, site
from crosslane.bench.statements import statement
from crosslane.kernel import Unavailable, new_id
from crosslane.orders import PLACE, PlaceOrder
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Lanes
from crosslane.platform.log import Logged, Reaction, reactions_with_work
from crosslane.platform.worker import Worker

CLIENTS = 64
LOOK_SECONDS = 0.2
BUSY_SECONDS = 0.05
EVENTS_LEAST = 10_000.0
LAG_SECONDS_MOST = 1.0


async def react(scale: Scale = DEMO) -> list[Figure]:
    """Measure events a second of a log that has piled up, and the lag while orders are placed."""
    async with site(scale) as made, made.bulk() as bulk:
        database = await Database.connect(made.database_url)
        try:
            await _read_all(database)
            wanted = _mixed(scale)
            await _place(database, wanted, orders=scale.orders)
            began = time.perf_counter()
            read = await _read_all(database)
            piled = time.perf_counter() - began
            async with made.worker(), _watched(bulk) as lags:
                placed, lasted = await _place(database, wanted, seconds=scale.seconds)
                behind = await followed(bulk)
        finally:
            await database.close()
    return [
        Figure(name="events read by reactions from a full log", value=round(read.total() / piled),
               unit="a second", least=EVENTS_LEAST, key="events_per_s"),
        *(Figure(name=f"of them by {name}", value=events, unit="events")
          for name, events in read.most_common()),
        Figure(name="orders placed while a worker follows", value=round(placed / lasted),
               unit="a second", key="orders_per_s"),
        Figure(name="oldest event not read meanwhile, half of the looks",
               value=round(quantile(lags, 0.5), 2), unit="s", key="lag_p50_s"),
        Figure(name="the same, 99 % of the looks", value=round(quantile(lags, 0.99), 2),
               unit="s", most=LAG_SECONDS_MOST, key="lag_p99_s"),
        Figure(name="until all was read, once nobody orders", value=round(behind, 2), unit="s"),
    ]  # fmt: skip


def _mixed(scale: Scale) -> Iterator[PlaceOrder]:
    """Yield orders without end, every other one carried out of a place that has everything."""
    for number, order in zip(count(), orders_of(scale, hot=False), strict=False):
        if number % 2:
            store = WAREHOUSE_CODES[number % len(WAREHOUSE_CODES)]
            lines = [replace(line, method="carry_out", store=store) for line in order.lines]
            yield replace(order, lines=lines, ship_to=None)
        else:
            yield order


async def _place(
    database: Database, wanted: Iterator[PlaceOrder], *, orders: int = 0, seconds: float = 0.0
) -> tuple[int, float]:
    """Place so many orders, or as many as can be in so many seconds; return how many, how long."""
    lanes, placed, began = Lanes(database), 0, time.perf_counter()

    async def client() -> None:
        nonlocal placed
        while placed < orders or time.perf_counter() < began + seconds:
            key, order = str(new_id()), next(wanted)
            try:
                await lanes.run(TENANT, PLACE, key, order)
                placed += 1
            except Unavailable:
                await asyncio.sleep(BUSY_SECONDS)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return placed, time.perf_counter() - began


async def _read_all(database: Database) -> Counter[str]:
    """Let a worker read until nothing is left; return how many events each reaction read."""
    read: Counter[str] = Counter()

    def counted(reaction: Reaction) -> Reaction:
        async def handle(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
            await reaction.handle(tx, logged)
            read[reaction.name] += len(logged)

        return replace(reaction, handle=handle)

    worker = Worker(database, [counted(reaction) for reaction in REACTIONS], [], [])
    while await _has_work(database):
        await worker.round()
    return read


async def _has_work(database: Database) -> bool:
    async with database.transaction(TENANT, read_only=True) as tx:
        return bool(await reactions_with_work(tx, REACTIONS))


@asynccontextmanager
async def _watched(database: Database) -> AsyncIterator[Sequence[float]]:
    """Look again and again how long the oldest event has waited that some reaction has not read."""
    lags: list[float] = []
    names = [reaction.name for reaction in REACTIONS]
    kinds = [",".join(reaction.kinds) for reaction in REACTIONS]

    async def look() -> None:
        while True:
            async with database.transaction(TENANT, read_only=True) as tx:
                lags.append(await tx.fetchval(statement("lag_seconds"), names, kinds))
            await asyncio.sleep(LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield lags
    finally:
        looking.cancel()
        await asyncio.wait({looking})
