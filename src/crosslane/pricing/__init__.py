"""Pricing: what goods and deliveries cost whom, when and why.

Nouns: price list and price, tax rate and tax rule, shipping price, promotion, coupon, cart to price
(:class:`PriceRequest`) and priced cart (:class:`PricedCart`).
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
from crosslane.pricing.domain.promotions import Discount, PromotionOutcome
from crosslane.pricing.domain.tax import Amounts, Basis, Destination, Tax, split
from crosslane.pricing.errors import (
    DictatedPriceNotAllowed,
    OverrideNotAllowed,
    PriceUnknown,
    TaxRateUnknown,
)

__all__ = [
    "Amounts",
    "Basis",
    "ComponentShare",
    "Destination",
    "DictatedPriceNotAllowed",
    "Discount",
    "ListChoice",
    "Override",
    "OverrideNotAllowed",
    "PriceLine",
    "PriceRequest",
    "PriceSource",
    "PriceUnknown",
    "PricedCart",
    "PricedLine",
    "PromotionOutcome",
    "ShippingWish",
    "Tax",
    "TaxRateUnknown",
    "TaxTotal",
    "split",
]
