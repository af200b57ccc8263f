"""What has come into the log since somebody looked last, for those who only want to know that."""

from collections.abc import Sequence

import msgspec

from crosslane.platform.database import Tx


class News(msgspec.Struct, frozen=True):
    """What came in.

    Args:
        seen: what is in the log so far, to be told at the next look.
        kinds: the kinds of events that came in, none twice.
    """

    seen: str
    kinds: tuple[str, ...] = ()


SEEN = "select pg_current_snapshot()::text"
# A row is news when its transaction could not be seen at the last look and can be seen now, however
# long it has been under way.
NEWS = """
select pg_current_snapshot()::text as seen,
       array(
            select distinct kind from platform_log
            where epoch = (select epoch from platform_log_epoch)
              and txid >= pg_snapshot_xmin($1::text::pg_snapshot)
              and not pg_visible_in_snapshot(txid, $1::text::pg_snapshot)
       ) as kinds
"""


async def news(tx: Tx, seen: str = "") -> News:
    """Return what has come in since a look.

    Args:
        tx: open transaction.
        seen: what that look was told, "" for the first one, which is told nothing.
    """
    if not seen:
        return News(await tx.fetchval(SEEN))
    row = await tx.fetchrow(NEWS, seen)
    assert row is not None  # noqa: S101 - it has no condition
    return News(row["seen"], tuple(row["kinds"]))


class Told(msgspec.Struct, frozen=True):
    """Events that came in.

    Args:
        seen: what is in the log so far, to be told at the next look.
        events: kind and body as JSON of each, in no order.
        complete: these are all, and the log is the one that was looked into before.
    """

    seen: str
    events: tuple[tuple[str, bytes], ...] = ()
    complete: bool = True


TOLD = """
select pg_current_snapshot()::text || '/' || e.epoch as seen, n.kinds, n.bodies
from platform_log_epoch e
cross join lateral (
    select array_agg(kind) as kinds, array_agg(body) as bodies
    from (
        select kind, body from platform_log
        where epoch = e.epoch and kind = any($1::text[])
          and txid >= pg_snapshot_xmin($2::text::pg_snapshot)
          and not pg_visible_in_snapshot(txid, $2::text::pg_snapshot)
        limit $3
    ) as next
) as n
"""
SEEN_WITH_EPOCH = """
select pg_current_snapshot()::text || '/' || epoch from platform_log_epoch
"""


async def told(tx: Tx, kinds: Sequence[str], seen: str, limit: int) -> Told:
    """Return events of some kinds that have come in since a look.

    Args:
        tx: open transaction.
        kinds: which.
        seen: what that look was told, "" for the first one, which is told nothing.
        limit: most events.
    """
    if not seen:
        return Told(await tx.fetchval(SEEN_WITH_EPOCH))
    snapshot, _, epoch = seen.partition("/")
    row = await tx.fetchrow(TOLD, kinds, snapshot, limit)
    assert row is not None  # noqa: S101 - a log is in one epoch
    events = tuple(zip(row["kinds"] or (), row["bodies"] or (), strict=True))
    same = row["seen"].partition("/")[2] == epoch
    return Told(row["seen"], events, same and len(events) < limit)
