"""What orders are decided with goes as soon as they are placed, and waits for no collector."""

import gc

from crosslane.orders import PLACE
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command
from tests.orders.world import wish


async def test_a_batch_of_orders_leaves_nothing_in_a_circle(database: Database, shop: str):
    async def place_some(turn: str) -> None:
        async with database.transaction(shop) as tx:
            asked = [Command(f"{turn}-{n}", SYSTEM, wish("MUG", "LAMP")) for n in range(2)]
            await PLACE.handle(tx, asked)

    for turn in ("to learn what is kept", "and how it is read again"):
        await place_some(turn)
    gc.collect()
    gc.disable()
    try:
        await place_some("to be forgotten")
        assert gc.collect() == 0
    finally:
        gc.enable()
