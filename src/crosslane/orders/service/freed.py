"""What orders no longer need: units, places in days, and units held for them that came in.

Everybody takes positions in one order, and after them the counters of days in one. Who gave back
first and took others then would take them in two, and wait in a circle with whoever takes both. So
a search counts on what is freed without giving it back; as soon as it knows what it takes instead,
both are protected together.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from crosslane import inventory, locations
from crosslane.platform.database import Tx


class Freed(msgspec.Struct, frozen=True):
    """Units and places that will be given back.

    Args:
        units: allocated units.
        claims: places in days of locations that supply nothing to their order any more.
        arrived: units held since they came in, for whom they were promised.
    """

    units: Sequence[inventory.Release] = ()
    claims: Sequence[locations.CapacityClaim] = ()
    arrived: Sequence[inventory.PromiseArrived] = ()

    @property
    def parcels(self) -> Counter[locations.CapacityKey]:
        """How many parcels fewer are taken of which days."""
        return parcels_of(self.claims)

    def mark(self, survey: inventory.Survey) -> None:
        """Let a plan count on the units; where stock is short, they are fewer than it thinks."""
        for one in (*self.units, *self.arrived):
            survey.give_back(one.variant_id, one.location_id, one.quantity)

    async def give_units(self, tx: Tx, taken: Iterable[inventory.Place] = ()) -> None:
        """Give the units back; the places from which others are taken next are protected along."""
        given = [*self.units, *self.arrived]
        if not given:
            return
        there = {inventory.Place(one.variant_id, one.location_id) for one in given}
        both = there.union(taken)
        if both != there or (self.units and self.arrived):
            await inventory.protect(tx, both)
        if self.units:
            await inventory.release_allocation(tx, self.units)
        if self.arrived:
            holds = [inventory.HoldRelease(hold_id=a.hold_id, fence=a.fence) for a in self.arrived]
            await inventory.release_hold(tx, holds)

    async def give_back(self, tx: Tx) -> None:
        """Give all of it back, where nothing is taken instead."""
        await self.give_units(tx)
        await locations.return_capacity(tx, self.claims)


NOTHING = Freed()


def parcels_of(claims: Iterable[locations.CapacityClaim]) -> Counter[locations.CapacityKey]:
    """Return how many parcels claims are for, by location and day."""
    parcels: Counter[locations.CapacityKey] = Counter()
    for claim in claims:
        parcels[claim.key] += claim.parcels
    return parcels
