"""The demo's report, read from the database itself and not through the API it speaks of."""

from collections.abc import Collection
from pathlib import Path

from crosslane.cli.connection import command_database
from crosslane.demo import Finding, Outcome, Report, make_report
from crosslane.verify import verify


async def report_of(
    tenant: str, outcome: Outcome, *, raw_file: Path, invoices: Collection[str]
) -> Report:
    """Return the report of a tenant that a replay has filled, and verify it on the way.

    Args:
        tenant: name of the tenant.
        outcome: what the replay tells.
        raw_file: the order file that was replayed, gzipped.
        invoices: numbers of the invoices that were selected.

    Raises:
        DatabaseNotReached: the database does not answer.
    """
    async with command_database() as database, database.transaction(tenant, read_only=True) as tx:
        found = [Finding(f.rule, f.subject, f.detail) for f in await verify(tx)]
        return await make_report(tx, outcome, raw_file=raw_file, invoices=invoices, findings=found)
