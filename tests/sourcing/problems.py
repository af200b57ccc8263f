"""Random problems, and two planners that share no code with the one they check."""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import highspy
import msgspec

from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
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

SHIP = frozenset({"ship"})
# Places where goods are fetched, and problems with late places; what markdowns save.
FETCHED_SHARE = 0.1
# Places that take on no little order.
DEMANDING_SHARE = 0.2
LATE_SHARE = 0.4
SAVED = (0, 0, 0, 250)
# Carries whatever is fetched.
NOTHING = Tariff((2**40,), (0,))
PRICED = SourcingSettings(
    terms=TERMS, split_milli=900, overdue_milli_per_day=1300, goodwill_milli=1000
)
TARIFFS = (
    Tariff((1000, 2000, 10_000, 30_000), (3000, 4000, 6000, 12_000)),
    Tariff((2000, 5000, 20_000), (4500, 7000, 15_000), per_kg_milli=200),
    Tariff((500, 4000), (2000, 9000)),  # two light parcels are cheaper than one of middling weight
)


def random_problem(
    draw: random.Random,
    lines: int,
    places: int,
    *,
    holding: float = 0.6,
    stock_max: int = 6,
    quantity_max: int = 3,
    weight_max: int = 2500,
    tariffs: tuple[Tariff, ...] = TARIFFS,
    settings: SourcingSettings = PRICED,
    in_time: bool = False,
) -> SourcingProblem:
    """A problem with every kind of cost in it.

    Some places are full, some units cost a gain, some goods are fetched, some parcels are late.
    """
    late = draw.random() < LATE_SHARE
    found_late = [_late(draw, len(tariffs)) if late else {} for _ in range(places)]
    found = [
        Place(
            code=f"S{number:03}",
            serves=SHIP,
            tariff=draw.choice([*range(len(tariffs)), NO_CARRIAGE])
            if draw.random() < FETCHED_SHARE
            else draw.randrange(len(tariffs)),
            distance_metres=draw.randrange(500_000),
            handling_parcel_milli=draw.choice([550, 1100, 2200]),
            handling_unit_milli=draw.choice([0, 100]),
            capacity_left=draw.choice([None, None, 0, 5]),
            capacity_milli=draw.choice([0, 0, 700]),
            **found_late[number],
            **(_demanding(draw) if draw.random() < DEMANDING_SHARE else {}),
        )
        for number in range(places)
    ]
    asked = [
        Line(
            key=f"{number:04}",
            sku=f"K{number}",
            quantity=draw.randint(1, quantity_max),
            candidates=tuple(
                Candidate(
                    place=place.code,
                    units=draw.randint(1, stock_max),
                    extra_milli=draw.choice([0, 0, 300, -200]),
                    scarcity_milli=draw.choice([0, 0, 150]),
                    markdown_milli=draw.choice(SAVED),
                    value_milli=draw.choice([0, 100]),
                )
                for place in found
                if draw.random() < holding
            ),
            weight_grams=draw.randrange(50, weight_max),
            methods=SHIP,
            margin_milli=draw.choice([100_000_000, 100_000_000, 3000, -500]),
        )
        for number in range(lines)
    ]
    problem = problem_of("ship", "GBP", asked, found, tariffs, settings)
    return msgspec.structs.replace(problem, in_time=in_time)


def _late(draw: random.Random, tariffs: int) -> dict[str, Any]:
    """Days late, and services that are sooner."""
    days = draw.choice([0, 1, 1, 3])
    faster = [
        Faster(draw.randrange(tariffs), draw.randrange(max(1, days)))
        for _ in range(draw.randrange(3))
    ]
    return {"overdue_days": days, "faster": tuple(faster) if days else ()}


def _demanding(draw: random.Random) -> dict[str, int]:
    """The least that a vendor takes on."""
    return {"units_min": draw.randrange(6), "value_min_milli": draw.choice([0, 0, 100, 300])}


def possible(problem: SourcingProblem, place: Place) -> list[tuple[Tariff, int]]:
    """The services of a place's parcels with what being late costs each, by the definition."""
    if place.tariff == NO_CARRIAGE:
        return [] if problem.in_time and place.overdue_days else [(NOTHING, 0)]
    each = problem.settings.overdue_milli_per_day
    usual = problem.tariffs[place.tariff]
    found = [(usual, place.overdue_days)] + [
        (problem.tariffs[f.tariff], f.overdue_days)
        for f in place.faster
        if problem.tariffs[f.tariff].per_kg_milli == usual.per_kg_milli
    ]
    if problem.in_time:
        found = [(tariff, days) for tariff, days in found if not days]
    return [(tariff, days * each) for tariff, days in found]


