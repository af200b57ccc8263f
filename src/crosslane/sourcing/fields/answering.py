"""Events that may still change their minds: what each would choose, uses up, and costs.

Costs here hold the prices of units and parcels; a parcel is late, in place of its price, as the
capacity stands when an answer is taken. An order that leaves the answer it began with costs
something beside, and of equal answers it keeps that one.
"""

from typing import NamedTuple

import numpy as np

from crosslane.sourcing.fields.compiled import compiled
from crosslane.sourcing.fields.field import (
    EXPRESS,
    WALK_IN,
    Demand,
    Field,
    Ints,
    Prices,
    State,
)
from crosslane.sourcing.fields.packing import UNSERVED, Desk, decide
from crosslane.sourcing.fields.replaying import (
    CANCELLED_MILLI,
    LOST_MILLI,
    SENT_MILLI,
    TALLY,
    settle,
    slot_at,
)


class Standing(NamedTuple):
    """Answers that stand.

    Args:
        slots: slot of each line of the demand, UNSERVED for none.
        moving_milli: what it costs to answer an order otherwise.
    """

    slots: Ints
    moving_milli: int


@compiled
def answer_one(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    demand: Demand,
    event: int,
    standing: Standing,
    chosen: Ints,
) -> tuple[int, int]:
    """Find the cheapest answer to one event on what is left; nothing is used up.

    Args:
        field: what lies where.
        desk: room to work in.
        state: what is left.
        prices: of units and parcels.
        demand: who asks for what.
        event: which of them; it has LINES_MAX lines at most.
        standing: the answer that it leaves only for a cheaper one.
        chosen: slot of each line of the demand, UNSERVED for none; written to.

    Returns:
        The cost in milli, prices included, and what it would be if moving were free.
    """
    least = _cheapest(field, desk, state, prices, demand, event, chosen)
    if demand.kind[event] == WALK_IN or not moves(demand, event, standing, chosen):
        return least, least
    if not _is_there(state, demand, event, standing.slots):
        return least + standing.moving_milli, least
    kept = take(field, state, prices, demand, event, standing.slots)
    give_back(field, state, demand, event, standing.slots)
    if kept > least + standing.moving_milli:
        return least + standing.moving_milli, least
    begin, end = demand.starts[event], demand.starts[event + 1]
    chosen[begin:end] = standing.slots[begin:end]
    return kept, least


@compiled
def moves(demand: Demand, event: int, standing: Standing, chosen: Ints) -> bool:
    """Tell whether an event is answered otherwise than it stands."""
    for line in range(demand.starts[event], demand.starts[event + 1]):
        if chosen[line] != standing.slots[line]:
            return True
    return False


@compiled
def _is_there(state: State, demand: Demand, event: int, slots: Ints) -> bool:
    """Tell whether what an answer takes is left."""
    for line in range(demand.starts[event], demand.starts[event + 1]):
        if slots[line] != UNSERVED and state.stock[slots[line]] < demand.quantity[line]:
            return False
    return True


@compiled
def _cheapest(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    demand: Demand,
    event: int,
    chosen: Ints,
) -> int:
    """Find the cheapest answer to one event wherever it stands, and return its cost.

    A customer who walks in takes goods off the shelf unless they are dearer than the margin.
    """
    begin, end = demand.starts[event], demand.starts[event + 1]
    place = demand.place[event]
    if demand.kind[event] != WALK_IN:
        return decide(
            field,
            desk,
            state,
            prices,
            demand.day[event],
            place,
            demand.kind[event] == EXPRESS,
            demand.variant[begin:end],
            demand.quantity[begin:end],
            chosen[begin:end],
        )
    cost = 0
    for line in range(begin, end):
        variant, quantity = demand.variant[line], demand.quantity[line]
        slot = slot_at(field, variant, place)
        served = slot != UNSERVED and state.stock[slot] >= quantity
        if served and prices.scarcity_milli[slot] <= field.margin_milli[variant]:
            chosen[line] = slot
            cost += quantity * prices.scarcity_milli[slot]
        else:
            chosen[line] = UNSERVED
            cost += quantity * field.margin_milli[variant]
    return cost


