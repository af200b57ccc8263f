"""Telling a shop what left: a note with the number, or Shipment Tracking's own entry, and a status.

A shop does not count which units have left. So each telling learns what was in its parcel, and the
order is completed once nothing of it is missing. A note is found again by its words.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from crosslane.channels.adapters.telling import (
    Answer,
    Call,
    Conversation,
    Outcome,
    Outgoing,
    Refused,
    Talk,
)
from crosslane.channels.adapters.woocommerce.rest import ask, every, order_path, write_note
from crosslane.channels.adapters.woocommerce.states import OPEN, WORKED, meaning_of
from crosslane.channels.domain.reports import FulfillmentEvent

PARCEL = "shipped:"
EXTENSION = "wp-json/wc-shipment-tracking/v3"
SENT = frozenset({"shipped", "collected"})
COMPLETED = "completed"
UNCOMPLETED = OPEN | WORKED - {COMPLETED}
NO = "no"


def tell_fulfillment(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop of one parcel, or of goods to collect."""
    (one,) = messages
    event = one.message
    if not isinstance(event, FulfillmentEvent):
        raise TypeError(f"{event} is nothing about goods on their way")
    if event.step == "ready":
        made = yield from _note(event, "Your order is ready to be collected.", talk)
        return [Outcome(state="told" if made else "needless")]
    if event.step not in SENT:
        return [Outcome(state="unsupported", code="step-untold", detail=event.step)]
    changed = False
    if event.step == "shipped":
        if talk.settings.get("tracking", "") == "shipment_tracking" and event.tracking:
            changed = yield from _track(event, talk)
        else:
            changed = yield from _note(event, words(event), talk)
    learnt = {f"{PARCEL}{event.source_id}": _written(event)}
    if talk.settings.get("completes", "") != NO:
        changed |= yield from _complete(one, event, learnt, talk)
    return [Outcome(state="told" if changed else "needless", learnt=learnt)]


def words(event: FulfillmentEvent) -> str:
    """Return what the customer reads of a parcel, on one line."""
    said = (
        f"Your parcel is on its way with {event.carrier}" if event.carrier else "It is on its way"
    )
    if event.tracking:
        said += f": {', '.join(event.tracking)}"
    return " ".join([f"{said}.", *event.links])


def _note(event: FulfillmentEvent, text: str, talk: Talk) -> Generator[Call, Answer, bool]:
    """Write a note for the customer unless it is there; return whether it was not."""
    said = f"{text} ({event.source_id[-12:]})"
    return (yield from write_note(talk, event.order, said, customer=True))


def _track(event: FulfillmentEvent, talk: Talk) -> Generator[Call, Answer, bool]:
    """Make an entry of the Shipment Tracking extension for each number that has none."""
    path = f"{EXTENSION}/{order_path(event.order, 'shipment-trackings')}"
    there = yield from ask(talk, "GET", path)
    known = {entry.get("tracking_number") for entry in there}
    missing = [number for number in event.tracking if number not in known]
    day = event.event_at.astimezone(ZoneInfo(talk.timezone)).date().isoformat()
    for place, number in enumerate(event.tracking):
        if number in missing:
            entry = {
                "custom_tracking_provider": event.carrier or "Carrier",
                "custom_tracking_link": event.links[place] if place < len(event.links) else "",
                "tracking_number": number,
                "date_shipped": day,
            }
            yield from ask(talk, "POST", path, entry)
    return bool(missing)


def _complete(
    one: Outgoing, event: FulfillmentEvent, learnt: Mapping[str, str], talk: Talk
) -> Generator[Call, Answer, bool]:
    """Complete an order of which nothing is missing any more; return whether it was not."""
    order = yield from ask(talk, "GET", order_path(event.order))
    if meaning_of(order["status"], talk.settings) not in UNCOMPLETED:
        return False
    refunds = yield from every(talk, order_path(event.order, "refunds"))
    parcels = {n: units for n, units in one.known.items() if n.startswith(PARCEL)} | dict(learnt)
    if "" not in parcels.values() and missing(order, refunds, parcels.values()):
        return False
    yield from ask(talk, "PUT", order_path(event.order), {"status": COMPLETED})
    return True


def missing(
    order: Mapping[str, Any], refunds: Sequence[Mapping[str, Any]], parcels: Iterable[str]
) -> Counter[str]:
    """Return units of an order that have neither left nor been taken back, by line.

    Args:
        order: as the shop tells it.
        refunds: likewise, whose units are below nought.
        parcels: what was in each, as its telling has learnt.
    """
    left: Counter[str] = Counter()
    for line in order["line_items"]:
        left[str(line["id"])] += int(line["quantity"])
    for refund in refunds:
        for line in refund.get("line_items", ()):
            for meta in line.get("meta_data", ()):
                if meta.get("key") == "_refunded_item_id":
                    left[str(meta["value"])] -= abs(int(line["quantity"]))
    for parcel in parcels:
        for part in parcel.split():
            line, _, units = part.partition("=")
            left[line] -= int(units)
    return +left


def _written(event: FulfillmentEvent) -> str:
    """Return what is in a parcel, "" for all of the order."""
    if any(not line.id for line in event.lines):
        raise Refused("line-unknown", "The shop has no line of its own for some of the goods")
    return " ".join(f"{line.id}={line.quantity}" for line in event.lines)
