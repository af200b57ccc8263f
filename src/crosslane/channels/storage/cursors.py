"""How far channels were fetched from, by the family's own words."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from crosslane.platform.database import Tx


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """How far a channel was fetched from.

    Args:
        channel: code of the channel.
        cursor: from where to go on, "" for the beginning.
        fetched_at: when it last answered, None when it never did.
        records: how many it has ever brought.
    """

    channel: str
    cursor: str = ""
    fetched_at: datetime | None = None
    records: int = 0


LIST = """
select channel, cursor, fetched_at, records from channels_cursor where channel = any($1::text[])
order by channel
"""


async def list_fetched(tx: Tx, channels: Sequence[str]) -> dict[str, Fetched]:
    """Return how far channels were fetched from, those that ever answered."""
    return {row["channel"]: Fetched(**dict(row)) for row in await tx.fetch(LIST, channels)}


SAVE = """
insert into channels_cursor as c (channel, cursor, fetched_at, records)
values ($1, $2, $3, $4)
on conflict (channel) do update set cursor = excluded.cursor, fetched_at = excluded.fetched_at,
    records = c.records + excluded.records
"""


async def save_fetched(tx: Tx, channel: str, cursor: str, records: int) -> None:
    """Save how far a channel was fetched from now, and how many records that brought."""
    await tx.execute(SAVE, channel, cursor, tx.now, records)
