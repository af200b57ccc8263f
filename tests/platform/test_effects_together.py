"""Effects claimed together are prepared together and saved together, and stay strangers."""

from typing import Any

import msgspec
import pytest

from crosslane.platform import effects, log
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind, Retry, Runner
from crosslane.platform.log import Event


class Letter(msgspec.Struct, frozen=True):
    number: int


class LetterSent(Event, frozen=True):
    """A letter is on its way."""

    number: int

    @property
    def subject(self) -> str:
        return f"letter:{self.number}"


BAD_ADDRESS, BAD_RECEIPT, UNREADABLE = 3, 5, 7


async def prepare(tx: Tx, call: EffectCall, body: Letter) -> int:
    if body.number == BAD_ADDRESS:
        raise Retry("nobody lives there")
    if body.number == UNREADABLE:
        await tx.execute("select 1 / 0")
    return await tx.fetchval("select $1::int * 2", body.number)


async def send(call: EffectCall, doubled: int) -> int:
    return doubled


async def record(tx: Tx, call: EffectCall, body: Letter, doubled: int) -> None:
    await tx.execute("insert into sent values ($1, $2)", body.number, doubled)
    if body.number == BAD_RECEIPT:
        await tx.execute("insert into sent values ($1, $2)", body.number, doubled)
    await log.append(tx, [LetterSent(number=body.number)])


@pytest.fixture
async def office(database: Database, tenant: str) -> str:
    async with database.transaction(tenant) as tx:
        await tx.execute("create table sent (number int primary key, doubled int, txid xid8"
                         " default pg_current_xact_id())")  # fmt: skip
    return tenant


async def posted(database: Database, office: str, numbers: range) -> dict[str, Any]:
    """Ask for letters, carry out what is due, and return what is stored then."""
    run = Runner(database, [EffectKind("test.post", Letter, send, record, prepare=prepare)])
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
