"""Reactions: how fast the log becomes books, work of locations and messages, and how far behind.

First a log that has piled up is read by a worker, here in this process and without calls to the
outside. Then orders come at a pace while a worker follows, whether they can be placed as fast or
not: what waited the longest at each look is the lag. Half of the orders are shipped, half carried
out of a store, which is sold and posted at once.

A lag says little by itself: beside it stands how many orders a second were placed. Where that is
less than came, both cores had nothing left to give.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from msgspec.structs import replace

from crosslane.bench.figures import DEMO, Figure, Scale, quantile
from crosslane.bench.following import PATIENT, REACTIONS, followed, oldest, watched
from crosslane.bench.placing import orders_of
from crosslane.bench.shop import WAREHOUSE_CODES
from crosslane.bench.site import TENANT, site
from crosslane.kernel import Unavailable, new_id
from crosslane.orders import PLACE, PlaceOrder
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Lanes
from crosslane.platform.log import Logged, Reaction, reactions_with_work
from crosslane.platform.worker import Worker

CLIENTS = 64
PACE = 1_000.0
"""Orders that come a second."""
PACE_LEAST_SHARE = 0.98
DUE_SECONDS = 0.005
BUSY_SECONDS = 0.05
EVENTS_LEAST = 10_000.0
LAG_SECONDS_MOST = 1.0
LAG_SECONDS_TOLD = 0.05


@dataclass
class _Offered:
    """What became of orders that came at a pace.

    Attributes:
        lasted: for how long they came, in seconds.
        placed: how many were placed meanwhile.
        waited: how long each waited that was placed, then or later, in seconds.
        refused: how many were told to come again later.
    """

    lasted: float = 0.0
    placed: int = 0
    waited: list[float] = field(default_factory=list)
    refused: int = 0


async def react(scale: Scale = DEMO, pace: float = PACE) -> list[Figure]:
    """Measure events a second of a log that has piled up, and the lag while orders come.

    Args:
        scale: how large the retailer is, and for how long orders come.
        pace: how many come a second.
    """
    async with site(scale) as made, made.bulk() as bulk:
        database = await Database.connect(made.database_url)
        try:
            await _read_all(database)
            wanted = _mixed(scale)
            await _place(database, wanted, scale.orders)
            began = time.perf_counter()
            read = await _read_all(database)
            piled = time.perf_counter() - began
            async with made.worker():
                async with watched(bulk) as lags:
                    offered = await _offer(database, wanted, pace, scale.seconds)
                behind = await followed(bulk)
        finally:
            await database.close()
    return [
        Figure(name="events read by reactions from a full log", value=round(read.total() / piled),
               unit="a second", least=EVENTS_LEAST, key="events_per_s"),
        *(Figure(name=f"of them by {name}", value=events, unit="events")
          for name, events in read.most_common()),
        Figure(name="orders that came while a worker follows", value=pace, unit="a second",
               key="orders_offered_per_s"),
        Figure(name="of them placed meanwhile", value=round(offered.placed / offered.lasted),
               unit="a second", least=pace * PACE_LEAST_SHARE, key="orders_per_s"),
        Figure(name="refused, to come again later", value=offered.refused, unit="orders"),
        Figure(name="until an order was placed, 99 %",
               value=round(quantile(offered.waited, 0.99) * 1000), unit="ms", key="place_p99_ms"),
        *_lags(lags),
        Figure(name="until all was read, once nobody orders", value=round(behind, 2), unit="s"),
    ]  # fmt: skip


def _lags(lags: Mapping[str, Sequence[float]]) -> Iterator[Figure]:
    """Tell how long the oldest unread event had waited: of all, of what can wait, and of each."""
    pressing = oldest(lags, lags.keys() - PATIENT)
    yield Figure(name="oldest event not read meanwhile, half of the looks",
                 value=round(quantile(pressing, 0.5), 2), unit="s", key="lag_p50_s")  # fmt: skip
    yield Figure(name="the same, 99 % of the looks", value=round(quantile(pressing, 0.99), 2),
                 unit="s", most=LAG_SECONDS_MOST, key="lag_p99_s")  # fmt: skip
    yield Figure(name="the same of what gives way (lists, public events), 99 %",
                 value=round(quantile(oldest(lags, PATIENT), 0.99), 2), unit="s",
                 key="lag_patient_p99_s")  # fmt: skip
    for name, theirs in sorted(lags.items()):
        waited = quantile(theirs, 0.99)
        if waited >= LAG_SECONDS_TOLD:
            yield Figure(name=f"of {name}, 99 %", value=round(waited, 2), unit="s")


def _mixed(scale: Scale) -> Iterator[PlaceOrder]:
    """Yield orders without end, every other one carried out of a place that has everything."""
    for number, order in zip(count(), orders_of(scale, hot=False), strict=False):
        if number % 2:
            store = WAREHOUSE_CODES[number % len(WAREHOUSE_CODES)]
            lines = [replace(line, method="carry_out", store=store) for line in order.lines]
            yield replace(order, lines=lines, ship_to=None)
        else:
            yield order


async def _place(database: Database, wanted: Iterator[PlaceOrder], orders: int) -> None:
    """Place so many orders, as fast as that can be."""
    lanes, placed = Lanes(database), 0

    async def client() -> None:
        nonlocal placed
        while placed < orders:
            placed += 1
            key, order = str(new_id()), next(wanted)
            while True:
                try:
                    await lanes.run(TENANT, PLACE, key, order)
                    break
                except Unavailable:
                    await asyncio.sleep(BUSY_SECONDS)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def _offer(
    database: Database, wanted: Iterator[PlaceOrder], pace: float, seconds: float
) -> _Offered:
    """Let orders come at a pace for so long, and wait for those that are under way by then."""
    lanes, told, began, came = Lanes(database), _Offered(), time.perf_counter(), 0
    under_way: set[asyncio.Task[None]] = set()

    async def place(due: float) -> None:
        try:
            await lanes.run(TENANT, PLACE, str(new_id()), next(wanted))
        except Unavailable:
            told.refused += 1
        else:
            told.waited.append(time.perf_counter() - due)

    while (now := time.perf_counter()) < began + seconds:
        while began + came / pace <= now:
            task = asyncio.create_task(place(began + came / pace))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            came += 1
        await asyncio.sleep(DUE_SECONDS)
    told.lasted, told.placed = now - began, len(told.waited)
    await asyncio.gather(*under_way)
    return told


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
