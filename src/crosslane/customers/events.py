"""What has happened to customers."""

from uuid import UUID

from crosslane.platform.log import Event


class CustomersMerged(Event):
    """Two customers turned out to be one; what names ``merged_id`` belongs to ``kept_id``."""

    kept_id: UUID
    merged_id: UUID

    @property
    def subject(self) -> str:
        """The customer that is left."""
        return f"customer:{self.kept_id}"


class ConsentRecorded(Event):
    """A customer allowed something or withdrew it."""

    customer_id: UUID
    purpose: str
    channel: str
    brand: str
    granted: bool

    @property
    def subject(self) -> str:
        """The customer."""
        return f"customer:{self.customer_id}"


class CustomerForgotten(Event):
    """A customer's personal data was erased everywhere."""

    customer_id: UUID

    @property
    def subject(self) -> str:
        """The customer."""
        return f"customer:{self.customer_id}"
