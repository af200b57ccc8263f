"""Orders as a shop tells them, delivered at the door, new and again, beside orders placed directly.

A first delivery is signed, read, stored and applied, which places its order; one that comes again
is signed and found to be known. The same orders are placed by the command of the direct API, by as
many clients. What is delivered is applied while more comes, as a worker does; all of it is done by
one process, in turns, so that whatever else the machine does falls on all of them alike.
"""

import asyncio
import base64
import hmac
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from typing import TypeVar

import msgspec

from crosslane import channels, orders, organization, pricing
from crosslane.bench.figures import DEMO, Figure, Scale, ratio
from crosslane.bench.shop import LONG_AGO, skus
from crosslane.bench.site import TENANT, site
from crosslane.bench.told_orders import AT, Document, of_shopify
from crosslane.channels import RECEIVE, read_body
from crosslane.customers import Address
from crosslane.kernel import MILLI_PER_MINOR, Refusal, parse_minor
from crosslane.orders import PLACE, BuyerWish, LineWish, PlaceOrder, TenderWish
from crosslane.organization import Scope, SetPolicy
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from crosslane.platform.seals import use_secret
from crosslane.platform.web import decode_json

AGAIN_MOST = 0.2
DIRECT_LEAST = 0.6
CHANNEL = "web"
SECRET = "a secret of the app"  # noqa: S105
SERVICE = "STANDARD48"
CLIENTS = 64
TURNS = 5
BATCHES_MAX = 100_000
IDLE_SECONDS = 0.05
Asked = TypeVar("Asked")


async def intake(scale: Scale = DEMO) -> list[Figure]:
    """Measure how fast orders are placed that are told, and what one costs that comes again."""
    told = [of_shopify(number, skus(scale)) for number in range(scale.orders)]
    taken = Counter[str]()
    async with site(scale) as made:
        database = await Database.connect(made.database_url)
        try:
            door = _Door(database)
            await door.open()
            ways: dict[str, Callable[[Sequence[Document]], Awaitable[float]]] = {
                "direct": door.place,
                "first": door.deliver,
                "again": door.deliver,
                "anew": lambda some: door.deliver(some, name="other"),
            }
            # A turn before those that count warms everything up.
            size = len(told) // (TURNS + 1)
            for turn in range(TURNS + 1):
                some = told[turn * size : (turn + 1) * size]
                for name, way in ways.items():
                    seconds = await way(some)
                    taken[name] += seconds if turn else 0
            states = await door.states()
        finally:
            await database.close()
    measured = size * TURNS
    pace = {name: measured / taken[name] for name in ways}
    missing = size * (TURNS + 1) - states.get("applied", 0)
    return [
        Figure(name="delivered, read, stored and placed", value=round(pace["first"], 1),
               unit="a second", key="first_per_s"),
        Figure(name="placed directly", value=round(pace["direct"], 1), unit="a second",
               key="direct_per_s"),
        ratio("delivered and placed, beside that", pace["first"], pace["direct"],
              key="direct_ratio", least=DIRECT_LEAST),
        Figure(name="delivered again", value=round(pace["again"], 1), unit="a second",
               key="again_per_s"),
        Figure(name="one that comes again beside a first",
               value=round(taken["again"] / taken["first"], 3), unit="times", most=AGAIN_MOST,
               key="again_ratio"),
        Figure(name="one that says the same under another name beside a first",
               value=round(taken["anew"] / taken["first"], 3), unit="times", most=AGAIN_MOST,
               key="same_ratio"),
        Figure(name="orders not placed", value=missing, unit="orders", most=0, key="not_placed"),
    ]  # fmt: skip


