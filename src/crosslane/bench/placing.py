"""Whole orders over HTTP, beside PostgreSQL's own benchmark on the same cluster.

Ours: key, price, customer, sourcing over every location, stock, capacity, journals, receipt, events
and the answer kept, all on disk before it is given. pgbench: two conditional updates and six rows
of the plainest order book. No worker runs meanwhile, on neither side.

After it the database is killed. What was acknowledged must be there when it is back. Who used the
processor meanwhile is told beside: what clients take is not there for the server.
"""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count, cycle
from random import Random

import msgspec

from crosslane.bench import processor, yardstick
from crosslane.bench.crowd import Told, gather_crowd, post
from crosslane.bench.figures import Figure, Scale, quantile, ratio
from crosslane.bench.reading_back import Acknowledged, read_back
from crosslane.bench.shop import POSTCODES, WAREHOUSES, skus
from crosslane.bench.site import HOST, Site, Web, site
from crosslane.customers import Address
from crosslane.orders import BuyerWish, LineWish, PlaceOrder, TenderWish
from crosslane.platform.settings import read_settings

BOOK = Scale(stores=44, articles=20_000, articles_per_store=20_000, parcels_per_day=1_000_000)
"""Fifty locations, each with all of 20,000 articles and a limit a day."""
LINES_PER_ORDER = 2
BUYERS = 2_000
CLIENTS = 32
CROWD = 256
WARM_SHARE = 0.25
PROCESSES = (1, 2)
P99_MS_MOST = 250.0
SPREAD_RATIO_LEAST = 1.0
HOT_RATIO_LEAST = 10.0


class Part(msgspec.Struct, frozen=True):
    """One way of asking: who asks how many processes for what."""

    hot: bool
    processes: int
    clients: int

    @property
    def name(self) -> str:
        """How a person reads it."""
        goods = "one hot article" if self.hot else "spread"
        plural = "es" if self.processes > 1 else ""
        return f"{goods}, {self.processes} web process{plural}, {self.clients} clients"

    @property
    def is_told(self) -> bool:
        """Whether it is what `serve` starts here, asked by as many as ask pgbench."""
        usual = min(read_settings(os.environ).workers, max(PROCESSES))
        return (self.processes, self.clients) == (usual, CLIENTS)


class Asked(msgspec.Struct, frozen=True):
    """What came of a part."""

    told: Told
    used: processor.Used


class Baseline(msgspec.Struct, frozen=True):
    """What pgbench did: how many orders a second, how many in all."""

    pace: float
    orders: int
    used: processor.Used


PARTS = [
    Part(hot, processes, clients)
    for processes in PROCESSES
    for hot in (False, True)
    for clients in (CLIENTS, CROWD)
]


async def place(scale: Scale = BOOK) -> list[Figure]:
    """Measure complete orders a second and what waits, against pgbench; then prove them."""
    async with site(scale) as made:
        baseline = await _baseline(made, scale)
        numbers = count(1)
        told: dict[Part, Asked] = {}
        for processes in PROCESSES:
            async with made.web(processes=processes) as web:
                for part in PARTS:
                    if part.processes == processes:
                        told[part] = await _ask(web, made, scale, part, numbers)
        bodies = [body for part in told.values() for body in part.told.bodies]
        proof = await read_back(made, [msgspec.json.decode(b, type=Acknowledged) for b in bodies])
    proven = [*_ratios(told, baseline), *proof.figures(WAREHOUSES + scale.stores)]
    return [_conditions(proven), *proven, *_parts(told), *_processor(told, baseline)]


async def _baseline(made: Site, scale: Scale) -> dict[bool, Baseline]:
    """Return what pgbench does on spread stock and on one row."""
    found: dict[bool, Baseline] = {}
    async with made.bulk() as database:
        await yardstick.require_durable(database)
        await yardstick.make_tables(database)
        for hot in (False, True):
            rows = 1 if hot else scale.articles
            before = processor.used(made) | processor.programs_used()
            pace = await yardstick.pace(
                made, database, "order", rows=rows, clients=CLIENTS, seconds=scale.seconds
            )
            after = processor.used(made) | processor.programs_used()
            orders = round(pace * yardstick.whole_seconds(scale.seconds))
            found[hot] = Baseline(pace, orders, processor.between(before, after))
    return found


async def _ask(web: Web, made: Site, scale: Scale, part: Part, numbers: Iterator[int]) -> Asked:
    requests = order_requests(made.api_keys, scale, hot=part.hot, numbers=numbers)
    crowd = partial(gather_crowd, web.url, requests, clients=part.clients, keep=True)
    first = await crowd(seconds=scale.seconds * WARM_SHARE)
    before = processor.used(made, web)
    then = await crowd(seconds=scale.seconds)
    used = processor.between(before, processor.used(made, web))
    then.bodies += first.bodies
    return Asked(then, {**used, processor.CLIENTS: then.processor_seconds})


