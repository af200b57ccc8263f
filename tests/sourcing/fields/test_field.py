"""Events in columns: parts of them keep their lines."""

import numpy as np

from crosslane.sourcing.fields.field import Demand, in_order


def demand() -> Demand:
    """Four events of two, one, three and no lines; line n has article n and n + 10 units."""
    size = np.array([2, 1, 3, 0])
    return in_order(
        np.arange(4.0),
        np.zeros(4, np.int64),
        np.arange(4),
        np.array([0, 2, 3, 6]),
        size,
        np.arange(6),
        np.arange(6) + 10,
        day_last=9,
    )


def lines(events: Demand) -> list[list[int]]:
    bounds = list(zip(events.starts[:-1], events.starts[1:], strict=True))
    units = [list(map(int, events.quantity[first:end])) for first, end in bounds]
    articles = [list(map(int, events.variant[first:end])) for first, end in bounds]
    assert [[n - 10 for n in some] for some in units] == articles
    return articles


def test_a_part_of_a_part_has_the_lines_of_its_own_events():
    assert lines(demand()) == [[0, 1], [2], [3, 4, 5], []]
    part = demand().between(1, 4)
    assert lines(part) == [[2], [3, 4, 5], []]
    assert lines(part.only(np.array([False, True, True]))) == [[3, 4, 5], []]
    assert lines(demand().only(np.array([True, False, True, False]))) == [[0, 1], [3, 4, 5]]
    assert lines(part.only(np.zeros(3, bool))) == []
