"""A receipt replays to the same bytes, and its explanation is true when tried."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sourcing import problems
from tests.sourcing.problems import random_problem
from tests.sourcing.test_domain_planning import DC, FAR, NEAR, ask, line

from crosslane.sourcing.domain.explanation import Change, explain
from crosslane.sourcing.domain.planning import plan
from crosslane.sourcing.domain.problem import Candidate, Line, SourcingProblem
from crosslane.sourcing.domain.receipt import decide, decode_receipt, replay


@given(
    seed=st.integers(0, 10**9),
    lines=st.integers(1, 15),
    places=st.integers(1, 25),
    quantity=st.integers(1, 12),
)
@settings(max_examples=120, deadline=None)
def test_a_receipt_replays_to_the_same_bytes(seed: int, lines: int, places: int, quantity: int):
    draw = random.Random(seed)  # noqa: S311
    problem = random_problem(
        draw, lines, places, quantity_max=quantity, holding=draw.choice([0.2, 0.6, 0.95])
    )
    receipt = decide(problem)
    assert receipt.plan == plan(problem)
    assert receipt.digest == problem.digest
    stored = decode_receipt(receipt.encode())
    assert stored == receipt
    assert replay(stored).encode() == receipt.encode()


def test_a_receipt_names_every_candidate():
    problem = random_problem(random.Random(3), 4, 60)  # noqa: S311
    receipt = decide(problem)
    kept = {(asked.key, c.place) for asked in receipt.problem.lines for c in asked.candidates}
    dropped = [
        (key, place)
        for group in receipt.dropped
        for place in group.places
        for key in ([group.line] if group.line else [asked.key for asked in problem.lines])
    ]
    asked = {(asked.key, c.place) for asked in problem.lines for c in asked.candidates}
    assert asked <= kept | set(dropped)
    assert kept <= asked
    assert len({group.rule for group in receipt.dropped if "dominated" in group.rule}) > 1


def test_a_receipt_is_small(monkeypatch):
    monkeypatch.setattr(problems, "LATE_SHARE", 0)
    monkeypatch.setattr(problems, "FETCHED_SHARE", 0)
    monkeypatch.setattr(problems, "SAVED", (0,))
    draw = random.Random(5)  # noqa: S311
    sizes = [len(decide(random_problem(draw, 4, 300)).encode()) for _ in range(50)]
    assert sum(sizes) / len(sizes) < 10_000


def test_a_receipt_keeps_the_whole_problem():
    problem = random_problem(random.Random(4), 5, 40)  # noqa: S311
    digest, stored = decide(problem).filed()
    assert decode_receipt(stored).problem.encode() == problem.encode()
    assert digest == problem.digest


def test_an_explanation_ranks_what_passed_the_rules_and_names_the_rest():
    problem = random_problem(random.Random(6), 3, 30)  # noqa: S311
    away = msgspec.structs.replace(problem.places[0], open=False)
    problem = msgspec.structs.replace(problem, places=(away, *problem.places[1:]))
    for asked, told in zip(problem.lines, explain(decide(problem)).lines, strict=True):
        ranked = {candidate.place for candidate in told.candidates}
        named = {candidate.place for candidate in asked.candidates}
        assert ranked == named - {away.code}
        assert ({away.code} <= named) == ("closed" in told.dropped)


def test_an_explanation_adds_up():
    draw = random.Random(11)  # noqa: S311
    for _ in range(50):
        in_time = draw.random() < 0.3
        problem = random_problem(draw, draw.randint(1, 5), draw.randint(1, 8), in_time=in_time)
        told = explain(decide(problem))
        assert told.replayed
        for parcel in told.parcels:
            assert sum(parcel.terms.values()) == parcel.cost_milli
        for asked in told.lines:
            costs = [candidate.alone_milli for candidate in asked.candidates]
            assert costs == sorted(costs)
            chosen = sum(candidate.chosen for candidate in asked.candidates)
            assert chosen <= asked.quantity


def varied(problem: SourcingProblem, change: Change, by: int) -> SourcingProblem:
    """The problem with one number changed."""
    if change.kind == "price":
        return msgspec.structs.replace(
            problem,
            places=tuple(
                msgspec.structs.replace(p, handling_parcel_milli=p.handling_parcel_milli + by)
                if p.code == change.place
                else p
                for p in problem.places
            ),
        )

    def units_changed(asked: Line) -> Line:
        held = {c.place: c for c in asked.candidates}
        here = held.get(change.place, Candidate(change.place, 0))
        held[change.place] = msgspec.structs.replace(here, units=here.units + by)
        return msgspec.structs.replace(asked, candidates=tuple(held[code] for code in sorted(held)))

    return msgspec.structs.replace(
        problem,
        lines=tuple(
            units_changed(asked) if asked.sku == change.sku else asked for asked in problem.lines
        ),
    )


@given(seed=st.integers(0, 10**9), lines=st.integers(1, 4), places=st.integers(1, 6))
@settings(max_examples=120, deadline=None)
def test_the_smallest_changes_do_change_the_plan(seed: int, lines: int, places: int):
    receipt = decide(random_problem(random.Random(seed), lines, places))  # noqa: S311
    told = explain(receipt)
    for change in filter(None, (told.price_change, told.stock_change)):
        after = plan(varied(receipt.problem, change, change.by))
        assert after.assignments != receipt.plan.assignments
        nearly = change.by - (1 if change.by > 0 else -1)
        before = plan(varied(receipt.problem, change, nearly))
        if change.kind == "price":
            assert before.assignments == receipt.plan.assignments


SEEDED = given(seed=st.integers(0, 10**9), lines=st.integers(1, 3), places=st.integers(1, 5))
SOAK = settings(max_examples=5_000, deadline=None)


def asked_of(seed: int, lines: int, places: int) -> SourcingProblem:
    """A problem in which to leave goods out may cost little, and goods lie at few of the places."""
    draw = random.Random(seed)  # noqa: S311
    priced = msgspec.structs.replace(
        problems.PRICED,
        goodwill_milli=draw.choice([0, 1000, 10**8]),
        split_milli=draw.choice([0, 900]),
        pieces_per_line_max=draw.choice([1, 2, 5]),
        split_quantities=draw.random() < 0.8,
    )
    return random_problem(
        *(draw, lines, places),
        holding=draw.choice([0.3, 0.6, 0.9]),
        stock_max=draw.choice([2, 5]),
        quantity_max=4,
        settings=priced,
    )


@settings(max_examples=60, deadline=None)
@SEEDED
def test_no_smaller_change_of_a_stock_changes_the_plan(seed: int, lines: int, places: int):
    receipt = decide(asked_of(seed, lines, places))
    if receipt.plan.method != "exact":
        return
    told = explain(receipt).stock_change
    most = abs(told.by) if told else 6
    for asked in receipt.problem.lines:
        held = {candidate.place: candidate.units for candidate in asked.candidates}
        for place in receipt.problem.places:
            for by in range(max(-held.get(place.code, 0), 1 - most), most):
                change = Change("stock", place.code, asked.sku, by)
                after = plan(varied(receipt.problem, change, by))
                assert after.assignments == receipt.plan.assignments, change


@settings(max_examples=120, deadline=None)
@SEEDED
def test_no_smaller_change_of_a_price_changes_the_plan(seed: int, lines: int, places: int):
    receipt = decide(asked_of(seed, lines, places))
    if receipt.plan.method != "exact":
        return
    told = explain(receipt).price_change
    most = abs(told.by) - 1 if told else 10**12
    for place in receipt.problem.places:
        for by in (most, -min(most, place.handling_parcel_milli)):
            change = Change("price", place.code, "", by)
            after = plan(varied(receipt.problem, change, by))
            assert after.assignments == receipt.plan.assignments, change


test_no_smaller_change_of_a_stock_changes_any_plan = pytest.mark.soak(
    SOAK(SEEDED(test_no_smaller_change_of_a_stock_changes_the_plan.hypothesis.inner_test))
)
test_no_smaller_change_of_a_price_changes_any_plan = pytest.mark.soak(
    SOAK(SEEDED(test_no_smaller_change_of_a_price_changes_the_plan.hypothesis.inner_test))
)


@given(seed=st.integers(0, 10**9), lines=st.integers(1, 4), places=st.integers(2, 5))
@settings(max_examples=80, deadline=None)
def test_no_other_plan_costs_less_than_the_runner_up(seed: int, lines: int, places: int):
    problem = random_problem(random.Random(seed), lines, places, stock_max=9)  # noqa: S311
    receipt = decide(problem)
    told = explain(receipt)
    if told.runner_up is None:
        return
    assert told.runner_up.assignments != receipt.plan.assignments
    assert told.gap_milli == told.runner_up.cost_milli - receipt.plan.cost_milli >= 0
    for assignment in receipt.plan.assignments:
        barred = msgspec.structs.replace(
            receipt.problem,
            lines=tuple(
                msgspec.structs.replace(asked, barred=frozenset({assignment.place}))
                if asked.key == assignment.line
                else asked
                for asked in receipt.problem.lines
            ),
        )
        other = plan(barred)
        comparable = other.cost_milli >= receipt.plan.cost_milli and not other.unfilled
        assert other.cost_milli >= told.runner_up.cost_milli or not comparable


def test_an_explanation_tells_what_came_second_and_what_would_change_it():
    dc = msgspec.structs.replace(DC, distance_metres=100_000)
    problem = ask(line("1", quantity=2, DC=5, NEAR=1, FAR=3), places=(dc, NEAR, FAR))
    told = explain(decide(problem))
    assert [(p.place, p.terms) for p in told.parcels] == [
        ("DC", {"handling_parcel": 550, "distance": 1000, "carriage": 3000})
    ]
    assert told.runner_up is not None
    assert [a.place for a in told.runner_up.assignments] == ["FAR"]
    assert told.gap_milli == (1100 + 3000) - (550 + 1000)
    assert told.price_change == Change("price", "DC", "", 2551)
    assert told.stock_change == Change("stock", "NEAR", "K1", 1)


@pytest.mark.parametrize("quantity", [1, 4])
def test_nothing_is_told_of_alternatives_where_there_are_none(quantity: int):
    told = explain(decide(ask(line(quantity=quantity, DC=1), places=(DC,), split_quantities=False)))
    assert told.replayed
    if quantity == 4:
        assert told.runner_up is None
