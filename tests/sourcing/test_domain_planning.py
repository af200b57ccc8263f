"""The planner against planners that share no code with it, and its promises one by one."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sourcing.problems import SHIP, TARIFFS, brute_force_milli, highs_milli, random_problem

from crosslane.sourcing.domain import exact
from crosslane.sourcing.domain.exact import best_packing
from crosslane.sourcing.domain.order import order_of
from crosslane.sourcing.domain.planning import plan
from crosslane.sourcing.domain.problem import (
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
    problem_of,
)
from crosslane.sourcing.domain.receipt import decide, replay
from crosslane.sourcing.domain.rules import sift
from crosslane.sourcing.domain.search import good_packing

LARGE = 10**9


def cost_of(problem: SourcingProblem) -> int:
    """The planner's cost, after its plan was checked against the problem."""
    found = plan(problem)
    assert found.bound_milli <= found.cost_milli
    given: dict[tuple[str, str], int] = {}
    served: dict[str, int] = {}
    lines = {line.key: line for line in problem.lines}
    for assignment in found.assignments:
        assert assignment.quantity > 0
        key = lines[assignment.line].sku, assignment.place
        given[key] = given.get(key, 0) + assignment.quantity
        served[assignment.line] = served.get(assignment.line, 0) + assignment.quantity
    for missing in found.unfilled:
        served[missing.line] = served.get(missing.line, 0) + missing.quantity
    assert served == {line.key: line.quantity for line in problem.lines}
    stock = {(line.sku, c.place): c.units for line in problem.lines for c in line.candidates}
    assert all(units <= stock[key] for key, units in given.items())
    too_costly = sum(
        missing.quantity * lines[missing.line].unfilled_milli
        for missing in found.unfilled
        if missing.reason == "too_costly"
    )
    assert found.cost_milli == too_costly + sum(parcel.cost_milli for parcel in found.parcels)
    return found.cost_milli


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_lines_split_over_many_places_that_hold_little_come_to_an_end(lines: int):
    draw = random.Random(lines)  # noqa: S311
    problem = random_problem(
        draw, lines, 120, holding=1, stock_max=8, quantity_max=400, weight_max=100
    )
    whole = [msgspec.structs.replace(line, quantity=60) for line in problem.lines]
    problem = msgspec.structs.replace(problem, lines=tuple(whole))
    cost_of(problem)
    assert plan(problem).encode() == plan(problem).encode()
    kept = decide(problem)
    assert replay(kept).encode() == kept.encode()


def test_equals_brute_force_on_ten_thousand_orders():
    draw = random.Random(20_110_104)  # noqa: S311
    for number in range(10_000):
        problem = random_problem(draw, draw.randint(1, 3), draw.randint(1, 4), stock_max=5)
        assert cost_of(problem) == brute_force_milli(problem), number


def test_equals_brute_force_where_a_single_parcel_is_proven_closely(monkeypatch):
    monkeypatch.setattr(exact, "CLOSE_PIECES_MIN", 2)
    draw = random.Random(1978)  # noqa: S311
    close = 0
    for number in range(1_500):
        problem = random_problem(draw, draw.randint(2, 4), draw.randint(1, 3), holding=0.9)
        assert cost_of(problem) == brute_force_milli(problem), number
        order = order_of(problem, sift(problem)[0])
        if order.pieces and exact.one_parcel(order):
            with monkeypatch.context() as loosely:
                loosely.setattr(exact, "CLOSE_PIECES_MIN", 99)
                close += exact.one_parcel(order) is None
    assert close > 100


def test_equals_brute_force_when_quantities_are_split():
    draw = random.Random(7)  # noqa: S311
    for number in range(400):
        problem = random_problem(
            draw, draw.randint(1, 2), draw.randint(2, 4), stock_max=3, quantity_max=7, holding=0.9
        )
        assert cost_of(problem) == brute_force_milli(problem), number


