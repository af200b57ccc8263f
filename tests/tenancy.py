"""Fixtures: a migrated database, and a fresh tenant for every test that asks for one."""

import secrets
from collections.abc import AsyncIterator

import pytest

from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Lanes
from crosslane.platform.migrations import migrate
from crosslane.platform.tenants import create_tenant, drop_tenant


@pytest.fixture(scope="session")
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A pool on the real server, its control schema up to date."""
    bulk = await Database.connect(postgres_url, connections=1, bulk=True)
    await migrate(bulk)
    await bulk.close()
    database = await Database.connect(postgres_url, connections=20)
    yield database
    await database.close()


@pytest.fixture
async def tenant(database: Database) -> AsyncIterator[str]:
    """The name of a tenant of this test's own, with all its tables and nothing in them."""
    name = f"t{secrets.token_hex(6)}"
    await create_tenant(database, name)
    yield name
    await drop_tenant(database, name)


@pytest.fixture
async def tx(database: Database, tenant: str) -> AsyncIterator[Tx]:
    """An open transaction of that tenant, committed when the test ends."""
    async with database.transaction(tenant) as tx:
        # A test may think between two statements for as long as a busy machine makes it.
        await tx.execute("set local idle_in_transaction_session_timeout = 0")
        yield tx


@pytest.fixture
async def lanes(database: Database) -> AsyncIterator[Lanes]:
    """Lanes on that database."""
    lanes = Lanes(database)
    yield lanes
    await lanes.drain()
