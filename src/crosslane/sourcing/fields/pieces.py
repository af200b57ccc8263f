"""Orders of any size in pieces: whole lines, or parts of a line that no slot holds whole.

A line that no slot holds is broken into as much as the fullest slot has, then the next, so that
the fewest parcels are needed; what nobody has is left unserved. Any slot may give a piece; two
pieces of a line come from one slot only where it holds both.
"""

from typing import NamedTuple

import numpy as np

from crosslane.sourcing.fields.compiled import compiled
from crosslane.sourcing.fields.field import LINES_MAX, Field, Ints, Prices, State
from crosslane.sourcing.fields.packing import (
    INFINITE,
    UNSERVED,
    Desk,
    decide,
    gather,
    lowest,
    offer,
    weigh,
)

PIECES_MAX = 4_096
"""Lines of the largest order."""
BROKEN = -2
"""In place of a slot: the line came from several."""


class Pieces(NamedTuple):
    """The pieces of one order, and what was chosen for them.

    Args:
        variant: of each piece.
        quantity: of each piece.
        line: of the order that each piece belongs to.
        slot: that gives each piece, UNSERVED for none.
    """

    variant: Ints
    quantity: Ints
    line: Ints
    slot: Ints


@compiled
def room_for_pieces() -> Pieces:
    """Return room for the pieces of one order at a time."""
    return Pieces(
        np.zeros(PIECES_MAX, np.int64),
        np.zeros(PIECES_MAX, np.int64),
        np.zeros(PIECES_MAX, np.int64),
        np.zeros(PIECES_MAX, np.int64),
    )


@compiled
def break_up(
    field: Field, stock: Ints, variants: Ints, quantities: Ints, split: bool, pieces: Pieces
) -> int:
    """Write the pieces of an order; return how many there are.

    Args:
        field: what lies where.
        stock: units left, by slot.
        variants: of the lines.
        quantities: of the lines.
        split: whether a line may be broken; one of an order of more than LINES_MAX never is.
        pieces: written to.
    """
    count = 0
    for line in range(len(variants)):
        variant, left = variants[line], quantities[line]
        begin, end = field.slot_starts[variant], field.slot_starts[variant + 1]
        # Every later line needs a piece too.
        spare = LINES_MAX - count - (len(variants) - line)
        limit = np.int64(2**60)
        while split and left > 1 and spare > 0:
            # The fullest slot of those that hold less than the last one found.
            most = 0
            for slot in range(begin, end):
                if stock[slot] < limit and stock[slot] > most:
                    most = stock[slot]
            if most == 0 or most >= left:
                break
            for slot in range(begin, end):
                if stock[slot] == most and left > most and spare > 0:
                    pieces.variant[count], pieces.quantity[count] = variant, most
                    pieces.line[count] = line
                    count += 1
                    spare -= 1
                    left -= most
            limit = most
        pieces.variant[count], pieces.quantity[count] = variant, left
        pieces.line[count] = line
        count += 1
    return count


@compiled
def _overdrawn(stock: Ints, pieces: Pieces, lines: int, slots: Ints) -> bool:
    """Say whether a set of pieces takes more than there is from the slots of one location."""
    for later in range(1, len(slots)):
        if not (lines >> later) & 1:
            continue
        taken = pieces.quantity[later]
        for earlier in range(later):
            if (lines >> earlier) & 1 and pieces.line[earlier] == pieces.line[later]:
                taken += pieces.quantity[earlier]
        if taken > stock[slots[later]]:
            return True
    return False


@compiled
def decide_pieces(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    day: int,
    region: int,
    express: bool,
    variants: Ints,
    quantities: Ints,
    split: bool,
    pieces: Pieces,
) -> tuple[int, int]:
    """Decide an order of any size: exactly up to LINES_MAX pieces, else in parts of so many.

    Parts choose without each other; where two choose the same location their lines travel together.

    Args:
        field: what lies where.
        desk: room to work in.
        state: what is left; not used up.
        prices: what it is worth to later orders.
        day: whose capacity is used.
        region: where the goods go.
        express: whether they go by express.
        variants: of the lines.
        quantities: of the lines.
        split: whether a line may be broken.
        pieces: written to.

    Returns:
        How many pieces there are, and the cost in milli, prices included.
    """
    count = break_up(field, state.stock, variants, quantities, split, pieces)
    if count > len(variants):
        cost = _one_by_one(field, desk, state, prices, day, region, express, pieces, count)
        return count, cost
    cost = 0
    for begin in range(0, count, LINES_MAX):
        end = min(begin + LINES_MAX, count)
        cost += decide(
            field,
            desk,
            state,
            prices,
            day,
            region,
            express,
            pieces.variant[begin:end],
            pieces.quantity[begin:end],
            pieces.slot[begin:end],
        )
    return count, cost


@compiled
def _one_by_one(
    field: Field,
    desk: Desk,
    state: State,
    prices: Prices,
    day: int,
    region: int,
    express: bool,
    pieces: Pieces,
    count: int,
) -> int:
    """Decide an order with broken lines: exact too, but by one location after the other.

    ``plan[M]`` is the cheapest way to serve the set ``M`` from the locations looked at so far; the
    next one sends one parcel of any part ``K`` that it can give, or none. So no location sends two
    parcels that overdraw it together. It takes as many times longer as there are locations.

    Returns:
        The cost in milli, prices included.
    """
    variants, quantities = pieces.variant[:count], pieces.quantity[:count]
    found = gather(field, desk, state.stock, prices.scarcity_milli, variants, quantities)
    weigh(field, desk, variants, quantities)
    sets = 1 << count
    sent = np.zeros((found, sets), np.int64)
    plan = np.zeros(sets, np.int64)
    for lines in range(1, sets):
        low = lowest(lines)
        unserved = quantities[low] * field.unserved_milli[variants[low]]
        plan[lines] = plan[lines & (lines - 1)] + unserved
    for number in range(found):
        location: int = desk.touched[number]
        held: int = desk.held[location]
        slots = desk.slot[location, :count]
        offer(field, desk, state, prices, number, number + 1, day, region, express)
        part = held
        while part:
            if _overdrawn(state.stock, pieces, part, slots):
                desk.offer_milli[part] = INFINITE
            part = (part - 1) & held
        for lines in range(sets - 1, 0, -1):
            part = lines & held
            while part:
                trial = desk.offer_milli[part] + plan[lines ^ part]
                if trial < plan[lines]:
                    plan[lines] = trial
                    sent[number, lines] = part
                part = (part - 1) & lines & held
    pieces.slot[:count] = UNSERVED
    left = sets - 1
    for number in range(found - 1, -1, -1):
        part = sent[number, left]
        for piece in range(count):
            if (part >> piece) & 1:
                pieces.slot[piece] = desk.slot[desk.touched[number], piece]
        left ^= part
    return plan[sets - 1]
