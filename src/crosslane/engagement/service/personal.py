"""Personal data in messages: where it is, how it goes, how it is given back."""

from uuid import UUID

import msgspec

from crosslane.engagement import storage
from crosslane.platform.database import Tx
from crosslane.platform.personal import Erased, Eraser, Erasure, Exporter

MESSAGES_EXPORTED_MAX = 10_000


class SentTo(msgspec.Struct, frozen=True):
    """A message as a person is told of it."""

    topic: str
    recipient: str
    requested_at: str
    state: str


async def erase(tx: Tx, erasure: Erasure) -> list[Erased]:
    """Blank whom the messages of a person went to."""
    return [await storage.erase_recipients(tx, list(erasure.customer_ids))]


async def export(tx: Tx, customer_ids: frozenset[UUID]) -> list[SentTo]:
    """Return the messages that were sent to a person."""
    rows = await storage.list_of_customers(tx, list(customer_ids), MESSAGES_EXPORTED_MAX)
    return [
        SentTo(row["topic"], row["recipient"], row["requested_at"].isoformat(), row["state"])
        for row in rows
    ]


ERASERS = [Eraser("engagement", erase)]
EXPORTERS = [Exporter("messages", export)]
