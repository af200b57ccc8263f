"""The rule most systems have: send it from the nearest place that has it all.

Places that have no parcels left today come after all others. Of the rest the one with most of the
lines sends those, and so on with what is left; of equals an own warehouse goes before a store, a
store before a vendor, and the nearer before the farther.
"""

import numpy as np

from crosslane.sourcing.fields.compiled import compiled
from crosslane.sourcing.fields.field import EXPRESS, WALK_IN, Demand, Field, Ints, State
from crosslane.sourcing.fields.instances import Instance
from crosslane.sourcing.fields.packing import UNSERVED
from crosslane.sourcing.fields.replaying import (
    Outcome,
    new_tally,
    outcome_of,
    sell_here,
    settle,
    slot_at,
)


def nearest_all(instance: Instance) -> Outcome:
    """Return what an instance costs when every order comes from the nearest places."""
    kind = np.broadcast_to(instance.location_kind[:, None], instance.distance_km.shape)
    rank = np.lexsort((instance.distance_km, kind), axis=0).astype(np.int64)
    tally = new_tally()
    _replay(instance.field, instance.start.copy(), instance.demand, rank, tally)
    return outcome_of(tally)


@compiled
def _choose(
    field: Field,
    state: State,
    rank: Ints,
    day: int,
    variants: Ints,
    quantities: Ints,
    chosen: Ints,
) -> None:
    """Choose slots for an order's lines, locations being looked at by rank."""
    chosen[:] = UNSERVED
    open_lines = len(variants)
    while open_lines:
        best, most, best_full = UNSERVED, 0, False
        for location in rank:
            full = state.sent[location, day] >= field.capacity[location, day]
            count = 0
            for line in range(len(variants)):
                if chosen[line] == UNSERVED:
                    slot = slot_at(field, variants[line], location)
                    count += slot != UNSERVED and state.stock[slot] >= quantities[line]
            better = count > most if full == best_full else best_full
            if count and (best == UNSERVED or better):
                best, most, best_full = location, count, full
        if best == UNSERVED:
            return
        for line in range(len(variants)):
            if chosen[line] == UNSERVED:
                slot = slot_at(field, variants[line], best)
                if slot != UNSERVED and state.stock[slot] >= quantities[line]:
                    chosen[line] = slot
                    open_lines -= 1


@compiled
def _replay(field: Field, state: State, demand: Demand, rank: Ints, tally: Ints) -> None:
    chosen = np.zeros(len(demand.variant), np.int64)
    for event in range(len(demand.at)):
        begin, end = demand.starts[event], demand.starts[event + 1]
        place, day = demand.place[event], demand.day[event]
        if demand.kind[event] == WALK_IN:
            for line in range(begin, end):
                sell_here(field, state, place, demand.variant[line], demand.quantity[line], tally)
            continue
        variants, quantities = demand.variant[begin:end], demand.quantity[begin:end]
        slots = chosen[begin:end]
        _choose(field, state, rank[:, place], day, variants, quantities, slots)
        express = demand.kind[event] == EXPRESS
        settle(field, state, day, place, express, variants, quantities, slots, tally)
