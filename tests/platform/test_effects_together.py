"""Effects claimed together are prepared together and saved together, and stay strangers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from crosslane.platform import effects, log
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import (
    Dead,
    Effect,
    EffectCall,
    EffectKind,
    Retry,
    Runner,
    one_by_one,
)
from crosslane.platform.log import Event
from tests.tenancy import Tenants


class Letter(msgspec.Struct, frozen=True):
    number: int


class LetterSent(Event, frozen=True):
    """A letter is on its way."""

    number: int

    @property
    def subject(self) -> str:
        return f"letter:{self.number}"


class LetterReturned(LetterSent, frozen=True):
    """A letter has come back."""


BAD_ADDRESS, BAD_RECEIPT, UNREADABLE = 3, 5, 7
RETURNED = range(100, 200)


async def prepare(tx: Tx, calls: Sequence[EffectCall[Letter]]) -> list[int | Retry]:
    numbers = [call.body.number for call in calls]
    if UNREADABLE in numbers:
        await tx.execute("select 1 / 0")
    doubled = await tx.fetch(
        "select number * 2 from unnest($1::int[]) with ordinality as w(number, place)"
        " order by place", numbers
    )  # fmt: skip
    return [
        Retry("nobody lives there") if number == BAD_ADDRESS else row[0]
        for number, row in zip(numbers, doubled, strict=True)
    ]


async def send(call: EffectCall[Letter], doubled: int) -> int:
    if call.body.number in RETURNED:
        raise Dead("moved away")
    return doubled


async def record(tx: Tx, calls: Sequence[EffectCall[Letter]], doubled: Sequence[int]) -> None:
    numbers = [call.body.number for call in calls]
    store = "insert into sent select * from unnest($1::int[], $2::int[])"
    await tx.execute(store, numbers, doubled)
    if BAD_RECEIPT in numbers:
        await tx.execute(store, numbers, doubled)
    await log.append(tx, [LetterSent(number=number) for number in numbers], calls)


async def give_up(tx: Tx, calls: Sequence[EffectCall[Letter]], reasons: Sequence[str]) -> None:
    assert set(reasons) == {"moved away"}
    await log.append(tx, [LetterReturned(number=call.body.number) for call in calls], calls)


POST = EffectKind("test.post", Letter, send, record, give_up, prepare)


async def opened(database: Database, tenant: str) -> str:
    async with database.transaction(tenant) as tx:
        await tx.execute("create table sent (number int primary key, doubled int, txid xid8"
                         " default pg_current_xact_id())")  # fmt: skip
    return tenant


@pytest.fixture
async def office(database: Database, tenant: str) -> str:
    return await opened(database, tenant)


@pytest.fixture
async def branch(database: Database, tenants: Tenants) -> AsyncIterator[str]:
    taken = await tenants.take()
    yield await opened(database, taken)
    await tenants.give_back(taken)


async def posted(
    database: Database, office: str, numbers: range, kind: EffectKind = POST
) -> dict[str, Any]:
    """Ask for letters, carry out what is due, and return what is stored then."""
    run = Runner(database, [kind])
    async with database.transaction(office) as tx:
        await effects.request(
            tx, [Effect(f"l{n}", "test.post", Letter(n), trace=f"{n:032x}") for n in numbers]
        )
    assert await run.start_due(office) == len(numbers)
    await run.drain()
    async with database.transaction(office) as tx:

        async def first(sql: str) -> list[Any]:
            return [row[0] for row in await tx.fetch(sql)]

        return {
            "sent": dict(await tx.fetch("select number, doubled from sent")),
            "transactions": await tx.fetchval("select count(distinct txid) from sent"),
            "due": await first("select key from platform_effect where state = 'due' order by key"),
            "traces": await first("select trace from platform_log order by trace"),
        }


async def test_what_came_back_together_is_saved_together_each_with_its_trace(database, office):
    numbers = range(10, 30)
    found = await posted(database, office, numbers)
    assert found["sent"] == {n: 2 * n for n in numbers}
    assert found["due"] == []
    assert found["transactions"] < len(numbers) / 2
    assert found["traces"] == [f"{n:032x}" for n in numbers]


async def test_a_defect_in_one_harms_no_other(database, office):
    found = await posted(database, office, range(10))
    good = [n for n in range(10) if n not in (BAD_ADDRESS, BAD_RECEIPT, UNREADABLE)]
    assert found["sent"] == {n: 2 * n for n in good}
    assert found["due"] == [f"l{n}" for n in (BAD_ADDRESS, BAD_RECEIPT, UNREADABLE)]
    assert found["traces"] == [f"{n:032x}" for n in good]


async def test_what_is_given_up_together_is_saved_together_each_with_its_trace(database, office):
    numbers = range(95, 105)
    found = await posted(database, office, numbers)
    assert found["sent"] == {n: 2 * n for n in numbers if n not in RETURNED}
    assert found["due"] == []
    assert found["traces"] == [f"{n:032x}" for n in numbers]


async def test_rare_effects_are_written_one_by_one_and_stay_strangers_too(database, office):
    async def prepare_one(tx: Tx, call: EffectCall[Letter]) -> int:
        (doubled,) = await prepare(tx, [call])
        if isinstance(doubled, Retry):
            raise doubled
        return doubled

    async def record_one(tx: Tx, call: EffectCall[Letter], doubled: int) -> None:
        await tx.execute("insert into sent values ($1, $2)", call.body.number, doubled)
        if call.body.number == BAD_RECEIPT:
            await tx.execute("select 1 / 0")
        await log.append(tx, [LetterSent(number=call.body.number)])

    kind = EffectKind(
        "test.post", Letter, send, one_by_one(record_one), prepare=one_by_one(prepare_one)
    )
    found = await posted(database, office, range(10), kind)
    good = [n for n in range(10) if n not in (BAD_ADDRESS, BAD_RECEIPT, UNREADABLE)]
    assert found["sent"] == {n: 2 * n for n in good}
    assert found["due"] == [f"l{n}" for n in (BAD_ADDRESS, BAD_RECEIPT, UNREADABLE)]
    assert found["traces"] == [f"{n:032x}" for n in good]


async def test_claims_of_two_tenants_at_one_moment_are_both_made(
    database: Database, office: str, branch: str
):
    run = Runner(database, [POST])
    for tenant in (office, branch):
        async with database.transaction(tenant) as tx:
            await effects.request(tx, [Effect("l1", "test.post", Letter(1))])
    # The third asks while one for its tenant waits for its turn, which finds the same.
    started = await asyncio.gather(*(run.start_due(one) for one in (office, branch, branch)))
    assert started == [1, 1, 0]
    await run.drain()
    for tenant in (office, branch):
        async with database.transaction(tenant) as tx:
            assert await tx.fetchval("select count(*) from sent") == 1
