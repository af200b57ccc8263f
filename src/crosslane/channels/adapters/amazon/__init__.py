"""``amazon``: what Amazon's Selling Partner API answers, and the notifications it sends.

Read are orders (version 0 and 2026-01-01), shipments and returns of External Fulfillment, orders
of vendors, listings and stock that lies with Amazon, finances. What Amazon fulfills itself, and all
that asks nothing of the hub, is a Notice. Amazon answers with a resource or with a page of them,
often inside a ``payload``; which it is stands in the fields that only that resource has.

Rules: the models that Amazon publishes for the API. Notifications come by an API destination of
EventBridge, which knows the secret as its key.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from crosslane.channels.adapters.amazon import (
    goods,
    money,
    orders,
    orders_v0,
    returns,
    shipments,
    vendors,
)
from crosslane.channels.adapters.amazon.calling import patience
from crosslane.channels.adapters.amazon.envelopes import cut, innermost, opened
from crosslane.channels.adapters.amazon.fetching import fetch_orders
from crosslane.channels.adapters.amazon.notifications import is_notification, notification
from crosslane.channels.adapters.amazon.offering import tell_price, tell_stock
from crosslane.channels.adapters.amazon.resource import ZONE, notice
from crosslane.channels.adapters.amazon.shipping import tell_parcel
from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.family import Context, Family, json_family
from crosslane.channels.adapters.fetching import Fetching
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.shops import with_rest
from crosslane.channels.adapters.telling import Rate, Telling
from crosslane.channels.domain.messages import Message

Read = Callable[[Branch, Context], Iterator[Message]]

# Fields that only one resource has, and who reads it; the first that fits.
MARKS: tuple[tuple[frozenset[str], Read], ...] = (
    (frozenset({"AmazonOrderId", "PurchaseDate", "OrderStatus"}), orders_v0.order),
    (frozenset({"AmazonOrderId", "OrderItems"}), orders_v0.items),
    (frozenset({"AmazonOrderId", "ShippingAddress"}), orders_v0.whereabouts),
    (frozenset({"AmazonOrderId", "BuyerEmail"}), orders_v0.buyer),
    (frozenset({"AmazonOrderId", "BuyerName"}), orders_v0.buyer),
    (frozenset({"orderId", "salesChannel", "orderItems"}), orders.order),
    (frozenset({"purchaseOrderNumber", "orderDetails"}), vendors.purchase_order),
    (frozenset({"vendorShipmentIdentifier", "currentShipmentStatus"}), vendors.shipment),
    (frozenset({"returnType", "returnMetadata", "status"}), returns.goods_back),
    (frozenset({"locationId", "status", "lineItems"}), shipments.shipment),
    (frozenset({"sku", "summaries"}), goods.listing),
    (frozenset({"sku", "offers"}), goods.listing),
    (frozenset({"sellerSku", "fnSku", "totalQuantity"}), goods.summary),
    (frozenset({"transactionType", "totalAmount"}), money.transaction),
)
# Where an answer holds resources; a page of them, or one.
PLACES = (
    *("payload", "Orders", "orders", "order", "shipments", "returns"),
    *("items", "inventorySummaries", "transactions"),
)
FOUND_DEEP_MAX = 4
_LISTS = (("payload", "Orders"), ("payload", "orders"), ("orders",), ("shipments",), ("returns",))
PAGES = (*_LISTS, *(("response", *way) for way in _LISTS))
KEY = "x-api-key"


def understand(document: object, context: Context) -> Iterator[Message]:
    """Say what a record says.

    Raises:
        NotReadable: it is nothing of Amazon's, or one of its values is not what it must be.
    """
    if not isinstance(document, dict):
        raise NotReadable(Fault("not-a-resource", "A record is an object"))
    whole = Branch.of(opened(document))
    inner = innermost(whole)
    if is_notification(inner):
        yield from with_rest(notification(inner, context), whole)
        return
    said: list[Message] = []
    asked = "response" in whole.value and ("op" in whole or "path" in whole)
    for branch, read in _resources(whole, "response" if asked else ""):
        said += with_rest(read(branch, context), branch)
        branch.finish()
    said = said or [_notice(whole, context, asked=asked)]
    if left := whole.rest():
        said[0] = msgspec.structs.replace(said[0], rest=left | said[0].rest)
    yield from said


def _resources(whole: Branch, name: str) -> Iterator[tuple[Branch, Read]]:
    """Yield the resources of an answer with who reads each."""
    waiting = list(reversed(_within(whole, name))) if name else [(whole, 0)]
    while waiting:
        branch, deep = waiting.pop()
        names = branch.value.keys()
        read = next((r for marks, r in MARKS if marks <= names), None)
        if read is not None:
            yield branch, read
        elif deep < FOUND_DEEP_MAX:
            inside = [found for place in PLACES for found in _within(branch, place, deep + 1)]
            waiting += reversed(inside)


def _within(branch: Branch, name: str, deep: int = 0) -> list[tuple[Branch, int]]:
    value = branch.peek(name)
    if isinstance(value, dict):
        return [(branch.branch(name), deep)] if value else []
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return [(part, deep) for part in branch.branches(name)]
    return []


def _notice(whole: Branch, context: Context, *, asked: bool) -> Message:
    """Return a record that asks nothing of the hub: what was asked, or what is told of itself."""
    answer = Branch.of(whole.peek("response")) if asked else whole
    errors = answer.value.get("errors") if isinstance(answer.value, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if isinstance(first, dict):
        words = (first.get("code"), first.get("message"))
        title = ": ".join(word for word in words if isinstance(word, str))
        return notice(whole, context, "error", title=title)
    if asked:
        return notice(whole, context, whole.word("op") or whole.word("path"))
    if not any(isinstance(part, dict | list) for part in whole.value.values()):
        names = ("supplySourceId", "submissionId", "transactionId", "AmazonOrderId", "sku")
        if not any(whole.word(name) for name in names):
            detail = "What it is cannot be told from its fields"
            raise NotReadable(Fault("not-a-resource", detail))
    at = whole.moment("time", zone=ZONE) if "detail-type" in whole else None
    return notice(whole, context, whole.word("detail-type") or "answer", at=at)


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether whoever calls knows one of the secrets, as an API destination's key."""
    del body
    told = headers.get(KEY, "").encode("utf-8", "replace")
    found = [hmac.compare_digest(secret.encode(), told) for secret in secrets]
    return any(found)


