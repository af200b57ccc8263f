"""The clients: shoppers and warehouse hands who ask until they are answered, as clients must."""

import asyncio
import random
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.retailer import order
from tests.running import Tenant

RETRY_SECONDS = 0.1
THINK_SECONDS = 0.1
ROUND_SECONDS = 0.3
LISTED_MAX = 50
LEAVING_MAX = 20
# Answers after which the same request is sent again.
PASSES = frozenset({"still-working"})


@dataclass
class Told:
    """What clients were told.

    Attributes:
        placed: orders that were acknowledged, by key.
        answered_at: monotonic times of acknowledgements.
        seconds: from the first try to the answer, per order.
        retries: why something was asked again, counted.
    """

    placed: dict[str, dict] = field(default_factory=dict)
    refused: int = 0
    answered_at: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    retries: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return the time within which this share of the orders was answered."""
        ranked = sorted(self.seconds)
        return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else 0.0


class Client:
    """Somebody who speaks to the shop and does not give up.

    Args:
        shop: whom to ask.
        told: where answers are noted.
    """

    def __init__(self, shop: Tenant, told: Told) -> None:
        self.shop = shop
        self.told = told

    async def ask(self, method: str, path: str, *, key: str = "", **request: Any) -> httpx.Response:
        """Ask until there is an answer that will not become another by itself."""
        headers = {"Idempotency-Key": key} if key else {}
        while True:
            try:
                answer = await self.shop.client.request(method, path, headers=headers, **request)
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                why = "" if answer.is_success else answer.json()["code"]
                if answer.status_code != 503 and why not in PASSES:
                    return answer
            self.told.retries[why] += 1
            await asyncio.sleep(RETRY_SECONDS)

    async def ask_twice(self, path: str, key: str, wish: Any) -> httpx.Response:
        """Post the same thing twice at once; both must be answered alike."""
        twins = await asyncio.gather(*(self.ask("POST", path, key=key, json=wish) for _ in "12"))
        assert _meaning(twins[0]) == _meaning(twins[1])
        return twins[0]


async def shop_once(client: Client, key: str, *lines: tuple[str, int]) -> dict | None:
    """Place an order, asked for twice at once with the same key; None when stock lacks."""
    told, began = client.told, time.monotonic()
    answer = await client.ask_twice("orders", key, order(*lines))
    told.seconds.append(time.monotonic() - began)
    if answer.status_code == 201:
        told.answered_at.append(time.monotonic())
        told.placed[key] = answer.json()
        return told.placed[key]
    if answer.json()["code"] == "not-enough-stock":
        told.refused += 1
    else:
        told.unexpected.append(f"{answer.status_code} {answer.text[:300]}")
    return None


async def shop_around(client: Client, name: int, over: asyncio.Event) -> None:
    """Place order after order."""
    number = 0
    while not over.is_set():
        number += 1
        lines = [("LAMP", 1 + number % 3), *([("MUG", 1)] if (name + number) % 2 else [])]
        await shop_once(client, f"basket-{name}-{number}", *lines)
        await asyncio.sleep(THINK_SECONDS)


class Hands:
    """The people of the warehouses: pick, pack, and report each parcel at the door, twice."""

    def __init__(self, client: Client, seed: int) -> None:
        self._client = client
        self._choice = random.Random(seed)  # noqa: S311
        self._rounds = 0
        self._leaving: deque[str] = deque()

    async def work(self, over: asyncio.Event) -> None:
        """Work until it is over."""
        while not over.is_set():
            await self.round()
            await asyncio.sleep(ROUND_SECONDS)

    async def round(self) -> None:
        """Do once what there is to do."""
        self._rounds += 1
        for state in ("offered", "accepted"):
            await self._tell("picks", "picks", await self._queue(state))
        self._leaving += await self._tell("parcels", "packs", await self._queue("picked"))
        await self._report()

    async def _queue(self, state: str) -> list[str]:
        shown = await self._client.ask(
            "GET", "fulfillment-orders", params={"state": state, "limit": LISTED_MAX}
        )
        return [work["id"] for work in shown.json()["items"]]

    async def _tell(self, path: str, name: str, works: list[str]) -> list[str]:
        """Report work as done; returns which was."""
        if not works:
            return []
        wish = {name: [{"fulfillment_order": work} for work in works]}
        answer = await self._client.ask_twice(path, f"{path}-{self._rounds}-{works[0]}", wish)
        if answer.is_success:
            return works
        self._client.told.unexpected.append(f"{path}: {answer.text[:300]}")
        return []

    async def _report(self) -> None:
        asked = [self._leaving.popleft() for _ in range(min(LEAVING_MAX, len(self._leaving)))]
        shown = await asyncio.gather(
            *(self._client.ask("GET", f"fulfillment-orders/{work}") for work in asked)
        )
        events = []
        for work in (answer.json() for answer in shown):
            if work["state"] != "shipped":
                self._leaving.append(work["id"])
                continue
            events += [
                {
                    "id": f"{status}-{parcel['tracking_number']}",
                    "tracking_number": parcel["tracking_number"],
                    "status": status,
                    "occurred_at": parcel["shipped_at"],
                }
                for parcel in work["parcels"]
                for status in ("in_transit", "delivered")
            ]
        for copy in ("a", "b") if events else ():
            self._choice.shuffle(events)
            answer = await self._client.ask(
                "POST",
                "carriers/house/tracking-events",
                key=f"door-{self._rounds}-{copy}",
                json={"events": events},
            )
            if not answer.is_success:
                self._client.told.unexpected.append(f"tracking: {answer.text[:300]}")


def _meaning(answer: httpx.Response) -> Any:
    """What must be the same in two answers under one key; a problem names each request's trace."""
    if answer.is_success:
        return answer.content
    return answer.status_code, answer.json()["code"], answer.json()["detail"]
