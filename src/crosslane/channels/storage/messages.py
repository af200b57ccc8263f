"""Messages: one record each, what it says and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.platform.database import Record, Tx, columns

State = Literal[
    "received",
    "applied",
    "parked",
    "quarantined",
    "repeated",
    "outdated",
    "replaced",
    "voided",
    "kept",
]
Identity = tuple[str, str, str, int]


class Draft(msgspec.Struct, kw_only=True):
    """A message that is about to be stored.

    Args:
        batch_id: what it came in; likewise when that came.
        place: number of its record in the batch, from 1; likewise of what it says of it, from 0.
        kind: of the canonical message, ``unreadable`` when there is none.
        source_id, source_version, event_at: as in the message.
        digest: of what it says, but for its version.
        owns: it stands for its identity.
        code, detail, pointer: why it is not applied.
        canonical: the message as JSON, None when it cannot be read.
    """

    id: UUID
    batch_id: UUID
    received_at: datetime
    place: int
    part: int = 0
    channel: str
    kind: str
    source_id: str
    source_version: int
    event_at: datetime | None
    digest: bytes
    canonical: bytes | None
    owns: bool = True
    state: State = "received"
    code: str = ""
    detail: str = ""
    pointer: str = ""

    @property
    def identity(self) -> Identity:
        """What it is deduplicated by."""
        return self.channel, self.kind, self.source_id, self.source_version


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """The message that stands for an identity."""

    id: UUID
    identity: Identity
    digest: bytes
    state: State


LOCK_OWNERS = """
select m.id, m.channel, m.kind, m.source_id, m.source_version, m.digest, m.state
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
     as w(channel, kind, source_id, source_version)
join channels_message m using (channel, kind, source_id, source_version)
where m.owns order by m.id for update of m
"""


async def lock_owners(tx: Tx, drafts: Sequence[Draft]) -> dict[Identity, Owner]:
    """Lock and return the messages that stand for the identities of drafts."""
    names = ("channel", "kind", "source_id", "source_version")
    rows = await tx.fetch(LOCK_OWNERS, *columns(drafts, *names))
    found = [
        Owner(
            id=row["id"],
            identity=tuple(row[name] for name in names),
            digest=row["digest"],
            state=row["state"],
        )
        for row in rows
    ]
    return {owner.identity: owner for owner in found}


DISOWN = """
update channels_message set owns = false, state = 'replaced', changed_at = $2
where id = any($1::uuid[])
"""


async def disown(tx: Tx, ids: Sequence[UUID]) -> None:
    """Let quarantined messages give way to others of the same identity."""
    if ids:
        await tx.execute(DISOWN, list(ids), tx.now)


# Sorted, so that two batches with the same messages wait for each other in one direction only.
INSERT_MESSAGES = """
insert into channels_message (
    id, batch_id, place, part, channel, kind, source_id, source_version, event_at, digest, owns,
    state, code, detail, pointer, canonical, received_at, changed_at
)
select id, batch_id, place, part, channel, kind, source_id, source_version, event_at, digest, owns,
       state, code, detail, pointer, canonical, received_at, $1
from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::integer[], $6::integer[], $7::text[],
            $8::text[], $9::text[], $10::bigint[], $11::timestamptz[], $12::bytea[],
            $13::boolean[], $14::text[], $15::text[], $16::text[], $17::text[], $18::jsonb[])
     as w(id, batch_id, received_at, place, part, channel, kind, source_id, source_version,
          event_at, digest, owns, state, code, detail, pointer, canonical)
order by channel, kind, source_id, source_version
on conflict (channel, kind, source_id, source_version) where owns do nothing
returning id
"""


async def insert_messages(tx: Tx, drafts: Sequence[Draft]) -> set[UUID]:
    """Store messages; return the ids of those whose identity nobody had meanwhile."""
    rows = await tx.fetch(
        INSERT_MESSAGES,
        tx.now,
        *columns(
            drafts,
            *("id", "batch_id", "received_at", "place", "part", "channel", "kind", "source_id"),
            *("source_version", "event_at", "digest", "owns", "state", "code", "detail"),
            *("pointer", "canonical"),
        ),
    )
    return {row["id"] for row in rows}


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is to be applied.

    Args:
        format: of its batch.
        canonical: the message as JSON.
        tries: how often it was tried before.
        received_by, trace: of its batch.
    """

    id: UUID
    channel: str
    kind: str
    source_id: str
    source_version: int
    format: str
    canonical: bytes
    state: State
    tries: int
    received_at: datetime
    received_by: str
    trace: str


