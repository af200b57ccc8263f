"""Supply: what lies at ten places, told over HTTP, until every row of it is in the books of stock.

Baseline: COPY of the very same rows, as text from a file, into an empty table with the same columns
and indexes. A row of ours also gets an entry of the journal and is told to those who listen.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from crosslane.bench.figures import DEMO, Figure, Scale, ratio
from crosslane.bench.following import followed
from crosslane.bench.shop import place_codes, skus
from crosslane.bench.site import TENANT, Site, site
from crosslane.bench.statements import statement
from crosslane.platform.database import Database, schema_of
from crosslane.verify import verify
from crosslane.verify.inventory import RULES

STORES = 4  # beside six warehouses
DELTA_SHARE = 100
RATIO_LEAST = 0.3
DELTA_GROWTH_MOST = 1.5
SOURCE = "bench"
LOOK_SECONDS = 0.05
CALL_SECONDS_MAX = 60.0
WAIT_SECONDS_MAX = 3_600.0


async def feed(scale: Scale = DEMO) -> list[Figure]:
    """Measure rows a second of a snapshot, what a delta costs on a small and on a large table."""
    shop = msgspec.structs.replace(scale, stores=STORES, articles=scale.feed_rows // (6 + STORES))
    places = place_codes(shop)
    delta_rows = scale.feed_rows // DELTA_SHARE
    async with (
        site(shop, stocked=False) as made,
        made.bulk() as database,
        made.web(processes=1) as web,
        made.worker(),
    ):
        headers = {"Authorization": f"Bearer {made.api_keys[0]}"}
        limits = {"timeout": CALL_SECONDS_MAX, "trust_env": False}
        async with httpx.AsyncClient(base_url=web.url, headers=headers, **limits) as client:
            source = _Source(client, skus(shop))
            first = await source.snapshot(places[:1])
            small = await source.delta(places[0], delta_rows)
            rest = await source.snapshot(places[1:])
            large = await source.delta(places[0], delta_rows)
            books = await followed(database)
        copied = await _copied(database, made)
        async with database.transaction(TENANT, read_only=True) as tx:
            wrong = len(await verify(tx, RULES))
    rows = len(places) * shop.articles
    pace = rows / (first + rest)
    return [
        Figure(name="rows of the snapshots", value=rows, unit="rows"),
        Figure(name="snapshots", value=round(pace), unit="rows a second", key="rows_per_s"),
        Figure(name="COPY", value=round(rows / copied), unit="rows a second", key="copy_per_s"),
        ratio("against COPY", pace, rows / copied, key="feed_ratio", least=RATIO_LEAST),
        Figure(name=f"a delta of {delta_rows} rows beside a tenth of them", value=round(small, 2),
               unit="s", key="delta_small_s"),
        Figure(name="the same beside all of them", value=round(large, 2), unit="s",
               key="delta_large_s"),
        Figure(name="so many times as long", value=round(large / small, 2), unit="times",
               most=DELTA_GROWTH_MOST, key="delta_growth"),
        Figure(name="until the ledger has followed", value=round(books, 1), unit="s"),
        Figure(name="findings of verify", value=wrong, unit="rows", most=0),
    ]  # fmt: skip


class _Source:
    """A warehouse system that tells of its stock and waits until it is believed."""

    def __init__(self, client: httpx.AsyncClient, sold: Sequence[str]) -> None:
        self._client = client
        self._sold = sold
        self._told = 0

    async def snapshot(self, places: Sequence[str]) -> float:
        """Tell everything of some places; return the seconds until all of it is applied."""
        rows = [{"sku": sku, "quantity": 3 + number % 97} for number, sku in enumerate(self._sold)]
        return await self._tell([self._message("snapshot", place, rows) for place in places])

    async def delta(self, place: str, units: int) -> float:
        """Tell that one unit of so many articles came; return the seconds until it is applied."""
        rows = [{"sku": sku, "quantity": 1} for sku in self._sold[:units]]
        return await self._tell([self._message("delta", place, rows)])

    def _message(self, kind: str, place: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        self._told += 1
        return {
            "source": SOURCE,
            "message": f"m{self._told}",
            "kind": kind,
            "location": place,
            "complete": kind == "snapshot",
            "rows": rows,
        }

    async def _tell(self, messages: Sequence[dict[str, Any]]) -> float:
        bodies = [
            msgspec.json.encode({**told, "as_of": datetime.now(UTC).isoformat()})
            for told in messages
        ]
        began = time.perf_counter()
        for body in bodies:
            answer = await self._client.post(
                "/api/v1/inventory/supply-messages",
                content=body,
                headers={"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"},
            )
            answer.raise_for_status()
        while not await self._all_applied(len(messages)):
            if time.perf_counter() - began > WAIT_SECONDS_MAX:
                raise RuntimeError("the messages are not applied")
            await asyncio.sleep(LOOK_SECONDS)
        return time.perf_counter() - began

    async def _all_applied(self, latest: int) -> bool:
        answer = await self._client.get(
            "/api/v1/inventory/supply-messages", params={"source": SOURCE, "limit": latest}
        )
        answer.raise_for_status()
        return all(m["parts"] == m["parts_applied"] for m in answer.json()["items"])


async def _copied(database: Database, made: Site) -> float:
    """Return the seconds COPY takes for all positions, into a table made the same way."""
    rows = Path(made.home) / "positions.txt"
    schema = schema_of(TENANT).strip('"')
    async with database.connection() as connection:
        await connection.execute(f"set search_path to {schema_of(TENANT)}")
        await connection.execute(statement("make_copied"))
        await connection.copy_from_query(statement("positions"), output=rows)
        began = time.perf_counter()
        await connection.copy_to_table("bench_copied", source=rows, schema_name=schema)
        return time.perf_counter() - began
