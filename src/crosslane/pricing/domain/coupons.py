"""Counting coupons: a sheet of limited coupons on which a batch of orders takes uses in memory."""

from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.pricing.domain.promotions import Coupon
from crosslane.pricing.errors import CouponNeedsCustomer, CouponUsedUp, CouponUsedUpByCustomer


class Redemption(msgspec.Struct, frozen=True):
    """A coupon used by an order.

    Args:
        coupon_id: the coupon.
        order_id: the order; one order uses a coupon once.
        customer_id: who ordered, None for a guest.
    """

    coupon_id: UUID
    order_id: UUID
    customer_id: UUID | None = None


class CouponSheet:
    """The coupons a batch of orders may use, protected until the transaction ends.

    Args:
        limited: coupons with a limit, as they are under their lock; all others count freely.
        customer_uses: live uses by (coupon, customer), for coupons limited per customer.
        redeemed: what the batch's orders have redeemed before, so that a repeat counts once.
    """

    def __init__(
        self,
        limited: Iterable[Coupon] = (),
        customer_uses: Mapping[tuple[UUID, UUID], int] | None = None,
        redeemed: Iterable[Redemption] = (),
    ) -> None:
        self._limited = {each.id: each for each in limited}
        self._customer_uses = Counter(customer_uses or {})
        self._redeemed = {(each.coupon_id, each.order_id) for each in redeemed}
        self._taken: dict[tuple[UUID, UUID], Redemption] = {}
        self._uses = Counter({each.id: each.uses for each in self._limited.values()})

    @property
    def taken(self) -> list[Redemption]:
        """What the batch has taken, to be written."""
        return list(self._taken.values())

    def take(self, redemption: Redemption) -> Refusal | None:
        """Take one use, or return why it cannot be taken; a repeated take changes nothing."""
        key = redemption.coupon_id, redemption.order_id
        if key in self._redeemed or key in self._taken:
            return None
        refusal = self._refuse(redemption)
        if refusal is None:
            self._taken[key] = redemption
            self._count(redemption, 1)
        return refusal

    def undo(self, order_id: UUID) -> None:
        """Give back what an order has taken on this sheet."""
        for key in [each for each in self._taken if each[1] == order_id]:
            self._count(self._taken.pop(key), -1)

    def _refuse(self, redemption: Redemption) -> Refusal | None:
        coupon = self._limited.get(redemption.coupon_id)
        if coupon is None:
            return None
        if coupon.uses_max is not None and self._uses[coupon.id] >= coupon.uses_max:
            return CouponUsedUp(code=coupon.code)
        if coupon.uses_per_customer_max is not None:
            if redemption.customer_id is None:
                return CouponNeedsCustomer(code=coupon.code)
            uses = self._customer_uses[coupon.id, redemption.customer_id]
            if uses >= coupon.uses_per_customer_max:
                return CouponUsedUpByCustomer(code=coupon.code)
        return None

    def _count(self, redemption: Redemption, step: int) -> None:
        self._uses[redemption.coupon_id] += step
        if redemption.customer_id is not None:
            self._customer_uses[redemption.coupon_id, redemption.customer_id] += step