LOCK_PENDING = """
select m.id, m.channel, m.kind, m.source_id, m.source_version, b.format, m.canonical, m.state,
       m.tries, m.received_at, b.received_by, b.trace
from channels_message m join channels_batch b on b.id = m.batch_id
where m.id = any($1::uuid[]) and m.state = 'received' and m.canonical is not null
order by m.id for update of m
"""


async def lock_pending(tx: Tx, ids: Sequence[UUID]) -> list[Pending]:
    """Lock and return those of some messages that are to be applied, as they came in."""
    return [Pending(**dict(row)) for row in await tx.fetch(LOCK_PENDING, list(ids))]


LOCK_QUARANTINED = """
select m.id, m.channel, m.kind, m.source_id, m.source_version, b.format, m.canonical, m.state,
       m.tries, m.received_at, b.received_by, b.trace
from channels_message m join channels_batch b on b.id = m.batch_id
where m.id = any($1::uuid[]) and m.state = 'quarantined' and m.owns and m.canonical is not null
order by m.id for update of m
"""


async def lock_quarantined(tx: Tx, ids: Sequence[UUID]) -> list[Pending]:
    """Lock and return those of some messages that are quarantined and were understood."""
    return [Pending(**dict(row)) for row in await tx.fetch(LOCK_QUARANTINED, list(ids))]


EXISTS = "select true from channels_message where id = $1"


async def exists(tx: Tx, message_id: UUID) -> bool:
    """Tell whether there is a message."""
    return await tx.fetchval(EXISTS, message_id) is not None


LOCK_PARKED = """
select m.id, m.channel, m.kind, m.source_id, m.source_version, b.format, m.canonical, m.state,
       m.tries, m.received_at, b.received_by, b.trace
from unnest($1::text[], $2::text[]) as w(channel, source_id)
join channels_message m using (channel, source_id)
join channels_batch b on b.id = m.batch_id
where m.state = 'parked' and m.canonical is not null
order by m.id for update of m
"""


async def lock_parked(tx: Tx, sources: Sequence[tuple[str, str]]) -> list[Pending]:
    """Lock and return parked messages of sources, each given as channel and source id."""
    channels, source_ids = [s[0] for s in sources], [s[1] for s in sources]
    return [Pending(**dict(row)) for row in await tx.fetch(LOCK_PARKED, channels, source_ids)]


# What ends a whole also ends the parts that come after it.
LIST_SAID_OF_WHOLES = """
select m.id, m.channel, m.kind, m.source_id, m.source_version, b.format, m.canonical, m.state,
       m.tries, m.received_at, b.received_by, b.trace
from unnest($1::text[], $2::text[]) as w(channel, source_id)
join channels_message m using (channel, source_id)
join channels_batch b on b.id = m.batch_id
where m.state = 'applied' and m.kind in ('cancellation', 'payment') and m.canonical is not null
order by m.source_version, m.id
"""


async def list_said_of_wholes(tx: Tx, wholes: Sequence[tuple[str, str]]) -> list[Pending]:
    """Return what was done already of what was said of wholes, each as channel and number."""
    channels, source_ids = [w[0] for w in wholes], [w[1] for w in wholes]
    return [
        Pending(**dict(row)) for row in await tx.fetch(LIST_SAID_OF_WHOLES, channels, source_ids)
    ]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message.

    Args:
        code, detail, pointer: why it is parked or quarantined.
        order_id: the order it made or changed, the first of several parts of one.
        part_ids: the orders of all parts it changed; not stored.
        return_id: the return it made or changed, the first of several.
        supply_id: the supply message it became.
        customer_id: the customer it changed; likewise the article.
        waits_for: what lets it be tried again, such as :func:`source_key` tells.
    """

    id: UUID
    state: State
    code: str = ""
    detail: str = ""
    pointer: str = ""
    order_id: UUID | None = None
    part_ids: tuple[UUID, ...] = ()
    return_id: UUID | None = None
    supply_id: UUID | None = None
    customer_id: UUID | None = None
    variant_id: UUID | None = None
    waits_for: str = ""


SAVE_OUTCOMES = """
update channels_message m set state = w.state, code = w.code, detail = w.detail,
    pointer = w.pointer, order_id = w.order_id, return_id = w.return_id,
    supply_id = w.supply_id, customer_id = w.customer_id, variant_id = w.variant_id,
    waits_for = w.waits_for, tries = m.tries + 1, changed_at = $1
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[],
            $9::uuid[], $10::uuid[], $11::uuid[], $12::text[])
     as w(id, state, code, detail, pointer, order_id, return_id, supply_id, customer_id,
          variant_id, waits_for)
