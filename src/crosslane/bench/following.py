"""How far the readers of the log are."""

import asyncio
import time

from crosslane import channels, engagement, finance, fulfillment, inventory, orders
from crosslane.bench.site import TENANT
from crosslane.platform.database import Database
from crosslane.platform.log import Reaction, reactions_with_work

REACTIONS: tuple[Reaction, ...] = tuple(
    reaction
    for module in (inventory, orders, fulfillment, finance, engagement, channels)
    for reaction in module.REACTIONS
)
LOOK_SECONDS = 0.05


async def followed(database: Database, tenant: str = TENANT) -> float:
    """Wait until no reaction has anything to read; return the seconds that took."""
    began = time.perf_counter()
    while True:
        async with database.transaction(tenant, read_only=True) as tx:
            if not await reactions_with_work(tx, REACTIONS):
                return time.perf_counter() - began
        await asyncio.sleep(LOOK_SECONDS)