@given(seed=st.integers(0, LARGE), lines=st.integers(1, 5), places=st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_equals_brute_force_on_larger_orders(seed: int, lines: int, places: int):
    problem = random_problem(random.Random(seed), lines, places, stock_max=4)  # noqa: S311
    assert cost_of(problem) == brute_force_milli(problem)


def test_equals_integer_programming_on_two_hundred_orders():
    draw = random.Random(42)  # noqa: S311
    # Heavy enough for any of these orders, so that no parcel is one of "full ones and a rest".
    flat = (TARIFFS[0], Tariff((2000, 20_000), (4500, 15_000)), Tariff((500, 20_000), (2000, 9000)))
    for number in range(200):
        problem = random_problem(
            draw, draw.randint(3, 7), draw.randint(2, 5), quantity_max=1, tariffs=flat
        )
        assert cost_of(problem) == highs_milli(problem), number


def test_a_search_is_close_to_the_proof():
    draw = random.Random(99)  # noqa: S311
    searched = exact = 0
    for _ in range(30):
        problem = random_problem(draw, 10, 12, quantity_max=2)
        order = order_of(problem, sift(problem)[0])
        proven, found = best_packing(order), good_packing(order, problem.settings.search_effort)
        assert found.bound_milli <= proven.cost_milli <= found.cost_milli
        searched += found.cost_milli
        exact += proven.cost_milli
    assert searched <= exact * 103 // 100


@pytest.mark.parametrize("lines", [6, 40, 120])
def test_a_search_serves_every_part_of_lines_that_come_from_several_places(lines: int):
    # Each place's units are needed: a search that lets parts share them leaves some unserved.
    holds = {"A": 40, "B": 15, "C": 4, "D": 1}
    places = [
        Place(code=code, serves=SHIP, tariff=0, handling_parcel_milli=550) for code in (*holds, "E")
    ]
    wanted = [
        Line(
            key=f"{number:04}",
            sku=f"K{number}",
            quantity=sum(holds.values()),
            candidates=tuple(Candidate(code, units) for code, units in holds.items()),
            weight_grams=100,
            methods=SHIP,
        )
        for number in range(lines)
    ]
    found = plan(problem_of("ship", "GBP", wanted, places, TARIFFS))
    assert found.method == "search"
    assert not found.unfilled


@pytest.mark.parametrize(("lines", "places"), [(13, 8), (40, 20), (300, 40), (2000, 30)])
def test_a_large_order_is_planned_with_a_bound(lines: int, places: int):
    problem = random_problem(random.Random(lines), lines, places, quantity_max=8)  # noqa: S311
    assert cost_of(problem) > 0
    assert plan(problem).method == "search"


@given(seed=st.integers(0, LARGE), lines=st.integers(1, 16), places=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_input_does_not_matter(seed: int, lines: int, places: int):
    draw = random.Random(seed)  # noqa: S311
    problem = random_problem(draw, lines, places)

    def shuffled(items):
        return draw.sample(list(items), len(items))

    again = problem_of(
        problem.method,
        problem.currency,
        [
            msgspec.structs.replace(line, candidates=tuple(shuffled(line.candidates)))
            for line in shuffled(problem.lines)
        ],
        shuffled(problem.places),
        problem.tariffs,
        problem.settings,
    )
    assert again.encode() == problem.encode()
    assert plan(again).encode() == plan(problem).encode()


# Promises one by one.

DC = Place("DC", SHIP, 0, handling_parcel_milli=550)
NEAR = Place("NEAR", SHIP, 0, handling_parcel_milli=1100, distance_metres=2_000)
FAR = Place("FAR", SHIP, 0, handling_parcel_milli=1100, distance_metres=300_000)


def line(key: str = "1", quantity: int = 1, weight_grams: int = 400, **stock: int) -> Line:
    return Line(
        key=key,
        sku=f"K{key}",
        quantity=quantity,
        candidates=tuple(Candidate(place, units) for place, units in stock.items()),
        weight_grams=weight_grams,
        methods=SHIP,
    )


def ask(*lines: Line, places=(DC, NEAR, FAR), **changed) -> SourcingProblem:
    return problem_of("ship", "GBP", lines, places, TARIFFS, SourcingSettings(**changed))


def given_by(problem: SourcingProblem) -> list[tuple[str, str, int]]:
    return [(a.line, a.place, a.quantity) for a in plan(problem).assignments]


def test_one_parcel_beats_two():
    problem = ask(line("1", DC=1, NEAR=1), line("2", NEAR=1))
    assert given_by(problem) == [("1", "NEAR", 1), ("2", "NEAR", 1)]


def test_the_nearer_of_two_equals_is_chosen():
    assert given_by(ask(line(NEAR=3, FAR=3))) == [("1", "NEAR", 1)]


def test_equal_costs_go_to_the_earlier_code():
    twin = msgspec.structs.replace(NEAR, code="NEAR2")
    assert given_by(ask(line(NEAR2=3, NEAR=3), places=(twin, NEAR))) == [("1", "NEAR", 1)]


def test_a_line_is_split_only_when_no_place_holds_it():
    assert given_by(ask(line(quantity=5, DC=5, NEAR=9))) == [("1", "DC", 5)]
    problem = ask(line(quantity=12, DC=8, NEAR=5, FAR=3))
    assert given_by(problem) == [("1", "DC", 8), ("1", "NEAR", 4)]


def test_what_nobody_holds_is_left_with_the_reason():
    found = plan(ask(line(quantity=20, DC=8, NEAR=5, FAR=3)))
    assert [(u.line, u.quantity, u.reason) for u in found.unfilled] == [("1", 4, "short")]


def test_no_split_when_it_is_switched_off():
    found = plan(ask(line(quantity=12, DC=8, NEAR=5), split_quantities=False))
    assert found.assignments == ()
    assert [(u.quantity, u.reason) for u in found.unfilled] == [(12, "short")]


def test_a_line_comes_from_few_places():
    problem = ask(line(quantity=12, DC=4, NEAR=4, FAR=4), pieces_per_line_max=2)
    assert [u.quantity for u in plan(problem).unfilled] == [4]


def test_a_line_that_costs_more_than_it_is_worth_is_left():
    cheap = msgspec.structs.replace(line(DC=1), unfilled_milli=100)
    found = plan(ask(cheap))
    assert [(u.line, u.quantity, u.reason) for u in found.unfilled] == [("1", 1, "too_costly")]


def test_lines_of_one_sku_share_the_units():
    first = line("1", quantity=2, DC=3, NEAR=2)
    second = msgspec.structs.replace(first, key="2", quantity=2)
    assert given_by(ask(first, second)) == [("1", "DC", 2), ("2", "DC", 1), ("2", "NEAR", 1)]


def test_a_heavy_set_is_priced_as_full_parcels_and_a_rest():
    problem = ask(line(quantity=10, weight_grams=7000, DC=10))
    (parcel,) = plan(problem).parcels
    assert (parcel.weight_grams, parcel.parcels) == (70_000, 3)
    assert parcel.cost_milli == 2 * 12_000 + 6000 + 3 * 550


def test_a_tariff_knows_its_brackets():
    tariff = Tariff((1000, 2000), (300, 500), per_kg_milli=10)
    prices = [tariff.price_milli(grams) for grams in (0, 1, 1000, 1001, 2000, 2001, 4000)]
    assert prices == [300, 300, 310, 510, 520, 820, 1040]
    assert [tariff.parcels(grams) for grams in (0, 2000, 2001, 4001)] == [1, 1, 2, 3]


@pytest.mark.parametrize(
    ("term", "change"),
    [
        ("handling_parcel", {"handling_parcel_milli": 9000}),
        ("handling_unit", {"handling_unit_milli": 9000}),
        ("carriage", {"tariff": 1}),
        ("distance", {"distance_metres": 800_000}),
        ("capacity", {"capacity_milli": 9000}),
        ("late", {"capacity_left": 0}),
    ],
)
def test_each_cost_of_a_place_counts_and_can_be_switched_off(term: str, change: dict):
    dearer = msgspec.structs.replace(DC, code="A", **change)
    other = msgspec.structs.replace(DC, code="B")
    asked = line(A=1, B=1)
    assert given_by(ask(asked, places=(dearer, other))) == [("1", "B", 1)]
    terms = SourcingSettings().terms - {term}
    assert given_by(ask(asked, places=(dearer, other), terms=terms)) == [("1", "A", 1)]


@pytest.mark.parametrize("term", ["extra", "scarcity"])
def test_each_cost_of_a_unit_counts_and_can_be_switched_off(term: str):
    places = [msgspec.structs.replace(DC, code=code) for code in "AB"]
    asked = msgspec.structs.replace(
        line(), candidates=(Candidate("A", 1, **{f"{term}_milli": 50}), Candidate("B", 1))
    )
    assert given_by(ask(asked, places=places)) == [("1", "B", 1)]
    terms = SourcingSettings().terms - {term}
    assert given_by(ask(asked, places=places, terms=terms)) == [("1", "A", 1)]


@pytest.mark.parametrize(
    ("places", "change"),
    [
        ((DC, msgspec.structs.replace(DC, code="DC")), {}),
        ((NEAR,), {}),
    ],
)
def test_a_problem_that_contradicts_itself_is_refused(places, change):
    with pytest.raises(ValueError, match=r"twice|not there"):
        ask(line(DC=1), places=places, **change)


def test_lines_of_one_sku_must_see_the_same_units():
    second = msgspec.structs.replace(line("1", DC=4), key="2")
    with pytest.raises(ValueError, match="differently"):
        ask(line("1", DC=3), second)
