"""A small lively Marlow & Finch that serves as an operator would run it, and who works there."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from crosslane import demo
from crosslane.demo.client import Client, Connections
from crosslane.demo.stage import Stage
from crosslane.demo.world import World, build_world
from crosslane.demo.world.build import Size
from crosslane.demo.world.goods import read_articles
from crosslane.demo.world.places import read_places
from crosslane.platform.settings import read_settings
from crosslane.platform.tokens import Link, parse_token, sign_link
from tests.homes import made_home

ORDERS = 12
GOODS = 4
SITES_ONE_IN, SPARE_ARTICLES = 12, 40
WAREHOUSE, MARKETPLACE, TRADE = "DC1", "marketplace", "trade-web"
# Channels whose customers get the goods by parcel and a link to their order.
SENT = ("web", "phone", TRADE)
SEED = 1
# Browsers keep the session of a plain HTTP address only where nobody can listen.
HOST = "localhost"
LINK_DAYS = 30
SETTLED_SECONDS_MAX = 60.0
HOME = {
    "name": "Ada Brown",
    "lines": ["12 High Street"],
    "city": "Oxford",
    "postcode": "OX1 4AA",
    "country": "GB",
}
PRICE_MILLI, COST_MILLI = 450_000, 180_000


@dataclass
class Shop:
    """The retailer, as tests of pages need it.

    Attributes:
        url: where it answers.
        world: its places and people; ``world.logins`` names who may be signed in.
        store: code of the store where today's goods are collected.
        associate: who works there.
        goods: SKUs that lie in that store and in the warehouse; one of them is the store's own
            matter of ``test_store.py``, the last one that of sourcing anew.
        today: numbers of orders placed today: ``shipped`` (to be sent to a customer), ``pickup``
            (to be collected at the store), ``stopped`` (somebody has to look at it), and of an
            order that its customer has and brings some of back: ``delivered``.
        moved: number of a transfer that is on its way to the store; another one is to be sent from
            there.
    """

    stage: Stage
    world: World
    url: str
    store: str
    associate: str
    secret_key: bytes
    goods: list[str] = field(default_factory=list)
    today: dict[str, str] = field(default_factory=dict)
    moved: str = ""
    _connections: Connections | None = None

    def client(self, token: str = "") -> Client:
        """Somebody who speaks to the API: whose token it is, or the operator."""
        if self._connections is None:
            self._connections = Connections(self.stage.address)
        return Client(self._connections, token or self.world.operator_key)

    async def placed(self, *lines: dict[str, Any], **more: Any) -> str:
        """Place an order likewise, and wait until its payment is decided."""
        number = await self.place(*lines, **more)
        async with asyncio.timeout(SETTLED_SECONDS_MAX):
            while True:
                stops = (await self.order(number))["stops"]
                if all(stop["resolved_at"] for stop in stops if stop["kind"] == "payment"):
                    return number
                await asyncio.sleep(0.05)

    async def order(self, number: str) -> dict[str, Any]:
        """Return an order as the API shows it."""
        return await self.client().get(f"orders/{number}")

    async def place(self, *lines: dict[str, Any], **more: Any) -> str:
        """Place an order of the web shop, paid by card, and return its number."""
        body = {
            "channel": "web",
            "source_id": f"today-{secrets.token_hex(6)}",
            "buyer": {"email": "ada.brown@example.com", "name": "Ada Brown"},
            "ship_to": HOME,
            "lines": [{"unit_price_milli": PRICE_MILLI, **line} for line in lines],
            "tenders": [{"method": "card", "token": "tok_visa", "provider": "house"}],
            **more,
        }
        web = self.client(self.world.channels["web"].key)
        return (await web.send("orders", body))["number"]

    async def lies(self, sku: str, location: str, units: int) -> None:
        """Let units of an article lie somewhere."""
        await self._count([{"sku": sku, "location": location, "quantity": units}])

    async def lies_alone(self, sku: str, location: str, units: int) -> None:
        """Let units of an article lie somewhere, and none anywhere else."""
        page = await self.client().get(f"inventory/positions?sku={sku}&limit=200")
        elsewhere = [
            {"sku": sku, "location": one["location"], "quantity": 0}
            for one in page["items"]
            if one["location"] != location and one["on_hand"] and one["condition"] == "sellable"
        ]
        await self._count([*elsewhere, {"sku": sku, "location": location, "quantity": units}])

    async def _count(self, lines: list[dict[str, Any]]) -> None:
        # What is counted twice alike is counted twice all the same.
        key = secrets.token_hex(16)
        await self.client().send("inventory/counts", {"lines": lines}, key=key)

    async def move(self, source: str, destination: str, *lines: dict[str, Any]) -> str:
        """Ask for goods of one location for another, and return the number of the transfer."""
        body = {"source": source, "destination": destination, "lines": lines}
        key = secrets.token_hex(16)
        return (await self.client().send("transfers", body, key=key))["number"]

    async def order_link(self, number: str) -> str:
        """The path of an order's page, as its customer has it from a message."""
        order = await self.order(number)
        token = parse_token(self.world.operator_key)
        assert token is not None
        until = datetime.now(UTC) + timedelta(days=LINK_DAYS)
        return "/o/" + sign_link(
            self.secret_key, Link(token.prefix, "order", UUID(order["id"]), until)
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._connections is not None:
            await self._connections.close()


@asynccontextmanager
async def opened_shop() -> AsyncIterator[Shop]:
    """Found the retailer with a handful of orders, some of them of today, and serve it."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "CROSSLANE_PORT": "0",
        "CROSSLANE_WORKERS": "1",
    }
    source = demo.read_source(Path("nowhere"))
    invoices = demo.sort_lines(source.lines, source.codes)
    selection = demo.select(invoices, ORDERS, SEED, days=())
    async with AsyncExitStack() as stack:
        home = stack.enter_context(made_home("browser"))
        exchange = home / "exchange"
        exchange.mkdir()
        environment["CROSSLANE_EXCHANGE"] = str(exchange)
        stage = await stack.enter_async_context(demo.stage(home, environment))
        world = await build_world(stage, selection, SEED, demo.Unwatched(), _size(selection))
        await demo.replay(world, selection, seed=SEED, progress=demo.Unwatched())
        associate = next(
            login
            for login in world.logins.values()
            if world.places.get(login.location, None)
            and world.places[login.location].kind == "store"
        )
        shop = Shop(
            stage=stage,
            world=world,
            url=stage.address.replace("127.0.0.1", HOST),
            store=associate.location,
            associate=associate.code,
            secret_key=read_settings({"CROSSLANE_HOME": str(home)}).secret_key(),
        )
        stack.push_async_callback(shop.close)
        await _open_for_today(shop)
        yield shop


def _size(selection: demo.Selection) -> Size:
    """As much of the world as the orders need, because founding all of it takes long."""
    sites = [one["site_id"] for one in read_places()]
    warehouses = [one for one in sites if one.startswith("DC")]
    sold = {one.line.sku for invoice in selection.invoices for one in invoice.lines}
    some = {article.sku for article in read_articles()[:SPARE_ARTICLES]}
    return Size(frozenset((*warehouses, *sites[::SITES_ONE_IN])), frozenset(sold | some))


async def _open_for_today(shop: Shop) -> None:
    """Bring in orders on which nobody has worked yet."""
    operator = shop.client()
    # Stores have work at once, not after the minutes that customers have to change an order.
    at_once = {
        "kind": "orders.grace",
        "value": {"ship_minutes": 0, "ship_to_store_minutes": 0},
        "reason": "Tests wait for nothing",
        "scope": {"type": "channel", "code": "web"},
    }
    await operator.send("policies", at_once)
    # Nobody answers there, so that what it was to be told is seen waiting.
    told = {"url": "https://receiver.invalid/events", "description": "ERP", "kinds": ["orders.*"]}
    made = await operator.send("webhooks", told)
    await operator.send(f"webhooks/{made['webhook']['id']}/pings", {})
    small = (one for one in read_articles() if one.sku not in shop.world.delivered_only)
    shop.goods = [one.sku for one in islice(small, GOODS)]
    for code in (shop.store, WAREHOUSE):
        lines = [
            {"sku": sku, "location": code, "quantity": 40, "unit_cost_milli": COST_MILLI}
            for sku in shop.goods
        ]
        await operator.send("inventory/receipts", {"lines": lines})
    first, second, third = ({"sku": sku, "quantity": 2} for sku in shop.goods[:3])
    shop.moved = await shop.move(WAREHOUSE, shop.store, second)
    await operator.send(f"transfers/{shop.moved}/dispatches", {})
    await shop.move(shop.store, WAREHOUSE, third)
    collected = {"method": "pickup", "store": shop.store}
    shop.today = {
        "shipped": await shop.place(first, second),
        "pickup": await shop.place(first | collected, third | collected),
        "stopped": await shop.place(third, stops=[{"kind": "fraud", "reason": "A new customer"}]),
    }
    listed = await operator.get_all("orders")
    had = next(one for one in listed if one["status"] == "delivered" and one["channel"] in SENT)
    shop.today["delivered"] = had["number"]
    bought = await operator.get(f"orders/{had['id']}")
    line = bought["lines"][0]
    back = {"order_line": line["id"], "quantity": 1, "reason": "faulty", "item_state": "faulty"}
    await operator.send("returns", {"order": had["number"], "lines": [back]})
    await _open_marketplace(shop)


async def _open_marketplace(shop: Shop) -> None:
    """Connect a marketplace: it is offered goods, has an order replied to, and one held up.

    Files are exchanged with another channel.
    """
    operator = shop.client()
    offered = {
        "kind": "channels.offering",
        "value": {"sold": "all", "prices": True, "kept_units": 1, "cap": 30},
        "reason": "It sells what we have",
        "scope": {"type": "channel", "code": MARKETPLACE},
    }
    await operator.send("policies", offered)
    await operator.send(
        "channel-connections",
        {
            "channel": MARKETPLACE,
            "format": "orders-jsonl",
            "delivery": "pull",
            "token": secrets.token_hex(16),
        },
    )
    exchanged = {"channel": TRADE, "format": "orders-jsonl", "delivery": "folder"}
    await operator.send("channel-connections", exchanged)
    told = [
        {
            "type": "order",
            "source_id": source_id,
            "event_at": datetime.now(UTC).isoformat(),
            "buyer": {"name": "Ada Brown", "email": "ada.brown@example.com"},
            "ship_to": HOME,
            "lines": [{"sku": sku, "quantity": 1, "unit_price_milli": PRICE_MILLI}],
        }
        for source_id, sku in (("MP-1", shop.goods[0]), ("MP-2", "NOBODY-KNOWS-IT"))
    ]
    lines = "\n".join(map(json.dumps, told)).encode()
    sent = f"channels/{MARKETPLACE}/messages?format=orders-jsonl"
    answer = await operator.ask(sent, lines, content_type="application/x-ndjson")
    assert answer.status == 202, answer
    async with asyncio.timeout(SETTLED_SECONDS_MAX):
        for path in (
            "channel-messages?state=quarantined",
            "channel-outgoing?kind=order_reply",
            f"channel-offers?channel={MARKETPLACE}",
        ):
            while not (await operator.get(path))["items"]:  # noqa: ASYNC110 - another process works
                await asyncio.sleep(0.05)
