"""A survey: what could be promised where, read without locks, for planning a whole batch.

It may be out of date the moment it is read; only `allocate` promises. Marks made with `take` keep
the plans of one batch from counting on the same units twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from heapq import nlargest
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Reserves, available_to_promise

NONE_TAKEN: Mapping[UUID, int] = {}
# Of how many locations at most it is told that all they have of a variant is kept back: a decision
# keeps them, and a thousand stores may each have no more than their safety stock.
KEPT_PLACES_MAX = 20


class VariantStock(msgspec.Struct, frozen=True):
    """The positions of one variant as parallel lists, one entry per position.

    Args:
        frees: on hand − allocated − held.
        safeties: safety stock named by the position itself, None when left to the policy; None in
            place of the list when no position names any.
    """

    variant_id: UUID
    location_ids: Sequence[UUID]
    frees: list[int]
    safeties: list[int | None] | None = None


class Arrival(msgspec.Struct, frozen=True, order=True):
    """Units on their way to a location that nobody was promised yet."""

    available_on: date
    location_id: UUID
    quantity: int


class Survey:
    """ATP candidates per variant, with marks of what a plan already uses.

    Args:
        stock: one row per variant that lies anywhere.
        arrivals: incoming units per variant.
        reserves: what policies keep back.
        channel_id: the channel that asks.
        at: instant of the read.
    """

    def __init__(
        self,
        stock: Iterable[VariantStock],
        *,
        at: datetime,
        reserves: Reserves | None = None,
        channel_id: UUID | None = None,
        arrivals: Mapping[UUID, Iterable[Arrival]] | None = None,
    ) -> None:
        self.at = at
        self.channel_id = channel_id
        self._arrivals = {v: tuple(sorted(rows)) for v, rows in (arrivals or {}).items()}
        self._available: dict[UUID, dict[UUID, int]] = {}
        self._kept: dict[UUID, dict[UUID, int]] = {}
        # Where a variant lies; many lie at the very same locations, whose set is made once.
        self._places: dict[UUID, frozenset[UUID]] = {}
        sets: dict[int, frozenset[UUID]] = {}
        rows = list(stock)
        for row in rows:
            found, kept = _by_location(row, reserves or Reserves(), channel_id)
            self._available[row.variant_id] = found
            if kept:
                self._kept[row.variant_id] = kept
            if len(found) == len(row.location_ids):
                run = id(row.location_ids)
                self._places[row.variant_id] = sets.get(run) or sets.setdefault(
                    run, frozenset(found)
                )

    def candidates(self, variant_id: UUID) -> Mapping[UUID, int]:
        """Return ATP by location, of every location that has at least one unit."""
        return self._available.get(variant_id, NONE_TAKEN)

    def kept(self, variant_id: UUID) -> Mapping[UUID, int]:
        """Return units by location where all that lie free are safety stock or ring-fenced.

        Of the KEPT_PLACES_MAX locations that have most of them.
        """
        return self._kept.get(variant_id, NONE_TAKEN)

    def places(self, variant_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Return the locations that have at least one unit of any of some variants."""
        found = {self._places_of(each) for each in variant_ids}
        return found.pop() if len(found) == 1 else frozenset[UUID]().union(*found)

    def lying(self, variant_ids: Sequence[UUID]) -> frozenset[UUID]:
        """Return the same, and those where units of some lie that are all kept back."""
        kept = [self._kept[each] for each in variant_ids if each in self._kept]
        return self.places(variant_ids).union(*kept) if kept else self.places(variant_ids)

    def available(self, variant_id: UUID, location_id: UUID) -> int:
        """Return ATP of a variant at a location after the marks made so far."""
        return self.candidates(variant_id).get(location_id, 0)

    def total(self, variant_id: UUID) -> int:
        """Return ATP of a variant over all locations."""
        return sum(self.candidates(variant_id).values())

    def arrivals(self, variant_id: UUID) -> tuple[Arrival, ...]:
        """Return unpromised incoming units, the earliest first."""
        return self._arrivals.get(variant_id, ())

    def take(self, variant_id: UUID, location_id: UUID, quantity: int) -> bool:
        """Mark units as used by a plan; False, and no mark, when they are not there."""
        left = self.available(variant_id, location_id) - quantity
        if left < 0:
            return False
        self._set(variant_id, location_id, left)
        return True

    def give_back(self, variant_id: UUID, location_id: UUID, quantity: int) -> None:
        """Take back a mark."""
        self._set(variant_id, location_id, self.available(variant_id, location_id) + quantity)

    def bar(self, variant_id: UUID, location_id: UUID) -> None:
        """Forget a candidate, such as one that lost its stock since the survey."""
        self._set(variant_id, location_id, 0)

    def _places_of(self, variant_id: UUID) -> frozenset[UUID]:
        known = self._places.get(variant_id)
        if known is None:
            known = self._places[variant_id] = frozenset(self.candidates(variant_id))
        return known

    def _set(self, variant_id: UUID, location_id: UUID, units: int) -> None:
        by_location = self._available.setdefault(variant_id, {})
        if (units > 0) != (location_id in by_location):
            self._places.pop(variant_id, None)
        if units > 0:
            by_location[location_id] = units
            self._kept.get(variant_id, {}).pop(location_id, None)
        else:
            by_location.pop(location_id, None)


def _by_location(
    row: VariantStock, reserves: Reserves, channel_id: UUID | None
) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Add up owners per location, then keep back safety stock and ring-fences once.

    Returns:
        What is available, and what is kept where nothing is.
    """
    frees = dict(zip(row.location_ids, row.frees, strict=True))
    one_owner = len(frees) == len(row.location_ids)
    if one_owner and row.safeties is None and reserves.keep_nothing:
        if frees and min(row.frees) > 0:
            return frees, {}
        return {location: free for location, free in frees.items() if free > 0}, {}
    frees.clear()
    safeties: dict[UUID, int] = {}
    named = row.safeties or [None] * len(row.frees)
    for location, free, safety in zip(row.location_ids, row.frees, named, strict=True):
        frees[location] = frees.get(location, 0) + free
        if safety is not None:
            safeties[location] = safeties.get(location, 0) + safety
    available: dict[UUID, int] = {}
    whole: dict[UUID, int] = {}
    for location, free in frees.items():
        kept = reserves.of(row.variant_id, location, channel_id)
        units = available_to_promise(free, safeties.get(location), kept)
        if units > 0:
            available[location] = units
        elif free > 0 and not kept.withheld:
            whole[location] = free
    if len(whole) > KEPT_PLACES_MAX:
        most = nlargest(KEPT_PLACES_MAX, whole, key=lambda at: (whole[at], at))
        whole = {location: whole[location] for location in most}
    return available, whole
