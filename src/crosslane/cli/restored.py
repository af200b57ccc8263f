"""`crosslane restored`: the database has been put back from a backup; its log goes on anew."""

import asyncio
import sys

import msgspec
from rich.console import Console

from crosslane.cli.connection import command_database
from crosslane.platform import log
from crosslane.platform.tenants import NoSuchTenant, list_tenants


class Restored(msgspec.Struct, frozen=True):
    """A tenant whose log goes on anew.

    Args:
        tenant: its name.
        epoch: number of the epoch that has begun.
    """

    tenant: str
    epoch: int


def restored(*, tenant: str | None = None, json: bool = False) -> None:
    """Begin a new epoch of every tenant's log, once, after a backup was restored.

    Without it what happens from now on may look to readers of the log as if they had read it:
    reactions would miss events, and so would whoever reads public events by a cursor.

    Args:
        tenant: this one alone, when only its schema was put back.
        json: print JSON.
    """

    async def run() -> list[Restored]:
        begun = []
        async with command_database() as database:
            known = [one.name for one in await list_tenants(database)]
            if tenant is not None and tenant not in known:
                raise NoSuchTenant(name=tenant)
            for name in known if tenant is None else [tenant]:
                async with database.transaction(name) as tx:
                    begun.append(Restored(name, await log.begin_epoch(tx)))
        return begun

    begun = asyncio.run(run())
    if json:
        sys.stdout.write(msgspec.json.encode(begun).decode() + "\n")
        return
    console = Console()
    for one in begun:
        console.print(f"{one.tenant}: epoch {one.epoch} of its log has begun.")
    console.print("Start Crosslane, and run `crosslane verify`.")
