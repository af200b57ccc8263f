"""``shopify``: what a Shopify shop sends by webhook or answers by REST, and what it is told.

A webhook is the bare resource, an answer of the API wraps it in its name or in that of several.
Which it is stands in the topic of the webhook; without one the wrapper says it, else the fields
that only that resource has. A resource that asks nothing of the hub, such as a shipping zone, is a
Notice, and so is an order that was placed to try the shop.

Rules: Admin REST API reference of Shopify, version 2024-10. Times carry their zone. Amounts are
decimal text in the shop's currency; a ``*_set`` beside one says the same in two currencies and is
kept in ``rest``.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.family import Context, json_family, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.shopify.goods import (
    fulfillment,
    inventory_item,
    inventory_levels,
    product,
    variant,
)
from crosslane.channels.adapters.shopify.money import (
    adjustment,
    dispute,
    gift_card,
    payout,
    refund,
    tender_transaction,
    transaction,
)
from crosslane.channels.adapters.shopify.orders import order
from crosslane.channels.adapters.shopify.people import customer, data_request, notice
from crosslane.channels.adapters.shopify.resource import identity
from crosslane.channels.adapters.shopify.returning import returned
from crosslane.channels.adapters.shopify.telling import (
    FETCHES,
    LACKS,
    RATE,
    SETTINGS,
    TELLS,
)
from crosslane.channels.adapters.shopify.webhook import HEADERS, envelope, verify
from crosslane.channels.adapters.shops import with_rest
from crosslane.channels.domain.messages import Cancellation, Message
from crosslane.channels.domain.reports import ContactEvent, ProductPatch

Read = Callable[[Branch, Context], Iterator[Message]]

RESOURCES: Mapping[str, Read] = {
    "order": order,
    "fulfillment": fulfillment,
    "refund": refund,
    "transaction": transaction,
    "tender_transaction": tender_transaction,
    "dispute": dispute,
    "payout": payout,
    "gift_card": gift_card,
    "adjustment": adjustment,
    "product": product,
    "variant": variant,
    "inventory_item": inventory_item,
    "inventory_level": inventory_levels,
    "customer": customer,
    "return": returned,
    "data_request": data_request,
}
"""Resources that become more than a notice, by their name in the singular."""

TOPICS = {
    "orders": "order",
    "fulfillments": "fulfillment",
    "refunds": "refund",
    "order_transactions": "transaction",
    "tender_transactions": "tender_transaction",
    "disputes": "dispute",
    "products": "product",
    "returns": "return",
    "inventory_items": "inventory_item",
    "inventory_levels": "inventory_level",
    "customers": "customer",
}

# What happens to a resource that is told whole, or by its number when it is gone.
EVENTS = frozenset(
    (
        *("", "create", "update", "updated", "delete", "edited", "cancelled", "paid"),
        *("fulfilled", "partially_fulfilled", "enable", "disable", "connect", "disconnect"),
    )
)
GONE = "/delete"
COUNT = "count"

# Fields that tell a resource without a wrapper or topic; the first that fits.
MARKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("order", frozenset({"line_items", "financial_status"})),
    ("refund", frozenset({"refund_line_items", "order_id"})),
    ("return", frozenset({"return_line_items", "status"})),
    ("fulfillment", frozenset({"line_items", "order_id", "tracking_number"})),
    ("inventory_level", frozenset({"inventory_item_id", "location_id", "available"})),
    ("inventory_item", frozenset({"sku", "tracked"})),
    ("product", frozenset({"variants", "handle"})),
    ("variant", frozenset({"product_id", "inventory_item_id", "price"})),
    ("dispute", frozenset({"network_reason_code", "evidence_due_by"})),
    ("tender_transaction", frozenset({"remote_reference", "payment_method", "amount"})),
    ("transaction", frozenset({"kind", "gateway", "amount"})),
    ("customer", frozenset({"first_name", "last_name", "email"})),
)
PRIVACY = frozenset({"orders_requested", "orders_to_redact", "data_request"})


def understand(document: object, context: Context) -> Iterator[Message]:
    """Say what a document says.

    Raises:
        NotReadable: it is no resource of a shop, or one of its values is not what it must be.
    """
    gone = context.topic.endswith(GONE)
    for name, branch in _resources(document, context.topic):
        read = RESOURCES.get(name, notice(name))
        said = list(_removed(name, branch, context) if gone else read(branch, context))
        # Such as a refund without money, of goods that never left: its order tells of them.
        said = said or list(notice(name)(branch, context))
        yield from with_rest(said, branch)


def _removed(name: str, branch: Branch, context: Context) -> Iterator[Message]:
    """Say that a shop has something no longer, of which it tells hardly more than the number."""
    at = context.said_at or context.received_at
    told = identity(branch, context) | {"source_version": version_of(at), "event_at": at}
    if name == "order":
        yield Cancellation(**told, reason="removed from the shop")  # type: ignore[arg-type]
        return
    for message in RESOURCES.get(name, notice(name))(branch, context):
        if isinstance(message, ContactEvent | ProductPatch):
            version = max(message.source_version, version_of(at))
            yield msgspec.structs.replace(message, source_version=version, gone=True)
        else:
            yield message


def _resources(document: object, topic: str) -> Iterator[tuple[str, Branch]]:
    if isinstance(document, list):
        for place, one in enumerate(document):
            yield _named(one, topic), Branch.of(one, f"/{place}")
        return
    if not isinstance(document, dict):
        raise NotReadable(Fault("not-a-resource", "The document is no object"))
    name, wrapped = next(iter(document.items()), ("", None))
    if len(document) == 1 and isinstance(wrapped, dict):
        yield name, Branch.of(wrapped, f"/{name}")
    elif len(document) == 1 and isinstance(wrapped, list):
        yield from _listed(name, wrapped)
    elif len(document) == 1 and name == COUNT:
        yield name, Branch.of(document)
    else:
        yield _named(document, topic), Branch.of(document)


def _listed(name: str, parts: list[object]) -> Iterator[tuple[str, Branch]]:
    single = _singular(name)
    for place, one in enumerate(parts):
        if isinstance(one, dict):
            yield single, Branch.of(one, f"/{name}/{place}")
        elif single in RESOURCES:
            raise NotReadable(
                Fault("not-a-resource", "A resource is an object", f"/{name}/{place}")
            )
        else:
            # A list of numbers, such as of all products.
            yield single, Branch.of({name: parts})
            return


def _named(resource: object, topic: str) -> str:
    if not isinstance(resource, dict):
        raise NotReadable(Fault("not-a-resource", "A resource is an object"))
    group, _, event = topic.partition("/")
    if event in ("redact", "data_request"):
        return "data_request"
    if group in TOPICS:
        # Of other events only a few words are told, such as that an order may be a fraud.
        return TOPICS[group] if event in EVENTS else f"{TOPICS[group]}_{event}"
    if group:
        return _singular(group)
    if not PRIVACY.isdisjoint(resource):
        return "data_request"
    for name, marks in MARKS:
        if marks <= resource.keys():
            return name
    if "id" in resource:
        return "resource"
    raise NotReadable(Fault("not-a-resource", "What it is cannot be told from its fields"))


# What a message's field is called in the record.
_NAMES = {
    "lines": "line_items",
    "ship_to": "shipping_address",
    "bill_to": "billing_address",
    "service": "shipping_lines/0/code",
    "buyer": "customer",
    "unit_price_milli": "price",
    "prices_include_tax": "taxes_included",
    "location": "location_id",
    "order": "order_id",
    "postcode": "zip",
    "country": "country_code",
    "event_at": "created_at",
    "placed_at": "created_at",
    "source_id": "id",
}


def point(pointer: str) -> str:
    """Turn a pointer into a message into one into the resource."""
    return "/".join(_NAMES.get(step, step) for step in pointer.split("/"))


def _singular(name: str) -> str:
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")


SHOPIFY = json_family(
    "shopify",
    frozenset(
        {
            "order",
            "cancellation",
            "payment",
            "return",
            "fulfillment",
            "money",
            "supply_snapshot",
            "product",
            "price",
            "contact",
            "notice",
        }
    ),
    understand,
    pages=((), ("orders",), ("products",), ("customers",)),
    point=point,
    headers=HEADERS,
    envelope=envelope,
    verify=verify,
    tells=TELLS,
    fetches=FETCHES,
    rate=RATE,
    settings=SETTINGS,
    lacks=LACKS,
)
