"""Upkeep of a tenant's schema: journals get their partitions before the month begins.

To make a partition locks its journal's default partition against everybody, until commit. So each
transaction makes those of one journal only, which takes some milliseconds.
"""

from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule

# Partitions are made two months ahead, so that a worker may be away for weeks.
PARTITIONS_SECONDS = 86_400.0
MONTHS_AHEAD = 2

FIND_LACKING = """
select c.relname from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
where c.relnamespace = current_schema()::regnamespace and exists (
    select from generate_series(0, $1::integer) as ahead
    where to_regclass(quote_ident(c.relname || to_char(
        date_trunc('month', clock_timestamp() at time zone 'UTC') + make_interval(months => ahead),
        '"_"YYYYMM'))) is null
)
order by c.relname limit 1
"""
ENSURE_PARTITIONS = "select platform_ensure_partitions($1, $2)"


async def ensure_partitions(tx: Tx) -> bool:
    """Make the partitions of this month and the next two for a journal that lacks some.

    Returns:
        Whether there was one; others may be left.
    """
    journal = await tx.fetchval(FIND_LACKING, MONTHS_AHEAD)
    if journal is not None:
        await tx.execute(ENSURE_PARTITIONS, journal, MONTHS_AHEAD)
    return journal is not None


SCHEDULES = [Schedule("upkeep.partitions", PARTITIONS_SECONDS, ensure_partitions)]
