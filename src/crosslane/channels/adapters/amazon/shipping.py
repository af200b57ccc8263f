"""Telling Amazon of parcels: shipment confirmation, and orders that are fetched in a store.

Rules: ``confirmShipment`` and ``updateShipmentStatus`` of the Orders API, version 0. A package has
a number of its own in its order; confirmed again by the same one it is the same package. Where a
confirmation is refused, Amazon is asked whether it knows the package.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC
from re import compile as pattern
from typing import Any
from urllib.parse import quote

from crosslane.channels.adapters.amazon.calling import ask, refused
from crosslane.channels.adapters.telling import Answer, Call, Document, Outcome, Outgoing, Talk
from crosslane.channels.domain.reports import FulfillmentEvent

ORDER_NUMBER = pattern(r"[A-Z0-9]{3}-\d{7}-\d{7}")
STORE_STEPS: Mapping[str, str] = {"ready": "ReadyForPickup", "collected": "PickedUp"}
OTHER = "Other"
# Carriers as Amazon writes them; any other goes by its name.
CARRIERS: Mapping[str, str] = {
    name.replace(" ", "").lower(): name
    for name in (
        *("Royal Mail", "Parcelforce", "DPD", "Evri", "Hermes", "Yodel", "UPS", "FedEx", "DHL"),
        *("DHL Express", "GLS", "TNT", "USPS", "Deutsche Post", "La Poste", "Colissimo"),
        *("Chronopost", "Mondial Relay", "Correos", "SEUR", "Poste Italiane", "BRT", "PostNL"),
        *("Bpost", "PostNord", "InPost", "Canada Post", "Australia Post", "Japan Post"),
        *("Yamato Transport", "Sagawa Express", "OnTrac", "LaserShip", "Amazon Shipping"),
    )
}

Told = Generator[Call | Document, Answer, Sequence[Outcome]]


def tell_parcel(messages: Sequence[Outgoing], talk: Talk) -> Told:
    """Confirm that a parcel has left, or that goods lie ready in a store or were fetched there."""
    (one,) = messages
    message = one.message
    if not isinstance(message, FulfillmentEvent):
        raise TypeError("No parcel is told of")
    if not ORDER_NUMBER.fullmatch(message.order):
        # A shipment of External Fulfillment is labeled at Amazon, which knows when it leaves.
        detail = "Only orders with a number of Amazon's own are confirmed"
        return [Outcome(state="unsupported", code="no-amazon-order", detail=detail)]
    if message.step == "shipped":
        return [(yield from _confirm(one, message, talk))]
    if message.step in STORE_STEPS:
        return [(yield from _in_store(one, message, talk))]
    detail = "Amazon asks the carrier itself"
    return [Outcome(state="needless", code="carrier-tells", detail=detail)]


def _confirm(
    one: Outgoing, message: FulfillmentEvent, talk: Talk
) -> Generator[Call | Document, Answer, Outcome]:
    name = f"fulfillment:{message.source_id}"
    if name in one.known:
        return Outcome(state="needless", code="known-already")
    number = str(one.number)
    order = quote(message.order, safe="")
    body = {
        "marketplaceId": talk.setting("marketplace"),
        "packageDetail": _package(one, message, talk, number),
    }
    path = f"orders/v0/orders/{order}/shipmentConfirmation"
    answer = yield from ask(talk, "POST", path, body)
    if not answer.is_good:
        asked = f"orders/2026-01-01/orders/{order}?includedData=PACKAGES"
        known = yield from ask(talk, "GET", asked)
        if not _knows(known, number):
            return refused(answer)
    return Outcome(learnt={name: number})


def _package(one: Outgoing, message: FulfillmentEvent, talk: Talk, number: str) -> dict[str, Any]:
    carrier = CARRIERS.get(message.carrier.replace(" ", "").lower(), OTHER)
    found: dict[str, Any] = {
        "packageReferenceId": number,
        "carrierCode": carrier,
        "trackingNumber": message.tracking[0] if message.tracking else "",
        "shipDate": message.event_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "orderItems": _items(one, message),
    }
    if carrier == OTHER and message.carrier:
        found["carrierName"] = message.carrier
    if message.service:
        found["shippingMethod"] = message.service
    if source := talk.locations.get(message.location):
        found["shipFromSupplySourceId"] = source
    return found


def _items(one: Outgoing, message: FulfillmentEvent) -> list[dict[str, Any]]:
    """Return units by the order's own lines; all of it when nothing is named."""
    lines = [(line.id, line.quantity) for line in message.lines if line.id and line.quantity]
    if not lines and one.order is not None:
        lines = [(line.id, line.quantity) for line in one.order.lines]
    return [{"orderItemId": id, "quantity": quantity} for id, quantity in lines]


def _knows(answer: Answer, number: str) -> bool:
    """Whether Amazon knows a package of an order."""
    told = answer.document() if answer.is_good else None
    order = told.get("order") if isinstance(told, dict) else None
    packages = order.get("packages") if isinstance(order, dict) else None
    return any(
        isinstance(one, dict) and one.get("packageReferenceId") == number
        for one in (packages if isinstance(packages, list) else ())
    )


def _in_store(
    one: Outgoing, message: FulfillmentEvent, talk: Talk
) -> Generator[Call | Document, Answer, Outcome]:
    body: dict[str, Any] = {
        "marketplaceId": talk.setting("marketplace"),
        "shipmentStatus": STORE_STEPS[message.step],
    }
    if items := _items(one, message):
        body["orderItems"] = items
    path = f"orders/v0/orders/{quote(message.order, safe='')}/shipment"
    answer = yield from ask(talk, "POST", path, body)
    return Outcome() if answer.is_good else refused(answer)
