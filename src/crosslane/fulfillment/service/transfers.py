"""Parcels to stores: a transfer, not a sale. Sent by the source, received by the store.

On the way the units stay packed at their source in the order's buckets, and no stock backs them:
they have left the source and lie nowhere. What is cancelled meanwhile travels on and becomes open
stock of the store.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import inventory, locations, orders, organization
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import Parcel, Sent, Work, WorkLine, advance
from crosslane.fulfillment.errors import NoSuchFulfillmentOrder, NothingInTransit
from crosslane.fulfillment.service.offering import collect_by, event_of, pickup_code
from crosslane.kernel import new_id
from crosslane.orders import Stage, Step
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

ARRIVING_MAX = 100
STORE_PARCEL = "store_parcel"
"""What units that nobody waits for any more are received by."""


class Arrive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parcels that have reached the store.

    Args:
        fulfillment_order: the one of the source.
        parcels: which of its parcels; all that are on their way when empty.
        occurred_at: business time; now when absent.
    """

    fulfillment_order: UUID
    parcels: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=ARRIVING_MAX)] = ()
    occurred_at: datetime | None = None


class Arrival(msgspec.Struct, frozen=True):
    """What came of parcels that reached the store.

    Args:
        fulfillment_order: the one of the source, and how it stands.
        state: of that one.
        pickup: the store's fulfillment order that waits for the customer, if units are wanted.
        open_units: units cancelled on the way, which are stock of the store now.
    """

    fulfillment_order: UUID
    state: str
    pickup: UUID | None
    open_units: int


def told_of_parcel(
    kind: type[events.FulfillmentEvent], work: Work, parcel: Parcel, **more: object
) -> events.FulfillmentEvent:
    """Return an event of a parcel and the units in it."""
    by_id = {line.id: line.line_id for line in work.lines}
    units = [
        events.ParcelUnits(by_id[line_id], units)
        for line_id, units in parcel.lines.items()
        if units
    ]
    return event_of(kind, work, parcel_id=parcel.id, units=units, **more)


async def send_transfers(
    tx: Tx, leaving: Sequence[tuple[Work, Parcel]], causes: Mapping[UUID, log.Cause]
) -> None:
    """Let parcels leave for their stores: stock leaves the source, nothing is sold.

    Args:
        tx: open transaction; the work is locked, and saved by the caller.
        leaving: packed parcels with their tracking numbers.
        causes: by parcel, what it is due to.
    """
    parts = [
        (work, parcel, line, units)
        for work, parcel in leaving
        for line in work.lines
        if (units := parcel.lines.get(line.id, 0))
    ]
    shipped = await inventory.ship(
        tx,
        [
            inventory.Shipment(
                variant_id=line.variant_id,
                location_id=work.location_id,
                quantity=units,
                cause=inventory.Cause("order", work.order_id, line.line_id),
                occurred_at=parcel.packed_at,
            )
            for work, parcel, line, units in parts
        ],
    )
    sent = [
        Sent(
            parcel_id=parcel.id,
            work_line_id=line.id,
            no=no,
            owner_id=piece.owner_id,
            unit_cost_milli=piece.unit_cost_milli,
            quantity=piece.quantity,
        )
        for (_, parcel, line, _), what in zip(parts, shipped, strict=True)
        for no, piece in enumerate(what.slices, 1)
    ]
    for work, parcel in leaving:
        parcel.state, parcel.shipped_at = "shipped", parcel.packed_at
        advance(work, tx.now)
    await storage.insert_sent(tx, sent)
    told = [
        told_of_parcel(
            events.TransferSent,
            work,
            parcel,
            store_id=work.store_id,
            carrier=parcel.carrier,
            tracking_number=parcel.tracking_number,
            occurred_at=parcel.packed_at,
        )
        for work, parcel in leaving
    ]
    await log.append(tx, told, [causes[parcel.id] for _, parcel in leaving])


