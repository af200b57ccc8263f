"""Promotions and their coupons over HTTP."""

from crosslane.kernel import Page
from crosslane.organization import BadCode, BadCurrency, UnknownChannel, UnknownMarket
from crosslane.platform import facts
from crosslane.platform.web import Caller, Paging, get, post
from crosslane.pricing import errors
from crosslane.pricing.domain.promotions import Coupon
from crosslane.pricing.rest.paging import page_of
from crosslane.pricing.service import commands, promotions, terms
from crosslane.pricing.service.carts import TERMS

READ, WRITE = "pricing:read", "pricing:write"
COUPONS_BYTES_MAX = 2 << 20


@get("/api/v1/promotions", permission=READ)
async def list_promotions(caller: Caller, paging: Paging) -> Page[promotions.PromotionView]:
    """List promotions by code."""
    async with caller.read() as tx:
        found = (await facts.get(tx, TERMS)).promotions
    page = page_of(paging, found, code=str)
    shown = [promotions.promotion_view(each) for each in page.items]
    return Page(shown, page.next_cursor)


@get("/api/v1/promotions/{code}", permission=READ, raises=(errors.PromotionUnknown,))
async def show_promotion(caller: Caller, code: str) -> promotions.PromotionView:
    """Show one promotion."""
    async with caller.read() as tx:
        return promotions.promotion_view(await promotions.get_promotion(tx, code))


@post(
    "/api/v1/promotions",
    permission=WRITE,
    command=commands.PUT_PROMOTION,
    raises=(
        UnknownMarket,
        UnknownChannel,
        errors.BadPromotion,
        errors.BadValidity,
        BadCode,
        BadCurrency,
    ),
    example=terms.PutPromotion(code="spring", title="10 % off", percent_bp=1000),
)
async def put_promotion(caller: Caller, data: terms.PutPromotion) -> promotions.PromotionView:
    """Create a promotion, or replace the one with this code."""
    return await caller.submit(commands.PUT_PROMOTION, data)


@get("/api/v1/promotions/{code}/coupons", permission=READ, raises=(errors.PromotionUnknown,))
async def list_coupons(caller: Caller, code: str, paging: Paging) -> Page[Coupon]:
    """List a promotion's coupons by code, with how many orders use each."""
    (after,) = paging.after(str) or ("",)
    async with caller.read() as tx:
        found = await promotions.list_coupons(
            tx, promotion=code, after=after, limit=paging.limit + 1
        )
    return paging.page(found, key=lambda coupon: (coupon.code,))


@post(
    "/api/v1/coupons",
    permission=WRITE,
    command=commands.PUT_COUPONS,
    raises=(
        errors.PromotionUnknown,
        errors.CouponElsewhere,
        errors.CouponLimitTooLow,
        errors.BadCoupon,
        errors.BadValidity,
    ),
    body_bytes_max=COUPONS_BYTES_MAX,
    example=promotions.PutCoupons(
        promotion="spring", coupons=(promotions.CouponRow(code="WELCOME", uses_max=100),)
    ),
)
async def put_coupons(caller: Caller, data: promotions.PutCoupons) -> promotions.CouponsPut:
    """Create coupons of a promotion, or change their limits and dates."""
    return await caller.submit(commands.PUT_COUPONS, data)


ROUTES = [list_promotions, show_promotion, put_promotion, list_coupons, put_coupons]
