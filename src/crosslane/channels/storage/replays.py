"""Reading messages anew, forgetting what was received."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.channels.storage.messages import Draft, State
from crosslane.platform.database import Tx, columns


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A message that may be tried again.

    Args:
        body: as received, empty once it is gone.
    """

    id: UUID
    batch_id: UUID
    state: State
    owns: bool
    body: str


LOCK_NAMED = """
select m.id, m.batch_id, m.state, m.owns, coalesce(
           (select r.body from channels_raw r
            where r.message_id = m.id and r.received_at = m.received_at), '') as body
from channels_message m where m.id = any($1::uuid[]) order by m.id for update of m
"""


async def lock_named(tx: Tx, ids: Sequence[UUID]) -> list[Stored]:
    """Lock and return messages by id."""
    return [Stored(**dict(row)) for row in await tx.fetch(LOCK_NAMED, list(ids))]


LOCK_OF_REASON = """
select m.id, m.batch_id, m.state, m.owns, r.body
from channels_message m
join channels_raw r on r.message_id = m.id and r.received_at = m.received_at
where m.channel = $1 and m.code = $2 and m.state in ('quarantined', 'parked') and m.owns
  and r.body <> ''
order by m.received_at, m.id limit $3 for update of m
"""


async def lock_of_reason(tx: Tx, channel: str, code: str, limit: int) -> list[Stored]:
    """Lock and return messages of a channel kept back for one reason, the oldest first."""
    return [Stored(**dict(row)) for row in await tx.fetch(LOCK_OF_REASON, channel, code, limit)]


LIST_BODIES = """
select m.id, coalesce(r.body, '') as body
from channels_message m
left join channels_raw r on r.message_id = m.id and r.received_at = m.received_at
where m.batch_id = $1 order by m.place limit $2
"""


async def list_bodies(tx: Tx, batch_id: UUID, limit: int) -> list[tuple[UUID, str]]:
    """Return the records of a batch as received, in their order; empty where it is gone."""
    rows = await tx.fetch(LIST_BODIES, batch_id, limit)
    return [(row["id"], row["body"]) for row in rows]


SAVE_DRAFTS = """
update channels_message m set kind = w.kind, source_id = w.source_id,
    source_version = w.source_version, event_at = w.event_at, digest = w.digest, owns = w.owns,
    state = w.state, code = w.code, detail = w.detail, pointer = w.pointer,
    canonical = w.canonical, changed_at = $1
from unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::bytea[],
            $8::boolean[], $9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[])
     as w(id, kind, source_id, source_version, event_at, digest, owns, state, code, detail, pointer,
          canonical)
where m.id = w.id
"""


async def save_drafts(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Store messages as they read now."""
    names = ("id", "kind", "source_id", "source_version", "event_at", "digest", "owns")
    told = ("state", "code", "detail", "pointer", "canonical")
    if drafts:
        await tx.execute(SAVE_DRAFTS, tx.now, *columns(drafts, *names, *told))


ANY_PARKED = "select exists (select from channels_message where state = 'parked')"


async def any_parked(tx: Tx) -> bool:
    """Tell whether anything waits."""
    return await tx.fetchval(ANY_PARKED)


FORGET = """
with old as (
    select message_id, received_at from channels_raw
    where received_at < $1 order by received_at limit $2
), gone as (
    delete from channels_raw r using old o
    where r.message_id = o.message_id and r.received_at = o.received_at
)
update channels_message m set canonical = null from old o where m.id = o.message_id
"""


async def forget(tx: Tx, before: datetime, limit: int) -> None:
    """Remove what was received before an instant, the oldest first."""
    await tx.execute(FORGET, before, limit)
