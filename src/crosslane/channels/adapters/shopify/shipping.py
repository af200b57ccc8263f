"""Telling a shop what left, what lies ready and what arrived: its fulfillments.

A shop keeps of each order fulfillment orders: what is to be sent from where. A fulfillment takes
units out of those of one location, and cannot be given a key of ours. So what is there already is
asked for first: fulfillments we know by number, or that carry a tracking number of ours, or, where
there is none, that hold the same units and are nobody else's; or parts of them, when the shop has
less left than that. Only what they lack is made.
"""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import msgspec

from crosslane.channels.adapters.shopify.admin import (
    ask_order,
    do,
    every,
    gid,
    must,
    notifies,
    number_of,
    reason_of,
)
from crosslane.channels.adapters.telling import (
    Answer,
    Call,
    Conversation,
    Outcome,
    Outgoing,
    Refused,
    Talk,
)
from crosslane.channels.domain.reports import FulfillmentEvent

KNOWN = "fulfillment:"
FULFILLABLE = frozenset({"OPEN", "IN_PROGRESS"})
WAITING = frozenset({"ON_HOLD", "SCHEDULED"})
ENDED = frozenset({"CANCELLED", "ERROR", "FAILURE"})
# What is told of a fulfillment once it is made, and the instant by which a shop shows it knows.
EVENTS = {"in_transit": ("IN_TRANSIT", "inTransitAt"), "delivered": ("DELIVERED", "deliveredAt")}
SENT = frozenset({"shipped", "collected", *EVENTS})
PICKUP = frozenset({"PICK_UP", "PICKUP_POINT"})
NOTHING_TO_PREPARE = "NO_LINE_ITEMS_TO_PREPARE_FOR_FULFILLMENT_ORDER"

