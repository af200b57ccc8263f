"""Random problems, and two planners that share no code with the one they check."""

import random
from collections.abc import Iterator
from itertools import product

import highspy

from crosslane.sourcing.domain.problem import (
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
    problem_of,
)

SHIP = frozenset({"ship"})
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
    settings: SourcingSettings | None = None,
) -> SourcingProblem:
    """A problem with every kind of cost in it; some places are full, some units cost a gain."""
    found = [
        Place(
            code=f"S{number:03}",
            serves=SHIP,
            tariff=draw.randrange(len(tariffs)),
            distance_metres=draw.randrange(500_000),
            handling_parcel_milli=draw.choice([550, 1100, 2200]),
            handling_unit_milli=draw.choice([0, 100]),
            capacity_left=draw.choice([None, None, 0, 5]),
            capacity_milli=draw.choice([0, 0, 700]),
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
                )
                for place in found
                if draw.random() < holding
            ),
            weight_grams=draw.randrange(50, weight_max),
            methods=SHIP,
            unfilled_milli=draw.choice([100_000_000, 100_000_000, 4000]),
        )
        for number in range(lines)
    ]
    return problem_of("ship", "GBP", asked, found, tariffs, settings)


def place_parcel_milli(problem: SourcingProblem, place: Place) -> int:
    """Cost of a parcel apart from carriage, written out from the definition."""
    settings = problem.settings
    cost = place.handling_parcel_milli + place.capacity_milli
    cost += place.distance_metres * settings.distance_milli_per_km // 1000
    if place.capacity_left == 0:
        cost += settings.late_milli
    return cost


def parcel_milli(problem: SourcingProblem, place: Place, weight_grams: int) -> int:
    """Cost of sending a weight from a place in as few parcels as carry it."""
    tariff = problem.tariffs[place.tariff]
    total = tariff.per_kg_milli * weight_grams // 1000
    while True:
        now = min(weight_grams, tariff.weights[-1])
        price = next(
            p for w, p in zip(tariff.weights, tariff.prices_milli, strict=True) if now <= w
        )
        total += price + place_parcel_milli(problem, place)
        weight_grams -= now
        if weight_grams <= 0:
            return total


def parcel_once_milli(problem: SourcingProblem, place: Place, weight_grams: int) -> int:
    """Cost of sending a weight from a place as it comes: full parcels, and one for the rest."""
    heaviest = problem.tariffs[place.tariff].weights[-1]
    full = max(0, -(-weight_grams // heaviest) - 1)
    rest = weight_grams - full * heaviest
    tariff = problem.tariffs[place.tariff]
    per_kg = tariff.per_kg_milli
    total = per_kg * weight_grams // 1000
    for weight in (*[heaviest] * full, rest):
        total += parcel_milli(problem, place, weight) - per_kg * weight // 1000
    return total


def broken(problem: SourcingProblem) -> list[tuple[int, int]]:
    """The pieces of a problem as (number of the line, units), by the stated rule."""
    pieces = []
    for number, line in enumerate(problem.lines):
        stocks = sorted((c.units for c in line.candidates), reverse=True)
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
    stock = [{c.place: c for c in line.candidates} for line in problem.lines]
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
            units
            * (
                place.handling_unit_milli
                + stock[number][code].extra_milli
                + stock[number][code].scarcity_milli
            )
            for number, units in (pieces[piece] for piece in members)
        )
        weights = {
            piece: pieces[piece][1] * problem.lines[pieces[piece][0]].weight_grams
            for piece in members
        }
        return own + min(
            sum(parcel_milli(problem, place, sum(weights[p] for p in group)) for group in groups)
            for groups in partitions(list(members))
        )

    best = None
    for choice in product(*choices):
        cost = 0
        members: dict[str, list[int]] = {}
        for piece, code in enumerate(choice):
            number, units = pieces[piece]
            if code is None:
                cost += units * problem.lines[number].unfilled_milli
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
        if all(candidate.units < line.quantity for candidate in line.candidates):
            continue  # units that nobody holds are no choice
        left = solver.addBinary()
        covered[number].append(left)
        terms.append(left * (line.quantity * line.unfilled_milli))
    for place in problem.places:
        tariff = problem.tariffs[place.tariff]
        assert tariff.per_kg_milli == 0
        for _ in range(parcels_per_place):
            brackets = [solver.addBinary() for _ in tariff.weights]
            solver.addConstr(sum(brackets) <= 1)
            weights = []
            for number, line in enumerate(problem.lines):
                found = next((c for c in line.candidates if c.place == place.code), None)
                if found is None or found.units < line.quantity:
                    continue
                inside = solver.addBinary()
                covered[number].append(inside)
                weights.append(inside * (line.quantity * line.weight_grams))
                each = place.handling_unit_milli + found.extra_milli + found.scarcity_milli
                terms.append(inside * (line.quantity * each))
                solver.addConstr(inside <= sum(brackets))
            limits = [b * w for b, w in zip(brackets, tariff.weights, strict=True)]
            if weights:
                solver.addConstr(sum(weights) <= sum(limits))
            fixed = place_parcel_milli(problem, place)
            terms += [b * (p + fixed) for b, p in zip(brackets, tariff.prices_milli, strict=True)]
    for options in filter(None, covered):
        solver.addConstr(sum(options) == 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 0.0)
    solver.minimize(sum(terms))
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return round(solver.getObjectiveValue())
