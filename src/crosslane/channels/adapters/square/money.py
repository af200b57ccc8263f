"""Money at a till: payments, refunds, disputes and payouts, each as it is after its last change."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.square.resource import (
    amount,
    currency_of,
    identity,
    notice,
    times,
)
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import MoneyEvent

Done = Literal["done", "pending", "failed"]
Step = Literal["authorized", "captured", "voided", "disputed", "dispute_won", "dispute_lost"]
PAYMENTS: Mapping[str, tuple[Step, Done]] = {
    "APPROVED": ("authorized", "done"),
    "PENDING": ("authorized", "pending"),
    "COMPLETED": ("captured", "done"),
    "CANCELED": ("voided", "done"),
    "FAILED": ("authorized", "failed"),
}
REFUNDS: Mapping[str, Done] = {
    "PENDING": "pending",
    "APPROVED": "pending",
    "COMPLETED": "done",
    "REJECTED": "failed",
    "FAILED": "failed",
}
DISPUTES: Mapping[str, Step] = {
    "INQUIRY_EVIDENCE_REQUIRED": "disputed",
    "INQUIRY_PROCESSING": "disputed",
    "INQUIRY_CLOSED": "dispute_won",
    "EVIDENCE_REQUIRED": "disputed",
    "PROCESSING": "disputed",
    "WON": "dispute_won",
    "LOST": "dispute_lost",
    "ACCEPTED": "dispute_lost",
}
PAYOUTS: Mapping[str, Done] = {"SENT": "pending", "PAID": "done", "FAILED": "failed"}
MONEY = "amount_money"
CHANGES_MAX = 1_000_000


def _told(
    branch: Branch, context: Context, number: str, timed: Branch | None = None
) -> dict[str, Any]:
    """Return what every message of money says: of what, when, and how much.

    Args:
        branch: what tells it.
        context: where it comes from.
        number: its name.
        timed: the same once more, when its times are to be left over.
    """
    currency = currency_of(branch, MONEY) or context.currency
    minor = amount(branch, MONEY, currency)
    if minor is None:
        raise branch.missing(MONEY)
    known = identity(number, *times(timed or branch), context)
    return {**known, "minor": minor, "currency": currency}


def _word(branch: Branch, name: str, known: Mapping[str, Any]) -> str:
    word = branch.word(name)
    if word not in known:
        raise branch.wrong(name, f"one of {', '.join(sorted(known))}")
    return word


def fees(branch: Branch, currency: str, name: str = "processing_fee") -> int:
    """Return what Square keeps of it, in minor units."""
    parts = [amount(one.unread(), MONEY, currency) for one in branch.branches(name)]
    return sum(filter(None, parts))


def payment(branch: Branch, context: Context) -> Iterator[Message]:
    """Say how far a payment is; a tip is no money of the order's, and is left over."""
    step, outcome = PAYMENTS[_word(branch, "status", PAYMENTS)]
    told = _told(branch, context, branch.needed("id"))
    yield MoneyEvent(
        **told,
        order=branch.text("order_id"),
        step=step,
        outcome=outcome,
        fee_minor=fees(branch, told["currency"]),
        method=branch.text("source_type"),
        provider="square",
        reference=branch.text("receipt_number"),
    )


def refund(branch: Branch, context: Context) -> Iterator[Message]:
    """Say money that is given back, or was; what a terminal is asked for is no refund yet."""
    if "device_id" in branch:
        yield notice(branch, context, "terminal refund", branch.word("id"))
        return
    outcome = REFUNDS[_word(branch, "status", REFUNDS)]
    told = _told(branch, context, branch.needed("id"))
    yield MoneyEvent(
        **told,
        order=branch.text("order_id"),
        step="refunded",
        outcome=outcome,
        fee_minor=fees(branch, told["currency"]),
        method=branch.text("destination_type"),
        provider="square",
        reference=branch.text("payment_id"),
        reason=branch.text("reason")[:500],
    )


def dispute(branch: Branch, context: Context) -> Iterator[Message]:
    """Say that a buyer's bank wants money back, and how that ended."""
    step = DISPUTES[_word(branch, "state", DISPUTES)]
    yield MoneyEvent(
        **_told(branch, context, branch.needed("id", "dispute_id")),
        step=step,
        method=branch.text("card_brand"),
        provider="square",
        reference=branch.branch("disputed_payment").text("payment_id"),
        reason=branch.text("reason")[:500],
    )


def payout(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what Square pays out to us; what it takes from us instead is a notice."""
    outcome = PAYOUTS[_word(branch, "status", PAYOUTS)]
    if (branch.unread().branch(MONEY).whole("amount") or 0) < 0:
        yield notice(branch, context, "payout", branch.word("id"))
        return
    timed = branch.unread()
    told = _told(branch, context, branch.needed("id"), timed)
    # Of one instant the number of the change says which is later; both only grow.
    change = branch.peek("version")
    told["source_version"] += change if change in range(CHANGES_MAX) else 0
    yield MoneyEvent(
        **told,
        fee_minor=fees(branch, told["currency"], "payout_fee"),
        step="paid_out",
        outcome=outcome,
        method=branch.branch("destination").text("type"),
        provider="square",
        reference=branch.branch("destination").text("id"),
    )
