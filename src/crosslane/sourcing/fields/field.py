"""The planner's question as arrays: what lies where, what carrying costs, who asks for what.

A *slot* is a variant at a location. Slots are sorted by variant, then location; those of variant
``s`` are ``slot_starts[s] .. slot_starts[s + 1]``. Money is whole milli (thousandths of a minor
unit), weights are whole numbers of one unit that breaks and variants share; ``WEIGHT_PER_KG`` of
them are a kilogram.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

LINES_MAX = 12
"""An order of more lines is decided in parts of so many."""
WEIGHT_PER_KG = 1_000_000
NO_LIMIT = 10**9
"""A location that sends any number of parcels a day."""
STANDARD, EXPRESS, WALK_IN = 0, 1, 2


class Field(NamedTuple):
    """Locations, carriage, variants and slots; nothing in it changes while orders are decided.

    Args:
        parcel_milli: work of one parcel, by location.
        unit_milli: work of one unit, by location.
        zone: of a region as seen from a location, by location and region.
        carriage_milli: price of a parcel, by zone and weight bracket.
        per_kg_milli: added for each kilogram, by zone.
        breaks: heaviest weight of each bracket but the last, rising.
        express_milli: added to an express parcel, by zone.
        late_milli: cost of a parcel beyond a location's capacity of the day.
        weight: of one unit, by variant.
        unserved_milli: cost of not serving one unit, by variant.
        margin_milli: cost of a unit that a customer in the store does not find, by variant.
        slot_starts: first slot of each variant, and one more.
        slot_location: location of each slot.
        extra_milli: added per unit from a slot; a vendor's share, a markdown saved.
        capacity: parcels by location and day.
    """

    parcel_milli: Ints
    unit_milli: Ints
    zone: Ints
    carriage_milli: Ints
    per_kg_milli: Ints
    breaks: Ints
    express_milli: Ints
    late_milli: int
    weight: Ints
    unserved_milli: Ints
    margin_milli: Ints
    slot_starts: Ints
    slot_location: Ints
    extra_milli: Ints
    capacity: Ints


class Demand(NamedTuple):
    """Who asks for what, in the order of time.

    Args:
        at: instant of each event in days.
        day: on which it is sourced.
        place: region of an order; location of a customer who walks in.
        kind: STANDARD, EXPRESS or WALK_IN.
        starts: first line of each event, and one more.
        variant: of each line.
        quantity: of each line.
    """

    at: NDArray[np.float64]
    day: Ints
    place: Ints
    kind: Ints
    starts: Ints
    variant: Ints
    quantity: Ints

    def between(self, first: int, end: int) -> "Demand":
        """Return the events from one up to before another."""
        return Demand(
            self.at[first:end],
            self.day[first:end],
            self.place[first:end],
            self.kind[first:end],
            self.starts[first : end + 1],
            self.variant,
            self.quantity,
        )

    def only(self, wanted: NDArray[np.bool_]) -> "Demand":
        """Return the wanted of the events, and their lines."""
        sizes = np.diff(self.starts)
        lines = np.repeat(wanted, sizes)
        # Of a part, lines of other events lie around its own.
        own = slice(self.starts[0], self.starts[-1])
        return Demand(
            self.at[wanted],
            self.day[wanted],
            self.place[wanted],
            self.kind[wanted],
            np.concatenate([[0], np.cumsum(sizes[wanted])]),
            self.variant[own][lines],
            self.quantity[own][lines],
        )


def in_order(
    at: NDArray[np.float64],
    kind: Ints,
    place: Ints,
    first: Ints,
    size: Ints,
    variant: Ints,
    quantity: Ints,
    *,
    day_last: int,
) -> Demand:
    """Return events that come in any order as demand in the order of time.

    Args:
        at: instant of each event in days.
        kind: of each event.
        place: of each event.
        first: where its lines begin; several events may have the same ones.
        size: how many lines it has.
        variant: of each line.
        quantity: of each line.
        day_last: the last day that has a capacity; later events count on it.
    """
    order = np.argsort(at)
    at, first, size = at[order], first[order], size[order]
    starts = np.concatenate([[0], np.cumsum(size)])
    line = np.repeat(first - starts[:-1], size) + np.arange(starts[-1])
    return Demand(
        at=at,
        day=np.minimum(at.astype(np.int64), day_last),
        place=place[order],
        kind=kind[order],
        starts=starts,
        variant=variant[line],
        quantity=quantity[line],
    )


class Prices(NamedTuple):
    """What a unit and a parcel are worth to later orders; zero for a planner that looks no further.

    Args:
        scarcity_milli: of one unit, by slot.
        capacity_milli: of one parcel, by location and day; where the day is full a parcel is late
            in its place.
    """

    scarcity_milli: Ints
    capacity_milli: Ints


class State(NamedTuple):
    """What orders use up.

    Args:
        stock: units left, by slot.
        sent: parcels so far, by location and day.
    """

    stock: Ints
    sent: Ints

    def copy(self) -> "State":
        """Return the same, to be used up on its own."""
        return State(self.stock.copy(), self.sent.copy())


def no_prices(field: Field) -> Prices:
    """Return the prices of a planner that looks at one order only."""
    return Prices(np.zeros_like(field.extra_milli), np.zeros_like(field.capacity))
