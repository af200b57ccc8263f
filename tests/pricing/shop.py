"""A small shop for the pricing tests: British tax history, one consumer and one trade channel."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from crosslane.catalog import Component, Variant
from crosslane.platform.actor import Actor
from crosslane.pricing.domain.cart import (
    Override,
    PricedCart,
    PriceLine,
    PriceRequest,
    Sale,
    ShippingWish,
    Terms,
)
from crosslane.pricing.domain.lists import Buyer, Price, PriceList
from crosslane.pricing.domain.pricing import price_cart
from crosslane.pricing.domain.promotions import Coupon, Promotion
from crosslane.pricing.domain.shipping import ShippingPrice
from crosslane.pricing.domain.tax import Destination, TaxRate, TaxRule, TaxTable

SPACE = UUID("6f1c1f4e-58c1-4a5b-9a60-0f0f8f6e3c11")
LONG_AGO = datetime(2008, 12, 1, tzinfo=UTC)
BEFORE = datetime(2011, 1, 3, 12, tzinfo=UTC)
CHANGE = datetime(2011, 1, 4, tzinfo=UTC)
AFTER = datetime(2011, 1, 4, 12, tzinfo=UTC)
GB = Destination("GB")
CLERK = Actor(kind="staff", id="clerk")
TILL = Actor(kind="api_key", id="till", permissions=frozenset({"pricing:dictate"}))
MANAGER = Actor(kind="staff", id="manager", permissions=frozenset({"pricing:override"}))

RATES = (
    TaxRate(country="GB", tax_class="standard", rate_bp=1500, valid_from=LONG_AGO),
    TaxRate(
        country="GB",
        tax_class="standard",
        rate_bp=1750,
        valid_from=datetime(2010, 1, 1, tzinfo=UTC),
    ),
    TaxRate(country="GB", tax_class="standard", rate_bp=2000, valid_from=CHANGE),
    TaxRate(country="GB", tax_class="zero", rate_bp=0, valid_from=LONG_AGO),
)
RULES = (TaxRule(seller_country="GB", country="IM", treatment="origin", valid_from=LONG_AGO),)
TAXES = TaxTable(RATES, RULES)


def named(name: str) -> UUID:
    """The same identifier for the same name, so that failing examples can be read."""
    return uuid5(SPACE, name)


def part(sku: str, quantity: int = 1, share_weight: int = 1) -> Component:
    return Component(named(sku), sku, quantity, share_weight)


def variant(
    sku: str,
    tax_class: str = "standard",
    category_path: tuple[str, ...] = ("all",),
    components: tuple[Component, ...] = (),
) -> Variant:
    return Variant(
        id=named(sku),
        sku=sku,
        product_id=named(sku),
        product=sku,
        title=sku,
        gtin=None,
        weight_grams=0,
        length_mm=0,
        width_mm=0,
        height_mm=0,
        tax_class=tax_class,
        category=category_path[-1],
        category_path=category_path,
        options={},
        components=components,
    )


def price_list(code: str = "web", basis: str = "gross", **changes) -> PriceList:
    whole = {"title": code, "currency": "GBP", "valid_from": LONG_AGO, **changes}
    return PriceList(id=named(code), code=code, basis=basis, **whole)


def row(sku: str, milli: int, *, code: str = "web", quantity_min: int = 1, **changes) -> Price:
    return Price(
        price_list_id=named(code),
        variant_id=named(sku),
        quantity_min=quantity_min,
        unit_price_milli=milli,
        **{"valid_from": LONG_AGO, **changes},
    )


def line(key: str, sku: str | Variant, quantity: int = 1, **changes) -> PriceLine:
    goods = sku if isinstance(sku, Variant) else variant(sku)
    return PriceLine(key=key, variant=goods, quantity=quantity, **changes)


def promotion(code: str, **changes) -> Promotion:
    whole = {"title": code, "valid_from": LONG_AGO, "currency": "GBP", **changes}
    return Promotion(id=named(code), code=code, **whole)


def coupon(code: str, opens: str, **changes) -> Coupon:
    whole = {"promotion_id": named(opens), "valid_from": LONG_AGO, **changes}
    return Coupon(id=named(code), code=code, **whole)


def shipping_price(service: str, minor: int, **changes) -> ShippingPrice:
    whole = {"currency": "GBP", "basis": "gross", "valid_from": LONG_AGO, **changes}
    return ShippingPrice(id=named(str(whole)), service=service, amount_minor=minor, **whole)


def cart_of(
    *lines: PriceLine,
    rows=(),
    lists=None,
    promotions=(),
    coupons=(),
    shipping_prices=(),
    wishes=(),
    basis="gross",
    at=AFTER,
    destination=GB,
    group=None,
    market="uk",
    channel="web",
    may_dictate=False,
    actor=TILL,
    customer_id=None,
    typed=None,
    taxes=TAXES,
) -> PricedCart:
    """Price a cart at Finch's web shop, or as the arguments change it."""
    prices: dict = {}
    for each in rows:
        prices.setdefault(each.variant_id, {}).setdefault(each.price_list_id, []).append(each)
    return price_cart(
        PriceRequest(
            channel=channel,
            at=at,
            actor=actor,
            destination=destination,
            lines=lines,
            shipping=wishes,
            coupons=[each.code for each in coupons] if typed is None else typed,
            customer_group=group,
            customer_id=customer_id,
        ),
        sale=Sale(
            buyer=Buyer(channel, market, group, "GBP", at),
            basis=basis,
            seller_country="GB",
            may_dictate=may_dictate,
        ),
        terms=Terms(
            price_lists=(price_list(),) if lists is None else tuple(lists),
            taxes=taxes,
            promotions=tuple(promotions),
            shipping_prices=tuple(shipping_prices),
        ),
        prices=prices,
        coupons={each.code: each for each in coupons},
    )


__all__ = [
    "AFTER",
    "BEFORE",
    "CHANGE",
    "CLERK",
    "GB",
    "LONG_AGO",
    "MANAGER",
    "TAXES",
    "Destination",
    "Override",
    "ShippingWish",
    "cart_of",
    "coupon",
    "line",
    "named",
    "part",
    "price_list",
    "promotion",
    "row",
    "shipping_price",
    "variant",
]
