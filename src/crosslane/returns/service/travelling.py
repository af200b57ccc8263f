"""Parcels on their way to us: what a carrier has scanned has left the customer."""

from collections.abc import Sequence

from crosslane.carriers import TrackingRecorded
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command
from crosslane.platform.log import Logged
from crosslane.returns.service.authorizing import dispatch
from crosslane.returns.service.wishes import Dispatch
from crosslane.returns.storage import writing

# What a carrier says of a parcel that it has in its hands, or had.
MOVING = ("accepted", "in_transit", "out_for_delivery", "ready_for_collection", "delivered")


async def follow(tx: Tx, logged: Sequence[Logged[TrackingRecorded]]) -> None:
    """Note that returns are on their way whose parcel a carrier has seen, once each.

    A parcel bears the id of its return. What had been dispatched before, or has arrived already, is
    left as it is; carriers report in any order.
    """
    seen: dict[object, Logged[TrackingRecorded]] = {}
    for entry in logged:
        first = seen.get(entry.event.parcel_id)
        if entry.event.status in MOVING and (
            first is None or entry.event.occurred_at < first.event.occurred_at
        ):
            seen[entry.event.parcel_id] = entry
    known = await writing.list_returns(tx, [e.event.parcel_id for e in seen.values()])
    commands = [
        Command(
            key=f"tracked:{one.id}",
            actor=SYSTEM,
            body=Dispatch(
                return_id=one.id, occurred_at=min(seen[one.id].event.occurred_at, tx.now)
            ),
            trace=seen[one.id].trace,
        )
        for one in known.values()
        if one.state == "authorized"
    ]
    if commands:
        await dispatch(tx, commands)
