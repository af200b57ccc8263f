"""Changes are made in an order in which each finds what it needs."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crosslane.sourcing.fields.sequence import Leaving, in_order


def swap(old: int, new: int, units: int = 1) -> Leaving:
    return Leaving({old: units}, {new: units})


def test_who_needs_what_others_give_up_comes_after_them():
    chain = {number: swap(number, number + 1) for number in range(9)}
    free = np.zeros(10, np.int64)
    free[9] = 1
    assert in_order(free, chain) == [[number] for number in reversed(range(9))]


def test_a_circle_is_a_group_with_whoever_waits_for_it():
    ring = {0: swap(0, 1), 1: swap(1, 2), 2: swap(2, 0)}
    apart = {3: swap(3, 4)}
    free = np.array([0, 0, 0, 0, 1])
    assert in_order(free, {**ring, **apart}) == [[3], [0, 1, 2]]


@given(st.integers(0, 10**6))
def test_no_slot_is_short_at_any_time(seed: int):
    draw = np.random.default_rng(seed)
    slots, orders = 6, 12
    start, goal = draw.integers(0, slots, (2, orders))
    units = draw.integers(1, 4, orders)
    after = np.bincount(goal, units, slots).astype(np.int64)
    free = np.maximum(after - np.bincount(start, units, slots).astype(np.int64), 0)
    free += draw.integers(0, 2, slots)
    changes = {
        n: swap(int(start[n]), int(goal[n]), int(units[n]))
        for n in range(orders)
        if start[n] != goal[n]
    }
    groups = in_order(free.copy(), changes)
    assert Counter(n for group in groups for n in group) == Counter(list(changes))
    for group in groups:
        for number in group:
            free[start[number]] += units[number]
        for number in group:
            free[goal[number]] -= units[number]
        assert (free >= 0).all()
