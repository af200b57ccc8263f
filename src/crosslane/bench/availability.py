"""Availability asked by many at once: how long the slowest of a hundred waits.

Baselines: the same web processes with one read of the database for each request; and pgbench on the
same cluster, reading one row of 20,000 by its key with each transaction.
"""

from collections.abc import Sequence
from functools import partial
from random import Random

from crosslane.bench import yardstick
from crosslane.bench.crowd import Told, gather_crowd, get
from crosslane.bench.figures import DEMO, Figure, Scale, quantile, ratio
from crosslane.bench.shop import WAREHOUSE_CODES, skus
from crosslane.bench.site import HOST, WEB, Site, site

CLIENTS = 64
# What 64 people who look at pages do, and then some: each asks ten times a second.
EVERY_SECONDS = 0.1
QUESTIONS = 512
SKUS_PER_QUESTION = 4
P99_MS_MOST = 50.0
RATIO_LEAST = 0.5
ROWS = 20_000
ALONE = "crosslane.bench.uncoalesced"


async def availability(scale: Scale = DEMO) -> list[Figure]:
    """Measure reads of four SKUs at six warehouses by 64 clients on real processes."""
    async with site(scale) as made:
        async with made.bulk() as database:
            await yardstick.make_tables(database)
            points = await yardstick.pace(
                made, database, "read", rows=ROWS, clients=CLIENTS, seconds=scale.seconds
            )
        asked = questions(made.api_keys, scale)
        paced, ours = await _ask(made, WEB, asked, scale.seconds)
        paced_alone, alone = await _ask(made, ALONE, asked, scale.seconds)
    return [
        *_figures(f"{CLIENTS} clients, each {1 / EVERY_SECONDS:.0f} a second", paced, P99_MS_MOST),
        *_figures("the same, a query each", paced_alone),
        *_figures(f"{CLIENTS} clients without a pause", ours),
        *_figures("the same, a query each", alone),
        ratio("answers a second against a query each", ours.pace, alone.pace),
        ratio(
            "answers a second against point reads of pgbench",
            ours.pace,
            points,
            key="availability_ratio",
            least=RATIO_LEAST,
        ),
        Figure(name="pgbench", value=round(points), unit="reads a second", key="pgbench_per_s"),
        Figure(name="answers", value=round(ours.pace), unit="a second", key="answers_per_s"),
    ]


async def _ask(made: Site, program: str, asked: list[bytes], seconds: float) -> tuple[Told, Told]:
    """Return what clients experience that ask now and then, and such that ask without a pause."""
    async with made.web(program) as web:
        crowd = partial(gather_crowd, web.url, asked, clients=CLIENTS)
        await crowd(seconds=seconds / 4)
        paced = await crowd(seconds=seconds, every_seconds=EVERY_SECONDS)
        return paced, await crowd(seconds=seconds)


def questions(api_keys: Sequence[str], scale: Scale, *, host: str = HOST) -> list[bytes]:
    """Return requests for the availability of four articles at every warehouse."""
    draw = Random(2)  # noqa: S311 - a repeatable mixture, nothing secret
    where = "".join(f"&location={code}" for code in WAREHOUSE_CODES)
    found, sold = [], skus(scale)
    for number in range(QUESTIONS):
        what = "".join(f"&sku={sku}" for sku in draw.sample(sold, SKUS_PER_QUESTION))
        path = f"/api/v1/availability?channel=web{what}{where}"
        found.append(get(path, host=host, api_key=api_keys[number % len(api_keys)]))
    return found


def _figures(name: str, told: Told, most_ms: float | None = None) -> list[Figure]:
    return [
        Figure(name=f"{name}: answers", value=round(told.pace), unit="a second"),
        Figure(name=f"{name}: half within", value=_ms(told, 0.5), unit="ms"),
        Figure(name=f"{name}: 99 % within", value=_ms(told, 0.99), unit="ms", most=most_ms),
        Figure(name=f"{name}: failures", value=told.failures, unit="answers", most=0),
    ]


def _ms(told: Told, share: float) -> float:
    return round(quantile(told.seconds, share) * 1000, 1)
