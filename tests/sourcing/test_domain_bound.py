"""What is told of orders too large to prove: no plan costs less than the bound."""

import random

import msgspec
import pytest
from tests.sourcing import problems
from tests.sourcing.problems import SHIP, random_problem
from tests.sourcing.test_domain_planning import DC, ask, line

from crosslane.sourcing.domain import planning
from crosslane.sourcing.domain.exact import best_packing
from crosslane.sourcing.domain.planning import packing_of, plan
from crosslane.sourcing.domain.problem import Place
from crosslane.sourcing.domain.search import good_packing
from crosslane.sourcing.domain.sites import order_of


def test_a_search_is_close_to_the_proof():
    draw = random.Random(99)  # noqa: S311
    searched = exact = 0
    for _ in range(30):
        problem = random_problem(draw, 10, 12, quantity_max=2)
        order = order_of(problem)
        proven, found = best_packing(order), good_packing(order, problem.settings.search_effort)
        assert found.bound_milli <= proven.cost_milli <= found.cost_milli
        searched += found.cost_milli
        exact += proven.cost_milli
    assert searched <= exact * 103 // 100


@pytest.mark.parametrize("split_milli", [900, 10**6])
def test_a_bound_holds_where_goods_gain_more_than_their_parcels_cost(monkeypatch, split_milli: int):
    monkeypatch.setattr(problems, "SAVED", (0, 9000))
    monkeypatch.setattr(problems, "FETCHED_SHARE", 0.5)
    draw = random.Random(1505)  # noqa: S311
    settings = msgspec.structs.replace(problems.PRICED, split_milli=split_milli)
    below = 0
    for number in range(200):
        problem = random_problem(draw, draw.randint(1, 6), 3, settings=settings)
        order = order_of(problem)
        if not order.pieces:
            continue
        proven, found = best_packing(order), good_packing(order, 0)
        assert found.bound_milli <= proven.cost_milli <= found.cost_milli, number
        with monkeypatch.context() as large:
            large.setattr(planning, "EXACT_PIECES_MAX", 0)
            searched = packing_of(order, 0)
        assert searched.bound_milli <= packing_of(order, 0).cost_milli, number
        below += proven.cost_milli < 0
    assert below > 20


def test_a_vendor_that_would_be_asked_for_too_little_gets_goods_of_others():
    vendor = Place("V", SHIP, 0, handling_parcel_milli=2200, handling_unit_milli=100, units_min=3)
    both = [line(f"{n:02}", V=1, DC=1) for n in range(2, 5)]
    asked = [line("01", V=1), *both, *(line(f"{n:02}", DC=1) for n in range(5, 15))]
    found = plan(ask(*asked, places=(DC, vendor)))
    assert found.method == "search"
    assert not found.unfilled
    assert [given.place for given in found.assignments].count("V") == 3
    # Not where that costs more than to leave the article out.
    assert len(plan(ask(*asked, places=(DC, vendor), goodwill_milli=3000)).unfilled) == 1
