"""What a unit of stock and a parcel of capacity are worth to later orders.

A future is drawn and served in the order of time under the present prices. Whoever takes the last
unit of a slot would have paid something without it: the next best way to serve the order, or the
margin of a customer who finds an empty shelf. That is what the unit was worth in this future, and
nothing when units remain. A price is the mean over many futures, each served under the prices so
far, so that in the end prices and the decisions made under them agree (stochastic approximation,
Robbins & Monro 1951; a bid price found by simulation as in Bertsimas & de Boer 2005). The last
parcel of a location's day is priced the same way.

What the last takers lost is averaged over a few of them: one is a matter of chance.
"""

from typing import Protocol

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from crosslane.sourcing.fields.compiled import compiled
from crosslane.sourcing.fields.field import (
    EXPRESS,
    LINES_MAX,
    WALK_IN,
    Demand,
    Field,
    Ints,
    Prices,
    State,
)
from crosslane.sourcing.fields.packing import UNSERVED, Desk, cost_without, desk_for
from crosslane.sourcing.fields.pieces import decide_pieces, room_for_pieces
from crosslane.sourcing.fields.replaying import TALLY, sell_here, settle

# Takers of the last units of a slot that count for its price.
TAKERS = 6
# A new future counts 2 / (2 + n) of the price while few are known, and never less than this.
WEIGHT_MIN = 0.03
WEIGHT_PACE = 2.0


class Outlook(Protocol):
    """What is known of the demand to come: a forecast, or the past."""

    def draw(self, chance: Generator, until: float, day_last: int) -> Demand:
        """Return one future, up to an instant in days; what comes after a last day counts on it."""
        ...


class Estimate(msgspec.Struct, frozen=True):
    """Prices in the making.

    Args:
        scarcity_milli: of one unit, by slot.
        capacity_milli: of one parcel, by location and day.
        futures: how many were served.
    """

    scarcity_milli: NDArray[np.float64]
    capacity_milli: NDArray[np.float64]
    futures: int

    def prices(self) -> Prices:
        """Return the prices as they are now."""
        return Prices(
            np.rint(self.scarcity_milli).astype(np.int64),
            np.rint(self.capacity_milli).astype(np.int64),
        )


def no_estimate(field: Field) -> Estimate:
    """Return where estimating begins."""
    return Estimate(np.zeros(len(field.slot_location)), np.zeros(field.capacity.shape), 0)


def estimated(
    field: Field,
    state: State,
    outlook: Outlook,
    known: Estimate,
    chance: Generator,
    *,
    until: float,
    futures: int,
) -> Estimate:
    """Return prices made better by some more futures.

    Args:
        field: what lies where.
        state: what is left.
        outlook: what is known of the demand to come.
        known: the prices so far.
        chance: where chance comes from.
        until: end of the futures in days; what is left then is worth nothing.
        futures: how many are drawn.
    """
    desk, day_last = desk_for(field), field.capacity.shape[1] - 1
    scarcity, capacity = known.scarcity_milli.copy(), known.capacity_milli.copy()
    count = known.futures
    # Where slots are many, new room for each future would take longer than a short future.
    lost, late = np.zeros((len(scarcity), TAKERS), np.int64), np.zeros(capacity.shape, np.int64)
    for _ in range(futures):
        future = outlook.draw(chance, until, day_last)
        prices = Estimate(scarcity, capacity, count).prices()
        lost.fill(0)
        late.fill(0)
        _serve(field, desk, state.copy(), prices, future, lost, late)
        count += 1
        weight = max(WEIGHT_MIN, WEIGHT_PACE / (WEIGHT_PACE + count))
        scarcity += weight * (_worth(lost) - scarcity)
        capacity += weight * (late - capacity)
    return Estimate(scarcity, capacity, count)


def _worth(lost: Ints) -> NDArray[np.float64]:
    """Return what the last takers lost in the mean; nothing where units remain."""
    worth = np.zeros(len(lost))
    emptied = np.flatnonzero(lost[:, 0])
    of_takers = lost[emptied]
    worth[emptied] = of_takers.sum(axis=1) / (of_takers > 0).sum(axis=1)
    return worth


@compiled
def _serve(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    demand: Demand,
    lost: Ints,
    late: Ints,
) -> None:
    """Serve a future, and note what its last units and parcels were worth.

    Args:
        field: what lies where.
        desk: room to work in.
        state: what is left; used up.
        prices: under which it is served.
        demand: the future.
        lost: written to: what the taker of each slot's last unit, last but one … lost per unit.
        late: written to: what the last parcel of a location's day was worth.
    """
    tally, pieces, others = np.zeros(TALLY, np.int64), room_for_pieces(), room_for_pieces()
    takers, stock = lost.shape[1], state.stock
    _, days, places, kinds, starts, variants, quantities = demand
    for event in range(len(starts) - 1):
        begin: int = starts[event]
        end: int = starts[event + 1]
        place, day = places[event], days[event]
        if kinds[event] == WALK_IN:
            variant = variants[begin]
            slot = sell_here(field, state, place, variant, quantities[begin], tally)
            if slot != UNSERVED and stock[slot] < takers:
                lost[slot, stock[slot]] = field.margin_milli[variant]
            continue
        express = kinds[event] == EXPRESS
        asked = (day, place, express, variants[begin:end], quantities[begin:end], True)
        count, cost = decide_pieces(field, desk, state, prices, *asked, pieces)
        # Single units are never broken, so what was laid out to decide them says the rest too.
        laid_out = end - begin <= LINES_MAX and quantities[begin:end].max() == 1
        for piece in range(count):
            slot, quantity = pieces.slot[piece], pieces.quantity[piece]
            if slot == UNSERVED or stock[slot] - quantity >= takers:
                continue
            held = stock[slot]
            if laid_out:
                without = cost_without(desk, count, piece, field.slot_location[slot])
            else:
                stock[slot] = 0
                _, without = decide_pieces(field, desk, state, prices, *asked, others)
                stock[slot] = held
            worth = (without - cost) // quantity + prices.scarcity_milli[slot]
            for left in range(held - quantity, min(held, takers)):
                lost[slot, left] = max(worth, 1)
        # After all units: to decide anew lays the desk out for itself.
        for piece in range(count):
            slot = pieces.slot[piece]
            if slot == UNSERVED:
                continue
            location = field.slot_location[slot]
            if state.sent[location, day] == field.capacity[location, day] - 1:
                state.sent[location, day] += 1
                _, without = decide_pieces(field, desk, state, prices, *asked, others)
                state.sent[location, day] -= 1
                late[location, day] = without - cost + prices.capacity_milli[location, day]
        own = pieces.variant[:count], pieces.quantity[:count], pieces.slot[:count]
        settle(field, state, day, place, express, *own, tally)
