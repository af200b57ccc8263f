"""What channels say of goods on their way: facts about the work of the location that is named.

A shipment has come so far as the furthest thing that was told of it, in whatever order. Units that
leave are taken on, picked, packed and handed over by the doors every hand uses, so that the order
decides what is still wanted. What our own hands have sent and the channel repeats is told apart by
its number, else by what is in it. A shipment of no order is a supplier's: see ``arriving.py``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

from crosslane import fulfillment, locations, orders
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.registers import PLACES, ShipmentStanding
from crosslane.channels.domain.reports import FulfillmentEvent
from crosslane.channels.errors import GoodsUnknown, UnitsExceeded, WayDiffers
from crosslane.channels.service import arriving
from crosslane.channels.service.changing import Lines, release_own
from crosslane.channels.service.following import await_order, find_order, follow_each
from crosslane.channels.service.goods import left_units, lines_of, named_by_gtin, units_of
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage import told as storage
from crosslane.channels.storage.messages import Outcome, source_key
from crosslane.channels.storage.told import Source
from crosslane.fulfillment import (
    ACCEPT,
    ARRIVE,
    PACK,
    PICK,
    REJECT,
    Accept,
    Arrive,
    Numbered,
    Pack,
    PackedUnits,
    PackParcel,
    PackUnits,
    Parcel,
    Pick,
    PickedLine,
    PickUnits,
    Reject,
    Work,
)
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.lane import CommandKind

KIND = "fulfillment"
WORK_MISSING = Fault("work-missing", "No location works on these goods yet")
KNOWN = Fault("known-already", "It has come so far already")
LEFT_ALREADY = Fault("left-already", "The goods have left already; somebody has to look")
# Steps by which goods are told to be gone, which no stop undoes.
LEAVES = ("shipped", "in_transit", "delivered", "collected")
NOTHING_YET = "Nothing has moved yet"
WORDS = {
    "requested": NOTHING_YET,
    "failed": "It did not reach its customer; where it is now is told by what comes next",
    "cancelled": "Nothing of it has left",
}


def work_key(order_id: UUID) -> str:
    """Return what a message waits for whose order no location works on yet."""
    return f"work:{order_id}"


async def follow(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Do what channels say of shipments, in the order of their versions, each whole or not."""
    return await follow_each(tx, todo, KIND, ShipmentStanding, _follow)


async def _follow(tx: Tx, one: Todo, known: dict[Source, ShipmentStanding]) -> Outcome:
    message = one.message
    if not isinstance(message, FulfillmentEvent):
        raise TypeError(f"{one.pending.kind} says nothing of goods on their way")
    message = await named_by_gtin(tx, message)
    standing = known.get(one.source, ShipmentStanding())
    if not message.order:
        outcome, after = await arriving.report(tx, one, message, standing)
        if after != standing:
            known[one.source] = after
            await storage.save_told(tx, KIND, {one.source: after})
        return outcome
    order_id = await find_order(tx, one, message.order)
    if order_id is None:
        return await await_order(tx, one, message.order)
    if message.step == "cancelled" and standing.parcels:
        return outcome_of(one, "quarantined", LEFT_ALREADY, order_id=order_id)
    if message.step in WORDS:
        fault = Fault(message.step, WORDS[message.step], "/step")
        return outcome_of(one, "kept", fault, order_id=order_id)
    if PLACES[message.step] <= standing.place:
        return outcome_of(one, "outdated", KNOWN, order_id=order_id)
    try:
        async with tx.savepoint():
            # Whoever offers the order's work waits for this lock, so nothing is parked too late.
            await orders.lock_orders(tx, [order_id])
            parcels = await _Shipment(tx, one, message, order_id, standing).carry_out()
    except _NotYet as reason:
        if message.step in LEAVES:
            await release_own(tx, one, order_id, "its goods are gone, the channel says")
        key = work_key(order_id)
        return outcome_of(one, "parked", reason.fault, order_id=order_id, waits_for=key)
    except GoodsUnknown as unknown:
        # An amendment may bring the line.
        key = source_key(one.pending.channel, message.order)
        return outcome_of(one, "parked", Fault.of(unknown), order_id=order_id, waits_for=key)
    except _Already:
        return outcome_of(one, "outdated", KNOWN, order_id=order_id)
    except UnitsExceeded as exceeded:
        # Somebody has to see it, but an amendment may bring the units.
        key = source_key(one.pending.channel, message.order)
        fault = Fault.of(exceeded)
        return outcome_of(one, "quarantined", fault, order_id=order_id, waits_for=key)
    except Refusal as refusal:
        return refused(one, refusal, order_id=order_id)
    known[one.source] = ShipmentStanding(place=PLACES[message.step], parcels=parcels)
    about = {one.source: message.order}
    await storage.save_told(tx, KIND, {one.source: known[one.source]}, about)
    return outcome_of(one, "applied", order_id=order_id)


