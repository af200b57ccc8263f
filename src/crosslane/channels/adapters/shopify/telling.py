"""What a shop can be told, how fast, and what it lacks."""

from crosslane.channels.adapters.fetching import Fetching
from crosslane.channels.adapters.shopify.admin import API_VERSION
from crosslane.channels.adapters.shopify.changing import (
    PART_LEFT,
    tell_amendment,
    tell_cancellation,
)
from crosslane.channels.adapters.shopify.fetching import fetch_orders
from crosslane.channels.adapters.shopify.offering import PRICES_MAX, tell_prices, tell_supply
from crosslane.channels.adapters.shopify.refunding import tell_money
from crosslane.channels.adapters.shopify.returning import tell_return
from crosslane.channels.adapters.shopify.shipping import tell_fulfillment
from crosslane.channels.adapters.telling import Rate, Telling

TELLS = {
    "fulfillment": Telling(
        tell=tell_fulfillment, calls=5, note="fulfillments with tracking, ready for pickup"
    ),
    "cancellation": Telling(tell=tell_cancellation, calls=3, note="orderCancel"),
    "amendment": Telling(tell=tell_amendment, calls=5, note="an order edit of quantities"),
    "money": Telling(tell=tell_money, calls=2, note="refundCreate, by the way it was paid"),
    "return": Telling(
        tell=tell_return, calls=2, note="returnApproveRequest, or returnDeclineRequest with why"
    ),
    "supply_snapshot": Telling(
        tell=tell_supply, calls=2, note="inventorySetQuantities of what is available"
    ),
    "price": Telling(
        tell=tell_prices, at_once_max=PRICES_MAX, calls=3, note="productVariantsBulkUpdate"
    ),
}
# The plainest plan fills its bucket by 100 points a second and holds 2,000; what we ask for costs
# 10 to 30. What is asked for too much all the same is answered THROTTLED, and waits.
RATE = Rate(burst=40, per_second=4)
# By REST the plainest plan takes two calls a second and 40 at once; others call as well.
FETCHES = Fetching(
    fetch=fetch_orders,
    rate=Rate(burst=10, per_second=1),
    note="orders that were changed, whole as webhooks tell them",
)
SETTINGS = {
    "api_version": f"version of the Admin API, {API_VERSION} when it is not set",
    "location": "number of the shop's location for stock of locations that are not mapped",
    "since": "instant from which orders are fetched the first time; a day ago as usual",
    "notify_customer": "yes: the shop writes to the customer about parcels and returns",
}
LACKS = {PART_LEFT: "the order is edited down to what has left"}
