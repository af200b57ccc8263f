"""What a shop says of returns its customers ask for, and is told of what was decided about them.

Rules: the webhooks ``returns/*`` and the mutations ``returnApproveRequest`` and
``returnDeclineRequest`` of the Admin API, version 2026-10. A return tells no times; without the
delivery's own its status says which of two is later. A decision is asked for once: what is open or
declined already is no request any more, and is looked at first.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.shopify.admin import ask, gid, must, notifies
from crosslane.channels.adapters.shopify.people import notice
from crosslane.channels.adapters.telling import Conversation, Outcome, Outgoing, Refused, Talk
from crosslane.channels.domain.messages import Message, ReturnedGoods, ReturnEvent

PREFIX = "return/"
"""Before the number of a return, so that no refund is taken for one."""

STEPS = {
    "requested": "requested",
    "open": "authorized",
    "declined": "declined",
    "canceled": "cancelled",
}
# Later ones go before earlier ones, whatever came first.
RANKS = {"requested": 1, "open": 2, "declined": 2, "canceled": 3, "closed": 4}
REASONS = {
    "size_too_small": "too_small",
    "size_too_large": "too_large",
    "unwanted": "changed_mind",
    "style": "changed_mind",
    "color": "changed_mind",
    "not_as_described": "not_as_described",
    "wrong_item": "wrong_item",
    "defective": "faulty",
}
# Of the shop's own reasons to decline; ours are words, which go along as they are.
OTHER = "OTHER"
NOTE_CHARACTERS_MAX = 500

LOOK = """
query Asked($id: ID!) {
  return(id: $id) { id status }
}"""
APPROVE = """
mutation Approve($input: ReturnApproveRequestInput!) {
  returnApproveRequest(input: $input) {
    return { id }
    userErrors { field message code }
  }
}"""
DECLINE = """
mutation Decline($input: ReturnDeclineRequestInput!) {
  returnDeclineRequest(input: $input) {
    return { id }
    userErrors { field message code }
  }
}"""


def returned(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what a customer of the shop asks to return, or what the shop has decided about it."""
    status = branch.needed("status").lower()
    if status not in RANKS:
        raise branch.wrong("status", f"one of {', '.join(sorted(RANKS))}")
    lines = tuple(_goods(part) for part in branch.branches("return_line_items"))
    known = tuple(one for one in lines if one is not None)
    if status not in STEPS or not known or len(known) < len(lines):
        # Closed at the shop, or goods of which it cannot say from which order line they are.
        yield from notice("return")(branch, context)
        return
    decline = branch.branch("decline")
    yield ReturnEvent(
        source_id=f"{PREFIX}{branch.needed('id')}",
        source_version=version_of(context.said_at) if context.said_at else RANKS[status],
        event_at=context.said_at or context.received_at,
        channel=context.channel,
        order=branch.branch("order").needed("id"),
        step=STEPS[status],  # type: ignore[arg-type]
        lines=known,
        reason=(decline.text("note") or decline.text("reason"))[:NOTE_CHARACTERS_MAX],
    )


def _goods(branch: Branch) -> ReturnedGoods | None:
    line = branch.branch("fulfillment_line_item").branch("line_item")
    units = branch.whole("quantity")
    if not units:
        raise branch.missing("quantity")
    if not (number := line.text("id")):
        return None
    why = REASONS.get(branch.text("return_reason").lower(), "other")
    return ReturnedGoods(id=number, quantity=units, reason=why)  # type: ignore[arg-type]


def tell_return(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop whether goods that its customer asked to return may come."""
    (one,) = messages
    event = one.message
    if not isinstance(event, ReturnEvent):
        raise TypeError(f"{event} is nothing about a return")
    if event.step not in ("authorized", "declined"):
        return [Outcome(state="unsupported", code="step-untold", detail=event.step)]
    if not event.source_id.startswith(PREFIX):
        detail = "The shop was not asked for it; it hears of the money"
        return [Outcome(state="unsupported", code="not-asked-there", detail=detail)]
    name = gid("Return", event.source_id.removeprefix(PREFIX))
    status = (yield from _status(talk, name)).lower()
    if STEPS.get(status) == event.step:
        return [Outcome(state="needless")]
    if status != "requested":
        raise Refused("decided-there", f"The shop has decided about it already: {status}")
    wish: dict[str, Any] = {"id": name, "notifyCustomer": notifies(talk)}
    if event.step == "authorized":
        yield from must(talk, APPROVE, {"input": wish})
    else:
        wish |= {"declineReason": OTHER, "declineNote": event.reason}
        yield from must(talk, DECLINE, {"input": wish})
    return [Outcome()]


def _status(talk: Talk, name: str):
    data: Mapping[str, Any] = yield from ask(talk, LOOK, {"id": name})
    if data["return"] is None:
        raise Refused("return-unknown", "The shop knows no such return, or lets us not see it")
    return data["return"]["status"]
