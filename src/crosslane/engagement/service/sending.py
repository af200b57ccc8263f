"""Sending: the effect that hands a message to the mail server.

The server's 250 is the hand-over. Whoever dies between it and the commit sends the message once
more, under the same Message-ID; nothing else repeats it.
"""

import socket
from datetime import timedelta
from functools import cache

import aiosmtplib
import msgspec

from crosslane import customers
from crosslane.engagement import events, storage
from crosslane.engagement.domain import NO_ADDRESS, NO_SERVER, MessageState
from crosslane.engagement.service.posting import PostOffice, post_office
from crosslane.engagement.service.telling import EFFECT_KIND, Send, recipients_of
from crosslane.engagement.service.writing import Letter, write_email
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.effects import Dead, EffectCall, EffectKind, Retry, one_by_one
from crosslane.platform.tenants import tenant_of
from crosslane.platform.tokens import Link, sign_link

# A server that has not answered by then is asked again, so this must be long for a busy one.
CALL_SECONDS_MAX = 30.0
LINK_DAYS = 180
LINK_PURPOSE = "order"
ORDER_PAGE = "/o/"
FORGOTTEN_AT_ONCE_MAX = 10_000


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


async def prepare(tx: Tx, call: EffectCall[Send]) -> Letter | Outcome:
    """Read what is to be sent and to whom, as known now."""
    message = await storage.find_message(tx, call.body.message_id)
    if message is None or message.state == "sent":
        return Outcome("sent")
    office = post_office()
    (recipient,) = await recipients_of(tx, [(message.customer_id, message.ship_address_id)])
    if not recipient.email:
        return Outcome("not_sendable", reason=NO_ADDRESS)
    if office.server is None:
        return Outcome("not_sendable", reason=NO_SERVER)
    return Letter(
        message=message,
        first_cause=first_cause(message.order_id),
        email=recipient.email,
        name=recipient.name,
        address=await _address_lines(tx, message),
        link=await order_link(tx, office, message),
        tenant=call.tenant,
        sender=office.sender,
    )


def first_cause(order_id: object) -> str:
    """Return the cause of an order's confirmation, to which mail programs tie what follows."""
    return f"confirmed:{order_id}"


async def order_link(tx: Tx, office: PostOffice, message: storage.Message) -> str:
    """Return the address of the page that shows the message's order to whoever has it."""
    tenant = await tenant_of(tx)
    expires_at = message.requested_at + timedelta(days=LINK_DAYS)
    link = Link(tenant.key_prefix, LINK_PURPOSE, message.order_id, expires_at)
    return f"{office.public_url}{ORDER_PAGE}{sign_link(office.secret_key, link)}"


async def _address_lines(tx: Tx, message: storage.Message) -> list[str]:
    if message.ship_address_id is None:
        return []
    found = await customers.addresses_by_id(tx, [message.ship_address_id])
    snapshot = found.get(message.ship_address_id)
    return list(customers.label_lines(snapshot.address)) if snapshot else []


async def hand_over(call: EffectCall[Send], letter: Letter | Outcome) -> Outcome:
    """Give an e-mail to the mail server.

    Raises:
        Retry: the server could not be reached, or asks to come back later.
        Dead: it will not take this message.
    """
    del call
    if isinstance(letter, Outcome):
        return letter
    server = post_office().server
    if server is None:
        return Outcome("not_sendable", reason=NO_SERVER)
    try:
        await aiosmtplib.send(
            write_email(letter),
            sender=letter.sender,
            recipients=[letter.email],
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls,
            local_hostname=_own_name(),
            timeout=CALL_SECONDS_MAX - 5,
        )
    except aiosmtplib.SMTPException as error:
        raise _failure(error) from error
    return Outcome("sent", recipient=letter.email)


@cache
def _own_name() -> str:
    """Return what this machine calls itself to mail servers; asking may take a look-up."""
    return socket.getfqdn()


def _failure(error: aiosmtplib.SMTPException) -> Retry | Dead:
    """Tell what passes from what does not; the server's words may name people and stay out."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return Retry(f"the mail server cannot be reached ({type(error).__name__})")
    if isinstance(error, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPConnectError):
        return Retry(f"the mail server does not let us in ({error.code})")
    if error.code >= 500:
        return Dead(f"the mail server refuses the message ({error.code})")
    return Retry(f"the mail server asks to come back later ({error.code})")


async def record(tx: Tx, call: EffectCall[Send], outcome: Outcome) -> None:
    """Save what became of a message."""
    message = await storage.find_message(tx, call.body.message_id)
    if message is None or message.state == "sent":
        return
    await storage.end_message(
        tx, message.id, outcome.state, reason=outcome.reason, recipient=outcome.recipient
    )
    if outcome.state == "sent":
        told = events.MessageSent(
            message_id=message.id, order_id=message.order_id, topic=message.topic
        )
        await log.append(tx, [told])


async def give_up(tx: Tx, call: EffectCall[Send], reason: str) -> None:
    """Save that a message could not be sent; a replay of the dead letter may still send it."""
    message = await storage.find_message(tx, call.body.message_id)
    if message is None or message.state == "sent":
        return
    await storage.end_message(tx, message.id, "failed", reason=reason)
    told = events.MessageFailed(
        message_id=message.id, order_id=message.order_id, topic=message.topic
    )
    await log.append(tx, [told])


async def forget_recipients(tx: Tx) -> None:
    """Blank whom messages went to after their retention."""
    before = tx.now - timedelta(days=storage.RECIPIENT_RETENTION_DAYS)
    await storage.forget_recipients(tx, before, FORGOTTEN_AT_ONCE_MAX)


SEND = EffectKind(
    EFFECT_KIND,
    body=Send,
    call=hand_over,
    prepare=one_by_one(prepare),
    record=one_by_one(record),
    dead=one_by_one(give_up),
    timeout_seconds=CALL_SECONDS_MAX,
)
