"""Documents: invoices and credit notes, as tax law wants them.

Nouns: a document has a number of its legal entity's series and a content, the snapshot of all it
says: seller with VAT numbers, lines, sums per tax rate, and the invoices that a credit note
corrects. Policy :data:`ISSUE` says per channel what gets one; a store's tills print their own.

The reaction ``documents.issue`` makes one per event that owes or gives back money for goods and
charges. It reads the log, so placing and handing over do not wait for it, and issues all documents
of a batch with a fixed number of statements. A PDF is drawn when it is asked for, from the snapshot
alone, and comes out the same each time.

Invariants: numbers of a series have no gaps; one document per cause, of exactly the cause's
amounts; a document never changes. An erased customer stays named on documents, which the law wants
kept, until the end of their retention.

Doors: :func:`documents_of_order` and :func:`drawn`, for pages; :func:`documents_of_orders` and
:func:`find_document`, for who tells of them in other words.
Events: DocumentIssued. Policies: documents.issue.
Tables: documents_document (buyer is personal and kept).
"""

from crosslane.documents.domain import ISSUE, Issue, Line
from crosslane.documents.errors import NoSuchDocument
from crosslane.documents.events import DocumentIssued
from crosslane.documents.reactions import REACTIONS, SCHEDULES
from crosslane.documents.rest import ROUTES
from crosslane.documents.service.personal import EXPORTERS
from crosslane.documents.service.reading import (
    documents_of_order,
    documents_of_orders,
    drawn,
    find_document,
)
from crosslane.documents.storage import PERSONAL_COLUMNS, Document

POLICIES = [ISSUE]

__all__ = [
    "EXPORTERS",
    "ISSUE",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "REACTIONS",
    "ROUTES",
    "SCHEDULES",
    "Document",
    "DocumentIssued",
    "Issue",
    "Line",
    "NoSuchDocument",
    "documents_of_order",
    "documents_of_orders",
    "drawn",
    "find_document",
]
