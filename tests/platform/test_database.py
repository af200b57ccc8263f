import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from crosslane.platform import facts
from crosslane.platform.database import OPEN, Connection, Database, Opening, Tx
from crosslane.platform.facts import Fact, Shelf
from crosslane.platform.migrations import MigrationChanged, migrate, pending, tenant_migrations
from crosslane.platform.tenants import (
    BadTenantName,
    NoSuchTenant,
    TenantExists,
    create_tenant,
    drop_tenant,
    find_tenant,
    list_tenants,
    only_tenant,
)

# Bounds what takes a tenth of a second when the machine has nothing else to do.
ENDED_SECONDS_MAX = 60.0


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
        assert await find_tenant(database, host_name=f"{other}.localhost") == found
        assert await only_tenant(database) is None
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


async def test_a_connection_lost_as_it_is_given_back_is_told_as_lost(
    database: Database, tenant: str
):
    single = await Database.connect(database.url, connections=1)
    try:
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            async with single.connection() as connection:
                connection._con._transport.abort()  # the news of it comes while it goes back
                raise asyncpg.ConnectionDoesNotExistError
        async with single.transaction(tenant) as tx:
            assert await tx.fetchval("select 1") == 1
    finally:
        await single.close()


async def test_what_cannot_begin_tells_why_and_leaves_its_connection_usable(
    database: Database, tenant: str
):
    single = await Database.connect(database.url, connections=1)
    try:
        for _ in range(2):
            with pytest.raises(asyncpg.UndefinedObjectError):
                async with single.transaction(
                    tenant, opening=Opening(settings=("set local no_such_setting to 1",))
                ):
                    raise AssertionError("it began")
            with pytest.raises(asyncpg.DataError):
                async with single.transaction(tenant, opening=Opening("select $1::int", ("x",))):
                    raise AssertionError("it began")
            with pytest.raises(asyncpg.UndefinedTableError):
                async with single.transaction("nobody"):
                    raise AssertionError("it began")
            async with single.transaction(tenant) as tx:
                assert tx.statements == 1
                assert await tx.fetchval("select count(*) from platform_fact") == len(tx.versions)
    finally:
        await single.close()


@pytest.fixture
async def heard(database: Database) -> AsyncIterator[tuple[Database, list[str]]]:
    """A database of one connection, and what that is sent."""
    single, sent = await Database.connect(database.url, connections=1), []
    async with single.connection() as connection:
        connection._con.add_query_logger(lambda record: sent.append(record.query))
    sent.clear()
    yield single, sent
    await single.close()


async def test_who_only_looks_asks_for_no_transaction(heard, tenant: str):
    single, sent = heard
    for _ in range(2):
        async with single.transaction(tenant) as tx:
            assert await tx.fetchval("select 1") == 1
            assert await tx.fetchval("with a as (select 2 as n) select n from a") == 2
            assert (tx.begun, tx.statements) == (False, 3)
    # Whose tables are meant is said once.
    assert sent.count(OPEN) == 2
    assert len(sent) == 1 + 2 * 3


@pytest.mark.parametrize(
    "statement",
    [
        "create table other (n int)",
        "insert into thing values (2)",
        "with made as (insert into thing values (2) returning n) select n from made",
        "WITH gone AS (DELETE FROM thing RETURNING n) SELECT n FROM gone",
        "select n from thing for update",
        "select n from thing for no key update skip locked",
        "select n from thing for share",
        "select n from thing for key share",
        "select n into other from thing",
        "select nextval('counter')",
        "select pg_advisory_xact_lock(7)",
        "set local lock_timeout = '1s'",
        "lock table thing",
    ],
)
async def test_whatever_does_more_than_look_begins_a_transaction_and_goes_with_it(
    database: Database, tenant: str, statement: str
):
    async with database.transaction(tenant) as tx:
        await tx.execute("create table thing (n int)")
        await tx.execute("create sequence counter")
        await tx.execute("insert into thing values (1)")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(tenant) as tx:
            assert await tx.fetchval("select n from thing") == 1
            assert not tx.begun
            await tx.fetch(statement)
            assert tx.begun
            raise ZeroDivisionError
    async with database.transaction(tenant) as tx:
        assert [row["n"] for row in await tx.fetch("select n from thing")] == [1]
        assert await tx.fetchval("select to_regclass('other')") is None
        assert await tx.fetchval("select count(*) from pg_locks where locktype = 'advisory'") == 0


