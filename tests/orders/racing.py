"""Two changes at once, each by a connection of its own, in an order that the test chooses.

The first stops before its commit, with everything it has locked. The second goes on until it waits
for the first, or is done; then the first commits. So the second has begun before it could know of
the first, and nothing depends on who is faster.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
import msgspec

from crosslane import inventory
from crosslane.kernel import Refusal, new_id
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import EffectKind, Runner
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.log import Reaction, run_reaction
from tests.payments.fake import eventually

First, Second = TypeVar("First"), TypeVar("Second")
Stop = Callable[[Tx], Awaitable[None]]

WAITED_FOR = """
select exists (select from pg_stat_activity where $1::integer = any(pg_blocking_pids(pid)))
"""


class Held:
    """A change that stops before its commit, with everything it has locked.

    Args:
        database: reached by a connection for this change, and one that looks.
        tenant: whose.
        first: the change; it awaits what it is given as the last thing in its transaction.
    """

    def __init__(
        self, database: Database, tenant: str, first: Callable[[Stop], Awaitable[Any]]
    ) -> None:
        self._database, self._tenant = database, tenant
        self._process: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._go_on = asyncio.Event()
        self._task = asyncio.ensure_future(first(self._stop))

    async def _stop(self, tx: Tx) -> None:
        self._process.set_result(await tx.fetchval("select pg_backend_pid()"))
        await self._go_on.wait()

    async def reached(self) -> None:
        """Wait until all is done but the commit."""
        await asyncio.wait((self._task, self._process), return_when=asyncio.FIRST_COMPLETED)
        if not self._process.done():
            raise AssertionError(f"it never came to its end: {self._task.result()}")

    async def meets(self, other: "asyncio.Future[Any] | Held") -> bool:
        """Wait until another change waits for this one, or has come to its end; tell which."""
        end = other._process if isinstance(other, Held) else other
        waited = False

        async def met() -> bool:
            nonlocal waited
            async with self._database.transaction(self._tenant, read_only=True) as tx:
                waited = await tx.fetchval(WAITED_FOR, self._process.result())
            return waited or end.done()

        await eventually(met)
        return waited

    async def commit(self) -> Any:
        """Let it go on, and return its answer."""
        self._go_on.set()
        return await self._task


async def race(
    database: Database,
    tenant: str,
    first: Callable[[Stop], Awaitable[First]],
    second: Callable[[], Awaitable[Second]],
) -> tuple[First, Second]:
    """Make two changes, the second while the first has done all but its commit.

    Both need something that the other locks. That it is so is asserted: changes that never meet
    prove nothing.
    """
    held = Held(database, tenant, first)
    await held.reached()
    after = asyncio.ensure_future(second())
    try:
        waited = await held.meets(after)
    finally:
        answer = await held.commit()
    assert waited
    return answer, await after


async def run_until_it_is_done(run: Callable[[], Awaitable[First]]) -> First:
    """Run again what did not wait for others; unlike a lane, not what ended a circle."""
    while True:
        try:
            return await run()
        except asyncpg.SerializationError:
            continue


async def lose_race(
    database: Database,
    tenant: str,
    last: inventory.Place,
    ask: Callable[[], Awaitable[First]],
    *,
    behind: inventory.Place,
) -> First:
    """Ask for a unit of which the last at a place is lost meanwhile, and return the answer.

    The next place that has some is locked by somebody who then wants the first one too.

    Args:
        database: reached by connections of their own.
        tenant: whose.
        last: has one unit, and is asked first.
        ask: in a transaction of its own.
        behind: is asked next, and comes first in the order of locks.
    """

    async def break_it(stop: Stop) -> None:
        async with database.transaction(tenant) as tx:
            broken = inventory.Adjustment(
                variant_id=last.variant_id,
                location_id=last.location_id,
                delta=-1,
                cause=inventory.Cause("adjustment", new_id(), new_id()),
            )
            await inventory.adjust(tx, [broken])
            await stop(tx)

    async def take_both(stop: Stop) -> None:
        async with database.transaction(tenant) as tx:
            await inventory.protect(tx, [behind])
            await stop(tx)
            await inventory.protect(tx, [last])

    async def lose() -> First:
        await breaking.commit()
        return await asking

    breaking = Held(database, tenant, break_it)
    await breaking.reached()
    asking = asyncio.ensure_future(run_until_it_is_done(ask))
    assert await breaking.meets(asking)
    return (await race(database, tenant, take_both, lose))[1]


def by_command(
    database: Database, tenant: str, kind: CommandKind, body: Any
) -> Callable[[Stop], Awaitable[Any]]:
    """Return a command as what comes first; it answers with its result or refusal."""

    async def first(stop: Stop) -> Any:
        async with database.transaction(tenant) as tx:
            (answer,) = await kind.handle(tx, [Command(str(new_id()), SYSTEM, body)])
            assert not isinstance(answer, Refusal), answer
            await stop(tx)
        return answer

    return first


def by_reaction(
    database: Database, tenant: str, reaction: Reaction
) -> Callable[[Stop], Awaitable[int]]:
    """Return a batch of a reaction as what comes first; it answers with how many events it had."""

    async def first(stop: Stop) -> int:
        async def handle(tx: Tx, logged: Any) -> None:
            await reaction.handle(tx, logged)
            await stop(tx)

        return await run_reaction(
            database, tenant, msgspec.structs.replace(reaction, handle=handle)
        )

    return first


def by_call(database: Database, tenant: str, kind: EffectKind) -> Callable[[Stop], Awaitable[None]]:
    """Return what came back of calls to the outside as what comes first."""

    async def first(stop: Stop) -> None:
        async def record(tx: Tx, calls: Any, results: Any) -> None:
            await kind.record(tx, calls, results)
            await stop(tx)

        runner = Runner(database, [msgspec.structs.replace(kind, record=record)])
        await runner.start_due(tenant)
        await runner.drain()

    return first
