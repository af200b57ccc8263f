"""All SQL of engagement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.engagement.domain import MessageState, Story, Topic
from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.personal import Erased, PersonalColumn

RECIPIENT_RETENTION_DAYS = 90
PERSONAL_COLUMNS = [
    PersonalColumn(
        "engagement_message",
        "recipient",
        "owner",
        "whom a message went to",
        retention_days=RECIPIENT_RETENTION_DAYS,
    ),
    PersonalColumn("engagement_message", "story", "words", "free words of a reason", "json"),
    PersonalColumn("engagement_message", "reason", "words", "why it could not be sent"),
]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a customer.

    Args:
        customer_id: who bought, likewise where it goes to, for the address at the time of sending.
        cause: what it tells of; unique.
        repeats: the message it says again.
        reason: why it is not sendable, or has failed.
        recipient: whom it went to; personal.
        requested_at: when it was asked for.
        ended_at: when it was sent or given up.
    """

    id: UUID
    order_id: UUID
    customer_id: UUID | None
    ship_address_id: UUID | None
    topic: Topic
    cause: str
    repeats: UUID | None
    state: MessageState
    reason: str
    locale: str
    story: Story
    recipient: str
    requested_at: datetime
    ended_at: datetime | None


class Ending(msgspec.Struct, frozen=True):
    """What became of a message.

    Args:
        message_id: which.
        state: sent, not_sendable or failed.
        reason: why it could not be sent.
        recipient: whom it went to; personal.
    """

    message_id: UUID
    state: MessageState
    reason: str = ""
    recipient: str = ""


INSERT_MESSAGES = """
insert into engagement_message (
    id, order_id, customer_id, ship_address_id, topic, cause, repeats, state, reason, locale,
    story, requested_at, ended_at
)
select id, order_id, customer_id, ship_address_id, topic, cause, repeats, state, reason, locale,
       story, requested_at, ended_at
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::uuid[],
            $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::timestamptz[],
            $13::timestamptz[])
     as m(id, order_id, customer_id, ship_address_id, topic, cause, repeats, state, reason, locale,
          story, requested_at, ended_at)
on conflict (cause) do nothing
returning id
"""


async def insert_messages(tx: Tx, messages: Sequence[Message]) -> set[UUID]:
    """Store messages; return those whose cause was not told of before."""
    rows = await tx.fetch(
        INSERT_MESSAGES,
        *columns(
            messages,
            *("id", "order_id", "customer_id", "ship_address_id", "topic", "cause", "repeats"),
            *("state", "reason", "locale"),
        ),
        [msgspec.json.encode(message.story) for message in messages],
        *columns(messages, "requested_at", "ended_at"),
    )
    return {row["id"] for row in rows}


MESSAGES_BY_ID = """
select id, order_id, customer_id, ship_address_id, topic, cause, repeats, state, reason, locale,
       story, recipient, requested_at, ended_at
from engagement_message where id = any($1::uuid[])
"""


async def messages_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Message]:
    """Return messages by identifier; unknown ones are left out."""
    return {row["id"]: _message(row) for row in await tx.fetch(MESSAGES_BY_ID, ids)}


LOCK_MESSAGE = "select true from engagement_message where id = $1 for update"


async def lock_message(tx: Tx, message_id: UUID) -> None:
    """Keep others from saying a message again at the same moment."""
    await tx.execute(LOCK_MESSAGE, message_id)


LIST_MESSAGES = """
select id, order_id, customer_id, ship_address_id, topic, cause, repeats, state, reason, locale,
       story, recipient, requested_at, ended_at
from engagement_message
where order_id = $1 and ($2::timestamptz is null or (requested_at, id) > ($2, $3::uuid))
order by requested_at, id limit $4
"""


async def list_messages(
    tx: Tx, order_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> list[Message]:
    """Return the messages about an order, oldest first."""
    seen_at, seen_id = after or (None, None)
    rows = await tx.fetch(LIST_MESSAGES, order_id, seen_at, seen_id, limit)
    return [_message(row) for row in rows]


COUNT_REPEATS = "select count(*) from engagement_message where repeats = $1"


async def count_repeats(tx: Tx, message_id: UUID) -> int:
    """Return how often a message was said again."""
    return await tx.fetchval(COUNT_REPEATS, message_id)


# What was sent stays so: a call that comes too late has nothing to add.
END_MESSAGES = """
update engagement_message m
set state = e.state, reason = e.reason, recipient = e.recipient, ended_at = $5
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as e(id, state, reason, recipient)
where m.id = e.id and m.state <> 'sent'
returning m.id, m.order_id, m.topic, m.state
"""


async def end_messages(tx: Tx, endings: Sequence[Ending]) -> list[Record]:
    """Save what became of messages; return id, order, topic and state of those it changed."""
    return await tx.fetch(
        END_MESSAGES, *columns(endings, "message_id", "state", "reason", "recipient"), tx.now
    )


FORGET_RECIPIENTS = """
update engagement_message set recipient = '' where id in (
    select id from engagement_message
    where recipient <> '' and ended_at < $1 order by ended_at limit $2
)
"""


async def forget_recipients(tx: Tx, before: datetime, limit: int) -> None:
    """Blank whom messages went to after their retention."""
    await tx.execute(FORGET_RECIPIENTS, before, limit)


ERASE_RECIPIENTS = """
update engagement_message set recipient = ''
where customer_id = any($1::uuid[]) and recipient <> ''
"""


async def erase_recipients(tx: Tx, customer_ids: Sequence[UUID]) -> Erased:
    """Blank whom the messages of customers went to."""
    tag = await tx.execute(ERASE_RECIPIENTS, list(customer_ids))
    return Erased("engagement_message.recipient", int(tag.rpartition(" ")[2]))


LIST_LATEST_OF_CUSTOMERS = """
select id, order_id, customer_id, ship_address_id, topic, cause, repeats, state, reason, locale,
       story, recipient, requested_at, ended_at
from engagement_message where customer_id = any((select $1::uuid[])::uuid[])
order by requested_at desc, id desc limit $2
"""


async def list_latest_of_customers(
    tx: Tx, customer_ids: Sequence[UUID], limit: int
) -> list[Message]:
    """Return the latest messages to customers."""
    rows = await tx.fetch(LIST_LATEST_OF_CUSTOMERS, list(customer_ids), limit)
    return [_message(row) for row in rows]


LIST_OF_CUSTOMERS = """
select topic, recipient, requested_at, state from engagement_message
where customer_id = any($1::uuid[]) order by requested_at, id limit $2
"""


async def list_of_customers(tx: Tx, customer_ids: Sequence[UUID], limit: int) -> list[Record]:
    """Return what was sent to customers, oldest first."""
    return await tx.fetch(LIST_OF_CUSTOMERS, list(customer_ids), limit)


def _message(row: Record) -> Message:
    return Message(**{**dict(row), "story": msgspec.json.decode(row["story"], type=Story)})
