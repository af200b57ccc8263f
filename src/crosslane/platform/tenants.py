"""Tenants: each is a schema of its own, made whole or not at all."""

import secrets

import asyncpg
import msgspec

from crosslane.kernel import Conflict, Invalid, NotFound
from crosslane.platform import facts
from crosslane.platform.database import Database, Tx, schema_of
from crosslane.platform.facts import Fact
from crosslane.platform.migrations import apply_tenant, control_migrated

TENANTS_MAX = 100_000
KEY_PREFIX_BYTES = 5


class BadTenantName(Invalid):
    """A tenant's name is 1 to 40 of a-z, 0-9 and _, and begins with a letter; {name} is not."""


class TenantExists(Conflict):
    """There is a tenant {name} already."""


class NoSuchTenant(NotFound):
    """There is no tenant {name}."""


class Tenant(msgspec.Struct, frozen=True):
    """One retailer on this installation.

    Args:
        name: name of the tenant, which also names its schema.
        key_prefix: what every API key of this tenant begins with.
        host_names: web hosts that belong to this tenant.
    """

    name: str
    key_prefix: str
    host_names: list[str]


INSERT_TENANT = "insert into control.tenant (name, key_prefix, host_names) values ($1, $2, $3)"
INSERT_WAKE = "insert into control.wake (tenant) values ($1)"
DELETE_TENANT = "delete from control.tenant where name = $1"
LIST_TENANTS = "select name, key_prefix, host_names from control.tenant order by name limit $1"
FIND_TENANT = """
select name, key_prefix, host_names from control.tenant
where name = $1 or key_prefix = $2 or host_names @> array[$3] limit 1
"""
ONLY_TENANT = "select name, key_prefix, host_names from control.tenant limit 2"
LOCAL_SUFFIX = ".localhost"
"""Names below it lead to this machine in every browser; each tenant has its own there."""


async def create_tenant(
    database: Database, name: str, *, host_names: list[str] | None = None
) -> Tenant:
    """Make a tenant with all its tables, in one transaction.

    Raises:
        BadTenantName: the name cannot name a schema.
        TenantExists: it is taken.
    """
    if not (name.isascii() and name.isidentifier() and name == name.lower() and len(name) <= 40):
        raise BadTenantName(name=name[:60])
    if name.startswith("_"):
        raise BadTenantName(name=name)
    tenant = Tenant(name, secrets.token_hex(KEY_PREFIX_BYTES), host_names or [])
    async with database.connection() as connection:
        await control_migrated(connection)
        try:
            async with connection.transaction():
                await connection.execute(
                    INSERT_TENANT, tenant.name, tenant.key_prefix, tenant.host_names
                )
                await connection.execute(f"create schema {schema_of(name)}")
                await apply_tenant(connection, name)
                await connection.execute(INSERT_WAKE, name)
        except (asyncpg.UniqueViolationError, asyncpg.DuplicateSchemaError):
            raise TenantExists(name=name) from None
    return tenant


async def drop_tenant(database: Database, name: str) -> None:
    """Remove a tenant with everything it has.

    Raises:
        NoSuchTenant: there is none of this name.
    """
    async with database.connection() as connection, connection.transaction():
        if await connection.execute(DELETE_TENANT, name) == "DELETE 0":
            raise NoSuchTenant(name=name)
        await connection.execute(f"drop schema {schema_of(name)} cascade")


async def list_tenants(database: Database) -> list[Tenant]:
    """Return every tenant by name."""
    async with database.connection() as connection:
        return [Tenant(*row) for row in await connection.fetch(LIST_TENANTS, TENANTS_MAX)]


async def find_tenant(
    database: Database, *, name: str = "", key_prefix: str = "", host_name: str = ""
) -> Tenant | None:
    """Return the tenant with this name, key prefix or host name, or None.

    ``NAME.localhost`` is a host name of the tenant NAME.
    """
    if host_name.endswith(LOCAL_SUFFIX):
        name = name or host_name.removesuffix(LOCAL_SUFFIX).replace("-", "_")
    async with database.connection() as connection:
        row = await connection.fetchrow(FIND_TENANT, name, key_prefix, host_name)
    return Tenant(*row) if row else None


async def only_tenant(database: Database) -> Tenant | None:
    """Return the tenant of an installation that has one, None when it has several or none."""
    async with database.connection() as connection:
        rows = await connection.fetch(ONLY_TENANT)
    return Tenant(*rows[0]) if len(rows) == 1 else None


async def _load_tenant(tx: Tx) -> Tenant:
    row = await tx.fetchrow(FIND_TENANT, tx.tenant, "", "")
    if row is None:
        raise NoSuchTenant(name=tx.tenant)
    return Tenant(*row)


# Nothing of a tenant changes as long as its schema is the same.
TENANT = Fact("", _load_tenant)


async def tenant_of(tx: Tx) -> Tenant:
    """Return the tenant whose transaction this is."""
    return await facts.get(tx, TENANT)
