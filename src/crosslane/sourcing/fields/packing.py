"""The cheapest way to serve one order from the slots of a field, proven by looking at every one.

``best[M]`` is the cheapest parcel that holds exactly the set of lines ``M`` (a bit per line); to
leave a line unserved counts as a parcel of its own. As in :mod:`crosslane.sourcing.domain.exact`,

    plan[M] = min over K within M, K holding M's lowest line, of best[K] + plan[M − K]

so about 3^L / 2 pairs are looked at for L lines. A line is served whole from one slot. Lines from
one location travel together; a tariff by which they would be cheaper apart is not made use of.
"""

from typing import NamedTuple

import numpy as np

from crosslane.sourcing.fields.compiled import compiled
from crosslane.sourcing.fields.field import (
    LINES_MAX,
    WEIGHT_PER_KG,
    Field,
    Ints,
    Prices,
    State,
)

UNSERVED = -1
INFINITE = 2**60


class Desk(NamedTuple):
    """Room to work in, made once and used for every order.

    Args:
        held: lines that a location can serve, as bits; zero between orders.
        slot: from which, by location and line.
        line_milli: at what cost, by location and line.
        touched: locations that can serve any line.
        weight: of each set of lines.
        bracket: of each set of lines.
        own_milli: lines' cost of each set at the location that is looked at.
        offer_milli: cost of a parcel of each set from there.
        best_milli: cheapest parcel of each set.
        giver: location that sends it, or UNSERVED.
        next_milli: cheapest parcel of each set that another one sends.
        plan_milli: cheapest way to serve each set.
        first: the parcel with its lowest line.
    """

    held: Ints
    slot: Ints
    line_milli: Ints
    touched: Ints
    weight: Ints
    bracket: Ints
    own_milli: Ints
    offer_milli: Ints
    best_milli: Ints
    giver: Ints
    next_milli: Ints
    plan_milli: Ints
    first: Ints


def desk_for(field: Field) -> Desk:
    """Return room to decide orders of a field."""
    locations, sets = len(field.parcel_milli), 1 << LINES_MAX
    return Desk(
        np.zeros(locations, np.int64),
        np.zeros((locations, LINES_MAX), np.int64),
        np.zeros((locations, LINES_MAX), np.int64),
        np.zeros(locations, np.int64),
        *(np.zeros(sets, np.int64) for _ in range(9)),
    )


@compiled
def bracket_of(breaks: Ints, weight: int) -> int:
    """Return the number of a weight's bracket; the last one has no end."""
    number = 0
    while number < len(breaks) and weight > breaks[number]:
        number += 1
    return number


@compiled
def lowest(lines: int) -> int:
    """Return the number of the lowest line in a set that is not empty."""
    number = 0
    while not (lines >> number) & 1:
        number += 1
    return number


@compiled
def gather(
    field: Field, desk: Desk, stock: Ints, scarcity: Ints, variants: Ints, quantities: Ints
) -> int:
    """Find the locations that can serve any line; return how many."""
    held, slot_of, line_milli, touched = desk.held, desk.slot, desk.line_milli, desk.touched
    starts, slot_location = field.slot_starts, field.slot_location
    unit_milli, extra_milli = field.unit_milli, field.extra_milli
    found = 0
    for line in range(len(variants)):
        variant, quantity = variants[line], quantities[line]
        for slot in range(starts[variant], starts[variant + 1]):
            if stock[slot] >= quantity:
                location = slot_location[slot]
                if held[location] == 0:
                    touched[found] = location
                    found += 1
                held[location] |= 1 << line
                slot_of[location, line] = slot
                each = unit_milli[location] + extra_milli[slot] + scarcity[slot]
                line_milli[location, line] = quantity * each
    return found


@compiled
def weigh(field: Field, desk: Desk, variants: Ints, quantities: Ints) -> None:
    """Begin with nobody serving anything: weights of all sets, and the cost of leaving lines."""
    weight, bracket = desk.weight, desk.bracket
    best_milli, next_milli = desk.best_milli, desk.next_milli
    breaks, each = field.breaks, field.weight
    for lines in range(1, 1 << len(variants)):
        low = lowest(lines)
        weight[lines] = weight[lines & (lines - 1)] + each[variants[low]] * quantities[low]
        bracket[lines] = bracket_of(breaks, weight[lines])
        best_milli[lines] = next_milli[lines] = INFINITE
        desk.giver[lines] = UNSERVED
    for line in range(len(variants)):
        best_milli[1 << line] = quantities[line] * field.unserved_milli[variants[line]]


@compiled
def offer(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    first: int,
    end: int,
    day: int,
    region: int,
    express: bool,
) -> None:
    """Let some of the locations that were found offer a parcel of every set they can serve.

    Args:
        field: what lies where.
        desk: room to work in; ``offer_milli`` has the offers of the last of them.
        state: what is left.
        prices: what it is worth to later orders.
        first: the first of those found.
        end: the one after the last.
        day: whose capacity is used.
        region: where the goods go.
        express: whether they go by express.
    """
    own_milli, line_milli, offer_milli = desk.own_milli, desk.line_milli, desk.offer_milli
    best_milli, giver, next_milli = desk.best_milli, desk.giver, desk.next_milli
    weight, bracket = desk.weight, desk.bracket
    zones, carriage_milli, per_kg_milli = field.zone, field.carriage_milli, field.per_kg_milli
    parcel_milli, worth = field.parcel_milli, prices.capacity_milli
    express_milli = field.express_milli
    sent, capacity, late_milli = state.sent, field.capacity, field.late_milli
    held_by, touched = desk.held, desk.touched
    for number in range(first, end):
        location: int = touched[number]
        held: int = held_by[location]
        zone: int = zones[location, region]
        held_by[location] = 0
        parcel = parcel_milli[location]
        if express:
            parcel += express_milli[zone]
        # A parcel beyond the day's takes no place that others could have had: it is late instead.
        if sent[location, day] < capacity[location, day]:
            parcel += worth[location, day]
        else:
            parcel += late_milli
        own_milli[0] = parcel
        lines = -held & held
        while lines:
            own = own_milli[lines & (lines - 1)] + line_milli[location, lowest(lines)]
            own_milli[lines] = own
            cost = own + carriage_milli[zone, bracket[lines]]
            cost += per_kg_milli[zone] * weight[lines] // WEIGHT_PER_KG
            offer_milli[lines] = cost
            if cost < best_milli[lines]:
                next_milli[lines] = best_milli[lines]
                best_milli[lines] = cost
                giver[lines] = location
            elif cost < next_milli[lines]:
                next_milli[lines] = cost
            lines = (lines - held) & held


