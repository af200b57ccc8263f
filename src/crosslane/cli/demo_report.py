"""The demo's report, read from the database itself and not through the API it speaks of."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from crosslane.cli.connection import command_database
from crosslane.demo import Finding, Outcome, Report, make_report, read_amounts
from crosslane.platform.database import Database
from crosslane.verify import RULES_AT_ONCE, verify_tenant

# Those that verify, and one that counts.
CONNECTIONS = RULES_AT_ONCE + 1


async def report_of(
    tenant: str, outcome: Outcome, *, raw_file: Path, invoices: Collection[str], began: float
) -> Report:
    """Return the report of a tenant that a replay has filled, and verify it on the way.

    Args:
        tenant: name of the tenant.
        outcome: what the replay tells.
        raw_file: the order file that was replayed, gzipped.
        invoices: numbers of the invoices that were selected.
        began: reading of the monotonic clock at which the command began.

    Raises:
        DatabaseNotReached: the database does not answer.
    """
    async with command_database(connections=CONNECTIONS) as database, asyncio.TaskGroup() as beside:
        amounts = beside.create_task(asyncio.to_thread(read_amounts, raw_file, invoices))
        findings = beside.create_task(_verify(database, tenant))
        async with database.transaction(tenant, read_only=True) as tx:
            return await make_report(tx, outcome, amounts=amounts, findings=findings, began=began)


async def _verify(database: Database, tenant: str) -> list[Finding]:
    broken = await verify_tenant(database, tenant)
    return [Finding(one.rule, one.subject, one.detail) for one in broken]
