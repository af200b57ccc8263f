"""Locations as places that send home, by columns: what lasts, and what a batch uses up.

What a location is lasts as long as its network, but for closures, the room it has on a day and what
that is worth: these are looked up for a moment, and plans of a batch use up the room.
"""

import math
from collections.abc import Callable, Sequence
from datetime import date
from itertools import repeat
from operator import itemgetter, sub
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from crosslane.locations import CapacityKey, Location, Point, distances_metres
from crosslane.sourcing.domain.columns import OPEN, Packed, Standing
from crosslane.sourcing.domain.problem import Place, SourcingProblem, SourcingSettings
from crosslane.sourcing.domain.rules import sound_places
from crosslane.sourcing.domain.sites import parcels_milli

# The parcel of a place that may not send: dearer than anything, and no cost that anybody pays.
BEYOND_MILLI = 2**60
# Where goods lie thinly hardly two orders have the same places; a thousand of them take 100 kB.
GROUPS_MAX = 32


class Today(NamedTuple):
    """What a location is at a moment.

    Args:
        open: not closed for more than its usual hours.
        day: on which it sends; None when nobody asks.
        left: parcels it can still send on that day; None for no limit.
        worth_milli: what one of them is worth to later orders.
    """

    open: bool
    day: date | None
    left: int | None
    worth_milli: int


class Ground:
    """The locations of a network as places that send home on any day, in the order of their codes.

    Args:
        locations: by code.
        places: the same as places that are open, without a distance or a limit.
        settings: which costs count.

    Attributes:
        numbers: of the locations, by id.
        standing: what they are.
        parcel_milli: what one parcel costs, carriage and distance aside; BEYOND_MILLI where it may
            not be sent.
        changing: those that are not the same at every moment; they have a closure or a limit.
    """

    def __init__(
        self, locations: Sequence[Location], places: Sequence[Place], settings: SourcingSettings
    ) -> None:
        self.locations, self.places, self.settings = locations, places, settings
        self.ids = [at.id for at in locations]
        self.numbers = {each: number for number, each in enumerate(self.ids)}
        self.standing = Standing.of(settings, places)
        self.parcel_milli = self.parcels_milli(places)
        self.points = [at.point for at in locations]
        self.sends = [place.sends for place in places]
        self.changing = frozenset(
            at.id
            for at in locations
            if at.parcels_per_day is not None or at.timetable.closure is not None
        )
        self._groups: dict[tuple[frozenset[UUID], bytes, tuple[int, ...]], Group] = {}

    def group(self, ids: frozenset[UUID], traits: bytes, worth_milli: tuple[int, ...]) -> "Group":
        """Return some of the locations together, by code; remembered from batch to batch.

        Args:
            ids: theirs; one that is not known is left out.
            traits: of the whole ground at the moment, as bits.
            worth_milli: likewise what one parcel of the day is worth to later orders; empty for
                nothing.
        """
        key = ids, traits, worth_milli
        known = self._groups.get(key)
        if known is None:
            if len(self._groups) >= GROUPS_MAX:
                self._groups.clear()
            numbers = sorted([n for each in ids if (n := self.numbers.get(each)) is not None])
            known = self._groups[key] = Group(self, numbers, traits, worth_milli)
        return known

    def parcels_milli(self, places: Sequence[Place]) -> list[int]:
        """Return what one parcel costs from places, as ``parcel_milli`` tells it."""
        asked = SourcingProblem("ship", "", (), tuple(places), (), self.settings)
        sound = {place.code for place in sound_places(asked)}
        costs = parcels_milli(places, self.settings)
        return [
            milli if place.code in sound else BEYOND_MILLI
            for place, milli in zip(places, costs, strict=True)
        ]


