"""Which events customers are told of, and the causes their messages go by."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crosslane.engagement.domain import Occasion, StoryCharge, Topic
from crosslane.engagement.service.inviting import invite_people
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
from crosslane.platform.auth import PersonInvited
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.log import Logged, Reaction
from crosslane.returns import (
    ReturnAuthorized,
    ReturnCancelled,
    ReturnDeclined,
    ReturnEvent,
    ReturnExpired,
    ReturnReceived,
    ReturnRequested,
    ReturnSettled,
)

FORGET_SECONDS = 3600.0
STORIES_AT_ONCE_MAX = 200
RETURNS: Mapping[type[ReturnEvent], Topic] = {
    ReturnRequested: "return_requested",
    ReturnAuthorized: "return_authorized",
    ReturnDeclined: "return_declined",
    ReturnCancelled: "return_cancelled",
    ReturnReceived: "return_received",
    ReturnSettled: "refunded",
    ReturnExpired: "return_expired",
}


async def tell_customers(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Ask for the messages that events call for; a return without an order has nobody to tell."""
    await tell(tx, [occasion_of(entry) for entry in logged if entry.event.order_id])


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
            units = _sums((one.line_id, one.quantity) for one in event.units)
            cause = f"cancelled:{event.order_id}:{event.amendment_no}"
            told = {"topic": "cancelled", "cause": cause, "units": units, "reason": event.reason}
        case ReturnEvent():
            told = {**_of_return(event, entry.subject_no), "return_id": event.return_id}
        case _:
            told = {"topic": "confirmed", "cause": first_cause(event.order_id)}
    return Occasion(order_id=event.order_id, at=entry.at, trace=entry.trace, **told)


def _of_return(event: ReturnEvent, no: int) -> dict[str, Any]:
    """Return what an event of a return gives the customer of its order to know."""
    topic, told = RETURNS[type(event)], {}
    match event:
        case ReturnDeclined() | ReturnCancelled():
            told["reason"] = event.reason
        case ReturnReceived():
            told["units"] = _sums((one.line_id, one.quantity) for one in event.units)
        case ReturnSettled():
            goods = [one for one in event.lines if one.order_line_id]
            told["units"] = _sums((one.order_line_id, one.quantity) for one in goods)
            told["gross"] = _sums((o.order_line_id, o.net_minor + o.tax_minor) for o in goods)
            told["refund_minor"] = event.refund_minor
            besides = {"shipping": event.delivery_minor, "fee": -event.fee_minor}
            told["charges"] = [StoryCharge(kind, minor) for kind, minor in besides.items() if minor]
    return {"topic": topic, "cause": f"{topic}:{event.return_id}:{no}", **told}


def _sums(units: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    sums: dict[Any, int] = {}
    for key, units_of_it in units:
        sums[key] = sums.get(key, 0) + units_of_it
    return sums


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
            *RETURNS,
        ),
        tell_customers,
        batch_max=STORIES_AT_ONCE_MAX,
    ),
    Reaction("engagement.invite_people", (PersonInvited,), invite_people),
]
SCHEDULES = [Schedule("engagement.forget_recipients", FORGET_SECONDS, forget_recipients)]
