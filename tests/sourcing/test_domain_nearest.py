"""The yardstick against one that shares no code with it, and what it promises."""

import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sourcing import problems
from tests.sourcing.problems import (
    allowed,
    broken,
    carries,
    enough,
    parcel_once_milli,
    random_problem,
    unit_milli,
)
from tests.sourcing.test_domain_planning import DC, FAR, NEAR, ask, line

from crosslane.sourcing.domain.nearest import nearest
from crosslane.sourcing.domain.problem import Place, SourcingProblem
from crosslane.sourcing.domain.receipt import decide, decode_receipt, replay
from crosslane.sourcing.domain.sites import Sites


def nearest_milli(problem: SourcingProblem) -> int:
    """The cost of the nearest places, written out from the definition."""
    pieces = broken(problem)
    by_distance = sorted(problem.places, key=lambda place: (place.distance_metres, place.code))

    def units(number: int, code: str) -> int:
        found = allowed(problem, problem.lines[number]).get(code)
        return found.units if found else 0

    def sent(code: str, members: list[tuple[int, int]]) -> int:
        place = next(place for place in problem.places if place.code == code)
        weight = sum(problem.lines[n].weight_grams * quantity for n, quantity in members)
        cost = parcel_once_milli(problem, place, weight)
        for number, quantity in members:
            found = next(c for c in problem.lines[number].candidates if c.place == code)
            cost += quantity * unit_milli(place, found)
        return cost

    def first(codes: Iterable[str]) -> int:
        sent = any(carries(place) for place in problem.places if place.code in codes)
        return problem.settings.split_milli if sent else 0

    if not pieces:
        return 0
    wanted = {n: sum(q for m, q in pieces if m == n) for n, _ in pieces}

    def takes_on(place: Place, held: list[tuple[int, int]]) -> bool:
        found = [(q, allowed(problem, problem.lines[n])[place.code]) for n, q in held]
        return enough(place, found)

    for place in by_distance:
        holds = all(units(number, place.code) >= quantity for number, quantity in wanted.items())
        if holds and takes_on(place, pieces):
            return sent(place.code, pieces) - first([place.code])
    while True:
        members: dict[str, list[tuple[int, int]]] = {}
        left = 0
        for number, quantity in pieces:
            for place in by_distance:
                taken = sum(q for n, q in members.get(place.code, []) if n == number)
                if units(number, place.code) - taken >= quantity:
                    members.setdefault(place.code, []).append((number, quantity))
                    break
            else:
                left += quantity * problem.unfilled_milli(problem.lines[number])
        small = [p for p in by_distance if p.code in members and not takes_on(p, members[p.code])]
        if not small:
            break
        by_distance = [place for place in by_distance if place not in small]
    return left + sum(sent(code, held) for code, held in members.items()) - first(members)


DRAWN = given(
    seed=st.integers(0, 10**9),
    lines=st.integers(1, 15),
    places=st.integers(1, 12),
    quantity=st.integers(1, 12),
    holding=st.sampled_from([0.2, 0.6, 0.95]),
)


@settings(max_examples=75)
@DRAWN
def test_equals_the_definition(seed, lines, places, quantity, holding):
    problem = random_problem(
        random.Random(seed),  # noqa: S311
        lines,
        places,
        quantity_max=quantity,
        holding=holding,
    )
    receipt = decide(problem)
    assert receipt.nearest_milli == nearest_milli(problem)
    if receipt.plan.method == "exact":
        assert receipt.plan.cost_milli <= receipt.nearest_milli
    assert replay(decode_receipt(receipt.encode())).encode() == receipt.encode()


test_equals_the_definition_very_often = pytest.mark.soak(
    settings(max_examples=5_000)(DRAWN(test_equals_the_definition.hypothesis.inner_test))
)


def test_every_piece_is_sent_once(monkeypatch):
    monkeypatch.setattr(problems, "DEMANDING_SHARE", 0)
    draw = random.Random(4)  # noqa: S311
    for _ in range(300):
        problem = random_problem(draw, 6, 8, quantity_max=15)
        sites = Sites(problem)
        order = sites.order()
        found = nearest(order, sites)
        assert found is not None
        sent = [piece for pieces in found.pieces.values() for piece in pieces]
        assert sorted(sent) == list(range(len(order.pieces)))


def at(metres: int, place):
    return msgspec.structs.replace(place, distance_metres=metres)


def test_the_nearest_that_has_everything_comes_before_two_nearer_ones():
    problem = ask(line("1", NEAR=1, FAR=1), line("2", FAR=1, DC=1), places=(at(5, DC), NEAR, FAR))
    sites = Sites(problem)
    found = nearest(sites.order(), sites)
    assert found is not None
    assert list(found.pieces) == ["FAR"]


def test_nothing_is_told_where_no_distance_is_known():
    problem = ask(line(DC=1, NEAR=1), places=(DC, at(0, NEAR)))
    receipt = decide(problem)
    assert receipt.nearest_milli is None
    assert replay(receipt) == receipt


def test_a_single_place_is_the_nearest_even_without_a_distance():
    receipt = decide(ask(line(DC=1), places=(DC,)))
    assert receipt.nearest_milli == receipt.plan.cost_milli


def test_what_nobody_holds_costs_nothing():
    assert decide(ask(line(), places=(DC,))).nearest_milli == 0
