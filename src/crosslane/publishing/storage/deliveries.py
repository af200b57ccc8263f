"""The SQL of deliveries: what waits to be sent to whom, and every try.

Waiting deliveries of one subject to one subscription are due in their order: none before an earlier
one. So what is due next is found by time alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns
from crosslane.publishing.domain.trying import Attempt

Cause = Literal["event", "resend", "replay", "ping"]
DeliveryState = Literal["waiting", "delivered", "failed"]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event to be told to one subscription.

    Args:
        place: its place in the order of all deliveries.
        cause: the event itself, a person who sends it again, a replay, or a test.
        event_id: what the event is called outside.
        kind: name in the log.
        at: when the event was recorded.
        tries: how often it was tried.
        due_at: not tried before.
    """

    id: UUID
    place: int
    subscription_id: UUID
    cause: Cause
    event_id: str
    kind: str
    subject: str
    subject_no: int
    at: datetime
    channel_id: UUID | None
    state: DeliveryState
    tries: int
    due_at: datetime
    requested_at: datetime
    ended_at: datetime | None


class Reader(msgspec.Struct, frozen=True):
    """A subscription that reads on in the stream.

    Args:
        id: the subscription.
        after: place it has read.
        up_to: last place it looks at.
        kinds: names in the log, by commas.
        channels: ids of channels, by commas, None for all.
        room: most events it takes.
    """

    id: UUID
    after: int
    up_to: int
    kinds: str
    channels: str | None
    room: int


COUNT_WAITING = """
select subscription_id, count(*) as waiting, min(due_at) as due_at from publishing_delivery
where state = 'waiting' and subscription_id = any($1::uuid[])
group by subscription_id
"""


