"""Reactions of a test, run as a worker of the product runs them: one look tells which have work."""

from collections.abc import Sequence

from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.log import Reaction, reactions_with_work, run_reaction


async def react(database: Database, tenant: str, reactions: Sequence[Reaction]) -> int:
    """Let each reaction that has something to read take one batch; return events taken over."""
    async with database.transaction(tenant, read_only=True) as tx:
        waiting = await reactions_with_work(tx, reactions)
    return sum([await run_reaction(database, tenant, reaction) for reaction in waiting])


async def react_to_all(database: Database, tenant: str, reactions: Sequence[Reaction]) -> None:
    """Let reactions run until none of them has anything left to read."""
    while await react(database, tenant, reactions):
        pass


async def settle(
    database: Database,
    tenant: str,
    reactions: Sequence[Reaction],
    runner: Runner,
    *,
    rounds_max: int,
) -> None:
    """React and carry effects out until nothing is left to do now."""
    for _ in range(rounds_max):
        done = await react(database, tenant, reactions)
        done += await runner.start_due(tenant)
        await runner.drain()
        if not done:
            return
    raise AssertionError("work never ends")
