"""Schema changes: numbered SQL files, forward only, each applied once to every tenant.

An advisory lock lets one process migrate while others wait. A file that was changed after it had
been applied is refused, because its tenants would differ from new ones.
"""

import hashlib
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg
import msgspec

from crosslane.platform.database import Database, schema_of

MIGRATION_LOCK = 0x43524F53534C4E45


class MigrationChanged(Exception):
    """A migration that was applied before now reads differently."""


class Migration(msgspec.Struct, frozen=True):
    """One numbered SQL file."""

    number: int
    name: str
    sql: str
    checksum: str


class Pending(msgspec.Struct, frozen=True):
    """A migration that a schema has not had yet."""

    target: str
    number: int
    name: str


CREATE_CONTROL = """
create schema if not exists control;
create table if not exists control.migration (
    number integer primary key, name text not null, checksum text not null,
    applied_at timestamptz not null default clock_timestamp()
)
"""
CREATE_JOURNAL = """
create table if not exists platform_migration (
    number integer primary key, name text not null, checksum text not null,
    applied_at timestamptz not null default clock_timestamp()
)
"""
CONTROL_EXISTS = "select to_regclass('control.tenant') is not null"
JOURNAL_EXISTS = "select to_regclass($1) is not null"
TENANT_NAMES = "select name from control.tenant order by name"


def tenant_migrations() -> list[Migration]:
    """Return the migrations of a tenant's schema in order."""
    return _read(files("crosslane.migrations"))


def control_migrations() -> list[Migration]:
    """Return the migrations of the control schema in order."""
    return _read(files("crosslane.migrations") / "control")


def _read(folder: Traversable) -> list[Migration]:
    found = []
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            sql = file.read_text("utf-8")
            found.append(
                Migration(int(number), name, sql, hashlib.sha256(sql.encode()).hexdigest())
            )
    return sorted(found, key=lambda m: m.number)


async def control_migrated(connection: asyncpg.pool.PoolConnectionProxy) -> None:
    """Bring the control schema up to date."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        await connection.execute(CREATE_CONTROL)
        await connection.execute("set local search_path to control")
        await _apply(connection, "control", "control.migration", control_migrations())


async def apply_tenant(
    connection: asyncpg.pool.PoolConnectionProxy, tenant: str
) -> list[Migration]:
    """Apply what a tenant's schema lacks, inside the caller's transaction; return what was."""
    await connection.execute(f"set local search_path to {schema_of(tenant)}")
    await connection.execute(CREATE_JOURNAL)
    return await _apply(connection, tenant, "platform_migration", tenant_migrations())


async def _apply(
    connection: asyncpg.pool.PoolConnectionProxy,
    target: str,
    journal: str,
    wanted: list[Migration],
) -> list[Migration]:
    missing = await _missing(connection, target, journal, wanted)
    for migration in missing:
        await connection.execute(migration.sql)
        await connection.execute(
            f"insert into {journal} (number, name, checksum) values ($1, $2, $3)",  # noqa: S608
            migration.number,
            migration.name,
            migration.checksum,
        )
    return missing


async def _missing(
    connection: asyncpg.pool.PoolConnectionProxy,
    target: str,
    journal: str,
    wanted: list[Migration],
) -> list[Migration]:
    rows = await connection.fetch(f"select number, checksum from {journal}")  # noqa: S608
    applied = {row["number"]: row["checksum"] for row in rows}
    for migration in wanted:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise MigrationChanged(
                f"{target}: migration {migration.number:04}_{migration.name} was changed after it "
                "had been applied; put the file back and write the change as a new migration"
            )
    return [migration for migration in wanted if migration.number not in applied]


async def migrate(database: Database, *, told: Callable[[str], None] = lambda text: None) -> int:
    """Bring the control schema and every tenant up to date; each tenant is one transaction.

    Args:
        database: a bulk pool, because a migration may take its time.
        told: receives a line for each migration applied.

    Returns:
        How many migrations were applied to tenants.

    Raises:
        MigrationChanged: a file differs from what was applied; that tenant is left untouched.
    """
    applied = 0
    async with database.connection() as connection:
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        try:
            await control_migrated(connection)
            for row in await connection.fetch(TENANT_NAMES):
                async with connection.transaction():
                    for migration in await apply_tenant(connection, row["name"]):
                        told(f"{row['name']}: {migration.number:04}_{migration.name}")
                        applied += 1
        finally:
            await connection.execute("select pg_advisory_unlock($1)", MIGRATION_LOCK)
    return applied


async def pending(database: Database) -> list[Pending]:
    """Return what :func:`migrate` would apply, changing nothing.

    Raises:
        MigrationChanged: a file differs from what was applied.
    """
    found = []
    async with database.connection() as connection:
        if not await connection.fetchval(CONTROL_EXISTS):
            return [Pending("control", m.number, m.name) for m in control_migrations()]
        targets = [("control", "control.migration", control_migrations())]
        for row in await connection.fetch(TENANT_NAMES):
            journal = f"{schema_of(row['name'])}.platform_migration"
            targets.append((row["name"], journal, tenant_migrations()))
        for target, journal, wanted in targets:
            exists = await connection.fetchval(JOURNAL_EXISTS, journal)
            missing = await _missing(connection, target, journal, wanted) if exists else wanted
            found.extend(Pending(target, m.number, m.name) for m in missing)
    return found
