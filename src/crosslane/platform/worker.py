"""The worker: finds tenants with work, runs their reactions, starts their effects.

A transaction that leaves work behind marks its tenant as active for some seconds, in its own commit
and at most every few seconds per process. Workers look only at tenants that are active or due: a
thousand idle tenants cost one small query a round, and a process that dies after its commit has
already promised that somebody looks.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence

import asyncpg

from crosslane.platform.database import CommitUnknown, Database, DatabaseBusy
from crosslane.platform.effects import EffectKind, Runner, Schedule, ensure_schedules
from crosslane.platform.log import Reaction, run_reaction
from crosslane.platform.log.reactions import reactions_with_work
from crosslane.platform.presence import Presence
from crosslane.platform.telemetry import Log, traced

ROUND_SECONDS_BUSY = 0.02
ROUND_SECONDS_IDLE = 0.2
LOOK_AGAIN_SECONDS = 60.0
COMPLAINT_SECONDS = 10.0
# A round goes to all that are due: some stay so for a while, whether there is work or not.
TENANTS_DUE_MAX = 100_000
# While others wait, a tenant's turn ends when this is over; what it has left comes next round.
TENANTS_AT_ONCE = 4
TURN_SECONDS = 0.25
# While one reaction waits for the database, another has the processor. With three of them a full
# log is read almost twice as fast as with two, with four no faster.
REACTIONS_AT_ONCE = 3
BATCHES_PER_TURN_MAX = 20
# For so long a patient reaction goes on, at least one batch, until it is looked whether others have
# something to read: it is never kept from its work for ever, nor keeps them from theirs for long.
GIVING_WAY_SECONDS = 0.2
# Turns in which patient reactions may come before others, while several tenants take turns.
PATIENT_FIRST_SHARE = 0.25

# Others work on the same rows at this moment: nothing is wrong, and the next round tries again.
BUSY = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)

DUE_TENANTS = """
select tenant from control.wake where due_at <= clock_timestamp() order by due_at limit $1
"""
# A tenant marked active meanwhile stays due: its active_until has moved. Nothing counts as a time
# that is later than any other, and only the database's clock is asked.
LOOK_LATER = """
update control.wake set due_at = greatest(clock_timestamp(), least($2, clock_timestamp()
    + make_interval(secs => $3)))
