"""Hard rules: what drops a candidate before any cost is looked at, each with its name."""

from collections.abc import Iterable

import msgspec

from crosslane.sourcing.domain.carriage import FREE, Tariffs
from crosslane.sourcing.domain.problem import Candidate, Line, Place, SourcingProblem, Tariff

# In the order in which they are asked; the first one that holds names the reason.
RULES = (
    "method_not_allowed",
    *("inactive", "closed", "unable", "not_a_sender", "full", "reoptimised", "barred"),
    "ring_fenced",
    *("out_of_stock", "hazardous", "too_late", "too_heavy", "too_long"),
    "below_minimum",
)


class DroppedPlaces(msgspec.Struct, frozen=True, array_like=True):
    """Places that one rule took out.

    Args:
        rule: its name; ``dominated:<place>`` names the better place, ``holds_too_few`` says that
            others hold the whole line.
        line: key of the line it was for, "" for the whole order.
        places: codes, rising.
    """

    rule: str
    line: str
    places: tuple[str, ...]


# The candidates of each line that may serve it, by place.
Passed = dict[str, dict[str, Candidate]]


def sift(problem: SourcingProblem) -> tuple[Passed, list[DroppedPlaces]]:
    """Return the candidates that pass every hard rule, and those that do not with the reason.

    What is barred for one line of a SKU is barred for all its lines in the order: the place has
    said that it does not find the goods. A vendor that is asked for less than it takes on even if
    it sent all it can is out for every line.
    """
    barred: dict[str, frozenset[str]] = {}
    for line in problem.lines:
        barred[line.sku] = barred.get(line.sku, frozenset()) | line.barred
    places = {place.code: place for place in problem.places}
    limits = _limits(problem)
    verdicts = {place.code: place_reason(problem, place) for place in problem.places}
    passed: Passed = {}
    dropped: list[DroppedPlaces] = []
    for line in problem.lines:
        here = passed[line.key] = {}
        refused: dict[str, list[str]] = {}
        if problem.method not in line.methods:
            if line.candidates:
                refused["method_not_allowed"] = [each.place for each in line.candidates]
        else:
            off = barred[line.sku]
            for candidate in line.candidates:
                code = candidate.place
                reason = verdicts[code]
                if reason is None:
                    reason = _pair_reason(line, candidate, places[code], limits[code], off)
                if reason is None:
                    here[code] = candidate
                elif reason in refused:
                    refused[reason].append(code)
                else:
                    refused[reason] = [code]
        dropped += [DroppedPlaces(rule, line.key, tuple(codes)) for rule, codes in refused.items()]
    demanding = [each for each in problem.places if each.units_min or each.value_min_milli]
    if demanding:
        dropped += _below_minimum(problem, demanding, passed)
    return passed, dropped


def _below_minimum(
    problem: SourcingProblem, demanding: Iterable[Place], passed: Passed
) -> Iterable[DroppedPlaces]:
    """Take vendors out that could not be asked for enough, and name them."""
    wanted: dict[str, int] = {}
    for line in problem.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    by_sku = {line.sku: passed[line.key] for line in problem.lines}
    small: set[str] = set()
    for place in demanding:
        units = value = 0
        for sku, candidates in by_sku.items():
            candidate = candidates.get(place.code)
            if candidate is not None:
                given = min(candidate.units, wanted[sku])
                units, value = units + given, value + given * candidate.value_milli
        if units < place.units_min or value < place.value_min_milli:
            small.add(place.code)
    for line in problem.lines:
        here = passed[line.key]
        gone = sorted(small & here.keys())
        for code in gone:
            del here[code]
        if gone:
            yield DroppedPlaces("below_minimum", line.key, tuple(gone))


def place_reason(problem: SourcingProblem, place: Place) -> str | None:
    """Return the rule that takes a place out whatever is asked for, None when there is none."""
    if not place.active:
        return "inactive"
    if not place.open:
        return "closed"
    if problem.method not in place.serves:
        return "unable"
    if not place.sends:
        return "not_a_sender"
    left = place.capacity_left
    if problem.settings.full_places_drop and left is not None and left <= 0:
        return "full"
    return None


def _limits(problem: SourcingProblem) -> dict[str, Tariff | None]:
    """Return by place the tariff whose limits its parcels have to keep; None when all are late.

    Where being late only costs something, the limits are those of the service asked for.
    """
    tariffs = (*problem.tariffs, FREE)  # NO_CARRIAGE is the last one
    limits: dict[str, Tariff | None] = {}
    joined = Tariffs(problem)
    for place in problem.places:
        late = problem.in_time and place.overdue_days
        limits[place.code] = joined.of(place) if late else tariffs[place.tariff]
    return limits


def _pair_reason(
    line: Line, candidate: Candidate, place: Place, limit: Tariff | None, barred: frozenset[str]
) -> str | None:
    if line.only and place.code != line.only:
        return "reoptimised"
    if place.code in barred:
        return "barred"
    if candidate.units <= 0:
        return "ring_fenced" if candidate.fenced_units > 0 else "out_of_stock"
    if line.hazardous and not place.takes_hazardous:
        return "hazardous"
    if limit is None:
        return "too_late"
    if line.weight_grams > limit.weights[-1]:
        return "too_heavy"
    return "too_long" if 0 < limit.length_max_mm < line.length_mm else None
