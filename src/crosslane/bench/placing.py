"""Placing orders of four lines: through the lane, and in a transaction for each.

Baseline: the same handler with the same keys, one order a transaction, on as many connections as
the pool has. Once on stock that lies spread, once with an article in every order that everybody
wants. The client of the database is this one process, as a web process is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import asyncpg
from msgspec.structs import replace

from crosslane.bench.figures import DEMO, Figure, Scale, quantile, ratio
from crosslane.bench.shop import POSTCODES, skus
from crosslane.bench.site import TENANT, site
from crosslane.customers import Address
from crosslane.kernel import Refusal, new_id
from crosslane.orders import PLACE, BuyerWish, LineWish, PlaceOrder, TenderWish
from crosslane.platform import idempotency
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import POOL_CONNECTIONS_MAX, Database, Tx
from crosslane.platform.lane import Command, Lanes

CLIENTS = 64
LINES_PER_ORDER = 4
STATEMENTS_MOST = 15
BATCHES_COUNTED = (1, 8, 64)


@dataclass
class _Done:
    """What was placed, and how it went.

    Attributes:
        seconds: from asking to the answer, for each order.
        retries: transactions that were lost to another one and run again.
    """

    seconds: list[float] = field(default_factory=list)
    retries: int = 0
    lasted_seconds: float = 0.0

    @property
    def pace(self) -> float:
        """Orders a second."""
        return len(self.seconds) / self.lasted_seconds


async def place(scale: Scale = DEMO) -> list[Figure]:
    """Measure orders a second, what they cost in statements, and both against the baseline."""
    figures: list[Figure] = []
    async with site(scale) as made:
        database = await Database.connect(made.database_url)
        try:
            lanes = Lanes(database)
            for name, hot in (("spread", False), ("one hot article", True)):
                orders = orders_of(scale, hot=hot)
                await _crowd(_by_lane(lanes, orders), CLIENTS, scale.seconds / 4)
                ours = await _crowd(_by_lane(lanes, orders), CLIENTS, scale.seconds)
                alone = await _crowd(_alone(database, orders), POOL_CONNECTIONS_MAX, scale.seconds)
                figures += [
                    *_figures(f"{name}, through the lane", ours),
                    *_figures(f"{name}, a transaction each", alone),
                    ratio(f"{name}: orders a second against a transaction each",
                          ours.pace, alone.pace),
                ]  # fmt: skip
            for size in BATCHES_COUNTED:
                figures.append(await _statements(database, scale, size))
        finally:
            await database.close()
    return figures


def orders_of(scale: Scale, *, hot: bool) -> Iterator[PlaceOrder]:
    """Yield orders without end, the same on every run.

    Args:
        scale: how many articles there are.
        hot: each has the same article among its lines, and goes to the same town.
    """
    draw = Random(3)  # noqa: S311 - a repeatable mixture, nothing secret
    wanted, *others = skus(scale)
    for number in count():
        chosen = draw.sample(others, LINES_PER_ORDER)
        if hot:
            chosen[0] = wanted
        yield PlaceOrder(
            channel="web",
            buyer=BuyerWish(email=f"buyer{number}@example.com", name="Ada Brown"),
            ship_to=Address(
                country="GB",
                lines=("12 High Street",),
                city="Oxford",
                postcode=POSTCODES[0 if hot else number % len(POSTCODES)],
                name="Ada Brown",
            ),
            lines=[LineWish(sku=sku, quantity=1) for sku in chosen],
            tenders=[TenderWish(method="cash")],
        )


Placing = Callable[[_Done], Awaitable[None]]


def _by_lane(lanes: Lanes, orders: Iterator[PlaceOrder]) -> Placing:
    async def placing(done: _Done) -> None:
        del done
        await lanes.run(TENANT, PLACE, str(new_id()), next(orders))

    return placing


def _alone(database: Database, orders: Iterator[PlaceOrder]) -> Placing:
    async def placing(done: _Done) -> None:
        command = Command(str(new_id()), SYSTEM, next(orders))
        while True:
            try:
                async with idempotency.claiming(database, TENANT, [command.key], [""]) as (tx, _):
                    await _decide(tx, [command])
                return
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                done.retries += 1

    return placing


async def _decide(tx: Tx, commands: Sequence[Command[Any]]) -> None:
    outcomes = await PLACE.handle(tx, commands)
    for outcome in outcomes:
        if isinstance(outcome, Refusal):
            raise outcome
    idempotency.store(tx, [command.key for command in commands], outcomes)


async def _crowd(placing: Placing, clients: int, seconds: float) -> _Done:
    """Let clients place one order after the other, for a while."""
    done = _Done()
    began = time.perf_counter()

    async def client() -> None:
        while (asked := time.perf_counter()) < began + seconds:
            await placing(done)
            done.seconds.append(time.perf_counter() - asked)

    await asyncio.gather(*(client() for _ in range(clients)))
    done.lasted_seconds = time.perf_counter() - began
    return done


async def _statements(database: Database, scale: Scale, size: int) -> Figure:
    """Count round trips of a whole lane batch of some orders, from opening to COMMIT."""
    counted: list[Tx] = []

    async def handle(tx: Tx, commands: Sequence[Command[Any]]) -> Sequence[Any]:
        if len(commands) == size:
            counted.append(tx)
        return await PLACE.handle(tx, commands)

    kind = replace(PLACE, handle=handle)
    orders = orders_of(scale, hot=False)
    lanes = Lanes(database)
    while not counted:
        # What is asked in one go waits together when the lane looks.
        await asyncio.gather(
            *(lanes.run(TENANT, kind, str(new_id()), next(orders)) for _ in range(size))
        )
    return Figure(
        name=f"statements of a batch of {size}, COMMIT included",
        value=min(tx.statements for tx in counted) + 1,
        unit="statements",
        most=STATEMENTS_MOST,
    )


def _figures(name: str, done: _Done) -> list[Figure]:
    return [
        Figure(name=name, value=round(done.pace), unit="orders a second"),
        Figure(
            name=f"{name}: 99 % within",
            value=round(quantile(done.seconds, 0.99) * 1000, 1),
            unit="ms",
        ),
        Figure(name=f"{name}: run again", value=done.retries, unit="transactions"),
    ]
