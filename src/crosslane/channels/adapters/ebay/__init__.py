"""``ebay``: what eBay's Sell APIs answer, and the notifications it sends.

Read are orders and their parcels (Fulfillment API), cancellations and returns (Post-Order API),
articles and offers (Inventory API), and that an account was closed. eBay answers with a resource or
with a page of them; which it is stands in the fields that only that resource has. All else is a
Notice.

Rules: the OpenAPI descriptions that eBay publishes of these APIs. Its notifications are signed with
keys that have to be fetched, so they are taken as files and not at the door.
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.ebay.fetching import fetch_orders
from crosslane.channels.adapters.ebay.goods import item, offer
from crosslane.channels.adapters.ebay.offering import tell_price, tell_stock
from crosslane.channels.adapters.ebay.orders import ZONE, cancellation, identity, order, parcel
from crosslane.channels.adapters.ebay.returns import goods_back
from crosslane.channels.adapters.ebay.shipping import tell_parcel
from crosslane.channels.adapters.family import Context, Family, json_family
from crosslane.channels.adapters.fetching import Fetching
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.shops import with_rest
from crosslane.channels.adapters.telling import Rate, Telling
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import ContactEvent, Notice

Read = Callable[[Branch, Context], Iterator[Message]]
# Fields that only one resource has, and who reads it; the first that fits.
MARKS: tuple[tuple[frozenset[str], Read], ...] = (
    (frozenset({"orderId", "lineItems", "orderPaymentStatus"}), order),
    (frozenset({"cancelId", "cancelStatus", "legacyOrderId"}), cancellation),
    (frozenset({"returnId", "creationInfo"}), goods_back),
    (frozenset({"sku", "offerId"}), offer),
    (frozenset({"sku", "product"}), item),
)
PLACES = (
    *("orders", "cancellations", "cancelDetail", "members", "summary"),
    *("inventoryItems", "offers"),
)
FULFILLMENTS = "fulfillments"
CLOSED = "MARKETPLACE_ACCOUNT_DELETION"
_ORDER = re.compile(r"/order/([^/?]+)/shipping_fulfillment")


def understand(document: object, context: Context) -> Iterator[Message]:
    """Say what a record says.

    Raises:
        NotReadable: it is nothing of eBay's, or one of its values is not what it must be.
    """
    if isinstance(document, list):
        for place, one in enumerate(document):
            if not isinstance(one, dict):
                raise NotReadable(Fault("not-a-resource", "A resource is an object", f"/{place}"))
            yield from _say(Branch.of(one, f"/{place}"), context)
    elif isinstance(document, dict) and document:
        yield from _say(Branch.of(document), context)
    else:
        raise NotReadable(Fault("not-a-resource", "A resource is an object"))


def _say(whole: Branch, context: Context) -> Iterator[Message]:
    said: list[Message] = []
    for branch, read in _resources(whole):
        said += with_rest(read(branch, context), branch)
        branch.finish()
    said = said or list(_parcels(whole, context)) or [_other(whole, context)]
    if left := whole.rest():
        said[0] = msgspec.structs.replace(said[0], rest=left | said[0].rest)
    yield from said


def _resources(whole: Branch) -> Iterator[tuple[Branch, Read]]:
    """Yield the resources of an answer with who reads each."""
    if (own := _read_of(whole)) is not None:
        yield whole, own
        return
    for place in PLACES:
        value = whole.peek(place)
        found = [whole.branch(place)] if isinstance(value, dict) else []
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            found = whole.branches(place)
        for branch in found:
            if (read := _read_of(branch)) is not None:
                yield branch, read


def _read_of(branch: Branch) -> Read | None:
    return next((read for marks, read in MARKS if marks <= branch.value.keys()), None)


def _parcels(whole: Branch, context: Context) -> Iterator[Message]:
    """Yield the parcels of an order, whose number stands in the address they were got from."""
    found = _ORDER.search(whole.word("href"))
    parts = whole.peek(FULFILLMENTS)
    if found and isinstance(parts, list) and all(isinstance(one, dict) for one in parts):
        for part in whole.branches(FULFILLMENTS):
            yield parcel(part, context, found[1])


def _other(whole: Branch, context: Context) -> Message:
    """Return a notification, or what asks nothing of the hub."""
    topic = whole.branch("metadata").word("topic") if "metadata" in whole else ""
    told = whole.branch("notification") if topic else whole
    at = told.moment("eventDate", zone=ZONE) if topic else None
    number = told.word("notificationId")
    if topic == CLOSED:
        who = told.branch("data")
        return ContactEvent(
            **identity(who.needed("userId"), at, at, context),
            topic="data_request",
            name=who.text("username")[:500],
            text="The account was closed at eBay: its data is to be removed",
        )
    if not any(isinstance(part, dict | list) for part in whole.value.values()):
        detail = "What it is cannot be told from its fields"
        raise NotReadable(Fault("not-a-resource", detail, whole.at))
    name = topic or next(iter(sorted(whole.value)))
    return Notice(**identity(f"{name}/{number}"[:100], at, at, context), topic=name[:100])


# What a message's field is called in the record.
_NAMES = {
    "lines": "lineItems",
    "ship_to": "fulfillmentStartInstructions",
    "unit_price_milli": "lineItemCost",
    "event_at": "creationDate",
    "source_id": "orderId",
}


def point(pointer: str) -> str:
    """Turn a pointer into a message into one into the resource."""
    return "/".join(_NAMES.get(step, step) for step in pointer.split("/"))


_BRINGS = frozenset(
    (
        *("order", "cancellation", "payment", "return", "fulfillment", "money"),
        *("product", "price", "contact", "notice"),
    )
)
EBAY: Family = json_family(
    "ebay",
    _BRINGS,
    understand,
    pages=((), ("orders",), ("members",), ("inventoryItems",)),
    point=point,
    tells={
        "fulfillment": Telling(
            tell=tell_parcel, calls=2, note="shipping fulfillment with carrier and tracking"
        ),
        "supply_snapshot": Telling(
            tell=tell_stock, rows_max=100, note="quantity of inventory items, 25 a call"
        ),
        "price": Telling(tell=tell_price, calls=2, note="price of the article's offer"),
    },
    fetches=Fetching(
        fetch=fetch_orders,
        rate=Rate(burst=20, per_second=0.5),
        note="orders that were changed, with their goods, people, money and state",
    ),
    rate=Rate(burst=20, per_second=2.0),
    settings={
        "client_id": "of our application at eBay; the token is its secret, a blank, and the "
        "seller's refresh token",
        "marketplace": "of offers, such as EBAY_GB",
        "language": "of offers, en-GB as usual",
        "since": "instant from which orders are fetched the first time; a day ago as usual",
        "token_url": "where tokens are got, eBay's own as usual",
    },
    lacks={
        "cancellation": "a person cancels at eBay, where its reason and its refund are chosen",
        "money": "refunds ask for a signature of their own: a person gives them at eBay",
        "return": "decisions ask for that signature as well: a person takes them at eBay",
    },
)
