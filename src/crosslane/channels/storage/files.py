"""Files that lay in a folder, known by their content."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns

FileState = Literal["taking", "taken", "done", "failed"]


class TakenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file.

    Args:
        channel: code of the channel.
        digest: of its content, and as what that is read.
        name: under which it lay there last; likewise its stamp and bytes.
        state: some of it is taken in; all of it is; it was put away since; nobody could read it.
        place: how far it was read.
        batch_id: what its first piece is, None when nothing was taken of it.
        code: why it could not be read, "" when it could; likewise words for people.
        seen_at: when it was read last.
    """

    channel: str
    digest: bytes
    name: str
    stamp: str
    bytes: int
    state: FileState
    place: int
    batch_id: UUID | None
    seen_at: datetime
    code: str = ""
    detail: str = ""


# A file that was removed half read stays behind; the one that is being read was seen last.
LIST_OPEN = """
select channel, digest, name, stamp, bytes, state, place, batch_id, seen_at, code, detail
from channels_file where channel = $1 and state in ('taking', 'taken')
order by state, seen_at desc limit $2
"""


async def list_open(tx: Tx, channel: str, limit: int) -> list[TakenFile]:
    """Return files that are being taken, or were and are to be put away."""
    rows = await tx.fetch(LIST_OPEN, channel, limit)
    return [TakenFile(**dict(row)) for row in rows]


LIST_FAILED = """
select channel, count(*) as files, (array_agg(name order by seen_at desc))[1] as name,
       (array_agg(code order by seen_at desc))[1] as code
from channels_file where state = 'failed' and channel = any($1::text[]) group by channel
"""


async def list_failed(tx: Tx, channels: Sequence[str]) -> dict[str, tuple[int, str, str]]:
    """Return how many files of channels nobody could read, with name and reason of the last."""
    rows = await tx.fetch(LIST_FAILED, list(channels))
    return {row["channel"]: (row["files"], row["name"], row["code"]) for row in rows}


# What was taken once is not taken again, under whichever name it comes.
SAVE = """
insert into channels_file as f (
    channel, digest, name, stamp, bytes, state, place, batch_id, seen_at, code, detail
)
select * from unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                     $7::bigint[], $8::uuid[], $9::timestamptz[], $10::text[], $11::text[])
on conflict (channel, digest) do update set
    name = excluded.name, stamp = excluded.stamp, seen_at = excluded.seen_at,
    state = case when f.state in ('taken', 'done') then 'taken' else excluded.state end,
    place = greatest(f.place, excluded.place), batch_id = coalesce(f.batch_id, excluded.batch_id),
    code = excluded.code, detail = excluded.detail
"""


async def save_files(tx: Tx, files: Sequence[TakenFile]) -> None:
    """Save how far files are; each content once."""
    names = TakenFile.__struct_fields__
    await tx.execute(SAVE, *columns(files, *names))


PUT_AWAY = """
update channels_file set state = 'done'
where channel = $1 and digest = any($2::bytea[]) and state = 'taken'
"""


async def put_away(tx: Tx, channel: str, digests: Sequence[bytes]) -> None:
    """Note that files lie where they belong."""
    await tx.execute(PUT_AWAY, channel, list(digests))
