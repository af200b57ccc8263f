"""The day that goes on when the replay has ended: orders of today arrive, staff work them off.

Recorded web baskets and trade orders are sold once more, as of now: at first as many as the day has
brought so far, then one now and then. Warehouses and most stores are worked without haste. Stores
where somebody has a log-in, and whatever is stopped, are left to whoever looks on.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from crosslane.demo.client import Client
from crosslane.demo.replay.bodies import Clerk
from crosslane.demo.replay.choices import choose
from crosslane.demo.replay.desk import Desk
from crosslane.demo.replay.drivers import Label, event
from crosslane.demo.replay.outcome import LineBook
from crosslane.demo.replay.probe import Probe
from crosslane.demo.replay.register import Register
from crosslane.demo.replay.reports import Pack, Pick
from crosslane.demo.replay.selling import Seller
from crosslane.demo.replay.taxes import Taxes
from crosslane.demo.replay.timeline import Sale, list_steps, sales_of
from crosslane.demo.selection import Selection
from crosslane.demo.streams import Stream
from crosslane.demo.world import WEB, World, shelves
from crosslane.demo.world.goods import read_articles

# What the day has brought when somebody first looks, over how long, and what it goes on to bring.
BACKLOG_ORDERS, BACKLOG_HOURS_MAX = 60, 8
ORDER_EVERY_SECONDS = 6.0
BACKLOG_AT_ONCE = 4
# Large trade orders would take all of the goods that have come in for the day.
LINES_MAX, UNITS_MAX = 20, 200
# Of so many orders one is of trade, and one is got at a store that somebody looks after.
TRADE_ONE_IN, COLLECTED_ONE_IN = 3, 5
COLLECTED_LINES_MAX, COLLECTED_SALES_MAX = 3, 12
GOODS_FOR_SALES, GOODS_TIMES = 300, 8
LINES_PER_RECEIPT = 1_000
WAREHOUSE_FORMAT = "NDC"
# Staff look so often, at so many pieces of work, each of which they leave for so long at a stage.
LOOK_SECONDS, WORKS_PER_LOOK, STAGE_SECONDS = 10.0, 8, 45.0
DELIVERY_SECONDS = 180.0


class Work(Struct, frozen=True):
    """A fulfillment order as the API lists it."""

    id: UUID
    location_id: UUID
    method: str
    state: str


class Day:
    """A day that goes on until it is cancelled.

    Args:
        world: the retailer.
        selection: what was replayed; sold again in its order.
        seed: draws what the lines do not tell.
    """

    def __init__(self, world: World, selection: Selection, seed: int) -> None:
        self._world, self._selection, self._seed = world, selection, seed
        articles = {article.sku: article for article in read_articles()}
        steps = list_steps(selection, world.till_stores, world.delivered_only, seed)
        wanted = (Stream.WEB, Stream.ACCOUNT)
        fit = [
            sale
            for sale in sales_of(steps)
            if sale.stream in wanted
            and len(sale.lines) <= LINES_MAX
            and sum(line.quantity for line in sale.lines) <= UNITS_MAX
        ]
        self._sales = mixed(fit)
        small = [
            sale
            for sale in fit
            if sale.stream is Stream.WEB
            and len(sale.lines) <= COLLECTED_LINES_MAX
            and world.delivered_only.isdisjoint(line.sku for line in sale.lines)
        ]
        self._collected = small[:COLLECTED_SALES_MAX]
        grams = {sku: int(one.row["weight_grams"]) for sku, one in articles.items()}
        self._clerk = Clerk(world, Taxes(articles).rate_bp, grams, seed)
        self._desk = Desk(world)
        visitors = {login.location for login in world.logins.values() if login.location}
        stores = [p for p in world.places.values() if p.kind == "store" and p.code in visitors]
        self._visited = {place.id: place.code for place in stores}
        self._agents = sorted(code for code, one in world.logins.items() if one.role == "agent")
        manager = next(code for code, one in world.logins.items() if one.role == "manager")
        self._hands: Client = self._desk.staff(manager)
        self._seen: dict[tuple[UUID, str], float] = {}
        self._packed: dict[UUID, datetime] = {}
        self._sent: dict[str, tuple[Label, float]] = {}

    async def run(self) -> None:
        """Sell and work until cancelled."""
        if not self._sales:
            return
        try:
            await self._receive_goods()
            await asyncio.gather(self._sell(), self._work())
        finally:
            await self._desk.close()

    async def _receive_goods(self) -> None:
        """Take in what the day will want, at the national warehouse and at stores looked after."""
        where = next(p.code for p in self._world.places.values() if p.format == WAREHOUSE_FORMAT)
        wanted = {(where, sku): n for sku, n in _units(self._sales[:GOODS_FOR_SALES]).items()}
        for code in self._visited.values():
            wanted |= {(code, sku): n for sku, n in _units(self._collected).items()}
        lines = [
            {"sku": sku, "location": code, "quantity": units * GOODS_TIMES}
            for (code, sku), units in sorted(wanted.items())
        ]
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        for start in range(0, len(lines), LINES_PER_RECEIPT):
            body = {"lines": lines[start : start + LINES_PER_RECEIPT]}
            key = f"demo/{self._seed}/live/{day}/{start}"
            await self._desk.ask(self._desk.operator, "inventory/receipts", body, key=key)
        for call in shelves.bins(wanted, read_articles()):
            await self._desk.ask(self._desk.operator, call.path, call.body)

    async def _sell(self) -> None:
        begun = datetime.now(UTC)
        midnight = begun.replace(hour=0, minute=0, second=0, microsecond=0)
        since = max(midnight, begun - timedelta(hours=BACKLOG_HOURS_MAX))
        step = (begun - since) / BACKLOG_ORDERS
        slots = asyncio.Semaphore(BACKLOG_AT_ONCE)

        async def earlier(place: int) -> None:
            async with slots:
                await self._sell_one(place, since + step * place)

        await asyncio.gather(*map(earlier, range(BACKLOG_ORDERS)))
        for place in count(BACKLOG_ORDERS):
            await asyncio.sleep(ORDER_EVERY_SECONDS)
            await self._sell_one(place, datetime.now(UTC))

    async def _sell_one(self, place: int, at: datetime) -> None:
        """Sell a recorded sale as of another time, under a number of its own."""
        of_store = self._collected and self._visited and place % COLLECTED_ONE_IN == 0
        sales = self._collected if of_store else self._sales
        recorded = sales[place % len(sales)]
        number = f"{recorded.number}-{at:%y%m%d%H%M%S}-{place}"
        sale: Sale = msgspec.structs.replace(recorded, number=number, at=at)
        if of_store:
            codes = sorted(self._visited.values())
            await self._sell_at_store(sale, codes[place // COLLECTED_ONE_IN % len(codes)])
            return
        # Lines of a book end once, and these have ended in the replay.
        seller = Seller(
            self._desk,
            self._world,
            self._clerk,
            Register([], []),
            LineBook(Selection((), {})),
            Probe(self._world, []),
            self._seed,
        )
        await seller.sell(sale)

    async def _sell_at_store(self, sale: Sale, store: str) -> None:
        """Sell goods over the web that their customer gets at a store."""
        web = self._desk.channel(WEB)
        sale = msgspec.structs.replace(sale, way="pickup")
        begun = self._clerk.cart(sale, choose(sale, self._agents, self._seed))
        cart = await self._desk.ask(web, "carts", begun)
        if not cart.ok:
            return
        path = f"carts/{cart.body['id']}"
        edit = self._clerk.choose_way(sale, cart.body["version"], "pickup", store)
        edited = await self._desk.ask(web, f"{path}/operations", edit)
        if edited.ok:
            await self._desk.ask(web, f"{path}/order", {"version": edited.body["version"]})

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for state, path, body_of in (
                ("picked", "parcels", lambda one: {"packs": [Pack(one, datetime.now(UTC))]}),
                ("accepted", "picks", lambda one: {"picks": [Pick(one, datetime.now(UTC))]}),
                ("offered", "fulfillment-acceptances", lambda one: {"fulfillment_orders": [one]}),
            ):
                for work in await self._due(state):
                    answer = await self._desk.ask(self._hands, path, body_of(work.id))
                    if answer.ok and state == "picked":
                        now = datetime.now(UTC)
                        told = answer.body[0]["parcels"]
                        self._packed |= {UUID(parcel): now for parcel in told}
            await self._drive()

    async def _due(self, state: str) -> Sequence[Work]:
        """Return work that has lain at a stage for long enough, of places nobody else works."""
        listed = await self._desk.read_list(self._hands, "fulfillment-orders", Work, state=state)
        now, due = monotonic(), []
        for work in listed:
            since = self._seen.setdefault((work.id, state), now)
            is_packed_later = state != "picked" or work.method != "pickup"
            if now - since >= STAGE_SECONDS and work.location_id not in self._visited:
                due += [work] if is_packed_later else []
        return due[:WORKS_PER_LOOK]

    async def _drive(self) -> None:
        """Let carriers report parcels that have their label, and those that have arrived."""
        told: dict[str, list[dict[str, Any]]] = {}
        now = datetime.now(UTC)
        for label in await self._labels():
            self._sent[label.tracking_number] = (label, monotonic())
            told.setdefault(label.carrier, []).append(event(label, 1, "in_transit", now))
        for number, (label, since) in list(self._sent.items()):
            if monotonic() - since >= DELIVERY_SECONDS:
                del self._sent[number]
                told.setdefault(label.carrier, []).append(event(label, 2, "delivered", now))
        for carrier, events in told.items():
            path = f"carriers/{carrier}/tracking-events"
            await self._desk.ask(self._desk.operator, path, {"events": events})

    async def _labels(self) -> Sequence[Label]:
        if not self._packed:
            return []
        oldest = min(self._packed.values())
        listed = await self._desk.read_list(
            self._desk.operator,
            "labels",
            Label,
            until=lambda label: label.requested_at < oldest,
            state="created",
        )
        return [label for label in listed if self._packed.pop(label.parcel_id, None)]


def mixed(sales: Sequence[Sale]) -> list[Sale]:
    """Return sales with one of trade among some of the web, as far as there are some of both."""
    trade = [sale for sale in sales if sale.stream is not Stream.WEB]
    web = [sale for sale in sales if sale.stream is Stream.WEB]
    if not trade or not web:
        return [*trade, *web]
    turns = len(web) // (TRADE_ONE_IN - 1) + 1
    found = []
    for turn in range(turns):
        some = slice(turn * (TRADE_ONE_IN - 1), (turn + 1) * (TRADE_ONE_IN - 1))
        found += [*web[some], trade[turn % len(trade)]]
    return found


def _units(sales: Iterable[Sale]) -> dict[str, int]:
    """Return how much some sales want of each article."""
    found: Counter[str] = Counter()
    for sale in sales:
        for line in sale.lines:
            found[line.sku] += line.quantity
    return found


async def live(world: World, selection: Selection, seed: int) -> None:
    """Let orders of today arrive, until cancelled.

    Args:
        world: the retailer after the replay.
        selection: what was replayed.
        seed: draws what the lines do not tell.
    """
    await Day(world, selection, seed).run()
