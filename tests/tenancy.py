"""Fixtures: a migrated database, and a clean tenant for every test that asks for one."""

import secrets
from collections.abc import AsyncIterator, Iterator, Sequence

import asyncpg
import pytest
from argon2 import PasswordHasher

from crosslane.platform import database as limits
from crosslane.platform.auth import passwords
from crosslane.platform.database import Database, Tx, schema_of
from crosslane.platform.lane import Lanes
from crosslane.platform.migrations import migrate
from crosslane.platform.tenants import (
    DELETE_TENANT,
    INSERT_TENANT,
    INSERT_WAKE,
    create_tenant,
    drop_tenant,
)
from tests.keeping import forget_kept
from tests.patience import HASTY_SECONDS, be_patient

# Of tables; their indexes are about as large again.
SPARE_BYTES_MAX = 8_000_000

# Who changes a table writes a later row of the catalog or takes one away; emptying does neither.
# Indexes are told by their numbers alone, because nobody changes one but by making another.
SHAPE = """
with mine as materialized (
    select oid, relkind from pg_class where relnamespace = $1::regnamespace
), tables as (
    select array(select oid from mine where relkind in ('r', 'p')) as oids
), written as (
    select xmin from pg_attribute where attrelid = any ((select oids from tables)::oid[])
    union all select xmin from pg_constraint where connamespace = $1::regnamespace
    union all select xmin from pg_trigger where tgrelid = any ((select oids from tables)::oid[])
    union all select xmin from pg_proc where pronamespace = $1::regnamespace
)
select (select count(*) || ':' || sum(oid::bigint) from mine) || ':'
    || count(*) || ':' || max(xmin::text::bigint)
from written
"""
ADDED = """
select relname from pg_class
where relnamespace = $1::regnamespace and relkind in ('r', 'p') and relname not in (
    select relname from pg_class where relnamespace = $2::regnamespace
)
"""
# A table is made after those it refers to.
FILLED = """
select relname, bytes from pg_class, pg_relation_size(oid) as bytes
where relnamespace = $1::regnamespace and relkind = 'r' and bytes > 0
order by oid desc
"""
SEQUENCES = """
select relname, seqstart from pg_class join pg_sequence on seqrelid = pg_class.oid
where relnamespace = $1::regnamespace
"""


