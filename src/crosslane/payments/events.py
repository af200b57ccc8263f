"""What happens to payments. Amounts are minor units of ``currency``."""

from datetime import date, datetime
from uuid import UUID

from crosslane.platform.log import Event


class PaymentEvent(Event, frozen=True, kw_only=True):
    """What every payment event tells.

    Args:
        payment_id: the tender.
        order_id: the order it pays for.
        channel_id: channel of the order.
        location_id: store whose till takes the money, None elsewhere.
        operation_id: what was asked of it.
        method: card, on_account, cash or marketplace.
        minor: minor units the event is about.
        currency: ISO 4217.
        cause_kind: what sort of thing asked for it, such as ``fulfillment.parcel``.
        cause_id: which one.
        occurred_at: business time.
    """

    payment_id: UUID
    order_id: UUID
    channel_id: UUID
    location_id: UUID | None
    operation_id: UUID
    method: str
    minor: int
    currency: str
    cause_kind: str
    cause_id: str
    occurred_at: datetime

    @property
    def subject(self) -> str:
        """The tender: its events are handled in the order in which they happened."""
        return f"payment:{self.payment_id}"


class PaymentAuthorized(PaymentEvent, frozen=True, kw_only=True):
    """The amount is promised and may be captured."""


class PaymentDeclined(PaymentEvent, frozen=True, kw_only=True):
    """The amount will not come; ``reason`` says why."""

    reason: str


class PaymentArrivedLate(PaymentEvent, frozen=True, kw_only=True):
    """An amount was authorized after its order had been given up; it is on its way back."""


class PaymentCaptured(PaymentEvent, frozen=True, kw_only=True):
    """The amount is ours; on account it is owed until ``due_on``."""

    due_on: date | None = None


class PaymentRefunded(PaymentEvent, frozen=True, kw_only=True):
    """The amount was given back."""


class PaymentVoided(PaymentEvent, frozen=True, kw_only=True):
    """The amount will not be captured any more."""


class PaymentSettled(PaymentEvent, frozen=True, kw_only=True):
    """The amount was received for earlier captures on account."""


class CaptureFailed(PaymentEvent, frozen=True, kw_only=True):
    """The provider refused to take an authorized amount; ``reason`` says why."""

    reason: str


class RefundFailed(PaymentEvent, frozen=True, kw_only=True):
    """The provider refused to give an amount back; ``reason`` says why."""

    reason: str


class VoidFailed(PaymentEvent, frozen=True, kw_only=True):
    """The provider refused to release an amount; ``reason`` says why."""

    reason: str


class PaymentUnresolved(PaymentEvent, frozen=True, kw_only=True):
    """Nobody could tell whether a capture, refund or release happened: a person has to look."""

    deed: str
    reason: str
