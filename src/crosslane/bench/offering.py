"""Offers: what a channel is told of all articles at first, and of a hundredth that has moved.

Baseline of a delta: the same delta while a tenth of the articles is offered. Told is to a channel
that fetches documents, so that no network and nobody else's pace is measured. Counted is the time
in which something is done, without the second a run waits for more to happen.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import msgspec

from crosslane import catalog, channels, inventory, locations, organization
from crosslane.bench.figures import Figure, Scale
from crosslane.bench.shop import LONG_AGO, WAREHOUSE_CODES, skus
from crosslane.bench.site import TENANT, site
from crosslane.kernel import new_id
from crosslane.organization import Scope, SetPolicy
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Lanes
from crosslane.platform.log import reactions_with_work, run_reaction
from crosslane.verify import verify
from crosslane.verify.channels_offers import RULES

OFFERED = Scale(stores=4, articles=20_000, articles_per_store=20_000)
"""Ten locations, each with all of 20,000 articles."""
CHANNEL = "web"
SHARE = 100
FIRST_SHARE = 10
GROWTH_MOST = 1.5
NAMED_AT_ONCE = 1_000
IDLE_SECONDS = 0.02
IDLE_SECONDS_MAX = 3.0


async def offering(scale: Scale = OFFERED) -> list[Figure]:
    """Measure articles a second of a first full, and what a delta costs beside few and many."""
    sold = skus(scale)
    few = sold[: max(1, len(sold) // FIRST_SHARE)]
    moved = few[: max(1, len(sold) // SHARE)]
    async with site(scale) as made:
        database = await Database.connect(made.database_url)
        try:
            told = _Channel(database)
            await told.named(few)
            await told.open()
            await told.follow()
            small = await told.delta(moved)
            await told.named(sold[len(few) :])
            full = await told.follow()
            large = await told.delta(moved)
            tenfold = await told.delta(few)
            async with database.transaction(TENANT, read_only=True) as tx:
                wrong = len(await verify(tx, RULES))
        finally:
            await database.close()
    rest = len(sold) - len(few)
    return [
        Figure(name="articles offered", value=len(sold), unit="articles"),
        Figure(name="told at first", value=round(rest / full), unit="articles a second",
               key="full_per_s"),
        Figure(name=f"a delta of {len(moved)} beside a tenth of them", value=round(small, 3),
               unit="s", key="delta_small_s"),
        Figure(name="the same beside all of them", value=round(large, 3), unit="s",
               key="delta_large_s"),
        Figure(name="so many times as long", value=round(large / small, 2), unit="times",
               most=GROWTH_MOST, key="delta_growth"),
        Figure(name=f"a delta of {len(few)}", value=round(tenfold, 3), unit="s",
               key="delta_tenfold_s"),
        Figure(name="findings of verify", value=wrong, unit="rows", most=0),
    ]  # fmt: skip


class _Channel:
    """A channel that is offered what it has named, and all that a worker does for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes = Lanes(database)
        self._runner = Runner(database, channels.EFFECTS)

    async def open(self) -> None:
        """Let it be told of all it has named."""
        organization.register_policies(channels.POLICIES)
        since = datetime.fromisoformat(LONG_AGO)
        async with self._database.transaction(TENANT) as tx:
            wish = SetPolicy(
                "channels.offering", {"kept_units": 2}, "bench", Scope("channel", CHANNEL), since
            )
            await organization.set_policy(tx, wish)
        wish = channels.PutConnection(channel=CHANNEL, format="orders-jsonl", delivery="pull")
        await self._lanes.run(TENANT, channels.CONNECT, "connect", wish)

    async def named(self, sold: Sequence[str]) -> None:
        """Let it name articles, before any of them is told."""
        for start in range(0, len(sold), NAMED_AT_ONCE):
            part = sold[start : start + NAMED_AT_ONCE]
            lines = [
                msgspec.json.encode(
                    {
                        "type": "product",
                        "source_id": sku,
                        "event_at": LONG_AGO,
                        "sku": sku,
                        "article": f"V-{sku}",
                    }
                ).decode()
                for sku in part
            ]
            await self._take_in("\n".join(lines))
            await self._react()

    async def _take_in(self, text: str) -> None:
        async with self._database.transaction(TENANT, read_only=True) as tx:
            channel, received_at = (await organization.book(tx)).channel(CHANNEL), tx.now
            agreed = await channels.agreed_with(tx, channel, "orders-jsonl")
        wish = channels.read_body(
            text.encode(),
            channel=channel,
            agreed=agreed,
            format="orders-jsonl",
            received_at=received_at,
        )
        await self._lanes.run(TENANT, channels.RECEIVE, str(new_id()), wish)

    async def _react(self) -> int:
        async with self._database.transaction(TENANT, read_only=True) as tx:
            waiting = await reactions_with_work(tx, channels.REACTIONS)
        done = 0
        for reaction in waiting:
            done += await run_reaction(self._database, TENANT, reaction)
        return done

    async def delta(self, moved: Sequence[str]) -> float:
        """Let one unit of articles be lost; return the seconds until that is told."""
        async with self._database.transaction(TENANT) as tx:
            variants = await catalog.variants_by_sku(tx, moved)
            place = (await locations.network(tx)).by_code[WAREHOUSE_CODES[0]].id
            cause = inventory.Cause("adjustment", new_id(), new_id())
            await inventory.adjust(
                tx,
                [
                    inventory.Adjustment(
                        variant_id=one.id, location_id=place, delta=-1, cause=cause, code="damaged"
                    )
                    for one in variants.values()
                ],
            )
        return await self.follow()

    async def follow(self) -> float:
        """React and tell until nothing is left; return the seconds in which something was done."""
        spent = idle = 0.0
        while idle < IDLE_SECONDS_MAX:
            began = time.perf_counter()
            done = await self._react()
            done += await self._runner.start_due(TENANT)
            await self._runner.drain()
            if done:
                spent, idle = spent + time.perf_counter() - began, 0.0
            else:
                idle += IDLE_SECONDS
                await asyncio.sleep(IDLE_SECONDS)
        return spent
