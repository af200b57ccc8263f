"""Messages over HTTP."""

from datetime import datetime
from uuid import UUID

from crosslane.engagement import errors
from crosslane.engagement.service import reading
from crosslane.engagement.service.reading import RESEND, MessageView, Resend
from crosslane.kernel import Page
from crosslane.orders import NoSuchOrder
from crosslane.platform.web import Caller, Paging, get, post


@get("/api/v1/orders/{order}/messages", permission="engagement:read", raises=(NoSuchOrder,))
async def list_messages(caller: Caller, paging: Paging, order: str) -> Page[MessageView]:
    """List the messages about an order, by its number or id, oldest first."""
    async with caller.read() as tx:
        found = await reading.messages_of_order(
            tx, order, after=paging.after(datetime, UUID), limit=paging.limit + 1
        )
    return paging.page(found, key=lambda message: (message.requested_at, message.id))


@post(
    "/api/v1/messages/{message_id}/resend",
    permission="engagement:send",
    command=RESEND,
    raises=(errors.NoSuchMessage, errors.MessageUnderWay),
)
async def resend_message(caller: Caller, message_id: UUID) -> MessageView:
    """Send a message again.

    It tells the same as the first one, and goes to the address that is known now.
    """
    return await caller.submit(RESEND, Resend(message_id))


ROUTES = [list_messages, resend_message]
