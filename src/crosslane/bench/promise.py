"""The promise of a cart of three lines at fifty places: every delivery, every pickup near by.

The kernel decides what is in memory, on one core; over HTTP the facts are read as well.
"""

import time
from collections.abc import Sequence
from random import Random

import msgspec

from crosslane.bench.crowd import gather_crowd, post
from crosslane.bench.figures import Figure, Scale, quantile
from crosslane.bench.placing import BOOK
from crosslane.bench.shop import POSTCODES, skus
from crosslane.bench.site import HOST, TENANT, Site, site
from crosslane.platform.database import Database
from crosslane.platform.seals import use_secret
from crosslane.sourcing import ItemAsked, OptionsFacts, OptionsWanted, decide_options, load_options

LINES = 3
CLIENTS = 64
QUESTIONS = 512
SECRET = b"of a benchmark, for this process alone"
KERNEL_LEAST = 2_500.0
P99_MS_MOST = 50.0


async def promise(scale: Scale = BOOK) -> list[Figure]:
    """Measure promises a second of one core without reading, and with all of it over HTTP."""
    async with site(scale) as made:
        asked = _carts(scale)
        kernel = _kernel(await _loaded(made, asked), scale.seconds)
        requests = [_request(made, number, goods) for number, goods in enumerate(asked)]
        async with made.web() as web:
            await gather_crowd(web.url, requests, clients=CLIENTS, seconds=scale.seconds / 4)
            told = await gather_crowd(web.url, requests, clients=CLIENTS, seconds=scale.seconds)
    return [
        Figure(name="decided by one core", value=round(kernel, 1), unit="a second",
               least=KERNEL_LEAST, key="kernel_per_s"),
        Figure(name=f"over HTTP, {CLIENTS} clients", value=round(told.pace, 1), unit="a second",
               key="http_per_s"),
        Figure(name="half within", value=round(quantile(told.seconds, 0.5) * 1000, 1), unit="ms",
               key="p50_ms"),
        Figure(name="99 % within", value=round(quantile(told.seconds, 0.99) * 1000, 1), unit="ms",
               most=P99_MS_MOST, key="p99_ms"),
        Figure(name="refused", value=told.failures, unit="answers", most=0),
    ]  # fmt: skip


def _carts(scale: Scale) -> list[list[str]]:
    draw = Random(6)  # noqa: S311 - a repeatable mixture, nothing secret
    sold = skus(scale)
    return [draw.sample(sold, LINES) for _ in range(QUESTIONS)]


async def _loaded(made: Site, carts: Sequence[Sequence[str]]) -> list[OptionsFacts]:
    """Read what carts are decided on, as a request does; this process can seal offers then."""
    use_secret(SECRET)
    database = await Database.connect(made.database_url)
    try:
        async with database.transaction(TENANT, read_only=True) as tx:
            found = await load_options(
                tx,
                [
                    OptionsWanted(
                        items=[ItemAsked(sku, 1) for sku in goods],
                        channel="web",
                        country="GB",
                        postcode=POSTCODES[number % len(POSTCODES)],
                    )
                    for number, goods in enumerate(carts)
                ],
            )
            return [each for each in found if isinstance(each, OptionsFacts)]
    finally:
        await database.close()


def _kernel(facts: Sequence[OptionsFacts], seconds: float) -> float:
    """Return decisions a second of processor time; whoever else uses the core is not counted."""
    for one in facts:
        decide_options(one)
    decided, began = 0, time.process_time()
    while time.process_time() < began + seconds:
        for one in facts:
            decide_options(one)
        decided += len(facts)
    return decided / (time.process_time() - began)


def _request(made: Site, number: int, goods: Sequence[str]) -> bytes:
    body = {
        "channel": "web",
        "country": "GB",
        "postcode": POSTCODES[number % len(POSTCODES)],
        "items": [{"sku": sku, "quantity": 1} for sku in goods],
    }
    return post(
        "/api/v1/fulfillment-options",
        msgspec.json.encode(body),
        host=HOST,
        api_key=made.api_keys[number % len(made.api_keys)],
        key=f"promise-{number}",
    )
