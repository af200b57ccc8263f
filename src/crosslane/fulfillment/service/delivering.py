"""Parcels arrive: carriers and vendors say so, early, late or more than once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from crosslane import orders, sourcing
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import Parcel, Work
from crosslane.fulfillment.service.offering import event_of
from crosslane.orders import Stage, Step
from crosslane.platform import log
from crosslane.platform.database import Tx


async def deliver(
    tx: Tx, works: Mapping[UUID, Work], delivered: Sequence[tuple[UUID, datetime, log.Cause]]
) -> None:
    """Note that parcels have arrived; a report that comes again changes nothing.

    One of a parcel that has not left by our own books is taken up when it leaves.

    Args:
        tx: open transaction.
        works: what the parcels belong to, locked.
        delivered: parcel, business time, and what it is due to.
    """
    parcels = {parcel.id: (work, parcel) for work in works.values() for parcel in work.parcels}
    arrived: dict[UUID, tuple[Work, Parcel, datetime, log.Cause]] = {}
    for parcel_id, at, cause in delivered:
        if parcel_id in parcels and parcel_id not in arrived:
            work, parcel = parcels[parcel_id]
            # A parcel to a store has arrived when the store says so.
            if parcel.state == "shipped" and work.method == "ship":
                parcel.state = "delivered"
                arrived[parcel_id] = (work, parcel, at, cause)
    steps = [
        step
        for work, parcel, at, cause in arrived.values()
        for step in steps_of_parcel(work, parcel, (Stage.HANDED_OVER, Stage.DELIVERED), at, cause)
    ]
    refused = await orders.move(tx, steps)
    gone = [one for one in arrived.values() if str(one[1].id) not in refused]
    await storage.save_works(tx, list({work.id: work for work, _, _, _ in gone}.values()))
    await sourcing.note_arrived(
        tx,
        [
            sourcing.Arrived(
                service=work.service,
                location_id=work.location_id,
                promised_at=work.promised_at,
                at=at,
            )
            for work, _, at, _ in gone
            if work.promised_at is not None
        ],
    )
    told = [
        event_of(events.ParcelDelivered, work, parcel_id=parcel.id, occurred_at=at)
        for work, parcel, at, _ in gone
    ]
    await log.append(tx, told, [cause for _, _, _, cause in gone])


async def note_delivered(tx: Tx, delivered: Sequence[tuple[UUID, datetime, log.Cause]]) -> None:
    """Note that parcels have arrived, as somebody else than their carrier says; see deliver."""
    works = await storage.lock_works_of_parcels(tx, [parcel_id for parcel_id, _, _ in delivered])
    await deliver(tx, works, delivered)


def steps_of_parcel(
    work: Work, parcel: Parcel, stages: tuple[Stage, Stage], at: datetime, cause: log.Cause
) -> list[Step]:
    """Return the steps of what is in a parcel, from one stage to another; all go together."""
    group = str(parcel.id)
    why = "parcel:" + group
    return [
        Step(
            order_id=work.order_id,
            line_id=line.line_id,
            location_id=work.location_id,
            from_stage=stages[0],
            to_stage=stages[1],
            quantity=units,
            group=group,
            why=why,
            occurred_at=at,
            cause=cause,
        )
        for line in work.lines
        if (units := parcel.lines.get(line.id, 0))
    ]
