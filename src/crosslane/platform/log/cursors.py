"""The SQL of reactions: cursors, the horizon, rows to read, and the backlog."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from crosslane.platform.database import Record, Tx

# So many bytes of events (as stored) are handed over at once, and one that is larger alone: some
# name a thousand articles each.
BATCH_BYTES_MAX = 512 * 1024
# An idle cursor is moved only now and then: each move writes a row.
IDLE_TRANSACTIONS_MAX = 250


class Cursor(msgspec.Struct, frozen=True):
    """How far a reaction has read: every row of the epoch up to (txid, id)."""

    epoch: int
    txid: int
    id: int

    def at(self, horizon: int) -> "Cursor":
        """Return the cursor that has read everything below the horizon."""
        return Cursor(self.epoch, horizon, 0)


class Turn(msgspec.Struct, frozen=True):
    """What a reaction finds when it takes its cursor.

    Args:
        cursor: how far it had read.
        horizon: the oldest transaction still running; rows below it are complete. All rows of an
            epoch that has ended are: nobody writes to it, and its transactions may be of a server
            that counted further than this one.
        current_epoch: the log's epoch.
        has_backlog: rows were kept back.
        rows: the next rows after the cursor and below the horizon, in order.
        beyond: rows already there at or above the horizon; with ``full`` perhaps not all of them.
        full: there may be more rows than were read.
    """

    cursor: Cursor
    horizon: int
    current_epoch: int
    has_backlog: bool
    rows: Sequence[Record]
    beyond: Sequence[Record]
    full: bool

    @property
    def after(self) -> Cursor:
        """The cursor that has read ``rows``."""
        if self.full and not self.beyond:
            return after_row(self.cursor, self.rows[-1])
        return self.cursor.at(self.horizon)


def after_row(cursor: Cursor, row: Record) -> Cursor:
    """Return the cursor that stands on a row."""
    return Cursor(cursor.epoch, row["txid"], row["id"])


# Every row of a transaction older than the horizon is visible: the snapshot itself says so. Idle
# cursors stand no more than some transactions behind, so one look at the rows since then does for
# all of them; who stands further behind has something to do, if only to move on.
LIST_WITH_WORK = """
with horizon as materialized (
    select h.txid, greatest(h.txid::text::bigint - $3, 0)::text::xid8 as near, e.epoch
    from (select pg_snapshot_xmin(pg_current_snapshot()) as txid) as h
    cross join platform_log_epoch e
), news as materialized (
    select kind, max(txid) as txid from platform_log
    where epoch = (select epoch from horizon)
      and txid >= (select near from horizon) and txid < (select txid from horizon)
    group by kind
)
select w.reaction
from unnest((select $1::text[]), (select $2::text[])) as w(reaction, kinds)
cross join horizon h
left join platform_cursor c using (reaction)
where c.reaction is null
   or c.epoch < h.epoch
   or c.txid < h.near
   or exists (
        select from news n where n.kind = any(string_to_array(w.kinds, ','))
          -- One that has read up to a transaction has read nothing of that one itself.
          and (n.txid > c.txid or n.txid = c.txid and c.id = 0)
   )
   -- A full batch may end in the midst of a transaction.
   or c.id > 0 and exists (
        select from platform_log l
        where l.epoch = c.epoch and l.txid = c.txid and l.id > c.id
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
"""


async def list_with_work(tx: Tx, kinds: Mapping[str, list[str]]) -> set[str]:
    """Return the names of reactions that have rows to read or a backlog that is due."""
    joined = [",".join(names) for names in kinds.values()]
    rows = await tx.fetch(LIST_WITH_WORK, list(kinds), joined, IDLE_TRANSACTIONS_MAX)
    return {row["reaction"] for row in rows}


INSERT_CURSOR = """
insert into platform_cursor (reaction, epoch, txid, id) values ($1, 1, '0', 0)
on conflict do nothing
"""
# The lock shows the cursor as it is now, and it never stands beyond what it has read: a snapshot
# from before the lock shows the same rows behind it, or none.
TAKE = """
with taken as materialized (
    select epoch, txid, id from platform_cursor where reaction = $1 for update skip locked
), horizon as materialized (
    select case when c.epoch < e.epoch then '9223372036854775807'::xid8
                else pg_snapshot_xmin(pg_current_snapshot()) end as txid
    from taken c cross join platform_log_epoch e
)
select c.epoch as cursor_epoch, c.txid as cursor_txid, c.id as cursor_id, h.txid as horizon,
       (select epoch from platform_log_epoch) as current_epoch,
       exists (select from platform_backlog where reaction = $1) as has_backlog, r.*
from taken c cross join horizon h
left join lateral (
    select * from (
        select *, count(*) over () as there,
               coalesce(sum(pg_column_size(body)) over (
                   order by txid, id rows between unbounded preceding and 1 preceding), 0) as before
        from (
            select id, epoch, txid, subject, subject_no, kind, actor, trace, at,
                   case when kind <> all($5::text[]) then body end as body
            from platform_log
            where epoch = c.epoch and (txid, id) > (c.txid, c.id) and kind = any($2::text[])
            order by txid, id limit $3
        ) as next
    ) as weighed
    where before < $4
    order by txid, id
) as r on true
"""
CURSOR_EXISTS = "select exists (select from platform_cursor where reaction = $1)"


async def take(
    tx: Tx, reaction: str, kinds: list[str], limit: int, kinds_unread: Sequence[str] = ()
) -> Turn | None:
    """Take a reaction's cursor for this transaction; None when another worker has it."""
    rows = await tx.fetch(TAKE, reaction, kinds, limit, BATCH_BYTES_MAX, kinds_unread)
    if not rows and not await tx.fetchval(CURSOR_EXISTS, reaction):
        await tx.execute(INSERT_CURSOR, reaction)
        rows = await tx.fetch(TAKE, reaction, kinds, limit, BATCH_BYTES_MAX, kinds_unread)
    if not rows:
        return None
    first = rows[0]
    horizon = first["horizon"]
    found = rows if first["id"] is not None else []
    return Turn(
        Cursor(first["cursor_epoch"], first["cursor_txid"], first["cursor_id"]),
        horizon,
        first["current_epoch"],
        first["has_backlog"],
        [row for row in found if row["txid"] < horizon],
        [row for row in found if row["txid"] >= horizon],
        bool(found) and (found[0]["there"] == limit or len(found) < found[0]["there"]),
    )


HORIZON = """
select epoch, pg_snapshot_xmin(pg_current_snapshot()) as txid from platform_log_epoch
"""


async def horizon(tx: Tx) -> tuple[int, int]:
    """Return the position before which nothing is still under way.

    What an event of an earlier position tells of is there for every statement from now on.
    """
    row = await tx.fetchrow(HORIZON)
    assert row is not None  # noqa: S101 - the log always has an epoch
    return row["epoch"], row["txid"]


LOCK_CURSORS = "select from platform_cursor order by reaction for update"


async def hold_cursors(tx: Tx) -> None:
    """Wait for reactions that are under way, and let none begin before this transaction ends."""
    await tx.execute(LOCK_CURSORS)


UPDATE_CURSOR = "update platform_cursor set epoch = $2, txid = $3, id = $4 where reaction = $1"


async def update_cursor(tx: Tx, reaction: str, cursor: Cursor) -> None:
    """Store how far a reaction has read."""
    await tx.execute(UPDATE_CURSOR, reaction, cursor.epoch, cursor.txid, cursor.id)


async def move_on_when_idle(tx: Tx, reaction: str, turn: Turn) -> None:
    """With nothing left to read, enter the next epoch, or keep the unread stretch short."""
    cursor = turn.cursor
    if cursor.epoch < turn.current_epoch:
        await update_cursor(tx, reaction, Cursor(cursor.epoch + 1, 0, 0))
    elif cursor.txid < turn.horizon - IDLE_TRANSACTIONS_MAX:
        await update_cursor(tx, reaction, cursor.at(turn.horizon))


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
    tx: Tx, reaction: str, kinds: list[str], subjects: list[str], turn: Turn
) -> dict[str, int]:
    """Return, per subject, the number of its first event that is not handled after this turn."""
    if not subjects:
        return {}
    if turn.full or turn.has_backlog:
        after = turn.after
        unhandled: Sequence[Record] = await tx.fetch(
            LIST_BARRIERS, reaction, kinds, subjects, after.epoch, after.txid, after.id
        )
    else:
        unhandled = turn.beyond
    barriers: dict[str, int] = {}
    for row in unhandled:
        lowest = barriers.get(row["subject"], row["subject_no"])
        barriers[row["subject"]] = min(lowest, row["subject_no"])
    return barriers


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
select l.id, l.epoch, l.txid, l.subject, l.subject_no, l.kind, l.actor, l.trace, l.at, l.body,
       f.attempts
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


