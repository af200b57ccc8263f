"""Records as they were received."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns

Place = tuple[UUID, int]


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """A record as received.

    Args:
        place: its number in the batch.
        head, body, tail: as in what was read of it; the body is empty once it is gone.
    """

    place: int
    head: str
    body: str
    tail: str

    @property
    def text(self) -> str:
        """The stream that says what the record says."""
        return self.head + self.body + self.tail


INSERT_RAW = """
insert into channels_raw (batch_id, place, received_at, head, body, tail)
select batch_id, place, $1, head, body, tail
from unnest($2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[])
     as w(batch_id, place, head, body, tail)
"""


async def insert_raw(tx: Tx, kept: Sequence[tuple[UUID, Raw]]) -> None:
    """Keep records as they were received, each with the batch it came in."""
    values = columns([record for _, record in kept], "place", "head", "body", "tail")
    await tx.execute(INSERT_RAW, tx.now, [batch_id for batch_id, _ in kept], *values)


LIST_RAW = """
select r.place, r.head, r.body, r.tail from channels_batch b
join channels_raw r on r.batch_id = b.id and r.received_at = b.received_at
where b.id = $1 order by r.place limit $2
"""


async def list_raw(tx: Tx, batch_id: UUID, limit: int) -> list[Raw]:
    """Return the records of a batch as received, in their order; empty where they are gone."""
    return [Raw(**dict(row)) for row in await tx.fetch(LIST_RAW, batch_id, limit)]


LIST_RAW_OF = """
select b.id, r.place, r.head, r.body, r.tail
from unnest($1::uuid[], $2::integer[]) as w(batch_id, place)
join channels_batch b on b.id = w.batch_id
join channels_raw r on r.batch_id = b.id and r.place = w.place and r.received_at = b.received_at
"""


async def list_raw_of(tx: Tx, places: Sequence[Place]) -> dict[Place, Raw]:
    """Return records as received, each by its batch and place."""
    rows = await tx.fetch(LIST_RAW_OF, [each[0] for each in places], [each[1] for each in places])
    found: dict[Place, Raw] = {}
    for row in rows:
        values = dict(row)
        batch_id = values.pop("id")
        found[batch_id, row["place"]] = Raw(**values)
    return found


FORGET = """
with old as (
    select batch_id, place, received_at from channels_raw
    where received_at < $1 order by received_at limit $2
), gone as (
    delete from channels_raw r using old o
    where (r.batch_id, r.place, r.received_at) = (o.batch_id, o.place, o.received_at)
)
update channels_message m set canonical = null from old o
where m.batch_id = o.batch_id and m.place = o.place
"""


async def forget(tx: Tx, before: datetime, limit: int) -> None:
    """Remove what was received before an instant, the oldest first."""
    await tx.execute(FORGET, before, limit)