class _Door:
    """What a shop delivers at, without a network between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes = Lanes(database)
        self._read = partial(database.transaction, TENANT, read_only=True)
        self._keys = count()

    async def open(self) -> None:
        """Let the channel say its prices, and know what it signs with."""
        wish = channels.PutConnection(
            channel=CHANNEL, format="shopify", secret=SECRET, services={"*": SERVICE}
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

    async def place(self, documents: Sequence[Document]) -> float:
        """Place the orders that documents tell, directly; return the seconds it takes."""
        bodies = [msgspec.json.encode(_wish_of(one)) for one in documents]

        async def submit(body: bytes) -> None:
            wish = decode_json(body, PlaceOrder)
            command = Command(f"bench {next(self._keys)}", SYSTEM, wish)
            answer = await self._lanes.submit(TENANT, PLACE, command)
            if isinstance(answer.outcome, Refusal):
                raise answer.outcome

        began = time.perf_counter()
        await _by_clients(bodies, submit)
        return time.perf_counter() - began

    async def deliver(self, documents: Sequence[Document], *, name: str = "d") -> float:
        """Deliver documents and apply what is new; return the seconds it takes."""
        bodies = [msgspec.json.encode(one) for one in documents]
        told = [
            _headers(body, f"{name}-{one['id']}")
            for body, one in zip(bodies, documents, strict=True)
        ]
        began = time.perf_counter()
        delivering = asyncio.create_task(
            _by_clients(zip(bodies, told, strict=True), lambda one: self._take(*one))
        )
        apply = next(one for one in channels.REACTIONS if one.name == "channels.apply")
        over = False
        while not over:
            # All that is there once everything was delivered is found by a last look.
            over = delivering.done()
            while await run_reaction(self._database, TENANT, apply):
                pass
            if not over:
                await asyncio.wait([delivering], timeout=IDLE_SECONDS)
        await delivering
        return time.perf_counter() - began

    async def _take(self, body: bytes, headers: Mapping[str, str]) -> None:
        sender = await channels.DELIVERIES.ask(
            TENANT, self._read, channels.Delivery(CHANNEL, headers, body)
        )
        if sender.known is not None:
            return
        wish = read_body(
            body,
            channel=sender.channel,
            agreed=sender.agreed,
            format=sender.format,
            received_at=sender.received_at,
            headers=headers,
        )
        command = Command(f"bench {next(self._keys)}", SYSTEM, wish)
        await self._lanes.submit(TENANT, RECEIVE, command)

    async def states(self) -> Mapping[str, int]:
        """Return how many messages are in which state."""
        async with self._database.transaction(TENANT, read_only=True) as tx:
            found = await channels.list_batches(tx, channel=CHANNEL, before=None, limit=BATCHES_MAX)
        return sum((Counter(one.counts) for one in found), Counter())


async def _by_clients(asked: Iterable[Asked], ask: Callable[[Asked], Awaitable[None]]) -> None:
    """Let clients ask for everything, each for the next thing as it is answered."""
    waiting = iter(asked)

    async def client() -> None:
        for one in waiting:
            await ask(one)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


def _wish_of(told: Document) -> PlaceOrder:
    """Return what a document tells as an order of the direct API."""
    home = told["shipping_address"]
    return PlaceOrder(
        channel=CHANNEL,
        source_id=f"direct {told['id']}",
        placed_at=AT,
        buyer=BuyerWish(email=told["email"], name="Ada Brown"),
        ship_to=Address(
            name="Ada Brown",
            lines=(home["address1"],),
            city=home["city"],
            postcode=home["zip"],
            country=home["country_code"],
            phone=home["phone"],
        ),
        lines=[
            LineWish(
                sku=line["sku"],
                quantity=line["quantity"],
                unit_price_milli=parse_minor(line["price"], told["currency"]) * MILLI_PER_MINOR,
            )
            for line in told["line_items"]
        ],
        service=SERVICE,
        shipping_minor=0,
        tenders=[TenderWish(method="marketplace")],
    )


def _headers(body: bytes, delivery: str) -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    return {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": delivery,
        "x-shopify-hmac-sha256": signature,
    }
