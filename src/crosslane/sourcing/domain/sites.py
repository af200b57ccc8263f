"""The way from a problem to what the search works on: its pieces, and a site for each place.

There can be hundreds of places, and one or two are sent from. What each asks is counted for all of
them together; a site is made of those that are looked at.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from crosslane.sourcing.domain.carriage import FREE, Tariffs
from crosslane.sourcing.domain.order import Least, Order, Piece, Site, twins, undominated
from crosslane.sourcing.domain.problem import (
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
)
from crosslane.sourcing.domain.rules import Passed, passing


class Sites:
    """The sites of a problem, by code.

    Args:
        problem: whose places.

    Attributes:
        passed: the candidates that the rules let through.
        pieces: what is to be placed, by SKU, the largest first.
        short: units of each SKU that are in no piece because nobody can give them.
        split_milli: what each parcel beyond the first one costs.
    """

    def __init__(self, problem: SourcingProblem) -> None:
        self._problem = problem
        self.passed: Passed = passing(problem)
        self.short: dict[str, int] = {}
        self.split_milli = split_milli(problem.settings)
        pieces: list[Piece] = []
        # Who may serve each piece, if they hold enough of it.
        self._holders: list[Mapping[str, Candidate]] = []
        for lines in by_sku(problem.lines):
            sku, found = lines[0].sku, self.passed[lines[0].key]
            wanted = sum([line.quantity for line in lines])
            stocks = [candidate.units for candidate in found.values()]
            parts, missing = broken(wanted, stocks, problem.settings)
            if missing:
                self.short[sku] = missing
            pieces += [piece_of(lines, part, problem.settings) for part in parts]
            self._holders += [found] * len(parts)
        self.pieces = tuple(pieces)
        self._twins = twins(pieces)
        self._tariffs = Tariffs(problem)
        self._costs = _costs(problem, pieces, self._holders)
        serving = set[str]().union(*self._costs)
        self._places = {place.code: place for place in problem.places if place.code in serving}
        parcels = parcels_milli(self.places, problem.settings)
        self._parcels = dict(zip(self._places, parcels, strict=True))
        self._made: dict[str, Site] = {}

    @property
    def places(self) -> Collection[Place]:
        """The places that serve a piece, by code."""
        return self._places.values()

    def order(self) -> Order:
        """Return what is searched: without the sites that cannot be part of a best plan."""
        kept, _ = undominated(self._contenders())
        return Order(self.pieces, tuple(kept), self.short, self.split_milli)

    def __iter__(self) -> Iterator[Site]:
        """Yield the site of every place that serves a piece."""
        return map(self.site, self._places)

    def whole(self) -> set[str]:
        """Return the codes of the places that serve every piece."""
        return set(self._places).intersection(*self._costs)

    def serving(self, sku: str) -> set[str]:
        """Return the codes of the places that hold enough of some piece of a SKU."""
        numbers = [number for number, piece in enumerate(self.pieces) if piece.sku == sku]
        return set[str]().union(*(self._costs[number] for number in numbers))

    def site(self, code: str) -> Site:
        """Return the site of a place that serves a piece."""
        made = self._made.get(code)
        if made is None:
            made = self._made[code] = self._site(code)
        return made

    def _site(self, code: str) -> Site:
        place = self._places[code]
        tariff = self._tariffs.of(place)
        if tariff is None:
            raise ValueError(f"the rules let {code} pass, which cannot be in time")
        parcel = self._parcels[code] + (self.split_milli if tariff is not FREE else 0)
        costs = {number: here[code] for number, here in enumerate(self._costs) if code in here}
        units: dict[str, int] = {}
        for number in costs if self._twins else ():
            if (sku := self.pieces[number].sku) in self._twins:
                units[sku] = self._holders[number][code].units
        least = None
        if place.units_min or place.value_min_milli:
            values = {
                number: self.pieces[number].quantity * self._holders[number][code].value_milli
                for number in costs
            }
            least = Least(place.units_min, place.value_min_milli, values)
        return Site(code, parcel, tariff, costs, units, least)

    def _contenders(self) -> Iterable[Site]:
        """Yield the sites but those of which it is seen at once that a better one replaces them.

        Of places whose parcels cost alike by weight, the first by the other costs of a parcel that
        asks the least of all for every piece leaves no room for those that come after it.
        """
        if self._twins or not self.whole():
            yield from self
            return
        least = [(costs, min(costs.values())) for costs in self._costs]
        closed: set[tuple[object, ...]] = set()
        for code in sorted(self._places, key=self._parcels.__getitem__):
            place = self._places[code]
            alike = place.tariff, place.overdue_days, place.faster
            if alike in closed:
                continue
            site = self.site(code)
            yield site
            if site.least is None and all(costs.get(code) == low for costs, low in least):
                closed.add(alike)


def order_of(problem: SourcingProblem) -> Order:
    """Return a problem as what is searched."""
    return Sites(problem).order()


def by_sku(lines: Iterable[Line]) -> list[list[Line]]:
    """Return the lines of each SKU together."""
    together: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        together[line.sku].append(line)
    return [together[sku] for sku in sorted(together)]


def piece_of(lines: Sequence[Line], quantity: int, settings: SourcingSettings) -> Piece:
    """Return units of lines of one SKU, all or a part of them.

    To leave all of them costs what each does; of a part those are left that cost the least.
    """
    sku, weight = lines[0].sku, quantity * lines[0].weight_grams
    if quantity == sum([line.quantity for line in lines]):
        left = sum([line.quantity * settings.unfilled_milli(line) for line in lines])
        return Piece(sku, quantity, weight, left)
    least = min([settings.unfilled_milli(line) for line in lines])
    return Piece(sku, quantity, weight, quantity * least)


def broken(wanted: int, stocks: Sequence[int], settings: SourcingSettings) -> tuple[list[int], int]:
    """Return the parts of a quantity that can be served, and what is missing.

    Whole when one place holds it; else as much as the fullest place has, then the next, so that
    the fewest places are needed.

    Args:
        wanted: the quantity.
        stocks: units of each place that may give any.
        settings: whether it may be broken, and into how many parts.
    """
    if stocks and max(stocks) >= wanted:
        return [wanted], 0
    if not settings.split_quantities:
        return [], wanted
    parts: list[int] = []
    for units in sorted(stocks, reverse=True)[: settings.pieces_per_line_max]:
        parts.append(min(units, wanted))
        wanted -= parts[-1]
        if not wanted:
            break
    return parts, wanted


def _costs(
    problem: SourcingProblem, pieces: Sequence[Piece], holders: Sequence[Mapping[str, Candidate]]
) -> list[dict[str, int]]:
    """Return by piece what each place asks for it that holds enough."""
    terms = problem.settings.terms
    handled, extra, scarce, saved = (
        int(term in terms) for term in ("handling_unit", "extra", "scarcity", "markdown")
    )
    handling = {place.code: place.handling_unit_milli * handled for place in problem.places}
    return [
        {
            code: piece.quantity
            * (
                handling[code]
                + each.extra_milli * extra
                + each.scarcity_milli * scarce
                - each.markdown_milli * saved
            )
            for code, each in found.items()
            if each.units >= piece.quantity
        }
        for piece, found in zip(pieces, holders, strict=True)
    ]


def split_milli(settings: SourcingSettings) -> int:
    """Return what each parcel of an order beyond its first costs."""
    return settings.split_milli if "split" in settings.terms else 0


def parcel_terms(place: Place, settings: SourcingSettings) -> dict[str, int]:
    """Return the costs of one parcel from a place apart from carriage, by term."""
    counted, left = settings.terms, place.capacity_left
    terms: dict[str, int] = {}
    if place.handling_parcel_milli and "handling_parcel" in counted:
        terms["handling_parcel"] = place.handling_parcel_milli
    distance = place.distance_metres * settings.distance_milli_per_km // 1000
    if distance and "distance" in counted:
        terms["distance"] = distance
    if place.capacity_milli and "capacity" in counted:
        terms["capacity"] = place.capacity_milli
    if left is not None and left <= 0 and settings.late_milli and "late" in counted:
        terms["late"] = settings.late_milli
    return terms


def parcels_milli(places: Iterable[Place], settings: SourcingSettings) -> list[int]:
    """Return for each place what one parcel costs: the sum of its :func:`parcel_terms`."""
    counted = settings.terms
    handled, held = int("handling_parcel" in counted), int("capacity" in counted)
    per_km = settings.distance_milli_per_km if "distance" in counted else 0
    late = settings.late_milli if "late" in counted else 0
    return [
        place.handling_parcel_milli * handled
        + place.distance_metres * per_km // 1000
        + place.capacity_milli * held
        + (late if place.capacity_left is not None and place.capacity_left <= 0 else 0)
        for place in places
    ]
