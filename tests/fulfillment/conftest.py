import pytest

from crosslane.platform.database import Database
from tests.keeping import begin_with
from tests.orders.world import found_retailer


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    """A tenant with everything an order needs."""
    await begin_with(database, tenant, found_retailer)
    return tenant
