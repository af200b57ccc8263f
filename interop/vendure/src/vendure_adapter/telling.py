"""What becomes of an order: parcels, and units that do not come.

Vendure knows no idempotency keys, so each teller reads the order first. A parcel is found again by
its number; one without a number gets our name of it as one.
"""

from collections.abc import Sequence
from typing import Any

from crosslane.channels.adapters import (
    Amendment,
    Cancellation,
    Conversation,
    FulfillmentEvent,
    Outcome,
    Outgoing,
    Talk,
)
from vendure_adapter.calling import ask, refused

STATES = {"shipped": "Shipped", "delivered": "Delivered", "collected": "Delivered"}
ENDED = {"Shipped": {"Shipped", "Delivered"}, "Delivered": {"Delivered"}}
HANDLER = "manual-fulfillment"
CANCELLED = "Cancelled"
ORDER = """
query Order($id: ID!) {
  order(id: $id) {
    state
    lines { id quantity }
    fulfillments { id state trackingCode }
  }
}
"""
FULFIL = """
mutation Fulfil($input: FulfillOrderInput!) {
  addFulfillmentToOrder(input: $input) {
    __typename
    ... on Fulfillment { id state }
    ... on ErrorResult { errorCode message }
  }
}
"""
MOVE = """
mutation Move($id: ID!, $state: String!) {
  transitionFulfillmentToState(id: $id, state: $state) {
    __typename
    ... on Fulfillment { id state }
    ... on ErrorResult { errorCode message }
    ... on FulfillmentStateTransitionError { transitionError }
  }
}
"""
CANCEL = """
mutation Cancel($input: CancelOrderInput!) {
  cancelOrder(input: $input) {
    __typename
    ... on Order { id state }
    ... on ErrorResult { errorCode message }
  }
}
"""
MISSING = Outcome(state="refused", code="order-missing", detail="The shop has no such order")


def tell_parcel(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell of a parcel: made when it is not there, then moved on."""
    (one,) = messages
    told = one.message
    if not isinstance(told, FulfillmentEvent) or told.step not in STATES:
        return [Outcome(state="unsupported", code="step-untold")]
    order = (yield from ask(talk, ORDER, id=told.order))["order"]
    if order is None:
        return [MISSING]
    name = f"fulfillment:{told.source_id}"
    tracking = ", ".join(told.tracking) or told.source_id
    wanted = STATES[told.step]
    there = [each for each in order["fulfillments"] or () if each["trackingCode"] == tracking]
    if there:
        made = there[0]
        if made["state"] in ENDED[wanted]:
            return [Outcome(state="needless", learnt={name: made["id"]})]
    else:
        units = {goods.id: goods.quantity for goods in told.lines} or {
            line["id"]: line["quantity"] for line in order["lines"]
        }
        lines = [{"orderLineId": line, "quantity": n} for line, n in units.items() if n]
        with_number = {"method": told.carrier or "Carrier", "trackingCode": tracking}
        arguments = [{"name": key, "value": value} for key, value in with_number.items()]
        wish = {"lines": lines, "handler": {"code": HANDLER, "arguments": arguments}}
        made = (yield from ask(talk, FULFIL, input=wish))["addFulfillmentToOrder"]
        if "errorCode" in made:
            return [refused(made)]
    moved = (yield from ask(talk, MOVE, id=made["id"], state=wanted))[
        "transitionFulfillmentToState"
    ]
    if "errorCode" in moved:
        return [refused(moved)]
    return [Outcome(learnt={name: made["id"]})]


def tell_cancellation(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell that nothing more comes of an order."""
    (one,) = messages
    told = one.message
    if not isinstance(told, Cancellation):
        return [Outcome(state="unsupported", code="only-cancellations")]
    order = (yield from ask(talk, ORDER, id=told.source_id))["order"]
    if order is None:
        return [MISSING]
    if order["state"] == CANCELLED:
        return [Outcome(state="needless")]
    return (yield from _cancel(talk, {"orderId": told.source_id, "cancelShipping": True}, told))


def tell_less(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell that fewer units come: what the shop has more of is cancelled there."""
    (one,) = messages
    told = one.message
    if not isinstance(told, Amendment):
        return [Outcome(state="unsupported", code="only-amendments")]
    order = (yield from ask(talk, ORDER, id=told.source_id))["order"]
    if order is None:
        return [MISSING]
    has = {line["id"]: line["quantity"] for line in order["lines"]}
    fewer = {
        line.id: has[line.id] - line.quantity
        for line in told.lines
        if line.quantity is not None and has.get(line.id, 0) > line.quantity
    }
    if not fewer:
        return [Outcome(state="needless")]
    lines = [{"orderLineId": line, "quantity": n} for line, n in fewer.items()]
    return (yield from _cancel(talk, {"orderId": told.source_id, "lines": lines}, told))


def _cancel(talk: Talk, wish: dict[str, Any], told: Amendment | Cancellation) -> Conversation:
    wish = {**wish, "reason": told.reason}
    done = (yield from ask(talk, CANCEL, input=wish))["cancelOrder"]
    return [refused(done) if "errorCode" in done else Outcome()]
