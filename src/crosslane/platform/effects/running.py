"""Carrying effects out: claim under a lease, call outside, record behind the fence."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from crosslane.platform import faults
from crosslane.platform.database import CommitUnknown, Database, Record, Tx
from crosslane.platform.effects import service, storage
from crosslane.platform.effects.nouns import Dead, Effect, EffectCall, EffectKind, Retry, Schedule
from crosslane.platform.effects.saving import (
    DATABASE_LOST,
    REASON_CHARACTERS_MAX,
    Ending,
    Saver,
)
from crosslane.platform.telemetry import traced

TRIES_MAX = 8
SLOTS = 40
SHARE_OF_FREE = 4  # the last fourth of what others leave is kept for whoever comes next
LEASE_MARGIN_SECONDS = 15.0
RETRY_SECONDS_FIRST = 0.5
RETRY_SECONDS_MAX = 600.0
DONE_RETENTION_DAYS = 30
DONE_DELETED_AT_ONCE_MAX = 10_000


class NoBody(msgspec.Struct, frozen=True):
    """The body of a schedule: there is nothing to say."""


class Runner:
    """Carries out the effects and schedules of one worker process.

    Args:
        database: where the effects are.
        kinds: every kind of effect this process can carry out.
        schedules: work done by the clock.
        slots: calls under way at once; a slow counterpart fills slots, never the queue's head, and
            never all of them, so that other tenants' calls go on.

    Attributes:
        lease_seconds: longest time a claim holds when nobody knows what became of its worker.
        worker: number under which this process is known to live, None while it is not.
    """

    def __init__(
        self,
        database: Database,
        kinds: Sequence[EffectKind],
        schedules: Sequence[Schedule] = (),
        *,
        slots: int = SLOTS,
    ) -> None:
        self.database = database
        self.kinds = {kind.name: kind for kind in kinds}
        self.schedules = {_schedule_kind(s): s for s in (*schedules, TIDY_EFFECTS)}
        self.lease_seconds = (
            max((kind.timeout_seconds for kind in kinds), default=0.0) + LEASE_MARGIN_SECONDS
        )
        self.worker: int | None = None
        self._saver = Saver(database, self.lease_seconds)
        self._slots = self._free = slots
        # One claim at a time, so that each knows how many slots are free.
        self._claim = asyncio.Lock()
        self._about_to_claim: set[str] = set()
        self._running: dict[asyncio.Task[None], _Claimed] = {}
        self._unsure: set[str] = set()

    @property
    def is_idle(self) -> bool:
        """Whether most slots are free."""
        return self._free > self._slots // 2

    @property
    def may_hold_claims(self) -> bool:
        """Whether calls are under way, or it is not known that none was claimed."""
        return bool(self._running or self._unsure)

    async def start_due(self, tenant: str) -> int:
        """Claim what is due for a tenant, as many as slots are free, and start the calls.

        Returns:
            How many were started; 0 while another claim for the tenant waits for its turn, which
            will find what is due by then, while the other workers believe this one dead, and while
            the server may still commit a claim of which it was not heard what became.
        """
        if tenant in self._about_to_claim or self._share_of(tenant) <= 0:
            return 0
        self._about_to_claim.add(tenant)
        try:
            await self._claim.acquire()
        finally:
            self._about_to_claim.discard(tenant)
        try:
            share = self._share_of(tenant)
            return await self._start_due(tenant, share) if share > 0 else 0
        finally:
            self._claim.release()

    def _share_of(self, tenant: str) -> int:
        """Return how many slots a tenant may fill: most of what others leave, at least one."""
        mine = sum(each.call.tenant == tenant for each in self._running.values())
        left = self._free + mine
        return min(self._free, max(1, left - left // SHARE_OF_FREE) - mine)

    def _rooms_of(self, tenant: str) -> dict[str, int]:
        """Return how many more calls of each limited kind a tenant may have under way."""
        calls = Counter(
            each.kind.name for each in self._running.values() if each.call.tenant == tenant
        )
        limits = ((kind.name, kind.slots_max) for kind in self.kinds.values())
        return {name: max(0, most - calls[name]) for name, most in limits if most is not None}

    async def _start_due(self, tenant: str, share: int) -> int:
        try:
            async with self.database.transaction(tenant) as tx:
                if tenant in self._unsure and self.worker is not None:
                    await storage.require_no_claim(tx, self.worker)
                    mine = [each.call.id for each in self._running.values()]
                    await storage.release(tx, self.worker, self.lease_seconds, mine)
                rooms = self._rooms_of(tenant)
                kinds = [name for name in self._names() if rooms.get(name) != 0]
                rows = await storage.claim(tx, kinds, share, self.lease_seconds, self.worker, rooms)
        except CommitUnknown:
            # What was claimed then, if it was, nobody knows of; the next claim lets go of it.
            self._unsure.add(tenant)
            raise
        except (storage.Unknown, asyncpg.LockNotAvailableError):
            return 0
        self._unsure.discard(tenant)
        faults.reach("effects.after_claim")
        claimed = [self._claimed(tenant, row) for row in rows]
        preparing = asyncio.create_task(self._prepare(tenant, claimed))
        for each in claimed:
            self._free -= 1
            with traced(each.call.trace, tenant):  # a task keeps the context it is made in
                task = asyncio.create_task(self._carry_out(each, preparing))
            self._running[task] = each
            task.add_done_callback(self._freed)
        return len(rows)

    async def next_due(self, tenant: str) -> datetime | None:
        """Return when this tenant's next effect is due, or None."""
        async with self.database.transaction(tenant) as tx:
            return await storage.next_due(tx, self._names())

    async def drain(self) -> None:
        """Wait until no call is under way."""
        while self._running:
            await asyncio.wait(self._running)

    def _names(self) -> list[str]:
        return [*self.kinds, *self.schedules]

    def _freed(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._free += 1
        # A database lost for a whole lease is met again at the next claim.
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, DATABASE_LOST):
            raise error

    def _claimed(self, tenant: str, row: Record) -> "_Claimed":
        schedule = self.schedules.get(row["kind"])
        kind = schedule or self.kinds[row["kind"]]
        body = msgspec.json.decode(row["body"], type=NoBody if schedule else kind.body)
        call = EffectCall(
            row["id"], row["key"], row["attempt"], row["tries"], tenant, row["trace"], body
        )
        return _Claimed(call, kind)

    async def _prepare(self, tenant: str, claimed: Sequence["_Claimed"]) -> dict[UUID, Any]:
        """Return what each call is given, or why it could not be prepared."""
        given: dict[UUID, Any] = {}
        wanted: list[_Claimed] = []
        for each in claimed:
            if isinstance(each.kind, EffectKind) and each.kind.prepare is not None:
                wanted.append(each)
            else:
                given[each.call.id] = each.call.body
        try:
            if wanted:
                given |= await self._prepare_together(tenant, wanted)
        # Who it was is found out by preparing them one by one.
        except Exception as lost:
            for each in wanted:
                given[each.call.id] = lost
                if len(wanted) > 1:
                    given |= await self._prepare(tenant, [each])
        return given

    async def _prepare_together(self, tenant: str, wanted: Sequence["_Claimed"]) -> dict[UUID, Any]:
        alike: dict[EffectKind, list[EffectCall]] = {}
        for each in wanted:
            alike.setdefault(each.kind, []).append(each.call)
        given: dict[UUID, Any] = {}
        async with self.database.transaction(tenant, read_only=True) as tx:
            for kind, calls in alike.items():
                answers = await kind.prepare(tx, calls)
                given |= zip((call.id for call in calls), answers, strict=True)
        return given

    async def _carry_out(
        self, claimed: "_Claimed", preparing: asyncio.Task[dict[UUID, Any]]
    ) -> None:
        call, kind = claimed.call, claimed.kind
        if isinstance(kind, Schedule):
            await self._run_schedule(call, kind)
            return
        try:
            given = (await asyncio.shield(preparing))[call.id]
            if isinstance(given, Exception):
                raise given
            faults.reach("effects.before_call")
            async with asyncio.timeout(kind.timeout_seconds):
                result = await kind.call(call, given)
            faults.reach("effects.after_call")
            await self._saver.save(Ending(call, kind, "done", result))
        except Dead as error:
            await self._saver.save(Ending(call, kind, "dead", str(error)))
        except Retry as error:
            await self._later(call, kind, str(error), error.after_seconds)
        # Whatever else a connector raises is its own failure and must not stop the worker.
        except Exception as error:
            await self._later(call, kind, f"{type(error).__name__}: {error}", None)

    async def _later(
        self, call: EffectCall, kind: EffectKind, reason: str, seconds: float | None
    ) -> None:
        if call.tries >= TRIES_MAX:
            await self._saver.save(Ending(call, kind, "dead", reason))
            return
        if seconds is None:
            longest = min(RETRY_SECONDS_FIRST * 2**call.tries, RETRY_SECONDS_MAX)
            seconds = longest * random.uniform(0.5, 1.0)  # noqa: S311
        await self._postpone(call, seconds, reason, call.tries)

    async def _run_schedule(self, call: EffectCall, schedule: Schedule) -> None:
        async def run(tx: Tx) -> None:
            if await storage.lock_claimed(tx, call):
                is_left = await schedule.run(tx)
                seconds = 0.0 if is_left else schedule.every_seconds
                await storage.postpone(tx, call, seconds, "", 0)

        try:
            await self._save(call, run)
        # A defect in one schedule is kept with its row and met again at the next run.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            await self._postpone(call, schedule.every_seconds, reason, call.tries)

    async def _postpone(self, call: EffectCall, seconds: float, reason: str, tries: int) -> None:
        async def save(tx: Tx) -> None:
            await storage.postpone(tx, call, seconds, reason[:REASON_CHARACTERS_MAX], tries)

        await self._save(call, save)

    async def _save(self, call: EffectCall, save: Callable[[Tx], Awaitable[None]]) -> None:
        """Store what came of a try while the effect goes on being due."""

        async def once() -> None:
            async with self.database.transaction(call.tenant, trace=call.trace) as tx:
                await save(tx)

        await self._saver.patiently(once)


class _Claimed(msgspec.Struct, frozen=True):
    """An effect or a schedule this worker holds the lease of."""

    call: EffectCall
    kind: EffectKind | Schedule


async def ensure_schedules(tx: Tx, schedules: Sequence[Schedule]) -> None:
    """Make sure that each schedule has its row in this tenant."""
    wanted = (*schedules, TIDY_EFFECTS)
    await service.request(
        tx, [Effect(_schedule_kind(s), _schedule_kind(s), NoBody()) for s in wanted]
    )


def _schedule_kind(schedule: Schedule) -> str:
    return f"schedule:{schedule.name}"


async def _tidy(tx: Tx) -> bool:
    return await storage.delete_done(tx, DONE_RETENTION_DAYS, DONE_DELETED_AT_ONCE_MAX)


TIDY_EFFECTS = Schedule("effects.tidy", 3600.0, _tidy)
