"""``square``: what a Square till sends by webhook or answers by its API, and what it is told.

Read are orders, payments, refunds, disputes, payouts, counts and changes of stock, articles and
customers. A webhook wraps its resource and says its kind; an answer names it by the field it lies
in; a resource alone is told by fields that only it has. All else is a Notice, kept whole, and so is
what somebody asks of Square: a request is no fact. A webhook about an order only says its number,
so orders are fetched. A file may hold many records by their names, as Square's examples do.

Rules: Square API reference, version 2026-09-16.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.family import Context, Family, json_family
from crosslane.channels.adapters.fetching import Fetching
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.shops import with_rest
from crosslane.channels.adapters.square.fetching import fetch_orders
from crosslane.channels.adapters.square.goods import adjustment, catalog_object, change, count
from crosslane.channels.adapters.square.money import dispute, payment, payout, refund
from crosslane.channels.adapters.square.offering import tell_stock
from crosslane.channels.adapters.square.orders import order
from crosslane.channels.adapters.square.people import customer
from crosslane.channels.adapters.square.resource import identity, notice, when
from crosslane.channels.adapters.square.webhook import HEADERS, signs, verify
from crosslane.channels.adapters.telling import Rate, Telling
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import Notice, ProductPatch

Read = Callable[[Branch, Context], Iterator[Message]]
# Where resources lie in an answer or a webhook, one or several of them.
PLACES: Mapping[str, Read] = {
    "order": order,
    "orders": order,
    "payment": payment,
    "payments": payment,
    "refund": refund,
    "refunds": refund,
    "dispute": dispute,
    "disputes": dispute,
    "payout": payout,
    "payouts": payout,
    "count": count,
    "counts": count,
    "inventory_counts": count,
    "changes": change,
    "adjustment": adjustment,
    "object": catalog_object,
    "objects": catalog_object,
    "related_objects": catalog_object,
    "catalog_object": catalog_object,
    "items": catalog_object,
    "customer": customer,
    "customers": customer,
}
# Fields that only one resource has, and who reads it; the first that fits.
MARKS: tuple[tuple[frozenset[str], Read], ...] = (
    (frozenset({"id", "line_items", "state"}), order),
    (frozenset({"id", "status", "source_type", "amount_money"}), payment),
    (frozenset({"id", "status", "payment_id", "amount_money"}), refund),
    (frozenset({"id", "state", "disputed_payment"}), dispute),
    (frozenset({"id", "status", "destination", "amount_money"}), payout),
    (frozenset({"catalog_object_id", "from_state", "to_state"}), adjustment),
    (frozenset({"catalog_object_id", "location_id", "state", "quantity"}), count),
    (frozenset({"id", "type", "item_data"}), catalog_object),
    (frozenset({"id", "type", "item_variation_data"}), catalog_object),
    (frozenset({"id", "given_name"}), customer),
    (frozenset({"id", "creation_source"}), customer),
)
EVENT = frozenset({"type", "event_id", "data"})
REMOVED = "deleted_object_ids"
KEY = "idempotency_key"
NAMES = ("id", "order_id", "payment_id", "customer_id", "location_id")
_NAME = re.compile(r"[A-Z][A-Za-z]{2,79}")
_ASKED = re.compile(r"(Request|Query)$")


def cut(document: bytes) -> Iterable[bytes]:
    """Take a file apart that holds records by their names; each goes with its name."""
    try:
        told = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return (document,)
    if len(told) < 2 or not all(_NAME.fullmatch(name) for name in told):
        return (document,)
    return [
        b'{"%s":%s}' % (name.encode(), bytes(raw))
        for name, raw in told.items()
        if bytes(raw).strip() != b"{}"
    ]


def understand(document: object, context: Context) -> Iterator[Message]:
    """Say what a record says.

    Raises:
        NotReadable: it is nothing of Square's, or one of its values is not what it must be.
    """
    if isinstance(document, list):
        for place, one in enumerate(document):
            if not isinstance(one, Mapping):
                raise NotReadable(Fault("not-a-resource", "A resource is an object", f"/{place}"))
            yield from _say(Branch.of(one, f"/{place}"), context, "")
    elif isinstance(document, Mapping) and document:
        name, value = next(iter(document.items()))
        if len(document) == 1 and _NAME.fullmatch(name) and isinstance(value, Mapping):
            yield from _say(Branch.of(value, f"/{name}"), context, name)
        else:
            yield from _say(Branch.of(document), context, "")
    else:
        raise NotReadable(Fault("not-a-resource", "A resource is an object"))


def _say(whole: Branch, context: Context, name: str) -> Iterator[Message]:
    said: list[Message] = []
    if whole.value.keys() >= EVENT:
        said = list(_event(whole, context))
    elif not (KEY in whole.value or _ASKED.search(name)):
        for branch, read in _resources(whole):
            said += _read(branch, read, context)
        said = said or list(_removed(whole, context))
    said = said or [_other(whole, context, name)]
    said[0] = msgspec.structs.replace(said[0], rest=whole.rest() | said[0].rest)
    yield from said


def _read(branch: Branch, read: Read, context: Context) -> list[Message]:
    said = list(with_rest(read(branch, context), branch))
    branch.finish()
    return said


def _resources(whole: Branch) -> Iterator[tuple[Branch, Read]]:
    """Yield the resources of an answer with who reads each."""
    for marks, read in MARKS:
        if marks <= whole.value.keys():
            yield whole, read
            return
    for place, read in PLACES.items():
        for branch in _parts(whole, place):
            yield branch, read
    # Answers to several wishes at once are kept by what was wished for.
    answers = whole.peek("responses")
    if isinstance(answers, dict):
        every = whole.branch("responses")
        for number, value in answers.items():
            if isinstance(value, dict):
                yield from _resources(every.branch(number))


def _parts(whole: Branch, place: str) -> list[Branch]:
    value = whole.peek(place)
    if isinstance(value, dict) and value:
        return [whole.branch(place)]
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return whole.branches(place)
    return []


def _event(whole: Branch, context: Context) -> Iterator[Message]:
    """Say what a webhook says: its resource, or that something happened of which it only speaks."""
    at = when(whole.unread(), "created_at")
    context = msgspec.structs.replace(context, said_at=at or context.said_at)
    data = whole.branch("data")
    held = data.branch("object")
    for place, read in PLACES.items():
        for branch in _parts(held, place):
            if read is customer:
                gone = whole.word("type") == "customer.deleted" or data.peek("deleted") is True
                said = list(with_rest(customer(branch, context, gone=gone), branch))
                branch.finish()
                yield from said
            else:
                yield from _read(branch, read, context)


def _removed(whole: Branch, context: Context) -> Iterator[Message]:
    """Say that parts of a catalog are gone, articles among them."""
    numbers = whole.peek(REMOVED)
    if not isinstance(numbers, list) or not all(isinstance(one, str) and one for one in numbers):
        return
    at = when(whole, "deleted_at") if numbers else None
    for number in whole.take(REMOVED) if numbers else ():
        told = identity(number, at, at, context)
        yield ProductPatch(**told, article=number[:100], on_sale=False, gone=True)


def _other(whole: Branch, context: Context, name: str) -> Message:
    """Return what asks nothing of the hub."""
    if whole.value.keys() >= EVENT:
        at = when(whole, "created_at")
        number = whole.needed("event_id")
        topic = whole.needed("type")[:100]
        return Notice(**identity(number, at, at, context), topic=topic)
    said = any(isinstance(part, dict | list) for part in whole.value.values())
    if not (name or said or KEY in whole.value or any(whole.word(one) for one in NAMES)):
        detail = "What it is cannot be told from its fields"
        raise NotReadable(Fault("not-a-resource", detail, whole.at))
    return notice(whole, context, name or next(iter(sorted(whole.value)))[:100])


# What a message's field is called in the record.
_NAMES = {
    "lines": "line_items",
    "ship_to": "fulfillments",
    "unit_price_milli": "base_price_money",
    "event_at": "created_at",
    "source_id": "id",
    "order": "order_id",
    "location": "location_id",
    "minor": "amount_money",
    "email": "email_address",
    "phone": "phone_number",
}


def point(pointer: str) -> str:
    """Turn a pointer into a message into one into the resource."""
    return "/".join(_NAMES.get(step, step) for step in pointer.split("/"))


_BRINGS = frozenset(
    (
        *("order", "cancellation", "payment", "return", "fulfillment", "money"),
        *("supply_snapshot", "supply_delta", "product", "price", "contact", "notice"),
    )
)
SQUARE: Family = json_family(
    "square",
    _BRINGS,
    understand,
    cut=cut,
    pages=((), ("orders",), ("payments",), ("counts",)),
    point=point,
    headers=HEADERS,
    verify=verify,
    signs=signs,
    tells={
        "supply_snapshot": Telling(
            tell=tell_stock, rows_max=500, calls=5, note="physical counts, 100 a call"
        ),
    },
    fetches=Fetching(
        fetch=fetch_orders,
        rate=Rate(burst=10, per_second=1.0),
        note="orders that were changed, with their goods, people and state",
    ),
    rate=Rate(burst=10, per_second=5.0),
    settings={
        "notification_url": "address of the webhook as Square was told it, which is signed",
        "api_version": "of Square's API, 2026-09-16 as usual",
        "since": "instant from which orders are fetched the first time; a day ago as usual",
    },
    lacks={
        "cancellation": "what was sold over a counter is given back there",
        "money": "refunds are given at the till or in the dashboard: a person does, and Square "
        "tells of it",
        "return": "nobody asks Square to return goods: they are taken back at the till",
    },
)
