"""Presence: workers notice within two seconds that another worker has died.

Each worker keeps a session that holds an advisory lock on its number. When its process dies the
kernel closes the session and PostgreSQL lets go of the lock. Whoever then gets that lock makes the
dead one's calls due at once. Their lease remains for what a server cannot see, such as a machine
that fell off the network. A worker that is only slow keeps its lock, so its calls are not repeated.
"""

import asyncio
import secrets
from collections import Counter
from contextlib import suppress

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from crosslane.platform.database import CONNECTION_LOST, CommitUnknown, Database, DatabaseBusy
from crosslane.platform.effects import release_claims
from crosslane.platform.telemetry import Log

PRESENCE_LOCK = 0x50524553
LOOK_SECONDS = 0.5
# After a restart of the database every worker needs a moment to come back.
MISSED_LOOKS_MAX = 3

TAKE_NUMBER = "select pg_try_advisory_lock($1::int, $2::int)"
LET_NUMBER_GO = "select pg_advisory_unlock($1::int, $2::int)"
REGISTER = "insert into control.worker (number) values ($1) on conflict do nothing"
FORGET = "delete from control.worker where number = $1"
# A claim holds on to its worker's row until it has committed.
LOCK_WHEN_IDLE = "select true from control.worker where number = $1 for update skip locked"
LIST_MISSING = """
select number from control.worker w where not exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid::bigint = $1 and l.objid::bigint = w.number
)
"""
# What a worker has claimed comes due within a lease, and its tenant is due no later than that.
LIST_TENANTS = """
select tenant from control.wake where due_at <= clock_timestamp() + make_interval(secs => $1)
"""

# Whatever the database does: who is present no more is never missed, and misses nobody.
TRANSIENT = (*CONNECTION_LOST, asyncpg.PostgresError, DatabaseBusy, CommitUnknown)

log = Log(__name__)


class Presence:
    """That one worker lives, and its eye on the others.

    Args:
        database: where the workers meet; one connection of its pool is kept.
        lease_seconds: longest lease of a call.

    Attributes:
        number: stands with every call this worker has under way.
        known: set once the number is known to the others. A worker that claimed calls before, and
            died, would be missed by nobody.
        holds_claims: whether this worker leaves calls behind; it stays known then, and the others
            bury it.
    """

    def __init__(self, database: Database, lease_seconds: float) -> None:
        self.database = database
        self.number = secrets.randbelow(2**31)
        self.known = asyncio.Event()
        self.holds_claims = False
        self._lease_seconds = lease_seconds
        self._missed: Counter[int] = Counter()

    async def keep(self) -> None:
        """Be present and look for the dead until cancelled, however often the database is away."""
        while True:
            try:
                async with self.database.connection() as session:
                    await self._attend(session)
            except TRANSIENT:
                await asyncio.sleep(LOOK_SECONDS)

    async def _attend(self, session: PoolConnectionProxy) -> None:
        try:
            present = False
            while True:
                # Not taken while somebody buries us, having missed us for too long.
                if not present and await session.fetchval(TAKE_NUMBER, PRESENCE_LOCK, self.number):
                    await session.execute(REGISTER, self.number)
                    present = True
                    self.known.set()
                await self.look(session)
                await asyncio.sleep(LOOK_SECONDS)
        except asyncio.CancelledError:
            with suppress(*TRANSIENT):
                if not self.holds_claims:
                    await session.execute(FORGET, self.number)
                await session.execute(LET_NUMBER_GO, PRESENCE_LOCK, self.number)
            raise
        except TRANSIENT:
            # The next session takes the lock; in the pool this one would keep it.
            with suppress(asyncpg.InterfaceError):
                session.terminate()
            raise

    async def look(self, session: PoolConnectionProxy) -> None:
        """Look once for workers that have died; several looks must miss the same one."""
        missing = {row["number"] for row in await session.fetch(LIST_MISSING, PRESENCE_LOCK)}
        self._missed = Counter({number: self._missed[number] + 1 for number in missing})
        for number, looks in self._missed.items():
            if looks >= MISSED_LOOKS_MAX:
                await self._bury(session, number)

    async def _bury(self, session: PoolConnectionProxy, number: int) -> None:
        """Make the calls of a dead worker due; the lock on its number says who does it."""
        if not await session.fetchval(TAKE_NUMBER, PRESENCE_LOCK, number):
            return
        try:
            async with session.transaction():
                # A claim that is about to commit would be overlooked: the next look comes soon.
                if not await session.fetchval(LOCK_WHEN_IDLE, number):
                    return
                released = 0
                for row in await session.fetch(LIST_TENANTS, self._lease_seconds):
                    async with self.database.transaction(row["tenant"]) as tx:
                        released += await release_claims(tx, number, self._lease_seconds)
                await session.execute(FORGET, number)
            log.warning("a worker has died", of_worker=number, calls=released)
        finally:
            if not session.is_closed():
                await session.execute(LET_NUMBER_GO, PRESENCE_LOCK, number)
