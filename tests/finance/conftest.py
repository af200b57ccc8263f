import pytest

from crosslane import finance
from crosslane.platform.database import Database
from tests.keeping import begin_with
from tests.orders.world import found_retailer
from tests.reacting import react_to_all


class Books:
    """A retailer whose orders are posted when told to."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database, self.tenant = database, tenant

    def transaction(self):
        return self.database.transaction(self.tenant)

    async def post(self) -> None:
        """Let finance read everything there is."""
        await react_to_all(self.database, self.tenant, finance.REACTIONS)


@pytest.fixture
async def books(database: Database, tenant: str) -> Books:
    await begin_with(database, tenant, found_retailer)
    return Books(database, tenant)