@compiled
def answer_all(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    demand: Demand,
    standing: Standing,
    chosen: Ints,
) -> tuple[int, int]:
    """Find the cheapest answer to every event, each as if it were alone.

    Arguments and costs, here of all together, as of :func:`answer_one`.
    """
    cost = free = 0
    for event in range(len(demand.at)):
        own = answer_one(field, desk, state, prices, demand, event, standing, chosen)
        cost += own[0]
        free += own[1]
    return cost, free


@compiled
def take(
    field: Field, state: State, prices: Prices, demand: Demand, event: int, chosen: Ints
) -> int:
    """Use up what an answer takes.

    Returns:
        What it costs in milli, prices included, lateness as capacity stands.
    """
    begin, end = demand.starts[event], demand.starts[event + 1]
    variants, quantities = demand.variant[begin:end], demand.quantity[begin:end]
    slots = chosen[begin:end]
    cost = 0
    for line in range(len(slots)):
        slot = slots[line]
        if slot == UNSERVED:
            continue
        cost += quantities[line] * prices.scarcity_milli[slot]
        if demand.kind[event] == WALK_IN:
            state.stock[slot] -= quantities[line]
        elif _leads(field, slots, line):
            at, day = field.slot_location[slot], demand.day[event]
            if state.sent[at, day] < field.capacity[at, day]:
                cost += prices.capacity_milli[at, day]
    if demand.kind[event] == WALK_IN:
        for line in range(len(slots)):
            if slots[line] == UNSERVED:
                cost += quantities[line] * field.margin_milli[variants[line]]
        return cost
    tally = np.zeros(TALLY, np.int64)
    day, place, express = demand.day[event], demand.place[event], demand.kind[event] == EXPRESS
    settle(field, state, day, place, express, variants, quantities, slots, tally)
    return cost + tally[SENT_MILLI] + tally[CANCELLED_MILLI] + tally[LOST_MILLI]


@compiled
def give_back(field: Field, state: State, demand: Demand, event: int, chosen: Ints) -> None:
    """Undo what :func:`take` used up."""
    begin, end = demand.starts[event], demand.starts[event + 1]
    slots = chosen[begin:end]
    for line in range(len(slots)):
        slot = slots[line]
        if slot != UNSERVED:
            state.stock[slot] += demand.quantity[begin + line]
            if demand.kind[event] != WALK_IN and _leads(field, slots, line):
                state.sent[field.slot_location[slot], demand.day[event]] -= 1


@compiled
def _leads(field: Field, slots: Ints, line: int) -> bool:
    """Tell whether a line is the first of its parcel."""
    for other in range(line):
        there = slots[other]
        if there != UNSERVED and field.slot_location[there] == field.slot_location[slots[line]]:
            return False
    return True


@compiled
def take_all(field: Field, state: State, prices: Prices, demand: Demand, chosen: Ints) -> int:
    """Use up what all answers take; return what they cost together, lateness included."""
    cost = 0
    for event in range(len(demand.at)):
        cost += take(field, state, prices, demand, event, chosen)
    return cost


@compiled
def serve_in_turn(
    field: Field,
    desk: Desk,
    state: State,
    guide: Prices,
    demand: Demand,
    standing: Standing,
    turns: Ints,
    chosen: Ints,
) -> None:
    """Answer events one after the other on what the earlier ones left, guided by prices.

    Args:
        field: what lies where.
        desk: room to work in.
        state: what is left; changed.
        guide: prices that tell what units and parcels are worth to others.
        demand: who asks for what.
        standing: answers that are left only for cheaper ones.
        turns: events in the order of their turns.
        chosen: slot of each line of the demand; written to.
    """
    for event in turns:
        answer_one(field, desk, state, guide, demand, event, standing, chosen)
        take(field, state, guide, demand, event, chosen)


