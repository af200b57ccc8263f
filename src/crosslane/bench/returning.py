"""Returns that are settled: many at once by the lane, against each in a transaction of its own.

What is settled is whole: the order credited line by line, its tenders asked for the refund, the
journal, the events and the answer kept. One process asks and decides, PostgreSQL has the other
core. No worker runs meanwhile, on neither side.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from crosslane import orders, returns
from crosslane.bench.figures import Figure, Scale, ratio
from crosslane.bench.shop import skus
from crosslane.bench.site import TENANT, site
from crosslane.kernel import Refusal
from crosslane.orders import LineWish, PreparedOrder, TenderWish
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, CommandKind, Lanes, RowsBusy
from crosslane.returns import (
    DeskLine,
    Receive,
    ReceiveLine,
    RequestLine,
    RequestReturn,
    Settle,
    TakeBack,
)

RETURNED = Scale(stores=44, articles=2_000, articles_per_store=2_000, orders=4_000)
"""Fifty locations; as many orders are sold, and come back: half by post, half over the counter."""
LINES_PER_ORDER = 2
CLIENTS = 512
ALONE_SHARE = 8
SETTLED_LEAST = 500.0
RATIO_LEAST = 3.0
STORE = "S0001"


async def returning(scale: Scale = RETURNED) -> list[Figure]:
    """Measure returns settled a second, and taken back at counters, beside one by one."""
    async with site(scale) as made:
        database = await Database.connect(made.database_url)
        try:
            desk = _Desk(database)
            sold = await desk.sell(scale)
            half = len(sold) // 2
            arrived = await desk.arrive(sold[:half])
            few = max(1, len(arrived) // ALONE_SHARE)
            settle = [Settle(return_id=one) for one in arrived]
            alone = await desk.pace(_one_by_one(returns.SETTLE), settle[:few], clients=1)
            together = await desk.pace(returns.SETTLE, settle[few:], clients=CLIENTS)
            taken = await desk.pace(
                returns.TAKE_BACK, [_taken(one) for one in sold[half:]], clients=CLIENTS
            )
        finally:
            await database.close()
    return [
        Figure(name="settled by the lane", value=round(together, 1), unit="a second",
               least=SETTLED_LEAST, key="settled_per_s"),
        Figure(name="settled one by one", value=round(alone, 1), unit="a second",
               key="alone_per_s"),
        ratio("the lane beside one by one", together, alone, key="settled_ratio",
              least=RATIO_LEAST),
        Figure(name="taken back at counters, goods and money", value=round(taken, 1),
               unit="a second", key="taken_back_per_s"),
        Figure(name="asked again, because a row was busy", value=desk.asked_again,
               unit="times"),
        Figure(name="refused", value=desk.refused, unit="answers", most=0),
    ]  # fmt: skip


def _one_by_one(kind: CommandKind) -> CommandKind:
    """Return the same commands, each decided in a transaction of its own."""
    return msgspec.structs.replace(kind, name=f"{kind.name}_alone", batch_max=1)


class _Sold(msgspec.Struct, frozen=True):
    """An order and the articles in it, one of each."""

    order: str
    goods: list[str]


def _taken(sold: _Sold) -> TakeBack:
    lines = [DeskLine(sku=sku, quantity=1) for sku in sold.goods]
    return TakeBack(channel="web", location=STORE, order=sold.order, lines=lines)


class _Desk:
    """Whoever asks, through lanes of its own."""

    def __init__(self, database: Database) -> None:
        self.lanes = Lanes(database)
        self.refused = 0
        self.asked_again = 0
        self._keys = count()

    async def sell(self, scale: Scale) -> list[_Sold]:
        """Sell goods that are carried out."""
        draw, sold = Random(7), skus(scale)  # noqa: S311 - a repeatable mixture, nothing secret
        goods = [draw.sample(sold, LINES_PER_ORDER) for _ in range(scale.orders)]
        placed = await self._all(orders.PLACE, [_sale(each) for each in goods])
        return [_Sold(str(one.id), each) for one, each in zip(placed, goods, strict=True)]

    async def arrive(self, sold: Sequence[_Sold]) -> list[UUID]:
        """Ask for orders to come back and receive them, all graded; return the returns."""
        asked = await self._all(returns.REQUEST, [_request(one) for one in sold])
        came = await self._all(returns.RECEIVE, [_receipt(one) for one in asked])
        return [one.id for one in came]

    async def _all(self, kind: CommandKind, bodies: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(bodies), CLIENTS):
            part = bodies[start : start + CLIENTS]
            found += await asyncio.gather(*(self._ask(kind, body) for body in part))
        return [one for one in found if not isinstance(one, Refusal)]

    async def _ask(self, kind: CommandKind, body: Any) -> Any:
        command = Command(f"bench {next(self._keys)}", SYSTEM, body)
        while True:
            try:
                outcome = (await self.lanes.submit(TENANT, kind, command)).outcome
                break
            except RowsBusy:
                # A store's cash of a day is one row; whoever waited too long asks again.
                self.asked_again += 1
        self.refused += isinstance(outcome, Refusal)
        return outcome

    async def pace(self, kind: CommandKind, bodies: Sequence[Any], *, clients: int) -> float:
        """Return how many commands a second are answered when so many clients ask."""
        waiting: Iterator[Any] = iter(bodies)

        async def client() -> None:
            for body in waiting:
                await self._ask(kind, body)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return len(bodies) / (time.perf_counter() - began)


def _sale(goods: Sequence[str]) -> PreparedOrder:
    return PreparedOrder(
        channel="web",
        lines=[LineWish(sku=sku, quantity=1, method="carry_out", store=STORE) for sku in goods],
        tenders=[TenderWish(method="cash")],
        happened=True,
    )


def _request(sold: _Sold) -> RequestReturn:
    lines = [RequestLine(sku=sku, quantity=1, reason="too_small") for sku in sold.goods]
    return RequestReturn(order=sold.order, lines=lines)


def _receipt(one: returns.Return) -> Receive:
    lines = [
        ReceiveLine(return_line=line.id, quantity=line.requested, disposition="sellable")
        for line in one.lines
    ]
    return Receive(return_id=one.id, location=STORE, lines=lines)
