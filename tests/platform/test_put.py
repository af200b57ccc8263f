"""What is put is written by one statement with what else is put, before anybody looks again."""

import asyncio

import asyncpg
import pytest

from crosslane.platform import effects, outbox
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Effect
from crosslane.platform.patience import look_until

ONE = "one as (insert into put_one (name) values ($1))"
TWO = "two as (insert into put_two (name) values ($1))"
STILL = "still as (insert into put_one select 'last' where (select platform_still($1)))"
WAITING = "select count(*) from pg_locks where not granted and pid = any($1)"
NAMES = "select name from put_one union all select name from put_two order by name"


class Undone(Exception):
    """Undoes what a test has only begun."""


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    async with database.transaction(tenant) as tx:
        await tx.execute("create sequence put_no")
        for table in ("put_one", "put_two"):
            await tx.execute(
                f"create table {table} (name text, no bigint default nextval('put_no'))"
            )
    return tenant


async def names(tx: Tx) -> list[str]:
    return [row["name"] for row in await tx.fetch(NAMES)]


async def test_all_that_was_put_is_one_statement_before_the_next_look(
    database: Database, shop: str
):
    async with database.transaction(shop) as tx:
        before = tx.statements
        await tx.put((ONE, ["a"]))
        await tx.put((TWO, ["b"]))
        assert (tx.begun, tx.statements - before) == (False, 0)
        assert await names(tx) == ["a", "b"]
        assert (tx.begun, tx.statements - before) == (True, 2)
        await tx.put((ONE, ["c"]))
    async with database.transaction(shop) as tx:
        assert await names(tx) == ["a", "b", "c"]


async def test_the_same_put_again_is_a_statement_of_its_own(database: Database, shop: str):
    async with database.transaction(shop) as tx:
        before = tx.statements
        for name in ("a", "b", "c"):
            await tx.put((ONE, [name]))
        assert tx.statements - before == 2
    async with database.transaction(shop) as tx:
        assert await names(tx) == ["a", "b", "c"]


async def test_what_was_put_first_is_written_first(database: Database, shop: str):
    async with database.transaction(shop) as tx:
        await tx.put((TWO, ["a"]), (ONE, ["b"]))
    async with database.transaction(shop) as tx:
        rows = await tx.fetch("select name, no from put_one union select name, no from put_two")
        assert sorted((row["no"], row["name"]) for row in rows) == [(1, "a"), (2, "b")]


async def test_what_was_put_goes_with_its_savepoint_or_its_transaction(
    database: Database, shop: str
):
    async with database.transaction(shop) as tx:
        await tx.put((ONE, ["kept"]))
        with pytest.raises(ZeroDivisionError):
            async with tx.savepoint():
                await tx.put((TWO, ["gone"]))
                raise ZeroDivisionError
        with pytest.raises(asyncpg.SerializationError):
            async with tx.savepoint():
                await tx.put((TWO, ["gone"]), (STILL, [False]))
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(shop) as tx:
            await tx.put((TWO, ["gone as well"]))
            raise ZeroDivisionError
    async with database.transaction(shop) as tx:
        assert await names(tx) == ["kept"]


async def test_what_fails_takes_all_that_was_put_with_it(database: Database, shop: str):
    with pytest.raises(asyncpg.SerializationError):
        async with database.transaction(shop) as tx:
            await tx.put((ONE, ["a"]))
            await tx.put((STILL, [False]))
    async with database.transaction(shop) as tx:
        assert await names(tx) == []
        await tx.put((STILL, [True]))
    async with database.transaction(shop) as tx:
        assert await names(tx) == ["last"]


async def test_who_asks_for_the_same_calls_in_another_order_never_waits_in_a_circle(
    database: Database, tenant: str
):
    asking: list[asyncio.Task[None]] = []
    servers: list[int] = []

    async def ask(keys: str) -> None:
        async with database.transaction(tenant) as tx:
            servers.append(tx.conn.get_server_pid())
            await effects.request(tx, [Effect(key, "test.knock", key) for key in keys])

    async def waiting() -> int:
        async with database.transaction(tenant, read_only=True) as tx:
            return await tx.fetchval(WAITING, servers)

    with pytest.raises(Undone):
        async with database.transaction(tenant) as tx:
            await effects.request(tx, [Effect("m", "test.knock", "m")])
            await outbox.write(tx)
            # Both wait for that call, each with one of its own asked for, were it not for an order.
            asking.append(asyncio.create_task(ask("amb")))
            assert await look_until(waiting, lambda many: many == 1, seconds=10) == 1
            asking.append(asyncio.create_task(ask("bma")))
            assert await look_until(waiting, lambda many: many == 2, seconds=10) == 2
            raise Undone
    await asyncio.gather(*asking)
    async with database.transaction(tenant) as tx:
        keys = await tx.fetch("select key from platform_effect order by key")
    assert [row["key"] for row in keys] == ["a", "b", "m"]
