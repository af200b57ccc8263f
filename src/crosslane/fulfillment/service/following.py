"""What happens to work after it left the location's hands: cancelled, read."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import carriers, locations, vendors
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import (
    OPEN_STATES,
    LeavingParcel,
    Proof,
    State,
    Work,
    advance,
    remove,
)
from crosslane.fulfillment.errors import NoSuchFulfillmentOrder
from crosslane.fulfillment.service.offering import event_of
from crosslane.fulfillment.service.sending import send_numbered
from crosslane.locations import Location
from crosslane.orders import CancelledUnits
from crosslane.platform import log
from crosslane.platform.database import Tx

# Work without a promise stands at the end of a queue.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
COUNTED_MAX = 100
LEAVING_DAYS = 7
LEAVING_MAX = 200


async def take_back(tx: Tx, cancelled: Sequence[tuple[CancelledUnits, log.Cause]]) -> None:
    """Take cancelled or recalled units out of the work that was to supply them.

    A parcel that is empty now is void; one that waited for its units to be taken out is sent off. A
    vendor is told of what it need not ship any more.
    """
    wanted = [one for one in cancelled if one[0].stage in ("released", "picked", "packed")]
    works = await storage.lock_open_works_of_lines(tx, [units.line_id for units, _ in wanted])
    touched: dict[UUID, log.Cause] = {}
    removed_units: dict[UUID, list[vendors.LineUnits]] = defaultdict(list)
    for units, cause in wanted:
        left = units.quantity
        # What is still here goes first, as its stock was given back first.
        for work, away in [(w, a) for a in (False, True) for w in works.values()]:
            if work.location_id == units.location_id and left:
                removed = remove(work, units.line_id, units.stage, left, in_transit=away)
                left -= removed
                if removed:
                    touched[work.id] = cause
                    told = vendors.LineUnits(units.line_id, removed)
                    removed_units[work.id].append(told)
    changed = [works[work_id] for work_id in touched]
    if not changed:
        return
    for work in changed:
        advance(work, tx.now)
    await storage.save_works(tx, changed)
    await storage.save_contents(tx, changed)
    void = [p.label_id for w in changed for p in w.parcels if p.state == "void" and p.label_id]
    if void:
        await carriers.void_labels(tx, void)
    await vendors.withdraw(tx, removed_units)
    ended = [work for work in changed if work.state == "cancelled"]
    cancelled_works = [event_of(events.FulfillmentCancelled, work) for work in ended]
    await log.append(tx, cancelled_works, [touched[work.id] for work in ended])
    await send_numbered(tx, {work.id: work for work in changed}, touched)


class WorkLineView(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one order line at a location."""

    line_id: UUID
    sku: str
    title: str
    quantity: int
    to_pick: int
    picked: int
    packed: int
    gone: int
    passed: int
    removed: int


class ParcelView(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel."""

    id: UUID
    number: int
    state: str
    weight_grams: int
    label_id: UUID | None
    carrier: str
    tracking_number: str
    tracking_url: str
    packed_at: datetime
    shipped_at: datetime | None
    handed_over_at: datetime | None
    held_back: bool


class WorkView(msgspec.Struct, frozen=True, kw_only=True):
    """A fulfillment order as people read it; the pickup code is the customer's alone."""

    id: UUID
    order_id: UUID
    order_number: str
    channel: str
    location_id: UUID
    store_id: UUID | None
    method: str
    service: str
    state: State
    reason: str
    promised_at: datetime | None
    placed_at: datetime
    offered_at: datetime
    collect_by: datetime | None
    ended_at: datetime | None
    lines: list[WorkLineView]
    parcels: list[ParcelView]


async def list_queue(
    tx: Tx,
    *,
    location_id: UUID | None,
    state: State | None,
    order_id: UUID | None,
    store_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[WorkView]:
    """Return fulfillment orders, the soonest promise first.

    An associate sees those of the own location, and by ``store_id`` those that come to it.
    """
    own = tx.actor.location_id if store_id != tx.actor.location_id else None
    found = await storage.list_queue(
        tx,
        location_id=own or location_id,
        state=state,
        order_id=order_id,
        store_id=store_id,
        after=after,
        limit=limit,
    )
    return [_view(work) for work in found]


async def work_view(tx: Tx, work_id: UUID) -> WorkView:
    """Return a fulfillment order.

    Raises:
        NoSuchFulfillmentOrder: there is none, or it is another location's.
    """
    work = (await storage.list_works(tx, [work_id])).get(work_id)
    own = tx.actor.location_id
    if work is None or (own is not None and own not in (work.location_id, work.store_id)):
        raise NoSuchFulfillmentOrder(id=str(work_id))
    return _view(work)


def due_at(work: WorkView, place: Location) -> datetime | None:
    """Return when work has to be done: goods to send by their day's cut-off, others as promised.

    Args:
        work: what is to be done.
        place: the location that does it.
    """
    if work.method != "pickup":
        day = locations.dispatch_day(place.timetable, work.offered_at)
        leaves_at = locations.last_dispatch(place.timetable, day) if day else None
        if leaves_at is not None:
            return leaves_at
    return work.promised_at


async def count_work(tx: Tx, location_id: UUID) -> dict[str, int]:
    """Return how much open work a location has by state, COUNTED_MAX for that many or more."""
    return await storage.count_work(tx, location_id, sorted(OPEN_STATES), COUNTED_MAX)


async def list_leaving(tx: Tx, location_id: UUID) -> list[LeavingParcel]:
    """Return parcels that wait for their driver, the latest packed first; older ones are gone."""
    since = tx.now - timedelta(days=LEAVING_DAYS)
    return await storage.list_leaving(tx, location_id, since, LEAVING_MAX)


async def proof_of(tx: Tx, work_id: UUID) -> Proof | None:
    """Return who signed for goods, None when they were given for a code.

    Raises:
        NoSuchFulfillmentOrder: there is none, or it is another location's.
    """
    await work_view(tx, work_id)
    return await storage.find_proof(tx, work_id)


async def works_by_id(tx: Tx, work_ids: Sequence[UUID]) -> dict[UUID, Work]:
    """Return fulfillment orders by their ids, for pages that name them; unknown ones are left out.

    Whoever acts for one location sees those of others only by what they moved there.
    """
    return await storage.list_works(tx, work_ids) if work_ids else {}


async def works_by_order(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Work]]:
    """Return the fulfillment orders of orders, for messages and pages about them."""
    found: dict[UUID, list[Work]] = defaultdict(list)
    for work in (await storage.list_works_of_orders(tx, order_ids)).values():
        found[work.order_id].append(work)
    return found


def _view(work: Work) -> WorkView:
    return msgspec.convert(work, WorkView, from_attributes=True)