class _NotYet(Exception):
    """What is told cannot be done yet; whatever was begun is undone."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class _Already(Exception):
    """What is told has happened already."""


Parcels = tuple[UUID, ...]


class _Shipment:
    """One message of a shipment, and the order it is of."""

    def __init__(
        self,
        tx: Tx,
        one: Todo,
        message: FulfillmentEvent,
        order_id: UUID,
        standing: ShipmentStanding,
    ) -> None:
        self.tx, self.one, self.message = tx, one, message
        self.order_id, self.standing = order_id, standing

    async def carry_out(self) -> Parcels:
        """Bring the work to what the message says; return its parcels."""
        steps = {
            "accepted": self._accept,
            "rejected": self._reject,
            "packed": self._pick,
            "ready": self._pick,
            "shipped": self._ship,
            "in_transit": self._ship,
            "delivered": self._deliver,
            "received": self._receive,
            "collected": self._collect,
        }
        try:
            return await steps[self.message.step]()
        except fulfillment.HeldBack as held:
            raise _NotYet(Fault.of(held)) from None

    async def _works(self) -> list[Work]:
        """Return the order's work at the location that is named, or everywhere."""
        found = (await fulfillment.works_by_order(self.tx, [self.order_id])).get(self.order_id, [])
        if not self.message.location:
            return found
        network = await locations.network(self.tx)
        place = network.require(self.message.location, pointer="/location")
        return [work for work in found if work.location_id == place.id]

    async def _open(self) -> list[Work]:
        return [work for work in await self._works() if work.ended_at is None]

    async def _lines(self) -> Lines:
        channel, number = self.one.pending.channel, self.message.order
        return await lines_of(self.tx, channel, number, self.order_id)

    async def _miss(self, wanted: Mapping[UUID, int] | None = None) -> NoReturn:
        """Tell that units are not here: not yet, or no more; or that the order has fewer."""
        state = (await self._lines()).state
        left = {line.id: left_units(state, line) for line in state.stock_lines}
        for line_id, units in (wanted or {}).items():
            if units > left[line_id]:
                sku = state.by_id[line_id].sku
                raise UnitsExceeded(pointer="/lines", sku=sku, units=units, left=left[line_id])
        if any(left.values()):
            raise _NotYet(WORK_MISSING)
        raise _Already

    async def _accept(self) -> Parcels:
        works = await self._open()
        offered = [work.id for work in works if work.state == "offered"]
        if offered:
            await self._do(ACCEPT, Accept(offered, self.message.event_at))
        elif not works:
            await self._miss()
        return self.standing.parcels

    async def _reject(self) -> Parcels:
        works = await self._open()
        if not works:
            await self._miss()
        reason = self.message.reason[:200] or "rejected at the channel"
        for work in works:
            await self._do(REJECT, Reject(work.id, reason, self.message.event_at))
        return self.standing.parcels

    async def _pick(self) -> Parcels:
        await self._take()
        return self.standing.parcels

    async def _take(self) -> list[tuple[Work, dict[UUID, int]]]:
        """Take units from the shelf for this shipment; return them by the work they are of."""
        works = await self._open()
        lines = await self._lines()
        goods = units_of(lines, self.message.lines)
        here: Counter[UUID] = Counter()
        for work in works:
            for line in work.lines:
                here[line.line_id] += line.to_pick + line.picked + self._aside(work, line.line_id)
        wanted = goods or +here
        if not wanted or any(units > here[line_id] for line_id, units in wanted.items()):
            await self._miss(goods)
        taken = _spread(works, wanted, self._aside)
        offered = [work.id for work, _ in taken if work.state == "offered"]
        if offered:
            await self._do(ACCEPT, Accept(offered, self.message.event_at))
        picks = [Pick(work.id, lines) for work, units in taken if (lines := _to_pick(work, units))]
        if picks:
            done = await self._do(PICK, PickUnits(picks, self.message.event_at))
            if any(one.gone for one in done):
                # Cancelled meanwhile; the location hears of it in a moment.
                raise _NotYet(WORK_MISSING)
        return taken

    def _aside(self, work: Work, line_id: UUID) -> int:
        """Return units that lie ready for their customer already."""
        return work.line(line_id).packed if work.method == "pickup" else 0

    async def _ship(self) -> Parcels:
        if self.standing.parcels:
            return self.standing.parcels
        sent = await self._sent_by_us()
        if sent:
            return sent
        taken = await self._take()
        packs = [
            Pack(work.id, (PackParcel(lines=_packed(units), numbered=self._numbered()),))
            for work, units in taken
        ]
        for work, _ in taken:
            if work.method == "pickup":
                raise WayDiffers(pointer="/step", method=work.method, step=self.message.step)
        parcels: list[UUID] = []
        for pack in packs:
            (done,) = await self._do(PACK, PackUnits([pack], self.message.event_at))
            parcels += done.parcels
        await self._require_gone(parcels)
        return tuple(parcels)

    def _numbered(self) -> Numbered:
        links = [link for link in self.message.links if link.startswith(("https://", "http://"))]
        return Numbered(
            carrier=self.message.carrier[:100],
            tracking_number=self.message.tracking[0][:100] if self.message.tracking else "",
            tracking_url=links[0] if links and links[0].isascii() else "",
        )

    async def _require_gone(self, parcels: Sequence[UUID]) -> None:
        works = (await fulfillment.works_by_order(self.tx, [self.order_id]))[self.order_id]
        if any(p.id in parcels and p.state == "packed" for work in works for p in work.parcels):
            raise fulfillment.HeldBack

    async def _sent_by_us(self) -> tuple[UUID, ...]:
        """Return parcels our own hands have sent that this message repeats."""
        source = (self.one.pending.channel, self.message.order)
        about = await storage.list_about(self.tx, KIND, ShipmentStanding, [source])
        claimed = {p for _, standing in about.get(source, ()) for p in standing.parcels}
        gone = [
            (work, parcel)
            for work in await self._works()
            for parcel in work.parcels
            if parcel.state in ("shipped", "delivered") and parcel.id not in claimed
        ]
        numbers = set(self.message.tracking)
        same = tuple(
            p.id
            for _, p in gone
            # A partner may name a parcel as we have named it to them.
            if str(p.id) == self.message.source_id or (p.tracking_number or "-") in numbers
        )
        if same or not self.message.lines:
            return same
        lines = await self._lines()
        wanted = units_of(lines, self.message.lines)
        alike = [p.id for work, p in gone if not numbers and _contents(work, p) == wanted]
        return tuple(alike[:1])

    async def _deliver(self) -> Parcels:
        parcels = await self._ship()
        at, by = self.message.event_at, self.one.command(None)
        await fulfillment.note_delivered(self.tx, [(p, at, by) for p in parcels])
        return parcels

    async def _receive(self) -> Parcels:
        """Receive at the store what was on its way to it."""
        store = self.message.to or self.message.location
        place = (await locations.network(self.tx)).require(store, pointer="/to")
        works = (await fulfillment.works_by_order(self.tx, [self.order_id])).get(self.order_id, [])
        coming = [work for work in works if work.store_id == place.id and work.in_transit]
        if not coming:
            await self._miss()
        for work in coming:
            await self._do(ARRIVE, Arrive(work.id, occurred_at=self.message.event_at))
        return self.standing.parcels

    async def _collect(self) -> Parcels:
        taken = await self._take()
        for work, _ in taken:
            if work.method != "pickup":
                raise WayDiffers(pointer="/step", method=work.method, step=self.message.step)
            command = self.one.command(None)
            await fulfillment.note_collected(self.tx, command, work.id, self.message.event_at)
        return self.standing.parcels

    async def _do(self, kind: CommandKind, body: Any) -> Any:
        (answer,) = await kind.handle(self.tx, [self.one.command(body)])
        if isinstance(answer, Refusal):
            raise answer
        return answer


