"""Parcels leave: those the carrier has numbered, unless their order holds them back.

A numbered parcel stays where it is while a stop is open, and while units in it were cancelled that
are not taken out yet. It leaves as soon as the stop is resolved, or with what is left in it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from crosslane import carriers, orders
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import Parcel, Work, advance
from crosslane.fulfillment.service.delivering import deliver
from crosslane.fulfillment.service.transfers import send_transfers, told_of_parcel
from crosslane.orders import Stage
from crosslane.platform import log
from crosslane.platform.database import Tx


async def send_off(tx: Tx, created: Mapping[UUID, tuple[carriers.LabelCreated, log.Cause]]) -> None:
    """Send parcels off that the carrier has numbered now.

    Args:
        tx: open transaction.
        created: by parcel, its label and what it is due to.
    """
    owners = await storage.works_of_parcels(tx, list(created))
    works = await storage.lock_works(tx, list(owners.values()))
    numbered: list[tuple[Work, Parcel]] = []
    for parcel_id, work_id in owners.items():
        work = works[work_id]
        parcel = next(p for p in work.parcels if p.id == parcel_id)
        label, _ = created[parcel_id]
        if parcel.state == "packed" and parcel.label_id == label.label_id:
            parcel.carrier, parcel.tracking_number = label.carrier, label.tracking_number
            numbered.append((work, parcel))
    causes = {parcel_id: cause for parcel_id, (_, cause) in created.items()}
    await send(tx, numbered, causes)


async def send_held(tx: Tx, causes: Mapping[UUID, log.Cause]) -> None:
    """Send off what orders have held back and hold back no longer.

    Args:
        tx: open transaction.
        causes: by order, what it is due to.
    """
    works = await storage.lock_works(tx, await storage.works_of_orders(tx, list(causes)))
    held = list_numbered(list(works.values()))
    await send(tx, held, {parcel.id: causes[work.order_id] for work, parcel in held})


def list_numbered(works: Sequence[Work]) -> list[tuple[Work, Parcel]]:
    """Return the parcels that have their number and are still here."""
    return [
        (work, parcel)
        for work in works
        for parcel in work.parcels
        if parcel.state == "packed" and parcel.tracking_number
    ]


async def send(
    tx: Tx, numbered: Sequence[tuple[Work, Parcel]], causes: Mapping[UUID, log.Cause]
) -> None:
    """Send numbered parcels off as far as their orders let them go; the others keep their number.

    Args:
        tx: open transaction; the work is locked.
        numbered: packed parcels with their tracking numbers.
        causes: by parcel, what it is due to.
    """
    if not numbered:
        return
    stopped = await orders.lock_stopped(tx, [work.order_id for work, _ in numbered])
    leaving = [one for one in numbered if one[0].order_id not in stopped]
    to_stores = [one for one in leaving if one[0].method == "ship_to_store"]
    if to_stores:
        await send_transfers(tx, to_stores, causes)
    await _hand_over(tx, [one for one in leaving if one[0].method != "ship_to_store"], causes)
    await storage.save_parcels(
        tx, [(work.id, parcel) for work, parcel in numbered if parcel.state == "packed"]
    )


async def _hand_over(
    tx: Tx, leaving: Sequence[tuple[Work, Parcel]], causes: Mapping[UUID, log.Cause]
) -> None:
    if not leaving:
        return
    steps = [
        orders.Step(
            order_id=work.order_id,
            line_id=line.line_id,
            location_id=work.location_id,
            from_stage=Stage.PACKED,
            to_stage=Stage.HANDED_OVER,
            quantity=units,
            group=str(parcel.id),
            why=f"parcel:{parcel.id}",
            occurred_at=parcel.packed_at,
            cause=causes[parcel.id],
        )
        for work, parcel in leaving
        for line in work.lines
        if (units := parcel.lines.get(line.id, 0))
    ]
    # Refused is a parcel with cancelled units in it: taking them out sends it off.
    refused = await orders.move(tx, steps)
    gone = [(work, parcel) for work, parcel in leaving if str(parcel.id) not in refused]
    for work, parcel in gone:
        parcel.state, parcel.shipped_at = "shipped", parcel.packed_at
        for line in work.lines:
            units = parcel.lines.get(line.id, 0)
            line.packed -= units
            line.gone += units
        advance(work, tx.now)
    await storage.save_works(tx, list({work.id: work for work, _ in gone}.values()))
    await storage.save_parcels(tx, [(work.id, parcel) for work, parcel in gone])
    told = [
        told_of_parcel(
            events.ParcelShipped,
            work,
            parcel,
            carrier=parcel.carrier,
            tracking_number=parcel.tracking_number,
            occurred_at=parcel.packed_at,
        )
        for work, parcel in gone
    ]
    await log.append(tx, told, [causes[parcel.id] for _, parcel in gone])
    # The carrier may have been quicker than we: what it said before stands.
    arrived = await carriers.delivered_parcels(tx, [parcel.id for _, parcel in gone])
    if arrived:
        await deliver(tx, [(parcel, at, causes[parcel]) for parcel, at in arrived.items()])
