"""Which events customers are told of, and the causes their messages go by."""

from collections.abc import Sequence
from typing import Any

from crosslane.engagement.domain import Occasion
from crosslane.engagement.service.sending import first_cause, forget_recipients
from crosslane.engagement.service.telling import tell
from crosslane.fulfillment import ParcelShipped, PickupReady
from crosslane.orders import (
    LinesBackordered,
    LinesCancelled,
    MovedPromise,
    OrderPlaced,
    PromiseMoved,
    StopResolved,
)
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.log import Logged, Reaction

FORGET_SECONDS = 3600.0
STORIES_AT_ONCE_MAX = 200


async def tell_customers(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Ask for the messages that events call for."""
    await tell(tx, [occasion_of(entry) for entry in logged])


def occasion_of(entry: Logged[Any]) -> Occasion:
    """Return what an event gives customers to know."""
    event = entry.event
    match event:
        case ParcelShipped():
            told = {
                "topic": "shipped",
                "cause": f"shipped:{event.parcel_id}",
                "parcel_id": event.parcel_id,
                "tracking_number": event.tracking_number,
                "tracking_url": event.tracking_url,
                "units": {units.line_id: units.quantity for units in event.units},
            }
        case PickupReady():
            work_id = event.fulfillment_order_id
            told = {"topic": "pickup_ready", "cause": f"ready:{work_id}", "work_id": work_id}
        case LinesBackordered():
            told = {
                "topic": "delayed",
                "cause": f"delayed:{event.order_id}:{entry.subject_no}",
                "units": dict.fromkeys(event.line_ids, 0),
            }
        case PromiseMoved():
            # A first date is told by the confirmation and the page, a better one by the goods.
            told = {
                "topic": "delayed",
                "cause": f"moved:{event.order_id}:{entry.subject_no}",
                "units": {one.line_id: 0 for one in event.lines if _is_later(one)},
            }
        case LinesCancelled():
            units = {one.line_id: 0 for one in event.units}
            for one in event.units:
                units[one.line_id] += one.quantity
            cause = f"cancelled:{event.order_id}:{event.amendment_no}"
            told = {"topic": "cancelled", "cause": cause, "units": units, "reason": event.reason}
        case _:
            told = {"topic": "confirmed", "cause": first_cause(event.order_id)}
    return Occasion(order_id=event.order_id, at=entry.at, trace=entry.trace, **told)


def _is_later(moved: MovedPromise) -> bool:
    return moved.before is not None and (moved.after is None or moved.after > moved.before)


REACTIONS = [
    Reaction(
        "engagement.tell_customers",
        (
            OrderPlaced,
            StopResolved,
            LinesBackordered,
            PromiseMoved,
            LinesCancelled,
            ParcelShipped,
            PickupReady,
        ),
        tell_customers,
        batch_max=STORIES_AT_ONCE_MAX,
    )
]
SCHEDULES = [Schedule("engagement.forget_recipients", FORGET_SECONDS, forget_recipients)]
