"""Hard rules: what drops a candidate before any cost is looked at, each with its name."""

from collections.abc import Callable

import msgspec

from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Candidate,
    Line,
    Place,
    SourcingProblem,
    Tariff,
)


class Pair(msgspec.Struct, frozen=True):
    """A line and a candidate for it, as the rules look at them."""

    line: Line
    candidate: Candidate
    place: Place
    tariff: Tariff | None
    barred: frozenset[str]


# Per table: asked in this order; the first rule that holds names the reason.
PLACE_RULES: tuple[tuple[str, Callable[[SourcingProblem, Place], bool]], ...] = (
    ("inactive", lambda problem, place: not place.active),
    ("closed", lambda problem, place: not place.open),
    ("unable", lambda problem, place: problem.method not in place.serves),
    ("not_a_sender", lambda problem, place: not place.sends),
    (
        "full",
        lambda problem, place: (
            problem.settings.full_places_drop
            and place.capacity_left is not None
            and place.capacity_left <= 0
        ),
    ),
)
PAIR_RULES: tuple[tuple[str, Callable[[Pair], bool]], ...] = (
    ("barred", lambda pair: pair.place.code in pair.barred),
    ("ring_fenced", lambda pair: pair.candidate.units <= 0 < pair.candidate.fenced_units),
    ("out_of_stock", lambda pair: pair.candidate.units <= 0),
    ("hazardous", lambda pair: pair.line.hazardous and not pair.place.takes_hazardous),
    (
        "too_heavy",
        lambda pair: (
            pair.tariff is not None and pair.line.weight_grams > pair.tariff.weight_max_grams
        ),
    ),
    (
        "too_long",
        lambda pair: (
            pair.tariff is not None and 0 < pair.tariff.length_max_mm < pair.line.length_mm
        ),
    ),
)


class Dropped(msgspec.Struct, frozen=True, array_like=True):
    """A candidate that a rule took out.

    Args:
        line: key of the line.
        place: code of the place.
        rule: name of the rule.
    """

    line: str
    place: str
    rule: str


# The candidates of each line that may serve it, by place.
Passed = dict[str, dict[str, Candidate]]


def sift(problem: SourcingProblem) -> tuple[Passed, list[Dropped]]:
    """Return the candidates that pass every hard rule, and those that do not with the reason.

    What is barred for one line of a SKU is barred for all its lines in the order: the place has
    said that it does not find the goods.
    """
    barred: dict[str, frozenset[str]] = {}
    for line in problem.lines:
        barred[line.sku] = barred.get(line.sku, frozenset()) | line.barred
    places = {place.code: place for place in problem.places}
    verdicts = {place.code: _place_reason(problem, place) for place in problem.places}
    passed: Passed = {}
    dropped: list[Dropped] = []
    for line in problem.lines:
        passed[line.key] = {}
        refused = None if problem.method in line.methods else "method_not_allowed"
        for candidate in line.candidates:
            place = places[candidate.place]
            tariff = None if place.tariff == NO_CARRIAGE else problem.tariffs[place.tariff]
            reason = (
                refused
                or verdicts[place.code]
                or _pair_reason(Pair(line, candidate, place, tariff, barred[line.sku]))
            )
            if reason is None:
                passed[line.key][place.code] = candidate
            else:
                dropped.append(Dropped(line.key, place.code, reason))
    return passed, dropped


def _place_reason(problem: SourcingProblem, place: Place) -> str | None:
    return next((name for name, drops in PLACE_RULES if drops(problem, place)), None)


def _pair_reason(pair: Pair) -> str | None:
    return next((name for name, drops in PAIR_RULES if drops(pair)), None)