class Tenants:
    """Lends clean tenants, because making all tables anew takes longer than most tests.

    What comes back loses the tables a test added, is emptied, and lent again under another name. A
    tenant whose own tables were changed is dropped.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fresh = ""
        self._seeded: list[str] = []
        self._restart = ""
        self._spare: list[str] = []
        self._shapes: dict[str, str] = {}

    async def open(self) -> None:
        """Keep a tenant as it is when new, for the rows that its migrations put in."""
        self._fresh = f"fresh_{secrets.token_hex(6)}"
        await create_tenant(self._database, self._fresh)
        async with self._database.connection() as connection:
            await connection.execute(DELETE_TENANT, self._fresh)
            rows = await connection.fetch(FILLED, schema_of(self._fresh))
            self._seeded = [row["relname"] for row in reversed(rows)]
            rows = await connection.fetch(SEQUENCES, schema_of(self._fresh))
            begun = (f"setval('{row['relname']}', {row['seqstart']}, false)" for row in rows)
            self._restart = f"select {', '.join(begun)}"

    async def close(self) -> None:
        """Drop what was kept."""
        async with self._database.connection() as connection:
            for name in (self._fresh, *self._spare):
                await connection.execute(f"drop schema {schema_of(name)} cascade")

    async def take(self) -> str:
        """Return the name of a tenant that nobody ever used under this name."""
        name = f"t{secrets.token_hex(6)}"
        async with self._database.connection() as connection:
            if self._spare:
                spare = self._spare.pop()
                self._shapes[name] = self._shapes.pop(spare)
                async with connection.transaction():
                    await connection.execute(
                        f"alter schema {schema_of(spare)} rename to {schema_of(name)}"
                    )
                    await connection.execute(INSERT_TENANT, name, secrets.token_hex(5), [])
                    await connection.execute(INSERT_WAKE, name)
            else:
                await create_tenant(self._database, name)
                self._shapes[name] = await connection.fetchval(SHAPE, schema_of(name))
        return name

    async def give_back(self, name: str) -> None:
        """Empty a tenant for the next test, or drop it."""
        shape, schema = self._shapes.pop(name), schema_of(name)
        async with self._database.connection() as connection:
            same = await connection.fetchval(SHAPE, schema) == shape
            if not same:
                for row in await connection.fetch(ADDED, schema, schema_of(self._fresh)):
                    await connection.execute(f'drop table {schema}."{row["relname"]}" cascade')
                same = await connection.fetchval(SHAPE, schema) == shape
            filled = await connection.fetch(FILLED, schema)
            if same and sum(row["bytes"] for row in filled) < SPARE_BYTES_MAX:
                spare = f"spare_{secrets.token_hex(6)}"
                tables = [row["relname"] for row in filled]
                async with connection.transaction():
                    await self._empty(connection, name, spare, tables)
                self._shapes[spare] = shape
                self._spare.append(spare)
                return
        await drop_tenant(self._database, name)

    async def _empty(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        name: str,
        spare: str,
        tables: Sequence[str],
    ) -> None:
        schema, fresh = schema_of(spare), schema_of(self._fresh)
        await connection.execute(DELETE_TENANT, name)
        await connection.execute(f"alter schema {schema_of(name)} rename to {schema}")
        emptied = "; ".join(f'delete from {schema}."{table}"' for table in tables)  # noqa: S608
        await connection.execute(emptied)
        for table in self._seeded:
            rows = f'table {fresh}."{table}"'
            await connection.execute(f'insert into {schema}."{table}" {rows}')
        # Copies that processes keep in memory are known by this version.
        await connection.execute(f"set local search_path to {schema}")
        await connection.execute("update platform_fact set version = pg_current_xact_id()")
        await connection.execute(self._restart)


@pytest.fixture(scope="session", autouse=True)
def _patience() -> Iterator[None]:
    """Let whatever of this process waits on the database wait for longer."""
    with pytest.MonkeyPatch.context() as patch:
        be_patient(patch.setattr)
        yield


DEAR = passwords._HASHER  # the product's own


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Let a password of this process cost a hundredth: hundreds of people sign in here."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)
        patch.setattr(passwords, "_HASHER", cheap)
        yield


@pytest.fixture
def dear_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passwords cost what they do, for whom that is the point."""
    monkeypatch.setattr(passwords, "_HASHER", DEAR)


@pytest.fixture(scope="session")
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A pool on the real server, its control schema up to date."""
    bulk = await Database.connect(postgres_url, connections=1, bulk=True)
    await migrate(bulk)
    await bulk.close()
    database = await Database.connect(postgres_url, connections=20)
    yield database
    await forget_kept(database)
    await database.close()


@pytest.fixture
async def hasty(
    postgres_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """A pool on which nobody waits for a lock longer than HASTY_SECONDS."""
    del database  # migrated by its fixture
    monkeypatch.setattr(limits, "LOCK_MS_MAX", int(HASTY_SECONDS * 1000))
    hasty = await Database.connect(postgres_url, connections=4)
    yield hasty
    await hasty.close()


@pytest.fixture(scope="session")
async def tenants(database: Database) -> AsyncIterator[Tenants]:
    """The tenants of the whole run."""
    tenants = Tenants(database)
    await tenants.open()
    yield tenants
    await tenants.close()


@pytest.fixture
async def tenant(tenants: Tenants) -> AsyncIterator[str]:
    """The name of a tenant of this test's own, with all its tables and nothing in them."""
    name = await tenants.take()
    yield name
    await tenants.give_back(name)


@pytest.fixture
async def tx(database: Database, tenant: str) -> AsyncIterator[Tx]:
    """An open transaction of that tenant, committed when the test ends."""
    async with database.transaction(tenant) as tx:
        yield tx


@pytest.fixture
async def lanes(database: Database) -> AsyncIterator[Lanes]:
    """Lanes on that database."""
    lanes = Lanes(database)
    yield lanes
    await lanes.drain()
