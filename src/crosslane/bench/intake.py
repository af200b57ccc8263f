"""Orders as a shop tells them, delivered at the door, new and again.

A first delivery is signed, read, stored and applied, which places its order; one that comes again
is signed and found to be known. No worker runs meanwhile: one process asks and applies.
"""

import asyncio
import base64
import hmac
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count

import msgspec

from crosslane import channels, orders, organization, pricing
from crosslane.bench.figures import DEMO, Figure, Scale
from crosslane.bench.shop import LONG_AGO, skus
from crosslane.bench.site import TENANT, site
from crosslane.bench.told_orders import Document, of_shopify
from crosslane.channels import RECEIVE, read_body
from crosslane.organization import Scope, SetPolicy
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from crosslane.platform.seals import use_secret

AGAIN_MOST = 0.2
CHANNEL = "web"
SECRET = "a secret of the app"  # noqa: S105
CLIENTS = 64
BATCHES_MAX = 100_000


async def intake(scale: Scale = DEMO) -> list[Figure]:
    """Measure how fast orders are placed, and what a delivery costs that comes again."""
    told = [of_shopify(number, skus(scale)) for number in range(scale.orders)]
    async with site(scale) as made:
        database = await Database.connect(made.database_url)
        try:
            door = _Door(database)
            await door.open()
            first = await door.deliver(told)
            again = await door.deliver(told)
            anew = await door.deliver(told, name="other")
            states = await door.states()
        finally:
            await database.close()
    return [
        Figure(name="delivered, read, stored and placed", value=round(len(told) / first, 1),
               unit="a second", key="first_per_s"),
        Figure(name="delivered again", value=round(len(told) / again, 1), unit="a second",
               key="again_per_s"),
        Figure(name="one that comes again beside a first", value=round(again / first, 3),
               unit="times", most=AGAIN_MOST, key="again_ratio"),
        Figure(name="one that says the same under another name beside a first",
               value=round(anew / first, 3), unit="times", most=AGAIN_MOST, key="same_ratio"),
        Figure(name="orders not placed", value=len(told) - states.get("applied", 0),
               unit="orders", most=0, key="not_placed"),
    ]  # fmt: skip


class _Door:
    """What a shop delivers at, without a network between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes = Lanes(database)
        self._keys = count()

    async def open(self) -> None:
        """Let the channel say its prices, and know what it signs with."""
        wish = channels.PutConnection(
            channel=CHANNEL, format="shopify", secret=SECRET, services={"*": "STANDARD48"}
        )
        since = datetime.fromisoformat(LONG_AGO)
        use_secret(SECRET.encode())
        organization.register_policies([*pricing.POLICIES, orders.INTAKE])
        async with self._database.transaction(TENANT) as tx:
            for kind, value in (
                ("pricing.price_source", {"price_source": "dictated"}),
                ("orders.intake", {"backdating": True}),
            ):
                scope = Scope("channel", CHANNEL)
                await organization.set_policy(tx, SetPolicy(kind, value, "bench", scope, since))
        await self._lanes.run(TENANT, channels.CONNECT, "connect", wish)

    async def deliver(self, documents: Sequence[Document], *, name: str = "d") -> float:
        """Deliver documents and apply what is new; return the seconds it takes."""
        bodies = [msgspec.json.encode(one) for one in documents]
        told = [_headers(body, f"{name}-{n}") for n, body in enumerate(bodies)]
        waiting = iter(zip(bodies, told, strict=True))

        async def client() -> None:
            for body, headers in waiting:
                await self._take(body, headers)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        apply = next(one for one in channels.REACTIONS if one.name == "channels.apply")
        while await run_reaction(self._database, TENANT, apply):
            pass
        return time.perf_counter() - began

    async def _take(self, body: bytes, headers: Mapping[str, str]) -> None:
        async with self._database.transaction(TENANT, read_only=True) as tx:
            known = await channels.known_delivery(tx, CHANNEL, headers, body)
            channel = (await organization.book(tx)).channel(CHANNEL)
            received_at = tx.now
        if known is not None:
            return
        wish = read_body(
            body, channel=channel, format="shopify", received_at=received_at, headers=headers
        )
        command = Command(f"bench {next(self._keys)}", SYSTEM, wish)
        await self._lanes.submit(TENANT, RECEIVE, command)

    async def states(self) -> Mapping[str, int]:
        """Return how many messages are in which state."""
        async with self._database.transaction(TENANT, read_only=True) as tx:
            found = await channels.list_batches(tx, channel=CHANNEL, before=None, limit=BATCHES_MAX)
        return sum((Counter(one.counts) for one in found), Counter())


def _headers(body: bytes, delivery: str) -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    return {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": delivery,
        "x-shopify-hmac-sha256": signature,
    }
