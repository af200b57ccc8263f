"""Promotions: which apply, in which order, and why the others do not."""

from datetime import timedelta

import pytest
from tests.pricing.shop import (
    AFTER,
    ShippingWish,
    cart_of,
    coupon,
    line,
    named,
    price_list,
    promotion,
    row,
    shipping_price,
    variant,
)

ROWS = [row("mug", 1_000_000), row("cup", 333_000), row("book", 500_000)]
BOOK = variant("book", category_path=("all", "books"))
TODAY = AFTER


def outcomes(cart):
    return {each.promotion or each.coupon: each.refused or each.minor for each in cart.promotions}


def test_a_percentage_is_rounded_once_and_shared_by_amount():
    cart = cart_of(
        line("a", "cup"),
        line("b", "cup"),
        line("c", "cup"),
        rows=ROWS,
        promotions=[promotion("ten", percent_bp=1000)],
    )
    assert [each.discount_minor for each in cart.lines] == [34, 33, 33]
    assert cart.discount_minor == 100
    assert cart.gross_minor == 899


def test_an_amount_never_exceeds_what_it_reduces():
    cart = cart_of(line("a", "cup"), rows=ROWS, promotions=[promotion("x", amount_minor=5000)])
    assert (cart.gross_minor, cart.tax_minor, cart.discount_minor) == (0, 0, 333)


def test_a_threshold_is_judged_on_what_earlier_promotions_left():
    first = promotion("a", amount_minor=100, rank=1)
    second = promotion("b", amount_minor=100, threshold_minor=950, rank=2)
    early = promotion("c", amount_minor=100, threshold_minor=950, rank=0)
    cart = cart_of(line("a", "mug"), rows=ROWS, promotions=[first, second, early])
    assert outcomes(cart) == {"c": 100, "a": 100, "b": "threshold-not-reached"}


def test_quantity_thresholds_count_eligible_units():
    offer = promotion("three", percent_bp=1000, quantity_min=3, skus=frozenset({"cup"}))
    few = cart_of(line("a", "cup", 2), line("b", "mug", 5), rows=ROWS, promotions=[offer])
    assert outcomes(few) == {"three": "quantity-not-reached"}
    enough = cart_of(line("a", "cup", 3), rows=ROWS, promotions=[offer])
    assert outcomes(enough) == {"three": 100}


def test_scopes_by_goods_take_a_category_with_all_below_it_or_single_skus():
    offers = [
        promotion("books", percent_bp=1000, categories=frozenset({"books"})),
        promotion("cups", percent_bp=2000, skus=frozenset({"cup"})),
        promotion("toys", percent_bp=5000, categories=frozenset({"toys"})),
    ]
    cart = cart_of(line("a", BOOK), line("b", "cup"), rows=ROWS, promotions=offers)
    assert outcomes(cart) == {"books": 50, "cups": 67, "toys": "no-eligible-line"}
    assert [each.discount_minor for each in cart.lines] == [50, 67]


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"channels": frozenset({"till"})}, "other-channel"),
        ({"markets": frozenset({"ie"})}, "other-market"),
        ({"customer_groups": frozenset({"vip"})}, "other-customer-group"),
        ({"currency": "EUR"}, "other-currency"),
        ({"coupon_required": True}, "needs-coupon"),
        ({"valid_from": TODAY + timedelta(days=1)}, None),
        ({"valid_to": TODAY}, None),
    ],
)
def test_a_promotion_of_another_sale_says_why_and_a_past_one_is_silent(changes, refused):
    offer = promotion("x", percent_bp=1000, **changes)
    cart = cart_of(line("a", "mug"), rows=ROWS, promotions=[offer])
    assert outcomes(cart) == ({"x": refused} if refused else {})
    assert cart.gross_minor == 1000


def test_an_exclusive_promotion_shares_its_lines_with_no_other():
    exclusive = promotion(
        "half-books", percent_bp=5000, categories=frozenset({"books"}), exclusive=True, rank=1
    )
    everything = promotion("ten", percent_bp=1000, rank=2)
    cart = cart_of(line("a", BOOK), line("b", "mug"), rows=ROWS, promotions=[everything, exclusive])
    assert [[d.promotion for d in each.discounts] for each in cart.lines] == [
        ["half-books"],
        ["ten"],
    ]
    late = promotion("half", percent_bp=5000, exclusive=True, rank=3)
    cart = cart_of(line("a", "mug"), rows=ROWS, promotions=[everything, late])
    assert outcomes(cart) == {"ten": 100, "half": "no-eligible-line"}


