"""Why a decision fell as it did: what each choice costs, what came second, what would change it."""

from collections.abc import Iterable, Sequence

import msgspec

from crosslane.sourcing.domain.carriage import carriage_terms, travels
from crosslane.sourcing.domain.changes import Change, price_change, stock_change
from crosslane.sourcing.domain.planning import SourcingPlan, plan
from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
)
from crosslane.sourcing.domain.receipt import Receipt, replay
from crosslane.sourcing.domain.rules import DroppedPlaces, Passed, passing
from crosslane.sourcing.domain.sites import parcel_terms

Terms = dict[str, int]


class RankedCandidate(msgspec.Struct, frozen=True):
    """A place that may serve a line by all hard rules.

    Args:
        place: its code.
        units: available to promise when it was decided.
        distance_metres: to the destination.
        capacity_left: parcels it could still send that day; None for no limit.
        chosen: units the plan takes from here.
        alone_milli: cost of sending the whole line from here in a parcel of its own.
        terms: what that cost consists of.
    """

    place: str
    units: int
    distance_metres: int
    capacity_left: int | None
    chosen: int
    alone_milli: int
    terms: Terms


class LineExplanation(msgspec.Struct, frozen=True):
    """The candidates of one line, the cheapest first, and the places that were out of question.

    Places that a better one replaces, or that hold a part of what others hold whole, are in both.
    """

    line: str
    sku: str
    quantity: int
    candidates: tuple[RankedCandidate, ...]
    dropped: dict[str, tuple[str, ...]]


class ParcelExplanation(msgspec.Struct, frozen=True):
    """What a place sends together, and what its cost consists of."""

    place: str
    weight_grams: int
    parcels: int
    cost_milli: int
    terms: Terms


class Explanation(msgspec.Struct, frozen=True):
    """A decision told in full.

    Args:
        digest: fingerprint of the problem as it was asked.
        replayed: whether deciding it again gives the same receipt.
        settings: which costs counted, and how much.
        plan: the decision.
        nearest_milli: what sending it from the nearest places would have cost; None when no
            distance is known.
        parcels: what they cost and why.
        lines: candidates of each line.
        runner_up: the best plan that serves as much but does without one of the places for one
            of its SKUs; None when there is none.
        gap_milli: how much more that costs.
        price_change: see Change; None when no single price matters.
        stock_change: see Change; None when none was found.
        looking_ahead: what was kept for later orders, in sentences; empty when nothing was.
        myopic: what would have been planned without looking ahead; None when it is the same.
    """

    digest: str
    replayed: bool
    settings: SourcingSettings
    plan: SourcingPlan
    nearest_milli: int | None
    parcels: tuple[ParcelExplanation, ...]
    lines: tuple[LineExplanation, ...]
    runner_up: SourcingPlan | None
    gap_milli: int | None
    price_change: Change | None
    stock_change: Change | None
    looking_ahead: tuple[str, ...]
    myopic: SourcingPlan | None


def explain(receipt: Receipt) -> Explanation:
    """Tell a decision in full, by deciding variations of its problem.

    What came second and what would change the plan is told for proven plans only.
    """
    problem, decided = receipt.problem, receipt.plan
    proven = decided.method == "exact"
    second = runner_up(problem, decided) if proven else None
    passed, dropped = passing(problem), receipt.dropped
    prices = tuple(_prices(problem))
    myopic = plan(_myopic(problem)) if prices else decided
    return Explanation(
        digest=receipt.digest,
        replayed=replay(receipt).encode() == receipt.encode(),
        settings=problem.settings,
        plan=decided,
        nearest_milli=receipt.nearest_milli,
        parcels=tuple(_parcels(problem, decided)),
        lines=tuple(_line(problem, line, passed, decided, dropped) for line in problem.lines),
        runner_up=second,
        gap_milli=None if second is None else second.cost_milli - decided.cost_milli,
        price_change=price_change(problem, decided) if proven else None,
        stock_change=stock_change(problem, decided) if proven else None,
        looking_ahead=prices,
        myopic=None if myopic.assignments == decided.assignments else myopic,
    )


def _myopic(problem: SourcingProblem) -> SourcingProblem:
    """Return the problem as it is for whoever does not look ahead."""
    terms = problem.settings.terms - {"scarcity", "capacity"}
    return msgspec.structs.replace(
        problem, settings=msgspec.structs.replace(problem.settings, terms=terms)
    )