@compiled
def _combine(desk: Desk, sets: int) -> None:
    """Find the cheapest way to serve every set of lines by parcels."""
    best_milli, plan_milli, first = desk.best_milli, desk.plan_milli, desk.first
    for lines in range(1, sets):
        low = lines & -lines
        rest = lines ^ low
        cost, choice, others = best_milli[lines], lines, rest
        while others:
            others = (others - 1) & rest
            trial = best_milli[others | low] + plan_milli[rest ^ others]
            if trial < cost:
                cost, choice = trial, others | low
        plan_milli[lines], first[lines] = cost, choice


@compiled
def _cheapest(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    day: int,
    region: int,
    express: bool,
    variant: int,
    quantity: int,
) -> tuple[int, int]:
    """Find the cheapest way to serve an order of one line: the slot, and the cost in milli."""
    stock, sent, capacity = state.stock, state.sent, field.capacity
    scarcity, worth = prices.scarcity_milli, prices.capacity_milli
    slot_location, extra, unit = field.slot_location, field.extra_milli, field.unit_milli
    zones, parcels, express_milli = field.zone, field.parcel_milli, field.express_milli
    per_kg, late_milli = field.per_kg_milli, field.late_milli
    weight = field.weight[variant] * quantity
    carriage = field.carriage_milli[:, bracket_of(field.breaks, weight)]
    chosen, least, following = UNSERVED, quantity * field.unserved_milli[variant], INFINITE
    for slot in range(field.slot_starts[variant], field.slot_starts[variant + 1]):
        if stock[slot] < quantity:
            continue
        location = slot_location[slot]
        zone = zones[location, region]
        cost = quantity * (unit[location] + extra[slot] + scarcity[slot])
        cost += parcels[location]
        cost += carriage[zone] + per_kg[zone] * weight // WEIGHT_PER_KG
        if express:
            cost += express_milli[zone]
        if sent[location, day] < capacity[location, day]:
            cost += worth[location, day]
        else:
            cost += late_milli
        if cost < least:
            chosen, least, following = slot, cost, least
        elif cost < following:
            following = cost
    desk.giver[1] = UNSERVED if chosen == UNSERVED else slot_location[chosen]
    desk.best_milli[1], desk.next_milli[1] = least, following
    return chosen, least


@compiled
def decide(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    day: int,
    region: int,
    express: bool,
    variants: Ints,
    quantities: Ints,
    chosen: Ints,
) -> int:
    """Find the cheapest way to serve an order of up to LINES_MAX lines; nothing is used up.

    Args:
        field: what lies where.
        desk: room to work in.
        state: what is left.
        prices: what it is worth to later orders.
        day: whose capacity is used.
        region: where the goods go.
        express: whether they go by express.
        variants: of the lines.
        quantities: of the lines.
        chosen: written to: the slot of each line, UNSERVED for none.

    Returns:
        The cost in milli, prices included.
    """
    if len(variants) == 1:
        chosen[0], cost = _cheapest(
            field, desk, state, prices, day, region, express, variants[0], quantities[0]
        )
        return cost
    found = gather(field, desk, state.stock, prices.scarcity_milli, variants, quantities)
    weigh(field, desk, variants, quantities)
    offer(field, desk, state, prices, 0, found, day, region, express)
    sets = 1 << len(variants)
    _combine(desk, sets)
    left = sets - 1
    while left:
        lines = desk.first[left]
        location = desk.giver[lines]
        for line in range(len(variants)):
            if (lines >> line) & 1:
                chosen[line] = UNSERVED if location < 0 else desk.slot[location, line]
        left ^= lines
    return desk.plan_milli[sets - 1]


@compiled
def cost_without(desk: Desk, lines: int, line: int, location: int) -> int:
    """Return what the order just decided would cost if a location did not hold one of its lines.

    Only parcels with that line are others then, and only those from there:

        min over K that hold the line of (best[K] from elsewhere) + plan[all − K]

    Args:
        desk: as :func:`decide` left it.
        lines: how many the order has.
        line: which of them.
        location: that does not hold it.

    Returns:
        The cost in milli, prices included.
    """
    best_milli, next_milli, giver = desk.best_milli, desk.next_milli, desk.giver
    plan_milli = desk.plan_milli
    every = (1 << lines) - 1
    rest = every ^ (1 << line)
    least, others = INFINITE, rest
    while True:
        parcel = every ^ others
        cost = next_milli[parcel] if giver[parcel] == location else best_milli[parcel]
        least = min(least, cost + plan_milli[others])
        if others == 0:
            return least
        others = (others - 1) & rest
