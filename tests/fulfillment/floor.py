"""The floor of a warehouse: workers that react and carry effects out, and hands that work."""

from uuid import UUID

from crosslane import carriers, fulfillment, orders
from crosslane.fulfillment.service.following import WorkView, list_queue
from crosslane.fulfillment.service.packing import PACK, Pack, PackUnits
from crosslane.fulfillment.service.working import PICK, Pick, PickUnits
from crosslane.kernel import new_id
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Lanes
from tests import reacting

REACTIONS = [*orders.REACTIONS, *fulfillment.REACTIONS]


async def settle(database: Database, tenant: str) -> None:
    """React and carry effects out until nothing is left to do."""
    runner = Runner(database, carriers.EFFECTS)
    await reacting.settle(database, tenant, REACTIONS, runner, rounds_max=20)


async def queue(database: Database, tenant: str, **filters) -> list[WorkView]:
    """Return the work of a tenant."""
    given = {
        "location_id": None,
        "state": None,
        "order_id": None,
        "store_id": None,
        "after": None,
        "limit": 50,
    }
    async with database.transaction(tenant, read_only=True) as tx:
        return await list_queue(tx, **{**given, **filters})


async def pick(lanes: Lanes, tenant: str, *picks: Pick | UUID):
    """Report picks; an identifier stands for everything that is left of it."""
    whole = [p if isinstance(p, Pick) else Pick(p) for p in picks]
    return await lanes.run(tenant, PICK, str(new_id()), PickUnits(whole))


async def pack(lanes: Lanes, tenant: str, *packs: Pack | UUID):
    """Pack; an identifier stands for one parcel of everything that is picked."""
    whole = [p if isinstance(p, Pack) else Pack(p) for p in packs]
    return await lanes.run(tenant, PACK, str(new_id()), PackUnits(whole))
