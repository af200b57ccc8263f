"""What happens to documents."""

from uuid import UUID

from crosslane.organization import DocumentKind
from crosslane.platform.log import Event


class DocumentIssued(Event):
    """An invoice or credit note was numbered and will not change any more."""

    document_id: UUID
    number: str
    document_kind: DocumentKind
    order_id: UUID | None
    channel_id: UUID
    currency: str
    gross_minor: int

    @property
    def subject(self) -> str:
        """The document."""
        return f"document:{self.document_id}"
