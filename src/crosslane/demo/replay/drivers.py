"""What happens after the packing bench: carriers report, stores receive, customers collect.

The carrier is played over the endpoint carriers report to, at the business times its rounds take.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from crosslane.demo.draws import draw
from crosslane.demo.replay.bodies import Clerk
from crosslane.demo.replay.calendars import Hours, Rounds
from crosslane.demo.replay.choices import (
    LATE_PARCELS_PER_MILLE,
    NEVER_COLLECTED_PER_MILLE,
    happens,
)
from crosslane.demo.replay.desk import Desk
from crosslane.demo.replay.register import Register
from crosslane.demo.replay.reports import Arrival, Collection
from crosslane.demo.world import Place, World

EVENTS_AT_ONCE = 500
COLLECTION_TRIES_MAX = 4
ARRIVAL_LOOKS = 5
NOT_ON_THE_WAY = frozenset({"arrived", "collected", "unclaimed", "cancelled"})
ROUND_BEGINS_HOUR, ROUND_HOURS = 8, 9
UNPACK_MINUTES = 60
COLLECT_MINUTES_MIN, COLLECT_MINUTES_SPREAD = 60, 2_400
LONDON = ZoneInfo("Europe/London")


class Underway(Struct, frozen=True):
    """A parcel that was packed.

    Args:
        parcel: identifier of the parcel.
        work: fulfillment order it belongs to.
        order_number: order it is of.
        store: store it goes to, None when it goes to the customer.
        leaves: local time at which it leaves.
        since: real time before which its label was not asked for.
    """

    parcel: UUID
    work: UUID
    order_number: str
    store: UUID | None
    leaves: datetime
    since: datetime


class Label(Struct, frozen=True):
    """A label as the API lists it."""

    id: UUID
    parcel_id: UUID
    carrier: str
    service: str
    tracking_number: str
    requested_at: datetime


class Waiting(Struct, frozen=True):
    """Goods that lie ready for their customer."""

    id: UUID
    order_number: str
    location_id: UUID
    placed_at: datetime


class Work(Struct, frozen=True):
    """How far the work of a location is."""

    state: str


class Coming(Struct, frozen=True):
    """A transfer that the store has to receive."""

    work: UUID
    store: UUID
    order_number: str
    at: datetime


class Drivers:
    """Carriers, stores that receive, and customers who collect.

    Args:
        desk: who speaks.
        world: where they drive.
        register: the orders behind the parcels.
        clerk: knows where each sale goes.
        hours: of each location, by its id.
        rounds: when carriers deliver.
        seed: draws who is late.

    Attributes:
        seeded: invented trouble, as often as it was played.
    """

    def __init__(
        self,
        desk: Desk,
        world: World,
        register: Register,
        clerk: Clerk,
        *,
        hours: Mapping[UUID, Hours],
        rounds: Rounds,
        seed: int,
    ) -> None:
        self._desk, self._world, self._register = desk, world, register
        self._clerk, self._hours, self._rounds, self._seed = clerk, hours, rounds, seed
        self._places: dict[UUID, Place] = {one.id: one for one in world.places.values()}
        self._logins = {one.location: code for code, one in world.logins.items() if one.location}
        self._manager = next(
            code
            for code, one in sorted(world.logins.items())
            if one.role == "manager" and not one.location
        )
        self._unlabelled: dict[UUID, Underway] = {}
        self._coming: dict[UUID, Coming] = {}
        self._ready: dict[str, datetime] = {}
        self._tries: Counter[UUID] = Counter()
        self.seeded: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many parcels have no label yet or have not reached their store."""
        return len(self._unlabelled) + len(self._coming)

    def take(self, parcel: Underway) -> None:
        """Take a parcel that was packed."""
        self._unlabelled[parcel.parcel] = parcel

    def note_ready(self, order_number: str, at: datetime) -> None:
        """Remember since when goods lie ready."""
        self._ready[order_number] = at

    async def look(self) -> int:
        """Do what can be done now; return how much that was."""
        # What is told to be on its way now is received at the next look at the earliest.
        return await self._receive() + await self._drive() + await self._hand_out()

    async def _drive(self) -> int:
        """Report the way of every parcel that has got its label."""
        events: dict[str, list[dict[str, Any]]] = {}
        labels = await self._new_labels()
        for label in labels:
            parcel = self._unlabelled.pop(label.parcel_id)
            at = self._arrives_at(label, parcel)
            begun = min(parcel.leaves.astimezone(UTC), at)
            told = [event(label, 1, "in_transit", begun)]
            if parcel.store is None:
                told.append(event(label, 2, "delivered", at))
                self._register.note_left(parcel.order_number, at)
            else:
                self._coming[parcel.work] = Coming(
                    parcel.work, parcel.store, parcel.order_number, at
                )
            events.setdefault(label.carrier, []).extend(told)
        for carrier, told in events.items():
            for start in range(0, len(told), EVENTS_AT_ONCE):
                await self._desk.ask(
                    self._desk.operator,
                    f"carriers/{carrier}/tracking-events",
                    {"events": told[start : start + EVENTS_AT_ONCE]},
                    expected=(),
                )
        return len(labels)

    async def _new_labels(self) -> list[Label]:
        """Return the new labels of our parcels; the list begins with those asked for last."""
        if not self._unlabelled:
            return []
        oldest = min(parcel.since for parcel in self._unlabelled.values())
        listed = await self._desk.read_list(
            self._desk.operator,
            "labels",
            Label,
            until=lambda label: label.requested_at < oldest,
            state="created",
        )
        found = {label.parcel_id: label for label in listed}
        return [label for label in found.values() if label.parcel_id in self._unlabelled]

    async def _receive(self) -> int:
        """Receive transfers that have reached their store."""
        done = 0
        for coming in list(self._coming.values()):
            place = self._places[coming.store]
            at = self._hours[coming.store].after(coming.at, UNPACK_MINUTES).astimezone(UTC)
            answer = await self._desk.ask(
                self._desk.staff(self._logins.get(place.code, self._manager)),
                "arrivals",
                Arrival(coming.work, at),
                key=f"demo/{self._seed}/arrival/{coming.work}/{self._tries[coming.work]}",
            )
            # Until the label's event is worked off, nothing is on its way yet: asked again later.
            self._tries[coming.work] += 1
            if answer.ok:
                del self._coming[coming.work]
                self.note_ready(coming.order_number, at)
                done += 1
            elif self._tries[coming.work] >= ARRIVAL_LOOKS and await self._is_done(coming.work):
                # Its parcels were received together, before the label of the last one was seen.
                del self._coming[coming.work]
        return done

    async def _is_done(self, work: UUID) -> bool:
        answer = await self._desk.ask(
            self._desk.staff(self._manager), f"fulfillment-orders/{work}", method="GET"
        )
        return answer.ok and msgspec.json.decode(answer.content, type=Work).state in NOT_ON_THE_WAY

    async def _hand_out(self) -> int:
        """Let customers collect who have read their message; some never come."""
        manager = self._desk.staff(self._manager)
        ready = await self._desk.read_list(manager, "fulfillment-orders", Waiting, state="ready")
        done = 0
        for waiting in ready:
            code = self._world.inbox.pickup_codes.get(waiting.order_number)
            if code and self._tries[waiting.id] < COLLECTION_TRIES_MAX and self._comes(waiting):
                self._tries[waiting.id] += 1
                done += await self._collect(waiting, code)
        return done

    async def _collect(self, waiting: Waiting, code: str) -> bool:
        place = self._places[waiting.location_id]
        answer = await self._desk.ask(
            self._desk.staff(self._logins.get(place.code, self._manager)),
            "collections",
            Collection(waiting.id, code, self._collected_at(waiting)),
            key=f"demo/{self._seed}/collection/{waiting.id}/{code}",
        )
        return answer.ok

    def _comes(self, waiting: Waiting) -> bool:
        words = (self._seed, self._source(waiting.order_number))
        comes = not happens(NEVER_COLLECTED_PER_MILLE, "collects", *words)
        if not comes and not self._tries[waiting.id]:
            self._tries[waiting.id] = COLLECTION_TRIES_MAX
            self.seeded["never_collected"] += 1
        return comes

    def _collected_at(self, waiting: Waiting) -> datetime:
        ready = self._ready.get(waiting.order_number, waiting.placed_at)
        minutes = COLLECT_MINUTES_MIN + draw(
            COLLECT_MINUTES_SPREAD, "collect", self._seed, self._source(waiting.order_number)
        )
        hours = self._hours[waiting.location_id]
        return hours.after(ready + timedelta(minutes=minutes), 1).astimezone(UTC)

    def _arrives_at(self, label: Label, parcel: Underway) -> datetime:
        """Return when a parcel arrives; some are late."""
        leaves = parcel.leaves.date()
        words = (self._seed, self._source(parcel.order_number), leaves)
        late = happens(LATE_PARCELS_PER_MILLE, "late", *words)
        self.seeded["late_parcel"] += late
        country, postcode = self._destination(parcel)
        day = self._rounds.delivered_on(
            label.service,
            country,
            postcode,
            leaves,
            1 + draw(2, "days", *words) * late if late else 0,
        )
        hour = ROUND_BEGINS_HOUR + draw(ROUND_HOURS, "hour", *words)
        minute = draw(60, "minute", *words)
        return datetime.combine(day, time(hour, minute), LONDON).astimezone(UTC)

    def _destination(self, parcel: Underway) -> tuple[str, str]:
        if parcel.store is not None:
            place = self._places[parcel.store]
            return place.country, place.postcode
        sold = self._register.by_number(parcel.order_number)
        if sold is None or sold.sale is None:
            return "GB", ""
        address = self._clerk.address(sold.sale)
        return address["country"], address.get("postcode", "")

    def _source(self, order_number: str) -> str:
        sold = self._register.by_number(order_number)
        return sold.source if sold else order_number


def event(label: Label, no: int, status: str, at: datetime) -> dict[str, Any]:
    """Return what a carrier reports of a parcel."""
    return {
        "id": f"{label.tracking_number}-{no}",
        "tracking_number": label.tracking_number,
        "status": status,
        "occurred_at": at,
    }
