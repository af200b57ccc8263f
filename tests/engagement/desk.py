"""A shop that writes to its customers: reactions and effects until nothing is left to do."""

from uuid import UUID

from crosslane import carriers, documents, engagement, fulfillment, orders, returns
from crosslane.engagement import MessageView
from crosslane.engagement.service.reading import messages_of_order
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from tests import reacting

REACTIONS = [
    *orders.REACTIONS,
    *fulfillment.REACTIONS,
    *returns.REACTIONS,
    *engagement.REACTIONS,
    *documents.REACTIONS,
]


async def settle(database: Database, tenant: str) -> None:
    """React and carry effects out until nothing is left to do now."""
    runner = Runner(database, [*carriers.EFFECTS, *engagement.EFFECTS])
    await reacting.settle(database, tenant, REACTIONS, runner, rounds_max=20)


async def hurry(database: Database, tenant: str) -> None:
    """Let what waits for another try, or for the end of a lease, be due now."""
    async with database.transaction(tenant) as tx:
        await tx.execute(
            "update platform_effect set due_at = clock_timestamp()"
            " where state = 'due' and kind = 'engagement.send'"
        )


async def messages(database: Database, tenant: str, order_id: UUID) -> list[MessageView]:
    """Return the messages about an order."""
    async with database.transaction(tenant, read_only=True) as tx:
        return await messages_of_order(tx, str(order_id), after=None, limit=50)
