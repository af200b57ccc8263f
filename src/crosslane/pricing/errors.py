"""Every way in which pricing says no."""

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound
from crosslane.platform.seals import SealsOff


class TaxRateUnknown(Invalid):
    """No tax rate is known for class {tax_class} in {country} at {at}."""


class PriceUnknown(Invalid):
    """There is no price for {sku} in {currency} for this sale."""


class DictatedPriceNotAllowed(Forbidden):
    """Channel {channel} must sell at Crosslane's own prices, not at prices it dictates."""


class DictatingNotAllowed(Forbidden):
    """The caller may not dictate prices; the permission pricing:dictate is needed."""


class OverrideNotAllowed(Forbidden):
    """The caller may not override prices; the permission pricing:override is needed."""


class OverrideReasonMissing(Invalid):
    """A price override needs a reason."""


class PriceOutOfRange(Invalid):
    """A unit price must be between 0 and {most} thousandths of a minor unit."""


class OtherCustomer(Forbidden):
    """A customer may ask for prices for itself only, and not for those of a customer group."""


class CartTooLarge(Invalid):
    """A cart may have at most {most} {what}."""


class DuplicateLineKey(Invalid):
    """The line key {key} is used twice in one cart."""


class DeliveryPriceUnknown(Invalid):
    """There is no price for delivery service {service} to {destination} in {currency}."""


class QuoteForged(Invalid):
    """The quote was not signed here or was changed."""


class QuoteExpired(Conflict):
    """The quote expired at {expires_at}; ask for a new one."""


class QuoteMismatch(Conflict):
    """The quote was given for another cart: {what} differs."""


class PriceListUnknown(NotFound):
    """There is no price list {code}."""


class PriceListFixed(Conflict):
    """The {field} of price list {code} cannot change: its prices are in it. Open a new list."""


class PromotionUnknown(NotFound):
    """There is no promotion {code}."""


class CouponUsedUp(Conflict):
    """Coupon {code} has been used as often as it may be."""


class CouponUsedUpByCustomer(Conflict):
    """The customer has used coupon {code} as often as one customer may."""


class CouponNeedsCustomer(Conflict):
    """Coupon {code} is limited per customer, so a known customer must use it."""


class BadValidity(Invalid):
    """A row must begin before it ends."""


class BadPromotion(Invalid):
    """The promotion {code} is not complete: {why}."""


class BadPriceList(Invalid):
    """The price list {code} is not complete: {why}."""


class PriceTwice(Invalid):
    """Row {row} has the price of the same SKU, quantity and start already."""


class CouponElsewhere(Conflict):
    """These coupons belong to another promotion: {codes}."""


class CouponLimitTooLow(Conflict):
    """{uses} orders use coupon {code} already, more than {uses_max}; end it by valid_to instead."""


class BadCoupon(Invalid):
    """{code} is no coupon code: 3 to 40 capital letters, digits and dashes."""


# What goods are refused a price for, a whole cart with its delivery, and its coupons and quote.
GOODS_REFUSALS = (
    PriceUnknown,
    TaxRateUnknown,
    PriceOutOfRange,
    DictatedPriceNotAllowed,
    DictatingNotAllowed,
    OverrideNotAllowed,
    OverrideReasonMissing,
)
CART_REFUSALS = (*GOODS_REFUSALS, DeliveryPriceUnknown, CartTooLarge)
COUPON_REFUSALS = (CouponUsedUp, CouponUsedUpByCustomer, CouponNeedsCustomer)
QUOTE_REFUSALS = (QuoteExpired, QuoteForged, QuoteMismatch, SealsOff)
