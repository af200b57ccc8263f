import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from crosslane import orders, organization, publishing
from crosslane.kernel import new_id
from crosslane.organization import PutBrand, PutChannel, PutEntity, PutMarket
from crosslane.platform import log, seals
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Lanes
from crosslane.platform.log import Event, run_reaction
from tests.soundness import assert_sound

HURRY = """
with rested as (
    update publishing_subscription set rest_until = null where state = 'active'
), due as (
    update publishing_delivery set due_at = clock_timestamp() where state = 'waiting'
)
update platform_effect set due_at = clock_timestamp()
where state = 'due' and kind = 'publishing.deliver' and due_at > clock_timestamp()
"""


class Receiver:
    """A receiver in a process of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hooks?shop=1"
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")

    async def behave(self, **how: Any) -> None:
        """Say how it behaves; what it was sent is forgotten."""
        (await self._client.post("/control", json=how)).raise_for_status()

    async def taken(self) -> list[dict[str, Any]]:
        """Return what it was sent, in order."""
        return (await self._client.get("/taken")).json()

    async def close(self) -> None:
        await self._client.aclose()


class House:
    """A tenant whose events are told when the test says so."""

    def __init__(self, database: Database, tenant: str, lanes: Lanes) -> None:
        self.database, self.tenant, self.lanes = database, tenant, lanes
        self.runner = Runner(database, publishing.EFFECTS)

    def transaction(self, **how: Any):
        return self.database.transaction(self.tenant, **how)

    async def happen(self, *events: Event) -> None:
        """Have events in the log, in one transaction."""
        async with self.transaction() as tx:
            await log.append(tx, events)

    async def publish(self) -> None:
        """Put into the stream what is in the log."""
        for reaction in publishing.REACTIONS:
            while await run_reaction(self.database, self.tenant, reaction):
                pass

    async def send(self, rounds: int = 1, *, hurry: bool = False) -> None:
        """Send what is due; with ``hurry`` what would be due later too."""
        for _ in range(rounds):
            if hurry:
                await self.execute(HURRY)
            await self.runner.start_due(self.tenant)
            await self.runner.drain()

    async def execute(self, sql: str, *args: Any) -> None:
        async with self.transaction() as tx:
            await tx.execute(sql, *args)

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        async with self.transaction() as tx:
            return [tuple(row.values()) for row in await tx.fetch(sql, *args)]

    async def submit(self, kind: Any, wish: Any) -> Any:
        return await self.lanes.run(self.tenant, kind, str(new_id()), wish)

    async def subscribe(self, url: str, secret: str, **how: Any) -> UUID:
        """Have events sent to an address."""
        told = {"description": "", "kinds": (), "channels": (), "brands": ()} | how
        wish = publishing.Subscribe(id=new_id(), secret=secret, url=url, **told)
        await self.submit(publishing.SUBSCRIBE, wish)
        return wish.id

    async def shown(self, id: UUID) -> publishing.SubscriptionView:
        async with self.transaction() as tx:
            return await publishing.subscription(tx, id)

    async def read(self, **how: Any) -> publishing.EventPage:
        async with self.transaction(read_only=True) as tx:
            return await publishing.read(tx, **{"limit": 100, **how})

    async def sound(self) -> None:
        """Find nothing wrong."""
        # Events of orders are told here without their orders.
        await assert_sound(self.database, self.tenant, by_hand=("orders.",))


def closed(order_id: UUID | None = None) -> orders.OrderClosed:
    """An event that says little."""
    return orders.OrderClosed(order_id=order_id or new_id())


def placed(channel: str) -> orders.OrderPlaced:
    """An event that says which channel it concerns."""
    return orders.OrderPlaced(
        order_id=new_id(), channel=channel, lines=1, gross_minor=100, currency="GBP"
    )


@pytest.fixture
async def house(database: Database, tenant: str, lanes: Lanes) -> House:
    seals.use_secret(b"publishing tests".ljust(32))
    async with database.transaction(tenant) as tx:
        await organization.put_entity(tx, PutEntity("mf", "Marlow", "GB", "GBP"))
        await organization.put_brand(tx, PutBrand("marlow", "Marlow"))
        await organization.put_brand(tx, PutBrand("finch", "Finch"))
        market = PutMarket("gb", "Britain", "GB", "GBP", ("en-GB",), "inclusive")
        await organization.put_market(tx, market)
        for code, brand in (("web", "marlow"), ("app", "finch")):
            await organization.put_channel(
                tx, PutChannel(code, code, "web", brand=brand, market="gb", entity="mf")
            )
    return House(database, tenant, lanes)


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.publishing.receiver", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    receiver = Receiver(int(await process.stdout.readline()))
    yield receiver
    await receiver.close()
    process.kill()
    await process.wait()
