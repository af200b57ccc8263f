"""What channels are told: kept when it is said, and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.channels.domain.outgoing import RESENT, Due, State
from crosslane.platform.database import Record, Tx, columns

SETTLED_DELETED_AT_ONCE_MAX = 2_000
# Why something is refused that a partner rejects after it was told.
REJECTED = "partner-rejected"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is to be told from now on.

    Args:
        id: identifier.
        channel: code of the channel.
        number: its place in what the channel is told.
        kind: of the message.
        key: idempotency key; one said before is said once.
        subject: what it speaks of.
        order_id: the order it is about, None for none.
        message: what it says.
        state: waiting, or unsupported where the channel has no way to be told.
        code: why, then; likewise words for people.
        trace: trace id of what it is due to.
    """

    id: UUID
    channel: str
    number: int
    kind: str
    key: str
    subject: str
    order_id: UUID | None
    message: bytes
    state: State
    code: str
    detail: str
    trace: str


INSERT = """
insert into channels_outgoing (
    id, channel, number, kind, key, subject, order_id, message, state, code, detail, trace, due_at,
    created_at, changed_at
)
select id, channel, number, kind, key, subject, order_id, message, state, code, detail, trace, $1,
       $1, $1
from unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::uuid[],
            $9::jsonb[], $10::text[], $11::text[], $12::text[], $13::text[])
     as w(id, channel, number, kind, key, subject, order_id, message, state, code, detail, trace)
on conflict (channel, key) do nothing
"""


async def insert(tx: Tx, said: Sequence[Said]) -> None:
    """Keep what is to be told; what was said under its key before stays as it is."""
    names = ("id", "channel", "number", "kind", "key", "subject", "order_id", "message")
    await tx.execute(INSERT, tx.now, *columns(said, *names, "state", "code", "detail", "trace"))


SUPERSEDE = """
with older as (
    select o.id from unnest($2::text[], $3::text[], $4::text[], $5::bigint[])
        as w(channel, subject, kind, number)
    join channels_outgoing o on (o.channel, o.subject, o.kind) = (w.channel, w.subject, w.kind)
    where o.state = 'waiting' and o.number < w.number and o.tries = 0
      and o.number > coalesce((
          select p.upto from channels_pace p
          where p.channel = o.channel and p.errand = 'tell' and p.is_open), 0)
    order by o.id for update of o
)
update channels_outgoing o set state = 'superseded', changed_at = $1
from older where o.id = older.id
"""


async def supersede(tx: Tx, newer: Sequence[Said]) -> None:
    """Tell nothing of what these say anew and nobody has begun to tell."""
    if newer:
        values = columns(newer, "channel", "subject", "kind", "number")
        await tx.execute(SUPERSEDE, tx.now, *values)


# Of what a subject waits for, nothing is told before what was said earlier of it.
LIST_DUE = """
select o.id, o.number, o.kind, o.subject, o.key, o.tries, o.created_at, o.order_id,
       o.message as canonical
from channels_outgoing o
where o.channel = $1 and o.state = 'waiting' and o.number <= $2 and o.due_at <= $3
  and not exists (
      select from channels_outgoing e
      where e.channel = o.channel and e.subject = o.subject and e.number < o.number
        and e.state = 'waiting' and e.due_at > $3)
order by o.number limit $4
"""


async def list_due(tx: Tx, channel: str, upto: int, at: datetime, limit: int) -> list[Due]:
    """Return what is to be told, in its order.

    Args:
        tx: open transaction.
        channel: code of the channel.
        upto: number of the last that is meant.
        at: what was due then.
        limit: most to return.
    """
    rows = await tx.fetch(LIST_DUE, channel, upto, at, limit)
    return [Due(**dict(row)) for row in rows]


NEXT_DUE = """
select min(greatest(o.due_at, (
    select max(e.due_at) from channels_outgoing e
    where e.channel = o.channel and e.subject = o.subject and e.number < o.number
      and e.state = 'waiting'))) as due_at
from (
    select * from channels_outgoing
    where channel = $1 and state = 'waiting' order by number limit $2
) as o
"""


