"""Lists, taxes and the cart: tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.pricing.shop import (
    AFTER,
    BEFORE,
    CHANGE,
    CLERK,
    GB,
    LONG_AGO,
    MANAGER,
    TAXES,
    Destination,
    Override,
    ShippingWish,
    cart_of,
    line,
    part,
    price_list,
    row,
    shipping_price,
    variant,
)

from crosslane.kernel import QuantityOutOfRange
from crosslane.pricing import errors
from crosslane.pricing.domain.lists import Buyer, offered_lists, refuse_list
from crosslane.pricing.domain.tax import TaxRate, TaxTable, split

TWENTY_POUNDS = 2_000_000


@pytest.mark.parametrize(
    ("at", "rate_bp", "net"),
    [
        (CHANGE - timedelta(microseconds=1), 1750, 1702),
        (CHANGE, 2000, 1667),
        (datetime(2009, 6, 1, tzinfo=UTC), 1500, 1739),
    ],
)
def test_a_twenty_pound_voucher_nets_what_the_invoices_of_2011_say(at, rate_bp, net):
    for basis in ("gross", "net"):
        cart = cart_of(
            line("a", "gift_0001_20"),
            rows=[row("gift_0001_20", TWENTY_POUNDS)],
            lists=[price_list(tax_country="GB")],
            basis=basis,
            at=at,
        )
        assert (cart.net_minor, cart.tax_minor) == (net, 2000 - net)
        assert cart.lines[0].tax.rate_bp == rate_bp
    assert cart.lines[0].unit_price_milli // 1000 in (1702, 1666, 1739)


def test_a_sale_after_the_change_may_still_carry_the_old_price_when_the_till_says_so():
    """One voucher of 2011-01-05 was sold at 17.02 net: what happened is recorded as it was."""
    cart = cart_of(
        line("a", "gift_0001_20", dictated_unit_price_milli=1_702_000),
        rows=[row("gift_0001_20", TWENTY_POUNDS)],
        lists=[price_list(tax_country="GB")],
        basis="net",
        may_dictate=True,
    )
    (priced,) = cart.lines
    assert (priced.source, priced.net_minor, priced.tax_minor) == ("dictated", 1702, 340)
    assert priced.listed_unit_price_milli == 1_666_667


@pytest.mark.parametrize(
    ("destination", "jurisdiction", "rate_bp", "treatment", "gross"),
    [
        (GB, "GB", 2000, "destination", 2000),
        (Destination("JE"), "JE", 0, "zero", 1667),
        (Destination("GG"), "GG", 0, "zero", 1667),
        (Destination("IM"), "GB", 2000, "origin", 2000),
        (Destination("US", "NY"), "US-NY", 0, "zero", 1667),
    ],
)
def test_tax_follows_the_destination(destination, jurisdiction, rate_bp, treatment, gross):
    cart = cart_of(
        line("a", "mug"),
        rows=[row("mug", TWENTY_POUNDS)],
        lists=[price_list(tax_country="GB")],
        destination=destination,
    )
    tax = cart.lines[0].tax
    assert (tax.jurisdiction, tax.rate_bp, tax.treatment) == (jurisdiction, rate_bp, treatment)
    assert cart.gross_minor == gross


def test_a_gross_list_without_a_tax_country_costs_the_same_everywhere():
    rows = [row("mug", TWENTY_POUNDS)]
    at_home = cart_of(line("a", "mug"), rows=rows)
    abroad = cart_of(line("a", "mug"), rows=rows, destination=Destination("JE"))
    assert (at_home.gross_minor, abroad.gross_minor) == (2000, 2000)
    assert (at_home.net_minor, abroad.net_minor) == (1667, 2000)


def test_a_region_s_rate_comes_before_its_country_s():
    taxes = TaxTable(
        [
            TaxRate(country="US", tax_class="standard", rate_bp=100, valid_from=LONG_AGO),
            TaxRate(
                country="US", region="NY", tax_class="standard", rate_bp=888, valid_from=LONG_AGO
            ),
        ]
    )
    assert taxes.tax("US", Destination("US", "NY"), "standard", AFTER).jurisdiction == "US-NY"
    assert taxes.tax("US", Destination("US", "OR"), "standard", AFTER).rate_bp == 100


def test_an_unknown_rate_is_refused_and_never_taken_for_zero():
    with pytest.raises(errors.TaxRateUnknown, match="class odd in GB"):
        TAXES.tax("GB", GB, "odd", AFTER)
    with pytest.raises(errors.TaxRateUnknown):
        TAXES.tax("GB", GB, "standard", LONG_AGO - timedelta(days=1))


def test_zero_rated_goods_bear_no_tax_at_home():
    cart = cart_of(line("a", variant("book", tax_class="zero")), rows=[row("book", 999_000)])
    assert (cart.net_minor, cart.tax_minor, cart.gross_minor) == (999, 0, 999)


def test_one_cart_may_go_to_several_places():
    cart = cart_of(
        line("home", "mug"),
        line("away", "mug", destination=Destination("JE")),
        rows=[row("mug", 1_000_000, code="trade")],
        lists=[price_list("trade", "net")],
        basis="net",
    )
    assert [each.tax_minor for each in cart.lines] == [200, 0]
    assert [(each.jurisdiction, each.net_minor) for each in cart.taxes] == [
        ("GB", 1000),
        ("JE", 1000),
    ]


@pytest.mark.parametrize(
    ("minor", "rate_bp", "basis", "net", "tax"),
    [
        (1000, 2000, "net", 1000, 200),
        (3, 1750, "net", 3, 1),
        (2, 2500, "net", 2, 1),
        (-2, 2500, "net", -2, -1),
        (1000, 2000, "gross", 833, 167),
        (3, 2000, "gross", 2, 1),
        (1, 0, "gross", 1, 0),
    ],
)
def test_tax_is_rounded_once_half_away_from_zero(minor, rate_bp, basis, net, tax):
    amounts = split(minor, rate_bp, basis)
    assert (amounts.net_minor, amounts.tax_minor) == (net, tax)


def test_the_most_specific_list_comes_first_and_each_says_why_it_is_left_out():
    buyer = Buyer("web", "uk", "trade", "GBP", AFTER)
    lists = [
        price_list("general"),
        price_list("general-now", priority=5),
        price_list("uk", market="uk"),
        price_list("web", channel="web"),
        price_list("trade", customer_group="trade"),
        price_list("trade-web", customer_group="trade", channel="web"),
    ]
    left_out = {
        price_list("euro", currency="EUR"): "other-currency",
        price_list("vip", customer_group="vip"): "other-customer-group",
        price_list("till", channel="till"): "other-channel",
        price_list("ie", market="ie"): "other-market",
        price_list("future", valid_from=AFTER + timedelta(days=1)): "not-in-force",
        price_list("past", valid_to=AFTER): "not-in-force",
    }
    offered = offered_lists([*left_out, *lists], buyer)
    codes = [each.code for each in offered]
    assert codes == ["trade-web", "trade", "web", "uk", "general-now", "general"]
    assert {each: refuse_list(each, buyer) for each in left_out} == left_out


def test_a_list_without_a_price_for_the_goods_lets_the_next_one_decide():
    lists = [price_list("vip", customer_group="vip"), price_list()]
    rows = [row("mug", 500_000, code="vip"), row("mug", 900_000), row("cup", 700_000)]
    cart = cart_of(line("a", "mug"), line("b", "cup"), rows=rows, lists=lists, group="vip")
    assert [(each.choice.price_list, each.gross_minor) for each in cart.lines] == [
        ("vip", 500),
        ("web", 700),
    ]
    assert cart.lines[0].choice.specificity == "customer_group"


@pytest.mark.parametrize(
    ("quantities", "unit"), [((9,), 100_000), ((10,), 80_000), ((4, 6), 80_000), ((100,), 50_000)]
)
def test_a_quantity_break_is_reached_by_all_units_of_the_cart(quantities, unit):
    rows = [
        row("mug", 100_000),
        row("mug", 80_000, quantity_min=10),
        row("mug", 50_000, quantity_min=100),
    ]
    cart = cart_of(*(line(str(q), "mug", q) for q in quantities), rows=rows)
    assert {each.unit_price_milli for each in cart.lines} == {unit}


def test_a_sale_price_holds_for_its_days_and_the_old_one_returns():
    sale_from, sale_to = AFTER, AFTER + timedelta(days=2)
    rows = [row("mug", 900_000), row("mug", 600_000, valid_from=sale_from, valid_to=sale_to)]
    seen = [
        cart_of(line("a", "mug"), rows=rows, at=at).gross_minor
        for at in (sale_from - timedelta(seconds=1), sale_from, sale_to)
    ]
    assert seen == [900, 600, 900]


def test_without_a_price_the_line_is_named():
    with pytest.raises(errors.PriceUnknown) as refused:
        cart_of(line("a", "mug"), line("b", "cup"), rows=[row("mug", 1)])
    assert refused.value.pointer == "/lines/1"


def test_a_tenth_of_a_penny_times_many_is_rounded_once():
    rows = [row("pin", 100, code="trade")]
    cart = cart_of(
        line("a", "pin", 74_215), rows=rows, lists=[price_list("trade", "net")], basis="net"
    )
    assert cart.lines[0].amount_minor == 7422


def test_dictated_prices_need_the_channel_s_policy_and_the_permission():
    wanted = line("a", "mug", dictated_unit_price_milli=1)
    with pytest.raises(errors.DictatedPriceNotAllowed):
        cart_of(wanted)
    with pytest.raises(errors.DictatingNotAllowed):
        cart_of(wanted, may_dictate=True, actor=CLERK)
    cart = cart_of(wanted, may_dictate=True)
    assert cart.lines[0].listed_unit_price_milli is None
    with pytest.raises(errors.PriceOutOfRange):
        cart_of(line("a", "mug", dictated_unit_price_milli=-1), may_dictate=True)


def test_an_override_needs_permission_and_a_reason():
    rows = [row("mug", 900_000)]
    wanted = line("a", "mug", override=Override(500_000, "chipped"))
    with pytest.raises(errors.OverrideNotAllowed):
        cart_of(wanted, rows=rows)
    silent = line("a", "mug", override=Override(500_000, "  "))
    with pytest.raises(errors.OverrideReasonMissing):
        cart_of(silent, rows=rows, actor=MANAGER)
    (priced,) = cart_of(wanted, rows=rows, actor=MANAGER).lines
    assert (priced.source, priced.gross_minor, priced.reason) == ("override", 500, "chipped")
    assert priced.listed_unit_price_milli == 900_000


def test_a_malformed_cart_is_refused_with_its_place():
    rows = [row("mug", 1)]
    with pytest.raises(errors.DuplicateLineKey):
        cart_of(line("a", "mug"), line("a", "mug"), rows=rows)
    with pytest.raises(QuantityOutOfRange):
        cart_of(line("a", "mug", 0), rows=rows)
    with pytest.raises(errors.CartTooLarge):
        cart_of(line("a", "mug"), rows=rows, typed=["x"] * 11)


def test_shipping_is_a_line_of_its_own_with_its_tax():
    prices = [
        shipping_price("standard", 395),
        shipping_price("standard", 0, goods_from_minor=5000),
        shipping_price("standard", 1500, country="JE"),
    ]
    wish = ShippingWish(key="s", service="standard")
    rows = [row("mug", TWENTY_POUNDS)]
    cart = cart_of(line("a", "mug"), rows=rows, shipping_prices=prices, wishes=[wish])
    (shipping,) = cart.shipping
    assert (shipping.net_minor, shipping.tax_minor, shipping.gross_minor) == (329, 66, 395)
    assert cart.gross_minor == 2395
    free = cart_of(line("a", "mug", 3), rows=rows, shipping_prices=prices, wishes=[wish])
    assert free.shipping[0].gross_minor == 0
    away = cart_of(
        line("a", "mug"),
        rows=rows,
        shipping_prices=prices,
        wishes=[wish],
        destination=Destination("JE"),
    )
    assert (away.shipping[0].gross_minor, away.shipping[0].tax_minor) == (1500, 0)
    with pytest.raises(errors.DeliveryPriceUnknown):
        cart_of(line("a", "mug"), rows=rows, wishes=[wish])


def test_postage_charged_by_the_channel_is_kept():
    wish = ShippingWish(key="s", service="DOT", dictated_minor=11_217)
    with pytest.raises(errors.DictatedPriceNotAllowed):
        cart_of(wishes=[wish], at=BEFORE)
    cart = cart_of(wishes=[wish], basis="net", may_dictate=True, at=BEFORE)
    assert (cart.shipping[0].net_minor, cart.shipping[0].tax_minor) == (11_217, 1963)


def test_a_bundle_s_money_is_shared_over_its_components():
    bundle = variant("set", components=(part("cup", 2, 300), part("plate", 1, 399)))
    (priced,) = cart_of(line("a", bundle, 3), rows=[row("set", 999_000)]).lines
    assert [(each.sku, each.quantity) for each in priced.shares] == [("cup", 6), ("plate", 3)]
    for amount in ("net_minor", "tax_minor", "gross_minor"):
        shared = sum(getattr(each, amount) for each in priced.shares)
        assert shared == getattr(priced, amount)
