"""Parcels leave: those the carrier has numbered, unless their order holds them back.

A numbered parcel stays where it is while a stop is open, and while units in it were cancelled that
are not taken out yet. It leaves as soon as the stop is resolved, or with what is left in it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from crosslane import carriers, orders
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import Parcel, Work, advance
from crosslane.fulfillment.service.delivering import deliver, steps_of_parcel
from crosslane.fulfillment.service.transfers import send_transfers, told_of_parcel
from crosslane.orders import Stage
from crosslane.platform import log
from crosslane.platform.database import Tx


async def send_off(
    tx: Tx,
    works: Mapping[UUID, Work],
    created: Mapping[UUID, tuple[carriers.LabelCreated, log.Cause]],
) -> None:
    """Send parcels off that the carrier has numbered now.

    Args:
        tx: open transaction.
        works: what the parcels belong to, locked.
        created: by parcel, its label and what it is due to.
    """
    numbered: list[tuple[Work, Parcel]] = []
    for work in works.values():
        for parcel in work.parcels:
            label, _ = created.get(parcel.id, (None, None))
            if label and parcel.state == "packed" and parcel.label_id == label.label_id:
                parcel.carrier, parcel.tracking_number = label.carrier, label.tracking_number
                numbered.append((work, parcel))
    await send(tx, numbered, {parcel_id: cause for parcel_id, (_, cause) in created.items()})


async def send_held(tx: Tx, causes: Mapping[UUID, log.Cause]) -> None:
    """Send off what orders have held back and hold back no longer.

    Args:
        tx: open transaction.
        causes: by order, what it is due to.
    """
    works = await storage.lock_works_of_orders(tx, causes)
    await send_numbered(tx, works, {work.id: causes[work.order_id] for work in works.values()})


async def send_numbered(
    tx: Tx, works: Mapping[UUID, Work], causes: Mapping[UUID, log.Cause]
) -> None:
    """Send off what has its number for some time and is still here.

    The carrier may have been quicker than our books: what it has said of such parcels stands.

    Args:
        tx: open transaction.
        works: locked.
        causes: by fulfillment order, what it is due to.
    """
    waiting = list_numbered(list(works.values()))
    by_parcel = {parcel.id: causes[work.id] for work, parcel in waiting}
    await send(tx, waiting, by_parcel)
    gone = [parcel.id for _, parcel in waiting if parcel.state == "shipped"]
    arrived = await carriers.delivered_parcels(tx, gone) if gone else {}
    await deliver(tx, works, [(parcel, at, by_parcel[parcel]) for parcel, at in arrived.items()])


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
    to_stores = [one for one in numbered if one[0].method == "ship_to_store"]
    if to_stores:
        # All orders are locked together, in their order.
        stopped = await orders.lock_stopped(tx, [work.order_id for work, _ in numbered])
        leaving = [one for one in to_stores if one[0].order_id not in stopped]
        await send_transfers(tx, leaving, causes)
    await _hand_over(tx, [one for one in numbered if one[0].method != "ship_to_store"], causes)
    await storage.save_works(tx, list({work.id: work for work, _ in numbered}.values()))


async def _hand_over(
    tx: Tx, leaving: Sequence[tuple[Work, Parcel]], causes: Mapping[UUID, log.Cause]
) -> None:
    stages = (Stage.PACKED, Stage.HANDED_OVER)
    steps = [
        step
        for work, parcel in leaving
        for step in steps_of_parcel(work, parcel, stages, parcel.packed_at, causes[parcel.id])
    ]
    # Refused is a parcel that a stop holds back, or one with cancelled units in it: to resolve the
    # stop and to take the units out sends it off.
    refused = await orders.move(tx, steps, unless_stopped=True)
    gone = [(work, parcel) for work, parcel in leaving if str(parcel.id) not in refused]
    for work, parcel in gone:
        parcel.state, parcel.shipped_at = "shipped", parcel.packed_at
        for line in work.lines:
            units = parcel.lines.get(line.id, 0)
            line.packed -= units
            line.gone += units
        advance(work, tx.now)
    told = [
        told_of_parcel(
            events.ParcelShipped,
            work,
            parcel,
            carrier=parcel.carrier,
            tracking_number=parcel.tracking_number,
            tracking_url=parcel.tracking_url,
            occurred_at=parcel.packed_at,
        )
        for work, parcel in gone
    ]
    await log.append(tx, told, [causes[parcel.id] for _, parcel in gone])
