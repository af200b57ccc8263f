from collections.abc import AsyncIterator, Callable
from uuid import UUID

import httpx
import pytest

from crosslane.inventory import ROUTES
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.tenants import find_tenant
from crosslane.platform.tokens import KEY, Token, new_token
from crosslane.platform.web import Gate, build_app
from tests.inventory.shop import Shop, findings, opened

EVERYTHING = frozenset({"inventory:*"})


@pytest.fixture
async def shop(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Shop]:
    """A small retailer; when the test is over, verify must find nothing wrong with its stock."""
    shop = await opened(database, lanes, tenant)
    yield shop
    assert await findings(database, tenant) == []


@pytest.fixture
async def client_of(
    database: Database, lanes: Lanes, shop: Shop
) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """Makes clients by what they may do and where they belong."""
    found = await find_tenant(database, name=shop.tenant)
    actors: dict[str, Actor] = {}

    async def identify(_: object, token: Token) -> Actor | None:
        return actors.get(str(token))

    gate = Gate(secret_key=b"test")
    gate.open(database, lanes, identify)
    app = build_app(ROUTES, gate)
    clients: list[httpx.AsyncClient] = []

    def client(
        permissions: frozenset[str] = EVERYTHING, location_id: UUID | None = None
    ) -> httpx.AsyncClient:
        token = new_token(KEY, found.key_prefix)
        actors[str(token)] = Actor("api_key", token.id, permissions, location_id)
        clients.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
                base_url="http://shop.example",
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
        )
        return clients[-1]

    yield client
    for each in clients:
        await each.aclose()


@pytest.fixture
def client(client_of: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client that may do everything to stock."""
    return client_of()
