"""The geometry of charts: whole numbers in, whole numbers of a thousand out, nothing of pages."""

from collections.abc import Sequence
from decimal import Decimal

WIDTH = 1_000
"""Every chart is as wide as this, whatever the place it is stretched to."""

SPARK_HEIGHT = 100
GAP_SHARE = 5
"""One part in so many of a column's place is left empty."""

Value = int | Decimal
Rectangle = tuple[int, int, int, int]
"""x, y, width, height."""


def shares(values: Sequence[Value], most: Value) -> list[tuple[int, int]]:
    """Return where each value begins and how long it is, put behind each other.

    Rounding never moves what follows: each begins where the sum before it ends.

    Args:
        values: none negative.
        most: what fills the whole width.
    """
    total, found = Decimal(0), []
    for value in values:
        begin, total = _scaled(total, most), total + value
        found.append((begin, _scaled(total, most) - begin))
    return found


def columns(rows: Sequence[Sequence[Value]], most: Value) -> list[list[Rectangle]]:
    """Return the rectangles of stacked columns, one list a column, from the bottom up.

    Args:
        rows: the values of each column, none negative.
        most: what fills the whole height.
    """
    found = []
    for n, values in enumerate(rows):
        left, right = n * WIDTH // len(rows), (n + 1) * WIDTH // len(rows)
        gap = (right - left) // GAP_SHARE
        stacked = shares(values, most)
        found.append(
            [
                (left + gap // 2, WIDTH - begin - length, right - left - gap, length)
                for begin, length in stacked
            ]
        )
    return found


def line(values: Sequence[Value | None], least: Value, most: Value, height: int) -> list[str]:
    """Return the points of a line as SVG writes them, a list for each stretch without a gap.

    Args:
        values: None where nothing is known.
        least: what lies at the bottom.
        most: what lies at the top.
        height: of the chart.
    """
    stretches: list[list[str]] = [[]]
    apart = max(1, len(values) - 1)
    for n, value in enumerate(values):
        if value is None:
            stretches.append([])
            continue
        share = (Decimal(value) - least) / ((most - least) or 1)
        stretches[-1].append(f"{n * WIDTH // apart},{height - round(share * height)}")
    return [" ".join(points) for points in stretches if points]


def spark(values: Sequence[Value | None]) -> list[str]:
    """Return the points of a small line from the least to the most of its values."""
    known = [value for value in values if value is not None]
    if not known:
        return []
    return line(values, min(known), max(known), SPARK_HEIGHT)


def ceiling(most: Value) -> int:
    """Return a round number, at least 2 and even, that a scale may end with: 1, 2 or 5 with zeros.

    Args:
        most: the largest value that is drawn.
    """
    step = 1
    while True:
        for factor in (2, 4, 10):
            if step * factor >= most:
                return step * factor
        step *= 10


def every(count: int, most: int) -> int:
    """Return how many names of a scale stand for one that is written, so that few enough are."""
    return max(1, -(-count // most))


def _scaled(value: Value, most: Value) -> int:
    return min(WIDTH, round(value * WIDTH / Decimal(most))) if most else 0
