"""Two changes at once, each by a connection of its own, in an order that the test chooses.

The first stops before its commit, with everything it has locked. The second goes on until it waits
for the first, or is done; then the first commits. So the second has begun before it could know of
the first, and nothing depends on who is faster.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from crosslane.kernel import Refusal, new_id
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.log import Reaction, run_reaction
from tests.payments.fake import eventually

First, Second = TypeVar("First"), TypeVar("Second")
Stop = Callable[[Tx], Awaitable[None]]

WAITED_FOR = """
select exists (select from pg_stat_activity where $1::integer = any(pg_blocking_pids(pid)))
"""


async def race(
    database: Database,
    tenant: str,
    first: Callable[[Stop], Awaitable[First]],
    second: Callable[[], Awaitable[Second]],
    *,
    waits: bool = True,
) -> tuple[First, Second]:
    """Make two changes, the second while the first has done all but its commit.

    Args:
        database: reached by more than three connections.
        tenant: whose.
        first: awaits what it is given as the last thing in its transaction.
        second: the other change.
        waits: whether the second needs what the first has locked. That it is so is asserted:
            changes that never meet prove nothing.
    """
    process = asyncio.get_running_loop().create_future()
    go_on = asyncio.Event()

    async def stop(tx: Tx) -> None:
        process.set_result(await tx.fetchval("select pg_backend_pid()"))
        await go_on.wait()

    before = asyncio.ensure_future(first(stop))
    await asyncio.wait((before, process), return_when=asyncio.FIRST_COMPLETED)
    if before.done():
        raise AssertionError(f"it never came to its end: {before.result()}")
    after = asyncio.ensure_future(second())
    waited = False

    async def met() -> bool:
        nonlocal waited
        async with database.transaction(tenant, read_only=True) as tx:
            waited = await tx.fetchval(WAITED_FOR, process.result())
        return waited or after.done()

    try:
        await eventually(met)
    finally:
        go_on.set()
        both = await asyncio.gather(before, after, return_exceptions=True)
    for one in both:
        if isinstance(one, BaseException):
            raise one
    assert waited == waits
    return both[0], both[1]


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
