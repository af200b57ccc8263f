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
        location_id: store whose till takes the money or gives it, None elsewhere.
        operation_id: what was asked of it.
        method: card, on_account, cash, marketplace or stored_value; of a refund the way it went.
        minor: minor units the event is about.
        currency: ISO 4217.
        cause_kind: what sort of thing asked for it, such as ``fulfillment.parcel``.
        cause_id: which one.
        occurred_at: business time.
        account_id: gift card or store credit the money comes from or goes to.
        entity_id: legal entity that owes what is on it.
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
    account_id: UUID | None = None
    entity_id: UUID | None = None

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
    """The amount was given back: the way it came, or as stored value or cash instead."""


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


class PaymentChargedBack(PaymentEvent, frozen=True, kw_only=True):
    """The provider has taken a captured amount back, since the holder of the card disputes it.

    Args:
        dispute: the provider's name for it.
        reason: what the provider says.
        beyond_minor: what is gone beyond what had been captured, since it was refunded as well.
    """

    dispute: str
    reason: str
    beyond_minor: int


class ChargebackWon(PaymentEvent, frozen=True, kw_only=True):
    """A dispute was decided for us: the amount is ours again.

    Args:
        dispute: the provider's name for it.
        chargeback_id: the operation by which it had been taken back.
    """

    dispute: str
    chargeback_id: UUID


class ChargebackLost(PaymentEvent, frozen=True, kw_only=True):
    """A dispute was decided against us: the amount stays gone; fields as in ChargebackWon."""

    dispute: str
    chargeback_id: UUID


class PaidOut(Event, frozen=True, kw_only=True):
    """Money was given without an order, such as for goods that came back without a receipt.

    Args:
        payout_id: its identifier.
        channel_id: channel through which it was given.
        location_id: store whose till gave it, None elsewhere.
        method: cash, stored_value or on_account.
        account_id: gift card or store credit; for on_account the customer.
        entity_id: legal entity that owes what is on the gift card or store credit.
        minor: minor units.
        currency: ISO 4217.
        cause_kind: what it was given for; likewise cause_id.
        cause_id: see there.
        occurred_at: business time.
    """

    payout_id: UUID
    channel_id: UUID
    location_id: UUID | None
    method: str
    account_id: UUID | None
    entity_id: UUID | None
    minor: int
    currency: str
    cause_kind: str
    cause_id: str
    occurred_at: datetime

    @property
    def subject(self) -> str:
        """The payout itself: nothing else ever happens to it."""
        return f"payout:{self.payout_id}"


class StoredValueEvent(Event, frozen=True, kw_only=True):
    """What events of gift cards and store credit tell.

    Args:
        account_id: which.
        account_kind: gift_card or store_credit.
        entity_id: legal entity that owes it.
        channel_id: channel through which it happened.
        minor: minor units the event is about.
        currency: ISO 4217.
        entry_id: line of its journal, None when the balance stays.
        occurred_at: business time.
    """

    account_id: UUID
    account_kind: str
    entity_id: UUID
    channel_id: UUID
    minor: int
    currency: str
    entry_id: UUID | None
    occurred_at: datetime

    @property
    def subject(self) -> str:
        """The gift card or store credit."""
        return f"stored_value:{self.account_id}"


class StoredValueIssued(StoredValueEvent, frozen=True, kw_only=True):
    """It was sold or given; ``method`` is how it was paid for: cash, card or goodwill."""

    method: str
    location_id: UUID | None


class StoredValueToppedUp(StoredValueEvent, frozen=True, kw_only=True):
    """More was put on it; fields as in StoredValueIssued."""

    method: str
    location_id: UUID | None


class StoredValueTransferred(StoredValueEvent, frozen=True, kw_only=True):
    """The amount was moved to another one, which another entity may owe."""

    to_account_id: UUID
    to_entity_id: UUID
    to_channel_id: UUID


class StoredValueExpired(StoredValueEvent, frozen=True, kw_only=True):
    """What was left on it has run out; ``breakage`` tells whose it is: income or escheat."""

    breakage: str


class StoredValueBlocked(StoredValueEvent, frozen=True, kw_only=True):
    """Nothing may be taken from it any more; ``minor`` is what it holds."""


class StoredValueUnblocked(StoredValueEvent, frozen=True, kw_only=True):
    """It may be used again; ``minor`` is what it holds."""
