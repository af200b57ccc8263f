"""What happens to webhook subscriptions."""

from datetime import datetime
from uuid import UUID

from crosslane.platform.log import Event


class SubscriptionDisabled(Event, frozen=True, kw_only=True):
    """A subscription was made inactive because its receiver does not take what it is sent.

    Args:
        cause: gone (the receiver said 410) or failing (it took nothing for days).
        failing_since: the first failure after the last success.
    """

    subscription_id: UUID
    cause: str
    failing_since: datetime

    @property
    def subject(self) -> str:
        """The subscription."""
        return f"webhook:{self.subscription_id}"
