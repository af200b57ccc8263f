"""What fulfillment does when orders are ready or cancelled, carriers speak, or time is up."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from crosslane import vendors
from crosslane.carriers import LabelCreated, TrackingRecorded
from crosslane.fulfillment import storage
from crosslane.fulfillment.service import supplying
from crosslane.fulfillment.service.delivering import deliver
from crosslane.fulfillment.service.following import take_back
from crosslane.fulfillment.service.offering import offer
from crosslane.fulfillment.service.sending import send_held, send_off
from crosslane.fulfillment.service.unclaimed import EVERY_SECONDS, give_up_uncollected
from crosslane.orders import LinesCancelled, OrderReady, StopResolved, UnitsRecalled
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


async def withdraw_cancelled(
    tx: Tx, logged: Sequence[Logged[LinesCancelled | UnitsRecalled]]
) -> None:
    """Take units that are not wanted there off their locations, unless these gave them up."""
    foreign = [
        entry
        for entry in logged
        if isinstance(entry.event, UnitsRecalled) or not entry.event.taken_out
    ]
    units = [(one, _Ours(entry.trace)) for entry in foreign for one in entry.event.units]
    await take_back(tx, units)


async def send_unstopped(tx: Tx, logged: Sequence[Logged[StopResolved]]) -> None:
    """Send parcels off that a stop has held back."""
    await send_held(tx, {entry.event.order_id: _Ours(entry.trace) for entry in logged})


async def follow_carriers(
    tx: Tx, logged: Sequence[Logged[LabelCreated | TrackingRecorded]]
) -> None:
    """Send parcels off that the carrier has numbered, and note those that have arrived.

    One reaction, because a label's events are told in their order: nothing arrives unnumbered.
    """
    numbered = {
        entry.event.parcel_id: (entry.event, _Ours(entry.trace))
        for entry in logged
        if isinstance(entry.event, LabelCreated)
    }
    arrived = [
        (entry.event.parcel_id, entry.event.occurred_at, _Ours(entry.trace))
        for entry in logged
        if isinstance(entry.event, TrackingRecorded) and entry.event.status == "delivered"
    ]
    works = await storage.lock_works_of_parcels(
        tx, [*numbered, *(parcel_id for parcel_id, _, _ in arrived)]
    )
    await send_off(tx, works, numbered)
    await deliver(tx, works, arrived)


# What has left comes first: it cannot be given up any more.
VENDORS_SAY: dict[type[vendors.PurchaseEvent], Callable[[Tx, Sequence[Any]], Awaitable[None]]] = {
    vendors.VendorShipped: supplying.ship,
    vendors.VendorShort: supplying.note_short,
    vendors.PurchaseGivenUp: supplying.give_up,
    vendors.PurchaseAcknowledged: supplying.note_acknowledged,
    vendors.VendorDelivered: supplying.note_delivered,
}


async def follow_vendors(tx: Tx, logged: Sequence[Logged[vendors.PurchaseEvent]]) -> None:
    """Do what vendors have said about their work."""
    for kind, do in VENDORS_SAY.items():
        said = [
            supplying.Given(entry.event, _Ours(entry.trace))
            for entry in logged
            if isinstance(entry.event, kind)
        ]
        if said:
            await do(tx, said)


SCHEDULES = [Schedule("fulfillment.give_up_uncollected", EVERY_SECONDS, give_up_uncollected)]
REACTIONS = [
    Reaction("fulfillment.offer_ready", (OrderReady,), offer_ready, batch_max=200),
    Reaction("fulfillment.withdraw_cancelled", (LinesCancelled, UnitsRecalled), withdraw_cancelled),
    Reaction("fulfillment.send_unstopped", (StopResolved,), send_unstopped),
    Reaction(
        "fulfillment.follow_carriers",
        (LabelCreated, TrackingRecorded),
        follow_carriers,
        batch_max=200,
    ),
    Reaction("fulfillment.follow_vendors", tuple(VENDORS_SAY), follow_vendors, batch_max=100),
]
