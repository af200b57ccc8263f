"""Finances: what Amazon books for or against a seller.

What Amazon keeps and pays out is told; a refund is the money its buyer was given, which is its sum
without Amazon's own fees. What was sold is in its order already, so a sale is noted and not taken
again.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from crosslane.channels.adapters.amazon.resource import (
    ZONE,
    currency_told,
    digest,
    identity,
    minor_of,
    notice,
)
from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import MoneyEvent

REFUNDS = frozenset({"Refund", "GuaranteeClaim", "Chargeback"})
OWN_STEPS: Mapping[str, Literal["paid_out", "fee"]] = {
    "Transfer": "paid_out",
    "Disbursement": "paid_out",
    "ServiceFee": "fee",
    "SellerFee": "fee",
}
# Of the parts of a refund those that are not the buyer's money.
OWN = ("expense", "fee")


def transaction(branch: Branch, context: Context) -> Iterator[Message]:
    """Say an entry of a seller's account."""
    kind = branch.word("transactionType")
    at = branch.moment("postedDate", zone=ZONE)
    names = {
        part.word("relatedIdentifierName"): part for part in branch.branches("relatedIdentifiers")
    }
    order = names.get("ORDER_ID")
    number = branch.word("transactionId") or digest(branch.value)
    currency = currency_told(branch, "totalAmount") or context.currency
    told = {**identity(number, None, at, context), "currency": currency, "method": kind}
    words = branch.word("description")[:500]
    given = _given(branch, currency) if kind in REFUNDS and order is not None else 0
    if order is not None and given:
        number = order.text("relatedIdentifierValue")
        yield MoneyEvent(**told, order=number, step="refunded", minor=given, reason=words)
    elif kind in OWN_STEPS and "totalAmount" in branch:
        whole = abs(minor_of(branch, "totalAmount", currency) or 0)
        yield MoneyEvent(**told, step=OWN_STEPS[kind], minor=whole, reason=words)
    else:
        yield notice(branch, context, "transaction", number, title=kind, at=at)


def _given(branch: Branch, currency: str) -> int:
    """Return what a buyer was given, 0 when nobody says of what a sum is made."""
    found = 0
    for part in branch.unread().branches("breakdowns"):
        kind = part.word("breakdownType").lower()
        if not any(word in kind for word in OWN):
            found += minor_of(part, "breakdownAmount", currency) or 0
    return max(0, -found)
