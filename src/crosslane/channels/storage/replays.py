"""Reading messages anew."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.channels.storage.messages import Draft, Identity, State
from crosslane.channels.storage.records import Place
from crosslane.platform.database import Tx, columns

NOT_SAID = "not-said"
"""Why a message was replaced whose record, read anew, does not say it."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a record that is read anew.

    Args:
        place, part: where it stands in its batch.
        gone: nothing is kept of its record.
    """

    id: UUID
    batch_id: UUID
    place: int
    part: int
    channel: str
    kind: str
    source_id: str
    source_version: int
    state: State
    owns: bool
    gone: bool

    @property
    def identity(self) -> Identity:
        """What it is deduplicated by."""
        return self.channel, self.kind, self.source_id, self.source_version

    @property
    def record(self) -> Place:
        """Its record, by batch and place."""
        return self.batch_id, self.place

    @property
    def is_open(self) -> bool:
        """Whether it waits to be tried again."""
        return self.owns and self.state in ("quarantined", "parked")


LOCK_NAMED = """
select m.id, m.batch_id, m.place, m.part, m.channel, m.kind, m.source_id, m.source_version,
       m.state, m.owns, not exists (
           select from channels_raw r where r.batch_id = m.batch_id and r.place = m.place
           and r.received_at = m.received_at and r.body <> '') as gone
from channels_message m where m.id = any($1::uuid[]) order by m.id for update of m
"""


async def lock_named(tx: Tx, ids: Sequence[UUID]) -> list[Stored]:
    """Lock and return messages by id."""
    return [Stored(**dict(row)) for row in await tx.fetch(LOCK_NAMED, list(ids))]


LOCK_OF_REASON = """
select m.id, m.batch_id, m.place, m.part, m.channel, m.kind, m.source_id, m.source_version,
       m.state, m.owns, false as gone
from channels_message m
join channels_raw r on r.batch_id = m.batch_id and r.place = m.place
    and r.received_at = m.received_at
where m.channel = $1 and m.code = $2 and m.state in ('quarantined', 'parked') and m.owns
  and r.body <> '' and ($4::uuid is null or m.id > $4)
order by m.id limit $3 for update of m
"""


async def lock_of_reason(
    tx: Tx, channel: str, code: str, limit: int, after: UUID | None
) -> list[Stored]:
    """Lock and return messages of a channel kept back for one reason, the oldest first.

    Args:
        tx: open transaction.
        channel: code of the channel.
        code: the reason.
        limit: how many at most.
        after: the message they come after.
    """
    found = await tx.fetch(LOCK_OF_REASON, channel, code, limit, after)
    return [Stored(**dict(row)) for row in found]


LOCK_PARTS = """
select m.id, m.batch_id, m.place, m.part, m.channel, m.kind, m.source_id, m.source_version,
       m.state, m.owns, false as gone
from unnest($1::uuid[], $2::integer[]) as w(batch_id, place)
join channels_message m on m.batch_id = w.batch_id and m.place = w.place
order by m.id for update of m
"""


async def lock_parts(tx: Tx, records: Sequence[Place]) -> list[Stored]:
    """Lock and return all messages of records, by batch and part."""
    found = await tx.fetch(LOCK_PARTS, [each[0] for each in records], [each[1] for each in records])
    parts = [Stored(**dict(row)) for row in found]
    return sorted(parts, key=lambda one: (one.batch_id, one.place, one.part))


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


RETIRE = """
update channels_message set owns = false, state = 'replaced', code = $2, detail = '', pointer = '',
    changed_at = $3
where id = any($1::uuid[])
"""


async def retire(tx: Tx, ids: Sequence[UUID]) -> None:
    """Set messages aside that their records do not say any more."""
    if ids:
        await tx.execute(RETIRE, list(ids), NOT_SAID, tx.now)


ANY_PARKED = "select exists (select from channels_message where state = 'parked')"


async def any_parked(tx: Tx) -> bool:
    """Tell whether anything waits."""
    return await tx.fetchval(ANY_PARKED)
