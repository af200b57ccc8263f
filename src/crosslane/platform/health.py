"""How the database does: who holds the log back, how large it is, which migrations it has had."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from crosslane.platform.database import Tx
from crosslane.platform.migrations import tenant_migrations

HOLDER_SECONDS_MAX = 5
HOLDERS_LISTED_MAX = 5

# The log is read up to the oldest transaction that may still write; whoever keeps one open, keeps
# every reaction waiting.
HOLDERS = """
select pid, application_name, state, xact_start as since
from pg_stat_activity
where backend_xid is not null and xact_start < clock_timestamp() - make_interval(secs => $1)
union all
select 0, gid, 'prepared', prepared from pg_prepared_xacts
where prepared < clock_timestamp() - make_interval(secs => $1)
order by since limit $2
"""


class Holder(msgspec.Struct, frozen=True):
    """A session whose open transaction holds the horizon of the log back.

    Args:
        pid: its process on the database server, 0 for a prepared transaction.
        application_name: what it calls itself.
        state: what it is doing, as PostgreSQL says it.
        since: when its transaction began.
    """

    pid: int
    application_name: str
    state: str | None
    since: datetime


async def list_holders(fetch: Callable[..., Any]) -> list[Holder]:
    """Return the sessions that keep reactions waiting, the oldest first.

    Args:
        fetch: of a transaction or connection.
    """
    rows = await fetch(HOLDERS, HOLDER_SECONDS_MAX, HOLDERS_LISTED_MAX)
    return [Holder(**dict(row)) for row in rows]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the database of a tenant does.

    Args:
        server_version: of PostgreSQL.
        database_bytes: size of the whole database, of all tenants.
        schema_bytes: of this tenant's tables and indexes.
        connections: open sessions of the database; likewise how many there may be.
        migration: the last migration the tenant has had; likewise when.
        missing: names of migrations that it still lacks.
        holders: sessions that keep reactions waiting.
    """

    server_version: str
    database_bytes: int
    schema_bytes: int
    connections: int
    connections_max: int
    migration: str
    migrated_at: datetime | None
    missing: list[str]
    holders: list[Holder]


MEASURE = """
select current_setting('server_version') as server_version,
       pg_database_size(current_database()) as database_bytes,
       (select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'm'))
           as schema_bytes,
       (select count(*) from pg_stat_activity where datname = current_database()) as connections,
       current_setting('max_connections')::int as connections_max
"""
LIST_APPLIED = "select number, name, applied_at from platform_migration order by number"


async def health(tx: Tx) -> Health:
    """Return how the database does, as far as a tenant may know."""
    measured = await tx.fetchrow(MEASURE)
    applied = await tx.fetch(LIST_APPLIED)
    numbers = {row["number"] for row in applied}
    return Health(
        **dict(measured or {}),
        migration=f"{applied[-1]['number']:04}_{applied[-1]['name']}" if applied else "",
        migrated_at=applied[-1]["applied_at"] if applied else None,
        missing=[f"{m.number:04}_{m.name}" for m in tenant_migrations() if m.number not in numbers],
        holders=await list_holders(tx.fetch),
    )
