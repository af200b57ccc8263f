"""Noisy neighbours: one retailer floods the installation, another's customers must not notice.

Baseline: the quiet retailer alone. Its clients ask for availability and place orders at an even
beat. The noisy one's come from a process of their own and never pause: orders, availability, long
lists. One web process serves both, one worker reads both logs.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context

import msgspec

from crosslane.bench.availability import questions
from crosslane.bench.crowd import Told, gather_crowd, get, post
from crosslane.bench.figures import DEMO, Figure, Scale, quantile
from crosslane.bench.placing import orders_of
from crosslane.bench.site import HOST, site
from crosslane.kernel import new_id

QUIET, QUIET_HOST = "quiet", "quiet.example"
QUIET_CLIENTS = 8
NOISY_CLIENTS = 256
EVERY_SECONDS = 0.2
P99_MS_MOST = 250.0
REQUESTS = 5_000
LISTS = ("/api/v1/orders?limit=250", "/api/v1/locations?limit=250")


async def neighbours(scale: Scale = DEMO) -> list[Figure]:
    """Measure how long the quiet retailer's clients wait, alone and beside a flood."""
    small = msgspec.structs.replace(scale, stores=min(scale.stores, 20))
    async with site(small) as made:
        async with made.bulk() as bulk:
            quiet_keys = await made.found(bulk, QUIET, QUIET_HOST, small)
        quiet = partial(_mixed, small, quiet_keys, QUIET_HOST)
        noisy = _mixed(small, made.api_keys, HOST, lists=True)
        async with made.web(processes=1) as web, made.worker():
            ask = partial(gather_crowd, web.url, clients=QUIET_CLIENTS, every_seconds=EVERY_SECONDS)
            await ask(quiet(), seconds=scale.seconds / 4)
            alone = await ask(quiet(), seconds=scale.seconds)
            with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
                flood = asyncio.get_running_loop().run_in_executor(
                    elsewhere, _flood, web.url, noisy, scale.seconds * 1.5
                )
                await asyncio.sleep(scale.seconds / 4)
                beside = await ask(quiet(), seconds=scale.seconds)
                paces, refused = await flood
    return [
        *_figures("alone", alone),
        *_figures("beside a flood", beside, P99_MS_MOST),
        Figure(name="99 % beside a flood against alone",
               value=round(quantile(beside.seconds, 0.99) / quantile(alone.seconds, 0.99), 1),
               unit="times", key="p99_growth"),
        Figure(name="the flood: answers", value=round(paces), unit="a second", key="flood_per_s"),
        Figure(name="the flood: sent away", value=round(refused), unit="a second"),
    ]  # fmt: skip


def _mixed(scale: Scale, api_keys: Sequence[str], host: str, *, lists: bool = False) -> list[bytes]:
    """Return requests of many sorts in turn: availability, orders that are placed, and lists."""
    asked = questions(api_keys, scale, host=host)
    placed = (
        post(
            "/api/v1/orders",
            msgspec.json.encode(order),
            host=host,
            api_key=api_keys[number % len(api_keys)],
            key=str(new_id()),
        )
        for number, order in enumerate(islice(orders_of(scale, hot=False), REQUESTS))
    )
    listed = [get(path, host=host, api_key=key) for path in LISTS for key in api_keys]
    found = []
    for number, order in enumerate(placed):
        found += [asked[number % len(asked)], order]
        if lists and number % 4 == 0:
            found.append(listed[number // 4 % len(listed)])
    return found


def _flood(url: str, requests: list[bytes], seconds: float) -> tuple[float, float]:
    """Ask without a pause, in a process of its own; return successes and refusals a second."""
    told = asyncio.run(gather_crowd(url, requests, clients=NOISY_CLIENTS, seconds=seconds))
    return (
        (len(told.seconds) - told.failures) / told.lasted_seconds,
        told.failures / told.lasted_seconds,
    )


def _figures(name: str, told: Told, most_ms: float | None = None) -> list[Figure]:
    key = "alone" if name == "alone" else "beside"
    return [
        Figure(name=f"{name}: half within", value=_ms(told, 0.5), unit="ms", key=f"{key}_p50_ms"),
        Figure(name=f"{name}: 99 % within", value=_ms(told, 0.99), unit="ms", most=most_ms,
               key=f"{key}_p99_ms"),
        Figure(name=f"{name}: failures", value=told.failures, unit="answers", most=0,
               key=f"{key}_failures"),
    ]  # fmt: skip


def _ms(told: Told, share: float) -> float:
    return round(quantile(told.seconds, share) * 1000, 1)
