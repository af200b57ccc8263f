"""Reaching the database from a command: the operator's own, the running one, or one for now."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from crosslane.platform.database import Database
from crosslane.platform.home import CannotStart, HomeInUse
from crosslane.platform.migrations import MigrationChanged, control_migrated
from crosslane.platform.migrations import migrate as apply_migrations
from crosslane.platform.postgres import EmbeddedPostgres, running_url
from crosslane.platform.settings import read_settings
from crosslane.platform.telemetry import start_logging

START_SECONDS_MAX = 30.0
RETRY_SECONDS = 0.1
COMMAND_CONNECTIONS = 2


class DatabaseNotReached(CannotStart):
    """The database does not answer: {reason}. Check DATABASE_URL and that the server runs."""


class MigrationRefused(CannotStart):
    """The database was not migrated: {reason}."""


@asynccontextmanager
async def command_database(
    *, prepared: bool = True, connections: int = COMMAND_CONNECTIONS
) -> AsyncIterator[Database]:
    """Open the database for one command.

    Without a `DATABASE_URL` it is the embedded one: that of a Crosslane running on this home, or
    started for as long as the command takes.

    Args:
        prepared: bring the control schema up to date, so that a fresh installation has a list of
            tenants, though an empty one.
        connections: how many it uses at once.
    """
    settings = read_settings(os.environ)
    start_logging("warning")
    async with AsyncExitStack() as stack:
        url, patience_seconds = settings.database_url, 0.0
        if url is None:
            try:
                postgres = await stack.enter_async_context(EmbeddedPostgres(settings.home))
                url = postgres.url
            except HomeInUse:
                # It may be starting at this moment.
                url, patience_seconds = running_url(settings.home), START_SECONDS_MAX
        database = await stack.enter_async_context(opened(url, patience_seconds, connections))
        if prepared:
            async with database.connection() as connection:
                await control_migrated(connection)
        yield database


@asynccontextmanager
async def opened(
    url: str, patience_seconds: float, connections: int = COMMAND_CONNECTIONS
) -> AsyncIterator[Database]:
    """Open a pool for work that may take its time.

    Args:
        url: address of the server.
        patience_seconds: how long to try again while it does not answer.
        connections: how many are used at once.

    Raises:
        DatabaseNotReached: it did not answer in this time, or it refuses us.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            database = await Database.connect(url, connections=connections, bulk=True)
            break
        except (OSError, asyncpg.CannotConnectNowError) as error:
            if time.monotonic() > deadline:
                raise DatabaseNotReached(reason=_reason(error)) from error
            await asyncio.sleep(RETRY_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise DatabaseNotReached(reason=_reason(error)) from error
    try:
        yield database
    finally:
        await database.close()


async def migrated(url: str) -> None:
    """Bring every tenant up to date.

    Raises:
        MigrationRefused: a migration was changed after it had been applied.
        DatabaseNotReached: the server does not answer.
    """
    async with opened(url, START_SECONDS_MAX) as database:
        try:
            await apply_migrations(database)
        except MigrationChanged as error:
            raise MigrationRefused(reason=str(error)) from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