def test_stackable_promotions_run_by_rank_then_code():
    offers = [
        promotion("b", percent_bp=1000),
        promotion("a", amount_minor=200),
        promotion("first", percent_bp=5000, rank=-1),
    ]
    cart = cart_of(line("x", "mug"), rows=ROWS, promotions=offers)
    assert [each.promotion for each in cart.promotions] == ["first", "a", "b"]
    assert cart.gross_minor == 1000 - 500 - 200 - 30


def test_final_prices_neither_earn_nor_receive_promotions():
    offer = promotion("ten", percent_bp=1000, threshold_minor=1500)
    dictated = line("a", "mug", dictated_unit_price_milli=1_000_000)
    cart = cart_of(dictated, line("b", "mug"), rows=ROWS, promotions=[offer], may_dictate=True)
    assert outcomes(cart) == {"ten": "threshold-not-reached"}


def test_shipping_promotions_run_after_goods_and_reduce_shipping_only():
    offers = [
        promotion("ten", percent_bp=1000, rank=9),
        promotion("free", target="shipping", percent_bp=10_000, threshold_minor=900),
    ]
    cart = cart_of(
        line("a", "mug"),
        rows=ROWS,
        promotions=offers,
        shipping_prices=[shipping_price("standard", 395)],
        wishes=[ShippingWish(key="s", service="standard")],
    )
    assert outcomes(cart) == {"ten": 100, "free": 395}
    assert (cart.lines[0].gross_minor, cart.shipping[0].gross_minor) == (900, 0)


def test_a_coupon_opens_its_promotion_and_is_named_by_it():
    offer = promotion("welcome", amount_minor=200, coupon_required=True)
    cart = cart_of(
        line("a", "mug"), rows=ROWS, promotions=[offer], coupons=[coupon("HELLO", "welcome")]
    )
    assert cart.lines[0].discounts[0].coupon == "HELLO"
    assert cart.coupon_ids == [named("HELLO")]


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"uses_max": 3, "uses": 3}, "coupon-used-up"),
        ({"uses_per_customer_max": 1}, "coupon-needs-customer"),
        ({"valid_to": TODAY}, "coupon-not-in-force"),
    ],
)
def test_a_coupon_that_opens_nothing_says_why(changes, refused):
    offer = promotion("welcome", amount_minor=200, coupon_required=True)
    used = coupon("HELLO", "welcome", **changes)
    cart = cart_of(line("a", "mug"), rows=ROWS, promotions=[offer], coupons=[used])
    assert outcomes(cart) == {"welcome": "needs-coupon", "HELLO": refused}
    assert cart.coupon_ids == []


def test_per_customer_limits_count_that_customer():
    offer = promotion("welcome", amount_minor=200, coupon_required=True)
    used = coupon("HELLO", "welcome", uses_per_customer_max=2, customer_uses=2)
    cart = cart_of(
        line("a", "mug"), rows=ROWS, promotions=[offer], coupons=[used], customer_id=named("ann")
    )
    assert outcomes(cart)["HELLO"] == "coupon-used-up-by-customer"


def test_two_coupons_of_one_promotion_count_once_and_unknown_ones_are_told():
    offer = promotion("welcome", amount_minor=200, coupon_required=True)
    twins = [coupon("ONE", "welcome"), coupon("TWO", "welcome")]
    cart = cart_of(
        line("a", "mug"),
        rows=ROWS,
        promotions=[offer],
        coupons=twins,
        typed=["ONE", "ONE", "TWO", "THREE"],
    )
    assert outcomes(cart) == {
        "welcome": 200,
        "TWO": "promotion-already-opened",
        "THREE": "coupon-unknown",
    }


def test_a_coupon_whose_promotion_is_not_earned_is_not_used():
    offer = promotion("welcome", amount_minor=200, coupon_required=True, threshold_minor=5000)
    cart = cart_of(
        line("a", "mug"), rows=ROWS, promotions=[offer], coupons=[coupon("HELLO", "welcome")]
    )
    assert outcomes(cart) == {"welcome": "threshold-not-reached"}
    assert cart.coupon_ids == []


def test_discounts_come_before_tax_in_both_modes():
    offer = promotion("ten", percent_bp=1000)
    gross = cart_of(line("a", "mug"), rows=ROWS, promotions=[offer])
    assert (gross.net_minor, gross.tax_minor) == (750, 150)
    net = cart_of(
        line("a", "mug"),
        rows=[row("mug", 1_000_000, code="trade")],
        lists=[price_list("trade", "net")],
        promotions=[offer],
        basis="net",
    )
    assert (net.net_minor, net.tax_minor, net.gross_minor) == (900, 180, 1080)
