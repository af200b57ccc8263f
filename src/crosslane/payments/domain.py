"""A tender's life, and how an amount of an order is spread over its tenders. Nothing here waits.

A tender is one way of paying a part of an order. What is done to it is an *operation*: asked for,
perhaps answered much later, counted once. Between asking and the answer the amount is set aside,
so two operations can never use the same money:

    authorized = captured + voided + capturing + voiding + capturable
    captured   = refunded + refunding + refundable

An operation's state, by what is learned about it (anything else changes nothing):

    state        succeeded   refused   given up
    requested    done        failed    unresolved
    unresolved   done        failed    -
    done         -           -         -
    failed       -           -         -

Captures take the tenders in the order in which the customer gave them, each emptied before the
next, so that n captures over k tenders make at most n + k - 1 calls. Refunds and releases go the
other way round: what was taken last is given back first.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.payments.errors import (
    BadTender,
    BadTenderAmount,
    CaptureAboveAuthorized,
    CardNumberRefused,
    CreditBlocked,
    CreditLimitReached,
    NoCreditAccount,
    PaymentUndecided,
    RefundAboveCaptured,
    SettlementAboveDue,
    VoidAboveAuthorized,
)

TENDER_MINOR_MAX = 10**13
ORDER_TENDERS_MAX = 20


class Method(StrEnum):
    """How a part of an order is paid."""

    CARD = "card"
    ON_ACCOUNT = "on_account"
    CASH = "cash"
    MARKETPLACE = "marketplace"


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


class Tender(msgspec.Struct, frozen=True, kw_only=True):
    """A tender as it stands. Amounts in minor units, each the sum of a journal or of operations.

    Args:
        abandoned: its order is off; money that still arrives goes back.
        provider: whom to call, empty for a tender that Crosslane decides itself.
        reference: the provider's name for the authorization.
        terms_days: days from capture until money on account is due.
        settled_minor: received later for captures on account.
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

    @property
    def capturable_minor(self) -> int:
        """What is authorized and neither used nor set aside."""
        used = self.captured_minor + self.voided_minor
        return self.authorized_minor - used - self.capturing_minor - self.voiding_minor

    @property
    def refundable_minor(self) -> int:
        """What was captured and neither given back nor about to be."""
        return self.captured_minor - self.refunded_minor - self.refunding_minor

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


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing asked of a tender.

    Args:
        minor: minor units in the tender's currency.
        cause_kind: what sort of thing asked for it, such as ``fulfillment.parcel``.
        cause_id: which one; the same cause never does the same deed to a tender twice.
        at: business time it counts for.
        reference: the provider's name for it once done.
        reason: why it failed.
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
    """A part of an amount that falls to one tender."""

    payment_id: UUID
    minor: int


class Following(msgspec.Struct, frozen=True):
    """A deed that follows by itself from what has become known of a tender."""

    deed: Deed
    minor: int
    cause_kind: str


def refuse_tender(tender: NewTender) -> Refusal | None:
    """Return why a tender makes no sense, or None."""
    if not 1 <= tender.minor <= TENDER_MINOR_MAX:
        return BadTenderAmount(pointer="/minor", minor=tender.minor, most=TENDER_MINOR_MAX)
    on_account = tender.method is Method.ON_ACCOUNT
    if on_account != (tender.credit_account is not None):
        return BadTender(pointer="/credit_account", method=tender.method, reason="this customer")
    called = tender.method is Method.CARD and tender.terms is not Terms.TAKEN
    if called != bool(tender.provider) or called != bool(tender.token):
        return BadTender(pointer="/provider", method=tender.method, reason="this provider or token")
    if looks_like_card_number(tender.token):
        return CardNumberRefused(pointer="/token")
    if tender.method is Method.MARKETPLACE and tender.terms is not Terms.TAKEN:
        return BadTender(pointer="/terms", method=tender.method, reason=f"terms {tender.terms}")
    return None


