"""A retailer's open orders decided anew, from the request until the last of them is moved.

Orders are placed while goods lie in stores only, most of them a parcel for each line. A stop holds
them back. Then warehouses get some of everything, less than all want, and a run is asked for as
anybody would: over HTTP; the worker reads, decides and moves. Customers go on ordering at an even
beat all the time, alone first: whoever waits longer beside a run was in its way. A second run
finds next to nothing to change, as one by the clock does.

What the run says of itself is not believed: journals, allocations and receipts are read after it.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count, islice
from random import Random
from typing import Any
from uuid import UUID

import httpx
import msgspec

from crosslane import sourcing
from crosslane.bench import processor
from crosslane.bench.crowd import Told, gather_crowd
from crosslane.bench.figures import Figure, Scale, quantile
from crosslane.bench.following import PATIENT, followed, oldest, watched
from crosslane.bench.placing import order_requests, orders_of
from crosslane.bench.reading_back import OVERSOLD
from crosslane.bench.shop import LAY_STOCK, WAREHOUSE_CODES, place_codes, skus
from crosslane.bench.site import HOST, TENANT, Site, Web, site
from crosslane.bench.statements import statement
from crosslane.kernel import Refusal, new_id
from crosslane.orders import PLACE, RAISE_STOP, LineWish, PlaceOrder, RaiseStop
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Command, CommandKind, Lanes
from crosslane.platform.processes import ChildProcess
from crosslane.verify import verify_tenant

HELD = Scale(
    stores=44, articles=1_000, articles_per_store=100, parcels_per_day=100_000, orders=5_000
)
"""Each article lies in about four stores when 5,000 orders of one to four lines come."""
UNITS_IN_STORE = 12
UNITS_THAT_COME = 3
SHARE_THAT_COMES = 0.5
LINES = (1, 2, 3, 4)
AT_ONCE = 256
CLIENTS = 8
# So seldom that they leave to the run most of what it moves orders to.
EVERY_SECONDS = 0.8
THINKING_SECONDS = 60
LOOK_SECONDS = 0.05
CALL_SECONDS_MAX = 60.0
CROWD_SECONDS = 1.0
SAMPLED = 100
P99_MS_MOST = 250.0
PATH = "/api/v1/order-reoptimisations"


class _Units(msgspec.Struct, frozen=True):
    """Units of a line: how many by position, and whether they come when the customer was told."""

    told_at: datetime | None
    by_position: Mapping[UUID, int]
    in_time: bool


class _Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A run, seen from outside.

    Args:
        told: what it says of itself when it is done.
        decided_seconds: from the request until it was decided.
        whole_seconds: until its last change was made.
        began_at: of the request, by the database.
        used: processor seconds meanwhile.
        placed: what customers experienced meanwhile.
        lag: how old the oldest event was that a reaction had not read, at each look.
    """

    told: dict[str, Any]
    decided_seconds: float
    whole_seconds: float
    began_at: datetime
    used: processor.Used
    placed: Told
    lag: Sequence[float]


async def held_orders(scale: Scale = HELD) -> list[Figure]:
    """Measure a run over open orders end to end, and prove that it kept what it must."""
    async with site(scale, stocked=False) as made, made.bulk(8) as bulk:
        await _lay(bulk, _spread(scale))
        await _hold_back(made, scale)
        await _lay(bulk, _coming(scale))
        requests = order_requests(made.api_keys, scale, hot=False, numbers=count(1))
        async with made.web(processes=1) as web, made.worker() as worker:
            await followed(bulk)
            asking = _Asking(made, web, worker, bulk, requests)
            await asking.run(1)  # loops are compiled once in the life of a process
            alone = await asking.crowd(scale.seconds)
            before = await _units(bulk)
            first = await asking.run(scale.orders)
            after = await _units(bulk)
            again = await asking.run(scale.orders)
            await followed(bulk)
        proof = await _proof(bulk, first, before, after)
    return [
        *_figures(first),
        *_waits(alone, first),
        *proof,
        Figure(name="again: changed", value=again.told["changed"], unit="orders"),
        Figure(name="again: until done", value=round(again.whole_seconds, 2), unit="s",
               key="again_s"),
    ]  # fmt: skip


def _spread(scale: Scale) -> Iterator[tuple[str, str, int]]:
    draw = Random(1)  # noqa: S311 - a repeatable spread, nothing secret; likewise below
    for code in place_codes(scale)[len(WAREHOUSE_CODES) :]:
        for sku in draw.sample(skus(scale), scale.articles_per_store):
            yield sku, code, UNITS_IN_STORE


def _coming(scale: Scale) -> Iterator[tuple[str, str, int]]:
    draw = Random(2)  # noqa: S311
    for sku in skus(scale):
        for code in WAREHOUSE_CODES:
            if draw.random() < SHARE_THAT_COMES:
                yield sku, code, UNITS_THAT_COME


