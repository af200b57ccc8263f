"""Every planted defect of pricing is named, and a sound tenant has no finding."""

from uuid import uuid4

import pytest
from tests.pricing.world import add_price, open_shop

from crosslane.platform.database import Tx
from crosslane.pricing import (
    CouponRow,
    PutCoupons,
    PutPromotion,
    Redemption,
    open_coupons,
    put_coupons,
    put_promotion,
    write_coupons,
)
from crosslane.pricing.service.promotions import list_coupons
from crosslane.verify import verify
from crosslane.verify.pricing import RULES


@pytest.fixture
async def used(tx: Tx) -> Redemption:
    """A coupon for two orders that one order uses."""
    await open_shop(tx)
    await put_promotion(tx, PutPromotion(code="x", title="x", percent_bp=1, coupon_required=True))
    await put_coupons(tx, PutCoupons(promotion="x", coupons=(CouponRow(code="ABC", uses_max=2),)))
    (coupon,) = await list_coupons(tx, promotion="x", after="", limit=9)
    use = Redemption(coupon.id, uuid4())
    sheet = await open_coupons(tx, [use])
    sheet.take(use)
    await write_coupons(tx, sheet)
    return use


async def test_a_sound_tenant_has_no_finding(tx: Tx, used: Redemption):
    assert await verify(tx, RULES) == []


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("update pricing_coupon set uses = 2", "pricing.coupon_uses"),
        ("update pricing_redemption set released_at = now()", "pricing.coupon_uses"),
        (
            "insert into pricing_redemption select coupon_id, gen_random_uuid(), null, now()"
            " from pricing_redemption, generate_series(1, 2)",
            "pricing.coupon_limit",
        ),
        (
            "update pricing_redemption set released_at = redeemed_at - interval '1 minute'",
            "pricing.release_after_use",
        ),
    ],
)
async def test_a_planted_defect_is_named(tx: Tx, used: Redemption, defect: str, rule: str):
    await tx.execute(defect)
    found = {each.rule: each.subject for each in await verify(tx, RULES)}
    assert rule in found
    assert str(used.coupon_id) in found[rule]


async def test_a_price_of_nothing_is_named(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "ghost", 1)
    (finding,) = await verify(tx, RULES)
    assert (finding.rule, finding.subject) == (
        "pricing.priced_variant",
        f"price_list:{lists['retail'].id}",
    )
