"""What a channel is told of stock: never more than could be promised, and the terms add up."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crosslane.channels.domain.offering import OFFERING, Figure, Offering, figure_of, figures
from crosslane.kernel import QUANTITY_MAX
from crosslane.organization import BadPolicyValue

units = st.integers(0, QUANTITY_MAX)
small = st.integers(0, 60)
offerings = st.builds(
    Offering,
    by_location=st.booleans(),
    locations=st.sets(st.sampled_from("ABC")).map(tuple),
    kept_units=small,
    kept_share_bp=st.integers(0, 10_000),
    multiple_of=st.integers(1, 12),
    steps=st.lists(st.integers(1, 40), max_size=5).map(tuple),
    cap=st.none() | small,
)


@given(offering=offerings, available=st.integers(-5, 200) | units)
def test_never_more_is_told_than_is_left_and_the_terms_add_up(offering: Offering, available: int):
    told = figure_of(offering, available)
    assert 0 <= told.units <= max(0, available - offering.kept_units)
    assert told.units * 10_000 <= max(0, available) * (10_000 - offering.kept_share_bp)
    assert told.units <= (QUANTITY_MAX if offering.cap is None else offering.cap)
    assert told.units % offering.multiple_of == 0 or told.units in offering.steps
    assert not offering.steps or told.units in (0, *offering.steps)
    assert told.units == told.available - told.kept - told.rounded - told.capped
    assert min(told.available, told.kept, told.rounded, told.capped) >= 0


# The cap of 1 is a figure that may be told, though no pair makes it.
@example(offering=Offering(multiple_of=2, steps=(1, 3), cap=1), available=2, more=2)
@given(offering=offerings, available=small, more=small)
def test_more_stock_never_tells_less(offering: Offering, available: int, more: int):
    assert figure_of(offering, available).units <= figure_of(offering, available + more).units


@given(
    offering=offerings,
    stock=st.dictionaries(st.sampled_from("ABCD"), small),
    names=st.sets(st.sampled_from("ABCD")),
    sells=st.booleans(),
)
def test_each_place_is_told_for_itself_or_all_together(
    offering: Offering, stock: dict[str, int], names: set[str], sells: bool
):
    counted = {code: n for code, n in stock.items() if code in (offering.locations or stock)}
    told = figures(offering, counted, sum(counted.values()), sorted(names), sells=sells)
    if offering.by_location:
        assert set(told) == {code for code in names if code in (offering.locations or names)}
        assert all(told[code].units <= counted.get(code, 0) for code in told)
    else:
        assert set(told) == {offering.at}
        assert told[offering.at].units <= sum(counted.values())
    assert sells or not any(one.units for one in told.values())


@pytest.mark.parametrize(
    ("value", "available", "expected"),
    [
        ({}, 7, Figure(units=7, available=7)),
        ({}, -3, Figure()),
        ({"kept_units": 5}, 7, Figure(units=2, available=7, kept=5)),
        ({"kept_units": 5}, 3, Figure(units=0, available=3, kept=3)),
        ({"kept_share_bp": 1_000}, 11, Figure(units=9, available=11, kept=2)),
        ({"multiple_of": 6}, 17, Figure(units=12, available=17, rounded=5)),
        ({"steps": [1, 5, 20]}, 19, Figure(units=5, available=19, rounded=14)),
        ({"steps": [5, 20]}, 4, Figure(units=0, available=4, rounded=4)),
        ({"cap": 3}, 40, Figure(units=3, available=40, capped=37)),
        (
            {"cap": 10, "multiple_of": 6, "kept_units": 2},
            21,
            Figure(units=6, available=21, kept=2, rounded=1, capped=12),
        ),
    ],
)
def test_figures_of_every_rule(value: dict, available: int, expected: Figure):
    assert figure_of(OFFERING.read(value), available) == expected


@pytest.mark.parametrize("value", [{"multiple_of": 0}, {"full_at": "24:00"}, {"kept": 3}])
def test_an_offering_nobody_can_mean_is_refused(value: dict):
    with pytest.raises(BadPolicyValue):
        OFFERING.read(value)
