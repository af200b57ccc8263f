"""What fulfillment does when orders are ready or cancelled, carriers speak, or time is up."""

from collections.abc import Sequence

from crosslane.carriers import LabelCreated, TrackingRecorded
from crosslane.fulfillment.service.following import deliver, take_back
from crosslane.fulfillment.service.offering import offer
from crosslane.fulfillment.service.packing import send_off
from crosslane.fulfillment.service.unclaimed import EVERY_SECONDS, give_up_uncollected
from crosslane.orders import LinesCancelled, OrderReady
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.log import Logged, Reaction


class _Ours:
    """Our own doing in answer to an event, under that event's trace."""

    def __init__(self, trace: str) -> None:
        self.trace = trace
        self.actor: Actor = SYSTEM


async def offer_ready(tx: Tx, logged: Sequence[Logged[OrderReady]]) -> None:
    """Give orders that nothing holds back to their locations."""
    order_ids = list(dict.fromkeys(entry.event.order_id for entry in logged))
    await offer(tx, order_ids, _Ours(logged[0].trace))


async def withdraw_cancelled(tx: Tx, logged: Sequence[Logged[LinesCancelled]]) -> None:
    """Take cancelled units off their locations, unless these gave them up themselves."""
    foreign = [entry for entry in logged if not entry.event.taken_out]
    units = [(one, _Ours(entry.trace)) for entry in foreign for one in entry.event.units]
    await take_back(tx, units)


async def send_labelled(tx: Tx, logged: Sequence[Logged[LabelCreated]]) -> None:
    """Send parcels off that the carrier has numbered."""
    await send_off(
        tx, {entry.event.parcel_id: (entry.event, _Ours(entry.trace)) for entry in logged}
    )


async def note_delivered(tx: Tx, logged: Sequence[Logged[TrackingRecorded]]) -> None:
    """Note parcels that have arrived."""
    await deliver(
        tx,
        [
            (entry.event.parcel_id, entry.event.occurred_at, _Ours(entry.trace))
            for entry in logged
            if entry.event.status == "delivered"
        ],
    )


SCHEDULES = [Schedule("fulfillment.give_up_uncollected", EVERY_SECONDS, give_up_uncollected)]
REACTIONS = [
    Reaction("fulfillment.offer_ready", (OrderReady,), offer_ready, batch_max=200),
    Reaction("fulfillment.withdraw_cancelled", (LinesCancelled,), withdraw_cancelled),
    Reaction("fulfillment.send_labelled", (LabelCreated,), send_labelled, batch_max=200),
    Reaction("fulfillment.note_delivered", (TrackingRecorded,), note_delivered, batch_max=200),
]
