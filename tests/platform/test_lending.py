"""A free connection goes to the tenant that had it: its statements are planned for that tenant."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crosslane.platform import lending
from crosslane.platform.database import Database
from crosslane.platform.tenants import create_tenant, drop_tenant

SESSION = "select pg_backend_pid()"


@asynccontextmanager
async def connected(url: str, connections: int) -> AsyncIterator[Database]:
    database = await Database.connect(url, connections=connections)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def others(database: Database, tenant: str) -> AsyncIterator[list[str]]:
    """Two tenants more."""
    names = [tenant + "b", tenant + "c"]
    for name in names:
        await create_tenant(database, name)
    yield names
    for name in names:
        await drop_tenant(database, name)


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch):
    """However slow this machine is, what a tenant had is kept."""
    monkeypatch.setattr(lending, "KEPT_SECONDS", math.inf)


async def session(database: Database, tenant: str) -> int:
    """Return which session of the server answers a tenant now, "" for the control schema."""
    if not tenant:
        async with database.connection() as connection:
            return await connection.fetchval(SESSION)
    async with database.transaction(tenant) as tx:
        return await tx.fetchval(SESSION)


async def test_who_asks_in_turn_keeps_a_connection(postgres_url: str, tenant, others):
    names = [tenant, others[0], ""]
    async with connected(postgres_url, 3) as database:
        first = [await session(database, name) for name in names]
        assert len(set(first)) == 3
        for _ in range(3):
            assert [await session(database, name) for name in reversed(names)] == first[::-1]


async def test_the_connection_nobody_has_wanted_for_longest_goes_to_a_stranger(
    postgres_url: str, tenant, others
):
    second, stranger = others
    async with connected(postgres_url, 2) as database:
        own = {name: await session(database, name) for name in (tenant, second)}
        assert await session(database, tenant) == own[tenant]
        assert await session(database, stranger) == own[second]
        assert await session(database, tenant) == own[tenant]


async def test_no_other_is_opened_where_one_is_given_up(
    postgres_url: str, tenant, others, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lending, "KEPT_SECONDS", 0)
    async with connected(postgres_url, 5) as database:
        assert len({await session(database, name) for name in (tenant, *others, "")}) == 1


async def test_one_alone_needs_one_connection_at_a_time(postgres_url: str, tenant):
    async with connected(postgres_url, 5) as database:
        assert len({await session(database, tenant) for _ in range(4)}) == 1
        async with database.transaction(tenant) as tx:
            own = await tx.fetchval(SESSION)
            assert await session(database, tenant) != own


async def test_a_connection_that_was_lost_is_opened_again(postgres_url: str, tenant, others):
    async with connected(postgres_url, 2) as database:
        own = {name: await session(database, name) for name in (tenant, others[0])}
        async with database.connection(tenant) as connection:
            connection.terminate()
        opened = await session(database, tenant)
        assert opened not in own.values()
        assert await session(database, others[0]) == own[others[0]]
        assert await session(database, tenant) == opened
