"""Personal data of documents: what a person is told of them, and when it goes."""

from uuid import UUID

import msgspec

from crosslane.documents import storage
from crosslane.platform.database import Tx
from crosslane.platform.personal import Exporter

DOCUMENTS_EXPORTED_MAX = 10_000
FORGOTTEN_AT_ONCE_MAX = 10_000


class IssuedTo(msgspec.Struct, frozen=True):
    """A document as a person is told of it."""

    number: str
    kind: str
    currency: str
    gross_minor: int
    issued_at: str


async def export(tx: Tx, customer_ids: frozenset[UUID]) -> list[IssuedTo]:
    """Return the documents that were issued to a person."""
    rows = await storage.list_of_customers(tx, list(customer_ids), DOCUMENTS_EXPORTED_MAX)
    return [
        IssuedTo(
            row["number"],
            row["kind"],
            row["currency"],
            row["gross_minor"],
            row["issued_at"].isoformat(),
        )
        for row in rows
    ]


async def forget_buyers(tx: Tx) -> None:
    """Blank whom documents are for after their retention."""
    await storage.forget_buyers(tx, tx.now.date(), FORGOTTEN_AT_ONCE_MAX)


EXPORTERS = [Exporter("documents", export)]
