import pytest

from crosslane.platform.database import Database
from tests.orders.world import found_retailer


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    """A tenant with everything an order needs."""
    await found_retailer(database, tenant)
    return tenant
