"""The demo's report, read from the database itself and not through the API it speaks of."""

from collections.abc import Collection
from pathlib import Path

from crosslane.cli.connection import command_database
from crosslane.demo import Finding, Outcome, Report, make_report
from crosslane.verify import verify_tenant


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
    async with command_database() as database:
        broken = await verify_tenant(database, tenant)
        async with database.transaction(tenant, read_only=True) as tx:
            return await make_report(
                tx,
                outcome,
                raw_file=raw_file,
                invoices=invoices,
                findings=[Finding(one.rule, one.subject, one.detail) for one in broken],
                began=began,
            )
