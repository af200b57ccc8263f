"""Orders as channels tell them: read a core, and delivered at the door, new and again.

Reading is parsing and checking to canonical messages, in processor time of one core. A first
delivery is signed, read, stored and applied, which places its order; one that comes again is
signed and found to be known. No worker runs meanwhile: one process asks and applies.
"""

import asyncio
import base64
import hmac
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from typing import Any

import msgspec

from crosslane import channels, orders, organization, pricing
from crosslane.bench.figures import DEMO, Figure, Scale
from crosslane.bench.shop import LONG_AGO, skus
from crosslane.bench.site import TENANT, site
from crosslane.channels import FAMILIES, RECEIVE, Context, read_body
from crosslane.organization import Scope, SetPolicy
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from crosslane.platform.seals import use_secret

READ_LEAST = 5_000.0
AGAIN_MOST = 0.2
CHANNEL = "web"
SECRET = "a secret of the app"  # noqa: S105
CLIENTS = 64
BATCHES_MAX = 100_000
LINES = 3
AT = datetime(2012, 1, 5, 10, 0, 0, tzinfo=UTC)
Document = dict[str, Any]
HOME = {
    "first_name": "Ada",
    "last_name": "Brown",
    "address1": "12 High Street",
    "address2": None,
    "city": "Oxford",
    "zip": "OX1 1AA",
    "country": "United Kingdom",
    "country_code": "GB",
    "province": None,
    "latitude": 51.752,
    "longitude": -1.2577,
    "phone": "01865 000000",
}


async def intake(scale: Scale = DEMO) -> list[Figure]:
    """Measure orders read a second a core, and what a delivery costs that comes again."""
    told = [_of_shop(number, skus(scale)) for number in range(scale.orders)]
    own = [_of_ours(number, skus(scale)) for number in range(scale.orders)]
    read = {"shopify": _pace("shopify", told), "orders-jsonl": _pace("orders-jsonl", own)}
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
        *(
            Figure(name=f"orders of {name} read", value=round(pace), unit="a second a core",
                   least=READ_LEAST, key=f"{name.replace('-', '_')}_read_per_s")
            for name, pace in read.items()
        ),
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


def _pace(format: str, documents: Sequence[Document]) -> float:
    """Return how many documents are read a second of processor time."""
    family = FAMILIES[format]
    context = Context(channel=CHANNEL, currency="GBP", received_at=AT)
    raw = [msgspec.json.encode(one) for one in documents]
    began = time.process_time()
    for body in raw:
        if any(reading.fault for reading in family.read(BytesIO(body), context)):
            raise RuntimeError(f"{format} does not read its own order")
    return len(raw) / (time.process_time() - began)


def _of_ours(number: int, sold: Sequence[str]) -> Document:
    return {
        "type": "order",
        "source_id": f"O-{number}",
        "event_at": AT,
        "buyer": {"name": "Ada Brown", "email": f"ada{number}@example.com"},
        "ship_to": {
            "name": "Ada Brown",
            "lines": ["12 High Street"],
            "city": "Oxford",
            "postcode": "OX1 1AA",
            "country": "GB",
        },
        "lines": [
            {"id": str(n), "sku": sku, "quantity": 1, "unit_price_milli": 600_000}
            for n, sku in enumerate(_goods(number, sold))
        ],
    }


def _of_shop(number: int, sold: Sequence[str]) -> Document:
    """Return an order with what real ones have beside what we read."""
    lines = [
        {
            "id": number * LINES + n,
            "variant_id": 9_000 + n,
            "product_id": 8_000 + n,
            "sku": sku,
            "title": f"Article {sku}",
            "name": f"Article {sku}",
            "quantity": 1,
            "price": "6.00",
            "grams": 300,
            "vendor": "Marlow",
            "taxable": True,
            "gift_card": False,
            "requires_shipping": True,
            "fulfillment_service": "manual",
            "fulfillment_status": None,
            "total_discount": "0.00",
            "properties": [],
            "discount_allocations": [],
            "tax_lines": [{"title": "VAT", "price": "1.00", "rate": 0.2}],
        }
        for n, sku in enumerate(_goods(number, sold))
    ]
    return {
        "id": 1_000_000 + number,
        "name": f"#{number}",
        "order_number": number,
        "email": f"ada{number}@example.com",
        "currency": "GBP",
        "financial_status": "authorized",
        "fulfillment_status": None,
        "taxes_included": True,
        "test": False,
        "created_at": AT,
        "processed_at": AT,
        "updated_at": AT,
        "cancelled_at": None,
        "total_price": "18.00",
        "subtotal_price": "18.00",
        "total_tax": "3.00",
        "total_discounts": "0.00",
        "customer_locale": "en",
        "source_name": "web",
        "tags": "new, british",
        "token": "b1946ac92492d2347c6235b4d2611184",
        "landing_site": "/",
        "note_attributes": [{"name": "colour", "value": "red"}],
        "customer": {"id": 7, "first_name": "Ada", "last_name": "Brown", "state": "enabled"},
        "shipping_address": HOME,
        "billing_address": HOME,
        "shipping_lines": [{"code": "Standard", "title": "Standard", "price": "0.00"}],
        "line_items": lines,
        "fulfillments": [],
        "refunds": [],
    }


def _goods(number: int, sold: Sequence[str]) -> list[str]:
    return [sold[(number * LINES + n) % len(sold)] for n in range(LINES)]


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
