"""Hard rules: what drops a candidate before any cost is looked at, each with its name."""

from collections.abc import Callable, Container, Iterable, Sequence

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
# For what is asked of a place whatever it holds.
SOME = Candidate("", 1)
NOBODY: frozenset[str] = frozenset()


def passing(problem: SourcingProblem) -> Passed:
    """Return the candidates of each line that pass every hard rule, by place.

    What is barred for one line of a SKU is barred for all its lines in the order: the place has
    said that it does not find the goods. A vendor that is asked for less than it takes on even if
    it sent all it can is out for every line.
    """
    passed = passing_but_least(problem)
    for place in _demanding_too_much(problem, passed):
        for candidates in passed.values():
            candidates.pop(place, None)
    return passed


def passing_but_least(problem: SourcingProblem) -> Passed:
    """Return the same, whatever the least is that vendors take on."""
    return _Sieve(problem).passed()


def refused(problem: SourcingProblem) -> list[DroppedPlaces]:
    """Return the candidates that do not pass, by the first rule that holds, line by line."""
    sieve = _Sieve(problem)
    passed = sieve.passed()
    dropped = [group for line in problem.lines for group in sieve.dropped(line, passed[line.key])]
    small = _demanding_too_much(problem, passed)
    for line in problem.lines:
        gone = sorted(small & passed[line.key].keys())
        if gone:
            dropped.append(DroppedPlaces("below_minimum", line.key, tuple(gone)))
    return dropped


class _Sieve:
    """The rules of a problem's lines. Who passes is quickly seen, why another does not is asked."""

    def __init__(self, problem: SourcingProblem) -> None:
        self._problem = problem
        self._limit = _limits(problem)
        self._sound = sound_places(problem)
        self._codes = {place.code for place in self._sound}
        self._strictest = _strictest(problem, self._sound, self._limit)
        self._barred: dict[str, frozenset[str]] = {}
        for line in problem.lines:
            if line.barred:
                self._barred[line.sku] = self._barred.get(line.sku, NOBODY) | line.barred

    def passed(self) -> Passed:
        """Return the candidates of each line that pass, minimums of vendors aside."""
        passed: Passed = {}
        for line in self._problem.lines:
            able = self._able(line)
            passed[line.key] = {
                each.place: each
                for each in line.candidates
                if each.units > 0 and each.place in able
            }
        return passed

    def dropped(self, line: Line, passed: Iterable[str]) -> Iterable[DroppedPlaces]:
        """Yield the candidates of a line that do not pass, by the first rule that holds."""
        problem, places = self._problem, {place.code: place for place in self._problem.places}
        groups: dict[str, list[str]] = {}
        for candidate in line.candidates:
            if candidate.place in passed:
                continue
            place = places[candidate.place]
            if problem.method not in line.methods:
                rule = "method_not_allowed"
            else:
                rule = place_reason(problem, place) or self._reason(line, candidate, place)
            groups.setdefault(str(rule), []).append(place.code)
        for rule, codes in groups.items():
            yield DroppedPlaces(rule, line.key, tuple(codes))

    def _able(self, line: Line) -> Container[str]:
        """Return the places that could serve a line if they held any of it."""
        if self._problem.method not in line.methods:
            return NOBODY
        heaviest, longest = self._strictest
        small = line.weight_grams <= heaviest and line.length_mm <= longest
        if small and not (line.only or line.hazardous or line.sku in self._barred):
            return self._codes
        return {at.code for at in self._sound if self._reason(line, SOME, at) is None}

    def _reason(self, line: Line, candidate: Candidate, place: Place) -> str | None:
        """Return the rule by which a place that is sound does not serve a line."""
        if line.only and place.code != line.only:
            return "reoptimised"
        if place.code in self._barred.get(line.sku, NOBODY):
            return "barred"
        if candidate.units <= 0:
            return "ring_fenced" if candidate.fenced_units > 0 else "out_of_stock"
        if line.hazardous and not place.takes_hazardous:
            return "hazardous"
        limit = self._limit(place)
        if limit is None:
            return "too_late"
        if line.weight_grams > limit.weights[-1]:
            return "too_heavy"
        return "too_long" if 0 < limit.length_max_mm < line.length_mm else None


def _demanding_too_much(problem: SourcingProblem, passed: Passed) -> set[str]:
    """Return the vendors that could not be asked for enough."""
    demanding = [each for each in problem.places if each.units_min or each.value_min_milli]
    if not demanding:
        return set()
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
    return small


def sound_places(problem: SourcingProblem) -> list[Place]:
    """Return the places for which :func:`place_reason` has no reason; there can be hundreds."""
    method = problem.method
    sound = [p for p in problem.places if p.active and p.open and p.sends and method in p.serves]
    if problem.settings.full_places_drop:
        return [place for place in sound if place_reason(problem, place) is None]
    return sound


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
    # What may not be late is out by that rule, unless the place's next day is soon enough.
    dropped = problem.settings.full_places_drop and not problem.in_time
    if dropped and left is not None and left <= 0:
        return "full"
    return None


def _limits(problem: SourcingProblem) -> Callable[[Place], Tariff | None]:
    """Return what tells the tariff whose limits a place's parcels keep; None when all are late.

    Where being late only costs something, the limits are those of the service asked for.
    """
    tariffs = (*problem.tariffs, FREE)  # NO_CARRIAGE is the last one
    joined = Tariffs(problem)

    def limit(place: Place) -> Tariff | None:
        late = problem.in_time and place.overdue_days
        return joined.of(place) if late else tariffs[place.tariff]

    return limit


def _strictest(
    problem: SourcingProblem, places: Sequence[Place], limit: Callable[[Place], Tariff | None]
) -> tuple[int, int]:
    """Return the weight and the length that parcels of every one of some places take."""
    apart = {place.tariff: place for place in places}
    limits = [limit(place) for place in apart.values()]
    if problem.in_time:
        limits += [limit(place) for place in places if place.overdue_days]
    heaviest = longest = FREE.weight_max_grams
    for tariff in limits:
        if tariff is None:
            return -1, -1
        heaviest = min(heaviest, tariff.weight_max_grams)
        longest = min(longest, tariff.length_max_mm or longest)
    return heaviest, longest
