"""What is told of orders too large to prove: no plan costs less than the bound."""

import random

import msgspec
import pytest
from tests.sourcing import problems
from tests.sourcing.problems import random_problem

from crosslane.sourcing.domain import planning
from crosslane.sourcing.domain.exact import best_packing
from crosslane.sourcing.domain.planning import packing_of
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
