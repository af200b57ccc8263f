"""Processes are killed with SIGKILL at every named point while clients place orders and retry."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from tests.chaos.site import Fragile, running
from tests.payments.fake import FakeProvider, eventually
from tests.retailer import found_retailer, order, send
from tests.running import Installation, Tenant

from crosslane.platform.database import Database

BEFORE, AFTER = "lane.before_commit=kill", "lane.after_commit=kill"
WEB = [[f"{BEFORE}@3", f"{AFTER}@2", BEFORE], [f"{AFTER}@3", f"{BEFORE}@2", AFTER]]
WORKERS = [
    ["effects.after_claim=kill", "effects.before_commit=kill@2", "reaction.after_commit=kill@3"],
    ["reaction.before_commit=kill@3", "effects.after_commit=kill@2", "effects.after_call=kill"],
]
SHOPPERS = 6
RANDOM_KILLS = 3
RANDOM_KILL_SECONDS = 2.0
# Few, so that many orders are refused; the other article never runs out.
MUGS = 20
STOCK = {("MUG", "DC1"): 12, ("MUG", "DC2"): MUGS - 12, ("LAMP", "DC2"): 5_000}
ORDERS_MIN = 40
STORM_SECONDS_MAX = 180.0
CALM_SECONDS_MAX = 120.0
RETRY_SECONDS = 0.05


@dataclass
class Told:
    """What clients were told."""

    placed: dict[str, dict] = field(default_factory=dict)
    refused: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


async def insist(shop: Tenant, key: str, wish: dict, told: Told) -> bytes:
    """Ask with one key until there is an answer, as a client must whose connection was lost."""
    while True:
        try:
            answer = await shop.client.post("orders", json=wish, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            why = "connection lost"
        else:
            if answer.status_code == 201:
                return answer.content
            why = answer.json()["code"]
            if why == "not-enough-stock":
                return b""
            assert answer.status_code == 503 or why == "still-working", answer.text
        told.retries[why] += 1
        await asyncio.sleep(RETRY_SECONDS)


async def buy(shop: Tenant, name: int, told: Told, storm: asyncio.Event) -> None:
    """Place order after order, each asked for twice at once with the same key."""
    number = 0
    while not storm.is_set():
        number += 1
        lines = [("LAMP", 1 + number % 3), *([("MUG", 1)] if (name + number) % 2 else [])]
        began = time.monotonic()
        key, wish = f"basket-{name}-{number}", order(*lines)
        twins = await asyncio.gather(*(insist(shop, key, wish, told) for _ in range(2)))
        told.seconds.append(time.monotonic() - began)
        assert twins[0] == twins[1]
        if twins[0]:
            told.placed[key] = httpx.Response(200, content=twins[0]).json()
        else:
            told.refused += 1


async def kill_everybody(children: list[Fragile]) -> None:
    """Kill all at once, wait until each has died at every point planned, then kill at random."""
    for child in children:
        child.kill()

    async def all_safe() -> bool:
        return all(child.is_safe for child in children)

    await eventually(all_safe, STORM_SECONDS_MAX)
    for _ in range(RANDOM_KILLS):
        await asyncio.sleep(RANDOM_KILL_SECONDS)
        random.choice([child for child in children if child.is_safe]).kill()  # noqa: S311
    await eventually(all_safe, STORM_SECONDS_MAX)


async def enough_placed(told: Told) -> None:
    """Wait until so many orders were taken that their number means something."""

    async def enough() -> bool:
        return len(told.placed) >= ORDERS_MIN

    await eventually(enough, CALM_SECONDS_MAX)


async def all_charged(shop: Tenant, told: Told) -> None:
    """Wait until the worker has caught up: every order that was acknowledged is paid."""
    waiting = {placed["id"]: placed["gross_minor"] for placed in told.placed.values()}

    async def charged() -> bool:
        for order_id, gross_minor in list(waiting.items()):
            money = await shop.read(f"orders/{order_id}/payments")
            if money["captured_minor"] == gross_minor and not money["pending_minor"]:
                del waiting[order_id]
        return not waiting

    await eventually(charged, CALM_SECONDS_MAX)


async def test_kills_lose_and_double_nothing(
    postgres_url: str, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    del database  # migrated by its fixture
    installation = Installation(postgres_url, tmp_path / "home")
    bank, told, storm = FakeProvider(tmp_path / "bank"), Told(), asyncio.Event()
    async with running(installation, WEB, WORKERS) as children, installation.tenant() as shop:
        bank.webhook_url = f"{installation.url}/api/v1/payment-providers/house/messages"
        await bank.start()
        try:
            await found_retailer(shop.client, bank.url, STOCK)
            policy = {"shortage": "refuse", "card_terms": "prepaid"}
            wish = {"kind": "orders.intake", "value": policy, "reason": "as agreed"}
            await send(shop.client, "policies", wish)
            async with asyncio.TaskGroup() as crowd:
                for name in range(SHOPPERS):
                    crowd.create_task(buy(shop, name, told, storm))
                await kill_everybody(children)
                await enough_placed(told)
                storm.set()
            await all_charged(shop, told)
            await assert_nothing_lost_or_doubled(shop, bank, told)
        finally:
            await bank.stop()
    told.seconds.sort()
    p99 = told.seconds[len(told.seconds) * 99 // 100]
    kills = sum(child.kills for child in children)
    assert kills >= len(children) + RANDOM_KILLS + sum(len(f) for f in (*WEB, *WORKERS))
    with capsys.disabled():
        print(
            f"\nchaos: {kills} kills, {len(told.placed)} orders acknowledged, {told.refused}"
            f" refused, retries {dict(told.retries)}, p99 {p99:.2f} s, max {told.seconds[-1]:.2f} s"
        )


async def assert_nothing_lost_or_doubled(shop: Tenant, bank: FakeProvider, told: Told) -> None:
    """Compare what clients were told with what Crosslane, its bank and its journals know."""
    known = [shown["id"] for shown in await shop.read_all("orders")]
    assert sorted(known) == sorted(placed["id"] for placed in told.placed.values())
    sold: Counter[str] = Counter()
    for placed in told.placed.values():
        for line in placed["lines"]:
            assert line["allocated"] == line["quantity"]
            sold[line["sku"]] += line["quantity"]
    assert sold["MUG"] <= MUGS
    positions = await shop.read_all("inventory/positions")
    allocated: Counter[str] = Counter()
    for position in positions:
        assert position["allocated"] <= position["on_hand"]
        allocated[position["sku"]] += position["allocated"]
    assert allocated == sold

    done = [o for o in await bank.operations() if o["status"] == "succeeded"]
    asked = {
        o["authorization"]: o["asked"]["body"].get("order")
        for o in done
        if o["kind"] == "authorize"
    }
    assert Counter(asked.values()) == Counter(known)
    charged: Counter[str] = Counter()
    for operation in done:
        if operation["kind"] == "capture":
            charged[asked[operation["authorization"]]] += operation["minor"]
    assert charged == {p["id"]: p["gross_minor"] for p in told.placed.values()}

    assert (await shop.read("dead-letters"))["items"] == []
    assert (await shop.read("parked-events"))["items"] == []
    assert await shop.findings() == []
