"""The SQL of the stream: public events in the order in which they are told."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns
from crosslane.publishing.domain.stream import Head

EPOCHS_MAX = 1_000


class NewEvent(msgspec.Struct, frozen=True):
    """A public event to be told.

    Args:
        event_id: what it is called outside.
        at: when it was recorded.
        kind: its name in the log.
        channel_id: the channel it concerns, None for none or several.
    """

    event_id: str
    at: datetime
    kind: str
    subject: str
    subject_no: int
    channel_id: UUID | None


class StreamEvent(msgspec.Struct, frozen=True):
    """A public event in its place; fields as of :class:`NewEvent`."""

    place: int
    event_id: str
    at: datetime
    kind: str
    subject: str
    subject_no: int
    channel_id: UUID | None


# Only the reaction writes, one transaction after the other, so places are given out in the order of
# commits. The head is moved in the same statement.
APPEND = """
with before as (
    select coalesce(max(last_place), 0) as place from publishing_head
), moved as (
    insert into publishing_head as h (epoch, first_place, last_place)
    select $1, before.place + 1, before.place + cardinality((select $3::text[])) from before
    on conflict (epoch) do update set last_place = excluded.last_place
)
insert into publishing_event (
    place, event_id, at, kind, subject, subject_no, channel_id, published_at
)
select before.place + w.no, w.event_id, w.at, w.kind, w.subject, w.subject_no, w.channel_id, $2
from before cross join unnest(
    (select $3::text[]), (select $4::timestamptz[]), (select $5::text[]), (select $6::text[]),
    (select $7::bigint[]), (select $8::uuid[])
) with ordinality as w(event_id, at, kind, subject, subject_no, channel_id, no)
"""


async def append(tx: Tx, epoch: int, events: Sequence[NewEvent]) -> None:
    """Put events at the end of the stream, in their order."""
    told = columns(events, "event_id", "at", "kind", "subject", "subject_no", "channel_id")
    await tx.execute(APPEND, epoch, tx.now, *told)


LIST_HEADS = "select epoch, first_place, last_place from publishing_head order by epoch limit $1"


async def list_heads(tx: Tx) -> list[Head]:
    """Return how far events are told in every epoch, the oldest first."""
    return [Head(**dict(row)) for row in await tx.fetch(LIST_HEADS, EPOCHS_MAX)]


FIND_OLDEST = "select place, at from publishing_event order by place limit 1"


async def find_oldest(tx: Tx) -> tuple[int, datetime] | None:
    """Return place and time of the oldest event that is kept, None when none is."""
    row = await tx.fetchrow(FIND_OLDEST)
    return (row["place"], row["at"]) if row else None


# Whoever asks for rare kinds looks at so many places at once, not at all there are.
READ = """
select place, event_id, at, kind, subject, subject_no, channel_id
from publishing_event
where place > $1 and place <= $2 and kind = any($3::text[])
  and ($4::uuid[] is null or channel_id = any($4::uuid[]))
order by place limit $5
"""


async def read(
    tx: Tx,
    after: int,
    up_to: int,
    kinds: Sequence[str],
    channel_ids: Sequence[UUID] | None,
    limit: int,
) -> list[StreamEvent]:
    """Return events of some kinds, and of some channels unless None, between two places."""
    rows = await tx.fetch(READ, after, up_to, list(kinds), channel_ids, limit)
    return [StreamEvent(**dict(row)) for row in rows]


# A beginning of the stream only: what is kept has no holes.
FORGET = """
with oldest as (
    select place, at from publishing_event order by place limit $2
), young as (
    select coalesce(min(place), 9223372036854775807) as place from oldest where at >= $1
)
delete from publishing_event e using oldest o, young
where e.place = o.place and e.at = o.at and o.place < young.place
"""


async def forget(tx: Tx, before: datetime, limit: int) -> bool:
    """Forget the oldest events; tell whether some may be left."""
    return await tx.execute(FORGET, before, limit) == f"DELETE {limit}"