async def next_due(tx: Tx, channel: str, limit: int) -> datetime | None:
    """Return when the next of what waits is due, None when nothing waits."""
    row = await tx.fetchrow(NEXT_DUE, channel, limit)
    return row["due_at"] if row else None


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message that was tried.

    Args:
        id: which.
        state: waiting when it is tried again.
        code: why, when it was not told; likewise words for people.
        instead: which lack was worked around.
        said: calls and documents of the try.
        document: number of the document it lies in, None for none.
        control: last digits of the number of its interchange; likewise its place in that, from 1.
        tries: how often it was tried.
        due_at: when it is tried again.
    """

    id: UUID
    state: State
    code: str = ""
    detail: str = ""
    instead: str = ""
    said: bytes = b"[]"
    document: int | None = None
    control: int | None = None
    place: int | None = None
    tries: int = 0
    due_at: datetime


# What was erased while it was told waits no more.
LOCK_WAITING = """
select id from channels_outgoing where id = any($1::uuid[]) and state = 'waiting'
order by id for update
"""


async def lock_waiting(tx: Tx, ids: Sequence[UUID]) -> set[UUID]:
    """Lock messages that were tried; return which of them are still to be told."""
    return {row["id"] for row in await tx.fetch(LOCK_WAITING, list(ids))}


SAVE = """
update channels_outgoing o
set state = w.state, code = w.code, detail = w.detail, instead = w.instead, said = w.said,
    document = coalesce(w.document, o.document), control = w.control, place = w.place,
    tries = w.tries, due_at = w.due_at, changed_at = $1
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
            $8::bigint[], $9::integer[], $10::integer[], $11::integer[], $12::timestamptz[])
     as w(id, state, code, detail, instead, said, document, control, place, tries, due_at)
where o.id = w.id
"""


async def save(tx: Tx, ended: Sequence[Ended]) -> None:
    """Save what became of messages that are locked."""
    names = ("id", "state", "code", "detail", "instead", "said", "document", "control", "place")
    if ended:
        await tx.execute(SAVE, tx.now, *columns(ended, *names, "tries", "due_at"))


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner answers to what it was told.

    Args:
        channel: code of the channel.
        control: last digits of the number of the interchange it answers.
        place: of one message in that, from 1; None for all of them.
        verdict: what the partner makes of it.
        detail: why, in words.
        at: when it says so.
    """

    channel: str
    control: int
    place: int | None
    verdict: str
    detail: str
    at: datetime


# What is said of one message counts beside what the same answer says of all, whichever comes first;
# an older answer says nothing any more. What was rejected is refused, and may be told again.
JUDGE = """
with answered as (
    select distinct on (o.id) o.id, w.verdict, w.detail, w.at
    from unnest($2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[],
                $7::timestamptz[]) as w(channel, control, place, verdict, detail, at)
    join channels_outgoing o on (o.channel, o.control) = (w.channel, w.control)
    where (w.place is null or o.place = w.place)
      and (o.state = 'told' or o.state = 'refused' and o.code = $8)
      and (o.judged_at is null or w.at > o.judged_at or w.at = o.judged_at and w.place is not null)
    order by o.id, w.at desc, w.place nulls last
), mine as (
    select id from channels_outgoing where id in (select id from answered) order by id for update
)
update channels_outgoing o
set verdict = a.verdict, judged_at = a.at, changed_at = $1,
    state = case when a.verdict = 'rejected' then 'refused' else 'told' end,
    code = case when a.verdict = 'rejected' then $8 else '' end,
    detail = case when a.verdict = 'accepted' then '' else a.detail end
from answered a where o.id = a.id and o.id in (select id from mine)
"""


async def judge(tx: Tx, answered: Sequence[Answered]) -> None:
    """Note what partners answer to what they were told."""
    if answered:
        names = ("channel", "control", "place", "verdict", "detail", "at")
        await tx.execute(JUDGE, tx.now, *columns(answered, *names), REJECTED)


SAVE_MESSAGES = """
update channels_outgoing o set message = w.message
from unnest($1::uuid[], $2::jsonb[]) as w(id, message) where o.id = w.id and o.message is not null
"""


