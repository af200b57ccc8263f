"""Lists: what a page of orders takes when a million of them are stored, over HTTP.

Baseline: one order read by its number over HTTP by the same client: what asking costs at all. The
orders are laid by SQL in the tables they would be in (``sql/lay_orders.sql``), but for journals and
log, which no list reads; where they are few, verify says whether lists know them right.
"""

import time
from importlib.resources import files
from statistics import median
from urllib.parse import urlencode

import httpx

from crosslane import catalog, locations, organization
from crosslane.bench.figures import DEMO, Figure, Scale, quantile, ratio
from crosslane.bench.shop import skus
from crosslane.bench.site import HOST, TENANT, site
from crosslane.bench.statements import statement
from crosslane.kernel import new_id, order_number
from crosslane.organization import PutChannel
from crosslane.platform.database import Database
from crosslane.verify import verify
from crosslane.verify.insights import RULES

LAY_ORDERS = files("crosslane.bench").joinpath("sql/lay_orders.sql")
AT_ONCE = 25_000
TURNS = 11
DOMAIN = "listed.example"
MS_MOST = 200.0
CALL_SECONDS_MAX = 60.0
VERIFIED_MOST = 10_000
"""So many orders are verified; looking at more takes longer than all that is measured."""


async def lists(scale: Scale = DEMO) -> list[Figure]:
    """Measure pages, filters and searches of orders, and the first page of the office."""
    async with site(scale, stocked=False) as made, made.bulk() as bulk:
        began = time.perf_counter()
        number = await _lay(bulk, scale)
        laid = time.perf_counter() - began
        findings = await _verify(bulk) if scale.orders_listed <= VERIFIED_MOST else None
        headers = {"Authorization": f"Bearer {made.api_keys[0]}", "Host": HOST}
        async with (
            made.web(processes=1) as web,
            httpx.AsyncClient(
                base_url=web.url, headers=headers, timeout=CALL_SECONDS_MAX, trust_env=False
            ) as client,
        ):
            point = await _milliseconds(client, f"/api/v1/orders/{number}")
            taken = {
                name: await _milliseconds(client, path)
                for name, path in _pages(scale, number).items()
            }
    slowest = max(taken.values(), key=median)
    return [
        Figure(name="orders stored", value=scale.orders_listed, unit="orders", key="orders"),
        Figure(name="laying them", value=round(laid), unit="s"),
        *([] if findings is None else [
            Figure(name="findings of verify", value=findings, unit="findings", most=0,
                   key="findings")]),
        Figure(name="one order by its number", value=round(median(point), 1), unit="ms",
               key="point_ms"),
        *(Figure(name=name, value=round(median(each), 1), unit="ms", most=MS_MOST)
          for name, each in taken.items()),
        Figure(name="slowest, the middle", value=round(median(slowest), 1), unit="ms",
               most=MS_MOST, key="slowest_ms"),
        Figure(name="slowest turn of any",
               value=round(max(quantile(each, 1.0) for each in taken.values()), 1), unit="ms",
               key="worst_ms"),
        ratio("slowest page against one order", median(slowest), median(point), key="list_ratio"),
    ]  # fmt: skip


def _pages(scale: Scale, number: str) -> dict[str, str]:
    last = scale.orders_listed
    buyer = max(1, last // 20)
    common, rare = skus(scale)[0], skus(scale)[-1]

    def listed(**filters: str) -> str:
        return f"/office/orders?{urlencode(filters)}"

    return {
        "newest orders": "/office/orders",
        "100 at once": listed(limit="100"),
        "held": "/office/orders?is=held",
        "stop of a kind": listed(stop="fraud"),
        "late": listed(promise="late"),
        "waiting for stock": "/office/orders?is=waiting",
        "channel": listed(channel="phone"),
        "delivered": listed(state="delivered"),
        "a store": listed(location="S0007"),
        "a store, one channel, a state": listed(location="S0007", channel="web", state="cancelled"),
        "channel and way that exclude each other": listed(channel="till", method="ship"),
        "split and missed": "/office/orders?is=split&promise=missed",
        "placed in a week": listed(placed_from="2026-01-05", placed_to="2026-01-11"),
        "a day long ago, one state": listed(placed_to="2026-03-01", state="cancelled"),
        "search: number": f"/office/palette?q={number}",
        "search: channel's number": listed(q=f"SRC{last // 3}"),
        "search: e-mail": listed(q=f"person{buyer}@{DOMAIN}"),
        "search: phone": listed(q=f"+4479{buyer:08}"),
        "search: name": listed(q=f"person{buyer}"),
        "search: family name": listed(q="family7"),
        "search: common SKU": listed(q=common),
        "search: rare SKU": listed(q=rare),
        "search: tracking number": listed(q=f"TRK{last // 2}"),
        "search: nothing there": listed(q="nobody-has-this"),
        "palette": f"/office/palette?q=person{buyer}",
        "today": "/office",
        "today, 28 days": "/office?span=month",
    }


async def _milliseconds(client: httpx.AsyncClient, path: str) -> list[float]:
    """Return how long each turn takes from the request to the first byte of the answer."""
    taken = []
    for turn in range(TURNS + 2):
        began = time.perf_counter()
        async with client.stream("GET", path) as answer:
            first = time.perf_counter() - began
            await answer.aread()
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:500]}")
        if turn > 1:  # what the first ones prepare is there for all others
            taken.append(first * 1000)
    return taken


async def _lay(bulk: Database, scale: Scale) -> str:
    """Lay orders; return the number of one of them."""
    async with bulk.transaction(TENANT) as tx:
        for code, kind in (("till", "store"), ("phone", "phone"), ("bazaar", "marketplace")):
            await organization.put_channel(tx, PutChannel(code, code, kind, "marlow", "gb", "mf"))
    async with bulk.transaction(TENANT) as tx:
        book = await organization.book(tx)
        channels = [book.channel(code) for code in ("web", "till", "phone", "bazaar")]
        places = (await locations.network(tx)).all
        variants = await catalog.variants_by_sku(tx, skus(scale))
        now = tx.now
    total, lay = scale.orders_listed, LAY_ORDERS.read_text(encoding="utf-8")
    for first in range(1, total + 1, AT_ONCE):
        async with bulk.transaction(TENANT) as tx:
            await tx.execute(
                lay,
                first,
                min(first + AT_ONCE - 1, total),
                total,
                now,
                [channel.id for channel in channels],
                [channel.code for channel in channels],
                [place.id for place in places],
                [place.code for place in places],
                [variant.id for variant in variants.values()],
                list(variants),
                DOMAIN,
            )
    number = order_number(total + new_id().int % 1_000)
    async with bulk.transaction(TENANT) as tx:
        await tx.execute(statement("give_number"), total // 2, number)
    async with bulk.connection() as connection:
        await connection.execute("vacuum analyze")
    return number


async def _verify(bulk: Database) -> int:
    async with bulk.transaction(TENANT) as tx:
        await tx.execute(statement("read_everything"))
        return len(await verify(tx, RULES))
