"""Pricing: what goods and deliveries cost whom, when and why.

Nouns: price list and price, tax rate and tax rule, shipping price, promotion, coupon, cart to price
(:class:`PriceRequest`) and priced cart (:class:`PricedCart`).

Doors: :func:`price` takes many carts and answers one priced cart or refusal for each, with at most
two statements for the whole batch. The server always computes: a price from outside counts only as
a signed quote (:func:`quote`), as an override by somebody with ``pricing:override`` and a reason,
or where the policy ``pricing.price_source`` lets the channel dictate and the caller has
``pricing:dictate``; the difference to our own price stays with the line. :func:`explain` tells how
a price came about. An order that is placed redeems the coupons of its cart on a sheet
(:func:`open_coupons`, ``sheet.take``, ``sheet.undo``, :func:`write_coupons`), one that comes to
nothing gives them back (:func:`release_coupons`). :func:`lowest_prices` tells the lowest that
articles were lately listed at, :func:`prices_in_force` what one costs now in every list,
:func:`shown_prices` what a channel shows, and when that may change.

How: a cart is priced on the basis its channel shows, gross when prices include tax, else net. Unit
prices are integers in 1/1000 minor unit. Each line is rounded once, half away from zero; its tax is
rounded once, half away from zero; every total is the sum of its lines. Which list decides is said
in ``domain/lists.py``, in which order promotions run in ``domain/promotions.py``.

Invariants: net + tax = gross on every line and share; discounts and bundle shares add up to the
minor unit; a limited coupon is never used more often than allowed. Prices, taxes and promotions are
rows that hold from an instant on, so any day of the past can be priced again.

Events: PriceListChanged, PricesChanged, TaxesChanged, ShippingPricesChanged, PromotionChanged.
Facts: ``pricing``, ``pricing.prices``. Policies: pricing.price_source, pricing.quote.
Tables: pricing_price_list, pricing_price, pricing_tax_rate, pricing_tax_rule,
pricing_shipping_price, pricing_promotion, pricing_coupon, pricing_redemption.
"""

from crosslane.pricing.domain.cart import (
    ComponentShare,
    ListChoice,
    Override,
    PricedCart,
    PricedLine,
    PriceLine,
    PriceRequest,
    PriceSource,
    ShippingWish,
    TaxTotal,
)
from crosslane.pricing.domain.coupons import CouponSheet, Redemption
from crosslane.pricing.domain.explanation import Explanation
from crosslane.pricing.domain.lists import PriceList
from crosslane.pricing.domain.pricing import CART_COUPONS_MAX
from crosslane.pricing.domain.promotions import Discount, PromotionOutcome
from crosslane.pricing.domain.shown import Showing, ShownPrice
from crosslane.pricing.domain.tax import Amounts, Basis, Destination, Tax, split
from crosslane.pricing.errors import (
    CART_REFUSALS,
    COUPON_REFUSALS,
    GOODS_REFUSALS,
    QUOTE_REFUSALS,
    CouponUsedUp,
    CouponUsedUpByCustomer,
    DeliveryPriceUnknown,
    DictatedPriceNotAllowed,
    OverrideNotAllowed,
    PriceUnknown,
    QuoteExpired,
    QuoteForged,
    QuoteMismatch,
    TaxRateUnknown,
)
from crosslane.pricing.events import (
    PriceListChanged,
    PricesChanged,
    PromotionChanged,
    ShippingPricesChanged,
    TaxesChanged,
)
from crosslane.pricing.rest import ROUTES
from crosslane.pricing.service.carts import (
    PRICE_SOURCE,
    QUOTE,
    QUOTE_CHARACTERS_MAX,
    QuotedCart,
    explain,
    price,
    price_one,
    quote,
    quotes,
)
from crosslane.pricing.service.commands import COMMANDS
from crosslane.pricing.service.coupons import open_coupons, release_coupons, write_coupons
from crosslane.pricing.service.lowest import Lowest, LowestWish, lowest_prices
from crosslane.pricing.service.prices import (
    ImportPrices,
    PriceRow,
    PricesImported,
    get_price_list,
    import_prices,
    prices_in_force,
)
from crosslane.pricing.service.promotions import CouponRow, PutCoupons, put_coupons
from crosslane.pricing.service.shown import shown_prices
from crosslane.pricing.service.terms import (
    PutPriceList,
    PutPromotion,
    PutShippingPrices,
    PutTaxRates,
    PutTaxRules,
    ShippingPriceRow,
    TaxRateRow,
    TaxRuleRow,
    put_price_list,
    put_promotion,
    put_shipping_prices,
    put_tax_rates,
    put_tax_rules,
)

POLICIES = [PRICE_SOURCE, QUOTE]

__all__ = [
    "CART_COUPONS_MAX",
    "CART_REFUSALS",
    "COMMANDS",
    "COUPON_REFUSALS",
    "GOODS_REFUSALS",
    "POLICIES",
    "PRICE_SOURCE",
    "QUOTE",
    "QUOTE_CHARACTERS_MAX",
    "QUOTE_REFUSALS",
    "ROUTES",
    "Amounts",
    "Basis",
    "ComponentShare",
    "CouponRow",
    "CouponSheet",
    "CouponUsedUp",
    "CouponUsedUpByCustomer",
    "DeliveryPriceUnknown",
    "Destination",
    "DictatedPriceNotAllowed",
    "Discount",
    "Explanation",
    "ImportPrices",
    "ListChoice",
    "Lowest",
    "LowestWish",
    "Override",
    "OverrideNotAllowed",
    "PriceLine",
    "PriceList",
    "PriceListChanged",
    "PriceRequest",
    "PriceRow",
    "PriceSource",
    "PriceUnknown",
    "PricedCart",
    "PricedLine",
    "PricesChanged",
    "PricesImported",
    "PromotionChanged",
    "PromotionOutcome",
    "PutCoupons",
    "PutPriceList",
    "PutPromotion",
    "PutShippingPrices",
    "PutTaxRates",
    "PutTaxRules",
    "QuoteExpired",
    "QuoteForged",
    "QuoteMismatch",
    "QuotedCart",
    "Redemption",
    "ShippingPriceRow",
    "ShippingPricesChanged",
    "ShippingWish",
    "Showing",
    "ShownPrice",
    "Tax",
    "TaxRateRow",
    "TaxRateUnknown",
    "TaxRuleRow",
    "TaxTotal",
    "TaxesChanged",
    "explain",
    "get_price_list",
    "import_prices",
    "lowest_prices",
    "open_coupons",
    "price",
    "price_one",
    "prices_in_force",
    "put_coupons",
    "put_price_list",
    "put_promotion",
    "put_shipping_prices",
    "put_tax_rates",
    "put_tax_rules",
    "quote",
    "quotes",
    "release_coupons",
    "shown_prices",
    "split",
    "write_coupons",
]
