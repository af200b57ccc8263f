"""Edits that lock nothing: whoever is outrun comes again, and nothing is lost or done twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tests.carts.shop import HOME, begin, editing, starting, stock_shop, wish
from tests.platform.losing import LosesCommitReply

from crosslane.carts.domain import AddLine
from crosslane.carts.service import editing as module
from crosslane.carts.service.editing import EDIT, START
from crosslane.carts.service.reading import show
from crosslane.carts.service.wishes import CartView, GiveAddress
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Answer, Command, Lanes
from crosslane.platform.outbox import joined


class Heard(Database):
    """A database whose connections tell what they send."""

    sent: list[str]

    @asynccontextmanager
    async def connection(self, tenant: str = "") -> AsyncIterator[Any]:
        async with super().connection(tenant) as connection:
            with connection.query_logger(lambda record: self.sent.append(record.query)):
                yield connection


@pytest.fixture
async def cart(database: Database, tenant: str) -> CartView:
    async with database.transaction(tenant) as tx:
        await stock_shop(tx)
        return await begin(tx)


def adding(cart: CartView, sku: str = "MUG", key: str = "") -> Command[Any]:
    command = editing(cart, wish(AddLine(uuid4(), sku, 1)))
    return Command(key or command.key, SYSTEM, command.body, fingerprint=str(command.body))


async def shown(database: Database, tenant: str, cart: CartView) -> CartView:
    async with database.transaction(tenant) as tx:
        return await show(tx, cart.id, actor=SYSTEM)


async def keys(database: Database, tenant: str) -> int:
    async with database.transaction(tenant) as tx:
        return await tx.fetchval("select count(*) from platform_idempotency")


async def test_an_edit_and_a_start_are_neither_begun_nor_committed(
    database: Database, tenant: str, cart: CartView
):
    heard = await Heard.connect(database.url, connections=1)
    sent = heard.sent = []
    try:
        lanes = Lanes(heard)
        for kind, command in (
            (EDIT, lambda: adding(cart)),
            (START, lambda: starting(AddLine(uuid4(), "CUP", 1))),
        ):
            assert isinstance((await lanes.submit(tenant, kind, command())).outcome, CartView)
            sent.clear()
            assert isinstance((await lanes.submit(tenant, kind, command())).outcome, CartView)
            # Opened with the keys and the carts; all written with the answers.
            assert len(sent) == 2, sent
    finally:
        await heard.close()
    assert len((await shown(database, tenant, cart)).lines) == 2


def outrun(monkeypatch: pytest.MonkeyPatch, run: Callable[[], Any], times: int = 1) -> list[None]:
    """Let somebody else do something right after carts were read without locks, so many times."""
    surroundings, left = module._surroundings, [None] * times

    async def after_reading(tx: Tx, asked: Any) -> Any:
        if tx.optimistic and left:
            left.pop()
            await run()
        return await surroundings(tx, asked)

    monkeypatch.setattr(module, "_surroundings", after_reading)
    return left


async def test_who_is_outrun_by_another_edit_sees_it_and_comes_again(
    database: Database, tenant: str, cart: CartView, monkeypatch: pytest.MonkeyPatch
):
    async def faster() -> None:
        async with database.transaction(tenant) as tx:
            await EDIT.handle(tx, [adding(cart, "CUP")])

    left = outrun(monkeypatch, faster)
    answer = await Lanes(database).submit(tenant, EDIT, adding(cart, "MUG"))
    assert not left
    assert sorted(line.sku for line in answer.outcome.lines) == ["CUP", "MUG"]
    assert answer.outcome == await shown(database, tenant, cart)


async def test_an_address_made_on_the_way_goes_with_the_edit_that_was_outrun(
    database: Database, tenant: str, cart: CartView, monkeypatch: pytest.MonkeyPatch
):
    async def faster() -> None:
        async with database.transaction(tenant) as tx:
            await EDIT.handle(tx, [adding(cart, "CUP")])

    outrun(monkeypatch, faster)
    command = editing(cart, wish(GiveAddress(HOME)))
    answer = await Lanes(database).submit(tenant, EDIT, command)
    assert (answer.outcome.version, answer.outcome.address_id is None) == (2, False)
    async with database.transaction(tenant) as tx:
        assert await tx.fetchval("select count(*) from customers_customer") == 1


async def test_the_same_key_elsewhere_is_answered_as_there(
    database: Database, tenant: str, cart: CartView, monkeypatch: pytest.MonkeyPatch
):
    command = adding(cart, key="same")
    first: list[Answer] = []

    async def faster() -> None:
        first.append(await Lanes(database).submit(tenant, EDIT, command))

    outrun(monkeypatch, faster)
    again = await Lanes(database).submit(tenant, EDIT, command)
    assert (again.outcome, again.replayed) == (first[0].outcome, True)
    assert len((await shown(database, tenant, cart)).lines) == 1
    assert await keys(database, tenant) == 1


async def test_the_same_start_twice_at_once_makes_one_cart(
    database: Database, tenant: str, cart: CartView
):
    for n in range(20):
        command = starting(AddLine(uuid4(), "CUP", 1))
        told = await asyncio.gather(
            *(Lanes(database).submit(tenant, START, command) for _ in range(4))
        )
        assert len({answer.outcome.id for answer in told}) == 1
        assert sum(not answer.replayed for answer in told) == 1
        assert await keys(database, tenant) == n + 1
    async with database.transaction(tenant) as tx:
        assert await tx.fetchval("select count(*) from carts_cart") == 21


async def test_many_hands_of_several_processes_lose_no_edit(
    database: Database, tenant: str, cart: CartView
):
    sides = [Lanes(database) for _ in range(3)]
    commands = [adding(cart) for _ in range(30)]
    told = await asyncio.gather(
        *(sides[n % 3].submit(tenant, EDIT, each) for n, each in enumerate(commands))
    )
    assert {type(answer.outcome) for answer in told} == {CartView}
    found = await shown(database, tenant, cart)
    assert (found.version, len(found.lines)) == (30, 30)


async def test_a_lost_answer_is_asked_for_again(database: Database, tenant: str, cart: CartView):
    losing = LosesCommitReply(database.pool, database.url)
    answer = await Lanes(losing).submit(tenant, EDIT, adding(cart))
    assert answer.replayed
    assert answer.outcome == await shown(database, tenant, cart)
    assert answer.outcome.version == 1


async def test_what_is_done_by_one_statement_is_done_as_a_whole_or_not(
    database: Database, tenant: str
):
    made = "made as (insert into sign values ($1))"
    twice = "twice as (insert into sign select $1 where (select platform_still($2)))"
    async with database.transaction(tenant) as tx:
        await tx.execute("create table sign (name text)")
    for holds in (False, True):
        try:
            async with database.transaction(tenant, optimistic=True) as tx:
                tx.outbox.add_part(made, ["a"])
                tx.outbox.add_part(twice, ["b", holds])
            assert (tx.begun, holds) == (False, True)
        except asyncpg.SerializationError:
            assert not holds
    async with database.transaction(tenant) as tx:
        rows = await tx.fetch("select name from sign order by name")
        assert [row["name"] for row in rows] == ["a", "b"]


def test_parts_keep_their_parameters_apart():
    first, second = "a as (select $1, $2, $1)", "b as (select $2, $1)"
    assert joined(first, second) == "with a as (select $1, $2, $1),b as (select $4, $3)\nselect"