async def count_waiting(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """Return how many deliveries wait, and when the first is due, of subscriptions with any."""
    rows = await tx.fetch(COUNT_WAITING, list(ids))
    return {row["subscription_id"]: (row["waiting"], row["due_at"]) for row in rows}


READ_ON = """
insert into publishing_delivery (
    id, subscription_id, cause, event_place, event_id, kind, subject, subject_no, at, channel_id,
    state, due_at, requested_at
)
select gen_random_uuid(), w.id, 'event', e.place, e.event_id, e.kind, e.subject, e.subject_no, e.at,
       e.channel_id, 'waiting', greatest($7, (
           select max(due_at) from publishing_delivery d
           where d.subscription_id = w.id and d.subject = e.subject and d.state = 'waiting'
       )), $7
from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::integer[])
     as w(id, after, up_to, kinds, channels, room)
cross join lateral (
    select * from publishing_event
    where place > w.after and place <= w.up_to and kind = any(string_to_array(w.kinds, ','))
      and (w.channels is null or channel_id = any(string_to_array(w.channels, ',')::uuid[]))
    order by place limit w.room
) e
order by e.place, w.id
returning subscription_id, event_place
"""


async def read_on(tx: Tx, readers: Sequence[Reader]) -> dict[UUID, list[int]]:
    """Make deliveries of what comes next in the stream; return the places, by subscription."""
    told = columns(readers, "id", "after", "up_to", "kinds", "channels", "room")
    places: dict[UUID, list[int]] = defaultdict(list)
    for row in await tx.fetch(READ_ON, *told, tx.now):
        places[row["subscription_id"]].append(row["event_place"])
    return places


class Wanted(msgspec.Struct, frozen=True):
    """Events that are to be told again.

    Args:
        subscription_id: to whom.
        after: place they come after.
        since: recorded from this time on; until before this time.
        kinds: names in the log.
        channel_ids: of these channels, None for all.
    """

    subscription_id: UUID
    after: int
    since: datetime
    until: datetime
    kinds: Sequence[str]
    channel_ids: Sequence[UUID] | None


# Times are not in the order of places: who began first may end last. So pieces go on by place, and
# the events of a subject stay in their order from one piece to the next.
REPLAY = """
with wanted as (
    select * from publishing_event
    where place > $2 and at >= $3 and at < $4 and kind = any($5::text[])
      and ($6::uuid[] is null or channel_id = any($6::uuid[]))
    order by place limit $7
), told as (
    insert into publishing_delivery (
        id, subscription_id, cause, event_place, event_id, kind, subject, subject_no, at,
        channel_id, state, due_at, requested_at
    )
    select gen_random_uuid(), $1, 'replay', e.place, e.event_id, e.kind, e.subject, e.subject_no,
           e.at, e.channel_id, 'waiting', greatest($8, (
               select max(due_at) from publishing_delivery d
               where d.subscription_id = $1 and d.subject = e.subject and d.state = 'waiting'
           )), $8
    from wanted e order by e.place
)
select count(*) as events, coalesce(max(place), 0) as last from wanted
"""


async def replay(tx: Tx, wanted: Wanted, limit: int) -> tuple[int, int]:
    """Have events told again, in their order; return how many, and the place of the last."""
    row = await tx.fetchrow(REPLAY, *msgspec.structs.astuple(wanted), limit, tx.now)
    return (row["events"], row["last"]) if row else (0, 0)


AGAIN = """
insert into publishing_delivery (
    id, subscription_id, cause, event_place, event_id, kind, subject, subject_no, at, channel_id,
    state, due_at, requested_at
)
select $1, subscription_id, case cause when 'ping' then 'ping' else 'resend' end, event_place,
       event_id, kind, subject, subject_no, at, channel_id, 'waiting', greatest($3, (
           select max(due_at) from publishing_delivery d
           where d.subscription_id = p.subscription_id and d.subject = p.subject
             and d.state = 'waiting'
       )), $3
from publishing_delivery p where id = $2
"""


async def insert_again(tx: Tx, new_id: UUID, delivery_id: UUID) -> None:
    """Have what a delivery told be told once more, by a delivery of its own."""
    await tx.execute(AGAIN, new_id, delivery_id, tx.now)


PING = """
insert into publishing_delivery (
    id, subscription_id, cause, event_id, kind, subject, subject_no, at, state, due_at, requested_at
) values ($1, $2, 'ping', $3, $4, $5, 1, $6, 'waiting', $6, $6)
"""


async def insert_ping(
    tx: Tx, new_id: UUID, subscription_id: UUID, event_id: str, kind: str, subject: str
) -> None:
    """Have a test be sent."""
    await tx.execute(PING, new_id, subscription_id, event_id, kind, subject, tx.now)


_COLUMNS = """
    id, place, subscription_id, cause, event_id, kind, subject, subject_no, at, channel_id, state,
    tries, due_at, requested_at, ended_at
"""
LIST_DUE = f"""
select d.* from unnest((select $1::uuid[])) as w(id)
cross join lateral (
    select {_COLUMNS} from publishing_delivery
    where subscription_id = w.id and state = 'waiting' and due_at <= clock_timestamp()
    order by due_at, place limit $2
) d
order by d.subscription_id, d.due_at, d.place
"""  # noqa: S608 - columns of our own


async def list_due(tx: Tx, ids: Sequence[UUID], limit: int) -> dict[UUID, list[Delivery]]:
    """Return what is to be sent to each subscription now, at most ``limit`` each, in order."""
    due: dict[UUID, list[Delivery]] = defaultdict(list)
    for row in await tx.fetch(LIST_DUE, list(ids), limit):
        due[row["subscription_id"]].append(Delivery(**dict(row)))
    return due


INSERT_ATTEMPTS = """
insert into publishing_attempt (delivery_id, no, at, took_ms, status, reason, answer)
select w.* from unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::integer[], $5::integer[],
                       $6::text[], $7::text[])
     as w(delivery_id, no, at, took_ms, status, reason, answer)
where exists (select from publishing_delivery d where d.id = w.delivery_id)
on conflict (delivery_id, no) do nothing
"""


async def insert_attempts(tx: Tx, attempts: Mapping[UUID, Attempt]) -> None:
    """Keep tries by their deliveries; one that was kept before stays."""
    told = columns(attempts.values(), "no", "at", "took_ms", "status", "reason", "answer")
    await tx.execute(INSERT_ATTEMPTS, list(attempts), *told)


# A delivery that failed keeps back the later ones of its subject.
SETTLE = """
with tried as (
    select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[])
        as w(id, state, tries, due_at)
), settled as (
    update publishing_delivery d
    set state = tried.state, tries = tried.tries, due_at = coalesce(tried.due_at, d.due_at),
        ended_at = case when tried.state = 'waiting' then null else $5::timestamptz end
    from tried where d.id = tried.id and d.state = 'waiting'
    returning d.id, d.subscription_id, d.subject, d.place, d.state, d.due_at
)
update publishing_delivery d set due_at = greatest(d.due_at, s.due_at)
from settled s
where s.state = 'waiting' and d.state = 'waiting' and d.subscription_id = s.subscription_id
  and d.subject = s.subject and d.place > s.place
  and d.id not in (select id from tried)
"""


async def settle(
    tx: Tx, ids: Sequence[UUID], states: Sequence[str], tries: Sequence[int], due: Sequence
) -> None:
    """Save what became of deliveries: their state, tries, and when they are due again."""
    await tx.execute(SETTLE, list(ids), list(states), list(tries), list(due), tx.now)


HURRY = """
update publishing_delivery set due_at = $2
where subscription_id = any($1::uuid[]) and state = 'waiting' and due_at > $2
"""


async def hurry(tx: Tx, ids: Sequence[UUID]) -> None:
    """Make all that waits for these subscriptions due now."""
    await tx.execute(HURRY, list(ids), tx.now)


LIST_OF = f"""
select {_COLUMNS} from publishing_delivery
where subscription_id = $1 and place < $2
  and ($3::text is null or state = $3) and ($4::text[] is null or kind = any($4))
order by place desc limit $5
"""  # noqa: S608 - columns of our own


async def list_of(
    tx: Tx,
    subscription_id: UUID,
    before: int,
    state: str | None,
    kinds: Sequence[str] | None,
    limit: int,
) -> list[Delivery]:
    """Return deliveries of a subscription, the latest first."""
    wanted = list(kinds) if kinds is not None else None
    rows = await tx.fetch(LIST_OF, subscription_id, before, state, wanted, limit)
    return [Delivery(**dict(row)) for row in rows]


FIND = f"""
select {_COLUMNS} from publishing_delivery where id = $1 and subscription_id = $2
"""  # noqa: S608 - columns of our own


async def find(tx: Tx, subscription_id: UUID, delivery_id: UUID) -> Delivery | None:
    """Return a delivery of a subscription, or None."""
    row = await tx.fetchrow(FIND, delivery_id, subscription_id)
    return Delivery(**dict(row)) if row else None


LIST_ATTEMPTS = """
select delivery_id, no, at, took_ms, status, reason, answer from publishing_attempt
where delivery_id = any($1::uuid[]) order by delivery_id, no
"""


async def list_attempts(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[Attempt]]:
    """Return the tries of deliveries, the first first."""
    found: dict[UUID, list[Attempt]] = defaultdict(list)
    for row in await tx.fetch(LIST_ATTEMPTS, list(ids)):
        told = dict(row)
        found[told.pop("delivery_id")].append(Attempt(**told))
    return found


COUNT_LATELY = """
select subscription_id, state, count(*) as deliveries from publishing_delivery
where subscription_id = any($1::uuid[]) and (state = 'waiting' or ended_at > $2)
group by subscription_id, state
"""


async def count_lately(
    tx: Tx, ids: Sequence[UUID], since: datetime
) -> dict[UUID, dict[DeliveryState, int]]:
    """Return how many deliveries wait, and how many ended in which way since a time."""
    counts: dict[UUID, dict[DeliveryState, int]] = defaultdict(dict)
    for row in await tx.fetch(COUNT_LATELY, list(ids), since):
        counts[row["subscription_id"]][row["state"]] = row["deliveries"]
    return counts


FORGET = """
delete from publishing_delivery where id in (
    select id from publishing_delivery
    where state <> 'waiting' and ended_at < $1 order by ended_at limit $2
)
"""


async def forget(tx: Tx, before: datetime, limit: int) -> bool:
    """Forget deliveries that ended long ago, with their tries; tell whether some may be left."""
    return await tx.execute(FORGET, before, limit) == f"DELETE {limit}"
