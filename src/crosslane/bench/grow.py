"""Growth: what placing costs when there are more orders, more places, more articles.

Baseline: the smallest of each. Stored orders are placed as customers place them, then multiplied
by set-based SQL in the real tables (``multiply`` in ``statements.sql``): each row that came of them
is written again under other identifiers, journals and log too; but answers under idempotency keys,
which are kept for a week, are not. No worker runs meanwhile.
"""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from msgspec.structs import replace

from crosslane.bench.figures import DEMO, Figure, Scale
from crosslane.bench.placing import orders_of
from crosslane.bench.site import TENANT, site
from crosslane.bench.statements import statement
from crosslane.kernel import new_id
from crosslane.orders import PLACE, PlaceOrder
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.processes import collect_seldom

CLIENTS = 64
GROWTH_MOST = 1.5
COPIES_AT_ONCE = 50
WAREHOUSES = 6


async def grow(scale: Scale = DEMO) -> list[Figure]:
    """Measure the time of an order on growing tables, networks and catalogs."""
    small, large = scale.articles_grown
    near, far = scale.places_grown
    few = replace(scale, stores=near - WAREHOUSES, articles=small)
    pace, stored = await by_orders(few, scale.orders_grown)
    figures = _figures("stored orders", "orders", stored)
    places = {near: pace, far: await _pace_elsewhere(replace(few, stores=far - WAREHOUSES))}
    figures += _figures("locations", "locations", places)
    articles = {small: pace, large: await _pace_elsewhere(replace(few, articles=large))}
    return figures + _figures("variants", "variants", articles)


async def _pace_elsewhere(scale: Scale) -> float:
    """Return orders a second of another installation, in a process that knows of no other."""
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(elsewhere, _pace_of, scale)


def _pace_of(scale: Scale) -> float:
    collect_seldom()  # as in the process that measures the smallest
    return asyncio.run(_pace_at(scale))


async def _pace_at(scale: Scale) -> float:
    async with site(scale) as made:
        database = await Database.connect(made.database_url)
        try:
            return await _pace(database, orders_of(scale, hot=False), scale.seconds)
        finally:
            await database.close()


async def by_orders(scale: Scale, sizes: tuple[int, ...]) -> tuple[float, dict[int, float]]:
    """Return orders a second in an empty shop, and by how many were stored already."""
    async with site(scale) as made, made.bulk() as bulk:
        database = await Database.connect(made.database_url)
        try:
            wanted = orders_of(scale, hot=False)
            empty = await _pace(database, wanted, scale.seconds)
            store = await _Store.of(bulk, database, wanted, scale.orders)
            paces = {}
            for size in sizes:
                await store.fill(size)
                paces[size] = await _pace(database, wanted, scale.seconds)
            return empty, paces
        finally:
            await database.close()


class _Store:
    """Orders that are there already: some were placed, the others are copies of these."""

    def __init__(self, bulk: Database, since: object, placed: int) -> None:
        self._bulk = bulk
        self._since = since
        self._placed = placed
        self._copies = 0

    @classmethod
    async def of(
        cls, bulk: Database, database: Database, wanted: Iterator[PlaceOrder], orders: int
    ) -> "_Store":
        """Place some orders and set aside what came of them."""
        since = new_id()
        async with bulk.transaction(TENANT) as tx:
            since_at = tx.now
            for part in statement("make_multiply").split(";\ncreate "):
                await tx.execute(part if part.startswith(("--", "create")) else f"create {part}")
        lanes = Lanes(database)
        for start in range(0, orders, CLIENTS):
            some = min(CLIENTS, orders - start)
            await asyncio.gather(
                *(lanes.run(TENANT, PLACE, str(new_id()), next(wanted)) for _ in range(some))
            )
        async with bulk.transaction(TENANT) as tx:
            await tx.execute("select bench_keep($1, $2)", since, since_at)
        return cls(bulk, since, orders)

    async def fill(self, orders: int) -> None:
        """Multiply until there are so many, and let the tables be vacuumed as they would be."""
        copies = orders // self._placed - 1
        while self._copies < copies:
            last = min(self._copies + COPIES_AT_ONCE, copies)
            async with self._bulk.transaction(TENANT) as tx:
                multiply = "select bench_multiply($1, $2, $3)"
                await tx.execute(multiply, self._since, self._copies + 1, last)
            self._copies = last
        async with self._bulk.connection() as connection:
            await connection.execute("vacuum analyze")


async def _pace(database: Database, wanted: Iterator[PlaceOrder], seconds: float) -> float:
    """Return orders a second by as many clients as a busy process has."""
    lanes, placed = Lanes(database), 0

    async def client(until: float) -> None:
        nonlocal placed
        while time.perf_counter() < until:
            await lanes.run(TENANT, PLACE, str(new_id()), next(wanted))
            placed += 1

    for measured in (seconds / 4, seconds):
        placed, began = 0, time.perf_counter()
        await asyncio.gather(*(client(began + measured) for _ in range(CLIENTS)))
    return placed / (time.perf_counter() - began)


def _figures(name: str, unit: str, paces: dict[int, float]) -> list[Figure]:
    first = next(iter(paces.values()))
    key = name.replace(" ", "_")
    return [
        *(Figure(name=f"{size:,} {unit}: orders", value=round(pace), unit="a second")
          for size, pace in paces.items()),
        *(Figure(name=f"{size:,} {unit}: time of an order against the smallest",
                 value=round(first / pace, 2), unit="times", most=GROWTH_MOST,
                 key=f"growth_{size}_{key}")
          for size, pace in list(paces.items())[1:]),
    ]  # fmt: skip
