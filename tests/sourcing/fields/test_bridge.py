"""Arrays made from the planner's problems cost what the planner says."""

import random
from collections.abc import Mapping

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sourcing.problems import TARIFFS, random_problem

from crosslane.sourcing import SourcingProblem, SourcingSettings, plan
from crosslane.sourcing.fields import UNSERVED, bridge, decide, desk_for, no_prices, reoptimise
from crosslane.sourcing.fields.answering import take

SEEDED = given(st.integers(0, 10**6))

# Parcels that are never cheaper in two: the planner may send two from one place, arrays join them.
# That holds up to 5 kg; of the second tariff 7 kg cost less in two.
JOINED = TARIFFS[:2]
LINES, UNITS_MAX, GRAMS_MAX = 6, 3, 5000
WHOLE = SourcingSettings(split_quantities=False, split_milli=700)


def orders_of(seed: int, orders: int) -> list[SourcingProblem]:
    """Questions of several orders about the same stock, each at another place."""
    draw = random.Random(seed)  # noqa: S311
    weight_max = GRAMS_MAX // (LINES * UNITS_MAX)
    world = random_problem(draw, LINES, 5, tariffs=JOINED, settings=WHOLE, weight_max=weight_max)
    asked: list[SourcingProblem] = []
    for _ in range(orders):
        lines = tuple(
            msgspec.structs.replace(line, quantity=draw.randint(1, UNITS_MAX))
            for line in world.lines
            if draw.random() < 0.5
        )
        places = tuple(
            msgspec.structs.replace(
                place,
                distance_metres=draw.randrange(500_000),
                tariff=max(0, place.tariff),
                overdue_days=0,
                faster=(),
                units_min=0,
                value_min_milli=0,
            )
            for place in world.places
        )
        asked.append(msgspec.structs.replace(world, lines=lines, places=places))
    return asked


@settings(max_examples=60)
@SEEDED
def test_an_order_alone_costs_in_arrays_what_the_planner_says(seed: int):
    problems = orders_of(seed, 6)
    found = bridge(problems)
    desk, chosen = desk_for(found.field), np.zeros(6, np.int64)
    for event, number in enumerate(found.problems):
        lines = slice(*found.demand.starts[event : event + 2])
        cost = decide(
            found.field,
            desk,
            found.state,
            no_prices(found.field),
            0,
            event,
            False,
            found.demand.variant[lines],
            found.demand.quantity[lines],
            chosen,
        )
        answer = chosen[: lines.stop - lines.start]
        sends = bool((answer != UNSERVED).any())
        said = plan(problems[number])
        if sends == bool(said.assignments):
            assert cost - sends * found.split_milli[event] == said.cost_milli
    for number, reason in found.aside.items():
        assert reason == "split", number


def kept(problem: SourcingProblem, places: Mapping[str, str]) -> SourcingProblem:
    """The problem with each line's own place only."""
    return msgspec.structs.replace(
        problem,
        lines=tuple(
            msgspec.structs.replace(
                line,
                candidates=tuple(c for c in line.candidates if c.place == places[line.key]),
            )
            for line in problem.lines
        ),
    )


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_where_units_lie_costs_what_the_planner_says(seed: int):
    problems = [
        problem for problem in orders_of(seed, 6) if problem.lines and not plan(problem).unfilled
    ]
    placed = [{a.line: a.place for a in plan(problem).assignments} for problem in problems]
    found = bridge(problems, placed)
    assert not found.aside
    prices = no_prices(found.field)
    for event, number in enumerate(found.problems):
        cost = take(found.field, found.state.copy(), prices, found.demand, event, found.start)
        said = plan(kept(problems[number], placed[number]))
        assert cost - found.split_milli[event] == said.cost_milli
        by_sku = {line.sku: placed[number][line.key] for line in problems[number].lines}
        assert found.places(found.start, event) == by_sku


@settings(max_examples=25)
@SEEDED
def test_what_a_place_may_not_serve_is_never_chosen(seed: int):
    problems = [barring(problem, seed) for problem in orders_of(seed, 6) if problem.lines]
    found = bridge(problems)
    joint = reoptimise(found.field, found.state, no_prices(found.field), found.demand)
    for event, number in enumerate(found.problems):
        by_sku = {line.sku: line for line in problems[number].lines}
        for sku, place in found.places(joint.chosen, event).items():
            assert place not in by_sku[sku].barred


test_what_a_place_may_not_serve_among_very_many = pytest.mark.soak(
    settings(max_examples=1_000)(
        SEEDED(test_what_a_place_may_not_serve_is_never_chosen.hypothesis.inner_test)
    )
)


def barring(problem: SourcingProblem, seed: int) -> SourcingProblem:
    """The problem with one place barred for its first line."""
    first, *others = problem.lines
    places = [problem.places[(seed + len(others)) % len(problem.places)].code]
    lines = (msgspec.structs.replace(first, barred=frozenset(places)), *others)
    return msgspec.structs.replace(problem, lines=lines)
