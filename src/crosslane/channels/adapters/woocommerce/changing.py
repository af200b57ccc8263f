"""Telling a shop that an order is off, or that units of it are: a status, or a refund of nothing.

A shop cannot take units off an order that is paid. What it has instead is a refund that gives no
money: it names the units, puts them back into stock, and the order shows them as taken off. The
money is told as money.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from crosslane.channels.adapters.telling import (
    Answer,
    Call,
    Conversation,
    Outcome,
    Outgoing,
    Refused,
    Talk,
)
from crosslane.channels.adapters.woocommerce.rest import (
    ask,
    every,
    is_marked,
    mark,
    order_path,
)
from crosslane.channels.adapters.woocommerce.shipping import PARCEL, missing
from crosslane.channels.adapters.woocommerce.states import ENDED, meaning_of
from crosslane.channels.domain.messages import Amendment, Cancellation

CANCEL_PART = "cancel a part of an order"
REASON_CHARACTERS_MAX = 200


def tell_cancellation(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop that an order is off, as far as it has not left."""
    (one,) = messages
    message = one.message
    if not isinstance(message, Cancellation):
        raise TypeError(f"{message} is no cancellation")
    return [(yield from _cancel(one, message.source_id, message.reason, talk))]


def tell_amendment(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop which units of an order are taken off."""
    (one,) = messages
    message = one.message
    if not isinstance(message, Amendment):
        raise TypeError(f"{message} is no amendment")
    wanted = {line.id: line.quantity for line in message.lines if line.quantity is not None}
    if not wanted:
        detail = "A shop is told of quantities only"
        return [Outcome(state="unsupported", code="change-untold", detail=detail)]
    order = yield from ask(talk, "GET", order_path(message.source_id))
    refunds = yield from every(talk, order_path(message.source_id, "refunds"))
    if any(is_marked(refund, one.key) for refund in refunds):
        return [Outcome(state="needless", instead=CANCEL_PART)]
    left = missing(order, refunds, ())
    if unknown := wanted.keys() - {str(line["id"]) for line in order["line_items"]}:
        raise Refused("line-unknown", f"The shop has no lines {', '.join(sorted(unknown))}")
    if more := [line for line, units in wanted.items() if units > left[line]]:
        raise Refused("units-exceeded", f"A shop takes no units onto lines {', '.join(more)}")
    off = {line: n for line, units in wanted.items() if (n := left[line] - units)}
    if not off:
        return [Outcome(state="needless")]
    return [(yield from _take_off(one, message.source_id, off, message.reason, talk))]


def _cancel(
    one: Outgoing, number: str, reason: str, talk: Talk
) -> Generator[Call, Answer, Outcome]:
    """Call an order off; of one that has partly left, take off what has not."""
    order = yield from ask(talk, "GET", order_path(number))
    parcels = [units for name, units in one.known.items() if name.startswith(PARCEL)]
    state = meaning_of(order["status"], talk.settings)
    if state in ENDED or "" in parcels:
        return Outcome(state="needless")
    if not parcels:
        yield from ask(talk, "PUT", order_path(number), {"status": "cancelled"})
        return Outcome()
    refunds = yield from every(talk, order_path(number, "refunds"))
    off = missing(order, refunds, parcels)
    if not off:
        return Outcome(state="needless", instead=CANCEL_PART)
    outcome = yield from _take_off(one, number, off, reason, talk)
    if state != "completed":
        yield from ask(talk, "PUT", order_path(number), {"status": "completed"})
    return outcome


def _take_off(
    one: Outgoing, number: str, off: Mapping[str, int], reason: str, talk: Talk
) -> Generator[Call, Answer, Outcome]:
    refund: dict[str, Any] = {
        "amount": "0",
        "reason": reason[:REASON_CHARACTERS_MAX],
        "api_refund": False,
        "api_restock": True,
        "line_items": [
            {"id": int(line), "quantity": units, "refund_total": 0} for line, units in off.items()
        ],
        "meta_data": mark(one.key),
    }
    yield from ask(talk, "POST", order_path(number, "refunds"), refund)
    return Outcome(instead=CANCEL_PART)
