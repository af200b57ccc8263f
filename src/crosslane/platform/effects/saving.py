"""Saving what came of calls: all that are back at the same moment, in one transaction.

Nobody waits for company: whatever came back while the last transaction ran is saved by the next.
What cannot be saved together is saved one by one, so that a defect in one harms no other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import asyncpg
import msgspec

from crosslane.platform import faults
from crosslane.platform.database import CONNECTION_LOST, CommitUnknown, Database, DatabaseBusy, Tx
from crosslane.platform.effects import storage
from crosslane.platform.effects.nouns import EffectCall, EffectKind

RESULTS_AT_ONCE_MAX = 64
REASON_CHARACTERS_MAX = 500
SAVE_AGAIN_SECONDS = 0.2

DATABASE_LOST = (
    *CONNECTION_LOST,
    CommitUnknown,
    DatabaseBusy,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)


class Ending(msgspec.Struct, frozen=True):
    """How an effect ended.

    Args:
        call: which.
        kind: what saves it.
        state: done or dead.
        outcome: what the call returned, or why it is dead.
    """

    call: EffectCall[Any]
    kind: EffectKind
    state: str
    outcome: Any


class Saver:
    """Saves endings behind their fences, again while the database is away.

    Args:
        database: where the effects are.
        patience_seconds: for how long to try again.
    """

    def __init__(self, database: Database, patience_seconds: float) -> None:
        self._database = database
        self._patience_seconds = patience_seconds
        self._waiting: dict[str, list[tuple[Ending, asyncio.Future[None]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def save(self, ending: Ending) -> None:
        """Save how an effect ended, unless the lease was lost meanwhile.

        Raises:
            Exception: what the kind's own ``record`` or ``dead`` raised.
        """
        saved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tenant = ending.call.tenant
        if tenant in self._waiting:
            self._waiting[tenant].append((ending, saved))
        else:
            self._waiting[tenant] = [(ending, saved)]
            task = asyncio.create_task(self._save_all(tenant))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await saved

    async def _save_all(self, tenant: str) -> None:
        try:
            while batch := self._waiting[tenant][:RESULTS_AT_ONCE_MAX]:
                del self._waiting[tenant][:RESULTS_AT_ONCE_MAX]
                await self._save_batch(tenant, batch)
        finally:
            # In the same step in which nobody was waiting, so that nobody comes too late.
            del self._waiting[tenant]

    async def _save_batch(
        self, tenant: str, batch: Sequence[tuple[Ending, asyncio.Future[None]]]
    ) -> None:
        if len(batch) > 1:
            try:
                await self._save_once(tenant, [ending for ending, _ in batch])
            # Who it was is found out by saving them one by one.
            except Exception:  # noqa: S110
                pass
            else:
                for _, saved in batch:
                    _settle(saved)
                return
        for ending, saved in batch:
            try:
                await self.patiently(partial(self._save_once, tenant, [ending]))
            except Exception as error:
                _settle(saved, error)
            else:
                _settle(saved)

    async def patiently(self, save: Callable[[], Awaitable[None]]) -> None:
        """Run a transaction, again while the database is away.

        Whether a lost COMMIT had happened is told by the fence: what is done is not due any more.
        """
        give_up_at = time.monotonic() + self._patience_seconds
        while True:
            try:
                await save()
                return
            except DATABASE_LOST:
                if time.monotonic() > give_up_at:
                    raise
                await asyncio.sleep(SAVE_AGAIN_SECONDS)

    async def _save_once(self, tenant: str, endings: Sequence[Ending]) -> None:
        async with self._database.transaction(tenant) as tx:
            mine = await storage.end(
                tx,
                [ending.call for ending in endings],
                [ending.state for ending in endings],
                [_reason(ending) for ending in endings],
            )
            await _save_alike(tx, [ending for ending in endings if ending.call.id in mine])
            faults.reach("effects.before_commit")
        faults.reach("effects.after_commit")


async def _save_alike(tx: Tx, endings: Sequence[Ending]) -> None:
    alike: dict[tuple[str, str], list[Ending]] = {}
    for ending in endings:
        alike.setdefault((ending.kind.name, ending.state), []).append(ending)
    # Sorted, so that two who save at once protect the rows of their kinds in the same order.
    for (_, state), group in sorted(alike.items()):
        kind = group[0].kind
        save = kind.dead if state == "dead" else kind.record
        await save(tx, [ending.call for ending in group], [ending.outcome for ending in group])


def _reason(ending: Ending) -> str:
    return ending.outcome[:REASON_CHARACTERS_MAX] if ending.state == "dead" else ""


def _settle(saved: asyncio.Future[None], error: Exception | None = None) -> None:
    if saved.done():
        return  # who waited for it has gone
    if error is None:
        saved.set_result(None)
    else:
        saved.set_exception(error)
