"""The planner where numbers are at their ends: against the one that shares no code with it."""

import random

import msgspec
import pytest
from tests.sourcing import problems
from tests.sourcing.problems import TARIFFS, brute_force_milli, random_problem
from tests.sourcing.test_domain_planning import cost_of

from crosslane.sourcing.domain.planning import plan
from crosslane.sourcing.domain.problem import TERMS, SourcingProblem, SourcingSettings, Tariff

# Prices that fall with weight, cost nothing, or rise by the kilogram alone; parcels of a gram.
ODD = (
    TARIFFS,
    (Tariff((1000,), (3000,)), Tariff((400, 900, 5000), (5000, 2000, 1000))),
    (Tariff((3000,), (0,), per_kg_milli=777), Tariff((10**6,), (3000,), per_kg_milli=3)),
    (Tariff((1, 10_000), (0, 9000)), Tariff((700,), (1,))),
)


def cornered(draw: random.Random, monkeypatch: pytest.MonkeyPatch) -> SourcingProblem:
    """A problem most of whose settings are at one of their ends."""
    monkeypatch.setattr(problems, "FETCHED_SHARE", draw.choice([0, 0.5, 0.9]))
    monkeypatch.setattr(problems, "LATE_SHARE", draw.choice([0, 1]))
    monkeypatch.setattr(problems, "DEMANDING_SHARE", draw.choice([0, 0.7]))
    monkeypatch.setattr(problems, "SAVED", draw.choice([(0,), (0, 4000), (9000,)]))
    settings = SourcingSettings(
        terms=TERMS,
        split_milli=draw.choice([0, 900, 8000, 10**6]),
        overdue_milli_per_day=draw.choice([0, 1300, 10**6]),
        goodwill_milli=draw.choice([0, 1000, 10**8]),
        distance_milli_per_km=draw.choice([0, 500]),
        pieces_per_line_max=draw.choice([1, 2, 5]),
    )
    few = draw.random() < 0.3
    problem = random_problem(
        *(draw, draw.randint(1, 2 if few else 3), draw.randint(1, 4)),
        holding=draw.choice([0.3, 0.95]),
        stock_max=draw.choice([2, 5]),
        quantity_max=6 if few else 3,
        weight_max=draw.choice([60, 2500]),
        tariffs=draw.choice(ODD),
        settings=settings,
        in_time=draw.random() < 0.2,
    )
    ends = [0, 0, *(end for tariff in problem.tariffs for end in tariff.weights)]
    if draw.random() < 0.5:
        return problem
    lines = [
        msgspec.structs.replace(line, weight_grams=draw.choice(ends)) for line in problem.lines
    ]
    return msgspec.structs.replace(problem, lines=tuple(lines))


@pytest.mark.parametrize("orders", [500, pytest.param(20_000, marks=pytest.mark.soak)])
def test_equals_brute_force_in_corners(monkeypatch: pytest.MonkeyPatch, orders: int):
    draw = random.Random(1712)  # noqa: S311
    gained = 0
    for number in range(orders):
        problem = cornered(draw, monkeypatch)
        cost, found = cost_of(problem), plan(problem)
        least = brute_force_milli(problem)
        assert found.bound_milli <= least <= cost, number
        assert found.method != "exact" or cost == least, number
        gained += cost < 0
    assert gained > orders // 20
