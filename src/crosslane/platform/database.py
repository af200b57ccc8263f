"""Transactions: the only way to PostgreSQL, always inside one tenant's schema.

A service receives a :class:`Tx` and never begins or commits; the edges (lane, reaction, effect,
read route, command line) do. A tenant is a schema named ``t_<tenant>``.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

import asyncpg
import msgspec
from asyncpg.protocol import protocol

from crosslane.kernel import Unavailable
from crosslane.platform import outbox
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.fairness import FairTurns, LoopTurns, TenantBusy
from crosslane.platform.lending import given_back, keep_apart, leave_as_it_is, lend, prepare
from crosslane.platform.outbox import Outbox, Part
from crosslane.platform.waking import Mark, Waking

POOL_CONNECTIONS_MAX = 10
ACQUIRE_SECONDS_MAX = 5.0
CONNECT_SECONDS_MAX = 10.0
CONNECT_AGAIN_SECONDS = 0.1
PATIENCE_SECONDS = 30.0
STATEMENT_MS_MAX = 30_000
# Below a second, so that who waits for a lock can be told so within one.
LOCK_MS_MAX = 900
BULK_LOCK_MS_MAX = 300_000
# The server ends a statement by itself; only a server that has vanished lets us wait longer.
ANSWER_SECONDS_MAX = STATEMENT_MS_MAX / 1000 + 5.0
COMMIT_SECONDS_MAX = 5.0
IDLE_IN_TRANSACTION_MS_MAX = 2_000
STATEMENT_CACHE_SIZE = 512
# A connection is closed after so many statements, and all it has prepared is prepared anew.
STATEMENTS_MAX = 1_000_000
BUILT_IN_OID_MAX = 16_383
# bool, bytea, int2, int4, text, int8, float8, date, timestamptz, numeric, uuid, jsonb
ARRAY_OIDS = frozenset((1000, 1001, 1005, 1007, 1009, 1016, 1022, 1182, 1185, 1231, 2951, 3807))
VERSIONS_KEPT_MAX = 1_024

# By these the server drops a client that has vanished, and with it the locks it held.
FAREWELL = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "client_connection_check_interval": "2000",
}

CONNECTION_LOST = (
    OSError,  # a TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)

# The driver asks of each element of every array whether it is an array itself, some hundred times
# for an order that is placed, and does so of abstract classes. Lists are arrays to it and nothing
# else; a connection makes lists of what else is given for one.
protocol.IterableABC = protocol.SizedABC = list
protocol.MappingABC = ()
MADE_LISTS = frozenset((tuple, set, frozenset, type({}.keys()), type({}.values())))

Record = asyncpg.Record
Found = TypeVar("Found")

# What only looks needs no transaction: each statement sees what is committed as it begins, within
# one as without. Whatever might do more begins one; a word too many here costs a BEGIN, no more.
_LOOK = re.compile(r"\s*(select|with|values|table)\b", re.IGNORECASE)
_DOES = re.compile(
    r"\b(insert|update|delete|merge|into|for\s+(key\s+)?share|nextval|setval|set_config"
    r"|pg_\w*advisory\w*|pg_notify|pg_current_xact_id|platform_ensure\w*)\b",
    re.IGNORECASE,
)
STATEMENTS_KNOWN_MAX = 4_096


class DatabaseBusy(Unavailable):
    """Every connection to the database is in use; try again shortly."""


class CommitUnknown(Exception):
    """The connection broke while COMMIT was under way: the work may or may not be saved."""


class Overtaken(Exception):
    """Somebody else took meanwhile what a decision had counted on: it has to be decided anew."""


class Tx:
    """One open transaction of one tenant.

    The server hears of it with the first statement that does more than look.

    Attributes:
        tenant: name of the tenant whose schema unqualified tables belong to.
        now: the database's clock when the transaction opened, for recording times.
        actor: who it is done for.
        trace: trace id that follows one request through log and effects.
        versions: version of each fact topic, as this transaction sees them.
        opened: all that the statement answered by which it was opened.
        statements: round trips made so far, but for those that begin and end it.
        begun: the server knows of it, and has to be told how it ends.
        optimistic: nothing that is read gets locked; it is written by the statement that ends the
            transaction, and only when it has not changed since.
        touched: fact topics this transaction has changed.
        audited: keys of commands whose change is in the audit journal, "" for the only one.
        leaves_work: something was written for which a worker must look at the tenant.
        outbox: events, effects and answers, written as the transaction ends, and what was put.
    """

    def __init__(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        tenant: str,
        actor: Actor,
        trace: str,
        *,
        turns: LoopTurns,
        read_only: bool = False,
        optimistic: bool = False,
    ) -> None:
        self._turns = turns
        self.optimistic = optimistic
        self.conn = connection
        self.tenant = tenant
        self.actor = actor
        self.trace = trace
        self.now: datetime
        self.opened: Record
        self.versions: Mapping[str, int] = MappingProxyType({})
        self.statements = 0
        self.begun = False
        self.touched: set[str] = set()
        self.audited: set[str] = set()
        self.leaves_work = False
        self.outbox = Outbox()
        self._savepoints = 0
        self._begin = "begin read only" if read_only else "begin"

    async def begin(self, *settings: str) -> None:
        """Let the server know of the transaction, unless it does.

        Args:
            settings: what holds for it, such as ``set local lock_timeout = '20ms'``.
        """
        if self.begun:
            return
        # Whether the server has heard of it or not when that breaks off: it is told of the end.
        self.begun = True
        await self.conn.execute("; ".join((self._begin, *settings)))

    async def put(self, *parts: Part) -> None:
        """Write something together with what else is put, before the next statement or the end.

        None of it may rest on what another part writes: all of them see what was there before.

        Args:
            parts: named queries, and their arguments.
        """
        if self.outbox.knows(parts):
            await self._write_soon()
        self.outbox.soon += parts

    async def _write_soon(self) -> None:
        if self.outbox.soon:
            sql, args = outbox.statement_of(self.outbox.take_soon())
            await self.execute(sql, *args)

    async def _run(
        self, run: Callable[..., Awaitable[Found]], sql: str, args: Sequence[Any]
    ) -> Found:
        await self._write_soon()
        if not self.begun and _does(sql):
            await self.begin()
        self.statements += 1
        found = await run(sql, *args)
        await self._turns.turn(self.tenant, first=True)
        return found

    async def fetch(self, sql: str, *args: Any) -> list[Record]:
        """Run one statement and return all its rows."""
        return await self._run(self.conn.fetch, sql, args)

    async def fetchrow(self, sql: str, *args: Any) -> Record | None:
        """Run one statement and return its first row, or None."""
        return await self._run(self.conn.fetchrow, sql, args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """Run one statement and return the first column of its first row, or None."""
        return await self._run(self.conn.fetchval, sql, args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run one statement and return PostgreSQL's command tag, such as ``UPDATE 3``."""
        return await self._run(self.conn.execute, sql, args)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what happens inside when it raises, and let the exception go on."""
        self._savepoints += 1
        name = f"s{self._savepoints}"
        await self.execute(f"savepoint {name}")
        mark, touched = self.outbox.mark(), set(self.touched)
        try:
            yield
            await self._write_soon()
        except BaseException:
            self.outbox.back_to(mark)
            self.touched = touched
            if not self.conn.is_closed():
                await self.execute(f"rollback to savepoint {name}")
            raise
        await self.execute(f"release savepoint {name}")


@lru_cache(maxsize=STATEMENTS_KNOWN_MAX)
def _does(sql: str) -> bool:
    """Whether a statement may do more than look."""
    return _LOOK.match(sql) is None or _DOES.search(sql) is not None


class Connection(asyncpg.Connection):
    """A connection that asks less often than the driver does, and takes any row for an array.

    The driver asks what a type consists of as it meets it, on each connection, by the most costly
    statement of all. What belongs to PostgreSQL itself is the same on every connection, so a
    process asks once, for all arrays together.

    Attributes:
        tenant: whose tables unqualified ones are, "" for nobody's.
    """

    _learned: ClassVar[dict[frozenset[int], Any]] = {}
    tenant = ""

    async def look_at(self, tenant: str) -> None:
        """Let unqualified tables be those of a tenant, "" for nobody's, until told otherwise."""
        if self.tenant == tenant:
            return
        # While it is being told, and when that breaks off, nobody knows whose they are.
        self.tenant = "?"
        path = f"set search_path to {schema_of(tenant)}" if tenant else "reset search_path"
        await self.execute(path)
        self.tenant = tenant

    async def _execute(self, query: str, args: Sequence[Any], *rest: Any, **told: Any) -> Any:
        plain = [list(each) if type(each) in MADE_LISTS else each for each in args]
        return await super()._execute(query, plain, *rest, **told)

    async def _introspect_types(self, typeoids: Iterable[int], timeout: float | None) -> Any:
        wanted = ARRAY_OIDS.union(typeoids)
        if max(wanted) > BUILT_IN_OID_MAX:
            return await super()._introspect_types(typeoids, timeout)
        if wanted not in self._learned:
            self._learned[wanted] = await super()._introspect_types(wanted, timeout)
        return self._learned[wanted]


