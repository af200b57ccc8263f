"""`crosslane tenant`: the retailers on this installation."""

import asyncio
import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.prompt import Prompt
from rich.table import Table

from crosslane.cli.connection import command_database
from crosslane.platform import auth
from crosslane.platform.tenants import (
    NoSuchTenant,
    Tenant,
    create_tenant,
    drop_tenant,
    find_tenant,
    list_tenants,
)

HostNames = Annotated[list[str] | None, Parameter(name="--host-name", negative=())]


class Created(msgspec.Struct, frozen=True):
    """A new tenant and the key to it."""

    tenant: Tenant
    api_key: str


def create(name: str, *, host_names: HostNames = None, json: bool = False) -> None:
    """Make a tenant with all its tables, and its first API key, which may do everything.

    Args:
        name: 1 to 40 of a-z, 0-9 and _, beginning with a letter.
        host_names: web host that belongs to it; may be given several times.
        json: print JSON.
    """

    async def run() -> Created:
        async with command_database() as database:
            tenant = await create_tenant(database, name, host_names=host_names)
            async with database.transaction(name) as tx:
                return Created(tenant, await auth.bootstrap(tx))

    created = asyncio.run(run())
    if json:
        sys.stdout.write(msgspec.json.encode(created).decode() + "\n")
    else:
        Console().print(f"Tenant {name} made.")
        _show_key(created.api_key)


def key(name: str) -> None:
    """Make another API key that may do everything, when the others are lost.

    Args:
        name: the tenant.
    """

    async def run() -> str:
        async with command_database() as database:
            if await find_tenant(database, name=name) is None:
                raise NoSuchTenant(name=name)
            async with database.transaction(name) as tx:
                return await auth.bootstrap(tx)

    _show_key(asyncio.run(run()))


def _show_key(api_key: str) -> None:
    console = Console(soft_wrap=True)
    console.print("Its API key, shown this once; it may do everything:")
    console.print(api_key, highlight=False)


def show(*, json: bool = False) -> None:
    """List the tenants.

    Args:
        json: print JSON instead of a table.
    """

    async def run() -> list[Tenant]:
        async with command_database() as database:
            return await list_tenants(database)

    tenants = asyncio.run(run())
    if json:
        sys.stdout.write(msgspec.json.encode(tenants).decode() + "\n")
        return
    table = Table("Tenant", "Key prefix", "Host names")
    for tenant in tenants:
        table.add_row(tenant.name, tenant.key_prefix, ", ".join(tenant.host_names))
    Console().print(table if tenants else "No tenant yet: crosslane tenant create NAME")


def drop(name: str, *, yes: bool = False) -> None:
    """Remove a tenant with everything it has. There is no way back.

    Args:
        name: the tenant.
        yes: do not ask.
    """

    async def run() -> None:
        async with command_database() as database:
            if await find_tenant(database, name=name) is None:
                raise NoSuchTenant(name=name)
            if not yes and Prompt.ask(f"Type {name} to remove it with all its orders") != name:
                sys.exit("Nothing was removed.")
            await drop_tenant(database, name)

    asyncio.run(run())
    Console().print(f"Tenant {name} removed.")
