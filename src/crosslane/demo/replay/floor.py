"""The floor: seeded staff work off what the API lists, many fulfillment orders at a time.

People act at business times: in the hours of their location, some minutes after the order came,
never at the time of the replay. Whoever has a log-in of the location does its work, otherwise the
manager of an area, who may work everywhere.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from crosslane.demo.client import Client
from crosslane.demo.draws import draw
from crosslane.demo.replay.calendars import Hours
from crosslane.demo.replay.choices import SHORT_PICKS_PER_MILLE, happens
from crosslane.demo.replay.desk import Desk
from crosslane.demo.replay.drivers import Drivers, Underway
from crosslane.demo.replay.parcels import as_packs, split_by_weight
from crosslane.demo.replay.register import Register
from crosslane.demo.replay.reports import Pack, Pick, PickedLine, Rejection
from crosslane.demo.world import World

WORKS_AT_ONCE = 40
LINES_AT_ONCE = 600
HANDS = 3
BEGIN_MINUTES_MIN, BEGIN_MINUTES_SPREAD = 10, 80
PICK_MINUTES_SPREAD, PACK_MINUTES = 40, 15
CLOSED = "The store is closed"
# What work is refused with when its order was cancelled or changed meanwhile.
OVERTAKEN = frozenset(
    {"not-in-state", "no-such-fulfillment-line", "out-of-step", "nothing-picked", "too-many-packed"}
)


class WorkLine(Struct, frozen=True):
    """Units of an order line at a location."""

    line_id: UUID
    sku: str
    to_pick: int
    picked: int


class Work(Struct, frozen=True):
    """A fulfillment order as the API lists it."""

    id: UUID
    order_id: UUID
    order_number: str
    location_id: UUID
    store_id: UUID | None
    method: str
    service: str
    state: str
    placed_at: datetime
    lines: list[WorkLine]


class Worked(Struct, frozen=True):
    """How a fulfillment order stands after some work."""

    fulfillment_order: UUID
    state: str
    gone: bool
    parcels: list[UUID]


class Floor:
    """Accepts, rejects, picks and packs.

    Args:
        desk: who speaks.
        world: where the work is.
        register: the orders behind the work.
        hours: of each location, by its id.
        grams: weight of a unit by SKU.
        weight_max_grams: heaviest parcel by service.
        drivers: who take parcels away.
        seed: draws what goes wrong.

    Attributes:
        seeded: invented trouble, as often as it was played.
        closes_a_store: the next store that is offered work is found closed.
    """

    def __init__(
        self,
        desk: Desk,
        world: World,
        register: Register,
        *,
        hours: Mapping[UUID, Hours],
        grams: Mapping[str, int],
        weight_max_grams: Mapping[str, int],
        drivers: Drivers,
        seed: int,
    ) -> None:
        self._desk, self._register, self._drivers, self._seed = desk, register, drivers, seed
        self._hours, self._grams, self._weight_max = hours, grams, weight_max_grams
        self._places = {place.id: place for place in world.places.values()}
        self._logins = {one.location: code for code, one in world.logins.items() if one.location}
        self._areas = sorted(
            code for code, one in world.logins.items() if one.role == "manager" and not one.location
        )
        self._busy: set[UUID] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hands = asyncio.Semaphore(HANDS)
        self._closed = ""
        self.closes_a_store = False
        self.seeded: Counter[str] = Counter()

    @property
    def busy(self) -> bool:
        """Whether somebody is at work."""
        return bool(self._tasks)

    async def look(self) -> int:
        """Take what is to be done and begin it; return how much that is."""
        manager = self._desk.staff(self._areas[0])
        found: list[Work] = []
        for state in ("offered", "accepted", "picked"):
            listed = await self._desk.read_list(manager, "fulfillment-orders", Work, state=state)
            found += [work for work in listed if self._is_free(work)]
        for code, works in self._by_person(found).items():
            for some in in_portions(works):
                self._busy |= {work.id for work in some}
                task = asyncio.create_task(self._work_off(code, some))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return len(found)

    async def rest(self) -> None:
        """Finish what was begun, and open the store again."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
        if self._closed:
            client, path = self._desk.staff(self._areas[0]), f"locations/{self._closed}/closure"
            await self._desk.ask(client, path, method="DELETE")
            self._closed = ""

    def _is_free(self, work: Work) -> bool:
        return work.id not in self._busy and not self._register.is_kept_back(work.order_number)

    def _by_person(self, works: Iterable[Work]) -> dict[str, list[Work]]:
        found: dict[str, list[Work]] = {}
        for work in works:
            place = self._places[work.location_id]
            area = self._areas[place.easting % len(self._areas)]
            found.setdefault(self._logins.get(place.code, area), []).append(work)
        return found

    async def _work_off(self, person: str, works: Sequence[Work]) -> None:
        client = self._desk.staff(person)
        try:
            async with self._hands:
                taken = await self._accept(client, works)
                picked = await self._pick(client, taken)
                await self._pack(client, picked)
        finally:
            self._busy -= {work.id for work in works}

    async def _accept(self, client: Client, works: Sequence[Work]) -> list[Work]:
        """Take work on, but for that of a closed store; return what may be picked."""
        offered = [work for work in works if work.state == "offered"]
        if self.closes_a_store and not self._closed:
            await self._close_a_store(offered)
        rejected = [work for work in offered if self._places[work.location_id].code == self._closed]
        for work in rejected:
            at = self._begin(work)
            body = Rejection(work.id, CLOSED, at)
            answer = await self._desk.ask(client, "fulfillment-rejections", body)
            if answer.ok:
                self.seeded["rejected"] += 1
                self._register.delay(work.order_number, at)
        open_ones = [work for work in offered if work not in rejected]
        accepted = await self._in_bulk(
            client,
            "fulfillment-acceptances",
            {work.id: work.id for work in open_ones},
            lambda ids: {
                "fulfillment_orders": ids,
                "occurred_at": max(self._begin(work) for work in open_ones),
            },
        )
        taken = {one.fulfillment_order for one in accepted}
        return [work for work in works if work.state != "offered" or work.id in taken]

    async def _pick(self, client: Client, works: Sequence[Work]) -> list[tuple[Work, datetime]]:
        """Report what was taken from the shelves; return what is to be packed, and when."""
        at = {work.id: self._picked_at(work) for work in works}
        to_pick = [work for work in works if any(line.to_pick for line in work.lines)]
        answers = await self._in_bulk(
            client,
            "picks",
            {work.id: self._pick_of(work, at[work.id]) for work in to_pick},
            lambda picks: {"picks": picks},
        )
        states = {one.fulfillment_order: one.state for one in answers if not one.gone}
        states |= {work.id: work.state for work in works if work not in to_pick}
        by_id = {work.id: work for work in works}
        for work_id, state in states.items():
            if state == "ready":
                self._drivers.note_ready(by_id[work_id].order_number, at[work_id])
        return [
            (by_id[work_id], self._hours_of(by_id[work_id]).after(at[work_id], PACK_MINUTES))
            for work_id, state in states.items()
            if state == "picked" and by_id[work_id].method != "pickup"
        ]

    async def _pack(self, client: Client, works: Sequence[tuple[Work, datetime]]) -> None:
        """Close parcels; their labels, messages and money follow by themselves."""
        at = {work.id: moment for work, moment in works}
        by_id = {work.id: work for work, _ in works}
        shorts = {work.id: self._short(work) for work, _ in works}
        packs: dict[UUID, list[Pack]] = {}
        for work, moment in works:
            units = [
                (line.line_id, line.picked + line.to_pick - shorts[work.id].get(line.line_id, 0))
                for line in work.lines
            ]
            grams = {line.line_id: self._grams.get(line.sku, 1) for line in work.lines}
            parcels = split_by_weight(
                [(line, count, grams[line]) for line, count in units if count > 0],
                self._weight_max[work.service],
            )
            # One parcel takes whatever was picked, even if some was called off at that moment.
            packs[work.id] = (
                as_packs(work.id, parcels, moment) if len(parcels) > 1 else [Pack(work.id, moment)]
            )
        since = datetime.now(UTC)
        answers = await self._in_bulk(
            client,
            "parcels",
            packs,
            lambda several: {"packs": [pack for some in several for pack in some]},
        )
        for one in answers:
            work = by_id[one.fulfillment_order]
            leaves = self._hours_of(work).leaves_at(at[work.id])
            for parcel in one.parcels:
                self._drivers.take(
                    Underway(
                        parcel=parcel,
                        work=work.id,
                        order_number=work.order_number,
                        store=work.store_id,
                        leaves=leaves,
                        since=since,
                    )
                )

    async def _in_bulk(
        self,
        client: Client,
        path: str,
        parts: Mapping[UUID, Any],
        body_of: Any,
    ) -> list[Worked]:
        """Report many at once; when one of them spoils it, each by itself.

        Work that was cancelled meanwhile is refused, which is as it should be.
        """
        if not parts:
            return []
        whole = body_of(list(parts.values()))
        answer = await self._desk.ask(client, path, whole, expected=OVERTAKEN)
        if answer.ok:
            return read_worked(answer.content)
        if len(parts) == 1:
            return []
        found: list[Worked] = []
        for part in parts.values():
            answer = await self._desk.ask(client, path, body_of([part]), expected=OVERTAKEN)
            found += read_worked(answer.content) if answer.ok else []
        return found

    def _pick_of(self, work: Work, at: datetime) -> Pick:
        short = self._short(work)
        if not short:
            return Pick(work.id, at)
        self.seeded["short_pick"] += 1
        self._register.delay(work.order_number, at)
        lines = [
            PickedLine(line.line_id, line.to_pick - lacking, lacking)
            for line in work.lines
            if line.to_pick
            for lacking in [short.get(line.line_id, 0)]
        ]
        return Pick(work.id, at, tuple(lines))

    def _short(self, work: Work) -> dict[UUID, int]:
        """Draw the units that are not where they should be."""
        words = (self._seed, *self._words(work))
        lines = [line for line in work.lines if line.to_pick]
        if not lines or not happens(SHORT_PICKS_PER_MILLE, "short", *words):
            return {}
        line = lines[draw(len(lines), "line", *words)]
        return {line.line_id: 1 + draw(line.to_pick, "units", *words)}

    async def _close_a_store(self, offered: Sequence[Work]) -> None:
        store = next(
            (
                place
                for work in offered
                if (place := self._places[work.location_id]).kind == "store"
            ),
            None,
        )
        if store is not None:
            self._closed = store.code
            body = {"reason": "A pipe burst"}
            manager = self._desk.staff(self._areas[0])
            await self._desk.ask(manager, f"locations/{store.code}/closure", body)
            self.seeded["closed_store"] += 1

    def _begin(self, work: Work) -> datetime:
        """Return when somebody turns to the work."""
        since = self._register.since(work.order_number) or work.placed_at
        minutes = BEGIN_MINUTES_MIN + draw(
            BEGIN_MINUTES_SPREAD, "begin", self._seed, *self._words(work)
        )
        return self._hours_of(work).after(max(since, work.placed_at), minutes).astimezone(UTC)

    def _picked_at(self, work: Work) -> datetime:
        minutes = 1 + draw(PICK_MINUTES_SPREAD, "pick", self._seed, *self._words(work))
        return self._hours_of(work).after(self._begin(work), minutes).astimezone(UTC)

    def _words(self, work: Work) -> tuple[str, str]:
        """Return what is the same of this work in every run."""
        sold = self._register.by_number(work.order_number)
        return (
            sold.source if sold else work.order_number,
            self._places[work.location_id].code,
        )

    def _hours_of(self, work: Work) -> Hours:
        return self._hours[work.location_id]


def read_worked(content: bytes) -> list[Worked]:
    """Return the answer to a report."""
    return msgspec.json.decode(content, type=list[Worked])


def in_portions(works: Iterable[Work]) -> Iterable[list[Work]]:
    """Cut work into portions that one report may hold."""
    portion: list[Work] = []
    lines = 0
    for work in works:
        if portion and (len(portion) == WORKS_AT_ONCE or lines + len(work.lines) > LINES_AT_ONCE):
            yield portion
            portion, lines = [], 0
        portion.append(work)
        lines += len(work.lines)
    if portion:
        yield portion