FULFILLMENTS = """
query Fulfillments($id: ID!) {
  order(id: $id) {
    fulfillments(first: 100) {
      id status inTransitAt deliveredAt
      trackingInfo(first: 20) { number company url }
    }
  }
}"""
CONTENTS = """
query Contents($id: ID!, $after: String) {
  fulfillment(id: $id) {
    fulfillmentLineItems(first: 100, after: $after) {
      nodes { quantity lineItem { id } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
WORK = """
query Work($id: ID!, $after: String) {
  order(id: $id) {
    fulfillmentOrders(first: 20, after: $after) {
      nodes { id status assignedLocation { location { id } } deliveryMethod { methodType } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
WORK_LINES = """
query WorkLines($id: ID!, $after: String) {
  fulfillmentOrder(id: $id) {
    lineItems(first: 100, after: $after) {
      nodes { id remainingQuantity lineItem { id } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
CREATE = """
mutation Fulfill($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id }
    userErrors { field message }
  }
}"""
TRACK = """
mutation Track($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) {
  fulfillmentTrackingInfoUpdate(
    fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify
  ) {
    fulfillment { id }
    userErrors { field message }
  }
}"""
HAPPENED = """
mutation Happened($event: FulfillmentEventInput!) {
  fulfillmentEventCreate(fulfillmentEvent: $event) {
    fulfillmentEvent { id }
    userErrors { field message }
  }
}"""
READY = """
mutation Ready($input: FulfillmentOrderLineItemsPreparedForPickupInput!) {
  fulfillmentOrderLineItemsPreparedForPickup(input: $input) {
    userErrors { field message code }
  }
}"""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A fulfillment order, as far as it is left to do.

    Args:
        id: its name; likewise of the place it is assigned to, "" when that is gone.
        status: as the shop says.
        method: by which way the customer gets it, "" when nobody says.
        left: names of its lines and the units left of them, by the order's line.
    """

    id: str
    place: str
    status: str
    method: str
    left: Mapping[str, tuple[str, int]] = {}


Taken = dict[str, dict[str, int]]
"""Units that are taken out of fulfillment orders: by their names, by those of their lines."""


def tell_fulfillment(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop of one parcel, or of goods to collect."""
    (one,) = messages
    event = one.message
    if not isinstance(event, FulfillmentEvent):
        raise TypeError(f"{event} is nothing about goods on their way")
    if event.step == "ready":
        return [(yield from _ready(event, talk))]
    if event.step not in SENT:
        return [Outcome(state="unsupported", code="step-untold", detail=event.step)]
    return [(yield from _sent(one, event, talk))]


def _sent(one: Outgoing, event: FulfillmentEvent, talk: Talk) -> Generator[Call, Answer, Outcome]:
    """Bring a shop's fulfillments to what left in one parcel, and say how far it has come."""
    order = yield from ask_order(talk, FULFILLMENTS, event.order)
    free = _free(one, event, order["fulfillments"])
    wanted = _wanted(event)
    ours, units = yield from _found(one, event, free, wanted, talk)
    if wanted - units or not (wanted or ours):
        works = yield from _works(event, talk)
        if not (ours or event.tracking) and _lacks(works, wanted):
            ours, units = yield from _parts(free, wanted, talk)
        missing = wanted - units
        place = talk.locations.get(event.location, "")
        for taken in share_out(missing, works, place) if missing or not ours else ():
            payload = yield from must(talk, CREATE, {"fulfillment": _input(event, taken, talk)})
            ours.append({"id": payload["fulfillment"]["id"], "new": True})
    changed = False
    for fulfillment in ours:
        changed |= yield from _follow(event, fulfillment, talk)
    names = " ".join(number_of(fulfillment["id"]) for fulfillment in ours)
    state = "told" if changed else "needless"
    return Outcome(state=state, learnt={f"{KNOWN}{event.source_id}": names})


def _wanted(event: FulfillmentEvent) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for line in event.lines:
        if not line.id:
            raise Refused("line-unknown", f"The shop has no line of its own for {line.sku}")
        wanted[gid("LineItem", line.id)] += line.quantity
    return +wanted


def _free(
    one: Outgoing, event: FulfillmentEvent, there: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return fulfillments that are not known to be other parcels of ours."""
    others = {
        number
        for name, numbers in one.known.items()
        if name.startswith(KNOWN) and name != f"{KNOWN}{event.source_id}"
        for number in numbers.split()
    }
    live = [part for part in there if part["status"] not in ENDED]
    return [part for part in live if number_of(part["id"]) not in others]


def _found(
    one: Outgoing,
    event: FulfillmentEvent,
    free: Sequence[dict[str, Any]],
    wanted: Counter[str],
    talk: Talk,
) -> Generator[Call, Answer, tuple[list[dict[str, Any]], Counter[str]]]:
    """Return the fulfillments that are this parcel, and the units in them by line."""
    mine = set(one.known.get(f"{KNOWN}{event.source_id}", "").split())
    ours = [p for p in free if number_of(p["id"]) in mine or _numbers(p) & {*event.tracking}]
    units: Counter[str] = Counter()
    for part in ours:
        units += yield from _contents(part["id"], talk)
    if ours or event.tracking:
        return ours, units
    for part in free:
        if wanted and not _numbers(part):
            units = yield from _contents(part["id"], talk)
            if units == wanted:
                return [part], units
    return [], Counter()


def _parts(
    free: Sequence[dict[str, Any]], wanted: Counter[str], talk: Talk
) -> Generator[Call, Answer, tuple[list[dict[str, Any]], Counter[str]]]:
    """Return fulfillments without a number that may be a part of a parcel, and their units."""
    ours: list[dict[str, Any]] = []
    units: Counter[str] = Counter()
    for part in free:
        if not _numbers(part):
            theirs = yield from _contents(part["id"], talk)
            if units + theirs <= wanted:
                ours.append(part)
                units += theirs
    return ours, units


def _lacks(works: Sequence[Work], wanted: Counter[str]) -> bool:
    """Whether less is left than that: some of it may have been fulfilled as this parcel."""
    left: Counter[str] = Counter()
    for work in works:
        left.update({line: units for line, (_, units) in work.left.items()})
    return bool(wanted - left)


def _numbers(fulfillment: Mapping[str, Any]) -> set[str]:
    return {info["number"] for info in fulfillment["trackingInfo"] if info["number"]}


def _contents(name: str, talk: Talk) -> Generator[Call, Answer, Counter[str]]:
    nodes = yield from every(talk, CONTENTS, {"id": name}, "fulfillment", "fulfillmentLineItems")
    found: Counter[str] = Counter()
    for node in nodes:
        found[node["lineItem"]["id"]] += node["quantity"] or 0
    return found


def _works(event: FulfillmentEvent, talk: Talk) -> Generator[Call, Answer, list[Work]]:
    """Return what the shop has left to do of an order."""
    about = {"id": gid("Order", event.order)}
    found = []
    for node in (yield from every(talk, WORK, about, "order", "fulfillmentOrders")):
        if node["status"] not in FULFILLABLE | WAITING:
            continue
        path = ("fulfillmentOrder", "lineItems")
        lines = yield from every(talk, WORK_LINES, {"id": node["id"]}, *path)
        found.append(
            Work(
                id=node["id"],
                place=(node["assignedLocation"]["location"] or {}).get("id", ""),
                status=node["status"],
                method=(node["deliveryMethod"] or {}).get("methodType", ""),
                left={
                    line["lineItem"]["id"]: (line["id"], line["remainingQuantity"])
                    for line in lines
                    if line["remainingQuantity"] > 0
                },
            )
        )
    return found


def share_out(wanted: Mapping[str, int], works: Sequence[Work], place: str) -> list[Taken]:
    """Take units out of fulfillment orders, those of one location together.

    Args:
        wanted: units by the order's line; all there are when there are none.
        works: what is left to do.
        place: the shop's location they left from, which is taken from first; "" when nobody knows.

    Raises:
        Refused: less is left than that, or what is left must not be fulfilled yet.
    """
    open_works = [work for work in works if work.status in FULFILLABLE]
    first = gid("Location", place) if place else ""
    missing = Counter(wanted)
    if not missing:
        for work in open_works:
            missing.update({line: units for line, (_, units) in work.left.items()})
    by_place: dict[str, Taken] = {}
    for work in sorted(open_works, key=lambda work: work.place != first):
        for line, (name, left) in work.left.items():
            if units := min(left, missing[line]):
                missing[line] -= units
                by_place.setdefault(work.place, {}).setdefault(work.id, {})[name] = units
    if +missing or not by_place:
        held = any(work.status in WAITING for work in works)
        lines = ", ".join(number_of(line) for line in +missing) or "any"
        detail = f"The shop has fewer units left to fulfill of its lines: {lines}"
        raise Refused("fulfillment-on-hold" if held else "units-exceeded", detail)
    return list(by_place.values())


def _input(event: FulfillmentEvent, taken: Taken, talk: Talk) -> dict[str, Any]:
    return {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": work,
                "fulfillmentOrderLineItems": [
                    {"id": line, "quantity": units} for line, units in lines.items()
                ],
            }
            for work, lines in taken.items()
        ],
        "notifyCustomer": notifies(talk),
        **({"trackingInfo": _tracking(event)} if event.tracking or event.carrier else {}),
    }


def _tracking(event: FulfillmentEvent) -> dict[str, Any]:
    """Return how a parcel is followed; a shop makes the address of carriers it knows itself."""
    told: dict[str, Any] = {"company": event.carrier} if event.carrier else {}
    if len(event.tracking) > 1 or len(event.links) > 1:
        return told | {"numbers": list(event.tracking), "urls": list(event.links)}
    told |= {"number": event.tracking[0]} if event.tracking else {}
    return told | ({"url": event.links[0]} if event.links else {})


def _follow(
    event: FulfillmentEvent, fulfillment: Mapping[str, Any], talk: Talk
) -> Generator[Call, Answer, bool]:
    """Bring numbers and progress of a fulfillment to what is told; return whether it changed."""
    name = fulfillment["id"]
    changed = "new" in fulfillment
    if not changed and event.tracking and _numbers(fulfillment) != {*event.tracking}:
        told = {"id": name, "tracking": _tracking(event), "notify": notifies(talk)}
        yield from must(talk, TRACK, told)
        changed = True
    if event.step in EVENTS:
        status, shown = EVENTS[event.step]
        if not fulfillment.get(shown):
            happened = {
                "fulfillmentId": name,
                "status": status,
                "happenedAt": event.event_at.isoformat(),
            }
            yield from must(talk, HAPPENED, {"event": happened})
            changed = True
    return changed


def _ready(event: FulfillmentEvent, talk: Talk) -> Generator[Call, Answer, Outcome]:
    """Tell that goods lie ready to be collected; the shop writes to the customer then."""
    works = yield from _works(event, talk)
    wanted = _wanted(event)
    ready = [
        {"fulfillmentOrderId": work.id}
        for work in works
        if work.method in PICKUP and (not wanted or wanted.keys() & work.left.keys())
    ]
    if not ready:
        detail = "The shop knows the order as none that is collected"
        return Outcome(state="unsupported", code="not-a-pickup", detail=detail)
    _, errors = yield from do(talk, READY, {"input": {"lineItemsByFulfillmentOrder": ready}})
    if errors and all(error["code"] == NOTHING_TO_PREPARE for error in errors):
        return Outcome(state="needless")
    if errors:
        raise Refused(*reason_of(errors))
    return Outcome()
