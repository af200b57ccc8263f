import pytest

from crosslane.platform.database import Database
from tests.api import Api
from tests.matrix.stores import Store, found_stores


@pytest.fixture
async def stores(database: Database, api: Api) -> list[Store]:
    return await found_stores(database, api)


@pytest.fixture
def store(stores: list[Store]) -> Store:
    return stores[0]
