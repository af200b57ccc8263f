"""Telling a shop of money we gave back: a refund, which its provider gives or which it only notes.

Who gives the money is decided in the connection: the shop by the way it was paid, or somebody else
already, so that the shop only writes it down.
"""

from collections.abc import Sequence

from crosslane.channels.adapters.shops import amount_text
from crosslane.channels.adapters.telling import Conversation, Outcome, Outgoing, Refused, Talk
from crosslane.channels.adapters.woocommerce.rest import (
    ask,
    every,
    is_marked,
    mark,
    order_path,
)
from crosslane.channels.domain.reports import MoneyEvent
from crosslane.kernel import Invalid, parse_minor

KNOWN = "refund:"
RECORDED = "recorded"
REASON_CHARACTERS_MAX = 200


def tell_money(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop of money that was given back for one of its orders."""
    (one,) = messages
    event = one.message
    if not isinstance(event, MoneyEvent):
        raise TypeError(f"{event} is no money")
    if event.step != "refunded" or event.outcome != "done":
        return [Outcome(state="unsupported", code="step-untold", detail=event.step)]
    learnt = f"{KNOWN}{event.source_id}"
    refunds = yield from every(talk, order_path(event.order, "refunds"))
    for refund in refunds:
        if is_marked(refund, one.key):
            return [Outcome(state="needless", learnt={learnt: str(refund["id"])})]
    order = yield from ask(talk, "GET", order_path(event.order))
    if order["currency"] != event.currency:
        detail = f"The order is in {order['currency']}, not in {event.currency}"
        raise Refused("currency-differs", detail)
    left = _minor(order["total"], event.currency) - sum(
        _minor(refund["amount"], event.currency) for refund in refunds
    )
    if event.minor > left:
        # The shop would answer as if it had failed, and be asked again and again.
        lacking = amount_text(event.minor - max(0, left), event.currency)
        raise Refused("refund-exceeds", f"The shop has {lacking} {event.currency} too little")
    wish = {
        "amount": amount_text(event.minor, event.currency),
        "reason": event.reason[:REASON_CHARACTERS_MAX],
        "api_refund": talk.settings.get("refunds", "") != RECORDED,
        "api_restock": False,
        "meta_data": mark(one.key),
    }
    made = yield from ask(talk, "POST", order_path(event.order, "refunds"), wish)
    return [Outcome(learnt={learnt: str(made["id"])})]


def _minor(text: object, currency: str) -> int:
    try:
        return parse_minor(str(text), currency)
    except Invalid:
        # Finer than money is, as shops may count; what is left is at least this.
        return parse_minor(str(text).partition(".")[0] or "0", currency)