async def _lay(bulk: Database, rows: Iterator[tuple[str, str, int]]) -> None:
    async with bulk.transaction(TENANT) as tx:
        columns = map(list, zip(*rows, strict=True))
        await tx.execute(LAY_STOCK.read_text(), *columns, new_id())
    async with bulk.connection() as connection:
        await connection.execute("vacuum analyze")


async def _hold_back(made: Site, scale: Scale) -> None:
    """Place orders through the lane and hold them back; no worker is there to release them."""
    database = await Database.connect(made.database_url)
    try:
        lanes = Lanes(database)
        placed = await _all(lanes, PLACE, list(islice(_orders(scale), scale.orders)))
        stops = [RaiseStop(one.id, "manual", "to be looked at") for one in placed]
        await _all(lanes, RAISE_STOP, stops)
    finally:
        await database.close()


def _orders(scale: Scale) -> Iterator[PlaceOrder]:
    draw, lie = Random(5), sorted({sku for sku, _, _ in _spread(scale)})  # noqa: S311
    for order in orders_of(scale, hot=False):
        chosen = draw.sample(lie, draw.choice(LINES))
        lines = [LineWish(sku=sku, quantity=1) for sku in chosen]
        yield msgspec.structs.replace(order, lines=lines)


async def _all(lanes: Lanes, kind: CommandKind, bodies: Sequence[Any]) -> list[Any]:
    """Have commands decided, so many at once; a refusal ends the benchmark."""
    answers: list[Any] = []
    for first in range(0, len(bodies), AT_ONCE):
        commands = [Command(str(new_id()), SYSTEM, b) for b in bodies[first : first + AT_ONCE]]
        found = await asyncio.gather(*(lanes.submit(TENANT, kind, one) for one in commands))
        for one in found:
            if isinstance(one.outcome, Refusal):
                raise one.outcome
            answers.append(one.outcome)
    return answers


class _Asking:
    """Whoever asks for runs, and the customers who order meanwhile."""

    def __init__(
        self,
        made: Site,
        web: Web,
        worker: ChildProcess,
        bulk: Database,
        requests: Iterator[bytes],
    ) -> None:
        self._made, self._web, self._worker, self._bulk = made, web, worker, bulk
        self._requests = requests

    async def crowd(self, seconds: float) -> Told:
        """Let customers order at an even beat."""
        return await gather_crowd(
            self._web.url,
            self._requests,
            clients=CLIENTS,
            seconds=seconds,
            every_seconds=EVERY_SECONDS,
        )

    async def run(self, orders: int) -> _Ran:
        """Ask for a run and wait for its end."""
        async with self._customers() as placed, watched(self._bulk) as lags:
            before = self._used()
            async with self._bulk.transaction(TENANT, read_only=True) as tx:
                began_at = tx.now
            async with self._client() as client:
                began = time.perf_counter()
                wish = {"orders": orders, "seconds": THINKING_SECONDS}
                answer = await client.post(PATH, json=wish)
                answer.raise_for_status()
                told = answer.json()
                decided = 0.0
                while told["state"] != "done":
                    if told["state"] == "failed":
                        raise RuntimeError(told["reason"])
                    await asyncio.sleep(LOOK_SECONDS)
                    told = (await client.get(f"{PATH}/{told['id']}")).json()
                    if not decided and told["state"] != "asked":
                        decided = time.perf_counter() - began
                whole = time.perf_counter() - began
            used = processor.between(before, self._used())
        return _Ran(
            told=told,
            decided_seconds=decided,
            whole_seconds=whole,
            began_at=began_at,
            used=used,
            placed=placed,
            lag=oldest(lags, lags.keys() - PATIENT),
        )

    def _used(self) -> processor.Used:
        return processor.used(self._made, self._web, self._worker)

    def _client(self) -> httpx.AsyncClient:
        headers = {
            "Authorization": f"Bearer {self._made.api_keys[0]}",
            "Host": HOST,
            "Idempotency-Key": str(new_id()),
        }
        return httpx.AsyncClient(
            base_url=self._web.url, headers=headers, timeout=CALL_SECONDS_MAX, trust_env=False
        )

    @asynccontextmanager
    async def _customers(self) -> AsyncIterator[Told]:
        """Let customers order until the end of what is done meanwhile."""
        told, over = Told(), asyncio.Event()

        async def go_on() -> None:
            while not over.is_set():
                part = await self.crowd(CROWD_SECONDS)
                told.seconds += part.seconds
                told.failures += part.failures

        going = asyncio.create_task(go_on())
        try:
            yield told
        finally:
            over.set()
            await going


async def _units(bulk: Database) -> dict[UUID, _Units]:
    """Return the units of all orders that are held back, by line."""
    async with bulk.transaction(TENANT, read_only=True) as tx:
        rows = await tx.fetch(statement("held_units"))
    by_line: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        by_line[row["id"]].append(row)
    return {
        line_id: _Units(
            told_at=mine[0]["told_at"],
            by_position={row["position_id"]: row["quantity"] for row in mine},
            in_time=all(
                row["told_at"] is None or row["comes_at"] <= row["told_at"] for row in mine
            ),
        )
        for line_id, mine in by_line.items()
    }


