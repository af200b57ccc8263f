import pytest
from tests.sourcing.world import Shop, opened

from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes


@pytest.fixture
async def shop(database: Database, lanes: Lanes, tenant: str) -> Shop:
    return await opened(database, lanes, tenant)
