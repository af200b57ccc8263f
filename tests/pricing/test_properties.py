"""Laws that hold for every cart: nothing is lost, nothing is made, nothing is random."""

from hypothesis import given
from hypothesis import strategies as st
from tests.pricing.shop import (
    AFTER,
    BEFORE,
    Destination,
    ShippingWish,
    cart_of,
    line,
    part,
    price_list,
    promotion,
    row,
    shipping_price,
    variant,
)

from crosslane.kernel import line_amount
from crosslane.pricing.domain.pricing import brought_to_basis
from crosslane.pricing.domain.tax import converted, split

rates = st.sampled_from([0, 500, 1500, 1750, 2000, 2500])
bases = st.sampled_from(["net", "gross"])
minors = st.integers(0, 10**9)
unit_prices = st.integers(0, 10**8)
quantities = st.integers(1, 500)

goods = st.builds(
    variant,
    sku=st.sampled_from(["mug", "cup", "book", "set"]),
    tax_class=st.sampled_from(["standard", "zero"]),
    category_path=st.sampled_from([("all",), ("all", "books")]),
    components=st.sampled_from([(), (part("cup", 2, 3), part("mug", 1, 0), part("tea", 1, 4))]),
)
offers = (
    st.builds(
        promotion,
        st.sampled_from(["a", "b", "c", "d"]),
        target=st.sampled_from(["goods", "shipping"]),
        exclusive=st.booleans(),
        rank=st.integers(0, 2),
        threshold_minor=st.integers(0, 10**6),
        categories=st.sampled_from([frozenset(), frozenset({"books"})]),
    )
    | st.none()
)


@st.composite
def carts(draw):
    """A cart of everything pricing knows, in either mode, to home, an island or abroad."""
    things = draw(st.lists(goods, min_size=1, max_size=6))
    code = draw(st.sampled_from(["web", "trade"]))
    listed = price_list(
        code,
        "gross" if code == "web" else "net",
        tax_country=draw(st.sampled_from([None, "GB"])),
    )
    promotions = {}
    for offer in draw(st.lists(offers, max_size=4)):
        if offer is not None:
            percent = draw(st.integers(1, 10_000))
            reduced = draw(st.sampled_from([{"percent_bp": percent}, {"amount_minor": percent}]))
            changes = {name: getattr(offer, name) for name in ("target", "exclusive", "rank")}
            promotions[offer.code] = promotion(
                offer.code,
                threshold_minor=offer.threshold_minor,
                categories=offer.categories,
                **changes,
                **reduced,
            )
    return cart_of(
        *(line(str(n), each, draw(quantities)) for n, each in enumerate(things)),
        rows=[row(each, draw(unit_prices), code=code) for each in ("mug", "cup", "book", "set")],
        lists=[listed],
        promotions=promotions.values(),
        shipping_prices=[shipping_price("standard", draw(st.integers(0, 5000)))],
        wishes=[ShippingWish(key="s", service="standard")],
        basis=draw(bases),
        at=draw(st.sampled_from([BEFORE, AFTER])),
        destination=Destination(draw(st.sampled_from(["GB", "IM", "JE", "FR"]))),
    )


@given(carts())
def test_no_minor_unit_is_lost_or_made(cart):
    every = [*cart.lines, *cart.shipping]
    for each in every:
        assert each.net_minor + each.tax_minor == each.gross_minor
        reduced = each.gross_minor if cart.basis == "gross" else each.net_minor
        assert each.amount_minor - each.discount_minor == reduced >= 0
        assert each.tax_minor >= 0
        assert each.amount_minor == line_amount(each.unit_price_milli, each.quantity)
        for amount in ("net_minor", "tax_minor", "gross_minor") if each.shares else ():
            assert sum(getattr(share, amount) for share in each.shares) == getattr(each, amount)
    for amount in ("net_minor", "tax_minor", "gross_minor"):
        assert getattr(cart, amount) == sum(getattr(each, amount) for each in every)
    assert sum(each.minor for each in cart.promotions) == cart.discount_minor
    assert sum(each.tax_minor for each in cart.taxes) == cart.tax_minor


@given(carts())
def test_a_promotion_either_gives_or_says_why_not(cart):
    assert all((each.minor > 0) == (each.refused is None) for each in cart.promotions)


@given(minors, rates)
def test_net_to_gross_and_back_is_exact(net, rate_bp):
    assert split(split(net, rate_bp, "net").gross_minor, rate_bp, "gross").net_minor == net


@given(minors, rates)
def test_gross_to_net_and_back_is_within_one_minor_unit(gross, rate_bp):
    there = split(gross, rate_bp, "gross")
    back = split(there.net_minor, rate_bp, "net")
    assert abs(back.gross_minor - gross) <= 1


@given(minors, rates, bases)
def test_a_refund_is_the_mirror_of_its_sale(minor, rate_bp, basis):
    sale, refund = split(minor, rate_bp, basis), split(-minor, rate_bp, basis)
    assert (refund.net_minor, refund.tax_minor) == (-sale.net_minor, -sale.tax_minor)


@given(unit_prices, rates, rates)
def test_a_converted_unit_price_comes_back_within_one_thousandth(milli, contained, wanted):
    back = converted(converted(milli, contained, wanted), wanted, contained)
    assert abs(back - milli) <= 1


@given(unit_prices, unit_prices, rates, rates, bases)
def test_a_dearer_list_price_is_never_cheaper_on_the_cart_s_basis(one, two, contained, rate, basis):
    low, high = sorted((one, two))
    brought = [
        brought_to_basis(each, contained_bp=contained, rate_bp=rate, basis=basis)
        for each in (low, high)
    ]
    assert brought == sorted(brought)


@given(st.integers(0, 10_000), st.integers(0, 10_000), unit_prices, quantities)
def test_a_higher_percentage_never_costs_more(one, two, milli, quantity):
    low, high = sorted((one, two))
    totals = [
        cart_of(
            line("a", "mug", quantity),
            line("b", "cup", 3),
            rows=[row("mug", milli), row("cup", 333)],
            promotions=[promotion("x", percent_bp=percent)] if percent else [],
        ).gross_minor
        for percent in (low, high)
    ]
    assert totals[0] >= totals[1]


@given(unit_prices, st.lists(quantities, min_size=2, max_size=2), bases)
def test_more_units_at_one_price_never_cost_less(milli, two, basis):
    totals = [
        cart_of(line("a", "mug", quantity), rows=[row("mug", milli)], basis=basis).gross_minor
        for quantity in sorted(two)
    ]
    assert totals == sorted(totals)


@given(st.permutations(range(4)))
def test_the_order_of_lists_promotions_and_rows_does_not_matter(order):
    lists = [price_list("web"), price_list("uk", market="uk"), price_list("any"), price_list("b")]
    rows = [row("mug", 1000 * n, code=each.code) for n, each in enumerate(lists, 1)]
    promotions = [promotion(code, percent_bp=1000 + ord(code)) for code in "abcd"]
    shuffled = [[each[n] for n in order] for each in (lists, rows, promotions)]
    first = cart_of(line("a", "mug", 9), rows=rows, lists=lists, promotions=promotions)
    again = cart_of(
        line("a", "mug", 9), rows=shuffled[1], lists=shuffled[0], promotions=shuffled[2]
    )
    assert first == again
