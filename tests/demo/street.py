"""A retailer in this process, its workers run by hand, spoken to over HTTP like any other."""

from typing import Any

import httpx
from tests.api import Api
from tests.orders.world import found_retailer, set_policy
from tests.reacting import settle

from crosslane import app
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner

ROUNDS_MAX = 40


class Street:
    """The retailer of the tests of orders, with every module at work.

    Attributes:
        admin: a client that may do everything, no person.
    """

    def __init__(self, database: Database, api: Api) -> None:
        self.database, self.api, self.admin = database, api, api.admin

    async def found(self) -> None:
        """Found it; trade and till may say their prices."""
        await found_retailer(self.database, self.api.tenant)
        async with self.database.transaction(self.api.tenant) as tx:
            for channel in ("trade", "till"):
                await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, channel)

    async def settle(self) -> None:
        """React and carry effects out until nothing is left to do now."""
        runner = Runner(self.database, app.EFFECTS)
        await settle(self.database, self.api.tenant, app.REACTIONS, runner, rounds_max=ROUNDS_MAX)

    async def work(self, hands: httpx.AsyncClient) -> None:
        """Pick and pack whatever waits."""
        await self.settle()
        waiting = await self.read_all("fulfillment-orders", state="accepted")
        every = [{"fulfillment_order": work["id"]} for work in waiting]
        if every:
            await send(hands, "picks", {"picks": every})
            await send(hands, "parcels", {"packs": every})
        await self.settle()

    async def read(self, path: str, **asked: Any) -> Any:
        """Return what the API shows."""
        answer = await self.admin.get(f"/api/v1/{path}", params=asked)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def read_all(self, path: str, **asked: Any) -> list[dict]:
        """Return every item of a list."""
        items, cursor = [], {}
        while True:
            page = await self.read(path, **asked, **cursor)
            items += page["items"]
            if not page.get("next_cursor"):
                return items
            cursor = {"cursor": page["next_cursor"]}


async def send(client: httpx.AsyncClient, path: str, body: Any) -> Any:
    """Post a body and return the answer to it, which must be a success."""
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()
