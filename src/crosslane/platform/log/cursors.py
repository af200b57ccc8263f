"""The SQL of reactions: cursors, the horizon, rows to read, and the backlog."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from crosslane.platform.database import Record, Tx

# An idle cursor is moved only now and then: each move writes a row.
IDLE_TRANSACTIONS_MAX = 1_000


class Cursor(msgspec.Struct, frozen=True):
    """How far a reaction has read: every row of the epoch up to (txid, id)."""

    epoch: int
    txid: int
    id: int

    def at(self, horizon: int) -> "Cursor":
        """Return the cursor that has read everything below the horizon."""
        return Cursor(self.epoch, horizon, 0)


def after_row(cursor: Cursor, row: Record) -> Cursor:
    """Return the cursor that stands on a row."""
    return Cursor(cursor.epoch, row["txid"], row["id"])


READ_HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())"


async def read_horizon(tx: Tx) -> int:
    """Return the oldest transaction still running; a statement of its own, for a fresh snapshot."""
    return await tx.fetchval(READ_HORIZON)


LIST_WITH_WORK = """
select w.reaction
from unnest($1::text[], $2::text[]) as w(reaction, kinds)
left join platform_cursor c using (reaction)
where c.reaction is null
   or c.epoch < (select epoch from platform_log_epoch)
   or exists (
        select from platform_log l
        where l.epoch = c.epoch and (l.txid, l.id) > (c.txid, c.id) and l.txid < $3
          and l.kind = any(string_to_array(w.kinds, ','))
   )
   or exists (
        select from platform_backlog b
        where b.reaction = w.reaction and not b.parked and b.due_at <= clock_timestamp()
          and not exists (
            select from platform_backlog e
            where e.reaction = b.reaction and e.subject = b.subject
              and e.subject_no < b.subject_no
          )
   )
   or c.txid < $4
"""


async def list_with_work(tx: Tx, kinds: Mapping[str, list[str]], horizon: int) -> set[str]:
    """Return the names of reactions that have rows to read or a backlog that is due."""
    joined = [",".join(names) for names in kinds.values()]
    rows = await tx.fetch(LIST_WITH_WORK, list(kinds), joined, horizon, _long_ago(horizon))
    return {row["reaction"] for row in rows}


def _long_ago(horizon: int) -> int:
    return max(0, horizon - IDLE_TRANSACTIONS_MAX)


INSERT_CURSOR = """
insert into platform_cursor (reaction, epoch, txid, id) values ($1, 1, '0', 0)
on conflict do nothing
"""
LOCK_CURSOR = """
select epoch, txid, id from platform_cursor where reaction = $1 for update skip locked
"""
CURSOR_EXISTS = "select exists (select from platform_cursor where reaction = $1)"


async def lock_cursor(tx: Tx, reaction: str) -> Cursor | None:
    """Take a reaction's cursor for this transaction; None when another worker has it."""
    row = await tx.fetchrow(LOCK_CURSOR, reaction)
    if row is None and not await tx.fetchval(CURSOR_EXISTS, reaction):
        await tx.execute(INSERT_CURSOR, reaction)
        row = await tx.fetchrow(LOCK_CURSOR, reaction)
    return Cursor(**dict(row)) if row else None


UPDATE_CURSOR = "update platform_cursor set epoch = $2, txid = $3, id = $4 where reaction = $1"


async def update_cursor(tx: Tx, reaction: str, cursor: Cursor) -> None:
    """Store how far a reaction has read."""
    await tx.execute(UPDATE_CURSOR, reaction, cursor.epoch, cursor.txid, cursor.id)


CURRENT_EPOCH = "select epoch from platform_log_epoch"


async def move_on_when_idle(tx: Tx, reaction: str, cursor: Cursor, horizon: int) -> None:
    """With nothing left to read, enter the next epoch, or keep the unread stretch short."""
    if cursor.epoch < await tx.fetchval(CURRENT_EPOCH):
        await update_cursor(tx, reaction, Cursor(cursor.epoch + 1, 0, 0))
    elif cursor.txid < _long_ago(horizon):
        await update_cursor(tx, reaction, cursor.at(horizon))


LIST_ROWS = """
select id, txid, subject, subject_no, kind, actor, trace, at, body
from platform_log
where epoch = $1 and (txid, id) > ($2, $3) and txid < $4 and kind = any($5::text[])
order by txid, id limit $6
"""


