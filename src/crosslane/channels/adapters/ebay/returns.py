"""Returns of eBay's Post-Order API, version 2: what a buyer asks for, and what became of it.

A return is told by its state alone, with no count of versions and no time of its last change: each
state has its rank, and what is told twice says the same. That goods were delivered a carrier says;
whoever counts them is our own. Decisions about returns are taken at eBay, see the family's lacks.

Rules: ``ReturnSummaryType`` with ``ReturnStateEnum`` and ``ReturnReasonEnum``. The transaction of a
return is the line item of its order.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.ebay.orders import identity, instant, minor_of
from crosslane.channels.adapters.family import Context
from crosslane.channels.domain.messages import Message, ReturnedGoods, ReturnEvent
from crosslane.channels.domain.reports import Notice
from crosslane.returns import ReturnReason

Step = Literal["requested", "authorized", "declined", "sent", "refunded", "cancelled"]
PREFIX = "return/"
STEPS: Mapping[str, Step] = {
    **dict.fromkeys(("RETURN_REQUESTED", "RETURN_REQUESTED_TIMEOUT"), "requested"),
    **dict.fromkeys(("WAITING_FOR_RMA", "WAITING_FOR_RETURN_LABEL"), "authorized"),
    **dict.fromkeys(("RETURN_LABEL_REQUESTED", "ITEM_READY_TO_SHIP"), "authorized"),
    **dict.fromkeys(("READY_FOR_SHIPPING",), "authorized"),
    **dict.fromkeys(("ITEM_SHIPPED", "ITEM_DELIVERED"), "sent"),
    **dict.fromkeys(("REFUND_INITIATED", "AUTO_REFUND_INITIATED"), "refunded"),
    **dict.fromkeys(("REFUND_SENT_PENDING_CONFIRMATION",), "refunded"),
    **dict.fromkeys(("LESS_THAN_A_FULL_REFUND_ISSUED", "ITEM_KEPT"), "refunded"),
    "RETURN_REJECTED": "declined",
    "CLOSED": "cancelled",
}
RANKS = ("requested", "authorized", "declined", "sent", "refunded", "cancelled")
# The buyer keeps the goods and gets a part of the money.
KEPT = "ITEM_KEPT"
REASONS: Mapping[str, ReturnReason] = {
    **dict.fromkeys(("DEFECTIVE_ITEM", "EXPIRED_ITEM", "MISSING_PARTS"), "faulty"),
    **dict.fromkeys(("NOT_AS_DESCRIBED", "DIFFERENT_FROM_LISTING"), "not_as_described"),
    **dict.fromkeys(("FAKE_OR_COUNTERFEIT",), "not_as_described"),
    **dict.fromkeys(("RECEIVED_WRONG_ITEM", "WRONG_ITEM", "ORDERED_DIFFERENT_ITEM"), "wrong_item"),
    **dict.fromkeys(("BUYER_REMORSE", "NO_LONGER_NEED_ITEM", "NO_REASON"), "changed_mind"),
    **dict.fromkeys(("FOUND_BETTER_PRICE", "ORDERED_ACCIDENTALLY"), "changed_mind"),
    **dict.fromkeys(("ORDERED_WRONG_ITEM", "DID_NOT_LIKE_ITEM"), "changed_mind"),
    "ARRIVED_DAMAGED": "damaged",
    "ARRIVED_LATE": "arrived_late",
    "RETURNING_GIFT": "gift",
}
# Asked for as a cancellation, of goods that had left already.
CANCELLED = "CANCEL"


def goods_back(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what became of a return: wanted, allowed or not, on its way, refunded, called off.

    States between two of these, such as an offer of a part of the money, say nothing of goods, nor
    does one that was closed after money was given: its order tells of that.
    """
    number, state = branch.needed("returnId"), branch.word("state")
    info = branch.branch("creationInfo")
    item = info.branch("item")
    made = instant(info, "creationDate")
    money = branch.branch("sellerTotalRefund")
    refund = money.branch("actualRefundAmount")
    line, order = item.word("transactionId"), branch.word("orderId")
    units = item.whole("returnQuantity", 1)
    step = STEPS.get(state)
    closed_after_money = step == "cancelled" and "value" in refund
    if step is None or closed_after_money or not (line and order and units):
        item.leave("returnQuantity")
        told = identity(f"{PREFIX}{number}/{state}"[:100], made, made, context)
        yield Notice(**told, topic="return", title=state[:500])
        return
    currency = refund.word("currency") or context.currency
    yield ReturnEvent(
        source_id=f"{PREFIX}{number}",
        source_version=1 + RANKS.index(step),
        event_at=made or context.received_at,
        channel=context.channel,
        order=branch.text("orderId"),
        step=step,
        lines=(
            ReturnedGoods(
                id=item.text("transactionId"),
                quantity=units,
                reason=_reason(info),
            ),
        ),
        refunded_minor=minor_of(money, "actualRefundAmount", currency)
        if step == "refunded"
        else None,
        goods="stay" if state == KEPT else "come",
        reason="declined at eBay" if step == "declined" else "",
    )


def _reason(info: Branch) -> ReturnReason:
    if info.word("reasonType") == CANCELLED:
        return "changed_mind"
    return REASONS.get(info.word("reason"), "other")
