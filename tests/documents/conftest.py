from uuid import UUID

import pytest

from crosslane import app, documents, orders, organization
from crosslane.documents import Document
from crosslane.orders import Stage
from crosslane.organization import PutEntity, VatNumber
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.log import run_reaction
from tests.orders.test_changes import CAUSE, carry
from tests.orders.world import found_retailer, place, view, wish
from tests.soundness import assert_sound

PACKED = (Stage.ALLOCATED, Stage.RELEASED, Stage.PICKED, Stage.PACKED)
SELLER = PutEntity(
    "mf",
    "Marlow & Finch Ltd",
    "GB",
    "GBP",
    (VatNumber("GB", "980780684"), VatNumber("DE", "136695976")),
    address=("7 Wharf Road", "Derby", "DE1 2AA"),
)


class Desk:
    """A retailer whose sales are documented when told to."""

    def __init__(self, database: Database, tenant: str, lanes: Lanes) -> None:
        self.database, self.tenant, self.lanes = database, tenant, lanes

    def transaction(self):
        return self.database.transaction(self.tenant)

    async def sell(self, *lines, **changes) -> orders.Placed:
        """Place an order and hand all of it over."""
        placed = await self.pack(*lines, **changes)
        await self.hand_over(placed.id)
        return placed

    async def pack(self, *lines, **changes) -> orders.Placed:
        """Place an order and pack all of it."""
        placed = await place(self.lanes, self.tenant, wish(*lines, **changes))
        shown = await view(self.database, self.tenant, placed.id)
        await carry(self.database, self.tenant, shown, *PACKED)
        return placed

    async def hand_over(self, order_id: UUID, *skus: str, units: int | None = None) -> None:
        """Hand over what is packed of an order: all of it, or so many units of some articles."""
        async with self.transaction() as tx:
            state = (await orders.list_states(tx, [order_id]))[order_id]
            steps = [
                orders.Step(
                    order_id=order_id,
                    line_id=line.id,
                    location_id=bucket.location_id,
                    from_stage=Stage.PACKED,
                    to_stage=Stage.HANDED_OVER,
                    quantity=units or bucket.quantity,
                    group=str(line.id),
                    why="test:parcel",
                    occurred_at=tx.now,
                    cause=CAUSE,
                )
                for line in state.stock_lines
                for bucket in state.buckets.of(line.id)
                if bucket.stage is Stage.PACKED and (not skus or line.sku in skus)
            ]
            assert await orders.move(tx, steps) == {}

    async def issue(self) -> None:
        """Let documents read everything there is."""
        for reaction in documents.REACTIONS:
            while await run_reaction(self.database, self.tenant, reaction):
                pass

    async def of(self, order_id: UUID) -> list[Document]:
        """Return the documents of an order."""
        async with self.transaction() as tx:
            return await documents.documents_of_order(tx, order_id)

    async def decide(self, value: dict, channel: str = "web") -> None:
        """Set what gets a document."""
        scope = organization.Scope("channel", channel)
        async with self.transaction() as tx:
            asked = organization.SetPolicy("documents.issue", value, "tried", scope)
            await organization.set_policy(tx, asked)

    async def sound(self) -> None:
        """Find nothing wrong."""
        await assert_sound(self.database, self.tenant)


@pytest.fixture
async def desk(database: Database, tenant: str, lanes: Lanes) -> Desk:
    organization.register_policies(
        [kind for module in app.MODULES for kind in getattr(module, "POLICIES", ())]
    )
    await found_retailer(database, tenant)
    async with database.transaction(tenant) as tx:
        await organization.put_entity(tx, SELLER)
    return Desk(database, tenant, lanes)
