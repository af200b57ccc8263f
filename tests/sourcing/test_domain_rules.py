"""Every hard rule drops what it should, by name, and nothing else."""

import msgspec
import pytest

from crosslane.sourcing.domain.planning import plan
from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
    problem_of,
)
from crosslane.sourcing.domain.rules import RULES, DroppedPlaces, passing, refused

TARIFF = Tariff((1000, 5000), (3000, 6000), length_max_mm=600)
GOOD = Place("GOOD", frozenset({"ship", "pickup"}), 0)
LINE = Line(
    key="1",
    sku="K",
    quantity=2,
    candidates=(Candidate("GOOD", 5),),
    weight_grams=800,
    length_mm=300,
    methods=frozenset({"ship"}),
)


def ask(
    line: Line = LINE,
    place: Place = GOOD,
    method: str = "ship",
    *,
    in_time: bool = False,
    **changed,
) -> SourcingProblem:
    settings = SourcingSettings(**changed)
    problem = problem_of(method, "GBP", [line], [place], [TARIFF], settings)
    return having(problem, in_time=in_time)


def having(struct: msgspec.Struct, **changed) -> msgspec.Struct:
    return msgspec.structs.replace(struct, **changed)


CASES = [
    ("method_not_allowed", ask(having(LINE, methods=frozenset({"pickup"})))),
    ("reoptimised", ask(having(LINE, only="ELSEWHERE"))),
    ("barred", ask(having(LINE, barred=frozenset({"GOOD"})))),
    ("inactive", ask(place=having(GOOD, active=False))),
    ("closed", ask(place=having(GOOD, open=False))),
    ("unable", ask(place=having(GOOD, serves=frozenset({"pickup"})))),
    ("not_a_sender", ask(place=having(GOOD, sends=False))),
    ("full", ask(place=having(GOOD, capacity_left=0), full_places_drop=True)),
    ("ring_fenced", ask(having(LINE, candidates=(Candidate("GOOD", 0, fenced_units=9),)))),
    ("out_of_stock", ask(having(LINE, candidates=(Candidate("GOOD", 0),)))),
    ("hazardous", ask(having(LINE, hazardous=True), having(GOOD, takes_hazardous=False))),
    ("too_late", ask(place=having(GOOD, overdue_days=1), in_time=True)),
    ("too_heavy", ask(having(LINE, weight_grams=5001))),
    ("below_minimum", ask(place=having(GOOD, units_min=3))),
    ("too_long", ask(having(LINE, length_mm=601))),
]


@pytest.mark.parametrize(("rule", "problem"), CASES, ids=[rule for rule, _ in CASES])
def test_each_rule_drops_by_name(rule: str, problem: SourcingProblem):
    assert passing(problem) == {"1": {}}
    assert refused(problem) == [DroppedPlaces(rule, "1", ("GOOD",))]
    found = plan(problem)
    assert found.assignments == ()
    assert [(u.quantity, u.reason) for u in found.unfilled] == [(2, "short")]


def test_every_rule_has_its_case():
    assert set(RULES) == {rule for rule, _ in CASES}


@pytest.mark.parametrize(
    "problem",
    [
        ask(),
        ask(place=having(GOOD, capacity_left=0)),
        ask(place=having(GOOD, capacity_left=0), in_time=True, full_places_drop=True),
        ask(having(LINE, hazardous=True)),
        ask(having(LINE, weight_grams=5000, length_mm=600)),
        ask(having(LINE, weight_grams=9000, length_mm=9000), having(GOOD, tariff=NO_CARRIAGE)),
        ask(having(LINE, methods=frozenset({"pickup"})), method="pickup"),
    ],
)
def test_what_no_rule_forbids_passes(problem: SourcingProblem):
    assert [(a.place, a.quantity) for a in plan(problem).assignments] == [("GOOD", 2)]


@pytest.mark.parametrize(("units", "value_milli"), [(2, 0), (0, 1400), (2, 1400)])
def test_a_vendor_is_asked_for_what_is_enough(units: int, value_milli: int):
    line = having(LINE, candidates=(Candidate("GOOD", 5, value_milli=700),))
    place = having(GOOD, units_min=units, value_min_milli=value_milli)
    assert [a.quantity for a in plan(ask(line, place)).assignments] == [2]
    more = having(place, value_min_milli=1401)
    assert [group.rule for group in refused(ask(line, more))] == ["below_minimum"]


def test_a_place_barred_for_one_line_of_a_sku_is_barred_for_all():
    second = having(LINE, key="2", barred=frozenset({"GOOD"}))
    problem = problem_of("ship", "GBP", [LINE, second], [GOOD], [TARIFF])
    assert [entry.rule for entry in refused(problem)] == ["barred", "barred"]
