"""A retailer whose carts are filled."""

import pytest
from tests.carts.buyer import Buyer
from tests.keeping import begin_with
from tests.orders.world import found_retailer

from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    """A tenant with goods, stock, carriers and prices."""
    await begin_with(database, tenant, found_retailer)
    return tenant


@pytest.fixture
def buyer(database: Database, lanes: Lanes, shop: str) -> Buyer:
    return Buyer(database, lanes, shop)
