"""What insights follows: whatever changes how lists know an order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crosslane import fulfillment, orders, payments
from crosslane.insights.service import keep
from crosslane.platform import audit
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged, Reaction

ORDERS_AT_ONCE_MAX = 300
# What people do with their hands all day is no sign that an order needed somebody.
USUAL = frozenset(
    {
        "fulfillment.accept",
        "fulfillment.pick",
        "fulfillment.pack",
        "fulfillment.hand_over",
        "fulfillment.collect",
        "fulfillment.arrive",
        "inventory.count",
    }
)


async def keep_lists(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Bring lists up to date with what has happened to orders."""
    by_hand = [entry for entry in logged if entry.actor.startswith("staff:")]
    pairs = {(entry.actor, entry.trace) for entry in by_hand}
    deeds = await audit.list_actions(tx, pairs, [entry.at for entry in by_hand])
    unusual = {
        pair for pair, action in deeds if action not in USUAL and not action.startswith("returns.")
    }
    changed = [e.event.order_id for e in by_hand if (e.actor, e.trace) in unusual]
    touched = frozenset(order_id for order_id in changed if order_id is not None)
    told: dict[UUID, tuple[int, int]] = {}
    for entry in logged:
        order_id = entry.event.order_id
        if order_id in touched or _tells(entry.event):
            told[order_id] = max(entry.position, told.get(order_id, entry.position))
    await keep(tx, told, touched)


def _tells(event: Any) -> bool:
    """Say whether an order may have to be listed otherwise; picking and packing alone do not."""
    if isinstance(event, fulfillment.ParcelPacked):
        return False
    whole = isinstance(event, fulfillment.UnitsPicked) and not event.short
    return event.order_id is not None and not whole


REACTIONS = [
    Reaction(
        "insights.keep_lists",
        (
            orders.OrderPlaced,
            orders.OrderReady,
            orders.StopRaised,
            orders.StopResolved,
            orders.MoneyProblemRaised,
            orders.MoneyProblemResolved,
            orders.LinesBackordered,
            orders.LinesResourced,
            orders.PromiseMoved,
            orders.LinesCancelled,
            orders.UnitsRecalled,
            orders.OrderAmended,
            orders.LinesHandedOver,
            orders.ChargesDue,
            orders.LinesCredited,
            orders.OrderClosed,
            fulfillment.FulfillmentOffered,
            fulfillment.FulfillmentRejected,
            fulfillment.UnitsPicked,
            fulfillment.ParcelPacked,
            fulfillment.ParcelDelivered,
            fulfillment.TransferArrived,
            payments.PaymentCaptured,
            payments.PaymentRefunded,
            payments.PaymentSettled,
            payments.PaymentChargedBack,
            payments.ChargebackWon,
        ),
        keep_lists,
        batch_max=ORDERS_AT_ONCE_MAX,
        patient=True,
    )
]
