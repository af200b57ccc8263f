"""Waking: who leaves work behind has the workers look at its tenant.

The mark is made as the transaction ends, in the same commit, and holds for some seconds, so that a
process makes it now and then only. It counts for those seconds once it is known to be committed.
"""

import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from crosslane.platform.database import Tx

ACTIVE_SECONDS = 10.0
RENEWED_SECONDS = 3.0

# Skips a row that somebody else is writing at this moment, so that nobody waits who holds locks.
MARK = """
update control.wake
set active_until = clock_timestamp() + make_interval(secs => $2), due_at = clock_timestamp()
where tenant in (select tenant from control.wake where tenant = $1 for update skip locked)
"""
# Whoever wrote it has marked the tenant too, or undone that, or just let it sleep.
MARK_AFTER = """
update control.wake
set active_until = clock_timestamp() + make_interval(secs => $2), due_at = clock_timestamp()
where tenant = $1 and active_until < clock_timestamp() + make_interval(secs => $3)
"""


class Mark(msgspec.Struct, frozen=True):
    """A mark that goes with a commit.

    Args:
        at: when it was made, by the monotonic clock.
        made: it is part of the transaction; otherwise somebody else was writing the row.
    """

    at: float
    made: bool


class Waking:
    """What one process has marked lately."""

    def __init__(self) -> None:
        self._marked_at: dict[str, float] = {}

    def must_mark(self, tx: "Tx") -> bool:
        """Whether workers have to be told of what a transaction leaves, and are not told yet."""
        return tx.leaves_work and not self._is_marked(tx.tenant)

    def _is_marked(self, tenant: str) -> bool:
        return time.monotonic() - self._marked_at.get(tenant, -ACTIVE_SECONDS) < RENEWED_SECONDS

    async def mark(self, tx: "Tx") -> Mark:
        """Promise, in the same commit, that workers look at the tenant for the next seconds."""
        now = time.monotonic()
        return Mark(now, await tx.execute(MARK, tx.tenant, ACTIVE_SECONDS) != "UPDATE 0")

    async def committed(self, connection: "PoolConnectionProxy", tenant: str, mark: Mark) -> None:
        """Let a mark count from now on, and make it where it could not be part of the commit."""
        if not mark.made and not self._is_marked(tenant):
            enough = ACTIVE_SECONDS - RENEWED_SECONDS
            await connection.execute(MARK_AFTER, tenant, ACTIVE_SECONDS, enough)
        self._marked_at[tenant] = mark.at