async def arrive(tx: Tx, commands: Sequence[Command[Arrive]]) -> list[Arrival]:
    """Receive parcels at the store; what is still wanted waits there for the customer."""
    command, wish = commands[0], commands[0].body
    at = wish.occurred_at or tx.now
    work, store_id = await _coming(tx, command)
    parcels = [p for p in work.in_transit if not wish.parcels or p.id in wish.parcels]
    if not parcels or len(parcels) < len(set(wish.parcels)):
        raise NothingInTransit
    sent = await storage.list_sent(tx, [parcel.id for parcel in parcels])
    wanted: dict[UUID, int] = defaultdict(int)
    for parcel in parcels:
        for line_id, units in parcel.lines.items():
            wanted[line_id] += units
    steps = [_step(work, line, wanted[line.id], store_id, command, at) for line in work.lines]
    for refusal in (await orders.move(tx, [s for s in steps if s.quantity])).values():
        raise refusal
    await inventory.receive(tx, _receipts(work, parcels, sent, store_id, at))
    pickup = await _pickup(tx, work, wanted, store_id)
    for line in work.lines:
        line.packed -= wanted[line.id]
        line.passed += wanted[line.id]
    for parcel in parcels:
        parcel.state = "delivered"
    advance(work, tx.now)
    await storage.save_works(tx, [work])
    surplus = sum(one.quantity for one in sent) - sum(wanted.values())
    arrived = event_of(
        events.TransferArrived,
        work,
        store_id=store_id,
        parcel_ids=[parcel.id for parcel in parcels],
        pickup_id=pickup.id if pickup else None,
        open_units=surplus,
        occurred_at=at,
    )
    ready = [event_of(events.PickupReady, pickup, occurred_at=at)] if pickup else []
    await log.append(tx, [arrived, *ready])
    return [Arrival(work.id, work.state, pickup.id if pickup else None, surplus)]


async def _coming(tx: Tx, command: Command[Arrive]) -> tuple[Work, UUID]:
    """Lock work whose parcels come to the store; only that store's people say they are there."""
    wanted = command.body.fulfillment_order
    work = (await storage.lock_works(tx, [wanted])).get(wanted)
    own = command.actor.location_id
    if work is None or work.store_id is None or own not in (None, work.store_id):
        raise NoSuchFulfillmentOrder(id=str(wanted))
    return work, work.store_id


def _step(
    work: Work, line: WorkLine, units: int, store_id: UUID, command: Command[Arrive], at: datetime
) -> Step:
    return Step(
        order_id=work.order_id,
        line_id=line.line_id,
        location_id=work.location_id,
        from_stage=Stage.PACKED,
        to_stage=Stage.PACKED,
        to_location_id=store_id,
        quantity=units,
        group=str(work.id),
        why=f"fulfillment:{work.id}",
        occurred_at=at,
        cause=command,
    )


def _receipts(
    work: Work, parcels: Sequence[Parcel], sent: Sequence[Sent], store_id: UUID, at: datetime
) -> list[inventory.Receipt]:
    """Return what the store receives: wanted units for their line, the others as open stock."""
    lines = {line.id: line for line in work.lines}
    wanted = {(parcel.id, id): units for parcel in parcels for id, units in parcel.lines.items()}
    receipts: list[inventory.Receipt] = []
    for piece in sent:
        line, key = lines[piece.work_line_id], (piece.parcel_id, piece.work_line_id)
        kept = min(piece.quantity, wanted.get(key, 0))
        wanted[key] = wanted.get(key, 0) - kept
        receipts += [
            inventory.Receipt(
                variant_id=line.variant_id,
                location_id=store_id,
                quantity=units,
                cause=cause,
                owner_id=piece.owner_id,
                unit_cost_milli=piece.unit_cost_milli,
                occurred_at=at,
                allocated=allocated,
                promised_for=work.promised_at if allocated else None,
            )
            for units, allocated, cause in (
                (kept, True, inventory.Cause("order", work.order_id, line.line_id)),
                (piece.quantity - kept, False, inventory.Cause(STORE_PARCEL, work.id, line.id)),
            )
            if units
        ]
    return receipts


async def _pickup(tx: Tx, work: Work, wanted: Mapping[UUID, int], store_id: UUID) -> Work | None:
    """Make the store's own work of what has come: it lies ready for the customer."""
    lines = [
        WorkLine(
            id=new_id(),
            line_id=line.line_id,
            variant_id=line.variant_id,
            sku=line.sku,
            title=line.title,
            quantity=wanted[line.id],
            packed=wanted[line.id],
        )
        for line in work.lines
        if wanted.get(line.id)
    ]
    if not lines:
        return None
    policies, network = await organization.policies(tx), await locations.network(tx)
    pickup = Work(
        id=new_id(),
        order_id=work.order_id,
        order_number=work.order_number,
        channel=work.channel,
        locale=work.locale,
        location_id=store_id,
        method="pickup",
        store_id=store_id,
        service=work.service,
        ship_address_id=None,
        state="ready",
        placed_at=work.placed_at,
        offered_at=tx.now,
        accepted_at=tx.now,
        promised_at=work.promised_at,
        pickup_code=pickup_code(),
        collect_by=collect_by(policies, network.by_id[store_id], tx.now),
        lines=lines,
    )
    await storage.insert_works(tx, [pickup])
    return pickup


ARRIVE = CommandKind("fulfillment.arrive", Arrive, Arrival, arrive, batch_max=1)
