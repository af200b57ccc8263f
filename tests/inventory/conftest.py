from collections.abc import AsyncIterator

import httpx
import pytest

from crosslane.inventory import ROUTES
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.edge import Client, clients
from tests.inventory.shop import Shop, findings, opened


@pytest.fixture
async def shop(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Shop]:
    """A small retailer; when the test is over, verify must find nothing wrong with its stock."""
    shop = await opened(database, lanes, tenant)
    yield shop
    assert await findings(database, tenant) == []


@pytest.fixture
async def client_of(database: Database, lanes: Lanes, shop: Shop) -> AsyncIterator[Client]:
    """Makes clients by what they may do and where they belong."""
    async with clients(ROUTES, database, lanes, shop.tenant) as client:
        yield client


@pytest.fixture
def client(client_of: Client) -> httpx.AsyncClient:
    """A client that may do everything to stock."""
    return client_of("inventory:*")