async def save_messages(tx: Tx, messages: Mapping[UUID, bytes]) -> None:
    """Keep what was said where it was made anew as it was told."""
    await tx.execute(SAVE_MESSAGES, list(messages), list(messages.values()))


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; what is None lets everything through."""

    channel: str | None = None
    state: str | None = None
    kind: str | None = None
    code: str | None = None
    order_id: UUID | None = None


LIST = """
select id, channel, number, kind, key, subject, order_id, state, code, detail, instead, document,
       tries, due_at, trace, created_at, changed_at, verdict, judged_at
from channels_outgoing
where ($1::text is null or channel = $1) and ($2::text is null or state = $2)
  and ($3::text is null or kind = $3) and ($4::text is null or code = $4)
  and ($5::uuid is null or order_id = $5)
  and ($6::timestamptz is null or (created_at, id) < ($6, $7::uuid))
order by created_at desc, id desc limit $8
"""


async def list_outgoing(
    tx: Tx, chosen: Filter, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Record]:
    """Return what channels were told, the latest first."""
    seen_at, seen_id = before or (None, None)
    return await tx.fetch(LIST, *msgspec.structs.astuple(chosen), seen_at, seen_id, limit)


LIST_STATES = "select id, state from channels_outgoing where id = any($1::uuid[])"


async def list_states(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, State]:
    """Return the states of messages, of those that are there."""
    return {row["id"]: row["state"] for row in await tx.fetch(LIST_STATES, list(ids))}


FIND = """
select id, channel, number, kind, key, subject, order_id, state, code, detail, instead, document,
       tries, due_at, trace, created_at, changed_at, verdict, judged_at, message, said
from channels_outgoing where id = $1
"""


async def find(tx: Tx, outgoing_id: UUID) -> Record | None:
    """Return a message whole, or None."""
    return await tx.fetchrow(FIND, outgoing_id)


RESEND = """
with first as (
    select id from channels_outgoing
    where state = any($2::text[]) and case when $3::uuid[] is null
        then channel = $4 and ($5::text is null or code = $5) else id = any($3) end
    order by number limit $6
), mine as (
    select o.id from channels_outgoing o
    where o.id in (select id from first) and o.state = any($2::text[])
    order by o.id for update
)
update channels_outgoing o
set state = 'waiting', code = '', detail = '', verdict = '', judged_at = null, tries = 0,
    due_at = $1, changed_at = $1
from mine where o.id = mine.id and o.message is not null
returning o.channel
"""


async def resend(
    tx: Tx, ids: Sequence[UUID] | None, channel: str, code: str | None, limit: int
) -> list[str]:
    """Have messages told again; return the channel of each."""
    given = None if ids is None else list(ids)
    rows = await tx.fetch(RESEND, tx.now, list(RESENT), given, channel, code, limit)
    return [row["channel"] for row in rows]


COUNT = """
select channel, state, count(*) as messages from channels_outgoing
where state in ('waiting', 'refused', 'unsupported', 'failed') group by channel, state
"""


async def count_unsettled(tx: Tx) -> list[Record]:
    """Return how many messages of each channel wait, or were not told."""
    return await tx.fetch(COUNT)


LIST_KEYS = """
select o.key from channels_outgoing o
join unnest($1::text[], $2::text[]) as w(channel, key) using (channel, key)
"""


async def list_keys(tx: Tx, keys: Sequence[tuple[str, str]]) -> set[str]:
    """Return those of some keys that were said to their channel already."""
    rows = await tx.fetch(LIST_KEYS, [each[0] for each in keys], [each[1] for each in keys])
    return {row["key"] for row in rows}


FORGET = """
with old as (
    select id from channels_outgoing
    where created_at < $1 and state <> 'waiting' order by created_at limit $2
)
delete from channels_outgoing o using old where o.id = old.id
"""
FORGET_DOCUMENTS = """
delete from channels_document where (channel, number) in (
    select channel, number from channels_document where created_at < $1 order by created_at limit $2
)
"""


async def forget(tx: Tx, before: datetime) -> bool:
    """Remove what was told before an instant, the oldest first; tell whether some may be left."""
    left = False
    for statement in (FORGET, FORGET_DOCUMENTS):
        tag = await tx.execute(statement, before, SETTLED_DELETED_AT_ONCE_MAX)
        left |= tag == f"DELETE {SETTLED_DELETED_AT_ONCE_MAX}"
    return left
