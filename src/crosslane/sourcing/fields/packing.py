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
        *(np.zeros(sets, np.int64) for _ in range(8)),
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
    found = 0
    for line in range(len(variants)):
        variant, quantity = variants[line], quantities[line]
        for slot in range(field.slot_starts[variant], field.slot_starts[variant + 1]):
            if stock[slot] >= quantity:
                location = field.slot_location[slot]
                if desk.held[location] == 0:
                    desk.touched[found] = location
                    found += 1
                desk.held[location] |= 1 << line
                desk.slot[location, line] = slot
                each = field.unit_milli[location] + field.extra_milli[slot] + scarcity[slot]
                desk.line_milli[location, line] = quantity * each
    return found


@compiled
def weigh(field: Field, desk: Desk, variants: Ints, quantities: Ints) -> None:
    """Begin with nobody serving anything: weights of all sets, and the cost of leaving lines."""
    for lines in range(1, 1 << len(variants)):
        low = lowest(lines)
        rest = lines & (lines - 1)
        desk.weight[lines] = desk.weight[rest] + field.weight[variants[low]] * quantities[low]
        desk.bracket[lines] = bracket_of(field.breaks, desk.weight[lines])
        desk.best_milli[lines] = INFINITE
    for line in range(len(variants)):
        desk.best_milli[1 << line] = quantities[line] * field.unserved_milli[variants[line]]
        desk.giver[1 << line] = UNSERVED


@compiled
def parcel_of(
    field: Field,
    state: State,
    prices: Prices,
    location: int,
    day: int,
    region: int,
    express: bool,
) -> int:
    """Return what a parcel from a location costs apart from what is in it."""
    parcel = field.parcel_milli[location] + prices.capacity_milli[location, day]
    if express:
        parcel += field.express_milli[field.zone[location, region]]
    if state.sent[location, day] >= field.capacity[location, day]:
        parcel += field.late_milli
    return parcel


@compiled
def offer(field: Field, desk: Desk, location: int, region: int, parcel_milli: int) -> None:
    """Let a location offer a parcel of every set of the lines it can serve."""
    held, zone = desk.held[location], field.zone[location, region]
    desk.own_milli[0] = parcel_milli
    lines = -held & held
    while lines:
        own = desk.own_milli[lines & (lines - 1)] + desk.line_milli[location, lowest(lines)]
        desk.own_milli[lines] = own
        cost = own + field.carriage_milli[zone, desk.bracket[lines]]
        cost += field.per_kg_milli[zone] * desk.weight[lines] // WEIGHT_PER_KG
        desk.offer_milli[lines] = cost
        if cost < desk.best_milli[lines]:
            desk.best_milli[lines] = cost
            desk.giver[lines] = location
        lines = (lines - held) & held


@compiled
def _combine(desk: Desk, sets: int) -> None:
    """Find the cheapest way to serve every set of lines by parcels."""
    for lines in range(1, sets):
        low = lines & -lines
        rest = lines ^ low
        cost, choice, others = desk.best_milli[lines], lines, rest
        while others:
            others = (others - 1) & rest
            trial = desk.best_milli[others | low] + desk.plan_milli[rest ^ others]
            if trial < cost:
                cost, choice = trial, others | low
        desk.plan_milli[lines], desk.first[lines] = cost, choice


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
    found = gather(field, desk, state.stock, prices.scarcity_milli, variants, quantities)
    weigh(field, desk, variants, quantities)
    for number in range(found):
        location = desk.touched[number]
        parcel = parcel_of(field, state, prices, location, day, region, express)
        offer(field, desk, location, region, parcel)
        desk.held[location] = 0
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