def _prices(problem: SourcingProblem) -> Iterable[str]:
    """Yield a sentence for each price that counts."""
    terms, unit = problem.settings.terms, f"thousandths of a minor unit of {problem.currency}"
    if "scarcity" in terms:
        for line in {line.sku: line for line in problem.lines}.values():
            for each in line.candidates:
                if each.scarcity_milli:
                    yield (
                        f"A unit of {line.sku} at {each.place} is worth {each.scarcity_milli:,} "
                        f"{unit} to later orders."
                    )
    if "capacity" in terms:
        for place in problem.places:
            if place.capacity_milli:
                yield (
                    f"A parcel of the day at {place.code} is worth {place.capacity_milli:,} "
                    f"{unit} to later orders."
                )


def runner_up(problem: SourcingProblem, decided: SourcingPlan) -> SourcingPlan | None:
    """Return the best plan that does without one place for one SKU, or None when there is none."""
    skus = {line.key: line.sku for line in problem.lines}
    given = sorted({(skus[given.line], given.place) for given in decided.assignments})
    trials = [plan(_barred(problem, sku, place)) for sku, place in given]
    short = sum(missing.quantity for missing in decided.unfilled)
    # One that costs less would split a line that a place holds whole, which is not done.
    whole = [
        trial
        for trial in trials
        if trial.cost_milli >= decided.cost_milli
        and sum(missing.quantity for missing in trial.unfilled) <= short
    ]
    return min(whole, key=lambda trial: (trial.cost_milli, trial.encode()), default=None)


def _barred(problem: SourcingProblem, sku: str, place: str) -> SourcingProblem:
    return msgspec.structs.replace(
        problem,
        lines=tuple(
            msgspec.structs.replace(line, barred=line.barred | {place}) if line.sku == sku else line
            for line in problem.lines
        ),
    )


def _parcels(problem: SourcingProblem, decided: SourcingPlan) -> Iterable[ParcelExplanation]:
    places = {place.code: place for place in problem.places}
    lines = {line.key: line for line in problem.lines}
    left = list(decided.assignments)
    for parcel in decided.parcels:
        place = places[parcel.place]
        terms = _carried_terms(problem, place, parcel.weight_grams)
        own = parcel.cost_milli - sum(terms.values())
        shares: Terms = {}
        for assignment in left:
            if assignment.place == parcel.place:
                line = lines[assignment.line]
                candidate = next(c for c in line.candidates if c.place == parcel.place)
                for name, cost in _unit_terms(problem, place, candidate).items():
                    shares[name] = shares.get(name, 0) + cost * assignment.quantity
        # Two parcels of one place share its lines; what belongs to which is not told apart.
        if sum(shares.values()) == own:
            terms.update(shares)
        elif own:
            terms["units"] = own
        yield ParcelExplanation(
            parcel.place, parcel.weight_grams, parcel.parcels, parcel.cost_milli, terms
        )


def _carried_terms(problem: SourcingProblem, place: Place, weight_grams: int) -> Terms:
    """Return what a parcel of a weight costs by term, the units in it and the split cost aside."""
    parcels = 1
    if place.tariff != NO_CARRIAGE:
        parcels = sum(1 for _ in travels(problem, place, weight_grams))
    terms = {name: cost * parcels for name, cost in parcel_terms(place, problem.settings).items()}
    return terms | carriage_terms(problem, place, weight_grams)


def _unit_terms(problem: SourcingProblem, place: Place, candidate: Candidate) -> Terms:
    terms = {
        "handling_unit": place.handling_unit_milli,
        "extra": candidate.extra_milli,
        "scarcity": candidate.scarcity_milli,
        "markdown": -candidate.markdown_milli,
    }
    return {n: cost for n, cost in terms.items() if cost and n in problem.settings.terms}


def _line(
    problem: SourcingProblem,
    line: Line,
    passed: Passed,
    decided: SourcingPlan,
    dropped: Sequence[DroppedPlaces],
) -> LineExplanation:
    places = {place.code: place for place in problem.places}
    ranked: list[RankedCandidate] = []
    for candidate in passed[line.key].values():
        place = places[candidate.place]
        terms = _carried_terms(problem, place, line.quantity * line.weight_grams)
        for name, cost in _unit_terms(problem, place, candidate).items():
            terms[name] = cost * line.quantity
        chosen = sum(
            a.quantity
            for a in decided.assignments
            if a.line == line.key and a.place == candidate.place
        )
        ranked.append(
            RankedCandidate(
                candidate.place,
                candidate.units,
                place.distance_metres,
                place.capacity_left,
                chosen,
                sum(terms.values()),
                terms,
            )
        )
    return LineExplanation(
        line.key,
        line.sku,
        line.quantity,
        tuple(sorted(ranked, key=lambda c: (c.alone_milli, c.place))),
        {group.rule: group.places for group in dropped if group.line in (line.key, "")},
    )
