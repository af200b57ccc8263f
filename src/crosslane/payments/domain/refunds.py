"""Where money that is given back goes: the lawful order, and what a retailer allows. Pure.

Without a destination money goes back the way it came: gift cards and store credit first, since
their money was ours already, then what was taken last first.

With a destination the part of gift cards and store credit still goes back to the very account it
came from, so that no stored money turns into cash. The rest is taken from tenders whose money may
turn into the destination, the last one first. What has happened already (a till gave the cash) is
booked as it was, whatever the rules say.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from crosslane.kernel import Refusal
from crosslane.organization import PolicyKind
from crosslane.payments.domain.deeds import spread
from crosslane.payments.domain.nouns import Method, RefundTo, Share, Tender
from crosslane.payments.errors import (
    CashDayUsedUp,
    CashRefundTooHigh,
    RefundAboveCaptured,
    RefundNotTurned,
)

Limit = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Turning = Literal["card", "cash", "on_account", "marketplace"]


class Refunds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a retailer allows of refunds that do not go the way the money came.

    Args:
        cash_refund_minor_max: most minor units one refund may give in cash.
        cash_day_minor_max: most minor units a store may give back in cash on one day.
        cash_from: ways of paying whose money may be given back in cash.
        stored_value_from: ways of paying whose money may be given back as stored value.
    """

    cash_refund_minor_max: Limit = 50_000
    cash_day_minor_max: Limit = 500_000
    cash_from: tuple[Turning, ...] = ("cash",)
    stored_value_from: tuple[Turning, ...] = ("card", "cash")


REFUNDS = PolicyKind(
    "payments.refunds", Refunds, Refunds(), scopes=("location", "channel", "brand", "tenant")
)


def plan_refunds(
    tenders: Iterable[Tender],
    minor: int,
    to: RefundTo | None = None,
    rules: Refunds = REFUNDS.default,
    *,
    happened: bool = False,
) -> list[Share] | Refusal:
    """Spread an amount to give back over an order's tenders.

    Args:
        tenders: all tenders of the order.
        minor: minor units to give back, positive.
        to: where it shall go, None for the way it came.
        rules: what may turn into what.
        happened: it was given that way already.
    """
    ordered = sorted(tenders, key=lambda t: (t.method is not Method.STORED_VALUE, -t.sequence))
    if to is None or to.method == "original":
        shares, left = _taken(ordered, minor, None)
        return shares if not left else _too_much(minor, left)
    if happened:
        shares, left = _taken(sorted(ordered, key=lambda t: -t.sequence), minor, to)
        return shares if not left else _too_much(minor, left)
    stored = [t for t in ordered if t.method is Method.STORED_VALUE]
    others = [t for t in ordered if t.method is not Method.STORED_VALUE]
    allowed = rules.cash_from if to.method == "cash" else rules.stored_value_from
    back, left = _taken(stored, minor, None)
    turned, left = _taken([t for t in others if t.method in allowed], left, to)
    if not left:
        return back + turned
    fixed = [t for t in others if t.method not in allowed]
    _, missing = _taken(fixed, left, None)
    if missing:
        return _too_much(minor, missing)
    method = next(t.method for t in fixed if t.refundable_minor)
    return RefundNotTurned(
        pointer="/method", method=method, to=to.method, minor=left, free_minor=minor - left
    )


def refuse_cash(minor: int, paid_today_minor: int, rules: Refunds) -> Refusal | None:
    """Return why a till may not give this much cash, or None.

    Args:
        minor: minor units of one refund.
        paid_today_minor: what the store gave back in cash on that day before.
        rules: the limits.
    """
    if minor > rules.cash_refund_minor_max:
        return CashRefundTooHigh(pointer="/minor", minor=minor, most=rules.cash_refund_minor_max)
    free = max(0, rules.cash_day_minor_max - paid_today_minor)
    if minor > free:
        return CashDayUsedUp(pointer="/minor", minor=minor, free_minor=free)
    return None


def _taken(tenders: Iterable[Tender], minor: int, to: RefundTo | None) -> tuple[list[Share], int]:
    shares, left = spread([(t.id, t.refundable_minor) for t in tenders], minor)
    return [msgspec.structs.replace(share, to=to) for share in shares], left


def _too_much(minor: int, left: int) -> Refusal:
    return RefundAboveCaptured(pointer="/minor", minor=minor, free_minor=minor - left)
