"""Telling a shop that an order is off, or which units of it are left: cancel, or edit.

What has been fulfilled cannot be cancelled, so an order of which something left is edited down to
that. Neither gives money back: what we have given back is told as money. Stock goes back on sale
there, and what is told of stock corrects it.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from crosslane.channels.adapters.shopify.admin import (
    ask_order,
    every,
    gid,
    must,
    number_of,
)
from crosslane.channels.adapters.shopify.shipping import ENDED
from crosslane.channels.adapters.telling import (
    Answer,
    Call,
    Conversation,
    Later,
    Outcome,
    Outgoing,
    Refused,
    Talk,
)
from crosslane.channels.domain.messages import Amendment, Cancellation

NOTE_CHARACTERS_MAX = 255
PART_LEFT = "cancel what is left of an order that has partly left"

STATE = """
query State($id: ID!) {
  order(id: $id) { cancelledAt fulfillments(first: 100) { status } }
}"""
LINES = """
query Lines($id: ID!, $after: String) {
  order(id: $id) {
    lineItems(first: 100, after: $after) {
      nodes { id currentQuantity unfulfilledQuantity }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
CANCEL = """
mutation Cancel($id: ID!, $note: String) {
  orderCancel(
    orderId: $id, reason: OTHER, restock: true, notifyCustomer: false, staffNote: $note
  ) {
    job { id done }
    orderCancelUserErrors { field message code }
  }
}"""
BEGIN = """
mutation Begin($id: ID!) {
  orderEditBegin(id: $id) {
    calculatedOrder { id }
    userErrors { field message }
  }
}"""
CALCULATED = """
query Calculated($id: ID!, $after: String) {
  node(id: $id) {
    ... on CalculatedOrder {
      lineItems(first: 100, after: $after) {
        nodes { id quantity }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""
SET = """
mutation Set($id: ID!, $line: ID!, $quantity: Int!) {
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $quantity, restock: true) {
    calculatedLineItem { id quantity }
    userErrors { field message }
  }
}"""
COMMIT = """
mutation Commit($id: ID!, $note: String) {
  orderEditCommit(id: $id, notifyCustomer: false, staffNote: $note) {
    order { id }
    userErrors { field message }
  }
}"""


def tell_cancellation(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop that an order is off, as far as it has not left."""
    (one,) = messages
    message = one.message
    if not isinstance(message, Cancellation):
        raise TypeError(f"{message} is no cancellation")
    state = yield from ask_order(talk, STATE, message.source_id)
    if state["cancelledAt"]:
        return [Outcome(state="needless")]
    note = message.reason[:NOTE_CHARACTERS_MAX]
    if any(part["status"] not in ENDED for part in state["fulfillments"]):
        lines = yield from _lines(message.source_id, talk)
        left = {
            number: line["currentQuantity"] - line["unfulfilledQuantity"]
            for number, line in lines.items()
        }
        changed = yield from _edit(message.source_id, left, lines, note, talk)
        return [Outcome(state="told" if changed else "needless", instead=PART_LEFT)]
    about = {"id": gid("Order", message.source_id), "note": note}
    yield from must(talk, CANCEL, about)
    # The shop does it a little later; whether it has is what the next try asks first.
    state = yield from ask_order(talk, STATE, message.source_id)
    if not state["cancelledAt"]:
        raise Later("The shop has not finished cancelling")
    return [Outcome()]


def tell_amendment(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop how many units of its lines are left."""
    (one,) = messages
    message = one.message
    if not isinstance(message, Amendment):
        raise TypeError(f"{message} is no amendment")
    left = {line.id: line.quantity for line in message.lines if line.quantity is not None}
    if not left:
        detail = "A shop is told of quantities only"
        return [Outcome(state="unsupported", code="change-untold", detail=detail)]
    lines = yield from _lines(message.source_id, talk)
    if unknown := left.keys() - lines.keys():
        raise Refused("line-unknown", f"The shop has no lines {', '.join(sorted(unknown))}")
    note = message.reason[:NOTE_CHARACTERS_MAX]
    changed = yield from _edit(message.source_id, left, lines, note, talk)
    return [Outcome(state="told" if changed else "needless")]


def _lines(order: str, talk: Talk) -> Generator[Call, Answer, dict[str, dict[str, Any]]]:
    """Return the lines of an order by their numbers."""
    nodes = yield from every(talk, LINES, {"id": gid("Order", order)}, "order", "lineItems")
    return {number_of(node["id"]): node for node in nodes}


def _edit(
    order: str,
    left: Mapping[str, int],
    lines: Mapping[str, Mapping[str, Any]],
    note: str,
    talk: Talk,
) -> Generator[Call, Answer, bool]:
    """Bring lines to so many units; return whether any of them had another number.

    An edit nobody commits is forgotten, so one that breaks off leaves nothing behind.
    """
    different = {n: units for n, units in left.items() if lines[n]["currentQuantity"] != units}
    if not different:
        return False
    begun = yield from must(talk, BEGIN, {"id": gid("Order", order)})
    edit = begun["calculatedOrder"]["id"]
    nodes = yield from every(talk, CALCULATED, {"id": edit}, "node", "lineItems")
    names = {number_of(node["id"]): node["id"] for node in nodes}
    for number, units in different.items():
        if number not in names:
            raise Refused("line-not-editable", f"The shop lets nobody edit its line {number}")
        yield from must(talk, SET, {"id": edit, "line": names[number], "quantity": units})
    yield from must(talk, COMMIT, {"id": edit, "note": note})
    return True