# What a message's field is called in the record.
_NAMES = {
    "lines": "OrderItems",
    "ship_to": "ShippingAddress",
    "unit_price_milli": "ItemPrice",
    "event_at": "PurchaseDate",
    "source_id": "AmazonOrderId",
}


def point(pointer: str) -> str:
    """Turn a pointer into a message into one into the resource."""
    return "/".join(_NAMES.get(step, step) for step in pointer.split("/"))


_BRINGS = frozenset(
    (
        *("order", "amendment", "cancellation", "payment", "return", "fulfillment", "money"),
        *("product", "price", "supply_snapshot", "contact", "notice"),
    )
)
AMAZON: Family = json_family(
    "amazon",
    _BRINGS,
    understand,
    cut=cut,
    pages=PAGES,
    point=point,
    verify=verify,
    tells={
        "fulfillment": Telling(
            tell=tell_parcel,
            calls=1,
            note="shipment confirmation with carrier and tracking, parcel by parcel; in store: "
            "ready and fetched (2 a second, burst 10)",
        ),
        "supply_snapshot": Telling(
            tell=tell_stock,
            rows_max=20,
            calls=10,
            note="availability by SKU, or External Fulfillment's inventory, ten SKUs a call",
        ),
        "price": Telling(tell=tell_price, note="the offer's price, and a reduction while it holds"),
    },
    fetches=Fetching(
        fetch=fetch_orders,
        rate=Rate(burst=20, per_second=0.0056),
        note="orders that were updated, with their goods, people, money and parcels",
    ),
    rate=Rate(burst=10, per_second=2.0),
    patience=patience,
    settings={
        "client_id": "of our application at Amazon; the token is its secret, a blank, and the "
        "seller's refresh token",
        "seller": "the seller's identifier",
        "marketplace": "identifier of the marketplace, such as A1F83G8C2ARO7P",
        "since": "instant from which orders are fetched the first time; a day ago as usual",
        "store": "where orders are collected that name no store, such as all of a seller with one",
        "stock": "external: tell stock to External Fulfillment, location by location",
        "channel_name": "of External Fulfillment: MFN, as usual, or FBA",
        "product_type": "of listings, PRODUCT as usual",
        "token_url": "where tokens are got, Amazon's own as usual",
    },
    lacks={
        "cancellation": "sellers cancel in Seller Central: a person does, and Amazon tells of it",
        "amendment": "units that are not sent are cancelled in Seller Central",
        "money": "refunds are given in Seller Central: a person does, and Finances tell of it",
        "return": "Amazon lets goods come by rules of its own, or a person does in Seller Central",
    },
)
