"""Promotions: which reductions a cart earns and how each is shared over its lines.

The order is stated once, here. Promotions on goods run before promotions on shipping; inside each
the lower rank first, then the code. A threshold is judged on what is left of the eligible goods
when the promotion's turn comes. An exclusive promotion takes only lines no other promotion has
touched, and no other touches them afterwards. A percentage is taken of the eligible total and
rounded once; it and a fixed amount (at most the eligible total) are shared over the lines by what
is left of each, so that the shares add up exactly and no line falls below zero.

Amounts are on the cart's basis: what the customer of that channel sees.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.kernel import allocate, rounded_ratio
from crosslane.pricing.domain.lists import Buyer, runs
from crosslane.pricing.domain.tax import BASIS_POINTS
from crosslane.pricing.errors import BadCoupon, BadPromotion

Target = Literal["goods", "shipping"]

_COUPON_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}")


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A reduction and the conditions under which a cart earns it.

    Args:
        id: identifier.
        code: name people use; also the last tie-break of the order.
        title: what the customer reads.
        target: what is reduced.
        percent_bp: reduction in basis points; 0 when ``amount_minor`` is used.
        amount_minor: reduction in minor units of ``currency``; 0 when ``percent_bp`` is used.
        currency: the only currency it is for; needed with an amount or a threshold.
        threshold_minor: least value of the eligible goods.
        quantity_min: least units of the eligible goods.
        coupon_required: only a cart with one of its coupons earns it.
        exclusive: shares a line with no other promotion.
        rank: lower runs earlier.
        channels: codes of the only channels, empty for all; likewise the scopes below.
        markets: codes of the only markets.
        customer_groups: the only customer groups.
        categories: category codes; goods below any of them are eligible.
        skus: SKUs that are eligible, in small letters as case does not tell them apart; with
            neither categories nor skus all goods are.
        valid_from: first instant.
        valid_to: instant from which it has ended, None while open.
    """

    id: UUID
    code: str
    title: str
    target: Target = "goods"
    percent_bp: int = 0
    amount_minor: int = 0
    currency: str | None = None
    threshold_minor: int = 0
    quantity_min: int = 0
    coupon_required: bool = False
    exclusive: bool = False
    rank: int = 0
    channels: frozenset[str] = frozenset()
    markets: frozenset[str] = frozenset()
    customer_groups: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    valid_from: datetime
    valid_to: datetime | None = None


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A code that opens a promotion, with its limits and how often it has been used.

    Args:
        id: identifier.
        code: what the customer types, upper case.
        promotion_id: the promotion it opens.
        uses_max: orders that may use it in all, None for any number.
        uses_per_customer_max: orders of one customer that may use it, None for any number.
        uses: orders that use it now; exact only where a limit is set.
        customer_uses: orders of the buying customer that use it now.
        valid_from: first instant.
        valid_to: instant from which it has ended, None while open.
    """

    id: UUID
    code: str
    promotion_id: UUID
    uses_max: int | None = None
    uses_per_customer_max: int | None = None
    uses: int = 0
    customer_uses: int = 0
    valid_from: datetime
    valid_to: datetime | None = None


class Discount(msgspec.Struct, frozen=True):
    """What one promotion took off one line, in minor units on the cart's basis."""

    promotion: str
    minor: int
    coupon: str | None = None


class PromotionOutcome(msgspec.Struct, frozen=True):
    """What became of a promotion, or of a coupon that opened none.

    Args:
        promotion: its code, "" for a coupon that is unknown.
        minor: what it took off the cart in all.
        refused: why it took nothing, None when it was applied.
        coupon: the coupon that opened it or was refused.
        coupon_id: identifier of that coupon, to be redeemed with the order.
    """

    promotion: str
    minor: int = 0
    refused: str | None = None
    coupon: str | None = None
    coupon_id: UUID | None = None


class Discountable(msgspec.Struct, kw_only=True, eq=False):
    """A line while promotions are being applied to it.

    Args:
        sku: the goods, "" for shipping.
        categories: codes of its category and all categories above it.
        quantity: units.
        left_minor: what is left of its amount, on the cart's basis.
        final: its price was dictated or overridden, so no promotion counts or reduces it.
        closed: an exclusive promotion has taken it.
        discounts: what has been taken off so far.
    """

    sku: str = ""
    categories: frozenset[str] = frozenset()
    quantity: int = 1
    left_minor: int
    final: bool = False
    closed: bool = False
    discounts: list[Discount] = msgspec.field(default_factory=list[Discount])


def normal_code(typed: str) -> str:
    """Return a coupon code as it is kept, however a customer types it."""
    return typed.strip().upper()


def require_coupon_code(code: str, *, pointer: str = "") -> str:
    """Return a coupon code in its normal form when it is one.

    Raises:
        BadCoupon: it is not 3 to 40 letters, digits and dashes.
    """
    normal = normal_code(code)
    if not _COUPON_CODE.fullmatch(normal):
        raise BadCoupon(pointer=pointer, code=code[:40])
    return normal


