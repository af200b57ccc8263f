"""Work of vendors: asked for by a purchase order, moved on by what the vendor says.

The vendor's facts come first, but the order's buckets arbitrate: units that the customer cancelled,
or that were found elsewhere meanwhile, are not handed over twice. What a vendor ships beyond is a
problem of its purchase order.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from crosslane import inventory, locations, orders, organization, vendors
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import DISPATCH, Parcel, Work, WorkLine, advance
from crosslane.fulfillment.service import delivering
from crosslane.fulfillment.service.offering import event_of
from crosslane.fulfillment.service.packing import weigh
from crosslane.fulfillment.service.transfers import told_of_parcel
from crosslane.kernel import new_id
from crosslane.orders import Failure, Stage, Step
from crosslane.platform import log
from crosslane.platform.database import Tx

VENDOR_SHORT = "vendor_short"


E = TypeVar("E", bound=vendors.PurchaseEvent)


class Given(NamedTuple, Generic[E]):
    """What a vendor said, and what it is due to."""

    event: E
    cause: log.Cause


class Floor:
    """The works that some events are about, locked, with the units still there for them.

    Args:
        works: by id; one that does not exist is no work of ours.
        released: units of (line, location) that their orders have released to that location.
    """

    def __init__(self, works: Mapping[UUID, Work], released: Counter[tuple[UUID, UUID]]) -> None:
        self.works, self._released = works, released

    @classmethod
    async def open(cls, tx: Tx, given: Sequence[Given]) -> "Floor":
        """Lock the works of purchase orders."""
        works = await storage.lock_works(tx, [one.event.purchase_order_id for one in given])
        states = await orders.list_states(tx, sorted({w.order_id for w in works.values()}))
        released: Counter[tuple[UUID, UUID]] = Counter()
        for work in works.values():
            buckets = states[work.order_id].buckets
            for line in work.lines:
                units = buckets.units(line.line_id, Stage.RELEASED, work.location_id)
                released[line.line_id, work.location_id] = units
        return cls(works, released)

    def take(self, work: Work, line: WorkLine, wanted: int) -> int:
        """Take at most so many units that are still to be supplied; return how many there were."""
        key = (line.line_id, work.location_id)
        units = min(wanted, line.to_pick, self._released[key])
        self._released[key] -= units
        return units


async def ship(tx: Tx, shipped: Sequence[Given[vendors.VendorShipped]]) -> None:
    """Hand over what vendors have shipped; the customer is told of each parcel."""
    floor = await Floor.open(tx, shipped)
    sent: list[tuple[Work, Parcel, log.Cause]] = []
    for event, cause in shipped:
        work = floor.works[event.purchase_order_id]
        for told in event.parcels:
            parcel = _parcel(floor, work, told, event)
            if parcel is not None:
                sent.append((work, parcel, cause))
    if not sent:
        return
    steps = [
        _step(work, line, units, parcel, cause)
        for work, parcel, cause in sent
        for line in work.lines
        if (units := parcel.lines.get(line.id, 0))
    ]
    # A refusal means that the order changed since it was read: all of it is tried again.
    for refusal in (await orders.move(tx, steps)).values():
        raise refusal
    await weigh(tx, [(work, parcel) for work, parcel, _ in sent])
    works = {work.id: work for work, _, _ in sent}
    for work in works.values():
        advance(work, tx.now)
    await storage.save_works(tx, list(works.values()), [(work, parcel) for work, parcel, _ in sent])
    told_of = [
        told_of_parcel(
            events.ParcelShipped,
            work,
            parcel,
            carrier=parcel.carrier,
            tracking_number=parcel.tracking_number,
            tracking_url=parcel.tracking_url,
            occurred_at=parcel.packed_at,
        )
        for work, parcel, _ in sent
    ]
    await log.append(tx, told_of, [cause for _, _, cause in sent])


def _parcel(
    floor: Floor, work: Work, told: vendors.ParcelTold, event: vendors.VendorShipped
) -> Parcel | None:
    """Return the parcel with those of its units that are wanted, None without any."""
    lines: dict[UUID, int] = {}
    for units in told.units:
        line = work.line(units.line_id)
        taken = floor.take(work, line, units.quantity)
        if taken:
            lines[line.id] = taken
            line.gone += taken
    if not lines:
        return None
    parcel = Parcel(
        id=told.parcel_id,
        number=len(work.parcels) + 1,
        weight_grams=0,
        state="shipped",
        packed_at=event.occurred_at,
        shipped_at=event.occurred_at,
        lines=lines,
        carrier=told.carrier,
        tracking_number=told.tracking_number,
        tracking_url=told.tracking_url,
    )
    work.parcels.append(parcel)
    return parcel


def _step(work: Work, line: WorkLine, units: int, parcel: Parcel, cause: log.Cause) -> Step:
    return Step(
        order_id=work.order_id,
        line_id=line.line_id,
        location_id=work.location_id,
        from_stage=Stage.RELEASED,
        to_stage=Stage.HANDED_OVER,
        quantity=units,
        group=str(work.id),
        why=f"parcel:{parcel.id}",
        occurred_at=parcel.packed_at,
        cause=cause,
    )


async def note_short(tx: Tx, short: Sequence[Given[vendors.VendorShort]]) -> None:
    """Find other stock for what vendors will not ship; by policy it comes off their feed."""
    wishes = [
        (one, {units.line_id: units.quantity for units in one.event.units}, one.event.reason)
        for one in short
    ]
    lost = await _fail(tx, wishes)
    policies, network = await organization.policies(tx), await locations.network(tx)
    gone = [
        inventory.Adjustment(
            variant_id=line.variant_id,
            location_id=work.location_id,
            delta=-units,
            cause=inventory.Cause(VENDOR_SHORT, work.id, new_id()),
            code=VENDOR_SHORT,
            occurred_at=one.event.occurred_at,
        )
        for one, work, line, units in lost
        if policies.resolve(DISPATCH, tx.now, location=network.by_id[work.location_id].code)[
            0
        ].short_pick_adjusts
    ]
    if gone:
        await inventory.adjust(tx, gone)


async def give_up(tx: Tx, given_up: Sequence[Given[vendors.PurchaseGivenUp]]) -> None:
    """Find other stock for whatever vendors have not shipped, and tell them so."""
    wishes = [(one, None, one.event.reason) for one in given_up]
    withdrawn: dict[UUID, list[vendors.LineUnits]] = {}
    for _, work, line, units in await _fail(tx, wishes):
        withdrawn.setdefault(work.id, []).append(vendors.LineUnits(line.line_id, units))
    await vendors.withdraw(tx, withdrawn)


_Lost = tuple[Given, Work, WorkLine, int]


async def _fail(
    tx: Tx, wishes: Sequence[tuple[Given, Mapping[UUID, int] | None, str]]
) -> list[_Lost]:
    """Take units off the work of vendors, who are barred for them; None stands for all of them."""
    floor = await Floor.open(tx, [one for one, _, _ in wishes])
    lost: list[_Lost] = []
    for one, wanted, reason in wishes:
        work = floor.works[one.event.purchase_order_id]
        for line in work.lines:
            told = line.quantity if wanted is None else wanted.get(line.line_id, 0)
            units = floor.take(work, line, told)
            if units:
                line.removed += units
                lost.append((one, work, line, units))
                work.reason = reason
    failures = [
        Failure(
            order_id=work.order_id,
            line_id=line.line_id,
            location_id=work.location_id,
            stage=Stage.RELEASED,
            quantity=units,
            reason=VENDOR_SHORT,
            cause=one.cause,
            occurred_at=tx.now,
        )
        for one, work, line, units in lost
    ]
    for refusal in await orders.fail(tx, failures, VENDOR_SHORT):
        if refusal is not None:
            raise refusal
    await _end(tx, lost)
    return lost


async def _end(tx: Tx, lost: Sequence[_Lost]) -> None:
    """Save works that lost units; one of which nothing is left or gone was rejected."""
    causes = {work.id: one.cause for one, work, _, _ in lost}
    works = {work.id: work for _, work, _, _ in lost}
    rejected = [work for work in works.values() if not work.units]
    for work in works.values():
        if not work.units:
            work.state = "rejected"
        advance(work, tx.now)
    await storage.save_works(tx, list(works.values()))
    told = [event_of(events.FulfillmentRejected, work, reason=work.reason) for work in rejected]
    await log.append(tx, told, [causes[work.id] for work in rejected])


async def note_acknowledged(
    tx: Tx, acknowledged: Sequence[Given[vendors.PurchaseAcknowledged]]
) -> None:
    """Note that vendors have taken work on."""
    causes = {one.event.purchase_order_id: one.cause for one in acknowledged}
    works = await storage.lock_works(tx, list(causes))
    taken = [work for work in works.values() if work.state == "offered"]
    for work in taken:
        work.state, work.accepted_at = "accepted", tx.now
    await storage.save_works(tx, taken)
    told = [event_of(events.FulfillmentAccepted, work) for work in taken]
    await log.append(tx, told, [causes[work.id] for work in taken])


async def note_delivered(tx: Tx, delivered: Sequence[Given[vendors.VendorDelivered]]) -> None:
    """Note parcels that have reached the customer."""
    told = [(event.parcel_id, event.occurred_at, cause) for event, cause in delivered]
    await delivering.note_delivered(tx, told)
