"""What has come into the log since somebody looked last, for those who only want to know that."""

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
