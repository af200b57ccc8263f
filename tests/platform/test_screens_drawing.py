"""Charts are drawn in whole numbers, and nothing stands where it does not belong."""

from hypothesis import given
from hypothesis import strategies as st

from crosslane.platform.screens import drawing

amounts = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@given(amounts)
def test_parts_of_a_bar_lie_behind_each_other_without_a_gap(values):
    shares = drawing.shares(values, sum(values))
    ends = [begin + width for begin, width in shares]
    assert [begin for begin, _ in shares][1:] == ends[:-1]
    assert all(width >= 0 for _, width in shares)
    assert ends[-1] == (drawing.WIDTH if sum(values) else 0)


@given(st.integers(0, 10**12))
def test_a_scale_ends_at_a_round_number_that_is_not_below_the_most(most):
    top = drawing.ceiling(most)
    assert top >= most
    assert top % 2 == 0
    assert str(top).rstrip("0") in ("2", "4", "1")


@given(st.lists(amounts, min_size=1, max_size=24))
def test_columns_stand_on_the_ground_within_their_place(rows):
    most = max(max(sum(row) for row in rows), 1)
    for n, rectangles in enumerate(drawing.columns(rows, most)):
        left, right = n * drawing.WIDTH // len(rows), (n + 1) * drawing.WIDTH // len(rows)
        _, y, _, height = rectangles[0]
        assert y + height == drawing.WIDTH
        assert all(left <= x and x + width <= right for x, _, width, _ in rectangles)
        assert all(y >= 0 for _, y, _, _ in rectangles)


def test_a_line_is_broken_where_nothing_is_known():
    assert drawing.line([0, 10, None, 5], 0, 10, 100) == ["0,100 333,0", "1000,50"]
    assert drawing.spark([None, None]) == []
    assert drawing.spark([3, 3]) == ["0,100 1000,100"]


def test_few_enough_names_of_a_scale_are_written():
    assert [drawing.every(n, 8) for n in (0, 7, 8, 9, 24)] == [1, 1, 1, 2, 3]
