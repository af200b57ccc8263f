import pytest

from crosslane.platform.database import Database
from tests.channels.bazaar import Bazaar, open_bazaar


@pytest.fixture
async def bazaar(database: Database, tenant: str) -> Bazaar:
    """A tenant that sells at a marketplace and over a till."""
    return await open_bazaar(database, tenant)
