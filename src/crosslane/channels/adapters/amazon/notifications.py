"""Notifications: that something has changed at Amazon, seldom what.

An order that has changed is fetched anew by its own way; only that it is off is taken from here.
Changes of goods that lie with Amazon, of what can be bought and of money say all of it.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from crosslane.channels.adapters.amazon import goods, money
from crosslane.channels.adapters.amazon.resource import ZONE, case_of, identity, notice
from crosslane.channels.adapters.amazon.selling import OFF, status_of
from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.domain.messages import Cancellation, Message

TYPE = "NotificationType"
# What a payload may be about, for people.
TITLES = ("AmazonOrderId", "SellerFulfillmentOrderId", "SKU", "Sku", "ASIN", "Asin", "asin")


def is_notification(branch: Branch) -> bool:
    """Whether a part of a record is a notification."""
    return bool(branch.word(case_of(branch, TYPE)))


def notification(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what a notification says; one that asks nothing of the hub is noted."""
    kind = branch.text(case_of(branch, TYPE))
    at = branch.moment(case_of(branch, "EventTime"), zone=ZONE)
    about = branch.branch(case_of(branch, "NotificationMetadata"))
    number = about.text(case_of(about, "NotificationId"))
    payload = _payload(branch.branch(case_of(branch, "Payload")))
    read = KINDS.get(kind)
    then = msgspec.structs.replace(context, said_at=at or context.said_at)
    said = list(read(payload, then)) if read else []
    title = next((word for name in TITLES if (word := payload.word(name))), "")
    yield from said or [notice(branch, context, kind, number, title=title, at=at)]


def _payload(branch: Branch) -> Branch:
    """Return what a notification is about; older ones name it once more around it."""
    parts = branch.value.items() if branch else ()
    wrapped = [name for name, part in parts if isinstance(part, dict)]
    return branch.branch(wrapped[0]) if len(wrapped) == len(parts) == 1 else branch


def _order_change(branch: Branch, context: Context) -> Iterator[Message]:
    """Say that an order is off; all else is fetched."""
    summary = branch.branch(case_of(branch, "Summary"))
    status = summary.word(case_of(summary, "OrderStatus"))
    if status_of(status) not in OFF:
        return
    summary.text(case_of(summary, "OrderStatus"))
    trigger = branch.branch(case_of(branch, "OrderChangeTrigger"))
    changed = trigger.moment(case_of(trigger, "TimeOfOrderChange"), zone=ZONE)
    made = summary.moment(case_of(summary, "PurchaseDate"), zone=ZONE)
    reason = trigger.text(case_of(trigger, "ChangeReason"))
    yield Cancellation(
        **identity(branch.needed(case_of(branch, "AmazonOrderId")), changed, made, context),
        reason=reason[:500] or "cancelled at Amazon",
    )


KINDS: Mapping[str, Callable[[Branch, Context], Iterator[Message]]] = {
    "ORDER_CHANGE": _order_change,
    "FBA_INVENTORY_AVAILABILITY_CHANGES": goods.availability,
    "LISTINGS_ITEM_STATUS_CHANGE": goods.status_change,
    "TRANSACTION_UPDATE": money.transaction,
}
"""Notifications that say something themselves."""
