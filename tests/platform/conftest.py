"""A tenant whose doors are knocked at, for tests of calls."""

import pytest

from crosslane.platform.database import Database
from tests.platform.knocking import Counterpart, furnish


@pytest.fixture
async def house(database: Database, tenant: str) -> str:
    return await furnish(database, tenant)


@pytest.fixture
def other() -> Counterpart:
    return Counterpart()
