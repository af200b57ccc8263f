"""All locations of a tenant in memory, and the search for the nearest."""

from collections.abc import Callable, Iterable
from heapq import nsmallest
from itertools import count
from uuid import UUID

from msgspec import Struct

from crosslane.locations.domain.location import Location
from crosslane.locations.domain.position import Point, distances_metres
from crosslane.locations.errors import LocationUnknown


class Near(Struct, frozen=True):
    """A location found near a point, with its distance in metres."""

    location: Location
    distance_metres: int


class Network:
    """Every location of a tenant, retired ones included, by code and by id.

    It is a value: an edit makes a new Network, nobody changes this one.
    """

    def __init__(self, locations: Iterable[Location]) -> None:
        self.all: tuple[Location, ...] = tuple(sorted(locations, key=lambda at: at.code))
        self.by_code: dict[str, Location] = {at.code: at for at in self.all}
        self.by_id: dict[UUID, Location] = {at.id: at for at in self.all}
        # By the abilities that were asked for: who has any of them, and where that is.
        self._able: dict[frozenset[str], tuple[list[Location], list[Point]]] = {}

    def require(self, code: str, *, pointer: str = "") -> Location:
        """Return the location with a code.

        Raises:
            LocationUnknown: there is none.
        """
        found = self.by_code.get(code)
        if found is None:
            raise LocationUnknown(pointer=pointer, code=code)
        return found

    def able(self, ability: str) -> tuple[Location, ...]:
        """Return the active locations with an ability, by code."""
        return tuple(at for at in self.all if at.can(ability))

    def nearest(
        self,
        point: Point,
        limit: int,
        ability: str | None = None,
        accept: Callable[[Location], bool] | None = None,
    ) -> list[Near]:
        """Return the active locations nearest to a point, nearest first; ties go by code.

        Args:
            point: where from.
            limit: how many at most.
            ability: only those with this ability.
            accept: only those for which this is true; asked before any distance is computed.
        """
        able = [at for at in self._active(ability) if accept is None or accept(at)]
        metres = distances_metres([at.point for at in able], point)
        codes = [at.code for at in able]
        found = nsmallest(limit, zip(metres, codes, strict=True))
        return [Near(self.by_code[code], away) for away, code in found]

    def nearest_able(self, point: Point, limit: int, abilities: frozenset[str]) -> list[Near]:
        """Return the active locations nearest to a point that have any of some abilities.

        Nearest first; ties go by code. Who has them is found once.

        Args:
            point: where from.
            limit: how many at most.
            abilities: of which one is enough.
        """
        known = self._able.get(abilities)
        if known is None:
            able = [at for at in self.all if at.active and at.abilities & abilities]
            known = self._able[abilities] = able, [at.point for at in able]
        able, points = known
        # The locations are in the order of their codes.
        found = nsmallest(limit, zip(distances_metres(points, point), count(), strict=False))
        return [Near(able[number], away) for away, number in found]

    def _active(self, ability: str | None) -> tuple[Location, ...]:
        if ability is None:
            return tuple(at for at in self.all if at.active)
        return self.able(ability)
