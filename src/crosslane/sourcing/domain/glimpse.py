"""Orders that are decided at a glance, and yet kept with everything they were decided on.

Most orders are plain: sent home by one service, for no instant, and of those whose parcels cost the
least somebody has all of it for the least. Such a question is worked on by columns, from the stock
that was read to the receipt that is kept: no place, candidate or site is made of who is only looked
at. Plan, yardstick and problem are the very ones of :func:`receipt.decide`; what needs a closer
look gets it.
"""

from collections.abc import Mapping, Sequence
from itertools import compress, repeat
from uuid import UUID

import msgspec

from crosslane.inventory import Survey
from crosslane.locations import Location
from crosslane.sourcing.domain.building import bare_lines, places_for, settings_of
from crosslane.sourcing.domain.carriage import priced
from crosslane.sourcing.domain.columns import Columns, Packed
from crosslane.sourcing.domain.order import Order, Piece, Site, undominated
from crosslane.sourcing.domain.planning import packing_of, plan_of
from crosslane.sourcing.domain.problem import (
    EXACT_PIECES_MAX,
    Line,
    SourcingProblem,
    SourcingSettings,
    Tariff,
)
from crosslane.sourcing.domain.receipt import Glimpsed
from crosslane.sourcing.domain.requests import SourcingRequest
from crosslane.sourcing.domain.sites import split_milli
from crosslane.sourcing.domain.stood import BEYOND_MILLI, Stood
from crosslane.sourcing.domain.world import Route, World

# To look at more places than this for nothing would cost as much as the closer look.
SITES_MAX = 6
# Where each line lies at so many of the places, one of the first will have them all, and the places
# are those of other orders as well. Where goods lie thinner, both is seldom.
DENSE_PERCENT = 75
# Units of a line at each place, and likewise what one of them is worth there.
Column = tuple[int, ...]


class _Seen(msgspec.Struct, frozen=True):
    """A plain question by columns, one entry of each per place.

    Args:
        stood: the places.
        lines: of the request.
        settings: which costs count.
        tariff: of all parcels, as it counts.
        metres: how far each place is.
        parcel_milli: what a parcel costs from each, carriage and what all share aside.
        units: of each line, in the order of the lines.
        scarce_milli: likewise; None where nothing is worth anything to others.
    """

    stood: Stood
    lines: list[Line]
    settings: SourcingSettings
    tariff: Tariff
    metres: list[int]
    parcel_milli: list[int]
    units: list[Column]
    scarce_milli: list[Column | None]

    def has_all(self, number: int) -> bool:
        """Say whether a place has every line."""
        for line, units in zip(self.lines, self.units, strict=True):
            if units[number] < line.quantity:
                return False
        return True

    def has_any(self, number: int) -> bool:
        """Say whether a place has any line whole."""
        pairs = zip(self.lines, self.units, strict=True)
        return any(units[number] >= line.quantity for line, units in pairs)

    def goods_milli(self, line: int, number: int) -> int:
        """Return what a place asks for a line, its parcel aside."""
        scarce = self.scarce_milli[line] if "scarcity" in self.settings.terms else None
        worth = scarce[number] if scarce else 0
        return self.lines[line].quantity * (self.stood.unit_milli[number] + worth)


def at_a_glance(
    world: World, request: SourcingRequest, route: Route, survey: Survey
) -> Glimpsed | None:
    """Decide a request at a glance; None where it takes a closer look.

    Args:
        world: what it is decided on.
        request: as asked.
        route: how its parcels travel.
        survey: what is available.
    """
    seen = _seen(world, request, route, survey)
    found = _order(seen) if seen else None
    if seen is None or found is None or route.tariff is None:
        return None
    asked = SourcingProblem(
        request.method, request.currency, tuple(seen.lines), (), (route.tariff,), seen.settings
    )
    plan = plan_of(asked, found, packing_of(found, seen.settings.search_effort))
    packed, columns = _columns(request, route.tariff, seen)
    return Glimpsed(packed, columns, plan, _nearest_milli(seen, found))


