"""Ways in which the goods of a cart reach the customer, as far as a choice tells of them."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.catalog import Variant
from crosslane.inventory import Survey
from crosslane.locations import Location
from crosslane.sourcing.domain.arrival import has_room, local_day
from crosslane.sourcing.domain.sourcing import Foreseen
from crosslane.sourcing.domain.world import World

NOBODY: frozenset[UUID] = frozenset()


class Lacking(msgspec.Struct, frozen=True):
    """Units that an option leaves out; they would be backordered."""

    sku: str
    quantity: int


class Way(msgspec.Struct, frozen=True):
    """A way of a cart.

    Args:
        promised_at: when the customer has everything that can be had.
        cost_milli: what it costs the retailer, in thousandths of a minor unit.
        units_left: of the article that is scarcest where it would come from, units that could
            still be promised there afterwards.
        parcels: how many there will be; 1 for goods that are fetched where they lie.
        lacking: what cannot be had.
        senders: the locations that send parcels.
        parcels_left: parcels that the fullest of them could still send on its day afterwards; None
            when none has a limit.
        transit_days: days from the last parcel's leaving to its promised day; 0 when nothing is
            sent.
        service: by which goods are sent or brought; "" when they are fetched where they lie.
    """

    promised_at: datetime
    cost_milli: int
    units_left: int
    parcels: int = 1
    lacking: tuple[Lacking, ...] = ()
    senders: frozenset[UUID] = NOBODY
    parcels_left: int | None = None
    transit_days: int = 0
    service: str = ""

    @property
    def units_lacking(self) -> int:
        """How many units cannot be had."""
        return sum([each.quantity for each in self.lacking])


def way_of(
    world: World, survey: Survey, lines: Mapping[str, Variant], found: Foreseen
) -> Way | None:
    """Return what a plan of a cart comes to; None when it serves nothing, or no date is in sight.

    A day that is full by then is no date: nobody who orders could claim it.

    Args:
        world: what it was decided on.
        survey: what is available.
        lines: the variant of each line by its key in plans.
        found: the plan, and what it means.
    """
    plan, arrives, days = found.plan, found.promised_at, found.ship_days
    if not plan.assignments or arrives is None:
        return None
    taken: dict[tuple[UUID, UUID], int] = {}
    for given in plan.assignments:
        key = lines[given.line].id, found.locations[given.place].id
        taken[key] = taken.get(key, 0) + given.quantity
    free: list[int] = []
    for at in found.locations.values() if days else ():
        if at.id in days and at.parcels_per_day is not None:
            sent = sum([each.parcels for each in plan.parcels if each.place == at.code])
            if not has_room(world, at, days[at.id], sent):
                return None
            free.append(room_left(world, at, days[at.id], sent))
    last = max(days.values(), default=None)
    return Way(
        arrives,
        plan.sent_milli,
        min([survey.available(*key) - units for key, units in taken.items()]),
        sum([parcel.parcels for parcel in plan.parcels]),
        _lacking(lines, found),
        frozenset(days),
        max(0, min(free)) if free else None,
        (local_day(found.request, arrives) - last).days if last else 0,
        found.route.service,
    )


def room_left(world: World, at: Location, day: date, parcels: int) -> int:
    """Return the parcels that a location with a limit can send on a day after some more.

    Args:
        world: what it is decided on.
        at: the location.
        day: on which it sends.
        parcels: the more; others may have taken the room already, and less than none is left.
    """
    return (at.parcels_per_day or 0) - world.taken.get((at.id, day), 0) - parcels


def _lacking(lines: Mapping[str, Variant], found: Foreseen) -> tuple[Lacking, ...]:
    missing: dict[str, int] = {}
    for left in found.plan.unfilled:
        sku = lines[left.line].sku
        missing[sku] = missing.get(sku, 0) + left.quantity
    return tuple([Lacking(sku, quantity) for sku, quantity in sorted(missing.items())])
