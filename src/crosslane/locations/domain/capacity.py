"""The day's capacity of locations: who took how many parcels, and whether more fit."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from msgspec import Struct

from crosslane.locations.errors import CapacityFull

# Location and local day of dispatch.
CapacityKey = tuple[UUID, date]


class CapacityClaim(Struct, frozen=True):
    """A wish to send parcels from a location on a day.

    Args:
        location_id: where from.
        day: local day of dispatch.
        parcels: how many, at least 1.
        cause: what the claim is for, such as ``order:<id>``; it can claim a counter only once.
        beyond_limit: true for a fact that cannot be refused, or when nothing else is left.
        holder: whose claim it is, such as the order; may give back all it has at a location.
    """

    location_id: UUID
    day: date
    parcels: int
    cause: str
    beyond_limit: bool = False
    holder: UUID | None = None

    @property
    def key(self) -> CapacityKey:
        """The counter it draws on."""
        return (self.location_id, self.day)

    @property
    def identity(self) -> tuple[UUID, date, str]:
        """What makes it the same claim when it comes again."""
        return (self.location_id, self.day, self.cause)


class CapacitySheet:
    """Counters of the days a batch touches, protected until the transaction ends.

    Decide on it in memory with take, undo what turns out refused elsewhere, then write it.

    Args:
        taken: parcels taken so far; a counter that is missing has none.
        limits: parcels per day of each location; None is no limit.
    """

    def __init__(self, taken: Mapping[CapacityKey, int], limits: Mapping[UUID, int | None]) -> None:
        self._taken = dict(taken)
        self._limits = limits
        self._claims: dict[tuple[UUID, date, str], CapacityClaim] = {}

    @property
    def claims(self) -> list[CapacityClaim]:
        """What was taken on this sheet, in order."""
        return list(self._claims.values())

    def free(self, location_id: UUID, day: date) -> int | None:
        """Return how many parcels still fit (negative when overdrawn); None is no limit."""
        limit = self._limits[location_id]
        return None if limit is None else limit - self._taken.get((location_id, day), 0)

    def take(self, claim: CapacityClaim) -> CapacityFull | None:
        """Take the claim, or return why not; taking the same claim again changes nothing."""
        if claim.identity in self._claims:
            return None
        free = self.free(claim.location_id, claim.day)
        if free is not None and claim.parcels > free and not claim.beyond_limit:
            return CapacityFull(
                location_id=str(claim.location_id), day=str(claim.day), parcels=claim.parcels
            )
        self._taken[claim.key] = self._taken.get(claim.key, 0) + claim.parcels
        self._claims[claim.identity] = claim
        return None

    def undo(self, claims: Iterable[CapacityClaim]) -> None:
        """Give back claims of this sheet whose command was refused by somebody else."""
        for claim in claims:
            if self._claims.pop(claim.identity, None) is not None:
                self._taken[claim.key] -= claim.parcels
