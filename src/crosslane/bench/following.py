"""How far the readers of the log are."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from crosslane import (
    channels,
    documents,
    engagement,
    finance,
    fulfillment,
    insights,
    inventory,
    orders,
    publishing,
    returns,
    sourcing,
    transfers,
)
from crosslane.bench.site import TENANT
from crosslane.bench.statements import statement
from crosslane.platform.database import Database
from crosslane.platform.log import Reaction, reactions_with_work

# Modules that follow the log, in the order in which a worker gives them their turns.
FOLLOWING = (
    *(inventory, sourcing, transfers, orders, fulfillment, returns),
    *(engagement, finance, documents, channels, insights, publishing),
)
REACTIONS: tuple[Reaction, ...] = tuple(each for module in FOLLOWING for each in module.REACTIONS)
PATIENT = frozenset(reaction.name for reaction in REACTIONS if reaction.patient)

LOOK_SECONDS = 0.05
WATCH_SECONDS = 0.2


async def followed(database: Database, tenant: str = TENANT) -> float:
    """Wait until no reaction has anything to read; return the seconds that took."""
    began = time.perf_counter()
    while True:
        async with database.transaction(tenant, read_only=True) as tx:
            if not await reactions_with_work(tx, REACTIONS):
                return time.perf_counter() - began
        await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def watched(database: Database) -> AsyncIterator[Mapping[str, Sequence[float]]]:
    """Look again and again how long the oldest event has waited that a reaction has not read."""
    lags: dict[str, list[float]] = {reaction.name: [] for reaction in REACTIONS}
    kinds = [",".join(reaction.kinds) for reaction in REACTIONS]

    async def look() -> None:
        while True:
            async with database.transaction(TENANT, read_only=True) as tx:
                found = await tx.fetch(statement("lag_seconds"), list(lags), kinds)
            waited = {row["reaction"]: row["seconds"] for row in found}
            for name, theirs in lags.items():
                theirs.append(waited.get(name, 0.0))
            await asyncio.sleep(WATCH_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield lags
    finally:
        looking.cancel()
        await asyncio.wait({looking})


def oldest(lags: Mapping[str, Sequence[float]], names: Iterable[str]) -> list[float]:
    """Return for each look how long the oldest event had waited that some reaction had not read."""
    return [max(each) for each in zip(*(lags[name] for name in names), strict=True)]
