"""Questions of many are read together; each is answered or refused by itself."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext

import pytest

from crosslane.kernel import NotFound, Refusal
from crosslane.platform.database import Database, Tx
from crosslane.platform.gathering import QUESTIONS_AT_ONCE_MAX, Gathering


class NoSquare(NotFound):
    """There is no square of {number}."""


async def squares(tx: Tx, numbers: Sequence[int]) -> list[int | Refusal]:
    """Refuses what is below zero; fails as a whole for a million."""
    if 1_000_000 in numbers:
        await tx.execute("select 1 / 0")
    counted = "select n::bigint * n from unnest($1::int[]) with ordinality as u(n, place)"
    rows = await tx.fetch(f"{counted} order by place", list(numbers))
    return [
        row[0] if number >= 0 else NoSquare(number=number)
        for row, number in zip(rows, numbers, strict=True)
    ]


@pytest.fixture
def ask(database: Database, tenant: str):
    gathering = Gathering(squares)

    async def asking(*numbers: int) -> list[int | BaseException]:
        def opened():
            return database.transaction(tenant, read_only=True)

        return await asyncio.gather(
            *(gathering.ask(tenant, opened, number) for number in numbers), return_exceptions=True
        )

    asking.gathering = gathering
    return asking


async def test_a_crowd_is_answered_by_a_handful_of_reads(ask):
    numbers = range(4 * QUESTIONS_AT_ONCE_MAX)
    assert await ask(*numbers) == [number * number for number in numbers]
    assert ask.gathering.reads <= 6


async def test_a_refusal_is_for_its_own_question(ask):
    four, refused, nine = await ask(2, -1, 3)
    assert (four, nine) == (4, 9)
    assert isinstance(refused, NoSquare)


async def test_a_failure_does_not_stay(ask):
    assert isinstance((await ask(1_000_000))[0], Exception)
    assert await ask(5) == [25]


async def test_who_goes_away_takes_nobody_along(ask):
    first = asyncio.create_task(ask(2))
    second = asyncio.create_task(ask(3))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == [9]


async def test_few_wait_for_a_read_that_answers_more_and_as_many_are_read_beside_it():
    begun: list[int] = []
    held = asyncio.Event()

    async def holding(tx: Tx, numbers: Sequence[int]) -> list[int | Refusal]:
        begun.append(len(numbers))
        await held.wait()
        return list(numbers)

    gathering = Gathering(holding)
    asked: list[asyncio.Task[int]] = []

    async def asks(*numbers: int) -> None:
        asked.extend(
            asyncio.create_task(gathering.ask("shop", nullcontext, number)) for number in numbers
        )
        for _ in range(10):  # as often as asking and reading wait
            await asyncio.sleep(0)

    await asks(1, 2, 3)
    assert begun == [3]
    await asks(4, 5)
    assert begun == [3]
    await asks(6)
    assert begun == [3, 3]
    await asks(7, 8, 9, 10, 11, 12, 13)
    assert begun == [3, 3]
    held.set()
    assert await asyncio.gather(*asked) == list(range(1, 14))
    assert begun == [3, 3, 7]
