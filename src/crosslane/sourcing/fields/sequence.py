"""In which order changes are made, when one needs units that another gives up."""

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from crosslane.sourcing.fields.field import Ints


class Leaving(msgspec.Struct, frozen=True):
    """Units that an order leaves, and units that it needs elsewhere, by slot."""

    left: Mapping[int, int]
    needed: Mapping[int, int]


def in_order(free: Ints, changes: Mapping[int, Leaving]) -> list[list[int]]:
    """Return orders one after the other, each where all that it needs is free by then.

    Only those that wait for each other in a circle are a group of several, together with whoever
    needs what such a circle frees.

    Args:
        free: units that nobody has, by slot; it is changed.
        changes: by order; all together they need no more than is free.
    """
    groups: list[list[int]] = []
    waiting = dict(changes)
    while waiting:
        still: dict[int, Leaving] = {}
        for order, change in waiting.items():
            if any(units > free[slot] for slot, units in change.needed.items()):
                still[order] = change
                continue
            for slot, units in change.left.items():
                free[slot] += units
            for slot, units in change.needed.items():
                free[slot] -= units
            groups.append([order])
        if len(still) == len(waiting):
            return groups + _circles(free, still)
        waiting = still
    return groups


def _circles(free: Ints, changes: Mapping[int, Leaving]) -> list[list[int]]:
    """Return orders in groups: those that leave a slot together with those that need it."""
    users: dict[int, list[int]] = defaultdict(list)
    needed: dict[int, int] = defaultdict(int)
    for order, change in changes.items():
        for slot in (*change.left, *change.needed):
            users[slot].append(order)
        for slot, units in change.needed.items():
            needed[slot] += units
    leader = {order: order for order in changes}

    def lead(order: int) -> int:
        while leader[order] != order:
            leader[order] = leader[leader[order]]
            order = leader[order]
        return order

    for slot, units in needed.items():
        if units > free[slot]:
            first, *others = users[slot]
            for other in others:
                leader[lead(other)] = lead(first)
    groups: dict[int, list[int]] = defaultdict(list)
    for order in changes:
        groups[lead(order)].append(order)
    return list(groups.values())
