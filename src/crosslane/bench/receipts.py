"""What receipts cost: orders placed with them and without, in turn, and the same of planning alone.

Without means that the yardstick of the nearest places is not worked out, nothing is encoded and no
row is written. Batches of both ways alternate, so that whatever else the machine does falls on
both, and the middle batch of each way counts. The database's client is this one process.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from unittest import mock

from crosslane.bench.figures import Figure, Scale
from crosslane.bench.placing import BOOK, orders_of
from crosslane.bench.site import TENANT, site
from crosslane.kernel import new_id
from crosslane.orders import PLACE, PlaceOrder
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.sourcing import Receipt, SourcingProblem, decide, plan, receipts_of_order

BATCH = 64
PROBLEMS = 50
PLANNING_ROUNDS = 7
SHARE_PERCENT_MOST = 5.0


async def receipts(scale: Scale = BOOK) -> list[Figure]:
    """Measure which share of placing, and of planning alone, goes into receipts."""
    async with site(scale) as made:
        database = await Database.connect(made.database_url)
        try:
            lanes, orders = Lanes(database), orders_of(scale, hot=False)
            taken = await _placing(lanes, orders, scale.seconds)
            problems, sizes = await _problems(database, lanes, orders)
        finally:
            await database.close()
    bare, full = taken[False], taken[True]
    alone, kept = _planning(problems)
    return [
        Figure(name="placing, with receipts", value=round(BATCH / full), unit="orders a second"),
        Figure(name="placing, without", value=round(BATCH / bare), unit="orders a second"),
        Figure(
            name="share of placing",
            value=round(100 * (1 - bare / full), 1),
            unit="%",
            most=SHARE_PERCENT_MOST,
            key="receipts_percent",
        ),
        Figure(name="planning alone", value=round(1e6 * alone), unit="µs an order"),
        Figure(name="planning with a receipt", value=round(1e6 * kept), unit="µs an order"),
        Figure(
            name="share of planning",
            value=round(100 * (1 - alone / kept), 1),
            unit="%",
            key="receipts_percent_of_planning",
        ),
        Figure(name="receipt", value=round(median(sizes)), unit="bytes", key="receipt_bytes"),
    ]


async def _placing(lanes: Lanes, orders: Iterator[PlaceOrder], seconds: float) -> dict[bool, float]:
    """Return how long the middle batch takes, with receipts and without."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    await _batch(lanes, orders)
    began = time.perf_counter()
    turns = 0
    while turns < 2 or time.perf_counter() < began + seconds:
        # The first of a pair has no advantage: they change places each time.
        for kept in (True, False) if turns % 2 else (False, True):
            with ExitStack() as stack:
                if not kept:
                    stack.enter_context(_without_receipts())
                taken[kept].append(await _batch(lanes, orders))
        turns += 1
    return {kept: median(each) for kept, each in taken.items()}


async def _batch(lanes: Lanes, orders: Iterator[PlaceOrder]) -> float:
    asked = [next(orders) for _ in range(BATCH)]
    began = time.perf_counter()
    await asyncio.gather(*(lanes.run(TENANT, PLACE, str(new_id()), order) for order in asked))
    return time.perf_counter() - began


@contextmanager
def _without_receipts() -> Iterator[None]:
    async def nothing(*_: object) -> None:
        return None

    def bare(problem: SourcingProblem) -> Receipt:
        return Receipt(0, problem, plan(problem), None)

    glance = "crosslane.sourcing.domain.glimpse"
    with (
        mock.patch("crosslane.sourcing.service.orders.decide", bare),
        mock.patch(f"{glance}._columns", return_value=(None, None)),
        mock.patch(f"{glance}._nearest_milli", return_value=None),
        mock.patch("crosslane.sourcing.storage.insert_receipts", nothing),
    ):
        yield


async def _problems(
    database: Database, lanes: Lanes, orders: Iterator[PlaceOrder]
) -> tuple[list[SourcingProblem], list[int]]:
    """Return questions that were asked, and how large their receipts are."""
    problems: list[SourcingProblem] = []
    sizes: list[int] = []
    for _ in range(PROBLEMS):
        placed = await lanes.run(TENANT, PLACE, str(new_id()), next(orders))
        async with database.transaction(TENANT, read_only=True) as tx:
            for kept in await receipts_of_order(tx, placed.id, limit=1):
                problems.append(kept.receipt.problem)
                sizes.append(len(kept.receipt.encode()))
    return problems, sizes


def _planning(problems: Sequence[SourcingProblem]) -> tuple[float, float]:
    """Return the processor seconds that an order takes to plan, and to plan with a receipt."""

    def kept(problem: SourcingProblem) -> object:
        return decide(problem).filed()

    alone: list[float] = []
    full: list[float] = []
    for _ in range(PLANNING_ROUNDS):
        alone.append(_seconds(plan, problems))
        full.append(_seconds(kept, problems))
    return min(alone), min(full)


def _seconds(do: Callable[[SourcingProblem], object], problems: Sequence[SourcingProblem]) -> float:
    began = time.process_time()
    for problem in problems:
        do(problem)
    return (time.process_time() - began) / len(problems)
