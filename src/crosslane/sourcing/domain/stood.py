"""Locations as all orders of a moment see them: made once for a batch, counted on as it goes."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import repeat
from operator import sub
from uuid import UUID

import msgspec

from crosslane.locations import CapacityKey, Location, Point, distances_metres
from crosslane.sourcing.domain.columns import Packed, Standing
from crosslane.sourcing.domain.problem import Place, SourcingProblem, SourcingSettings
from crosslane.sourcing.domain.rules import sound_places
from crosslane.sourcing.domain.sites import parcels_milli

# The parcel of a place that may not send: dearer than anything, and no cost that anybody pays.
BEYOND_MILLI = 2**60


class Stood:
    """Some locations as places that send home, but for how far; a batch uses up their days.

    Args:
        locations: by code.
        places: the same as places, without a distance.
        days: the counter of each location, None where nobody counts.
        settings: which costs count.

    Attributes:
        left: parcels each can still send; None for no limit.
        parcel_milli: what one parcel costs, carriage and distance aside; BEYOND_MILLI where it may
            not be sent.
        unit_milli: what picking one unit costs.
        packed: what of them is the same for all orders, as receipts keep it.
    """

    def __init__(
        self,
        locations: Mapping[UUID, Location],
        places: Sequence[Place],
        days: Sequence[CapacityKey | None],
        settings: SourcingSettings,
    ) -> None:
        self.locations = locations
        self._places = list(places)
        self._days = days
        self._settings = settings
        self._number = {each: number for number, each in enumerate(locations)}
        self.standing = Standing.of(settings, places)
        self.packed = Packed.of(self.standing)
        self.left = [place.capacity_left for place in places]
        self.parcel_milli = self._parcels_milli(places)
        handled = int("handling_unit" in settings.terms)
        self.unit_milli = [place.handling_unit_milli * handled for place in places]
        self.unit_milli_least = min(self.unit_milli, default=0)
        self._points = [at.point for at in locations.values()]
        self._grid = _grid(self._points)
        self._all_send = all(place.sends for place in places)

    def use(self, location_id: UUID, day: date, parcels: int) -> None:
        """Count parcels of a plan against the day of a location that is among them."""
        number = self._number.get(location_id)
        if number is None or self._days[number] != (location_id, day):
            return
        place = self._places[number]
        left = (self.left[number] or 0) - parcels
        self.left[number] = left
        if left <= 0:
            self._places[number] = place = msgspec.structs.replace(place, capacity_left=left)
            (self.parcel_milli[number],) = self._parcels_milli([place])

    def metres(self, goal: Point | None) -> list[int]:
        """Return how far each is from a goal; 0 for who sends nothing, and where nobody asks."""
        if goal is None or not self._settings.distance_milli_per_km:
            return [0] * len(self._points)
        if self._grid is None or goal.easting is None:
            metres = distances_metres(self._points, goal)
        else:
            # The same as above without a step of Python's for each: there can be hundreds.
            east, north = self._grid
            away_east = map(sub, east, repeat(goal.easting))
            away_north = map(sub, north, repeat(goal.northing or 0))
            metres = list(map(round, map(math.hypot, away_east, away_north)))
        if self._all_send:
            return metres
        return [m if at.sends else 0 for m, at in zip(metres, self._places, strict=True)]

    def _parcels_milli(self, places: Sequence[Place]) -> list[int]:
        asked = SourcingProblem("ship", "", (), tuple(places), (), self._settings)
        sound = {place.code for place in sound_places(asked)}
        costs = parcels_milli(places, self._settings)
        return [
            milli if place.code in sound else BEYOND_MILLI
            for place, milli in zip(places, costs, strict=True)
        ]


def _grid(points: Sequence[Point]) -> tuple[list[int], list[int]] | None:
    """Return the points on the British grid, None when one of them is not."""
    east = [at.easting for at in points if at.easting is not None]
    return (east, [at.northing or 0 for at in points]) if len(east) == len(points) else None