def looks_like_card_number(text: str) -> bool:
    """Tell whether a text is 12 to 19 digits with a right check digit (ISO/IEC 7812, Luhn).

    Blanks and hyphens are passed over, since people and forms put them in.
    """
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return False
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(d // 10 + d % 10 for d in doubled) % 10 == 0


def take_credit(credit: Credit | None, tender: NewTender) -> Credit | Refusal:
    """Return the account with the tender's amount used, or why it cannot be.

    A tender that is a fact already (terms ``taken``) uses the account beyond its limit too.
    """
    if credit is None or credit.currency != tender.currency:
        return NoCreditAccount(pointer="/credit_account", currency=tender.currency)
    free = credit.limit_minor - credit.used_minor
    if tender.terms is not Terms.TAKEN:
        if credit.blocked:
            return CreditBlocked(pointer="/credit_account")
        if tender.minor > free:
            return CreditLimitReached(
                pointer="/minor", free_minor=free, minor=tender.minor, currency=tender.currency
            )
    return msgspec.structs.replace(credit, used_minor=credit.used_minor + tender.minor)


def plan_captures(tenders: Iterable[Tender], minor: int) -> list[Share] | Refusal:
    """Spread an amount to capture over an order's tenders, in their order.

    Args:
        tenders: all tenders of the order.
        minor: minor units to take, positive.
    """
    ordered = sorted(tenders, key=lambda t: t.sequence)
    if any(t.state is State.PENDING for t in ordered):
        return PaymentUndecided()
    shares, left = _spread([(t.id, t.capturable_minor) for t in ordered], minor)
    if left:
        return CaptureAboveAuthorized(pointer="/minor", minor=minor, free_minor=minor - left)
    return shares


def plan_refunds(tenders: Iterable[Tender], minor: int) -> list[Share] | Refusal:
    """Spread an amount to give back over an order's tenders, the last one first."""
    ordered = sorted(tenders, key=lambda t: -t.sequence)
    shares, left = _spread([(t.id, t.refundable_minor) for t in ordered], minor)
    if left:
        return RefundAboveCaptured(pointer="/minor", minor=minor, free_minor=minor - left)
    return shares


def plan_voids(tenders: Iterable[Tender], minor: int | None) -> list[Share] | Refusal:
    """Spread an authorized amount to release over an order's tenders, the last one first.

    Args:
        tenders: all tenders of the order.
        minor: minor units to release, None for whatever is left.
    """
    ordered = sorted(tenders, key=lambda t: -t.sequence)
    wanted = sum(t.capturable_minor for t in ordered) if minor is None else minor
    shares, left = _spread([(t.id, t.capturable_minor) for t in ordered], wanted)
    if left:
        return VoidAboveAuthorized(pointer="/minor", minor=wanted, free_minor=wanted - left)
    return shares


def _spread(free: Sequence[tuple[UUID, int]], minor: int) -> tuple[list[Share], int]:
    shares: list[Share] = []
    for payment_id, most in free:
        part = min(most, minor)
        if part > 0:
            shares.append(Share(payment_id, part))
            minor -= part
    return shares, minor


def refuse_deed(tender: Tender, deed: Deed, minor: int) -> Refusal | None:
    """Return why a deed cannot be done to this one tender, or None."""
    free, refusal = {
        Deed.CAPTURE: (tender.capturable_minor, CaptureAboveAuthorized),
        Deed.REFUND: (tender.refundable_minor, RefundAboveCaptured),
        Deed.VOID: (tender.capturable_minor, VoidAboveAuthorized),
        Deed.SETTLE: (tender.due_minor, SettlementAboveDue),
    }[deed]
    if tender.state is State.PENDING:
        return PaymentUndecided()
    if not 1 <= minor <= free:
        return refusal(pointer="/minor", minor=minor, free_minor=free)
    return None


def set_aside(tender: Tender, operation: Operation) -> Tender:
    """Return the tender with an operation's amount spoken for until its answer is known."""
    return _pending(tender, operation.deed, operation.minor)


def learn(operation: Operation, outcome: Outcome) -> Operation | None:
    """Return the operation after an outcome, or None when it tells nothing new."""
    if operation.state in ENDED or operation.state is outcome.state:
        return None
    return msgspec.structs.replace(
        operation, state=outcome.state, reference=outcome.reference, reason=outcome.reason
    )


def judge(operation: Operation | None, outcome: Outcome) -> str:
    """Return what becomes of a provider's message about an operation.

    Args:
        operation: as it stands, None when the message is about none of this provider's.
        outcome: what it tells.

    Returns:
        applied (it is news), known (nothing new), contradicts (what is known already says
        otherwise) or unmatched.
    """
    if operation is None:
        return "unmatched"
    if outcome.state not in ENDED or operation.state is outcome.state:
        return "known"
    return "contradicts" if operation.state in ENDED else "applied"


def is_repetition(judgment: str, outcome: Outcome) -> bool:
    """Tell whether a message only repeats how its operation has ended.

    It need not be kept: an end is final, so the same message would be judged the same again.

    Args:
        judgment: of the message, see :func:`judge`.
        outcome: what it tells.
    """
    return judgment == "known" and outcome.state in ENDED


def conclude(tender: Tender, operation: Operation) -> Tender:
    """Return the tender after an operation that was set aside has become done or failed.

    An unresolved authorization counts as declined towards the order, and the tender as abandoned:
    should the money arrive after all, it goes back. Other unresolved deeds stay set aside.
    """
    if operation.deed is Deed.AUTHORIZE:
        return _decided(tender, operation)
    if operation.state is OperationState.UNRESOLVED:
        return tender
    freed = _pending(tender, operation.deed, -operation.minor)
    if operation.state is OperationState.FAILED:
        return freed
    column = {
        Deed.CAPTURE: "captured_minor",
        Deed.REFUND: "refunded_minor",
        Deed.VOID: "voided_minor",
        Deed.SETTLE: "settled_minor",
    }[operation.deed]
    changed = {column: getattr(freed, column) + operation.minor}
    return msgspec.structs.replace(freed, **changed)


def _pending(tender: Tender, deed: Deed, minor: int) -> Tender:
    column = {
        Deed.CAPTURE: "capturing_minor",
        Deed.REFUND: "refunding_minor",
        Deed.VOID: "voiding_minor",
    }.get(deed)
    if column is None:
        return tender
    return msgspec.structs.replace(tender, **{column: getattr(tender, column) + minor})


def _decided(tender: Tender, operation: Operation) -> Tender:
    if operation.state is OperationState.DONE:
        return msgspec.structs.replace(
            tender,
            state=State.AUTHORIZED,
            reference=operation.reference,
            reason="",
            authorized_minor=operation.minor,
        )
    return msgspec.structs.replace(
        tender,
        state=State.DECLINED,
        reason=operation.reason,
        abandoned=tender.abandoned or operation.state is OperationState.UNRESOLVED,
    )


def following(tender: Tender) -> list[Following]:
    """Return the deeds that follow by themselves once a deed is done.

    What arrives on an abandoned tender goes back: the free part of an authorization is released,
    what was captured is refunded. Amounts on their way back are set aside, so asking again asks
    for nothing more. A prepaid tender is captured as soon as it is authorized.
    """
    if tender.abandoned:
        back = [(Deed.VOID, tender.capturable_minor), (Deed.REFUND, tender.refundable_minor)]
        return [Following(deed, minor, "payments.abandoned") for deed, minor in back if minor > 0]
    fresh = tender.captured_minor + tender.capturing_minor + tender.voided_minor == 0
    if tender.terms in (Terms.PREPAID, Terms.TAKEN) and fresh and tender.capturable_minor > 0:
        return [Following(Deed.CAPTURE, tender.capturable_minor, "payments.terms")]
    return []


def credit_change(tender: Tender, operation: Operation) -> int:
    """Return by how many minor units a finished operation changes the use of a credit account."""
    if tender.credit_account is None or operation.state is not OperationState.DONE:
        return 0
    if operation.deed in (Deed.VOID, Deed.REFUND, Deed.SETTLE):
        return -operation.minor
    return 0


def due_on(tender: Tender, operation: Operation) -> date | None:
    """Return the day by which a capture on account is to be paid, None for other deeds."""
    if tender.method is not Method.ON_ACCOUNT or operation.deed is not Deed.CAPTURE:
        return None
    return operation.at.date() + timedelta(days=tender.terms_days)
