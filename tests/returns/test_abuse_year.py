"""Years with abuse planted in them: all of it is caught, honest people are left in peace."""

from datetime import timedelta

import msgspec
import pytest

from crosslane.bench.abuse_year import KINDS, Year, draw_year, tell, weigh_year
from crosslane.returns import Abuse

# The bounds of the policy were looked at with other seeds than these.
SEEDS = (501, 502, 503, 504, 505)
UNTOUCHED_PERCENT_LEAST = 99.0
SHAPE_UNTOUCHED_PERCENT_LEAST = 95.0


@pytest.mark.parametrize("seed", SEEDS)
def test_all_five_kinds_are_caught_and_honest_returns_pass(seed: int):
    told = tell(seed)
    assert {actor.partition("/")[0] for actor in told.actors} == set(KINDS)
    assert told.actors - told.caught == set()
    assert told.untouched_percent() >= UNTOUCHED_PERCENT_LEAST
    many = [shape for shape, returns in told.honest.items() if returns >= 100]
    assert len(many) >= 6
    for shape in many:
        assert told.untouched_percent(shape) >= SHAPE_UNTOUCHED_PERCENT_LEAST, shape


def test_a_year_without_abuse_is_left_in_peace():
    told = tell(SEEDS[0], planted=0)
    assert told.actors == set()
    assert told.untouched_percent() >= UNTOUCHED_PERCENT_LEAST


def test_nothing_that_happens_later_changes_a_score():
    year = draw_year(SEEDS[1], people=400)
    noon = min(sale.at for sale in year.sales) + timedelta(days=200)
    told = weigh_year(year, Abuse(), until=noon)
    assert any(one.held for one in told)
    otherwise = Year(
        sales=[sale for sale in year.sales if sale.at <= noon],
        backs=[back for back in year.backs if back.at <= noon],
    )
    later = [back for back in year.backs if back.at > noon]
    otherwise.backs.extend(
        msgspec.structs.replace(back, at=back.at + timedelta(days=1), worn=True, cash=True)
        for back in later
        if back.sale.at <= noon
    )
    again = weigh_year(otherwise, Abuse(), until=noon)
    assert [one.findings for one in again] == [one.findings for one in told]
    assert [one.trait for one in again] == [one.trait for one in told]


def test_what_is_weighed_does_not_tell_who_was_planted():
    year = draw_year(SEEDS[2], people=400)
    blind = Year(
        sales=year.sales,
        backs=[msgspec.structs.replace(back, actor="", shape="") for back in year.backs],
    )
    told, again = weigh_year(year, Abuse()), weigh_year(blind, Abuse())
    assert [one.findings for one in told] == [one.findings for one in again]
