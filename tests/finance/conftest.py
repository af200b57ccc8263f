import pytest

from crosslane import finance
from crosslane.platform.database import Database
from crosslane.platform.log import run_reaction
from tests.orders.world import found_retailer


class Books:
    """A retailer whose orders are posted when told to."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database, self.tenant = database, tenant

    def transaction(self):
        return self.database.transaction(self.tenant)

    async def post(self) -> None:
        """Let finance read everything there is."""
        for reaction in finance.REACTIONS:
            while await run_reaction(self.database, self.tenant, reaction):
                pass


@pytest.fixture
async def books(database: Database, tenant: str) -> Books:
    await found_retailer(database, tenant)
    return Books(database, tenant)
