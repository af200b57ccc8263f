"""Upkeep of a tenant's schema: journals get their partitions before the month begins.

To make a partition locks its journal's default partition against everybody, until commit. So each
transaction makes those of one journal only, which takes some milliseconds.

What a journal has kept long enough goes by whole partitions, without a row being read. To drop one,
or to detach it, would lock the journal against everybody; to empty it locks that partition alone,
which nobody writes to any more, and an empty one costs nothing.
"""

from datetime import timedelta

import asyncpg

from crosslane.platform import audit
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule

# Partitions are made two months ahead, so that a worker may be away for weeks.
PARTITIONS_SECONDS = 86_400.0
MONTHS_AHEAD = 2
FORGET_SECONDS = 86_400.0

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
# With the statement that empties it: names cannot be told as values.
FIND_OLD = """
select format('truncate only %I', c.relname)
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = to_regclass(quote_ident($1))
  and c.relname ~ ('^' || $1 || '_[0-9]{6}$') and pg_relation_size(c.oid) > 0
  and (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') at time zone 'UTC' <= $2
order by c.relname limit 1
"""
# Who reads all partitions at that moment is waited for only so long, since others wait behind us.
PATIENCE = "select set_config('lock_timeout', '100ms', true)"
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


async def forget_partition(tx: Tx, journal: str, days: int) -> bool:
    """Forget the oldest month of a journal whose last day is so many days ago, all of it at once.

    Nothing is forgotten while somebody reads that month; it is tried again when the schedule comes
    to it the next time.

    Args:
        tx: open transaction, in which nothing else is done.
        journal: name of the table.
        days: how long everything in it is kept at least.

    Returns:
        Whether a month was forgotten; others may be left.
    """
    empty = await tx.fetchval(FIND_OLD, journal, tx.now - timedelta(days=days))
    if empty is None:
        return False
    try:
        async with tx.savepoint():
            await tx.execute(PATIENCE)
            await tx.execute(empty)
    except asyncpg.LockNotAvailableError:
        return False
    return True


async def forget_audit(tx: Tx) -> bool:
    """Forget a month of the audit journal that is old; tells whether more may be left."""
    return await forget_partition(tx, audit.JOURNAL, audit.AUDIT_DAYS)


SCHEDULES = [
    Schedule("upkeep.partitions", PARTITIONS_SECONDS, ensure_partitions),
    Schedule("upkeep.forget_audit", FORGET_SECONDS, forget_audit),
]
