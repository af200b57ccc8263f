"""Two stores, each with an order to collect, its work, a cart, a hold and goods on their way."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from crosslane import documents
from crosslane.locations import LocationDraft
from crosslane.locations.service.network import add_location
from crosslane.platform.database import Database
from crosslane.platform.log import run_reaction
from tests.api import Api
from tests.fulfillment.floor import settle
from tests.orders.world import STORE_ABILITIES, WEEK, found_retailer, set_policy

STORES = ("S0001", "S0002")


@dataclass
class Store:
    """What belongs to one store.

    Attributes:
        associate: a client of one of its people.
        own: identifiers by what they are of.
    """

    code: str
    location_id: str
    associate: httpx.AsyncClient
    own: dict[str, str] = field(default_factory=dict)


async def found_stores(database: Database, api: Api) -> list[Store]:
    """Make a retailer with two stores that know nothing of each other."""
    await found_retailer(database, api.tenant)
    await _second_store(database, api.tenant)
    async with database.transaction(api.tenant) as tx:
        await set_policy(tx, "documents.issue", {"issue": "always"}, "till")
    stores = []
    for code in STORES:
        location_id = (await read(api.admin, f"locations/{code}"))["id"]
        associate = await api.staff("associate", location_id=location_id)
        stores.append(Store(code, location_id, associate))
    for store in stores:
        await _furnish(api.admin, store)
    await settle(database, api.tenant)
    for reaction in documents.REACTIONS:
        await run_reaction(database, api.tenant, reaction)
    for store in stores:
        (document,) = await read(api.admin, f"orders/{store.own['sale']}/documents")
        store.own["document"] = document["id"]
        work = await read(api.admin, f"fulfillment-orders?order_id={store.own['order']}")
        store.own["work"] = work["items"][0]["id"]
        incoming = await read(api.admin, f"inventory/incoming?location={store.code}")
        store.own["incoming"] = incoming["items"][0]["id"]
        positions = await read(api.admin, f"inventory/positions?location={store.code}")
        store.own["position"] = positions["items"][0]["id"]
    return stores


async def _second_store(database: Database, tenant: str) -> None:
    draft = LocationDraft(
        code="S0002",
        kind="store",
        entity="mf",
        name="Place S0002",
        country="GB",
        nation="ENG",
        postcode="YO1 7HH",
        timezone="Europe/London",
        abilities=frozenset(STORE_ABILITIES),
        hours=WEEK,
        cut_off="15:00",
        handling_hours=2,
    )
    async with database.transaction(tenant) as tx:
        await add_location(tx, draft)


async def _furnish(admin: httpx.AsyncClient, store: Store) -> None:
    received = {"sku": "MUG", "location": store.code, "quantity": 20}
    await send(admin, "inventory/receipts", {"lines": [received]})
    await send(
        admin,
        "inventory/incoming-reports",
        {
            "source": f"supplier-{store.code.lower()}",
            "message": "1",
            "as_of": "2026-01-01T00:00:00Z",
            "lines": [
                {
                    "reference": f"PO-{store.code}",
                    "sku": "MUG",
                    "location": store.code,
                    "quantity": 5,
                    "available_on": "2099-01-20",
                }
            ],
        },
    )
    order = {
        "channel": "web",
        "buyer": {"email": f"{store.code.lower()}@example.com", "name": f"Buyer of {store.code}"},
        "lines": [{"sku": "MUG", "quantity": 2, "method": "pickup", "store": store.code}],
        "tenders": [{"method": "cash"}],
    }
    placed = await send(admin, "orders", order)
    store.own |= {"order": placed["id"], "number": placed["number"]}
    cart = await send(store.associate, "carts", {"channel": "till"})
    store.own["cart"] = cart["id"]
    brought = {
        "channel": "till",
        "location": store.code,
        "lines": [{"sku": "MUG", "quantity": 1}],
        "blind_override_reason": "a known customer",
    }
    store.own["return"] = (await send(admin, "return-desk", brought))["return_id"]
    sent = {
        "source": store.code,
        "destination": "DC1",
        "lines": [{"sku": "MUG", "quantity": 2}],
    }
    store.own["transfer"] = (await send(admin, "transfers", sent))["id"]
    till = {"channel": "till", "location_id": store.location_id, "paid_by": "cash"}
    gift = await send(admin, "gift-cards", till | {"minor": 500, "reference": store.code})
    store.own["gift"] = gift["value"]["id"]
    sold = {
        "channel": "till",
        "lines": [{"sku": "MUG", "quantity": 1, "method": "carry_out", "store": store.code}],
        "tenders": [{"method": "cash"}],
    }
    store.own["sale"] = (await send(admin, "orders", sold))["id"]
    hold = {
        "lines": [{"sku": "MUG", "location": store.code, "quantity": 1}],
        "holder": "till",
        "holder_id": cart["id"],
        "expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    held = await send(admin, "inventory/holds", hold)
    store.own["hold"] = held["holds"][0]["id"]


async def send(client: httpx.AsyncClient, path: str, body: Any) -> Any:
    """Post a body; the answer must be a success."""
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()


async def read(client: httpx.AsyncClient, path: str) -> Any:
    """Return what is shown."""
    answer = await client.get(f"/api/v1/{path}")
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()
