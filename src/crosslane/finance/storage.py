"""All SQL of finance."""

from datetime import date
from uuid import UUID

from crosslane.platform.database import Record, Tx

# Two people who close the same day at once get two versions, one after the other.
LOCK_DAY = "select pg_advisory_xact_lock(hashtextextended(current_schema() || $1 || $2, 0))"


async def lock_day(tx: Tx, channel_id: UUID, day: date) -> None:
    """Let only one transaction close a day of a channel at a time."""
    await tx.execute(LOCK_DAY, str(channel_id), day.isoformat())


INSERT_CLOSE = """
insert into finance_close
    (id, day, channel_id, version, rows, difference_minor, reason, closed_by, closed_at)
select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8
from finance_close where channel_id = $3 and day = $2
"""


async def insert_close(
    tx: Tx,
    close_id: UUID,
    day: date,
    channel_id: UUID,
    rows: bytes,
    difference_minor: int,
    reason: str,
) -> None:
    """Keep a close as the next version of its day."""
    await tx.execute(
        INSERT_CLOSE,
        close_id,
        day,
        channel_id,
        rows,
        difference_minor,
        reason,
        str(tx.actor),
        tx.now,
    )


FIND_CLOSE = """
select id, day, channel_id, version, rows, difference_minor, reason, closed_by, closed_at
from finance_close where id = $1
"""


async def find_close(tx: Tx, close_id: UUID) -> Record | None:
    """Return a close, or None."""
    return await tx.fetchrow(FIND_CLOSE, close_id)


LIST_CLOSES = """
select id, day, channel_id, version, rows, difference_minor, reason, closed_by, closed_at
from finance_close
where ($1::uuid is null or channel_id = $1)
  and ($2::date is null or (day, id) < ($2, $3))
order by day desc, id desc limit $4
"""


async def list_closes(
    tx: Tx, channel_id: UUID | None, before: tuple[date, UUID] | None, limit: int
) -> list[Record]:
    """Return closes, the latest day first."""
    day, close_id = before or (None, None)
    return await tx.fetch(LIST_CLOSES, channel_id, day, close_id, limit)
