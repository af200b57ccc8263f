"""What a place's parcels cost on their way: by the service asked for, or by a faster one.

A parcel that would arrive too late costs something for each day. Where a faster service costs less
than that, the parcel goes by it. Which one is cheapest depends on the parcel's weight alone, so
that all services of a place together are one staircase by weight, and the planner knows no more
than a tariff.
"""

from collections.abc import Iterator, Sequence

import msgspec

from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Faster,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
)

# Carries whatever is fetched where it lies. There is one such object, by which it is known.
FREE = Tariff(weights=(2**62,), prices_milli=(0,))


class Way(msgspec.Struct, frozen=True):
    """A service by which parcels of a place may go.

    Args:
        tariff: its prices; zeros when carriage does not count.
        late_milli: what the days cost by which each parcel is late.
        overdue_days: those days.
    """

    tariff: Tariff
    late_milli: int
    overdue_days: int = 0

    def price_milli(self, weight_grams: int) -> int:
        """Return what one parcel costs, what is paid by the kilogram aside."""
        per_kg = self.tariff.per_kg_milli * weight_grams // 1000
        return self.tariff.price_milli(weight_grams) - per_kg + self.late_milli


class Tariffs:
    """The tariffs by which the parcels of a problem's places are counted, each made once.

    Args:
        problem: whose places.
    """

    def __init__(self, problem: SourcingProblem) -> None:
        self._problem = problem
        self._plain = "carriage" in problem.settings.terms
        self._made: dict[tuple[int, int, tuple[Faster, ...]], Tariff | None] = {}

    def of(self, place: Place) -> Tariff | None:
        """Return the tariff of a place; limits of weight hold even when carriage is off.

        None when nothing of the place's would be in time that has to be.
        """
        if place.tariff == NO_CARRIAGE:
            return None if self._problem.in_time and place.overdue_days else FREE
        if self._plain and not place.overdue_days:
            return self._problem.tariffs[place.tariff]
        key = place.tariff, place.overdue_days, place.faster
        if key not in self._made:
            self._made[key] = _joined(self._problem, place)
        return self._made[key]


def ways(problem: SourcingProblem, place: Place) -> list[Way]:
    """Return the services a place's parcels may go by, the one asked for first if it may be used.

    A faster one is looked at only where that one is late, and only when it takes the longest thing
    of the order and asks as much per kilogram. None is left where nothing would be in time that
    has to be.
    """
    settings = problem.settings
    asked = priced(problem, place.tariff)
    per_day = settings.overdue_milli_per_day if "overdue" in settings.terms else 0
    if not place.overdue_days:
        return [Way(asked, 0)]
    days = place.overdue_days
    found = [] if problem.in_time else [Way(asked, days * per_day, days)]
    if "express" not in settings.terms:
        return found
    longest = max((line.length_mm for line in problem.lines), default=0)
    for faster in place.faster:
        tariff = priced(problem, faster.tariff)
        fits = not tariff.length_max_mm or longest <= tariff.length_max_mm
        late = problem.in_time and faster.overdue_days
        if fits and not late and tariff.per_kg_milli == asked.per_kg_milli:
            found.append(Way(tariff, faster.overdue_days * per_day, faster.overdue_days))
    return found


def travels(problem: SourcingProblem, place: Place, weight_grams: int) -> Iterator[tuple[int, Way]]:
    """Yield the parcels a weight from a place divides into, each with the service it goes by.

    Where nothing is in time that has to be, it is told how they would go if it had not.
    """
    possible = ways(problem, place)
    if not possible:
        problem = msgspec.structs.replace(problem, in_time=False)
        possible = ways(problem, place)
    heaviest = _heaviest(problem, possible)
    full = max(0, -(-weight_grams // heaviest) - 1)
    for weight in (*[heaviest] * full, weight_grams - full * heaviest):
        yield weight, _cheapest(possible, weight)


def carriage_terms(problem: SourcingProblem, place: Place, weight_grams: int) -> dict[str, int]:
    """Return the costs of a weight on its way; what a faster service adds is ``express``."""
    if place.tariff == NO_CARRIAGE:
        return {}
    asked = priced(problem, place.tariff)
    terms = {"carriage": asked.price_milli(weight_grams)}
    if place.overdue_days:
        parcels = list(travels(problem, place, weight_grams))
        paid = sum(way.price_milli(weight) - way.late_milli for weight, way in parcels)
        usual = terms["carriage"] - asked.per_kg_milli * weight_grams // 1000
        terms["express"] = paid - usual
        terms["overdue"] = sum(way.late_milli for _, way in parcels)
    return {name: cost for name, cost in terms.items() if cost}


def faster_services(problem: SourcingProblem, place: Place, weight_grams: int) -> tuple[str, ...]:
    """Return the services that a weight from a place goes by; none when it is the one asked for."""
    if place.tariff == NO_CARRIAGE:
        return ()
    asked = problem.tariffs[place.tariff].service
    used = {way.tariff.service for _, way in travels(problem, place, weight_grams)}
    return () if used == {asked} else tuple(sorted(used))


def priced(problem: SourcingProblem, number: int) -> Tariff:
    """Return a tariff of a problem by its number, for nothing when carriage does not count."""
    return counted(problem.tariffs[number], problem.settings)


def counted(tariff: Tariff, settings: SourcingSettings) -> Tariff:
    """Return a tariff as it counts by settings: for nothing when carriage does not."""
    if "carriage" in settings.terms:
        return tariff
    free = (0,) * len(tariff.prices_milli)
    return msgspec.structs.replace(tariff, prices_milli=free, per_kg_milli=0)


def _heaviest(problem: SourcingProblem, possible: Sequence[Way]) -> int:
    """Return the heaviest parcel: the one of the service asked for, while that one may be used."""
    asked = possible[:1] if not problem.in_time else possible
    return max(way.tariff.weight_max_grams for way in asked)


def _cheapest(possible: Sequence[Way], weight_grams: int) -> Way:
    able = [way for way in possible if weight_grams <= way.tariff.weight_max_grams]
    return min(able, key=lambda way: way.price_milli(weight_grams))


def _joined(problem: SourcingProblem, place: Place) -> Tariff | None:
    """Return a place's services as one tariff, with what being late costs in its prices."""
    possible = ways(problem, place)
    if not possible:
        return None
    if len(possible) == 1 and not possible[0].late_milli:
        return possible[0].tariff
    heaviest = _heaviest(problem, possible)
    ends = sorted({end for way in possible for end in way.tariff.weights if end <= heaviest})
    prices = [_cheapest(possible, end).price_milli(end) for end in ends]
    return Tariff(tuple(ends), tuple(prices), possible[0].tariff.per_kg_milli)
