"""A free connection goes to the tenant that had it last: its statements are planned for it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

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


async def session(database: Database, tenant: str) -> int:
    """Return which session of the server answers a tenant now, "" for the control schema."""
    if not tenant:
        async with database.connection() as connection:
            return await connection.fetchval(SESSION)
    async with database.transaction(tenant) as tx:
        return await tx.fetchval(SESSION)


async def at_once(database: Database, *names: str) -> list[int]:
    """Return which sessions answer tenants that ask at the same time, one after the other."""
    async with AsyncExitStack() as stack:
        found = []
        for name in names:
            tx = await stack.enter_async_context(database.transaction(name))
            found.append(await tx.fetchval(SESSION))
        return found


async def test_who_asks_in_turn_keeps_the_connection_it_had(postgres_url: str, tenant, others):
    names = [tenant, *others]
    async with connected(postgres_url, 5) as database:
        had = await at_once(database, *names)
        assert len(set(had)) == 3
        for _ in range(3):
            assert [await session(database, name) for name in reversed(names)] == had[::-1]


async def test_the_connection_nobody_has_wanted_for_longest_goes_to_a_stranger(
    postgres_url: str, tenant, others
):
    second, stranger = others
    async with connected(postgres_url, 5) as database:
        had = dict(zip((tenant, second), await at_once(database, tenant, second), strict=True))
        assert await session(database, tenant) == had[tenant]
        assert await session(database, stranger) == had[second]
        assert await session(database, "") == had[tenant]


async def test_none_is_opened_while_another_is_free(postgres_url: str, tenant, others):
    async with connected(postgres_url, 5) as database:
        assert len({await session(database, name) for name in (tenant, *others, "") * 2}) == 1
        assert database.pool.get_size() == 1


async def test_a_tenant_has_another_when_its_own_are_in_use(postgres_url: str, tenant, others):
    async with connected(postgres_url, 5) as database:
        first = await at_once(database, tenant, tenant)
        async with database.transaction(tenant) as tx:
            own = await tx.fetchval(SESSION)
            assert {own, await session(database, tenant)} == set(first)
            assert await session(database, others[0]) in first
        assert database.pool.get_size() == 2


async def test_a_connection_that_was_lost_is_opened_again(postgres_url: str, tenant, others):
    names = [others[0], tenant]
    async with connected(postgres_url, 2) as database:
        kept, lost = await at_once(database, *names)
        async with database.transaction(tenant) as tx:
            tx.conn.terminate()
        again = await at_once(database, *names)
        assert again[0] == kept
        assert again[1] not in (kept, lost)
