"""The planner against planners that share no code with it, and its promises one by one."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sourcing import problems
from tests.sourcing.problems import SHIP, TARIFFS, brute_force_milli, highs_milli, random_problem

from crosslane.sourcing.domain import exact
from crosslane.sourcing.domain.exact import best_packing, sends
from crosslane.sourcing.domain.order import undominated
from crosslane.sourcing.domain.planning import packing_of, plan
from crosslane.sourcing.domain.problem import (
    TERMS,
    Candidate,
    Faster,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
    problem_of,
)
from crosslane.sourcing.domain.receipt import decide, replay
from crosslane.sourcing.domain.rules import RULES, passing, refused
from crosslane.sourcing.domain.sites import Sites, order_of, parcel_terms, parcels_milli

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
    for place in problem.places:
        asked = [units for (_, code), units in given.items() if code == place.code]
        assert not asked or sum(asked) >= place.units_min
    too_costly = sum(
        missing.quantity * problem.unfilled_milli(lines[missing.line])
        for missing in found.unfilled
        if missing.reason == "too_costly"
    )
    parcels = sum(parcel.cost_milli for parcel in found.parcels)
    assert found.cost_milli == too_costly + found.split_milli + parcels
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


SOAK = pytest.mark.soak


@pytest.mark.parametrize("orders", [3_000, pytest.param(150_000, marks=SOAK)])
def test_equals_brute_force(orders: int):
    draw = random.Random(20_110_104)  # noqa: S311
    for number in range(orders):
        problem = random_problem(
            draw,
            draw.randint(1, 3),
            draw.randint(1, 4),
            stock_max=5,
            in_time=draw.random() < 0.2,
        )
        assert cost_of(problem) == brute_force_milli(problem), number


def test_equals_brute_force_where_it_hardly_pays_to_send(monkeypatch):
    monkeypatch.setattr(problems, "FETCHED_SHARE", 0.9)
    draw = random.Random(4711)  # noqa: S311
    sent = 0
    near = SourcingSettings(
        terms=TERMS, split_milli=8000, overdue_milli_per_day=1300, goodwill_milli=2500
    )
    for number in range(3_000):
        problem = random_problem(draw, draw.randint(1, 3), draw.randint(1, 3), settings=near)
        assert cost_of(problem) == brute_force_milli(problem), number
        order = order_of(problem)
        if order.pieces and not sends(order, best_packing(order)):
            sent += sends(order, packing_of(order, 0))
    assert sent > 30


def test_equals_brute_force_where_a_single_parcel_is_proven_closely(monkeypatch):
    monkeypatch.setattr(exact, "CLOSE_PIECES_MIN", 2)
    draw = random.Random(1978)  # noqa: S311
    close = 0
    for number in range(1_500):
        problem = random_problem(draw, draw.randint(2, 4), draw.randint(1, 3), holding=0.9)
        assert cost_of(problem) == brute_force_milli(problem), number
        order = order_of(problem)
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


@pytest.mark.parametrize("orders", [60, pytest.param(2_000, marks=SOAK)])
def test_equals_integer_programming(orders: int):
    draw = random.Random(42)  # noqa: S311
    # Heavy enough for any of these orders, so that no parcel is one of "full ones and a rest".
    flat = (TARIFFS[0], Tariff((2000, 20_000), (4500, 15_000)), Tariff((500, 20_000), (2000, 9000)))
    for number in range(orders):
        problem = random_problem(
            draw, draw.randint(3, 7), draw.randint(2, 5), quantity_max=1, tariffs=flat
        )
        assert cost_of(problem) == highs_milli(problem), number


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


def test_a_large_order_may_have_goods_without_weight():
    """Adding them to a parcel that is just as heavy as its bracket allows adds nothing to it."""
    draw = random.Random(14)  # noqa: S311
    ends = [0, 0, 0, *TARIFFS[0].weights[:2]]
    for _ in range(60):
        problem = random_problem(draw, 14, 6, holding=0.4, quantity_max=1)
        lines = [
            msgspec.structs.replace(line, weight_grams=draw.choice(ends)) for line in problem.lines
        ]
        assert cost_of(msgspec.structs.replace(problem, lines=tuple(lines))) > 0


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
    tariffs = (TARIFFS[0], msgspec.structs.replace(TARIFFS[1], per_kg_milli=0, service="next day"))
    return problem_of("ship", "GBP", lines, places, tariffs, SourcingSettings(**changed))


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
    found = plan(ask(line(DC=1), goodwill_milli=100))
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
        ("overdue", {"overdue_days": 1}),
    ],
)
def test_each_cost_of_a_place_counts_and_can_be_switched_off(term: str, change: dict):
    dearer = msgspec.structs.replace(DC, code="A", **change)
    other = msgspec.structs.replace(DC, code="B")
    asked = line(A=1, B=1)
    assert given_by(ask(asked, places=(dearer, other))) == [("1", "B", 1)]
    terms = SourcingSettings().terms - {term}
    assert given_by(ask(asked, places=(dearer, other), terms=terms)) == [("1", "A", 1)]


def test_a_saved_markdown_counts_and_can_be_switched_off():
    places = [msgspec.structs.replace(DC, code=code) for code in "AB"]
    asked = msgspec.structs.replace(
        line(), candidates=(Candidate("A", 1), Candidate("B", 1, markdown_milli=50))
    )
    assert given_by(ask(asked, places=places)) == [("1", "B", 1)]
    terms = SourcingSettings().terms - {"markdown"}
    assert given_by(ask(asked, places=places, terms=terms)) == [("1", "A", 1)]


def test_each_parcel_but_the_first_costs_a_split():
    asked = [line("1", DC=1), line("2", NEAR=1)]
    alone, more = plan(ask(*asked)), plan(ask(*asked, split_milli=5000))
    assert (alone.split_milli, more.split_milli) == (0, 5000)
    assert more.cost_milli == alone.cost_milli + 5000
    assert more.parcels == alone.parcels
    off = SourcingSettings().terms - {"split"}
    assert plan(ask(*asked, split_milli=5000, terms=off)) == alone
    assert plan(ask(line("1", DC=1), split_milli=5000)).split_milli == 0


def test_a_split_that_costs_more_brings_the_goods_together():
    # FAR has both, but its parcel costs three pounds more for the way.
    asked = [line("1", DC=1, FAR=1), line("2", NEAR=1, FAR=1)]
    way = {"distance_milli_per_km": 20}
    assert {place for _, place, _ in given_by(ask(*asked, **way))} == {"DC", "NEAR"}
    assert {place for _, place, _ in given_by(ask(*asked, **way, split_milli=4000))} == {"FAR"}


LATE = msgspec.structs.replace(DC, code="LATE", overdue_days=2, faster=(Faster(1, 0),))


def late(**changed) -> SourcingProblem:
    return ask(line(LATE=1), places=(LATE,), **changed)


def test_a_faster_service_is_taken_when_it_costs_less_than_being_late():
    dear, cheap = plan(late(overdue_milli_per_day=2000)), plan(late(overdue_milli_per_day=500))
    assert [parcel.services for parcel in dear.parcels] == [("next day",)]
    assert dear.cost_milli == 550 + 4500
    assert [parcel.services for parcel in cheap.parcels] == [()]
    assert cheap.cost_milli == 550 + 3000 + 2 * 500


def test_a_faster_service_can_be_switched_off():
    found = plan(late(overdue_milli_per_day=2000, terms=SourcingSettings().terms - {"express"}))
    assert found.cost_milli == 550 + 3000 + 2 * 2000


def test_what_has_to_be_in_time_goes_faster_whatever_it_costs_or_not_at_all():
    strict = msgspec.structs.replace(late(overdue_milli_per_day=0), in_time=True)
    assert plan(strict).cost_milli == 550 + 4500
    without = msgspec.structs.replace(LATE, faster=())
    too_late = msgspec.structs.replace(strict, places=(without,))
    assert [u.reason for u in plan(too_late).unfilled] == ["short"]
    assert [group.rule for group in decide(too_late).dropped] == ["too_late"]


def test_nothing_longer_than_it_takes_goes_by_a_faster_service():
    tariffs = (TARIFFS[0], msgspec.structs.replace(TARIFFS[1], per_kg_milli=0, length_max_mm=300))
    long = msgspec.structs.replace(line(LATE=1), length_mm=301)
    problem = msgspec.structs.replace(late(), lines=(long,), tariffs=tariffs)
    assert plan(problem).parcels[0].services == ()


def test_a_line_that_earns_more_is_left_last():
    margins = [msgspec.structs.replace(line(str(n), DC=1), margin_milli=n * 1000) for n in (1, 9)]
    counted = {"places": (DC,), "goodwill_milli": 0, "terms": TERMS}
    assert plan(ask(*margins, **counted)).unfilled == ()
    assert plan(ask(margins[0], **counted)).unfilled[0].reason == "too_costly"
    assert len(plan(ask(*margins, places=(DC,), goodwill_milli=0)).unfilled) == 2


def test_lines_of_one_sku_earn_what_each_of_them_does():
    dear = msgspec.structs.replace(line("1", DC=2), margin_milli=9000)
    cheap = msgspec.structs.replace(dear, key="2", margin_milli=0)
    counted = {"places": (DC,), "goodwill_milli": 0, "terms": TERMS}
    assert plan(ask(dear, cheap, **counted)).unfilled == ()
    low = [msgspec.structs.replace(each, margin_milli=1000) for each in (dear, cheap)]
    found = plan(ask(*low, **counted))
    assert (len(found.unfilled), found.cost_milli) == (2, 2000)


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


def test_sites_that_are_not_made_are_not_missed():
    draw = random.Random(12)  # noqa: S311
    for _ in range(400):
        settings = problems.PRICED
        if draw.random() < 0.5:
            terms = frozenset(draw.sample(sorted(TERMS), 9))
            settings = msgspec.structs.replace(settings, terms=terms)
        problem = random_problem(
            draw, draw.randint(1, 4), draw.randint(1, 30), holding=0.9, settings=settings
        )
        sites = Sites(problem)
        kept, dropped = undominated(sites)
        assert list(sites.order().sites) == kept
        assert sorted(s.code for s in kept) == sorted(
            {site.code for site in sites} - {site.code for site, _ in dropped}
        )
        alone = [sum(parcel_terms(place, settings).values()) for place in problem.places]
        assert parcels_milli(problem.places, settings) == alone


def test_a_candidate_either_passes_or_is_refused_by_a_rule():
    draw = random.Random(13)  # noqa: S311
    for _ in range(400):
        problem = random_problem(draw, 3, 12, in_time=draw.random() < 0.5)
        first = problem.lines[0]
        odd = msgspec.structs.replace(
            first,
            barred=frozenset(draw.sample([place.code for place in problem.places], 3)),
            hazardous=draw.random() < 0.5,
            weight_grams=draw.choice([100, 3000, 25_000]),
        )
        problem = msgspec.structs.replace(problem, lines=(odd, *problem.lines[1:]))
        passed = passing(problem)
        out = {(g.line, code): g.rule for g in refused(problem) for code in g.places}
        for line in problem.lines:
            codes = {candidate.place for candidate in line.candidates}
            refused_here = {code for key, code in out if key == line.key}
            assert passed[line.key].keys() | refused_here == codes
            assert not passed[line.key].keys() & refused_here
        assert set(out.values()) <= set(RULES)