def heaviest(problem: SourcingProblem, place: Place) -> int:
    """The heaviest parcel of a place."""
    found = [tariff.weights[-1] for tariff, _ in possible(problem, place)]
    return max(found) if problem.in_time else found[0]


def carries(place: Place) -> bool:
    """Whether a place sends what comes from it."""
    return place.tariff != NO_CARRIAGE


def place_parcel_milli(problem: SourcingProblem, place: Place) -> int:
    """Cost of a parcel apart from carriage, written out from the definition."""
    settings = problem.settings
    cost = place.handling_parcel_milli + place.capacity_milli
    cost += place.distance_metres * settings.distance_milli_per_km // 1000
    if place.capacity_left == 0:
        cost += settings.late_milli
    return cost + (settings.split_milli if carries(place) else 0)


def parcel_milli(problem: SourcingProblem, place: Place, weight_grams: int) -> int:
    """Cost of sending a weight from a place in as few parcels as carry it, each a further one."""
    services = possible(problem, place)
    total = services[0][0].per_kg_milli * weight_grams // 1000
    while True:
        now = min(weight_grams, heaviest(problem, place))
        price = min(
            next(p for w, p in zip(tariff.weights, tariff.prices_milli, strict=True) if now <= w)
            + late
            for tariff, late in services
            if now <= tariff.weights[-1]
        )
        total += price + place_parcel_milli(problem, place)
        weight_grams -= now
        if weight_grams <= 0:
            return total