class Stood:
    """A ground as all orders of a moment see it; a batch uses up its days.

    Args:
        ground: the places.
        priced: whether parcels of a day are worth anything to later orders.
    """

    def __init__(self, ground: Ground, *, priced: bool) -> None:
        self._ground, self._priced = ground, priced
        # Whom nobody has asked for yet is not looked up.
        self._unknown = set(ground.numbers if priced else ground.changing)
        self._days: dict[CapacityKey, int] = {}
        self._left: list[int | None] = [None] * len(ground.places)
        self._parcel_milli = list(ground.parcel_milli)
        self._worth_milli = [0] * len(ground.places)
        self._traits = bytearray(ground.standing.traits)
        self._groups: dict[frozenset[UUID], Group] = {}

    def group(self, ids: frozenset[UUID], today: Callable[[Location], Today]) -> "Group":
        """Return some of the locations together, by code; found once for each set of them.

        Args:
            ids: theirs.
            today: tells what a location is at the moment. It is not kept: it knows the world, which
                keeps this, and what knows itself in a circle is garbage that has to be collected.
        """
        known = self._groups.get(ids)
        if known is None:
            for each in self._unknown & ids:
                self._look_up(self._ground.numbers[each], today)
            self._unknown -= ids
            worth = tuple(self._worth_milli) if self._priced else ()
            known = self._ground.group(ids, bytes(self._traits), worth)
            self._groups[ids] = known
        return known

    def left(self, group: "Group") -> Sequence[int | None]:
        """Return the parcels each of a group can still send; None for no limit."""
        return group.pick(self._left)

    def parcel_milli(self, group: "Group") -> Sequence[int]:
        """Return what one parcel costs from each of a group, carriage and distance aside.

        BEYOND_MILLI where none may be sent.
        """
        return group.pick(self._parcel_milli)

    def use(self, location_id: UUID, day: date, parcels: int) -> None:
        """Count parcels of a plan against the day of a location."""
        number = self._days.get((location_id, day))
        if number is not None:
            left = (self._left[number] or 0) - parcels
            self._left[number] = left
            if left <= 0:
                self._worth_milli[number] = 0
                self._groups.clear()
                self._count_anew(number, open=bool(self._traits[number] & OPEN))

    def _look_up(self, number: int, tell: Callable[[Location], Today]) -> None:
        today = tell(self._ground.locations[number])
        if today.left is not None and today.day is not None:
            self._days[self._ground.ids[number], today.day] = number
            self._left[number] = today.left
        self._worth_milli[number] = today.worth_milli
        if not today.open:
            self._traits[number] &= ~OPEN
        if not today.open or today.worth_milli or (today.left is not None and today.left <= 0):
            self._count_anew(number, open=today.open)

    def _count_anew(self, number: int, *, open: bool) -> None:
        place = msgspec.structs.replace(
            self._ground.places[number],
            capacity_left=self._left[number],
            capacity_milli=self._worth_milli[number],
            open=open,
        )
        (self._parcel_milli[number],) = self._ground.parcels_milli([place])


class Group:
    """Some of the places of a ground, with what of them stays the same while a batch goes on.

    Args:
        ground: of which they are.
        numbers: theirs.
        traits: of the whole ground at the moment, as bits.
        worth_milli: likewise what one parcel of the day is worth to later orders; empty for
            nothing.

    Attributes:
        pick: takes what is theirs of a column of the ground.
        ids: of the locations.
        standing: what they are.
        unit_milli: what picking one unit costs.
    """

    def __init__(
        self,
        ground: Ground,
        numbers: Sequence[int],
        traits: Sequence[int],
        worth_milli: Sequence[int],
    ) -> None:
        self.pick = pick = _picker(numbers)
        self.ids: Sequence[UUID] = pick(ground.ids)
        settings, lasting = ground.settings, ground.standing
        worth = pick(worth_milli) if worth_milli else ()
        self.standing = Standing(
            settings,
            pick(lasting.codes),
            bytes(pick(traits)),
            pick(lasting.handling_parcel_milli),
            pick(lasting.handling_unit_milli),
            worth if any(worth) else (),
        )
        counted = "handling_unit" in settings.terms
        self.unit_milli = self.standing.handling_unit_milli if counted else (0,) * len(numbers)
        self._far = settings.distance_milli_per_km > 0
        self._points: Sequence[Point] = pick(ground.points)
        self._grid = _grid(self._points)
        sends = pick(ground.sends)
        self._sends = None if all(sends) else sends
        self._packed: dict[bool, Packed] = {}

    def packed(self, *, densely: bool) -> Packed:
        """Return what the places are as receipts keep it, packed once for all orders."""
        if densely not in self._packed:
            self._packed[densely] = Packed.of(self.standing, densely=densely)
        return self._packed[densely]

    def metres(self, goal: Point | None) -> list[int]:
        """Return how far each is from a goal; 0 for who sends nothing, and where nobody asks."""
        if goal is None or not self._far:
            return [0] * len(self._points)
        if self._grid is None or goal.easting is None:
            metres = distances_metres(self._points, goal)
        else:
            # The same as above without a step of Python's for each: there can be hundreds.
            east, north = self._grid
            away_east = map(sub, east, repeat(goal.easting))
            away_north = map(sub, north, repeat(goal.northing or 0))
            metres = list(map(round, map(math.hypot, away_east, away_north)))
        if self._sends is None:
            return metres
        return [m if sends else 0 for m, sends in zip(metres, self._sends, strict=True)]


def _picker(numbers: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what takes the entries of some numbers out of a column, with one step of Python's."""
    if len(numbers) > 1:
        return itemgetter(*numbers)
    return lambda column: tuple([column[number] for number in numbers])


def _grid(points: Sequence[Point]) -> tuple[list[int], list[int]] | None:
    """Return the points on the British grid, None when one of them is not."""
    east = [at.easting for at in points if at.easting is not None]
    return (east, [at.northing or 0 for at in points]) if len(east) == len(points) else None
