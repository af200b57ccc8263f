import asyncio

import asyncpg
import pytest

from crosslane.platform import facts
from crosslane.platform.database import Database, Tx
from crosslane.platform.facts import Fact
from crosslane.platform.migrations import MigrationChanged, migrate, pending, tenant_migrations
from crosslane.platform.tenants import (
    BadTenantName,
    NoSuchTenant,
    TenantExists,
    create_tenant,
    drop_tenant,
    find_tenant,
    list_tenants,
)


async def test_a_tenant_has_its_own_tables_and_sees_no_other(database: Database, tenant: str):
    other = tenant + "b"
    await create_tenant(database, other, host_names=[f"{other}.example"])
    try:
        async with database.transaction(tenant) as tx:
            await tx.execute("create table thing (n int)")
        async with database.transaction(other) as tx:
            assert await tx.fetchval("select to_regclass('thing')") is None
        assert {tenant, other} <= {t.name for t in await list_tenants(database)}
        found = await find_tenant(database, host_name=f"{other}.example")
        assert found is not None
        assert found.name == other
        assert await find_tenant(database, key_prefix=found.key_prefix) == found
        with pytest.raises(TenantExists):
            await create_tenant(database, other)
    finally:
        await drop_tenant(database, other)
    with pytest.raises(NoSuchTenant):
        await drop_tenant(database, other)
    assert await find_tenant(database, name=other) is None


@pytest.mark.parametrize("name", ["", "1a", "A", "a-b", 'a"; drop', "_x", "é", "x" * 41])
async def test_a_name_that_cannot_name_a_schema_is_refused(database: Database, name: str):
    with pytest.raises(BadTenantName):
        await create_tenant(database, name)


async def test_an_exception_leaves_nothing_behind(database: Database, tenant: str):
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(tenant) as tx:
            await tx.execute("create table thing (n int)")
            raise ZeroDivisionError
    async with database.transaction(tenant, read_only=True) as tx:
        assert await tx.fetchval("select to_regclass('thing')") is None
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await tx.execute("create table thing (n int)")


async def test_migrating_again_changes_nothing_and_a_changed_file_is_refused(
    database: Database, tenant: str
):
    assert not [p for p in await pending(database) if p.target == tenant]
    assert await migrate(database) == 0
    number = tenant_migrations()[0].number
    async with database.transaction(tenant) as tx:
        await tx.execute(
            "update platform_migration set checksum = 'another' where number = $1", number
        )
    with pytest.raises(MigrationChanged, match=tenant):
        await pending(database)


async def test_a_schema_that_lacks_a_migration_is_found_and_brought_up(
    database: Database, tenant: str
):
    last = tenant_migrations()[-1]
    async with database.transaction(tenant) as tx:
        await tx.execute("delete from platform_migration where number = $1", last.number)
        await tx.execute("create schema scratch_of_test")
        await tx.execute("drop schema scratch_of_test")
    assert [(p.number, p.name) for p in await pending(database) if p.target == tenant] == [
        (last.number, last.name)
    ]


async def test_a_fact_is_loaded_once_and_again_after_an_edit(database: Database, tenant: str):
    loads = 0

    async def load(tx: Tx) -> int:
        nonlocal loads
        loads += 1
        return await tx.fetchval("select n from thing")

    fact = Fact("thing", load)
    async with database.transaction(tenant) as tx:
        await tx.execute("create table thing (n int)")
        await tx.execute("insert into thing values (1)")
    for _ in range(3):
        async with database.transaction(tenant) as tx:
            assert await facts.get(tx, fact) == 1
    assert loads == 1
    async with database.transaction(tenant) as tx:
        await tx.execute("update thing set n = 2")
        await facts.touch(tx, "thing")
        assert await facts.get(tx, fact) == 2
        async with database.transaction(tenant) as reader:
            assert await facts.get(reader, fact) == 1
    async with database.transaction(tenant) as tx:
        assert await facts.get(tx, fact) == 2


async def test_an_edit_that_is_rolled_back_is_never_seen(database: Database, tenant: str):
    async def load(tx: Tx) -> int:
        return await tx.fetchval("select n from thing")

    fact = Fact("thing", load)
    async with database.transaction(tenant) as tx:
        await tx.execute("create table thing (n int)")
        await tx.execute("insert into thing values (1)")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(tenant) as tx:
            await tx.execute("update thing set n = 2")
            await facts.touch(tx, "thing")
            assert await facts.get(tx, fact) == 2
            raise ZeroDivisionError
    async with database.transaction(tenant) as tx:
        assert await facts.get(tx, fact) == 1


async def test_a_recreated_tenant_is_not_read_from_the_old_copy(database: Database, tenant: str):
    async def load(tx: Tx) -> int:
        return await tx.fetchval("select n from thing")

    fact = Fact("thing", load)
    for n in (1, 2):
        async with database.transaction(tenant) as tx:
            await tx.execute("create table thing (n int)")
            await tx.execute("insert into thing values ($1)", n)
            assert await facts.get(tx, fact) == n
        if n == 1:
            await drop_tenant(database, tenant)
            await create_tenant(database, tenant)


async def test_a_transaction_left_idle_is_ended_by_the_server(database: Database, tenant: str):
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        async with database.transaction(tenant) as tx:
            await tx.execute("set local idle_in_transaction_session_timeout = 50")
            await asyncio.sleep(0.5)
            await tx.fetchval("select 1")
