"""External Fulfillment: what Amazon's customers send back to our own locations."""

from collections.abc import Iterator, Mapping
from typing import Literal

from crosslane.channels.adapters.amazon.resource import ZONE, identity, notice
from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.domain.messages import Message, ReturnedGoods, ReturnEvent
from crosslane.returns import ReturnReason

STEPS: Mapping[str, Literal["sent", "arrived", "cancelled"]] = {
    "PICKED_FROM_CUSTOMER": "sent",
    "CUSTOMER_DROPPED_OFF": "sent",
    "IN_TRANSIT": "sent",
    "OUT_FOR_DELIVERY": "sent",
    "DELIVERED": "arrived",
    "PARTIALLY_PROCESSED": "arrived",
    "PROCESSED": "arrived",
    "CANCELLED": "cancelled",
}
# What says nothing of goods: a person sees it.
NOTICES = frozenset({"CUSTOMER_CANCELLED_PICK_UP", "REJECTED"})
# Words of Amazon's reasons, which are many; the first that stands in one.
REASONS: tuple[tuple[str, ReturnReason], ...] = (
    ("TOO_SMALL", "too_small"),
    ("TOO_LARGE", "too_large"),
    ("DAMAGED", "damaged"),
    ("DEFECTIVE", "faulty"),
    ("QUALITY", "faulty"),
    ("NOT_AS_DESCRIBED", "not_as_described"),
    ("WRONG", "wrong_item"),
    ("SWITCHEROO", "wrong_item"),
    ("MISSED_ESTIMATED", "arrived_late"),
    ("UNWANTED", "changed_mind"),
    ("NO_LONGER_NEEDED", "changed_mind"),
    ("FOUND_BETTER_PRICE", "changed_mind"),
)


def goods_back(branch: Branch, context: Context) -> Iterator[Message]:
    """Say that goods are to come back, are on their way, have arrived, or will not come.

    A return is told once more with each thing that happens to it, and with all its units: those
    that were delivered are the same that are processed.
    """
    number, status = branch.needed("id"), branch.needed("status")
    changed = branch.moment("lastUpdatedDateTime", zone=ZONE)
    made = branch.moment("creationDateTime", zone=ZONE)
    where = branch.branch("marketplaceChannelDetails")
    order = where.text("shipmentId") or where.text("customerOrderId")
    units = branch.whole("numberOfUnits", 1)
    sku = branch.text("merchantSku")
    if status in NOTICES or not order or not sku or not units:
        yield notice(branch, context, "return", number, title=status, at=changed)
        return
    why = branch.branch("returnMetadata").word("returnReason")
    reason = next((ours for word, ours in REASONS if word in why), "other")
    step = STEPS.get(status, "requested")
    arrived = step == "arrived"
    told = identity(number, changed, made, context)
    if step != "requested" and changed is not None:
        told["event_at"] = changed
    yield ReturnEvent(
        **told,
        order=order,
        step=step,
        counted="in_all",
        lines=(ReturnedGoods(sku=sku, quantity=units, reason=reason),),
        location=branch.text("returnLocationId", "fulfillmentLocationId") if arrived else "",
    )
