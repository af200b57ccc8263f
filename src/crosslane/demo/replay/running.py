"""The replay: everything that was recorded, in the order of time and in four channels at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from uuid import UUID

from msgspec import Struct

from crosslane.demo.progress import Progress
from crosslane.demo.replay.bodies import Clerk
from crosslane.demo.replay.calendars import CarrierDays, Hours, LocationHours, Rounds
from crosslane.demo.replay.call_center import CallCenter
from crosslane.demo.replay.credit_bodies import CreditClerk
from crosslane.demo.replay.desk import Desk
from crosslane.demo.replay.drivers import Drivers
from crosslane.demo.replay.floor import Floor
from crosslane.demo.replay.outcome import LineBook, count_processed
from crosslane.demo.replay.probe import Probe
from crosslane.demo.replay.register import Register, Sold
from crosslane.demo.replay.returning import Returner
from crosslane.demo.replay.selling import Seller
from crosslane.demo.replay.taxes import Taxes
from crosslane.demo.replay.timeline import (
    MarketplaceFile,
    Reversal,
    Sale,
    Step,
    StockNote,
    TillBatch,
    list_steps,
    sales_of,
)
from crosslane.demo.replay.troubles import Outage
from crosslane.demo.report import Outcome
from crosslane.demo.selection import Selection
from crosslane.demo.streams import Stream
from crosslane.demo.world import Planned, World
from crosslane.demo.world.goods import read_articles

ORDERS, WORK = "orders", "work"
# How many of a kind are under way at once.
TRADE_AT_ONCE, WEB_AT_ONCE, FILES_AT_ONCE, STOCK_AT_ONCE = 16, 40, 2, 2
# How far sending may run ahead of a channel that is slow.
AHEAD_MAX = 40
# While orders come in people look for work now and then and find more at once, as for a wave of
# picks; in the end often, so that nothing lies.
SELLING_LOOK_SECONDS, LOOK_SECONDS = 2.0, 0.4
QUIET_LOOKS = 5
STANDSTILL_SECONDS_MAX = 60.0
# When trouble begins, as a part of the way.
OUTAGE_AT, CLOSURE_AT = 0.25, 0.5


class Order(Struct, frozen=True):
    """An order as the API lists it."""

    id: UUID
    number: str
    source_id: str


async def replay(world: World, selection: Selection, *, seed: int, progress: Progress) -> Outcome:
    """Replay what was recorded against a founded world.

    Every request carries a key or a number made of the recorded ones, so a replay that was broken
    off goes on where it stood, and one that is run again changes nothing.

    Args:
        world: the retailer.
        selection: what is replayed.
        seed: draws what the lines do not tell.
        progress: is told how far it is.
    """
    return await Replay(world, selection, seed, progress).run()


class Replay:
    """One run.

    Args:
        world: the retailer.
        selection: what is replayed.
        seed: draws what the lines do not tell.
        progress: is told how far it is.
    """

    def __init__(self, world: World, selection: Selection, seed: int, progress: Progress) -> None:
        self._world, self._selection, self._seed = world, selection, seed
        self._progress = progress
        self._articles = {article.sku: article for article in read_articles()}
        self._steps = list_steps(selection, world.till_stores, world.delivered_only, seed)
        self._desk = Desk(world)
        notes = selection.notes
        self._register = Register(self._steps, notes)
        self._book = LineBook(selection)
        self._probe = Probe(world, self._steps)
        self._grams = {sku: int(one.row["weight_grams"]) for sku, one in self._articles.items()}
        rate_bp = Taxes(self._articles).rate_bp
        self._clerk = Clerk(world, rate_bp, self._grams, seed)
        self._seller = Seller(
            self._desk, world, self._clerk, self._register, self._book, self._probe, seed
        )
        credits = CreditClerk(world, rate_bp, seed)
        self._returner = Returner(
            self._desk, world, self._register, credits, self._book, notes, seed
        )
        self._sold_out = asyncio.Event()

    async def run(self) -> Outcome:
        """Sell everything and work it off."""
        begun = monotonic()
        try:
            await self._recall()
            floor, drivers, center = await self._hire()
            work = asyncio.create_task(self._work(floor, drivers, center))
            await self._sell(floor)
            self._sold_out.set()
            await work
        finally:
            await self._desk.close()
        seeded: Counter[str] = Counter()
        for who in (self._seller, floor, drivers, center, self._returner):
            seeded.update(who.seeded)
        unexpected = [f"{times} x {what}" for what, times in self._desk.unexpected.items()]
        if self._probe.unseen:
            unexpected.append(f"{self._probe.unseen} x an order that another channel never saw")
        lines = self._book.close(self._selection)
        return Outcome(
            lines=lines,
            orders_in=dict(self._seller.orders_in),
            orders_rejected=dict(self._seller.orders_rejected),
            refused_shares_milli=self._book.refused_shares_milli,
            credit_notes=count_processed(self._selection, lines),
            over_returns=self._returner.over_returns,
            credit_rounding_milli=self._returner.rounding_milli,
            lags_ms=self._probe.lags_ms,
            unexpected=sorted(unexpected),
            seeded=dict(seeded),
            requests=self._desk.requests,
            repeats=self._desk.repeats,
            seconds=round(monotonic() - begun, 1),
        )

    async def _recall(self) -> None:
        """Find the orders that an earlier run has placed, and what it has given back of them."""
        sales = {sale.number: sale for sale in sales_of(self._steps)}
        for order in await self._desk.read_list(self._desk.operator, "orders", Order):
            sale = sales.get(order.source_id.rpartition("/")[2])
            self._register.enter(Sold(order.id, order.number, order.source_id, sale))
        await self._returner.recall()

    async def _hire(self) -> tuple[Floor, Drivers, CallCenter]:
        """Read where and when work is done, and bring the staff there."""
        operator = self._desk.operator
        shown = await self._desk.read_list(operator, "locations", LocationHours)
        carriers = await self._desk.read_list(operator, "carriers", CarrierDays)
        hours = {UUID(one.id): Hours(one) for one in shown}
        drivers = Drivers(
            self._desk,
            self._world,
            self._register,
            self._clerk,
            hours=hours,
            rounds=Rounds(carriers),
            seed=self._seed,
        )
        floor = Floor(
            self._desk,
            self._world,
            self._register,
            hours=hours,
            grams=self._grams,
            weight_max_grams={
                service.code: service.weight_max_grams
                for carrier in carriers
                for service in carrier.services
            },
            drivers=drivers,
            seed=self._seed,
        )
        center = CallCenter(self._desk, self._world, self._register, self._clerk, self._seed)
        return floor, drivers, center

    async def _sell(self, floor: Floor) -> None:
        """Send everything in the order of time; each channel works at its own pace."""
        steps: list[Step | Planned] = sorted(
            [*self._world.counts, *self._world.replenishments, *self._steps],
            key=lambda step: step.at,
        )
        self._progress.begin(ORDERS, self._selection.orders)
        lanes = {
            name: Lane(self._do, at_once)
            for name, at_once in (
                ("trade", TRADE_AT_ONCE),
                ("web", WEB_AT_ONCE),
                ("files", FILES_AT_ONCE),
                ("stock", STOCK_AT_ONCE),
            )
        }
        outage = None
        try:
            for place, step in enumerate(steps):
                if outage is None and place >= len(steps) * OUTAGE_AT:
                    outage = asyncio.create_task(Outage(self._world).play())
                    self._seller.seeded["carrier_outage"] += 1
                self._returner.now = step.at
                floor.closes_a_store = place >= len(steps) * CLOSURE_AT
                if isinstance(step, Planned):
                    await self._seller.tell(step)
                else:
                    await lanes[lane_of(step)].put(step)
            await asyncio.gather(*(lane.drain() for lane in lanes.values()))
            if outage:
                await outage
        finally:
            for lane in lanes.values():
                lane.stop()

    async def _do(self, step: Step) -> None:
        match step:
            case Sale():
                await self._seller.sell(step)
                self._progress.advance(ORDERS)
            case MarketplaceFile():
                await self._seller.hand_in(step)
                self._progress.advance(ORDERS, len(step.sales))
            case TillBatch():
                await self._seller.ring_up(step)
                self._progress.advance(ORDERS, len(step.sales))
            case StockNote():
                await self._seller.adjust(step)
            case Reversal():
                await self._seller.reverse(step)

    async def _work(self, floor: Floor, drivers: Drivers, center: CallCenter) -> None:
        """Let everybody look for work until all is sold and nothing is left, or nothing moves."""
        quiet, known, moved_at = 0, 0, monotonic()
        mails = self._world.inbox.count
        while quiet < QUIET_LOOKS:
            done = sum(
                await asyncio.gather(
                    floor.look(), drivers.look(), center.look(), self._returner.look()
                )
            )
            known += done
            self._progress.begin(WORK, known + drivers.waiting)
            self._progress.advance(WORK, done)
            busy = floor.busy or self._returner.busy
            moved = bool(done) or mails != self._world.inbox.count
            mails = self._world.inbox.count
            if moved or not self._sold_out.is_set():
                quiet, moved_at = 0, monotonic()
            elif not busy and not drivers.waiting:
                quiet += 1
                if quiet == QUIET_LOOKS and self._returner.waiting:
                    # What was not handed over by now will not be.
                    self._returner.at_rest, quiet = True, 0
            elif monotonic() - moved_at > STANDSTILL_SECONDS_MAX:
                # Looking again and again at what does not move is no progress.
                self._desk.unexpected[f"{drivers.waiting} parcels that nothing came of"] += 1
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sold_out.wait(), SELLING_LOOK_SECONDS)
                await asyncio.sleep(LOOK_SECONDS)
        await floor.rest()
        await self._returner.rest()


class Lane:
    """Steps of one kind: begun in order, so many at once, the sender held when they are slow.

    Args:
        do: does a step.
        at_once: how many are under way.
    """

    def __init__(self, do: Callable[[Step], Awaitable[None]], at_once: int) -> None:
        self._do = do
        self._steps: asyncio.Queue[Step] = asyncio.Queue(AHEAD_MAX)
        self._failed: list[BaseException] = []
        self._tasks = [asyncio.create_task(self._run()) for _ in range(at_once)]

    async def put(self, step: Step) -> None:
        """Add a step; waits while too many are.

        Raises:
            BaseException: what went wrong with an earlier one.
        """
        if self._failed:
            raise self._failed[0]
        await self._steps.put(step)

    async def drain(self) -> None:
        """Wait until everything is done."""
        await self._steps.join()
        if self._failed:
            raise self._failed[0]

    def stop(self) -> None:
        """Do no more."""
        for task in self._tasks:
            task.cancel()

    async def _run(self) -> None:
        while True:
            step = await self._steps.get()
            try:
                await self._do(step)
            except Exception as error:
                self._failed.append(error)
            finally:
                self._steps.task_done()


def lane_of(step: Step) -> str:
    """Return the lane a step goes through."""
    match step:
        case Sale(stream=Stream.WEB):
            return "web"
        case Sale() | Reversal():
            return "trade"
        case StockNote():
            return "stock"
        case _:
            return "files"