def order_requests(
    api_keys: Sequence[str], scale: Scale, *, hot: bool, numbers: Iterator[int]
) -> Iterator[bytes]:
    """Yield requests for orders without end, no two alike.

    Args:
        api_keys: shown in turn.
        scale: how many articles there are.
        hot: as of :func:`orders_of`.
        numbers: one for each order, never given twice.
    """
    orders = zip(numbers, orders_of(scale, hot=hot), cycle(api_keys), strict=False)
    for number, order, api_key in orders:
        body = msgspec.json.encode(order)
        yield post("/api/v1/orders", body, host=HOST, api_key=api_key, key=f"place-{number}")


def orders_of(scale: Scale, *, hot: bool) -> Iterator[PlaceOrder]:
    """Yield orders without end, the same on every run, of some thousand customers in turn.

    Args:
        scale: how many articles there are.
        hot: all want the same article, and live in the same town.
    """
    draw = Random(3)  # noqa: S311 - a repeatable mixture, nothing secret
    sold = skus(scale)
    for buyer in cycle(range(BUYERS)):
        chosen = sold[:1] * LINES_PER_ORDER if hot else draw.sample(sold, LINES_PER_ORDER)
        yield PlaceOrder(
            channel="web",
            buyer=BuyerWish(email=f"buyer{buyer}@example.com", name="Ada Brown"),
            ship_to=Address(
                country="GB",
                lines=(f"{buyer + 1} High Street",),
                city="Oxford",
                postcode=POSTCODES[0 if hot else buyer % len(POSTCODES)],
                name="Ada Brown",
            ),
            lines=[LineWish(sku=sku, quantity=1) for sku in chosen],
            tenders=[TenderWish(method="cash")],
        )


def _conditions(proven: Sequence[Figure]) -> Figure:
    """Return how many conditions of a run that counts were missed, whatever its paces."""
    conditions = [figure for figure in proven if figure.key not in ("spread_ratio", "hot_ratio")]
    missed = sum(figure.reached is False for figure in conditions)
    return Figure(name="conditions of a run that counts, missed", value=missed, unit="conditions",
                  most=0, key="conditions_missed")  # fmt: skip


def _processor(told: dict[Part, Asked], baseline: dict[bool, Baseline]) -> list[Figure]:
    """Return the processor time of an order, here and in pgbench, where both are told."""
    found: list[Figure] = []
    for part, asked in told.items():
        if part.is_told:
            goods, orders = "hot" if part.hot else "spread", len(asked.told.seconds)
            found += processor.figures(asked.used, orders, name=part.name, key=f"{goods}_")
            name, those = f"pgbench, {goods}", baseline[part.hot]
            found += processor.figures(those.used, those.orders, name=name, key=f"pgbench_{goods}_")
    return found


def _ratios(told: dict[Part, Asked], baseline: dict[bool, Baseline]) -> list[Figure]:
    figures: list[Figure] = []
    for hot, name, least in (
        (False, "spread", SPREAD_RATIO_LEAST),
        (True, "hot", HOT_RATIO_LEAST),
    ):
        ours = next(told[part].told for part in told if part.is_told and part.hot == hot)
        theirs = baseline[hot].pace
        figures += [
            ratio(f"{name}: orders a second against pgbench", ours.pace, theirs,
                  key=f"{name}_ratio", least=least),
            _figure(f"{name}: orders", ours.pace, f"{name}_per_s"),
            _figure(f"{name}: pgbench, {CLIENTS} clients", theirs, f"pgbench_{name}_per_s"),
        ]  # fmt: skip
        if not hot:
            figures += [
                Figure(name="half within", value=_ms(ours, 0.5), unit="ms", key="p50_ms"),
                Figure(name="99 % within", value=_ms(ours, 0.99), unit="ms", most=P99_MS_MOST,
                       key="p99_ms"),
            ]  # fmt: skip
    return figures


def _parts(told: dict[Part, Asked]) -> list[Figure]:
    figures: list[Figure] = []
    for part, asked in told.items():
        those = asked.told
        figures += [
            _figure(part.name, those.pace),
            Figure(name=f"{part.name}: half within", value=_ms(those, 0.5), unit="ms"),
            Figure(name=f"{part.name}: 99 % within", value=_ms(those, 0.99), unit="ms"),
        ]
    refused = sum(asked.told.failures for asked in told.values())
    return [*figures, Figure(name="refused, not counted", value=refused, unit="orders", most=0)]


def _figure(name: str, pace: float, key: str = "") -> Figure:
    return Figure(name=name, value=round(pace, 1), unit="a second", key=key)


def _ms(told: Told, share: float) -> float:
    return round(quantile(told.seconds, share) * 1000, 1)
