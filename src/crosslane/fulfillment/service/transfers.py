"""Parcels to stores: a transfer, not a sale. Sent by the source, received by the store.

On the way the units stay packed at their source in the order's buckets, and no stock backs them:
they have left the source and lie nowhere. What is cancelled meanwhile travels on and becomes open
stock of the store.
"""

from collections import Counter, defaultdict
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
from crosslane.fulfillment.service.working import COMMANDS_AT_ONCE_MAX, by_work
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


class _Coming(msgspec.Struct, frozen=True):
    """Parcels of one fulfillment order that have reached the store, and who says so.

    Args:
        command: that says so.
        work: of the source, locked.
        store_id: where they are.
        parcels: which.
        wanted: units in them that somebody still waits for, by line of the work.
        at: business time.
    """

    command: Command[Arrive]
    work: Work
    store_id: UUID
    parcels: Sequence[Parcel]
    wanted: Counter[UUID]
    at: datetime


async def arrive(tx: Tx, commands: Sequence[Command[Arrive]]) -> list[Arrival]:
    """Receive parcels at the store; what is still wanted waits there for the customer.

    Raises:
        NoSuchFulfillmentOrder: nothing comes to the store by it.
        NothingInTransit: a parcel is not on its way.
        NotTogether: two commands receive parcels of the same.
    """
    wanted = by_work((command, command.body.fulfillment_order) for command in commands)
    works = await storage.lock_works(tx, list(wanted))
    coming = [_coming(works.get(work_id), command, tx.now) for work_id, command in wanted.items()]
    sent: dict[UUID, list[Sent]] = defaultdict(list)
    for piece in await storage.list_sent(tx, [p.id for one in coming for p in one.parcels]):
        sent[piece.parcel_id].append(piece)
    steps = [_step(one, line, one.wanted[line.id]) for one in coming for line in one.work.lines]
    for refusal in (await orders.move(tx, [step for step in steps if step.quantity])).values():
        raise refusal
    await inventory.receive(tx, [each for one in coming for each in _receipts(one, sent)])
    pickups = await _insert_pickups(tx, coming)
    arrivals, told = [], []
    for one in coming:
        arrival, news = _note_arrived(tx, one, sent, pickups.get(one.work.id))
        arrivals.append(arrival)
        told += [(event, one.command) for event in news]
    await storage.save_works(tx, [one.work for one in coming])
    await log.append(tx, [event for event, _ in told], [cause for _, cause in told])
    return arrivals


def _coming(work: Work | None, command: Command[Arrive], now: datetime) -> _Coming:
    """Return what has come to the store; only that store's people say that it is there."""
    wish, own = command.body, command.actor.location_id
    if work is None or work.store_id is None or own not in (None, work.store_id):
        raise NoSuchFulfillmentOrder(id=str(wish.fulfillment_order))
    parcels = [p for p in work.in_transit if not wish.parcels or p.id in wish.parcels]
    if not parcels or len(parcels) < len(set(wish.parcels)):
        raise NothingInTransit
    wanted: Counter[UUID] = Counter()
    for parcel in parcels:
        wanted.update(parcel.lines)
    at = wish.occurred_at or now
    return _Coming(command, work, work.store_id, parcels, wanted, at)


def _note_arrived(
    tx: Tx, one: _Coming, sent: Mapping[UUID, Sequence[Sent]], pickup: Work | None
) -> tuple[Arrival, list[events.FulfillmentEvent]]:
    """Note on the source's work what has arrived; returns what came of it, and what to tell."""
    work = one.work
    for line in work.lines:
        line.packed -= one.wanted[line.id]
        line.passed += one.wanted[line.id]
    for parcel in one.parcels:
        parcel.state = "delivered"
    advance(work, tx.now)
    came = sum(piece.quantity for parcel in one.parcels for piece in sent[parcel.id])
    surplus = came - one.wanted.total()
    arrival = Arrival(work.id, work.state, pickup.id if pickup else None, surplus)
    arrived = event_of(
        events.TransferArrived,
        work,
        store_id=one.store_id,
        parcel_ids=[parcel.id for parcel in one.parcels],
        pickup_id=arrival.pickup,
        open_units=surplus,
        occurred_at=one.at,
    )
    ready = [event_of(events.PickupReady, pickup, occurred_at=one.at)] if pickup else []
    return arrival, [arrived, *ready]


def _step(one: _Coming, line: WorkLine, units: int) -> Step:
    return Step(
        order_id=one.work.order_id,
        line_id=line.line_id,
        location_id=one.work.location_id,
        from_stage=Stage.PACKED,
        to_stage=Stage.PACKED,
        to_location_id=one.store_id,
        quantity=units,
        group=str(one.work.id),
        why=f"fulfillment:{one.work.id}",
        occurred_at=one.at,
        cause=one.command,
    )


def _receipts(one: _Coming, sent: Mapping[UUID, Sequence[Sent]]) -> list[inventory.Receipt]:
    """Return what the store receives: wanted units for their line, the others as open stock."""
    work = one.work
    lines = {line.id: line for line in work.lines}
    wanted = {
        (parcel.id, line_id): units
        for parcel in one.parcels
        for line_id, units in parcel.lines.items()
    }
    receipts: list[inventory.Receipt] = []
    for piece in (piece for parcel in one.parcels for piece in sent[parcel.id]):
        line, key = lines[piece.work_line_id], (piece.parcel_id, piece.work_line_id)
        kept = min(piece.quantity, wanted.get(key, 0))
        wanted[key] = wanted.get(key, 0) - kept
        receipts += [
            inventory.Receipt(
                variant_id=line.variant_id,
                location_id=one.store_id,
                quantity=units,
                cause=cause,
                owner_id=piece.owner_id,
                unit_cost_milli=piece.unit_cost_milli,
                occurred_at=one.at,
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


async def _insert_pickups(tx: Tx, coming: Sequence[_Coming]) -> dict[UUID, Work]:
    """Make the stores' own work of what is wanted: it lies ready for the customer.

    Returns:
        That work by the source's; where nobody waits for anything any more there is none.
    """
    policies, network = await organization.policies(tx), await locations.network(tx)
    pickups: dict[UUID, Work] = {}
    for one in coming:
        lines = _lines_for(one)
        if lines:
            due = collect_by(policies, network.by_id[one.store_id], tx.now)
            pickups[one.work.id] = _pickup(one, lines, tx.now, due)
    if pickups:
        await storage.insert_works(tx, list(pickups.values()))
    return pickups


def _lines_for(one: _Coming) -> list[WorkLine]:
    return [
        WorkLine(
            id=new_id(),
            line_id=line.line_id,
            variant_id=line.variant_id,
            sku=line.sku,
            title=line.title,
            quantity=one.wanted[line.id],
            packed=one.wanted[line.id],
        )
        for line in one.work.lines
        if one.wanted[line.id]
    ]


def _pickup(one: _Coming, lines: list[WorkLine], now: datetime, due: datetime) -> Work:
    work = one.work
    return Work(
        id=new_id(),
        order_id=work.order_id,
        order_number=work.order_number,
        channel=work.channel,
        locale=work.locale,
        location_id=one.store_id,
        method="pickup",
        store_id=one.store_id,
        service=work.service,
        ship_address_id=None,
        state="ready",
        placed_at=work.placed_at,
        offered_at=now,
        accepted_at=now,
        promised_at=work.promised_at,
        pickup_code=pickup_code(),
        collect_by=due,
        lines=lines,
    )


ARRIVE = CommandKind("fulfillment.arrive", Arrive, Arrival, arrive, COMMANDS_AT_ONCE_MAX)
