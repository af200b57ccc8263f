"""External Fulfillment: what Amazon's customers send back to our own locations."""

from collections.abc import Iterator

from crosslane.channels.adapters.amazon.resource import ZONE, identity, notice
from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.domain.messages import Message, ReturnedGoods, ReturnEvent
from crosslane.returns import ReturnReason

ARRIVED = frozenset({"DELIVERED", "PARTIALLY_PROCESSED", "PROCESSED"})
OFF = frozenset({"CANCELLED", "CUSTOMER_CANCELLED_PICK_UP"})
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
    """Say that goods are to come back, or have arrived."""
    number, status = branch.needed("id"), branch.needed("status")
    changed = branch.moment("lastUpdatedDateTime", zone=ZONE)
    made = branch.moment("creationDateTime", zone=ZONE)
    where = branch.branch("marketplaceChannelDetails")
    order = where.text("shipmentId") or where.text("customerOrderId")
    units = branch.whole("numberOfUnits", 1)
    sku = branch.text("merchantSku")
    if status in OFF or not order or not sku or not units:
        yield notice(branch, context, "return", number, title=status, at=changed)
        return
    why = branch.branch("returnMetadata").word("returnReason")
    reason = next((ours for word, ours in REASONS if word in why), "other")
    arrived = status in ARRIVED
    yield ReturnEvent(
        **identity(number, changed, made, context),
        order=order,
        step="arrived" if arrived else "requested",
        lines=(ReturnedGoods(sku=sku, quantity=units, reason=reason),),
        location=branch.text("returnLocationId", "fulfillmentLocationId") if arrived else "",
    )
