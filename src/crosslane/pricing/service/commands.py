"""The commands of pricing: every change asked from outside, decided one by one."""

from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.pricing.domain.lists import PriceList
from crosslane.pricing.service.prices import ImportPrices, PricesImported, import_prices
from crosslane.pricing.service.promotions import (
    CouponsPut,
    PromotionView,
    PutCoupons,
    promotion_view,
    put_coupons,
)
from crosslane.pricing.service.terms import (
    PutPriceList,
    PutPromotion,
    PutShippingPrices,
    PutTaxRates,
    PutTaxRules,
    RowsPut,
    put_price_list,
    put_promotion,
    put_shipping_prices,
    put_tax_rates,
    put_tax_rules,
)


async def _put_promotion(tx: Tx, wish: PutPromotion) -> PromotionView:
    return promotion_view(await put_promotion(tx, wish))


PUT_PRICE_LIST = one_by_one("pricing.put_price_list", PutPriceList, PriceList, put_price_list)
IMPORT_PRICES = one_by_one("pricing.import_prices", ImportPrices, PricesImported, import_prices)
PUT_TAX_RATES = one_by_one("pricing.put_tax_rates", PutTaxRates, RowsPut, put_tax_rates)
PUT_TAX_RULES = one_by_one("pricing.put_tax_rules", PutTaxRules, RowsPut, put_tax_rules)
PUT_SHIPPING_PRICES = one_by_one(
    "pricing.put_shipping_prices", PutShippingPrices, RowsPut, put_shipping_prices
)
PUT_PROMOTION = one_by_one("pricing.put_promotion", PutPromotion, PromotionView, _put_promotion)
PUT_COUPONS = one_by_one("pricing.put_coupons", PutCoupons, CouponsPut, put_coupons)

COMMANDS = [
    PUT_PRICE_LIST,
    IMPORT_PRICES,
    PUT_TAX_RATES,
    PUT_TAX_RULES,
    PUT_SHIPPING_PRICES,
    PUT_PROMOTION,
    PUT_COUPONS,
]
