"""``woocommerce``: what a WooCommerce shop sends by webhook or answers, and what it is told.

A webhook is the bare resource, or only its number when it was removed. An answer is a resource, a
list of them, or what a batch has made, changed and removed. Which it is stands in the topic of the
webhook, else in the links of the resource, else in the fields that only that resource has. What
asks nothing of the hub, such as a coupon, is a Notice, named by its path in the API.

Rules: WooCommerce REST API reference, version 3. Times in GMT (``*_gmt``) go before those of the
shop. Amounts are decimal text; those that are only told as a part of a sum are kept in ``rest``.
"""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO, Protocol

from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.family import (
    RECORD_BYTES_MAX,
    Context,
    Family,
    Reading,
    as_text,
    json_family,
)
from crosslane.channels.adapters.port import FORM, JSON, LINES, Fault
from crosslane.channels.adapters.shops import with_rest
from crosslane.channels.adapters.woocommerce.goods import product
from crosslane.channels.adapters.woocommerce.money import refund
from crosslane.channels.adapters.woocommerce.orders import order
from crosslane.channels.adapters.woocommerce.people import customer
from crosslane.channels.adapters.woocommerce.resource import links_of, notice
from crosslane.channels.adapters.woocommerce.telling import (
    FETCHES,
    LACKS,
    RATE,
    SETTINGS,
    TELLS,
)
from crosslane.channels.adapters.woocommerce.webhook import HEADERS, envelope, is_ping, verify
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import Notice


class Read(Protocol):
    """Reads one kind of resource."""

    def __call__(self, branch: Branch, context: Context, *, gone: bool) -> Iterator[Message]:
        """Say what a resource says."""
        ...


RESOURCES: Mapping[str, Read] = {
    "orders": order,
    "orders/refunds": refund,
    "refunds": refund,
    "products": product,
    "products/variations": product,
    "variations": product,
    "customers": customer,
}
"""Resources that become more than a notice, by their path in the API."""

# Fields that tell a resource without a topic or links; the first that fits.
MARKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("orders", frozenset({"line_items", "billing", "status"})),
    ("orders/refunds", frozenset({"amount", "reason"})),
    ("products/variations", frozenset({"regular_price", "sku"})),
    ("products", frozenset({"catalog_visibility", "slug"})),
    ("customers", frozenset({"billing", "shipping", "username"})),
    ("orders/notes", frozenset({"note", "customer_note"})),
    ("coupons", frozenset({"code", "discount_type"})),
    ("webhooks", frozenset({"delivery_url", "topic"})),
    ("customers/downloads", frozenset({"download_id", "order_key"})),
    ("system_status", frozenset({"environment", "database"})),
    ("action", frozenset({"action", "arg"})),
    ("index", frozenset({"namespace", "routes"})),
    ("error", frozenset({"code", "message"})),
    ("answer", frozenset({"message"})),
    ("error", frozenset({"error"})),
)
NAMES = ("id", "slug", "code")
BATCH = frozenset({"create", "update", "delete"})
LISTS_DEEP_MAX = 3


def understand(document: object, context: Context) -> Iterator[Message]:
    """Say what a document says.

    Raises:
        NotReadable: it is no resource of a shop, or one of its values is not what it must be.
    """
    topic, _, event = context.topic.partition(".")
    for branch, removed in _resources(document, ""):
        gone = removed or event == "deleted"
        name = f"{topic}s" if topic and topic != "action" else topic or _named(branch)
        if isinstance(branch.peek("error"), Mapping):
            name = "error"
        read = RESOURCES.get(name)
        said = read(branch, context, gone=gone) if read else [notice(branch, context, name)]
        yield from with_rest(said, branch)


def _resources(
    document: object, at: str, deep: int = 0, *, removed: bool = False
) -> Iterator[tuple[Branch, bool]]:
    """Yield the resources of a document, each with whether it was removed."""
    if isinstance(document, list) and deep < LISTS_DEEP_MAX:
        for place, one in enumerate(document):
            yield from _resources(one, f"{at}/{place}", deep + 1, removed=removed)
    elif not isinstance(document, dict):
        raise NotReadable(Fault("not-a-resource", "A resource is an object", at))
    elif document and document.keys() <= BATCH:
        for name, parts in document.items():
            yield from _resources(parts, f"{at}/{name}", deep + 1, removed=name == "delete")
    else:
        yield Branch.of(document, at), removed


def _named(branch: Branch) -> str:
    resource: Mapping[str, Any] = branch.value
    for steps in links_of(resource):
        if name := "/".join(step for step in steps if not step.isdigit()):
            return name
    for name, marks in MARKS:
        if marks <= resource.keys():
            return name
    if not any(name in branch for name in NAMES):
        detail = "What it is cannot be told from its fields"
        raise NotReadable(Fault("not-a-resource", detail, branch.at))
    return "resource"


# What a message's field is called in the record.
_NAMES = {
    "lines": "line_items",
    "ship_to": "shipping",
    "bill_to": "billing",
    "service": "shipping_lines/0/method_title",
    "buyer": "billing",
    "unit_price_milli": "total",
    "shipping_minor": "shipping_lines",
    "order": "parent_id",
    "region": "state",
    "event_at": "date_created_gmt",
    "placed_at": "date_created_gmt",
    "source_id": "id",
}


def point(pointer: str) -> str:
    """Turn a pointer into a message into one into the resource."""
    return "/".join(_NAMES.get(step, step) for step in pointer.split("/"))


def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
    """Read documents, or the form by which a new webhook asks whether somebody is there."""
    raw = stream.read(RECORD_BYTES_MAX + 1)
    if not is_ping(raw):
        yield from _DOCUMENTS.read(BytesIO(raw), context)
        return
    body = as_text(raw)
    number = body.strip().partition("=")[2]
    said = Notice(
        source_id=f"ping/{number}",
        event_at=context.received_at,
        channel=context.channel,
        topic="ping",
        title=body.strip(),
    )
    yield Reading(place=1, body=body, messages=(said,))


_BRINGS = frozenset(
    (
        *("order", "cancellation", "payment", "return", "fulfillment", "money"),
        *("product", "price", "contact", "notice"),
    )
)
_DOCUMENTS = json_family("woocommerce", _BRINGS, understand, pages=((),), point=point)
WOOCOMMERCE = Family(
    name="woocommerce",
    brings=_BRINGS,
    read=read,
    media_types=(JSON, LINES, FORM),
    point=point,
    headers=HEADERS,
    envelope=envelope,
    verify=verify,
    pings=is_ping,
    tells=TELLS,
    fetches=FETCHES,
    rate=RATE,
    settings=SETTINGS,
    lacks=LACKS,
)