async def test_one_connection_serves_tenants_in_turn_whatever_becomes_of_their_transactions(
    heard, database: Database, tenant: str
):
    single, _ = heard
    other = tenant + "b"
    await create_tenant(database, other)
    names = (tenant, other)
    try:
        for name in names:
            async with database.transaction(name) as tx:
                await tx.execute("create table sign (name text)")
                await tx.execute("insert into sign values ($1)", name)
        for turn in range(12):
            name = names[turn % 2]
            async with single.transaction(name) as tx:
                assert await tx.fetchval("select name from sign") == name
            with pytest.raises(asyncpg.UndefinedTableError):
                async with single.transaction(names[(turn // 2) % 2]) as tx:
                    assert await tx.fetchval("select name from sign for update") in names
                    await tx.execute("insert into nothing values (1)")
            with pytest.raises(asyncpg.UndefinedTableError):
                async with single.connection() as connection:
                    await connection.fetchval("select name from sign")
    finally:
        await drop_tenant(database, other)


async def test_whose_tables_are_meant_is_said_again_when_saying_it_broke_off(
    heard, database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
):
    single, _ = heard
    other = tenant + "b"
    await create_tenant(database, other)
    try:
        for name in (tenant, other):
            async with database.transaction(name) as tx:
                await tx.execute("create table sign (name text)")
                await tx.execute("insert into sign values ($1)", name)
        async with single.transaction(tenant) as tx:
            assert await tx.fetchval("select name from sign") == tenant

        async def broken_off(self: Connection, sql: str) -> str:
            await asyncpg.Connection.execute(self, sql)
            raise asyncio.CancelledError

        with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
            patch.setattr(Connection, "execute", broken_off)
            async with single.transaction(other):
                raise AssertionError("it began")
        async with single.transaction(tenant) as tx:
            assert await tx.fetchval("select name from sign") == tenant
    finally:
        await drop_tenant(database, other)


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


async def test_a_touch_undone_with_its_savepoint_does_not_stand_for_a_later_one(
    database: Database, tenant: str
):
    async def load(tx: Tx) -> int:
        return await tx.fetchval("select n from thing")

    fact = Fact("thing", load)
    async with database.transaction(tenant) as tx:
        await tx.execute("create table thing (n int)")
        await tx.execute("insert into thing values (1)")
        assert await facts.get(tx, fact) == 1
    async with database.transaction(tenant) as tx:
        with pytest.raises(ZeroDivisionError):
            async with tx.savepoint():
                await facts.touch(tx, "thing")
                raise ZeroDivisionError
        assert await facts.get(tx, fact) == 1
        await facts.touch(tx, "thing")
        await tx.execute("update thing set n = 2")
    async with database.transaction(tenant) as tx:
        assert await facts.get(tx, fact) == 2


class Things:
    """A table whose rows stand on a shelf, and which of them were read from it."""

    def __init__(self) -> None:
        self.read: list[list[int]] = []
        self.shelf = Shelf("things", ("thing", "thing.names"), self._load)

    async def _load(self, tx: Tx, keys) -> dict[int, str]:
        self.read.append(sorted(keys))
        rows = await tx.fetch("select id, name from thing where id = any ($1)", list(keys))
        return {row["id"]: row["name"] for row in rows}


@pytest.fixture
async def things(database: Database, tenant: str) -> Things:
    async with database.transaction(tenant) as tx:
        await tx.execute("create table thing (id int primary key, name text)")
        await tx.execute("insert into thing values (1, 'a'), (2, 'b'), (3, 'c')")
    return Things()


async def test_a_shelf_reads_each_row_once_and_asks_again_for_what_is_not_there(
    database: Database, tenant: str, things: Things
):
    for keys in ((1, 2), (2, 3, 2), (1, 2, 3, 4), (4,)):
        async with database.transaction(tenant) as tx:
            found = await facts.take(tx, things.shelf, keys)
        assert found == {n: "abc"[n - 1] for n in keys if n < 4}
    assert things.read == [[1, 2], [3], [4], [4]]


@pytest.mark.parametrize("topic", ["thing", "thing.names"])
async def test_an_edit_of_any_of_its_topics_empties_a_shelf(
    database: Database, tenant: str, things: Things, topic: str
):
    async with database.transaction(tenant) as tx:
        assert await facts.take(tx, things.shelf, [1]) == {1: "a"}
    async with database.transaction(tenant) as tx:
        await facts.touch(tx, topic)
        await tx.execute("update thing set name = 'z' where id = 1")
        assert await facts.take(tx, things.shelf, [1, 2]) == {1: "z", 2: "b"}
        async with database.transaction(tenant) as reader:
            assert await facts.take(reader, things.shelf, [1]) == {1: "a"}
    async with database.transaction(tenant) as tx:
        assert await facts.take(tx, things.shelf, [1]) == {1: "z"}


async def test_a_shelf_holds_no_more_than_its_rows(
    database: Database, tenant: str, things: Things, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(facts, "SHELF_ROWS_MAX", 2)
    monkeypatch.setattr(facts, "KEPT_AT_ONCE_MAX", 2)
    async with database.transaction(tenant) as tx:
        for keys in ((1, 2, 3), (1, 2), (3,), (3,)):
            assert len(await facts.take(tx, things.shelf, keys)) == len(keys)
    assert things.read == [[1, 2, 3], [1, 2], [3]]


async def test_the_oldest_copy_makes_room_for_another(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(facts, "_COPIES", {})
    monkeypatch.setattr(facts, "COPIES_MAX", 2)
    loaded: list[str] = []

    def fact(topic: str) -> Fact[str]:
        async def load(tx: Tx) -> str:
            loaded.append(topic)
            return topic

        return Fact(topic, load)

    kept = {topic: fact(topic) for topic in "abc"}
    async with database.transaction(tenant) as tx:
        for topic in "abcbca":
            assert await facts.get(tx, kept[topic]) == topic
    assert loaded == ["a", "b", "c", "a"]


async def test_the_oldest_shelf_makes_room_for_rows_of_another(
    database: Database, tenant: str, things: Things, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(facts, "_SHELVES", {})
    monkeypatch.setattr(facts, "SHELF_ROWS_MAX", 2)
    others = [Things(), Things()]
    shelves = [
        things.shelf,
        *(Shelf(f"other{n}", ("thing",), other._load) for n, other in enumerate(others)),
    ]
    async with database.transaction(tenant) as tx:
        for shelf in (*shelves, *shelves[1:], shelves[0]):
            assert await facts.take(tx, shelf, [1]) == {1: "a"}
    assert [each.read for each in (things, *others)] == [[[1], [1]], [[1]], [[1]]]


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
            async with asyncio.timeout(ENDED_SECONDS_MAX):
                while True:
                    await asyncio.sleep(0.1)
                    await tx.fetchval("select 1")


async def test_a_second_connection_does_not_ask_again_what_an_array_consists_of(postgres_url: str):
    asked: list[str] = []
    database = await Database.connect(postgres_url, connections=2)
    try:
        async with database.connection() as first, database.connection() as second:
            statement = "select $1::uuid[] as ids, $2::numeric[] as figures"
            ids = [UUID(int=1)]
            await first.fetchrow(statement, ids, [])
            second.add_query_logger(lambda record: asked.append(record.query))
            row = await second.fetchrow(statement, ids, [])
    finally:
        await database.close()
    assert asked == [statement]
    assert row["ids"] == ids
    assert {row["ids"][0]} == set(ids)


@pytest.mark.parametrize(
    "given", [[1, 2], (1, 2), {1, 2}, frozenset((1, 2)), {1: 0, 2: 0}.keys(), {0: 1, 3: 2}.values()]
)
async def test_any_row_of_values_is_an_array(database: Database, tenant: str, given):
    async with database.transaction(tenant, read_only=True) as tx:
        assert await tx.fetchval("select $1::int[]", given) == [1, 2]


async def test_a_text_is_no_array_of_its_characters(database: Database, tenant: str):
    with pytest.raises(asyncpg.DataError):
        async with database.transaction(tenant, read_only=True) as tx:
            await tx.fetchval("select $1::text[]", "ab")
