"""Sending: the effect that hands a message to the mail server.

The server's 250 is the hand-over. Whoever dies between it and the commit sends the message once
more, under the same Message-ID; nothing else repeats it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPResponseException,
)

from crosslane import customers
from crosslane.engagement import events, storage
from crosslane.engagement.domain import NO_ADDRESS, NO_SERVER, MessageState
from crosslane.engagement.service.posting import PostOffice, post_office
from crosslane.engagement.service.telling import EFFECT_KIND, Recipient, Send, recipients_of
from crosslane.engagement.service.writing import Letter, shows_address, write_email
from crosslane.engagement.storage import Ending
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.effects import Dead, EffectCall, EffectKind, Retry
from crosslane.platform.tenants import Tenant, tenant_of
from crosslane.platform.tokens import Link, sign_link

# A server that has not answered by then is asked again, so this must be long for a busy one.
CALL_SECONDS_MAX = 30.0
LINK_DAYS = 180
LINK_PURPOSE = "order"
ORDER_PAGE = "/o/"
RETURN_PAGES = "/returns/"
FORGOTTEN_AT_ONCE_MAX = 10_000
EVENTS: Mapping[MessageState, type[events.MessageEvent]] = {
    "sent": events.MessageSent,
    "failed": events.MessageFailed,
}


class Outcome(msgspec.Struct, frozen=True):
    """What became of a message.

    Args:
        state: sent, or not_sendable.
        recipient: whom it went to.
        reason: why it could not be sent.
    """

    state: MessageState
    recipient: str = ""
    reason: str = ""


async def prepare(tx: Tx, calls: Sequence[EffectCall[Send]]) -> list[Letter | Outcome]:
    """Read what is to be sent and to whom, as known now."""
    found = await storage.messages_by_id(tx, [call.body.message_id for call in calls])
    messages = [found.get(call.body.message_id) for call in calls]
    recipients = await recipients_of(
        tx, [(m.customer_id, m.ship_address_id) if m else (None, None) for m in messages]
    )
    tenant = await tenant_of(tx)
    return [
        _prepared(tenant, message, recipient)
        for message, recipient in zip(messages, recipients, strict=True)
    ]


def _prepared(
    tenant: Tenant, message: storage.Message | None, recipient: Recipient
) -> Letter | Outcome:
    if message is None or message.state == "sent":
        return Outcome("sent")
    office = post_office()
    if not recipient.email:
        return Outcome("not_sendable", reason=NO_ADDRESS)
    if office.line is None:
        return Outcome("not_sendable", reason=NO_SERVER)
    address = recipient.address
    return Letter(
        message=message,
        first_cause=first_cause(message.order_id),
        email=recipient.email,
        name=recipient.name,
        address=customers.label_lines(address) if address and shows_address(message) else [],
        link=order_link(tenant, office, message),
        tenant=tenant.name,
        sender=office.sender,
    )


def first_cause(order_id: object) -> str:
    """Return the cause of an order's confirmation, to which mail programs tie what follows."""
    return f"confirmed:{order_id}"


def order_link(tenant: Tenant, office: PostOffice, message: storage.Message) -> str:
    """Return the address of the page that shows the message's order or return to whoever has it."""
    expires_at = message.requested_at + timedelta(days=LINK_DAYS)
    link = Link(tenant.key_prefix, LINK_PURPOSE, message.order_id, expires_at)
    back = message.story.return_number
    page = f"{RETURN_PAGES}{back}" if back else ""
    return f"{office.public_url}{ORDER_PAGE}{sign_link(office.secret_key, link)}{page}"


def link_to_order(key_prefix: str, order_id: UUID, at: datetime) -> Link:
    """Return the link to the page that customers see of an order, as if they were told of it now.

    Args:
        key_prefix: of the tenant.
        order_id: the order.
        at: from when the link counts its days.
    """
    return Link(key_prefix, LINK_PURPOSE, order_id, at + timedelta(days=LINK_DAYS))


async def hand_over(call: EffectCall[Send], letter: Letter | Outcome) -> Outcome:
    """Give an e-mail to the mail server.

    Raises:
        Retry: the server could not be reached, or asks to come back later.
        Dead: it will not take this message.
    """
    del call
    if isinstance(letter, Outcome):
        return letter
    line = post_office().line
    if line is None:
        return Outcome("not_sendable", reason=NO_SERVER)
    try:
        await line.hand_over(letter.sender, letter.email, write_email(letter))
    except SMTPException as error:
        raise failure_of(error) from error
    return Outcome("sent", recipient=letter.email)


def failure_of(error: SMTPException) -> Retry | Dead:
    """Tell what passes from what does not; the server's words may name people and stay out."""
    if not isinstance(error, SMTPResponseException):
        return Retry(f"the mail server cannot be reached ({type(error).__name__})")
    if isinstance(error, SMTPAuthenticationError | SMTPConnectError):
        return Retry(f"the mail server does not let us in ({error.code})")
    if error.code >= 500:
        return Dead(f"the mail server refuses the message ({error.code})")
    return Retry(f"the mail server asks to come back later ({error.code})")


async def record(tx: Tx, calls: Sequence[EffectCall[Send]], outcomes: Sequence[Outcome]) -> None:
    """Save what became of messages."""
    endings = [
        Ending(call.body.message_id, outcome.state, outcome.reason, outcome.recipient)
        for call, outcome in zip(calls, outcomes, strict=True)
    ]
    await _end(tx, calls, endings)


async def give_up(tx: Tx, calls: Sequence[EffectCall[Send]], reasons: Sequence[str]) -> None:
    """Save that messages could not be sent; a replay of the dead letter may still send one."""
    endings = [
        Ending(call.body.message_id, "failed", reason)
        for call, reason in zip(calls, reasons, strict=True)
    ]
    await _end(tx, calls, endings)


async def _end(tx: Tx, calls: Sequence[EffectCall[Send]], endings: Sequence[Ending]) -> None:
    causes = {call.body.message_id: call for call in calls}
    told = [
        (EVENTS[state](message_id=message_id, order_id=order_id, topic=topic), causes[message_id])
        for message_id, order_id, topic, state in await storage.end_messages(tx, endings)
        if state in EVENTS
    ]
    await log.append(tx, [event for event, _ in told], [cause for _, cause in told])


async def forget_recipients(tx: Tx) -> None:
    """Blank whom messages went to after their retention."""
    before = tx.now - timedelta(days=storage.RECIPIENT_RETENTION_DAYS)
    await storage.forget_recipients(tx, before, FORGOTTEN_AT_ONCE_MAX)


SEND = EffectKind(
    EFFECT_KIND,
    body=Send,
    call=hand_over,
    prepare=prepare,
    record=record,
    dead=give_up,
    timeout_seconds=CALL_SECONDS_MAX,
)