async def _proof(
    bulk: Database, ran: _Ran, before: Mapping[UUID, _Units], after: Mapping[UUID, _Units]
) -> list[Figure]:
    """Compare what was moved with what stood before, and recompute the rest."""
    lost = sum(
        sum(units.by_position.values()) - sum(after[line].by_position.values())
        if line in after
        else sum(units.by_position.values())
        for line, units in before.items()
    )
    later = sum(
        line in after
        and (after[line].told_at != units.told_at or units.in_time > after[line].in_time)
        for line, units in before.items()
    )
    async with bulk.transaction(TENANT, read_only=True) as tx:
        cause = f"reoptimised:{ran.told['id']}"
        journal = dict(await tx.fetchrow(statement("moved_anew"), cause, ran.began_at))
        oversold = await tx.fetchval(OVERSOLD.read_text())
        differing = await _differing(tx)
    findings = await verify_tenant(bulk, TENANT)
    unlike = abs(journal["given_back"] - journal["allocated"])
    unlike += abs(journal["orders"] - ran.told["moved"])
    return [
        Figure(name="units lost on the way", value=lost, unit="units", most=0, key="units_lost"),
        Figure(name="lines later than told, or told otherwise", value=later, unit="lines", most=0,
               key="lines_later"),
        Figure(name="journal: differences to what the run says", value=unlike, unit="", most=0,
               key="journal_differs"),
        Figure(name=f"receipts of {SAMPLED} orders that replay to other bytes", value=differing,
               unit="receipts", most=0, key="receipts_differ"),
        Figure(name="oversold", value=oversold, unit="units", most=0, key="units_oversold"),
        Figure(name="verify", value=len(findings), unit="findings", most=0, key="findings"),
    ]  # fmt: skip


async def _differing(tx: Tx) -> int:
    """Return how many receipts of some orders do not replay to the bytes that were kept."""
    orders = sorted({row["order_id"] for row in await tx.fetch(statement("held_units"))})
    found = 0
    for order_id in Random(4).sample(orders, min(SAMPLED, len(orders))):  # noqa: S311
        for kept in await sourcing.receipts_of_order(tx, order_id, limit=10):
            receipt = kept.receipt
            found += sourcing.replay(receipt).encode() != receipt.encode()
    return found


def _figures(ran: _Ran) -> list[Figure]:
    told = ran.told
    thought = told["took_milliseconds"] / 1000
    before, after, bound = (told[f"{name}_milli"] for name in ("before", "after", "bound"))
    return [
        Figure(name="orders decided", value=told["decided"], unit="orders", key="decided"),
        Figure(name="left aside", value=sum(told["aside"].values()), unit="orders", key="aside"),
        Figure(name="changed", value=told["changed"], unit="orders", key="changed"),
        Figure(name="moved", value=told["moved"], unit="orders", key="moved"),
        Figure(name="left alone, taken by others meanwhile", value=told["left_alone"],
               unit="orders", key="left_alone"),
        Figure(name="cost with all changes, against as it was", key="cost_percent",
               value=round(100 * after / max(1, before), 2), unit="%"),
        Figure(name="above the bound", value=round(100 * (after - bound) / max(1, bound), 3),
               unit="%", key="gap_percent"),
        Figure(name="reading", value=round(ran.decided_seconds - thought, 2), unit="s",
               key="reading_s"),
        Figure(name="deciding", value=round(thought, 2), unit="s", key="deciding_s"),
        Figure(name="moving", value=round(ran.whole_seconds - ran.decided_seconds, 2), unit="s",
               key="moving_s"),
        Figure(name="from the request to the last move", value=round(ran.whole_seconds, 2),
               unit="s", key="whole_s"),
        *processor.figures(ran.used, told["decided"], name="an order"),
    ]  # fmt: skip


def _waits(alone: Told, ran: _Ran) -> list[Figure]:
    beside = ran.placed
    return [
        Figure(name="placing before it: 99 % within", value=_ms(alone), unit="ms",
               key="alone_p99_ms"),
        Figure(name="placing meanwhile: 99 % within", value=_ms(beside), unit="ms",
               most=P99_MS_MOST, key="beside_p99_ms"),
        Figure(name="placing meanwhile: the longest", unit="ms", key="beside_max_ms",
               value=round(max(beside.seconds) * 1000, 1)),
        Figure(name="placing meanwhile: failures", value=beside.failures, unit="answers", most=0,
               key="failures"),
        Figure(name="oldest event not read meanwhile, 99 % of the looks", unit="s",
               value=round(quantile(ran.lag, 0.99), 2), key="lag_p99_s"),
    ]  # fmt: skip


def _ms(told: Told) -> float:
    return round(quantile(told.seconds, 0.99) * 1000, 1)
