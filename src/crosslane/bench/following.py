"""How far the readers of the log are."""

import asyncio
import time

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
from crosslane.platform.database import Database
from crosslane.platform.log import Reaction, reactions_with_work

# Modules that follow the log, in the order in which a worker gives them their turns.
FOLLOWING = (
    *(inventory, sourcing, transfers, orders, fulfillment, returns),
    *(engagement, finance, documents, channels, insights, publishing),
)
REACTIONS: tuple[Reaction, ...] = tuple(each for module in FOLLOWING for each in module.REACTIONS)

LOOK_SECONDS = 0.05


async def followed(database: Database, tenant: str = TENANT) -> float:
    """Wait until no reaction has anything to read; return the seconds that took."""
    began = time.perf_counter()
    while True:
        async with database.transaction(tenant, read_only=True) as tx:
            if not await reactions_with_work(tx, REACTIONS):
                return time.perf_counter() - began
        await asyncio.sleep(LOOK_SECONDS)
