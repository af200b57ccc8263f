"""Tests may rely on it: a tenant that another test had before is as good as a new one."""

from collections.abc import AsyncIterator

import pytest

from crosslane.platform.database import Database, Tx
from tests.tenancy import Tenants

SCHEMA = "select oid from pg_namespace where nspname = $1"
TABLES = "select relname from pg_class where relnamespace = $1::regnamespace and relkind = 'r'"


@pytest.fixture
async def lent(database: Database) -> AsyncIterator[Tenants]:
    tenants = Tenants(database)
    await tenants.open()
    yield tenants
    await tenants.close()


async def schema(database: Database, tenant: str) -> int:
    async with database.connection() as connection:
        return await connection.fetchval(SCHEMA, f"t_{tenant}")


async def counts(tx: Tx) -> dict[str, int]:
    tables = [row["relname"] for row in await tx.fetch(TABLES, f"t_{tx.tenant}")]
    return {table: await tx.fetchval(f"select count(*) from {table}") for table in tables}  # noqa: S608


async def test_what_comes_back_is_emptied_and_lent_under_another_name(lent, database):
    first = await lent.take()
    made = await schema(database, first)
    async with database.transaction(first) as tx:
        new, version = await counts(tx), tx.versions[""]
        await tx.execute("create table thing (n int)")
        await tx.execute("insert into platform_log_subject values ('order:1', 1)")
        await tx.execute("update ledger_account set open = false")
        assert await tx.fetchval("select nextval('platform_log_id')") == 1
        assert await counts(tx) != new
    await lent.give_back(first)
    again = await lent.take()
    assert again != first
    assert await schema(database, again) == made
    async with database.transaction(again) as tx:
        assert await counts(tx) == new
        assert tx.versions[""] != version
        assert await tx.fetchval("select bool_and(open) from ledger_account")
        assert await tx.fetchval("select nextval('platform_log_id')") == 1
    await lent.give_back(again)


@pytest.mark.parametrize(
    "change",
    [
        "alter table ledger_account drop constraint ledger_account_kind_check",
        "alter table ledger_account alter column name drop not null",
        "drop table platform_backlog",
    ],
)
async def test_a_tenant_with_changed_tables_is_not_lent_again(lent, database, change):
    name = await lent.take()
    made = await schema(database, name)
    async with database.transaction(name) as tx:
        await tx.execute(change)
    await lent.give_back(name)
    other = await lent.take()
    assert await schema(database, other) != made
    await lent.give_back(other)