def refuse_incomplete(promotion: Promotion) -> None:
    """Refuse a promotion that could never mean anything definite.

    Raises:
        BadPromotion: it reduces by nothing or in two ways, or has an amount without a currency.
    """
    why = None
    if (promotion.percent_bp > 0) == (promotion.amount_minor > 0):
        why = "it needs either percent_bp or amount_minor"
    elif promotion.currency is None and (promotion.amount_minor or promotion.threshold_minor):
        why = "an amount or a threshold needs a currency"
    if why is not None:
        raise BadPromotion(code=promotion.code, why=why)


def refuse_promotion(promotion: Promotion, buyer: Buyer, *, has_coupon: bool) -> str | None:
    """Return why a promotion is not offered to a buyer at all, None when it is."""
    if not runs(promotion, buyer.at):
        return "not-in-force"
    if promotion.currency not in (None, buyer.currency):
        return "other-currency"
    if promotion.channels and buyer.channel not in promotion.channels:
        return "other-channel"
    if promotion.markets and buyer.market not in promotion.markets:
        return "other-market"
    if promotion.customer_groups and buyer.customer_group not in promotion.customer_groups:
        return "other-customer-group"
    if promotion.coupon_required and not has_coupon:
        return "needs-coupon"
    return None


def refuse_coupon(coupon: Coupon, at: datetime, *, customer_known: bool) -> str | None:
    """Return why a coupon opens nothing at this instant, None when it does."""
    if not runs(coupon, at):
        return "coupon-not-in-force"
    if coupon.uses_max is not None and coupon.uses >= coupon.uses_max:
        return "coupon-used-up"
    if coupon.uses_per_customer_max is not None:
        if not customer_known:
            return "coupon-needs-customer"
        if coupon.customer_uses >= coupon.uses_per_customer_max:
            return "coupon-used-up-by-customer"
    return None


def apply_promotions(
    promotions: Iterable[Promotion],
    buyer: Buyer,
    *,
    target: Target,
    goods: Sequence[Discountable],
    lines: Sequence[Discountable],
    coupons: Mapping[UUID, Coupon],
) -> list[PromotionOutcome]:
    """Run the promotions on one target in their order; the lines are reduced in place.

    Args:
        promotions: all promotions known.
        buyer: who buys where and when.
        target: which promotions run.
        goods: goods lines, on which thresholds are judged.
        lines: lines to reduce: the goods themselves, or the shipping lines.
        coupons: valid coupons of the cart by the promotion they open.

    Returns:
        One outcome for each promotion of the target that is in force.
    """
    outcomes: list[PromotionOutcome] = []
    chosen = (each for each in promotions if each.target == target)
    for promotion in sorted(chosen, key=lambda each: (each.rank, each.code)):
        coupon = coupons.get(promotion.id)
        refused = refuse_promotion(promotion, buyer, has_coupon=coupon is not None)
        if refused == "not-in-force" and coupon is None:
            continue
        taken = 0
        if refused is None:
            taken, refused = _apply(promotion, goods, lines, coupon)
        outcomes.append(
            PromotionOutcome(
                promotion=promotion.code,
                minor=taken,
                refused=refused,
                coupon=coupon.code if coupon else None,
                coupon_id=coupon.id if coupon else None,
            )
        )
    return outcomes


def _apply(
    promotion: Promotion,
    goods: Sequence[Discountable],
    lines: Sequence[Discountable],
    coupon: Coupon | None,
) -> tuple[int, str | None]:
    eligible = [each for each in goods if not each.final and _names(promotion, each)]
    if promotion.target == "goods":
        eligible = [each for each in eligible if _free(promotion, each)]
        reduced = eligible
    else:
        reduced = [each for each in lines if not each.final and _free(promotion, each)]
    if not eligible:
        return 0, "no-eligible-line"
    if sum(each.left_minor for each in eligible) < promotion.threshold_minor:
        return 0, "threshold-not-reached"
    if sum(each.quantity for each in eligible) < promotion.quantity_min:
        return 0, "quantity-not-reached"
    weights = [each.left_minor for each in reduced]
    total = sum(weights)
    if promotion.percent_bp:
        reduction = rounded_ratio(total, promotion.percent_bp, BASIS_POINTS)
    else:
        reduction = min(promotion.amount_minor, total)
    if reduction == 0:
        return 0, "nothing-to-reduce"
    for line, share in zip(reduced, allocate(reduction, weights), strict=True):
        line.left_minor -= share
        line.closed = line.closed or promotion.exclusive
        if share:
            line.discounts.append(Discount(promotion.code, share, coupon.code if coupon else None))
    return reduction, None


def _names(promotion: Promotion, line: Discountable) -> bool:
    if not promotion.categories and not promotion.skus:
        return True
    return line.sku.lower() in promotion.skus or not promotion.categories.isdisjoint(
        line.categories
    )


def _free(promotion: Promotion, line: Discountable) -> bool:
    return not line.closed and not (promotion.exclusive and line.discounts)
