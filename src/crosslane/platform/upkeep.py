"""Upkeep of a tenant's schema: journals get their partitions before the month begins."""

from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule

# Partitions are made two months ahead, so that a worker may be away for weeks.
PARTITIONS_SECONDS = 86_400.0
MONTHS_AHEAD = 2

ENSURE_PARTITIONS = """
select platform_ensure_partitions(c.relname, $1) from pg_partitioned_table p
join pg_class c on c.oid = p.partrelid where c.relnamespace = current_schema()::regnamespace
"""


async def ensure_partitions(tx: Tx) -> None:
    """Make the partitions of this month and the next two for every journal that lacks them."""
    await tx.execute(ENSURE_PARTITIONS, MONTHS_AHEAD)


SCHEDULES = [Schedule("upkeep.partitions", PARTITIONS_SECONDS, ensure_partitions)]
