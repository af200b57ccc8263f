"""Telling a shop of money we gave back, which the shop gives then, by the way it was paid.

A refund carries a mark of ours in its note, by which it is found again after the day for which a
shop keeps idempotency keys. The shop suggests which payments have how much left to give.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from crosslane.channels.adapters.shopify.admin import ask_order, gid, must, number_of
from crosslane.channels.adapters.shops import amount_text
from crosslane.channels.adapters.telling import Conversation, Outcome, Outgoing, Refused, Talk
from crosslane.channels.domain.reports import MoneyEvent
from crosslane.kernel import parse_minor

KNOWN = "refund:"
REASON_CHARACTERS_MAX = 200

REFUNDS = """
query Refunds($id: ID!) {
  order(id: $id) {
    refunds(first: 100) { id note }
    suggestedRefund(suggestFullRefund: true) {
      suggestedTransactions {
        gateway
        parentTransaction { id }
        maximumRefundableSet { shopMoney { amount currencyCode } }
      }
    }
  }
}"""
REFUND = """
mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id }
    userErrors { field message }
  }
}"""


def tell_money(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop of money that was given back for one of its orders."""
    (one,) = messages
    event = one.message
    if not isinstance(event, MoneyEvent):
        raise TypeError(f"{event} is no money")
    if event.step != "refunded" or event.outcome != "done":
        return [Outcome(state="unsupported", code="step-untold", detail=event.step)]
    order = yield from ask_order(talk, REFUNDS, event.order)
    learnt = f"{KNOWN}{event.source_id}"
    if (found := _made(order["refunds"], one.key)) is not None:
        return [Outcome(state="needless", learnt={learnt: found})]
    suggested = order["suggestedRefund"]
    payments = suggested["suggestedTransactions"] if suggested else []
    wish = {
        "orderId": gid("Order", event.order),
        "currency": event.currency,
        "note": f"{event.reason[:REASON_CHARACTERS_MAX]} {mark_of(one.key)}".strip(),
        "notify": False,
        "transactions": _shares(event, payments),
    }
    key = str(uuid5(NAMESPACE_URL, one.key))
    done = yield from must(talk, REFUND, {"input": wish, "key": key})
    return [Outcome(learnt={learnt: number_of(done["refund"]["id"])})]


def mark_of(key: str) -> str:
    """Return what a note says of whose refund it is."""
    return f"[{key}]"


def _made(refunds: Sequence[Mapping[str, Any]], key: str) -> str | None:
    mark = mark_of(key)
    return next((number_of(r["id"]) for r in refunds if mark in (r["note"] or "")), None)


def _shares(event: MoneyEvent, payments: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how much is given back of which payment, the first ones first.

    Raises:
        Refused: the shop has less to give, or counts in another currency.
    """
    left = event.minor
    shares = []
    for payment in payments:
        money = (payment["maximumRefundableSet"] or {}).get("shopMoney")
        if not money or not payment["parentTransaction"]:
            continue
        if money["currencyCode"] != event.currency:
            detail = f"The shop counts in {money['currencyCode']}, not in {event.currency}"
            raise Refused("currency-differs", detail)
        if not (minor := min(left, parse_minor(money["amount"], event.currency))):
            continue
        left -= minor
        shares.append(
            {
                "orderId": gid("Order", event.order),
                "parentId": payment["parentTransaction"]["id"],
                "gateway": payment["gateway"] or "",
                "kind": "REFUND",
                "amount": amount_text(minor, event.currency),
            }
        )
    if left:
        lacking = amount_text(left, event.currency)
        raise Refused("refund-exceeds", f"The shop has {lacking} {event.currency} too little")
    return shares
