"""What was acknowledged is there: read back after the database was killed, and recomputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Any
from uuid import UUID

import httpx
import msgspec

from crosslane.bench.figures import Figure
from crosslane.bench.site import TENANT, Site
from crosslane.verify import verify_tenant

OVERSOLD = files("crosslane.bench").joinpath("sql/oversold.sql")
PAGE_ORDERS = 250
SAMPLED = 100
CALL_SECONDS_MAX = 60.0


class AcknowledgedLine(msgspec.Struct, frozen=True):
    """A line as its order's caller was told."""

    id: UUID
    sku: str
    quantity: int
    gross_minor: int


class Acknowledged(msgspec.Struct, frozen=True):
    """An order as its caller was told."""

    id: UUID
    number: str
    source_id: str
    gross_minor: int
    lines: list[AcknowledgedLine]


@dataclass(frozen=True)
class Proof:
    """What came of the proof.

    Attributes:
        acknowledged: orders whose caller was told that they are placed.
        lost: of these, not read back as they were told.
        repeated: orders told to two callers.
        findings: of verify.
        oversold: units allocated beyond what lies there.
        compared_least: fewest locations that a sampled receipt compared for a line.
    """

    acknowledged: int
    lost: int
    repeated: int
    findings: int
    oversold: int
    compared_least: int

    def figures(self, locations: int) -> list[Figure]:
        """Return them beside what they must be; every one of so many locations is compared."""
        return [
            Figure(name="acknowledged", value=self.acknowledged, unit="orders"),
            Figure(name="acknowledged, not read back after a crash", value=self.lost,
                   unit="orders", most=0, key="orders_lost"),
            Figure(name="told twice", value=self.repeated, unit="orders", most=0),
            Figure(name="oversold", value=self.oversold, unit="units", most=0,
                   key="units_oversold"),
            Figure(name="verify", value=self.findings, unit="findings", most=0, key="findings"),
            Figure(name=f"fewest compared by {SAMPLED} receipts", value=self.compared_least,
                   unit="locations", least=locations, key="locations_compared"),
        ]  # fmt: skip


async def read_back(made: Site, orders: Sequence[Acknowledged]) -> Proof:
    """Kill the database, start it again, and compare what it knows with what callers were told."""
    await made.crash()
    async with made.web(processes=1) as web, _client(web.url, made.api_keys[0]) as client:
        known = await _listed(client)
        lost = sum(_told(order) != known.get(order.number) for order in orders)
        sampled = Random(4).sample(orders, min(SAMPLED, len(orders)))  # noqa: S311 - no secret
        lost += sum([not await _is_whole(client, order) for order in sampled])
        compared = [await _compared(client, order) for order in sampled]
    async with made.bulk() as database:
        findings = await verify_tenant(database, TENANT)
        async with database.transaction(TENANT, read_only=True) as tx:
            oversold = await tx.fetchval(OVERSOLD.read_text())
    return Proof(
        acknowledged=len(orders),
        lost=lost,
        repeated=len(orders) - len({order.id for order in orders}),
        findings=len(findings),
        oversold=oversold,
        compared_least=min(compared, default=0),
    )


def _client(url: str, api_key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{url}/api/v1",
        headers={"Authorization": f"Bearer {api_key}"},
        timeout=CALL_SECONDS_MAX,
        trust_env=False,
    )


def _told(order: Acknowledged) -> tuple[str, str, int]:
    return str(order.id), order.source_id, order.gross_minor


async def _listed(client: httpx.AsyncClient) -> dict[str, tuple[str, str, int]]:
    """Return every order there is by its number, page by page."""
    found: dict[str, tuple[str, str, int]] = {}
    after: dict[str, str] = {}
    while True:
        page = await _read(client, "/orders", limit=str(PAGE_ORDERS), **after)
        for one in page["items"]:
            found[one["number"]] = (one["id"], one["source_id"], one["gross_minor"])
        if page.get("next_cursor") is None:
            return found
        after = {"cursor": page["next_cursor"]}


async def _is_whole(client: httpx.AsyncClient, order: Acknowledged) -> bool:
    view = await _read(client, f"/orders/{order.number}")
    there = [
        (line["id"], line["sku"], line["quantity"], line["gross_minor"]) for line in view["lines"]
    ]
    told = [(str(line.id), line.sku, line.quantity, line.gross_minor) for line in order.lines]
    return there == told


async def _compared(client: httpx.AsyncClient, order: Acknowledged) -> int:
    """Return the fewest locations that were candidates for a line of an order."""
    receipts = await _read(client, "/sourcing-receipts", order_id=str(order.id))
    fewest: list[int] = []
    for receipt in receipts["items"]:
        explained = (await _read(client, f"/sourcing-receipts/{receipt['id']}"))["explanation"]
        for line in explained["lines"]:
            places = {candidate["place"] for candidate in line["candidates"]}
            places.update(*line["dropped"].values())
            fewest.append(len(places))
    return min(fewest, default=0)


async def _read(client: httpx.AsyncClient, path: str, **query: str) -> Any:
    answer = await client.get(path, params=query)
    answer.raise_for_status()
    return answer.json()
