"""Fixtures: one retailer for all the strange requests of a file."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from crosslane.platform.database import Database
from tests.api import open_api
from tests.fuzz.place import Place, found_place
from tests.tenancy import Tenants


@pytest.fixture(scope="module")
async def place(app: Litestar, database: Database, tenants: Tenants) -> AsyncIterator[Place]:
    """A retailer that has something of everything."""
    name = await tenants.take()
    async with open_api(app, database, name) as api:
        yield await found_place(database, api)
    await tenants.give_back(name)
