"""What placing an order and adding to it is refused for."""

from crosslane.customers import (
    ADDRESS_REFUSALS,
    IDENTITY_REFUSALS,
    UnknownCustomer,
)
from crosslane.locations import LocationUnknown
from crosslane.orders import errors
from crosslane.organization import UnknownChannel
from crosslane.payments import TENDER_REFUSALS
from crosslane.pricing import CART_REFUSALS, COUPON_REFUSALS, GOODS_REFUSALS, QUOTE_REFUSALS
from crosslane.sourcing import DELIVERY_REFUSALS, OFFER_REFUSALS

# What wished lines and their payment are refused for.
LINE_REFUSALS = (
    errors.SkuNotOnSale,
    errors.MethodRefused,
    errors.StoreNeeded,
    errors.StoreUnfit,
    LocationUnknown,
    errors.AddressNeeded,
    errors.TendersDiffer,
    *GOODS_REFUSALS,
    *TENDER_REFUSALS,
)
PLACE_REFUSALS = (
    UnknownChannel,
    UnknownCustomer,
    errors.SourceIdTaken,
    errors.BackdatingForbidden,
    errors.PaidAtTheTill,
    errors.NotEnoughStock,
    *LINE_REFUSALS,
    *IDENTITY_REFUSALS,
    *ADDRESS_REFUSALS,
    *CART_REFUSALS,
    *COUPON_REFUSALS,
    *QUOTE_REFUSALS,
    *DELIVERY_REFUSALS,
    *OFFER_REFUSALS,
)