def _spread(
    works: Sequence[Work], wanted: Mapping[UUID, int], aside: Any
) -> list[tuple[Work, dict[UUID, int]]]:
    """Share units over works, those offered first before later ones."""
    left = Counter(wanted)
    taken: list[tuple[Work, dict[UUID, int]]] = []
    for work in works:
        units: dict[UUID, int] = {}
        for line in work.lines:
            most = line.to_pick + line.picked + aside(work, line.line_id)
            mine = min(left[line.line_id], most)
            if mine:
                units[line.line_id] = mine
                left[line.line_id] -= mine
        if units:
            taken.append((work, units))
    return taken


def _to_pick(work: Work, units: Mapping[UUID, int]) -> list[PickedLine]:
    """Return what is still to be taken from the shelf for a shipment."""
    picks: list[PickedLine] = []
    for line_id, wanted in units.items():
        line = work.line(line_id)
        there = line.picked + (line.packed if work.method == "pickup" else 0)
        if wanted > there:
            picks.append(PickedLine(line_id, min(wanted - there, line.to_pick)))
    return picks


def _packed(units: Mapping[UUID, int]) -> list[PackedUnits]:
    return [PackedUnits(line_id, quantity) for line_id, quantity in units.items()]


def _contents(work: Work, parcel: Parcel) -> Counter[UUID]:
    by_id = {line.id: line.line_id for line in work.lines}
    return +Counter({by_id[line_id]: units for line_id, units in parcel.lines.items()})
