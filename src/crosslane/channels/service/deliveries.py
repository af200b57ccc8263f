"""What is delivered at a channel's webhook: whether its sender has signed it, and is it known.

Systems deliver many at once and each of them again when it was not answered soon, so what comes at
the same moment is looked up by one read.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.channels.adapters import family_of
from crosslane.channels.domain.agreement import Agreement
from crosslane.channels.service.agreed import agreed_with
from crosslane.channels.service.connecting import connections, require_signed
from crosslane.channels.storage import batches
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.gathering import Gathering


class Delivery(msgspec.Struct, frozen=True):
    """Something that is delivered.

    Args:
        channel: code of the channel at whose webhook it came.
        headers: it came with, by names in lower case.
        body: as sent.
    """

    channel: str
    headers: Mapping[str, str]
    body: bytes


class Sender(msgspec.Struct, frozen=True):
    """Who has delivered something, as signed.

    Args:
        channel: whose system it is.
        agreed: what was agreed on with it.
        format: which it speaks.
        received_at: when it came.
        known: the batch the delivery is already, None when it is new.
    """

    channel: organization.Channel
    agreed: Agreement
    format: str
    received_at: datetime
    known: UUID | None


async def senders(tx: Tx, asked: Sequence[Delivery]) -> list[Sender | Refusal]:
    """Return who has delivered each of several things; who has not signed is refused."""
    connected, book = await connections(tx), await organization.book(tx)
    found: list[Sender | Refusal] = []
    names: list[tuple[str, str]] = []
    for one in asked:
        connection = connected.get(one.channel)
        format = connection.format if connection else ""
        name = ""
        try:
            require_signed(connection, one.headers, one.body, tx.now)
            channel = book.channel(one.channel)
            agreed = await agreed_with(tx, channel, format)
            found.append(Sender(channel, agreed, format, tx.now, None))
            name = family_of(format).envelope(one.headers).delivery_id
        except Refusal as refusal:
            found.append(refusal)
        names.append((one.channel, name))
    known = await batches.list_deliveries(tx, sorted({each for each in names if each[1]}))
    return [
        msgspec.structs.replace(one, known=known.get(name)) if isinstance(one, Sender) else one
        for one, name in zip(found, names, strict=True)
    ]


DELIVERIES: Gathering[Delivery, Sender] = Gathering(senders)
