"""Parcels arrive: carriers and vendors say so, early, late or more than once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane import orders
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import Parcel, Work
from crosslane.fulfillment.service.offering import event_of
from crosslane.orders import Stage, Step
from crosslane.platform import log
from crosslane.platform.database import Tx


async def deliver(tx: Tx, delivered: Sequence[tuple[UUID, datetime, log.Cause]]) -> None:
    """Note that parcels have arrived; a report that comes again changes nothing.

    One of a parcel that has not left by our own books is taken up when it leaves.

    Args:
        tx: open transaction.
        delivered: parcel, business time, and what it is due to.
    """
    owners = await storage.works_of_parcels(tx, [parcel_id for parcel_id, _, _ in delivered])
    works = await storage.lock_works(tx, list(owners.values()))
    arrived: dict[UUID, tuple[Work, Parcel, datetime, log.Cause]] = {}
    for parcel_id, at, cause in delivered:
        if parcel_id in owners and parcel_id not in arrived:
            work = works[owners[parcel_id]]
            parcel = next(p for p in work.parcels if p.id == parcel_id)
            # A parcel to a store has arrived when the store says so.
            if parcel.state == "shipped" and work.method == "ship":
                parcel.state = "delivered"
                arrived[parcel_id] = (work, parcel, at, cause)
    steps = [
        Step(
            order_id=work.order_id,
            line_id=line.line_id,
            location_id=work.location_id,
            from_stage=Stage.HANDED_OVER,
            to_stage=Stage.DELIVERED,
            quantity=units,
            group=str(parcel.id),
            why=f"parcel:{parcel.id}",
            occurred_at=at,
            cause=cause,
        )
        for work, parcel, at, cause in arrived.values()
        for line in work.lines
        if (units := parcel.lines.get(line.id, 0))
    ]
    refused = await orders.move(tx, steps)
    gone = [one for one in arrived.values() if str(one[1].id) not in refused]
    await storage.save_parcels(tx, [(work.id, parcel) for work, parcel, _, _ in gone])
    told = [
        event_of(events.ParcelDelivered, work, parcel_id=parcel.id, occurred_at=at)
        for work, parcel, at, _ in gone
    ]
    await log.append(tx, told, [cause for _, _, _, cause in gone])
