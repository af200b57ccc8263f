"""What staff see of messages, and saying one again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.engagement import storage
from crosslane.engagement.domain import MessageState, Topic
from crosslane.engagement.errors import MessageUnderWay, NoSuchMessage
from crosslane.engagement.service.telling import request_sending
from crosslane.engagement.storage import Message
from crosslane.kernel import new_id
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message about an order.

    Args:
        topic: what it is about.
        state: due, sent, not_sendable (nobody to send to), or failed.
        reason: why it is not sendable, or has failed.
        recipient: whom it went to; empty after its retention.
        repeats: the message it says again.
        requested_at: when it was asked for.
        ended_at: when it was sent or given up.
    """

    id: UUID
    order_id: UUID
    topic: Topic
    state: MessageState
    reason: str
    recipient: str
    locale: str
    repeats: UUID | None
    requested_at: datetime
    ended_at: datetime | None


class Resend(msgspec.Struct, frozen=True):
    """Say a message again, to the address known now."""

    message_id: UUID


async def messages_of_order(
    tx: Tx, named: str, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[MessageView]:
    """Return the messages about an order, named by number or id, oldest first.

    Raises:
        NoSuchOrder: there is none, or the caller may not see it.
    """
    state = await orders.find_order(tx, named)
    return [_view(one) for one in await storage.list_messages(tx, state.order.id, after, limit)]


async def messages_of_customers(
    tx: Tx, customer_ids: Sequence[UUID], limit: int
) -> list[MessageView]:
    """Return the latest messages to customers."""
    return [_view(one) for one in await storage.list_latest_of_customers(tx, customer_ids, limit)]


async def resend(tx: Tx, wish: Resend) -> MessageView:
    """Say a message again, as a message of its own that tells the same.

    Raises:
        NoSuchMessage: there is none.
        MessageUnderWay: it has not been sent yet.
    """
    await storage.lock_message(tx, wish.message_id)
    known = (await storage.messages_by_id(tx, [wish.message_id])).get(wish.message_id)
    if known is None:
        raise NoSuchMessage(message=str(wish.message_id))
    if known.state == "due":
        raise MessageUnderWay()
    times = await storage.count_repeats(tx, known.id) + 1
    again = msgspec.structs.replace(
        known,
        id=new_id(),
        cause=f"{known.cause}:again:{times}",
        repeats=known.id,
        state="due",
        reason="",
        recipient="",
        requested_at=tx.now,
        ended_at=None,
    )
    await storage.insert_messages(tx, [again])
    await request_sending(tx, [(again, tx.trace)])
    return _view(again)


def _view(message: Message) -> MessageView:
    return msgspec.convert(message, MessageView, from_attributes=True)


RESEND = one_by_one("engagement.resend", Resend, MessageView, resend)
