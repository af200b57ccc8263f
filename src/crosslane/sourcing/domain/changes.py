"""The smallest change of one number that would have changed a plan, found by planning again.

A change could be of any of a thousand places, and most change nothing. Where many changes together
leave the plan as it is, none of them alone changes it: to make a place cheaper, or to let it hold
what others hold already, only adds to the choice. So they are tried together first.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nlargest
from itertools import pairwise
from operator import itemgetter
from typing import Literal

import msgspec

from crosslane.sourcing.domain.exact import sums_of
from crosslane.sourcing.domain.planning import SourcingPlan, plan
from crosslane.sourcing.domain.problem import Candidate, Line, Place, SourcingProblem
from crosslane.sourcing.domain.rules import passing, passing_but_least
from crosslane.sourcing.domain.sites import broken

# Of a line that no place holds whole, so many units more and less are tried, and so many changes.
UNITS_TRIED_MAX = 12
CHANGES_TRIED_MAX = 100


class Change(msgspec.Struct, frozen=True):
    """The smallest change of one number that would have changed the plan.

    Args:
        kind: ``price``: the cost of a parcel from the place; ``stock``: the units of the SKU there.
        place: code of the place; of a stock also one that holds nothing of it.
        sku: "" for a price.
        by: the change, in thousandths of a minor unit or in units.
    """

    kind: Literal["price", "stock"]
    place: str
    sku: str
    by: int


def price_change(problem: SourcingProblem, decided: SourcingPlan) -> Change | None:
    """Return the smallest change of one place's parcel cost that changes a plan.

    A place that is used would have to cost more, or less where more parcels could come from there,
    another one less; none less than nothing. Of changes of equal size one of a place that is used
    is told.
    """
    if "handling_parcel" not in problem.settings.terms:
        return None
    prices = _Prices(problem, decided)
    used = {parcel.place for parcel in decided.parcels}
    for place in problem.places:
        if place.code in used:
            prices.raise_one(place)
            prices.lower([place])
    prices.lower([place for place in problem.places if place.code not in used])
    return prices.found


class _Prices:
    """The search for the smallest change of a price.

    Attributes:
        found: the smallest one so far.
    """

    def __init__(self, problem: SourcingProblem, decided: SourcingPlan) -> None:
        self._problem, self._decided = problem, decided
        self.found: Change | None = None
        # Whoever asks so much more is not sent from: to leave everything out costs less.
        left_out = sum(line.quantity * problem.unfilled_milli(line) for line in problem.lines)
        self._dearest = left_out - decided.cost_milli + 1

    def raise_one(self, place: Place) -> None:
        """Look for a smaller change that makes a place dearer."""
        most = self._at_most(self._dearest)
        if most and self._changes({place.code: most}):
            self._keep(place, 1, most)

    def lower(self, places: Sequence[Place]) -> None:
        """Look for a smaller change that makes one of some places cheaper."""
        lower = {p.code: -self._at_most(p.handling_parcel_milli) for p in places}
        if not any(lower.values()) or not self._changes(lower):
            return
        if len(places) == 1:
            self._keep(places[0], -1, -lower[places[0].code])
            return
        self.lower(places[: len(places) // 2])
        self.lower(places[len(places) // 2 :])

    def _keep(self, place: Place, sign: int, most: int) -> None:
        """Keep the smallest change of a place that changes the plan; one of ``most`` does.

        The dearer a parcel of a place, the fewer the best plan sends from there, so the turning
        point is found by halving.
        """
        same, other = 0, most
        while other - same > 1:
            middle = (same + other) // 2
            changes = self._changes({place.code: sign * middle})
            same, other = (same, middle) if changes else (middle, other)
        self.found = Change("price", place.code, "", sign * other)

    def _at_most(self, most: int) -> int:
        """Return the largest change that is of interest, of no more than ``most``."""
        return min(most, abs(self.found.by) - 1) if self.found else most

    def _changes(self, more: Mapping[str, int]) -> bool:
        """Say whether the plan is another one when parcels of some places cost so much more."""
        places = tuple(
            msgspec.structs.replace(
                place, handling_parcel_milli=place.handling_parcel_milli + more[place.code]
            )
            if place.code in more
            else place
            for place in self._problem.places
        )
        varied = msgspec.structs.replace(self._problem, places=places)
        return plan(varied).assignments != self._decided.assignments


def stock_change(problem: SourcingProblem, decided: SourcingPlan) -> Change | None:
    """Return the smallest change of one SKU's units at one place that changes a plan.

    A place that gives units would have to lack one of them. Where one place holds all that is
    wanted of a SKU, another comes into question by holding as much; else any unit more or less may
    tell, because it is by their stocks that the quantity is broken into parts. Of those changes the
    CHANGES_TRIED_MAX smallest are tried.
    """
    skus = [line.sku for line in problem.lines]
    stocks = [_Stock(problem, decided, sku) for sku in dict.fromkeys(skus)]
    found = min(filter(None, (stock.of_whole() for stock in stocks)), key=_by_size, default=None)
    trials = [trial for stock in stocks for trial in stock.of_parts()]
    for trial in sorted(trials, key=_by_size)[:CHANGES_TRIED_MAX]:
        if found is not None and _by_size(found) < _by_size(trial):
            break
        if _stock_changes(problem, decided, [trial]):
            return trial
    return found


def _by_size(change: Change) -> tuple[int, int, str, str]:
    return abs(change.by), change.by, change.place, change.sku


class _Stock:
    """The units of one SKU, wherever they lie or could lie."""

    def __init__(self, problem: SourcingProblem, decided: SourcingPlan, sku: str) -> None:
        self._problem, self._decided, self._sku = problem, decided, sku
        lines = [line for line in problem.lines if line.sku == sku]
        held = {each.place: each.units for each in lines[0].candidates}
        self._units = {place.code: held.get(place.code, 0) for place in problem.places}
        self._wanted = sum(line.quantity for line in lines)
        keys = {line.key for line in lines}
        self._taken: dict[str, int] = {}
        for each in decided.assignments:
            if each.line in keys:
                self._taken[each.place] = self._taken.get(each.place, 0) + each.quantity
        self._is_whole = self._wanted in self._taken.values()
        key = lines[0].key
        self._able = passing_but_least(problem)[key].keys()
        # What else a vendor sends may depend on every unit, up to the least that it takes on.
        self._counting = {p.code for p in problem.places if p.units_min or p.value_min_milli}
        stocks = {code: each.units for code, each in passing(problem)[key].items()}
        # It is by these that the quantity is broken, one of them aside.
        most = problem.settings.pieces_per_line_max + 1
        self._fullest = nlargest(most, stocks.items(), key=itemgetter(1))
        self._known: dict[tuple[int, ...], list[int]] = {}

    def of_whole(self) -> Change | None:
        """Return the smallest change where one place gives everything."""
        if not self._is_whole:
            return None
        (giver,) = self._taken
        lacking = self._change(giver, self._wanted - 1 - self._units[giver])
        more: list[Change] = []
        for code, units in self._units.items():
            lacks = self._wanted - units
            every = range(1, min(lacks, UNITS_TRIED_MAX)) if code in self._counting else ()
            more += [self._change(code, by) for by in (*every, lacks) if by > 0]
        found = [_first(sorted(more, key=_by_size), self._change_together)]
        if _stock_changes(self._problem, self._decided, [lacking]):
            found.append(lacking)
        return min(filter(None, found), key=_by_size, default=None)

    def of_parts(self) -> Iterable[Change]:
        """Yield changes that could change the plan where no place gives everything.

        Of changes of one place that come to the same only the smallest one could be the answer.
        """
        if self._is_whole:
            return
        for code, units in self._units.items():
            # Where units lie that no rule lets pass, more of them change nothing.
            if units and code not in self._able:
                continue
            lacking = self._taken.get(code, 0) - 1 - units
            more = {*range(1, UNITS_TRIED_MAX + 1), max(0, self._wanted - units)}
            less = {*range(-min(units, UNITS_TRIED_MAX), 0), min(0, lacking)}
            for trials in (sorted(more - {0}), sorted(less - {0}, reverse=True)):
                for before, by in pairwise([0, *trials]):
                    if self._tells(code, units + before, units + by):
                        yield self._change(code, by)

    def _tells(self, code: str, before: int, after: int) -> bool:
        """Say whether a plan could depend on which of two numbers of units is at a place."""
        parts = self._broken(code, after)
        if after > before and code in self._counting:
            return True
        if parts != self._broken(code, before):
            return True
        if after < before:
            return after < self._taken.get(code, 0) <= before
        sums = self._sums(parts)
        return bisect_right(sums, before) < bisect_right(sums, after)

    def _broken(self, code: str, units: int) -> tuple[int, ...]:
        """Return the parts into which the quantity is broken with so many units at a place."""
        others = [most for at, most in self._fullest if at != code]
        parts, _ = broken(self._wanted, [*others, units], self._problem.settings)
        return tuple(parts)

    def _sums(self, parts: tuple[int, ...]) -> list[int]:
        """Return the units that some of the parts come to, rising."""
        if parts not in self._known:
            self._known[parts] = sorted(sums_of(parts))
        return self._known[parts]

    def _change(self, code: str, by: int) -> Change:
        return Change("stock", code, self._sku, by)

    def _change_together(self, changes: Sequence[Change]) -> bool:
        return _stock_changes(self._problem, self._decided, changes)


def _first(trials: Sequence[Change], changes: Callable[[Sequence[Change]], bool]) -> Change | None:
    """Return the first that changes the plan; none does where all together do not."""
    if not trials or not changes(trials):
        return None
    if len(trials) == 1:
        return trials[0]
    middle = len(trials) // 2
    return _first(trials[:middle], changes) or _first(trials[middle:], changes)


def _stock_changes(
    problem: SourcingProblem, decided: SourcingPlan, changes: Sequence[Change]
) -> bool:
    """Say whether the plan is another one after some changes of one SKU's units."""
    sku, more = changes[0].sku, {change.place: change.by for change in changes}

    def varied(line: Line) -> Line:
        if line.sku != sku:
            return line
        left = {each.place: each for each in line.candidates}
        for code, by in more.items():
            here = left.get(code, Candidate(code, 0))
            left[code] = msgspec.structs.replace(here, units=here.units + by)
        return msgspec.structs.replace(line, candidates=tuple(left[code] for code in sorted(left)))

    changed = msgspec.structs.replace(problem, lines=tuple(varied(line) for line in problem.lines))
    return plan(changed).assignments != decided.assignments
