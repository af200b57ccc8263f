"""What a shop can be told, how fast, and what it lacks."""

from crosslane.channels.adapters.fetching import Fetching
from crosslane.channels.adapters.telling import Rate, Telling, wary
from crosslane.channels.adapters.woocommerce.changing import (
    CANCEL_PART,
    tell_amendment,
    tell_cancellation,
)
from crosslane.channels.adapters.woocommerce.fetching import fetch_orders
from crosslane.channels.adapters.woocommerce.offering import BATCH_MAX, tell_prices, tell_supply
from crosslane.channels.adapters.woocommerce.refunding import tell_money
from crosslane.channels.adapters.woocommerce.returning import tell_return
from crosslane.channels.adapters.woocommerce.shipping import tell_fulfillment

TELLS = {
    "fulfillment": Telling(
        tell=wary(tell_fulfillment), calls=5, note="a note or Shipment Tracking, then completed"
    ),
    "cancellation": Telling(tell=wary(tell_cancellation), calls=2, note="status cancelled"),
    "amendment": Telling(
        tell=wary(tell_amendment), calls=3, note="a refund of units without money"
    ),
    "money": Telling(tell=wary(tell_money), calls=3, note="a refund, whole or in part"),
    "return": Telling(
        tell=wary(tell_return), calls=2, note="a note for the shop's people, with why it may not"
    ),
    "supply_snapshot": Telling(
        tell=wary(tell_supply), calls=3, note="stock of products and variations"
    ),
    "price": Telling(
        tell=wary(tell_prices), at_once_max=BATCH_MAX, calls=3, note="regular and sale price"
    ),
}
# Shops name no limit; each runs on a machine of its own, which has buyers to serve as well.
RATE = Rate(burst=10, per_second=3)
FETCHES = Fetching(
    fetch=fetch_orders,
    rate=Rate(burst=5, per_second=1),
    note="orders that were changed or put into the trash, whole",
)
SETTINGS = {
    "completes": "no: the status of an order is left alone when all of it has left",
    "location": "code of the location whose units are told, when it is not their sum",
    "refunds": "recorded: the money is given by somebody else, and the shop only notes it",
    "since": "instant from which orders are fetched the first time; a day ago as usual",
    "states": "what states of plugins mean: packed=processing, pre-ordered=on-hold",
    "tracking": "shipment_tracking: numbers go to that extension instead of a note",
}
LACKS = {CANCEL_PART: "a refund of these units that gives no money; the money is told as money"}
