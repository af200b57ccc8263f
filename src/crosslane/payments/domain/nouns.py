"""Tenders, what is asked of them, and what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

TENDER_MINOR_MAX = 10**13
ORDER_TENDERS_MAX = 20


class Method(StrEnum):
    """How a part of an order is paid."""

    CARD = "card"
    ON_ACCOUNT = "on_account"
    CASH = "cash"
    MARKETPLACE = "marketplace"
    STORED_VALUE = "stored_value"  # a gift card or store credit


class Terms(StrEnum):
    """When the money of a tender is taken; data of the order, never code."""

    PREPAID = "prepaid"  # captured as soon as it is authorized
    PER_PARCEL = "per_parcel"  # authorized now, captured as goods leave
    AT_COLLECTION = "at_collection"  # promised now, paid at the counter
    TAKEN = "taken"  # a till or marketplace has the money already: a fact, never refused


class State(StrEnum):
    """What is known of a tender's authorization."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    DECLINED = "declined"


class Deed(StrEnum):
    """What can be done to a tender."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"
    SETTLE = "settle"
    CHARGEBACK = "chargeback"  # a provider has taken captured money back: a fact
    CHARGEBACK_WON = "chargeback_won"  # and given it to us again


class OperationState(StrEnum):
    """How far an operation has come; see the table above."""

    REQUESTED = "requested"
    UNRESOLVED = "unresolved"
    DONE = "done"
    FAILED = "failed"


# States an operation stays in for good.
ENDED = (OperationState.DONE, OperationState.FAILED)


class NewTender(msgspec.Struct, frozen=True, kw_only=True):
    """A tender as the order asks for it.

    Args:
        order_id: the order it pays for.
        method: how.
        terms: when the money is taken.
        currency: ISO 4217, the order's.
        minor: minor units to pay this way.
        at: business time.
        provider: code of the provider that holds the token; empty when none is called.
        token: the provider's stand-in for the card. Card data never comes here.
        credit_account: customer who buys on account.
        channel_id: channel of the order.
        location_id: store whose till takes the money, where it does.
        stored_account: gift card or store credit that is used.
        owner: whose order it is; store credit of somebody pays for nobody else.
    """

    order_id: UUID
    channel_id: UUID
    method: Method
    terms: Terms
    currency: str
    minor: int
    at: datetime
    location_id: UUID | None = None
    provider: str = ""
    token: str = ""
    credit_account: UUID | None = None
    stored_account: UUID | None = None
    owner: UUID | None = None


class Tender(msgspec.Struct, frozen=True, kw_only=True):
    """A tender as it stands. Amounts in minor units, each the sum of a journal or of operations.

    Args:
        abandoned: its order is off; money that still arrives goes back.
        provider: whom to call, empty for a tender that Crosslane decides itself.
        reference: the provider's name for the authorization.
        terms_days: days from capture until money on account is due.
        settled_minor: received later for captures on account.
        charged_back_minor: taken back by the provider and not won again; it may be more than was
            captured and not refunded, when the customer was given the money twice.
    """

    id: UUID
    order_id: UUID
    channel_id: UUID
    sequence: int
    method: Method
    terms: Terms
    currency: str
    amount_minor: int
    location_id: UUID | None = None
    provider: str = ""
    token: str = ""
    credit_account: UUID | None = None
    stored_account: UUID | None = None
    terms_days: int = 0
    state: State = State.PENDING
    abandoned: bool = False
    reference: str = ""
    reason: str = ""
    authorized_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    voided_minor: int = 0
    settled_minor: int = 0
    capturing_minor: int = 0
    refunding_minor: int = 0
    voiding_minor: int = 0
    charged_back_minor: int = 0

    @property
    def capturable_minor(self) -> int:
        """What is authorized and neither used nor set aside."""
        used = self.captured_minor + self.voided_minor
        return self.authorized_minor - used - self.capturing_minor - self.voiding_minor

    @property
    def refundable_minor(self) -> int:
        """What was captured and neither given back, nor about to be, nor taken back."""
        return max(0, self._left_minor)

    @property
    def beyond_minor(self) -> int:
        """What has gone back beyond what was captured, since a provider took it back as well."""
        return max(0, -self._left_minor)

    @property
    def _left_minor(self) -> int:
        gone = self.refunded_minor + self.refunding_minor + self.charged_back_minor
        return self.captured_minor - gone

    @property
    def due_minor(self) -> int:
        """What is still to be received of captures on account."""
        if self.method is not Method.ON_ACCOUNT:
            return 0
        return self.captured_minor - self.refunded_minor - self.settled_minor

    @property
    def local(self) -> bool:
        """Whether no provider needs to be asked."""
        return not self.provider


class RefundTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where money that is given back shall go instead of the way it came.

    Args:
        method: ``stored_value``, ``cash``, ``card`` for a store's own terminal that has given it
            already, or ``original`` for the way it came.
        account: gift card or store credit, for ``stored_value``.
        location_id: store whose till gives it, for ``cash`` and ``card``.
        location: code of that store, whose policy may limit cash.
    """

    method: Literal["original", "stored_value", "cash", "card"] = "original"
    account: UUID | None = None
    location_id: UUID | None = None
    location: str = ""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing asked of a tender.

    Args:
        minor: minor units in the tender's currency.
        cause_kind: what sort of thing asked for it, such as ``fulfillment.parcel``.
        cause_id: which one; the same cause never does the same deed to a tender twice.
        at: business time it counts for.
        reference: the provider's name for it once done.
        reason: why it failed.
        to_method: where a refund goes, "" for the way the money came; likewise to_account (gift
            card or store credit) and to_location (store whose till gives it).
    """

    id: UUID
    payment_id: UUID
    order_id: UUID
    deed: Deed
    minor: int
    cause_kind: str
    cause_id: str
    at: datetime
    state: OperationState = OperationState.REQUESTED
    reference: str = ""
    reason: str = ""
    to_method: str = ""
    to_account: UUID | None = None
    to_location: UUID | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What has been learned about an operation.

    Args:
        state: done, failed or unresolved (nobody could tell until the last try).
        reference: the provider's name for what was done.
        reason: why not.
    """

    state: OperationState
    reference: str = ""
    reason: str = ""


class Credit(msgspec.Struct, frozen=True):
    """What a customer may buy before paying.

    Args:
        customer_id: whose account.
        currency: the one currency it is in.
        limit_minor: most that may be open at once.
        used_minor: open now: authorized - voided - refunded - settled.
        terms_days: days from capture until the money is due.
        blocked: no new tender is accepted.
    """

    customer_id: UUID
    currency: str
    limit_minor: int
    used_minor: int
    terms_days: int
    blocked: bool


class Share(msgspec.Struct, frozen=True):
    """A part of an amount that falls to one tender, and where it goes, None for the usual way."""

    payment_id: UUID
    minor: int
    to: RefundTo | None = None


class Following(msgspec.Struct, frozen=True):
    """A deed that follows by itself from what has become known of a tender."""

    deed: Deed
    minor: int
    cause_kind: str