OPEN = """
select clock_timestamp() as now,
       (select jsonb_object_agg(topic, version::text) from platform_fact) as versions
"""


class Opening(msgspec.Struct, frozen=True):
    """The statement that opens a transaction, and does something else on the way.

    Args:
        sql: returns one row with ``now`` and ``versions`` as :data:`OPEN` does, and what else is
            asked for.
        args: its arguments.
        settings: what holds for the transaction, such as ``set local lock_timeout = '20ms'``.
    """

    sql: str = OPEN
    args: tuple[Any, ...] = ()
    settings: tuple[str, ...] = ()


PLAIN = Opening()


class Database:
    """A pool of connections and the transactions on it.

    Args (of :meth:`connect`):
        url: PostgreSQL URL, with the folder of the socket as host for the embedded one.
        connections: most connections at once.
        bulk: lift the limits on idle and statement time, for migrations and imports.
        patience_seconds: how long the server may be away, for a process started while it is.
    """

    def __init__(self, pool: asyncpg.Pool, url: str) -> None:
        self.pool = pool
        self.url = url
        self.turns = LoopTurns()
        self._places = FairTurns(pool.get_max_size())
        self._waking = Waking()

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        connections: int = POOL_CONNECTIONS_MAX,
        bulk: bool = False,
        patience_seconds: float = 0.0,
    ) -> Self:
        """Open the pool; fails when the server cannot be reached for as long as we are patient."""
        give_up_at = time.monotonic() + patience_seconds
        while True:
            try:
                return await cls._connect(url, connections, bulk)
            except CONNECTION_LOST:
                if time.monotonic() > give_up_at:
                    raise
                await asyncio.sleep(CONNECT_AGAIN_SECONDS)

    @classmethod
    async def _connect(cls, url: str, connections: int, bulk: bool) -> Self:
        limits = {
            "lock_timeout": str(BULK_LOCK_MS_MAX if bulk else LOCK_MS_MAX),
            "statement_timeout": str(0 if bulk else STATEMENT_MS_MAX),
            "idle_in_transaction_session_timeout": str(0 if bulk else IDLE_IN_TRANSACTION_MS_MAX),
            "application_name": "crosslane",
            "timezone": "UTC",
            "jit": "off",
            **FAREWELL,
        }
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections,
            connection_class=Connection,
            init=prepare,
            # A transaction says whose tables it means and sets all else with SET LOCAL, so nothing
            # is left to reset.
            reset=leave_as_it_is,
            server_settings=limits,
            timeout=CONNECT_SECONDS_MAX,
            command_timeout=None if bulk else ANSWER_SECONDS_MAX,
            statement_cache_size=STATEMENT_CACHE_SIZE,
            max_cached_statement_lifetime=0,
            max_queries=STATEMENTS_MAX,
        )
        keep_apart(pool)
        return cls(pool, url)

    async def close(self) -> None:
        """Wait for open transactions and close every connection."""
        await self.pool.close()

    @asynccontextmanager
    async def connection(self, tenant: str = "") -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        """Lend a connection, for the control schema or for a tenant, which gets its fair share.

        Raises:
            DatabaseBusy: none came free within ACQUIRE_SECONDS_MAX, or too many wait already.
            ConnectionDoesNotExistError: it broke while a statement was on its way.
        """
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(ACQUIRE_SECONDS_MAX):
                    await turn.enter_async_context(self._places.turn(tenant))
                    connection = await lend(self.pool, tenant)
            except (TimeoutError, TenantBusy):
                raise DatabaseBusy from None
            async with given_back(self.pool, connection):
                # Who asks for a tenant names its tables in full or opens a transaction.
                if not tenant:
                    await connection.look_at("")
                yield connection

    @asynccontextmanager
    async def transaction(
        self,
        tenant: str,
        *,
        actor: Actor = SYSTEM,
        trace: str = "",
        read_only: bool = False,
        optimistic: bool = False,
        opening: Opening = PLAIN,
    ) -> AsyncIterator[Tx]:
        """Open a transaction in a tenant's schema; commit at the end, roll back on an exception.

        One statement is a transaction by itself: where all that is written was collected for the
        end, it is neither begun nor committed.

        Raises:
            DatabaseBusy: no connection came free.
            CommitUnknown: the connection broke during COMMIT, or no answer came.
        """
        async with self.connection(tenant) as connection:
            tx = Tx(
                connection,
                tenant,
                actor,
                trace,
                turns=self.turns,
                read_only=read_only,
                optimistic=optimistic,
            )
            last: tuple[str, list[Any]] | None = None
            mark: Mark | None = None
            try:
                await connection.look_at(tenant)
                if opening.settings:
                    await tx.begin(*opening.settings)
                tx.opened = await tx.fetchrow(opening.sql, *opening.args)
                tx.now = tx.opened["now"]
                tx.versions = _versions(tx.opened["versions"])
                yield tx
                last = outbox.take(tx)
                # Asked once: what is kept for the end is lost where something else begins one.
                must_mark = self._waking.must_mark(tx)
                if last is not None and (tx.begun or read_only or must_mark):
                    sql, args = last
                    await tx.execute(sql, *args)
                    last = None
                if must_mark:
                    mark = await self._waking.mark(tx)
            except BaseException:
                # One that broke by itself may have left the pool already: an InterfaceError.
                with suppress(asyncpg.InterfaceError):
                    if tx.begun and not connection.is_closed():
                        await connection.execute("rollback")
                raise
            if tx.begun:
                last = "commit", []
            if last is None:
                return
            sql, args = last
            try:
                await connection.execute(sql, *args, timeout=COMMIT_SECONDS_MAX)
            except CONNECTION_LOST as error:
                # Whoever comes next must not wait for the answer that never came.
                with suppress(asyncpg.InterfaceError):
                    connection.terminate()
                raise CommitUnknown from error
            if mark is not None:
                # All is saved. Unmarked it waits until workers look at the tenant by themselves.
                with suppress(*CONNECTION_LOST, asyncpg.LockNotAvailableError):
                    await self._waking.committed(connection, tenant, mark)


def schema_of(tenant: str) -> str:
    """Return the quoted name of the schema in which a tenant's tables live."""
    return '"t_' + tenant.replace('"', '""') + '"'


@lru_cache(maxsize=VERSIONS_KEPT_MAX)
def _versions(told: bytes) -> Mapping[str, int]:
    read: dict[str, str] = msgspec.json.decode(told)
    return MappingProxyType({topic: int(version) for topic, version in read.items()})


def columns(rows: Iterable[Any], *names: str) -> list[list[Any]]:
    """Turn rows into columns for ``from unnest($1::uuid[], $2::text[])``.

    Args:
        rows: objects that have the attributes ``names``.
        names: one list is returned for each, in this order.
    """
    taken = list(rows)
    return [list(map(attrgetter(name), taken)) for name in names]