UNPARK_ALL = """
update platform_backlog set parked = false, attempts = 0, due_at = clock_timestamp()
where (reaction, log_id) in (
    select reaction, log_id from platform_backlog
    where reaction = $1 and parked order by log_id limit $2 for update
)
"""


async def unpark_all(tx: Tx, reaction: str, limit: int) -> int:
    """Give parked rows of a reaction their tries back, oldest first; return how many."""
    tag = await tx.execute(UNPARK_ALL, reaction, limit)
    return int(tag.rpartition(" ")[2])


# Of a reaction that is far behind only the first rows are looked at: enough to tell since when.
LIST_LAGS = """
select w.reaction, u.unread, u.oldest_at, u.looked >= $3 as more, b.kept_back, b.parked
from unnest((select $1::text[]), (select $2::text[])) as w(reaction, kinds)
left join platform_cursor c using (reaction)
cross join lateral (
    select count(*) as looked,
           count(*) filter (where kind = any(string_to_array(w.kinds, ','))) as unread,
           min(at) filter (where kind = any(string_to_array(w.kinds, ','))) as oldest_at
    from (
        select l.kind, l.at from platform_log l
        where l.epoch = coalesce(c.epoch, 1)
          and (l.txid, l.id) > (coalesce(c.txid, '0'), coalesce(c.id, 0))
        order by l.txid, l.id limit $3
    ) as next
) as u
cross join lateral (
    select count(*) filter (where not parked) as kept_back,
           count(*) filter (where parked) as parked
    from platform_backlog where reaction = w.reaction
) as b
order by w.reaction
"""


async def list_lags(tx: Tx, kinds: Mapping[str, list[str]], looked_max: int) -> list[Record]:
    """Return how far reactions, by name with the kinds they read, are behind."""
    joined = [",".join(names) for names in kinds.values()]
    return await tx.fetch(LIST_LAGS, list(kinds), joined, looked_max)


LATEST_AT = "select at from platform_log order by epoch desc, txid desc, id desc limit 1"


async def latest_at(tx: Tx) -> datetime | None:
    """Return when the last event was appended, None when the log is empty."""
    return await tx.fetchval(LATEST_AT)