def parcel_once_milli(problem: SourcingProblem, place: Place, weight_grams: int) -> int:
    """Cost of sending a weight from a place as it comes: full parcels, and one for the rest."""
    most = heaviest(problem, place)
    full = max(0, -(-weight_grams // most) - 1)
    rest = weight_grams - full * most
    per_kg = possible(problem, place)[0][0].per_kg_milli
    total = per_kg * weight_grams // 1000
    for weight in (*[most] * full, rest):
        total += parcel_milli(problem, place, weight) - per_kg * weight // 1000
    return total


def able(problem: SourcingProblem, line: Line, place: Place) -> bool:
    """Whether a place may serve a line at all."""
    return bool(possible(problem, place)) and line.weight_grams <= heaviest(problem, place)


def enough(place: Place, given: list[tuple[int, Candidate]]) -> bool:
    """Whether units of some lines are as much as a place takes on."""
    value = sum(units * candidate.value_milli for units, candidate in given)
    return sum(units for units, _ in given) >= place.units_min and value >= place.value_min_milli


def allowed(problem: SourcingProblem, line: Line) -> dict[str, Candidate]:
    """The places that may serve a line; lines are of different SKUs."""
    found: dict[str, Candidate] = {}
    for place in problem.places:
        most = [
            (min(each.quantity, candidate.units), candidate)
            for each in problem.lines
            if able(problem, each, place)
            for candidate in each.candidates
            if candidate.place == place.code
        ]
        if able(problem, line, place) and enough(place, most):
            found |= {c.place: c for c in line.candidates if c.place == place.code}
    return found


def unit_milli(place: Place, candidate: Candidate) -> int:
    """Cost of one unit at a place."""
    own = place.handling_unit_milli + candidate.extra_milli + candidate.scarcity_milli
    return own - candidate.markdown_milli


def unfilled_milli(problem: SourcingProblem, line: Line) -> int:
    """Cost of leaving one unit."""
    return max(0, line.margin_milli) + problem.settings.goodwill_milli


def broken(problem: SourcingProblem) -> list[tuple[int, int]]:
    """The pieces of a problem as (number of the line, units), by the stated rule."""
    pieces = []
    for number, line in enumerate(problem.lines):
        stocks = sorted((c.units for c in allowed(problem, line).values()), reverse=True)
        if stocks and stocks[0] >= line.quantity:
            pieces.append((number, line.quantity))
            continue
        wanted = line.quantity
        for units in stocks[: problem.settings.pieces_per_line_max]:
            if wanted:
                pieces.append((number, min(units, wanted)))
                wanted -= min(units, wanted)
    return pieces


def partitions(items: list[int]) -> Iterator[list[list[int]]]:
    """Every way to divide some items into groups."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for smaller in partitions(rest):
        yield [[first], *smaller]
        for number, group in enumerate(smaller):
            yield [*smaller[:number], [first, *group], *smaller[number + 1 :]]


def brute_force_milli(problem: SourcingProblem) -> int:
    """The cost of the best plan, by trying every place for every piece and every division."""
    pieces = broken(problem)
    stock = [allowed(problem, line) for line in problem.lines]
    places = {place.code: place for place in problem.places}
    choices = [
        [None, *(code for code, c in stock[number].items() if c.units >= units)]
        for number, units in pieces
    ]
    memo: dict[tuple[str, tuple[int, ...]], int | None] = {}

    def sent_milli(code: str, members: tuple[int, ...]) -> int | None:
        drawn: dict[int, int] = {}
        for piece in members:
            number, units = pieces[piece]
            drawn[number] = drawn.get(number, 0) + units
        if any(units > stock[number][code].units for number, units in drawn.items()):
            return None
        place = places[code]
        own = sum(
            units * unit_milli(place, stock[number][code])
            for number, units in (pieces[piece] for piece in members)
        )
        weights = {
            piece: pieces[piece][1] * problem.lines[pieces[piece][0]].weight_grams
            for piece in members
        }

        def takes_on(group: list[int]) -> bool:
            return enough(place, [(pieces[p][1], stock[pieces[p][0]][code]) for p in group])

        sums = [
            sum(parcel_milli(problem, place, sum(weights[p] for p in group)) for group in groups)
            for groups in partitions(list(members))
            if all(takes_on(group) for group in groups)
        ]
        return own + min(sums) if sums else None

    best = None
    for choice in product(*choices):
        cost = 0
        members: dict[str, list[int]] = {}
        for piece, code in enumerate(choice):
            number, units = pieces[piece]
            if code is None:
                cost += units * unfilled_milli(problem, problem.lines[number])
            else:
                members.setdefault(code, []).append(piece)
        for code, held in members.items():
            key = code, tuple(held)
            if key not in memo:
                memo[key] = sent_milli(*key)
            sent = memo[key]
            if sent is None:
                break
            cost += sent
        else:
            if any(carries(places[code]) for code in members):
                cost -= problem.settings.split_milli
            best = cost if best is None else min(best, cost)
    assert best is not None
    return best


def highs_milli(problem: SourcingProblem, parcels_per_place: int = 3) -> int:
    """The cost of the best plan by integer programming: who sends what in which bracket.

    Only for problems without split quantities whose tariffs have no price per kilogram.
    """
    solver = highspy.Highs()
    solver.silent()
    terms, covered = [], [[] for _ in problem.lines]
    for number, line in enumerate(problem.lines):
        if all(c.units < line.quantity for c in allowed(problem, line).values()):
            continue  # units that nobody holds are no choice
        left = solver.addBinary()
        covered[number].append(left)
        terms.append(left * (line.quantity * unfilled_milli(problem, line)))
    total = sum(line.quantity * line.weight_grams for line in problem.lines)
    sending = solver.addBinary()
    terms.append(sending * -problem.settings.split_milli)
    carried = []
    for place in problem.places:
        steps = [
            (min(weight, total), price + late)
            for tariff, late in possible(problem, place)
            for weight, price in zip(tariff.weights, tariff.prices_milli, strict=True)
            if weight <= heaviest(problem, place) and tariff.per_kg_milli == 0
        ]
        for _ in range(parcels_per_place if steps else 0):
            brackets = [solver.addBinary() for _ in steps]
            carried += brackets if carries(place) else []
            solver.addConstr(sum(brackets) <= 1)
            weights, units, values = [], [], []
            for number, line in enumerate(problem.lines):
                found = allowed(problem, line).get(place.code)
                if found is None or found.units < line.quantity:
                    continue
                inside = solver.addBinary()
                covered[number].append(inside)
                weights.append(inside * (line.quantity * line.weight_grams))
                units.append(inside * line.quantity)
                values.append(inside * (line.quantity * found.value_milli))
                terms.append(inside * (line.quantity * unit_milli(place, found)))
                solver.addConstr(inside <= sum(brackets))
            limits = [b * w for b, (w, _) in zip(brackets, steps, strict=True)]
            if weights:
                solver.addConstr(sum(weights) <= sum(limits))
                solver.addConstr(sum(units) >= sum(brackets) * place.units_min)
                solver.addConstr(sum(values) >= sum(brackets) * place.value_min_milli)
            fixed = place_parcel_milli(problem, place)
            terms += [b * (p + fixed) for b, (_, p) in zip(brackets, steps, strict=True)]
    solver.addConstr(sending <= sum(carried))
    for options in filter(None, covered):
        solver.addConstr(sum(options) == 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 0.0)
    solver.minimize(sum(terms))
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return round(solver.getObjectiveValue())