where tenant = $1 and active_until < clock_timestamp()
"""

log = Log(__name__)


class Worker:
    """Runs reactions, effects and schedules of every tenant until stopped.

    Args:
        database: where the tenants are.
        reactions: everything that reads events.
        kinds: every kind of effect.
        schedules: work by the clock.
        failed: told of errors that lasted for a round, each sort at most once in COMPLAINT_SECONDS;
            the worker itself goes on.
    """

    def __init__(
        self,
        database: Database,
        reactions: Sequence[Reaction],
        kinds: Sequence[EffectKind],
        schedules: Sequence[Schedule],
        *,
        failed: Callable[[str, BaseException], None] = lambda tenant, error: None,
    ) -> None:
        self.database = database
        self.reactions = reactions
        self.schedules = schedules
        self.runner = Runner(database, kinds, schedules)
        self.presence = Presence(database, self.runner.lease_seconds)
        self._failed = failed
        self._complained_at: dict[tuple[str, type[BaseException]], float] = {}
        self._scheduled: set[tuple[str, int]] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask :meth:`run` to end after the present round."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until :meth:`stop`; then let calls under way finish."""
        present = asyncio.create_task(self.presence.keep())
        self.runner.worker = self.presence.number
        try:
            await self._be_known()
            await self._work()
            await self.runner.drain()
        finally:
            self.presence.holds_claims = self.runner.may_hold_claims
            present.cancel()
            await asyncio.wait({present})

    async def _be_known(self) -> None:
        """Wait until the other workers know of this one, or it is to stop."""
        waits = [
            asyncio.create_task(event.wait()) for event in (self.presence.known, self._stopping)
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                done = await self.round()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DatabaseBusy) as error:
                self._complain("", error)
                done = 0
            wait = ROUND_SECONDS_BUSY if done else ROUND_SECONDS_IDLE
            try:
                await asyncio.wait_for(self._stopping.wait(), wait)
            except TimeoutError:
                continue

    async def round(self) -> int:
        """Look once at every tenant that is due, until asked to stop; return how much was done."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(DUE_TENANTS, TENANTS_DUE_MAX)
        tenants = [row["tenant"] for row in rows]
        # Not always the same one first: who comes first claims effects.
        random.shuffle(tenants)
        left = iter(tenants)
        seconds = TURN_SECONDS if len(tenants) > 1 else math.inf

        async def serve() -> int:
            done = 0
            for tenant in left:
                if self._stopping.is_set():
                    break
                done += await self._turn(tenant, seconds)
            return done

        async with asyncio.TaskGroup() as group:
            hands = [group.create_task(serve()) for _ in range(TENANTS_AT_ONCE)]
        return sum(hand.result() for hand in hands)

    async def _turn(self, tenant: str, seconds: float) -> int:
        lost = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, CommitUnknown, DatabaseBusy)
        try:
            with traced("", tenant):
                return await self._serve(tenant, time.monotonic() + seconds)
        except lost as error:
            self._complain(tenant, error)
            return 0

    def _complain(self, tenant: str, error: BaseException) -> None:
        # Rounds come several times a second: a database that is away must not fill the log.
        now = time.monotonic()
        sort = tenant, type(error)
        if now - self._complained_at.get(sort, -COMPLAINT_SECONDS) >= COMPLAINT_SECONDS:
            self._complained_at[sort] = now
            self._failed(tenant, error)

    async def _serve(self, tenant: str, until: float) -> int:
        done = await self.runner.start_due(tenant)
        async with self.database.transaction(tenant, read_only=True) as tx:
            made = (tenant, tx.versions[""])
            waiting = await reactions_with_work(tx, self.reactions)
        if made not in self._scheduled:
            async with self.database.transaction(tenant) as tx:
                await ensure_schedules(tx, self.schedules)
            self._scheduled.add(made)
        # Each worker in an order of its own, so that they do not all want the same cursor next.
        random.shuffle(waiting)
        # Turns that end by the clock must leave out nobody for ever.
        if until == math.inf or random.random() > PATIENT_FIRST_SHARE:  # noqa: S311
            waiting.sort(key=lambda reaction: reaction.patient)
        left = iter(waiting)
        hands = [self._react(tenant, left, until) for _ in range(REACTIONS_AT_ONCE)]
        # Whatever one meets, the others finish what they have begun.
        for end in await asyncio.gather(*hands, return_exceptions=True):
            if isinstance(end, BaseException):
                raise end
            done += end
        if not done:
            await self._look_later(tenant)
        return done

    async def _react(self, tenant: str, reactions: Iterator[Reaction], until: float) -> int:
        """Run each reaction that nobody has taken yet; return how much there was to do."""
        done = 0
        for reaction in reactions:
            way = time.monotonic() + GIVING_WAY_SECONDS if reaction.patient else math.inf
            try:
                done += await self._drain(tenant, reaction, min(until, way))
            except BUSY as error:
                done += 1
                log.info("rows are busy", reaction=reaction.name, error=type(error).__name__)
            # Calls to the outside wait for no reaction. One claim for many costs as one for few.
            if self.runner.is_idle:
                done += await self.runner.start_due(tenant)
            # At least one has had its turn, however slow the database is.
            if time.monotonic() > until:
                return done + 1
        return done

    async def _drain(self, tenant: str, reaction: Reaction, until: float) -> int:
        handled = 0
        for _ in range(BATCHES_PER_TURN_MAX):
            taken = await run_reaction(self.database, tenant, reaction)
            handled += taken
            if taken < reaction.batch_max or time.monotonic() > until:
                break
        return handled

    async def _look_later(self, tenant: str) -> None:
        next_due = await self.runner.next_due(tenant)
        async with self.database.connection() as connection:
            await connection.execute(LOOK_LATER, tenant, next_due, LOOK_AGAIN_SECONDS)
