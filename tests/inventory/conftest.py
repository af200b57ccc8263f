from collections.abc import AsyncIterator

import pytest

from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.inventory.shop import Shop, findings, opened


@pytest.fixture
async def shop(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Shop]:
    """A small retailer; when the test is over, verify must find nothing wrong with its stock."""
    shop = await opened(database, lanes, tenant)
    yield shop
    assert await findings(database, tenant) == []