def _seen(world: World, request: SourcingRequest, route: Route, survey: Survey) -> _Seen | None:
    """Return a request by columns, None when it is not plain."""
    tariff = route.tariff
    if request.method != "ship" or request.store is not None or tariff is None:
        return None
    if request.in_time or request.wanted_at is not None or world.marks_down:
        return None
    if any(asked.barred or asked.only for asked in request.lines):
        return None
    lines = bare_lines(world, request)
    if not len({line.sku for line in lines}) == len(lines) <= EXACT_PIECES_MAX:
        return None
    if not all("ship" in line.methods and tariff.takes(line) for line in lines):
        return None
    locations = world.holders(request.lines, survey)
    stocks = [survey.candidates(asked.variant.id) for asked in request.lines]
    if min(map(len, stocks), default=0) * 100 < len(locations) * DENSE_PERCENT:
        return None
    if not locations or not world.demanding.keys().isdisjoint(locations):
        return None
    settings = settings_of(world.policies, request)
    stood = _stood(world, request, route, locations, settings)
    metres = stood.metres(route.goal)
    per_km = settings.distance_milli_per_km if "distance" in settings.terms else 0
    parcels = stood.parcel_milli
    if per_km:
        parcels = [p + m * per_km // 1000 for p, m in zip(parcels, metres, strict=True)]
    problem = SourcingProblem("ship", request.currency, (), (), (tariff,), settings)
    counted = priced(problem, 0)
    goods = [asked.variant.id for asked in request.lines]
    units = [tuple(map(stock.get, locations, repeat(0))) for stock in stocks]
    worth = world.prices.scarcity
    scarce = [
        _scarce(locations, row, worth[each]) if each in worth else None
        for row, each in zip(units, goods, strict=True)
    ]
    return _Seen(stood, lines, settings, counted, metres, parcels, units, scarce)


def _scarce(locations: Mapping[UUID, Location], units: Column, worth: Mapping[UUID, int]) -> Column:
    """Return what a unit is worth at each place that has any."""
    return tuple([worth.get(at, 0) if n else 0 for at, n in zip(locations, units, strict=True)])


def _stood(
    world: World,
    request: SourcingRequest,
    route: Route,
    locations: Mapping[UUID, Location],
    settings: SourcingSettings,
) -> Stood:
    """Return locations as every order of the moment sees them, worked out once."""
    key = id(locations), request.at, settings
    known = world.standings.get(key)
    if known is None:
        here, near = list(locations.values()), msgspec.structs.replace(route, goal=None)
        places = places_for(world, request, near, here, settings)
        day_of = world.days_at(request.at).of
        days = [
            (at.id, day)
            if place.capacity_left is not None and (day := day_of(at.timetable)) is not None
            else None
            for at, place in zip(here, places, strict=True)
        ]
        known = world.standings[key] = Stood(locations, places, days, settings)
    return known


def _order(seen: _Seen) -> Order | None:
    """Return what is searched, None when the first places by their parcels do not settle it.

    The first that asks the least that anybody could ask for everything closes the door on those
    after it (see :mod:`sites`).
    """
    numbers = sorted(range(len(seen.lines)), key=lambda number: seen.lines[number].sku)
    shared = split_milli(seen.settings)
    least = [seen.lines[n].quantity * seen.stood.unit_milli_least for n in numbers]
    costly = seen.parcel_milli
    first = costly.index(min(costly))
    ranked: Sequence[int] = (first,)
    if not seen.has_all(first):
        ranked = sorted(range(len(costly)), key=costly.__getitem__)
    sites: list[Site] = []
    for at in ranked:
        if costly[at] >= BEYOND_MILLI or len(sites) > SITES_MAX:
            return None
        costs = {
            piece: seen.goods_milli(n, at)
            for piece, n in enumerate(numbers)
            if seen.units[n][at] >= seen.lines[n].quantity
        }
        if not costs:
            continue
        code = seen.stood.standing.codes[at]
        sites.append(Site(code, costly[at] + shared, seen.tariff, costs, {}))
        if list(costs.values()) == least:
            pieces = tuple([_piece(seen.lines[n], seen.settings) for n in numbers])
            return Order(pieces, tuple(undominated(sites)[0]), {}, shared)
    return None


def _piece(line: Line, settings: SourcingSettings) -> Piece:
    weight, lost = line.weight_grams, settings.unfilled_milli(line)
    return Piece(line.sku, line.quantity, line.quantity * weight, line.quantity * lost)


def _columns(request: SourcingRequest, tariff: Tariff, seen: _Seen) -> tuple[Packed, Columns]:
    """Return the problem of a request; places whose stock is used up by now are not in it."""
    packed, metres, left = seen.stood.packed, seen.metres, seen.stood.left
    units = seen.units
    nothing = (0,) * len(metres)
    scarce = [row or nothing for row in seen.scarce_milli] if any(seen.scarce_milli) else []
    if all(0 in row for row in units):
        kept = [any(row) for row in zip(*units, strict=True)]
        if not all(kept):
            packed = Packed.of(seen.stood.standing.only(kept))
            metres, left = list(compress(metres, kept)), list(compress(left, kept))
            units = [tuple(compress(row, kept)) for row in units]
            scarce = [tuple(compress(row, kept)) for row in scarce]
    return packed, Columns(
        request.method,
        request.currency,
        tuple(metres),
        tuple(left),
        tuple(seen.lines),
        tuple(units),
        tuple(scarce) if any(map(any, scarce)) else (),
        tariff,
    )


def _nearest_milli(seen: _Seen, order: Order) -> int | None:
    """Return what the nearest place that has everything would cost, as :mod:`nearest` does."""
    metres, parcels = seen.metres, seen.parcel_milli
    at = metres.index(min(metres))
    if parcels[at] >= BEYOND_MILLI or not seen.has_all(at):
        able = [n for n, milli in enumerate(parcels) if milli < BEYOND_MILLI and seen.has_all(n)]
        at = min(able, key=metres.__getitem__)
    if not metres[at] and not _is_known(seen):
        return None
    weight = sum([piece.weight_grams for piece in order.pieces])
    goods = sum([seen.goods_milli(line, at) for line in range(len(seen.lines))])
    # The split cost is in each parcel but the first.
    shared = order.split_milli
    each = parcels[at] + shared
    return seen.tariff.parcels(weight) * each + seen.tariff.price_milli(weight) + goods - shared


def _is_known(seen: _Seen) -> bool:
    """Say whether there is a nearest place: some distance is known, or only one serves."""
    able = [at for at, milli in enumerate(seen.parcel_milli) if milli < BEYOND_MILLI]
    if any(seen.metres[at] and seen.has_any(at) for at in able):
        return True
    return len([at for at in able if seen.has_any(at)]) == 1
