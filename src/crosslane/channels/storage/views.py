"""Messages as people look at them."""

from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.channels.storage.messages import State
from crosslane.platform.database import Tx


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A message without what it says."""

    id: UUID
    batch_id: UUID
    place: int
    part: int
    channel: str
    kind: str
    source_id: str
    source_version: int
    event_at: datetime | None
    state: State
    code: str
    detail: str
    pointer: str
    order_id: UUID | None
    return_id: UUID | None
    supply_id: UUID | None
    tries: int
    received_at: datetime
    changed_at: datetime


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; what is None lets everything through."""

    channel: str | None
    state: str | None
    code: str | None
    batch_id: UUID | None
    source_id: str | None


LIST_MESSAGES = """
select id, batch_id, place, part, channel, kind, source_id, source_version, event_at, state, code,
       detail, pointer, order_id, return_id, supply_id, tries, received_at, changed_at
from channels_message
where ($1::text is null or channel = $1) and ($2::text is null or state = $2)
  and ($3::text is null or code = $3) and ($4::uuid is null or batch_id = $4)
  and ($5::text is null or source_id = $5)
  and ($6::timestamptz is null or (received_at, id) < ($6, $7::uuid))
order by received_at desc, id desc limit $8
"""


async def list_messages(
    tx: Tx, chosen: Filter, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Return messages, the latest first.

    Args:
        tx: open transaction.
        chosen: which ones.
        before: time and id of the last one seen.
        limit: most to return.
    """
    seen_at, seen_id = before or (None, None)
    values = msgspec.structs.astuple(chosen)
    rows = await tx.fetch(LIST_MESSAGES, *values, seen_at, seen_id, limit)
    return [Row(**dict(row)) for row in rows]


FIND_MESSAGE = """
select m.id, m.batch_id, m.place, m.part, m.channel, m.kind, m.source_id, m.source_version,
       m.event_at, m.state, m.code, m.detail, m.pointer, m.order_id, m.return_id, m.supply_id,
       m.tries, m.received_at, m.changed_at, m.waits_for, m.canonical, r.body, r.head, r.tail,
       b.format, b.delimiter, b.headers
from channels_message m
join channels_batch b on b.id = m.batch_id
left join channels_raw r on r.batch_id = m.batch_id and r.place = m.place
    and r.received_at = m.received_at
where m.id = $1
"""


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A message with what was received.

    Args:
        waits_for: what it waits for besides messages of its own source, "" for nothing.
        canonical: what it says, None when it cannot be read or is gone.
        body: the record as received, None once it is gone; likewise what stood around it.
        format: of its batch; likewise what parts columns, and the headers that are kept.
    """

    row: Row
    waits_for: str
    canonical: bytes | None
    body: str | None
    head: str | None
    tail: str | None
    format: str
    delimiter: str
    headers: dict[str, str]


async def find_message(tx: Tx, message_id: UUID) -> Whole | None:
    """Return a message with what was received, or None."""
    found = await tx.fetchrow(FIND_MESSAGE, message_id)
    if found is None:
        return None
    values = dict(found)
    values["headers"] = msgspec.json.decode(values["headers"])
    names = ("waits_for", "canonical", "body", "head", "tail", "format", "delimiter", "headers")
    beside = {name: values.pop(name) for name in names}
    return Whole(row=Row(**values), **beside)


class Reason(msgspec.Struct, frozen=True):
    """Messages of a channel that are kept back for one reason.

    Args:
        state: parked or quarantined.
        code: the reason.
        messages: how many.
        oldest_at: when the oldest was received.
    """

    channel: str
    state: State
    code: str
    messages: int
    oldest_at: datetime


LIST_REASONS = """
select channel, state, code, count(*) as messages, min(received_at) as oldest_at
from channels_message where state in ('parked', 'quarantined')
group by channel, state, code order by state desc, count(*) desc, channel, code limit $1
"""


async def list_reasons(tx: Tx, limit: int) -> list[Reason]:
    """Return why messages are kept back, quarantined ones first."""
    return [Reason(**dict(row)) for row in await tx.fetch(LIST_REASONS, limit)]