@compiled
def improve(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    demand: Demand,
    standing: Standing,
    turns: Ints,
    chosen: Ints,
) -> int:
    """Let each event change its mind once on what all others leave; return what that saved.

    Arguments as of :func:`serve_in_turn`, ``state`` being what is left after all answers.
    """
    saved = 0
    before = np.empty(len(demand.variant), np.int64)
    for event in turns:
        begin, end = demand.starts[event], demand.starts[event + 1]
        before[begin:end] = chosen[begin:end]
        give_back(field, state, demand, event, chosen)
        cost = take(field, state, prices, demand, event, chosen)
        give_back(field, state, demand, event, chosen)
        cost += standing.moving_milli * moves(demand, event, standing, chosen)
        answer_one(field, desk, state, prices, demand, event, standing, chosen)
        now = take(field, state, prices, demand, event, chosen)
        now += standing.moving_milli * moves(demand, event, standing, chosen)
        if now < cost:
            saved += cost - now
        elif now > cost or (chosen[begin:end] != before[begin:end]).any():
            give_back(field, state, demand, event, chosen)
            chosen[begin:end] = before[begin:end]
            take(field, state, prices, demand, event, chosen)
    return saved


@compiled
def entries_of(
    field: Field,
    demand: Demand,
    events: Ints,
    chosen: Ints,
    slot_row: Ints,
    parcel_row: Ints,
    starts: Ints,
    rows: Ints,
    values: Ints,
) -> int:
    """Write down what answers use of limited things, for the columns of a linear program.

    Args:
        field: what lies where.
        demand: who asks for what.
        events: whose answers.
        chosen: slot of each line of the demand.
        slot_row: row of each slot, UNSERVED where nothing limits.
        parcel_row: row of each location and day, likewise.
        starts: first entry of each event; written to.
        rows: row of each entry; written to.
        values: of each entry; written to.

    Returns:
        How many entries there are.
    """
    count = 0
    for number in range(len(events)):
        event = events[number]
        starts[number] = count
        begin, end = demand.starts[event], demand.starts[event + 1]
        slots = chosen[begin:end]
        for line in range(len(slots)):
            slot = slots[line]
            if slot == UNSERVED:
                continue
            if slot_row[slot] != UNSERVED:
                rows[count], values[count] = slot_row[slot], demand.quantity[begin + line]
                count += 1
            row = parcel_row[field.slot_location[slot], demand.day[event]]
            if row != UNSERVED and _leads(field, slots, line):
                rows[count], values[count] = row, 1
                count += 1
    return count


@compiled
def costs_of(
    field: Field,
    state: State,
    prices: Prices,
    demand: Demand,
    events: Ints,
    chosen: Ints,
    cost_milli: Ints,
) -> None:
    """Tell what each of some answers costs if taken now; nothing stays used up."""
    for number in range(len(events)):
        cost_milli[number] = take(field, state, prices, demand, events[number], chosen)
        give_back(field, state, demand, events[number], chosen)


@compiled
def stay(
    field: Field,
    state: State,
    prices: Prices,
    demand: Demand,
    standing: Standing,
    chosen: Ints,
) -> None:
    """Let each event have the answer again that it began with, where another saves no more.

    Args:
        field: what lies where.
        state: what is left after all answers; changed.
        prices: of units and parcels.
        demand: who asks for what.
        standing: the answers it began with.
        chosen: the answers; changed.
    """
    start = standing.slots
    for event in range(len(demand.at)):
        if not moves(demand, event, standing, chosen):
            continue
        begin, end = demand.starts[event], demand.starts[event + 1]
        give_back(field, state, demand, event, chosen)
        if _is_there(state, demand, event, start):
            before = take(field, state, prices, demand, event, start)
            give_back(field, state, demand, event, start)
            now = take(field, state, prices, demand, event, chosen)
            if before > now + standing.moving_milli:
                continue
            give_back(field, state, demand, event, chosen)
            chosen[begin:end] = start[begin:end]
        take(field, state, prices, demand, event, chosen)


@compiled
def moved(demand: Demand, standing: Standing, chosen: Ints) -> int:
    """Return how many orders are answered otherwise than they stand."""
    count = 0
    for event in range(len(demand.at)):
        if demand.kind[event] != WALK_IN and moves(demand, event, standing, chosen):
            count += 1
    return count
