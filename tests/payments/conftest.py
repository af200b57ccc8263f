"""A strict provider in a process of its own, and a tenant connected to it."""

from collections.abc import AsyncIterator

import pytest
from tests.payments.fake import API_KEY, WEBHOOK_SECRET, FakeProvider
from tests.payments.purse import Purse
from tests.payments.shop import Shop

from crosslane.payments import PutProvider, put_provider
from crosslane.platform.database import Database


@pytest.fixture
def provider(payment_provider: FakeProvider) -> FakeProvider:
    """The strict provider."""
    return payment_provider


@pytest.fixture
async def connected(database: Database, tenant: str, provider: FakeProvider) -> str:
    """The name of a tenant that has the strict provider under the code ``house``."""
    async with database.transaction(tenant) as tx:
        await put_provider(tx, PutProvider("house", "house", provider.url, API_KEY, WEBHOOK_SECRET))
    return tenant


@pytest.fixture
async def shop(database: Database, connected: str) -> AsyncIterator[Shop]:
    """A tenant that takes cards through the strict provider; sound when the test ends."""
    shop = Shop(database, connected)
    yield shop
    await shop.end()


@pytest.fixture
async def till(database: Database, tenant: str) -> AsyncIterator[Shop]:
    """A tenant without any provider; sound when the test ends."""
    shop = Shop(database, tenant)
    yield shop
    await shop.end()


@pytest.fixture
async def purse(till: Shop) -> Purse:
    """A tenant of two entities that sells gift cards, without any provider."""
    purse = Purse(till)
    await purse.found()
    return purse
