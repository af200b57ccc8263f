"""Coupons of a promotion: made by the thousand, limited and ended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.kernel import Instant, new_id
from crosslane.platform import audit, facts, log
from crosslane.platform.database import Tx
from crosslane.pricing.domain.lists import require_validity
from crosslane.pricing.domain.promotions import Coupon, Promotion, Target, require_coupon_code
from crosslane.pricing.errors import (
    CouponElsewhere,
    CouponLimitTooLow,
    PromotionUnknown,
)
from crosslane.pricing.events import PromotionChanged
from crosslane.pricing.service.carts import TERMS
from crosslane.pricing.storage import coupons as storage

COUPONS_MAX = 10_000
CODES_TOLD_MAX = 20

Limit = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class CouponRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coupon: its code and its limits; from now when no start is given."""

    code: str
    uses_max: Limit | None = None
    uses_per_customer_max: Limit | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class PutCoupons(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Create coupons of a promotion, or change the limits and dates of those that exist.

    A limit below the uses there are is refused: to stop a coupon, end it by ``valid_to``.
    """

    promotion: str
    coupons: Annotated[tuple[CouponRow, ...], msgspec.Meta(min_length=1, max_length=COUPONS_MAX)]


class CouponsPut(msgspec.Struct, frozen=True):
    """How many coupons were created or changed."""

    coupons: int


class PromotionView(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion as people read it: its scopes in order."""

    id: UUID
    code: str
    title: str
    target: Target
    percent_bp: int
    amount_minor: int
    currency: str | None
    threshold_minor: int
    quantity_min: int
    coupon_required: bool
    exclusive: bool
    rank: int
    channels: tuple[str, ...]
    markets: tuple[str, ...]
    customer_groups: tuple[str, ...]
    categories: tuple[str, ...]
    skus: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime | None


def promotion_view(promotion: Promotion) -> PromotionView:
    """Return a promotion as people read it."""
    fields = msgspec.structs.asdict(promotion)
    return PromotionView(
        **{
            name: tuple(sorted(value)) if isinstance(value, frozenset) else value
            for name, value in fields.items()
        }
    )


async def put_coupons(tx: Tx, wish: PutCoupons) -> CouponsPut:
    """Create or change coupons of a promotion.

    Raises:
        PromotionUnknown: there is no such promotion.
        BadCoupon, BadValidity: a row is malformed.
        CouponElsewhere: codes belong to another promotion.
        CouponLimitTooLow: more orders use a coupon than its new limit allows.
    """
    promotion = await get_promotion(tx, wish.promotion)
    coupons = {
        coupon.code: coupon
        for place, row in enumerate(wish.coupons)
        for coupon in [_coupon(row, promotion, tx.now, f"/coupons/{place}")]
    }
    await storage.lock_coupon_codes(tx, list(coupons))
    live = await storage.list_live_uses(tx, list(coupons))
    counted = [_counted(coupon, live.get(coupon.code, 0)) for coupon in coupons.values()]
    stored = await storage.upsert_coupons(tx, promotion.id, counted)
    if foreign := sorted(coupons.keys() - stored):
        raise CouponElsewhere(pointer="/coupons", codes=", ".join(foreign[:CODES_TOLD_MAX]))
    await log.append(tx, [PromotionChanged(promotion_id=promotion.id)])
    change = audit.Change(
        action="pricing.put_coupons",
        subject=f"promotion:{promotion.code}",
        after={"coupons": len(stored), "first": sorted(stored)[:CODES_TOLD_MAX]},
    )
    await audit.record(tx, [change])
    return CouponsPut(len(stored))


async def list_coupons(tx: Tx, *, promotion: str, after: str, limit: int) -> Sequence[Coupon]:
    """Return a page of a promotion's coupons by code, with how many orders use each.

    Raises:
        PromotionUnknown: there is no such promotion.
    """
    found = await get_promotion(tx, promotion)
    return await storage.list_coupons(tx, found.id, after=after, limit=limit)


async def get_promotion(tx: Tx, code: str) -> Promotion:
    """Return the promotion with a code, or raise PromotionUnknown."""
    for each in (await facts.get(tx, TERMS)).promotions:
        if each.code == code:
            return each
    raise PromotionUnknown(code=code[:60])


def _counted(coupon: Coupon, uses: int) -> Coupon:
    if coupon.uses_max is None:
        return coupon
    if uses > coupon.uses_max:
        raise CouponLimitTooLow(code=coupon.code, uses=uses, uses_max=coupon.uses_max)
    return msgspec.structs.replace(coupon, uses=uses)


def _coupon(row: CouponRow, promotion: Promotion, now: datetime, pointer: str) -> Coupon:
    valid_from = row.valid_from or now
    require_validity(valid_from, row.valid_to, pointer)
    return Coupon(
        id=new_id(),
        code=require_coupon_code(row.code, pointer=f"{pointer}/code"),
        promotion_id=promotion.id,
        uses_max=row.uses_max,
        uses_per_customer_max=row.uses_per_customer_max,
        valid_from=valid_from,
        valid_to=row.valid_to,
    )