async def list_rows(
    tx: Tx, kinds: list[str], cursor: Cursor, horizon: int, limit: int
) -> list[Record]:
    """Return the next rows after the cursor and below the horizon."""
    return await tx.fetch(LIST_ROWS, cursor.epoch, cursor.txid, cursor.id, horizon, kinds, limit)


# A subject's row must wait when a row of lower number lies beyond the cursor, or in the backlog.
LIST_BARRIERS = """
select subject, min(subject_no) as subject_no from (
    select subject, subject_no from platform_log
    where subject = any($3::text[]) and kind = any($2::text[])
      and epoch = $4 and (txid, id) > ($5, $6)
    union all
    select subject, subject_no from platform_backlog
    where reaction = $1 and subject = any($3::text[])
) as unhandled group by subject
"""


async def list_barriers(
    tx: Tx, reaction: str, kinds: list[str], subjects: list[str], after: Cursor
) -> dict[str, int]:
    """Return, per subject, the number of its first event that is not handled yet."""
    rows = await tx.fetch(
        LIST_BARRIERS, reaction, kinds, subjects, after.epoch, after.txid, after.id
    )
    return {row["subject"]: row["subject_no"] for row in rows}


INSERT_BACKLOG = """
insert into platform_backlog (reaction, log_id, subject, subject_no, attempts, due_at, reason)
select $1, log_id, subject, subject_no, $2, $3, $4
from unnest($5::bigint[], $6::text[], $7::bigint[]) as b(log_id, subject, subject_no)
"""


async def insert_backlog(
    tx: Tx, reaction: str, rows: Sequence[Record], attempts: int, due_at: datetime, reason: str
) -> None:
    """Keep rows back for later."""
    await tx.execute(
        INSERT_BACKLOG,
        reaction,
        attempts,
        due_at,
        reason,
        [row["id"] for row in rows],
        [row["subject"] for row in rows],
        [row["subject_no"] for row in rows],
    )


# Only the first of each subject may go, and not while an even earlier one is still unread.
LIST_DUE_BACKLOG = """
with first as (
    select distinct on (subject) log_id, subject, subject_no, attempts, due_at, parked
    from platform_backlog where reaction = $1
    order by subject, subject_no
)
select l.id, l.txid, l.subject, l.subject_no, l.kind, l.actor, l.trace, l.at, l.body, f.attempts
from first f
join platform_log l on l.subject = f.subject and l.subject_no = f.subject_no
where not f.parked and f.due_at <= clock_timestamp()
  and not exists (
    select from platform_log e
    where e.subject = f.subject and e.subject_no < f.subject_no and e.kind = any($2::text[])
      and e.epoch = $3 and (e.txid, e.id) > ($4, $5)
  )
order by l.id limit $6
"""


async def list_due_backlog(
    tx: Tx, reaction: str, kinds: list[str], cursor: Cursor, limit: int
) -> list[Record]:
    """Return kept-back rows whose turn has come, at most one per subject."""
    return await tx.fetch(
        LIST_DUE_BACKLOG, reaction, kinds, cursor.epoch, cursor.txid, cursor.id, limit
    )


DELETE_BACKLOG = "delete from platform_backlog where reaction = $1 and log_id = $2"


async def delete_backlog(tx: Tx, reaction: str, log_id: int) -> None:
    """Forget a row that has been handled."""
    await tx.execute(DELETE_BACKLOG, reaction, log_id)


UPDATE_BACKLOG = """
update platform_backlog set attempts = $3, due_at = $4, parked = $5, reason = $6
where reaction = $1 and log_id = $2
"""


async def update_backlog(
    tx: Tx,
    reaction: str,
    log_id: int,
    attempts: int,
    due_at: datetime,
    parked: bool,
    reason: str,
) -> None:
    """Note a failed try."""
    await tx.execute(UPDATE_BACKLOG, reaction, log_id, attempts, due_at, parked, reason)


LIST_PARKED = """
select reaction, log_id, subject, subject_no, attempts, reason
from platform_backlog where parked order by log_id limit $1
"""


async def list_parked(tx: Tx, limit: int) -> list[Record]:
    """Return parked rows, oldest first."""
    return await tx.fetch(LIST_PARKED, limit)


UNPARK = """
update platform_backlog set parked = false, attempts = 0, due_at = clock_timestamp()
where reaction = $1 and log_id = $2 and parked
"""


async def unpark(tx: Tx, reaction: str, log_id: int) -> bool:
    """Give a parked row its tries back; False when it is not parked."""
    return await tx.execute(UNPARK, reaction, log_id) != "UPDATE 0"
