"""`crosslane verify`: recompute every balance and status from the journals."""

import asyncio
import sys

import msgspec
from rich.console import Console
from rich.table import Table

from crosslane.cli.connection import command_database
from crosslane.platform.tenants import NoSuchTenant, find_tenant, list_tenants
from crosslane.verify import Finding, verify_tenant


class Verified(msgspec.Struct, frozen=True):
    """What was found in one tenant."""

    tenant: str
    findings: list[Finding]


def verify(*, tenant: str | None = None, json: bool = False) -> None:
    """Recompute everything that is derived; ends with status 1 when something differs.

    Args:
        tenant: only this one, all of them when absent.
        json: print JSON instead of a table.
    """

    async def run() -> list[Verified]:
        async with command_database() as database:
            if tenant is None:
                names = [each.name for each in await list_tenants(database)]
            elif await find_tenant(database, name=tenant):
                names = [tenant]
            else:
                raise NoSuchTenant(name=tenant)
            return [Verified(name, await verify_tenant(database, name)) for name in names]

    verified = asyncio.run(run())
    if json:
        sys.stdout.write(msgspec.json.encode(verified).decode() + "\n")
    else:
        _show(verified)
    if any(each.findings for each in verified):
        sys.exit(1)


def _show(verified: list[Verified]) -> None:
    console = Console()
    for each in verified:
        if not each.findings:
            console.print(f"{each.tenant}: nothing found.")
            continue
        table = Table("Rule", "Subject", "Finding", title=f"{each.tenant}: {len(each.findings)}")
        for finding in each.findings:
            table.add_row(finding.rule, finding.subject, finding.detail)
        console.print(table)
