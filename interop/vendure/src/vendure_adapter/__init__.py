"""``vendure``: orders that a Vendure shop is asked for, and what becomes of them there.

Everything goes by the Admin API of Vendure 3. A connection's address is the server's, its token
``<user> <password>`` of an administrator who may read and update orders and the catalogue.
"""

from crosslane.channels.adapters import Fetching, Rate, Telling, json_family, wary, wary_of_pages
from vendure_adapter.fetching import fetch_orders
from vendure_adapter.offering import tell_price, tell_stock
from vendure_adapter.reading import point, understand
from vendure_adapter.telling import tell_cancellation, tell_less, tell_parcel

VENDURE = json_family(
    "vendure",
    frozenset({"order", "cancellation"}),
    understand,
    point=point,
    fetches=Fetching(
        fetch=wary_of_pages(fetch_orders), every_seconds=30, note="orders that were changed"
    ),
    tells={
        "fulfillment": Telling(tell=wary(tell_parcel), calls=4, note="a fulfilment, shipped"),
        "cancellation": Telling(tell=wary(tell_cancellation), calls=3, note="the order's end"),
        "amendment": Telling(tell=wary(tell_less), calls=3, note="units that are cancelled"),
        "supply_snapshot": Telling(
            tell=wary(tell_stock), rows_max=100, calls=3, note="stock levels of variants"
        ),
        "price": Telling(
            tell=wary(tell_price), calls=4, note="price of a variant, made when there is none"
        ),
    },
    rate=Rate(burst=10, per_second=5),
    settings={
        "channel_token": "token of the Vendure channel, when it is not the default one",
        "creates": "yes: an article that is not there is made when its price is told",
        "since": "instant from when on orders are fetched for the first time",
        "stock_location": "id of the stock location that is told of, else the first there is",
    },
)
