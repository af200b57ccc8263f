"""Carts over HTTP, by a shop's key and by customers."""

import secrets
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import httpx
import pytest
from tests.edge import served
from tests.orders.world import found_retailer

from crosslane.carts import ROUTES
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.seals import use_secret
from crosslane.platform.tenants import find_tenant
from crosslane.platform.tokens import KEY, Token, new_token

BOTH = frozenset({"carts:read", "carts:write"})

Client = Callable[..., httpx.AsyncClient]

use_secret(b"a secret of the tests alone")


@pytest.fixture
async def client_of(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Client]:
    """Clients of a shop with goods and stock, by what they may do and who they are."""
    await found_retailer(database, tenant)
    found = await find_tenant(database, name=tenant)
    actors: dict[str, Actor] = {}

    async def identify(_: object, token: Token) -> Actor | None:
        return actors.get(str(token))

    app, gate = served(tuple(ROUTES))
    gate.open(database, lanes, identify)
    clients: list[httpx.AsyncClient] = []

    def client(permissions: frozenset[str] = BOTH, **who) -> httpx.AsyncClient:
        token = new_token(KEY, found.key_prefix)
        actors[str(token)] = Actor("api_key", token.id, permissions, **who)
        opened = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://shop.example",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        clients.append(opened)
        return opened

    yield client
    for each in clients:
        await each.aclose()


@pytest.fixture
def client(client_of: Client) -> httpx.AsyncClient:
    return client_of()


async def send(client: httpx.AsyncClient, path: str, body: dict | None) -> httpx.Response:
    content = {} if body is None else {"json": body}
    return await client.post(
        f"/api/v1/{path}", headers={"Idempotency-Key": secrets.token_hex(8)}, **content
    )


def operation(type: str, base_version: int = 0, **change) -> dict:
    return {
        "id": str(uuid4()),
        "base_version": base_version,
        "change": {"type": type, **change},
    }


async def begin(client: httpx.AsyncClient, *operations: dict) -> dict:
    answer = await send(client, "carts", {"channel": "web", "operations": list(operations)})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_cart_is_begun_edited_and_read_back(client):
    line = str(uuid4())
    cart = await begin(client, operation("add", line_id=line, sku="MUG", quantity=2))
    path = f"carts/{cart['id']}/operations"
    edits = [
        operation("change", 1, line_id=line, quantity=3),
        operation("option", 1, method="ship", service="standard"),
        operation("coupon", 1, code="spring"),
        operation("buyer", 1, email="ann@example.com"),
        operation("tender", 1, tender_id=str(uuid4()), method="card", token="tok"),
    ]
    edited = (await send(client, path, {"operations": edits})).json()
    assert (edited["version"], edited["lines"][0]["quantity"]) == (6, 3)
    assert edited["coupons"] == ["SPRING"]
    shown = await client.get(f"/api/v1/carts/{cart['id']}")
    assert shown.json() == edited
    again = (await send(client, path, {"operations": edits[::-1]})).json()
    assert again == edited


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"type": "steal"}, 422),
        ({"type": "add", "line_id": str(uuid4()), "sku": "MUG", "quantity": 0}, 422),
        ({"type": "add", "line_id": str(uuid4()), "sku": "MUG", "quantity": 1, "x": 1}, 422),
        ({"type": "add", "line_id": str(uuid4()), "sku": "GONE", "quantity": 1}, 422),
        ({"type": "tender", "tender_id": str(uuid4()), "method": "shells"}, 422),
    ],
)
async def test_a_malformed_operation_is_refused(client, change, status):
    cart = await begin(client)
    wish = {"id": str(uuid4()), "base_version": 0, "change": change}
    answer = await send(client, f"carts/{cart['id']}/operations", {"operations": [wish]})
    assert answer.status_code == status, answer.text


async def test_nobody_reads_or_edits_a_foreign_cart(client_of):
    ann, bob = (client_of(customer_id=UUID(int=n)) for n in (1, 2))
    cart = await begin(ann)
    assert (await ann.get(f"/api/v1/carts/{cart['id']}")).status_code == 200
    assert (await bob.get(f"/api/v1/carts/{cart['id']}")).status_code == 404
    edit = {"operations": [operation("coupon", code="A")]}
    assert (await send(bob, f"carts/{cart['id']}/operations", edit)).status_code == 404
    assert (await bob.get("/api/v1/carts")).json()["items"] == []
    assert len((await ann.get("/api/v1/carts", params={"state": "open"})).json()["items"]) == 1


async def test_a_cart_goes_from_quote_to_order(client):
    line = str(uuid4())
    home = {
        "country": "GB",
        "lines": ["12 High Street"],
        "city": "Oxford",
        "postcode": "OX1 4AA",
        "name": "Ada Brown",
    }
    cart = await begin(
        client,
        operation("add", line_id=line, sku="MUG", quantity=2),
        operation("address", address=home),
        operation("tender", tender_id=str(uuid4()), method="cash"),
    )
    path = f"carts/{cart['id']}"
    ways = await client.get(f"/api/v1/{path}/choices")
    assert ways.json()["deliveries"][0]["service"] == "STANDARD48", ways.text
    quoted = await client.post(f"/api/v1/{path}/quote")
    assert quoted.status_code == 200, quoted.text
    told = quoted.json()
    assert told["cart"]["lines"][0]["key"] == line
    assert told["promises"][0]["available"] == 2
    held = await send(client, f"{path}/hold", None)
    assert (held.status_code, held.json()["lines"][0]["location"]) == (201, "DC1")
    order = {"version": told["version"], "quote": told["quote"]}
    placed = await send(client, f"{path}/order", order)
    assert placed.status_code == 201, placed.text
    assert placed.json()["gross_minor"] == told["cart"]["gross_minor"]
    again = await send(client, f"{path}/order", order)
    assert (again.status_code, again.json()["code"]) == (409, "cart-placed")
    missing = await client.post(f"/api/v1/carts/{uuid4()}/quote")
    assert missing.status_code == 404


async def test_every_route_asks_for_its_permission(client_of):
    nobody = client_of(frozenset())
    for route in ROUTES:
        path = route.path.replace("{cart_id}", str(uuid4()))
        assert (await nobody.request(route.method, path)).status_code == 403, route.name
