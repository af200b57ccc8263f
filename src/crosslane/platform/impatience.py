"""Waits for locks that are cut short, because they may be in a circle.

Rows that many want are locked in one order by all, so that nobody waits in a circle. Sometimes what
else is needed shows only once the first of them are locked, and may come before them. Then waiting
is short: if the row is not free by that time, the transaction is undone, which lets the others go
on, and is run again from its beginning, in order.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from crosslane.platform.database import Tx

# Longer than most transactions last once they have locked something.
IMPATIENCE = "20ms"
BE_IMPATIENT = """
with before as materialized (select current_setting('lock_timeout') as patience)
select patience, set_config('lock_timeout', $1, true) from before
"""
BE_PATIENT = "select set_config('lock_timeout', $1, true)"


@asynccontextmanager
async def impatient(tx: Tx) -> AsyncIterator[None]:
    """Hardly wait for what is locked inside.

    Args:
        tx: open transaction.

    Raises:
        SerializationError: somebody else had a row for longer; the transaction has to be run again,
            as lanes, reactions and effects do.
    """
    patience = await tx.fetchval(BE_IMPATIENT, IMPATIENCE)
    try:
        yield
    except asyncpg.LockNotAvailableError as busy:
        raise asyncpg.SerializationError("rows out of order are locked by others") from busy
    await tx.execute(BE_PATIENT, patience)
