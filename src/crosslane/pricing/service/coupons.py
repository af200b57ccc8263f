"""Redeeming coupons: counted exactly, however many orders want the last one at once."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from crosslane.platform.database import Tx
from crosslane.pricing.domain.coupons import CouponSheet, Redemption
from crosslane.pricing.storage.coupons import (
    count_uses,
    insert_redemptions,
    list_live_coupons,
    list_redemptions,
    lock_coupons,
    lock_limited_coupons,
    release_redemptions,
)


async def open_coupons(tx: Tx, wanted: Sequence[Redemption]) -> CouponSheet:
    """Protect the coupons a batch of orders may use and return the sheet they are taken on.

    Args:
        tx: the transaction that places the orders.
        wanted: every use the batch may take: ``PricedCart.coupon_ids`` of each order.
    """
    if not wanted:
        return CouponSheet()
    limited = await lock_limited_coupons(tx, [each.coupon_id for each in wanted])
    redeemed, customer_uses = await list_redemptions(tx, wanted)
    return CouponSheet(limited, customer_uses, redeemed)


async def write_coupons(tx: Tx, sheet: CouponSheet) -> None:
    """Save what was taken on a sheet."""
    if sheet.taken:
        added = await insert_redemptions(tx, sheet.taken, tx.now)
        await count_uses(tx, Counter(added))


async def release_coupons(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """Give back the coupons of orders that came to nothing; one statement when they have none."""
    coupon_ids = await list_live_coupons(tx, order_ids)
    if not coupon_ids:
        return
    await lock_coupons(tx, coupon_ids)
    released = Counter(await release_redemptions(tx, order_ids, tx.now))
    await count_uses(tx, {coupon_id: -uses for coupon_id, uses in released.items()})
