"""Fixtures: one tenant for all tests of a file, because what they try must change nothing."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from crosslane.platform.database import Database
from tests.api import Api, open_api
from tests.matrix.stores import Store, found_stores
from tests.tenancy import Tenants


@pytest.fixture(scope="module")
async def api(app: Litestar, database: Database, tenants: Tenants) -> AsyncIterator[Api]:
    """A tenant of the application."""
    name = await tenants.take()
    async with open_api(app, database, name) as api:
        yield api
    await tenants.give_back(name)


@pytest.fixture(scope="module")
async def stores(database: Database, api: Api) -> list[Store]:
    """Two stores of it, each with its people and belongings."""
    return await found_stores(database, api)
