"""Demand run through a field in the order of time, as it would have been sourced."""

import msgspec
import numpy as np

from crosslane.sourcing.fields.compiled import compiled
from crosslane.sourcing.fields.field import (
    EXPRESS,
    WALK_IN,
    WEIGHT_PER_KG,
    Demand,
    Field,
    Ints,
    Prices,
    State,
)
from crosslane.sourcing.fields.packing import UNSERVED, Desk, bracket_of
from crosslane.sourcing.fields.pieces import BROKEN, decide_pieces, room_for_pieces

# What a replay counts, by place in its tally.
ORDERS, PARCELS, SPLIT_ORDERS, LATE_PARCELS, CANCELLED_UNITS, CANCELLED_MILLI = 0, 1, 2, 3, 4, 5
LOST_UNITS, LOST_MILLI, SENT_MILLI = 6, 7, 8
TALLY = 9


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What serving some demand came to.

    Args:
        orders: that were sourced.
        parcels: they went in.
        split_orders: that went in more than one.
        late_parcels: beyond a location's capacity of the day.
        cancelled_units: that nobody served.
        cancelled_milli: their cost.
        lost_units: that customers in stores did not find.
        lost_milli: their cost.
        sent_milli: cost of the parcels.
    """

    orders: int
    parcels: int
    split_orders: int
    late_parcels: int
    cancelled_units: int
    cancelled_milli: int
    lost_units: int
    lost_milli: int
    sent_milli: int

    @property
    def cost_milli(self) -> int:
        """Everything together."""
        return self.cancelled_milli + self.lost_milli + self.sent_milli

    @property
    def split_share(self) -> float:
        """Orders that went in more than one parcel, of all."""
        return self.split_orders / self.orders if self.orders else 0.0


def new_tally() -> Ints:
    """Return a tally of nothing."""
    return np.zeros(TALLY, np.int64)


def outcome_of(tally: Ints) -> Outcome:
    """Return what a tally counted."""
    return Outcome(**dict(zip(Outcome.__struct_fields__, tally.tolist(), strict=True)))


@compiled
def settle(
    field: Field,
    state: State,
    day: int,
    region: int,
    express: bool,
    variants: Ints,
    quantities: Ints,
    chosen: Ints,
    tally: Ints,
) -> None:
    """Use up what a decision takes, and count what it truly costs: without prices, parcels joined.

    Args:
        field: what lies where.
        state: what is left; changed.
        day: whose capacity is used.
        region: where the goods go.
        express: whether they go by express.
        variants: of the lines.
        quantities: of the lines.
        chosen: slot of each line, UNSERVED for none.
        tally: changed.
    """
    slot_location, weights = field.slot_location, field.weight
    parcels = 0
    for line in range(len(variants)):
        slot, quantity = chosen[line], quantities[line]
        if slot == UNSERVED:
            tally[CANCELLED_UNITS] += quantity
            tally[CANCELLED_MILLI] += quantity * field.unserved_milli[variants[line]]
            continue
        location = slot_location[slot]
        state.stock[slot] -= quantity
        cost = quantity * (field.unit_milli[location] + field.extra_milli[slot])
        weight, first = 0, True
        for other in range(len(variants)):
            if chosen[other] != UNSERVED and slot_location[chosen[other]] == location:
                first = first and other >= line
                weight += weights[variants[other]] * quantities[other]
        if first:
            zone = field.zone[location, region]
            cost += field.parcel_milli[location]
            cost += field.carriage_milli[zone, bracket_of(field.breaks, weight)]
            cost += field.per_kg_milli[zone] * weight // WEIGHT_PER_KG
            if express:
                cost += field.express_milli[zone]
            if state.sent[location, day] >= field.capacity[location, day]:
                cost += field.late_milli
                tally[LATE_PARCELS] += 1
            state.sent[location, day] += 1
            parcels += 1
        tally[SENT_MILLI] += cost
    tally[ORDERS] += 1
    tally[PARCELS] += parcels
    tally[SPLIT_ORDERS] += parcels > 1


@compiled
def slot_at(field: Field, variant: int, location: int) -> int:
    """Return the slot of a variant at a location, UNSERVED when there is none."""
    slot_location = field.slot_location
    for slot in range(field.slot_starts[variant], field.slot_starts[variant + 1]):
        if slot_location[slot] == location:
            return slot
    return UNSERVED


@compiled
def sell_here(
    field: Field, state: State, location: int, variant: int, quantity: int, tally: Ints
) -> int:
    """Let a customer in a store take goods off its shelf, or not find them.

    Returns:
        The slot they came from, UNSERVED when they were not there.
    """
    slot = slot_at(field, variant, location)
    if slot != UNSERVED and state.stock[slot] >= quantity:
        state.stock[slot] -= quantity
        return slot
    tally[LOST_UNITS] += quantity
    tally[LOST_MILLI] += quantity * field.margin_milli[variant]
    return UNSERVED


@compiled
def replay(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    demand: Demand,
    chosen: Ints,
    tally: Ints,
    split: bool,
) -> None:
    """Serve demand in the order of time, each order at the least cost under the prices.

    Args:
        field: what lies where.
        desk: room to work in.
        state: what is left; changed.
        prices: what it is worth to later orders.
        demand: who asks for what.
        chosen: slot of each line of the demand, UNSERVED for none, BROKEN for several; written to.
        tally: changed.
        split: whether a line that no slot holds whole may come from several.
    """
    pieces = room_for_pieces()
    _, days, places, kinds, starts, all_variants, all_quantities = demand
    for event in range(len(starts) - 1):
        begin, end = starts[event], starts[event + 1]
        place, day = places[event], days[event]
        if kinds[event] == WALK_IN:
            for line in range(begin, end):
                variant, quantity = all_variants[line], all_quantities[line]
                chosen[line] = sell_here(field, state, place, variant, quantity, tally)
            continue
        variants, quantities = all_variants[begin:end], all_quantities[begin:end]
        express = kinds[event] == EXPRESS
        count, _ = decide_pieces(
            field, desk, state, prices, day, place, express, variants, quantities, split, pieces
        )
        own = pieces.variant[:count], pieces.quantity[:count], pieces.slot[:count]
        settle(field, state, day, place, express, *own, tally)
        for piece in range(count):
            line = begin + pieces.line[piece]
            again = piece > 0 and pieces.line[piece - 1] == pieces.line[piece]
            chosen[line] = BROKEN if again else pieces.slot[piece]
