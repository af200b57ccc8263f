"""A tender's life, and how an amount of an order is spread over its tenders. Nothing here waits.

A tender is one way of paying a part of an order. What is done to it is an *operation*: asked for,
perhaps answered much later, counted once. Between asking and the answer the amount is set aside,
so two operations can never use the same money:

    authorized = captured + voided + capturing + voiding + capturable
    captured   = refunded + refunding + charged back + refundable - beyond

``beyond`` is what a provider took back although it had been refunded: nothing is lost sight of.

An operation's state, by what is learned about it (anything else changes nothing):

    state        succeeded   refused   given up
    requested    done        failed    unresolved
    unresolved   done        failed    -
    done         -           -         -
    failed       -           -         -

Captures take the tenders in the order in which the customer gave them, each emptied before the
next, so that n captures over k tenders make at most n + k - 1 calls. Releases go the other way
round. How refunds are spread is told in ``refunds.py``.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.payments.domain.nouns import (
    ENDED,
    TENDER_MINOR_MAX,
    Credit,
    Deed,
    Following,
    Method,
    NewTender,
    Operation,
    OperationState,
    Outcome,
    Share,
    State,
    Tender,
    Terms,
)
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


def refuse_tender(tender: NewTender) -> Refusal | None:
    """Return why a tender makes no sense, or None."""
    if not 1 <= tender.minor <= TENDER_MINOR_MAX:
        return BadTenderAmount(pointer="/minor", minor=tender.minor, most=TENDER_MINOR_MAX)
    on_account = tender.method is Method.ON_ACCOUNT
    if on_account != (tender.credit_account is not None):
        return BadTender(pointer="/credit_account", method=tender.method, reason="this customer")
    stored = tender.method is Method.STORED_VALUE
    if stored != (tender.stored_account is not None):
        return BadTender(pointer="/account", method=tender.method, reason="this account")
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
    shares, left = spread([(t.id, t.capturable_minor) for t in ordered], minor)
    if left:
        return CaptureAboveAuthorized(pointer="/minor", minor=minor, free_minor=minor - left)
    return shares


def plan_voids(tenders: Iterable[Tender], minor: int | None) -> list[Share] | Refusal:
    """Spread an authorized amount to release over an order's tenders, the last one first.

    Args:
        tenders: all tenders of the order.
        minor: minor units to release, None for whatever is left.
    """
    ordered = sorted(tenders, key=lambda t: -t.sequence)
    wanted = sum(t.capturable_minor for t in ordered) if minor is None else minor
    shares, left = spread([(t.id, t.capturable_minor) for t in ordered], wanted)
    if left:
        return VoidAboveAuthorized(pointer="/minor", minor=wanted, free_minor=wanted - left)
    return shares


def spread(free: Iterable[tuple[UUID, int]], minor: int) -> tuple[list[Share], int]:
    """Take an amount from what each tender has, in this order; return parts and what is left."""
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
        Deed.CHARGEBACK: "charged_back_minor",
        Deed.CHARGEBACK_WON: "charged_back_minor",
    }[operation.deed]
    minor = -operation.minor if operation.deed is Deed.CHARGEBACK_WON else operation.minor
    changed = {column: getattr(freed, column) + minor}
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