where m.id = w.id
"""


async def save_outcomes(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    """Store what became of messages."""
    told = ("id", "state", "code", "detail", "pointer")
    made = ("order_id", "return_id", "supply_id", "customer_id", "variant_id")
    await tx.execute(SAVE_OUTCOMES, tx.now, *columns(outcomes, *told, *made, "waits_for"))


def source_key(channel: str, source_id: str) -> str:
    """Return what stands for something a channel speaks of, for those that wait for it."""
    return f"source:{channel}/{source_id}"


LOCK_WAITING = """
select m.id, m.channel, m.kind, m.source_id, m.source_version, b.format, m.canonical, m.state,
       m.tries, m.received_at, b.received_by, b.trace
from channels_message m join channels_batch b on b.id = m.batch_id
where m.state in ('parked', 'quarantined') and m.owns
  and m.waits_for <> '' and m.waits_for = any($1::text[])
  and m.canonical is not null
order by m.id for update of m
"""


async def lock_waiting(tx: Tx, keys: Sequence[str]) -> list[Pending]:
    """Lock and return messages that wait for one of these: parked, or shown to somebody."""
    return [Pending(**dict(row)) for row in await tx.fetch(LOCK_WAITING, list(keys))]


# A sale that a later message took back is booked all the same.
LIST_BOOKED = """
select w.id, bool_or(m.digest = w.digest) as same from channels_message w
join channels_message m using (channel, kind, source_id)
where w.id = any($1::uuid[]) and m.id <> w.id
  and (m.state = 'applied' or (m.state = 'voided'
       and (m.order_id is not null or m.return_id is not null)))
group by 1
"""


async def list_booked(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Return which of some messages were applied as another version, and whether just so."""
    return {row["id"]: row["same"] for row in await tx.fetch(LIST_BOOKED, list(ids))}


class BookedSale(msgspec.Struct, frozen=True, kw_only=True):
    """The message of a sale that was booked.

    Args:
        canonical: what it says, None once its person was erased.
    """

    id: UUID
    state: State
    canonical: bytes | None
    order_id: UUID | None
    return_id: UUID | None


LOCK_SALE = """
select id, state, canonical, order_id, return_id from channels_message
where channel = $1 and source_id = $2 and kind = 'sale'
  and (order_id is not null or return_id is not null or state = 'applied')
order by source_version limit 1 for update
"""


async def lock_sale(tx: Tx, channel: str, source_id: str) -> BookedSale | None:
    """Lock and return the message of a sale that was booked, None when there is none."""
    row = await tx.fetchrow(LOCK_SALE, channel, source_id)
    return BookedSale(**dict(row)) if row else None


LOCK_LATE = """
select id, channel, kind, source_id, code, detail, pointer from channels_message
where state = 'parked' and received_at < $1 order by received_at, id limit $2
for update skip locked
"""


async def lock_late(tx: Tx, before: datetime, limit: int) -> list[Record]:
    """Lock and return parked messages that came in before an instant, the oldest first."""
    return await tx.fetch(LOCK_LATE, before, limit)


COUNT_QUARANTINED = """
select count(*) from (
    select from channels_message where state = 'quarantined' order by state, received_at limit $1
) kept
"""


async def count_quarantined(tx: Tx, most: int) -> int:
    """Return how many messages wait until somebody mends something, up to ``most``."""
    return await tx.fetchval(COUNT_QUARANTINED, most)
