import pytest

from crosslane import organization
from crosslane.platform.database import Database
from crosslane.returns import POLICIES
from tests.keeping import begin_with
from tests.orders.world import found_retailer
from tests.returns.counter import open_counters

organization.register_policies(POLICIES)


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    """A retailer with a second store, and a franchisee's third."""
    await begin_with(database, tenant, found_shop)
    return tenant


async def found_shop(database: Database, tenant: str) -> None:
    await found_retailer(database, tenant)
    await open_counters(database, tenant)
