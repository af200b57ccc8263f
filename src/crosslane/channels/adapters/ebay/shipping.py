"""Telling eBay of parcels: a shipping fulfillment each.

Rules: ``createShippingFulfillment`` of the Fulfillment API, version 1. eBay knows no idempotency
keys, so an order's parcels are asked for before one is told: one of the same tracking number, or
of the same goods where there is none, is known.
"""

import re
from collections import Counter
from collections.abc import Generator, Sequence
from datetime import UTC
from typing import Any
from urllib.parse import quote

from crosslane.channels.adapters.ebay.calling import ask, refused
from crosslane.channels.adapters.telling import Answer, Call, Document, Outcome, Outgoing, Talk
from crosslane.channels.domain.reports import FulfillmentEvent

Told = Generator[Call | Document, Answer, Sequence[Outcome]]


def tell_parcel(messages: Sequence[Outgoing], talk: Talk) -> Told:
    """Tell that a parcel has left."""
    (one,) = messages
    message = one.message
    if not isinstance(message, FulfillmentEvent):
        raise TypeError("No parcel is told of")
    if message.step != "shipped":
        detail = "eBay asks the carrier itself"
        return [Outcome(state="needless", code="carrier-tells", detail=detail)]
    name = f"fulfillment:{message.source_id}"
    if name in one.known:
        return [Outcome(state="needless", code="known-already")]
    path = f"sell/fulfillment/v1/order/{quote(message.order, safe='')}/shipping_fulfillment"
    known = yield from ask(talk, "GET", path)
    if not known.is_good:
        return [refused(known)]
    body = _body(one, message)
    if found := _known(known, body, set(one.known.values())):
        return [Outcome(learnt={name: found})]
    answer = yield from ask(talk, "POST", path, body)
    if not answer.is_good:
        return [refused(answer)]
    where = answer.headers.get("location", "")
    return [Outcome(learnt={name: where.rpartition("/")[2] or str(one.number)})]


def _body(one: Outgoing, message: FulfillmentEvent) -> dict[str, Any]:
    lines = [(line.id, line.quantity) for line in message.lines if line.id and line.quantity]
    if not lines and one.order is not None:
        lines = [(line.id, line.quantity) for line in one.order.lines]
    body: dict[str, Any] = {
        "lineItems": [{"lineItemId": id, "quantity": quantity} for id, quantity in lines],
        "shippedDate": message.event_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    # The two are told together, and a number has letters and digits alone.
    if message.tracking and message.carrier:
        body["shippingCarrierCode"] = message.carrier
        body["trackingNumber"] = re.sub(r"[^A-Za-z0-9]", "", message.tracking[0])
    return body


def _known(answer: Answer, body: dict[str, Any], claimed: set[str]) -> str:
    """Return what eBay calls a parcel it knows, "" when it does not know it."""
    told = answer.document()
    parts = told.get("fulfillments") if isinstance(told, dict) else None
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, dict):
            continue
        number = str(part.get("fulfillmentId") or "")
        tracking = part.get("shipmentTrackingNumber") or ""
        same = tracking == body.get("trackingNumber", "")
        if number and number not in claimed and same and (tracking or _goods(part) == _goods(body)):
            return number
    return ""


def _goods(part: dict[str, Any]) -> Counter[str]:
    lines = part.get("lineItems")
    return Counter(
        {
            str(line.get("lineItemId")): int(line.get("quantity") or 0)
            for line in (lines if isinstance(lines, list) else ())
            if isinstance(line, dict)
        }
    )
