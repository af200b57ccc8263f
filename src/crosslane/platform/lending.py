"""Which free connection a tenant is lent: the one it had last, where that is free.

Statements that a session has prepared are planned for the tables it looks at. Once it looks at
another tenant's, each is planned anew the next time, which takes as long as deciding an order does.
No connection is opened for that: where none is the tenant's own it is lent the one that nobody has
wanted for longest.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
from asyncpg.pool import PoolConnectionHolder, PoolConnectionProxy

# The pool's own kind of queue: it asks for more than a queue of the standard library can.
from asyncpg.pool import _PoolConnectionHolderQueue as Queue


class Free(Queue):
    """The free connections of a pool, in the order in which they came back.

    Attributes:
        wanted: whose tables the next one will look at, "" for nobody's.
    """

    wanted = ""

    def _get(self) -> PoolConnectionHolder:
        free: list[PoolConnectionHolder] = self._queue
        chosen = len(free) - 1
        for place in range(len(free) - 1, -1, -1):
            if free[place].is_connected():
                chosen = place
                if free[place]._con.tenant == self.wanted:
                    break
        return free.pop(chosen)


def keep_apart(pool: asyncpg.Pool) -> None:
    """Let a pool of connections that know their tenant lend each to the tenant that had it."""
    free = Free(maxsize=pool.get_max_size())
    while not pool._queue.empty():
        free.put_nowait(pool._queue.get_nowait())
    pool._queue = free


async def lend(pool: asyncpg.Pool, tenant: str) -> PoolConnectionProxy:
    """Take a connection out of a pool that was told to :func:`keep_apart`.

    Args:
        pool: has one that is free or may be opened.
        tenant: whose tables it will look at, "" for nobody's.
    """
    # Where one is free nothing comes between this and the choice.
    pool._queue.wanted = tenant
    return await pool.acquire()


@asynccontextmanager
async def given_back(pool: asyncpg.Pool, connection: PoolConnectionProxy) -> AsyncIterator[None]:
    """Give a connection back at the end, whatever happened to it.

    Raises:
        ConnectionDoesNotExistError: it broke while a statement was on its way.
    """
    try:
        yield
    except asyncpg.InternalClientError as error:
        # What the driver says when it loses the connection between two packets of a statement.
        raise asyncpg.ConnectionDoesNotExistError(str(error)) from error
    finally:
        # One that was lost may have left the pool already.
        with suppress(asyncpg.InternalClientError):
            await pool.release(connection)


async def prepare(connection: asyncpg.Connection) -> None:
    """Let a new connection hand over JSON as it is stored."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + value,
        decoder=lambda stored: stored[1:],
        format="binary",
    )


async def leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Reset nothing of a connection that comes back."""
    del connection
