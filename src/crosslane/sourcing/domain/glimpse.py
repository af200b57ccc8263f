"""Orders that are decided at a glance, and yet kept with everything they were decided on.

Most orders are plain: sent home by one service, for no instant, and of each line somebody has all.
Such a question is worked on by columns, from the stock that was read to the receipt that is kept:
no place and no candidate is made of anybody, and a site only of those that could be sent from.
Plan, yardstick and problem are the very ones of :func:`receipt.decide`; what needs a closer look
gets it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import repeat
from uuid import UUID

import msgspec

from crosslane.inventory import Survey
from crosslane.sourcing.domain.building import bare_lines, lasting_places, settings_of, today_of
from crosslane.sourcing.domain.carriage import priced
from crosslane.sourcing.domain.columns import Columns, Packed, is_dense
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
from crosslane.sourcing.domain.sites import by_sku, piece_of, split_milli
from crosslane.sourcing.domain.stood import BEYOND_MILLI, Ground, Group, Stood
from crosslane.sourcing.domain.world import Route, World

# To pack an order in more ways than this takes some milliseconds: not where others wait.
WAYS_MAX = 50_000
# Units of a line at each place, and likewise what one of them is worth there.
Column = tuple[int, ...]


class _Seen(msgspec.Struct, frozen=True, dict=True):
    """A plain question by columns, one entry of each per place. Its pieces are whole.

    Args:
        group: the places.
        lines: of the request.
        settings: which costs count.
        tariff: of all parcels, as it counts.
        metres: how far each place is.
        left: parcels it can still send on the day; None for no limit.
        parcel_milli: what a parcel costs from each, carriage and what all share aside.
        units: of each line, in the order of the lines; below zero what is all kept for others.
        scarce_milli: likewise; None where nothing is worth anything to others.
        pieces: by SKU; lines of one SKU are one piece.
        numbers: the line of each piece, or the first of several.
    """

    group: Group
    lines: list[Line]
    settings: SourcingSettings
    tariff: Tariff
    metres: Sequence[int]
    left: Sequence[int | None]
    parcel_milli: Sequence[int]
    units: list[Column]
    scarce_milli: list[Column | None]
    pieces: tuple[Piece, ...]
    numbers: list[int]

    @property
    def everything(self) -> int:
        """The bits of all pieces."""
        return (1 << len(self.pieces)) - 1

    @cached_property
    def able(self) -> list[int]:
        """The pieces each place may send whole, one bit for each."""
        able, costly = [0] * len(self.metres), self.parcel_milli
        for number, (piece, units) in enumerate(self._lying()):
            bit, wanted = 1 << number, piece.quantity
            able = [has | bit if n >= wanted else has for has, n in zip(able, units, strict=True)]
        if max(costly) < BEYOND_MILLI:
            return able
        return [has if milli < BEYOND_MILLI else 0 for has, milli in zip(able, costly, strict=True)]

    def has_all(self, at: int) -> bool:
        """Say whether a place may send everything, without a look at the others."""
        for piece, units in self._lying():
            if units[at] < piece.quantity:
                return False
        return self.parcel_milli[at] < BEYOND_MILLI

    def _lying(self) -> Iterator[tuple[Piece, Column]]:
        """Yield each piece with what lies at each place."""
        return zip(self.pieces, map(self.units.__getitem__, self.numbers), strict=True)

    def goods_milli(self, piece: int, at: int) -> int:
        """Return what a place asks for a piece, its parcel aside."""
        number = self.numbers[piece]
        scarce = self.scarce_milli[number] if "scarcity" in self.settings.terms else None
        worth = scarce[at] if scarce else 0
        return self.pieces[piece].quantity * (self.group.unit_milli[at] + worth)


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
    if len(lines) > EXACT_PIECES_MAX:
        return None
    if any(line.hazardous for line in lines) and world.limits_hazardous:
        return None
    if not all("ship" in line.methods and tariff.takes(line) for line in lines):
        return None
    stocks = [_lying(survey, asked.variant.id) for asked in request.lines]
    settings = settings_of(world.policies, request)
    stood = _stood(world, request, settings)
    ids = survey.lying([asked.variant.id for asked in request.lines])
    group = stood.group(ids, partial(today_of, world, request.at))
    if not group.ids or not world.demanding.keys().isdisjoint(group.ids):
        return None
    metres, parcels = group.metres(route.goal), stood.parcel_milli(group)
    per_km = settings.distance_milli_per_km if "distance" in settings.terms else 0
    if per_km:
        parcels = [p + m * per_km // 1000 for p, m in zip(parcels, metres, strict=True)]
    problem = SourcingProblem("ship", request.currency, (), (), (tariff,), settings)
    units = [tuple(map(stock.get, group.ids, repeat(0))) for stock in stocks]
    worth = world.prices.scarcity
    scarce = [
        _scarce(group.ids, row, worth[asked.variant.id]) if asked.variant.id in worth else None
        for row, asked in zip(units, request.lines, strict=True)
    ]
    alike = by_sku(lines)
    pieces = tuple(
        [piece_of(each, sum([line.quantity for line in each]), settings) for each in alike]
    )
    numbers = [lines.index(each[0]) for each in alike]
    counted, left = priced(problem, 0), stood.left(group)
    columns = metres, left, parcels, units, scarce
    return _Seen(group, lines, settings, counted, *columns, pieces, numbers)


def _lying(survey: Survey, variant: UUID) -> Mapping[UUID, int]:
    """Return units of a variant by location, less than zero where all are kept for others."""
    stock, kept = survey.candidates(variant), survey.kept(variant)
    return {**stock, **{at: -units for at, units in kept.items()}} if kept else stock


def _scarce(ids: Sequence[UUID], units: Column, worth: Mapping[UUID, int]) -> Column:
    """Return what a unit is worth at each place that has any."""
    return tuple([worth.get(at, 0) if n > 0 else 0 for at, n in zip(ids, units, strict=True)])


def _stood(world: World, request: SourcingRequest, settings: SourcingSettings) -> Stood:
    """Return the locations as all orders of the request's moment see them."""
    known = world.standings.get((request.at, settings))
    if known is None:
        ground = world.grounds.get(settings)
        if ground is None:
            at = world.network.all
            ground = world.grounds[settings] = Ground(at, lasting_places(at, settings), settings)
        known = Stood(ground, priced=bool(world.prices.capacity))
        world.standings[request.at, settings] = known
    return known


def _order(seen: _Seen) -> Order | None:
    """Return what is searched, None when nobody has all of some line, or too many could send."""
    pieces = seen.pieces
    unit_milli = min(seen.group.unit_milli)
    least = [piece.quantity * unit_milli for piece in pieces]
    first = seen.parcel_milli.index(min(seen.parcel_milli))
    if seen.has_all(first):
        site = _site(seen, first, range(len(pieces)))
        if list(site.costs.values()) == least:
            return Order(pieces, (site,), {}, split_milli(seen.settings))
    found = 0
    for has in set(seen.able):
        found |= has
    if found != seen.everything:
        return None
    kept, _ = undominated(_contenders(seen, least))
    if len(kept) << len(pieces) > WAYS_MAX:
        return None
    return Order(pieces, tuple(kept), {}, split_milli(seen.settings))


def _contenders(seen: _Seen, least: Sequence[int]) -> Iterator[Site]:
    """Yield the sites but those of which it is seen at once that a better one replaces them.

    By what a parcel costs, the first who has everything for the least that anybody could ask closes
    the door on those after it (see :mod:`sites`). Of those who have one piece only who asks less
    for it than all before is looked at.
    """
    asked = [BEYOND_MILLI] * len(least)
    costly, able = seen.parcel_milli, seen.able
    for at in sorted(range(len(costly)), key=costly.__getitem__):
        pieces = [piece for piece in range(len(least)) if able[at] >> piece & 1]
        if not pieces:
            continue
        site = _site(seen, at, pieces)
        cheaper = [piece for piece, cost in site.costs.items() if cost < asked[piece]]
        for piece in cheaper:
            asked[piece] = site.costs[piece]
        if cheaper or len(pieces) > 1:
            yield site
        if list(site.costs.values()) == least:
            break


def _site(seen: _Seen, at: int, pieces: Iterable[int]) -> Site:
    costs = {piece: seen.goods_milli(piece, at) for piece in pieces}
    parcel = seen.parcel_milli[at] + split_milli(seen.settings)
    return Site(seen.group.standing.codes[at], parcel, seen.tariff, costs, {})


def _columns(request: SourcingRequest, tariff: Tariff, seen: _Seen) -> tuple[Packed, Columns]:
    """Return the problem of a request."""
    nothing = (0,) * len(seen.metres)
    scarce = tuple([row or nothing for row in seen.scarce_milli])
    return seen.group.packed(densely=is_dense(seen.units)), Columns(
        request.method,
        request.currency,
        tuple(seen.metres),
        tuple(seen.left),
        tuple(seen.lines),
        tuple(seen.units),
        scarce if any(map(any, scarce)) else (),
        tariff,
    )


def _nearest_milli(seen: _Seen, order: Order) -> int | None:
    """Return what the nearest places would have sent it for, as :mod:`nearest` does."""
    sent = _nearest(seen)
    if sent is None:
        return None
    # The split cost is in each parcel but the first.
    cost = -order.split_milli
    for at, given in sent.items():
        weight = sum([order.pieces[piece].weight_grams for piece in given])
        each = seen.parcel_milli[at] + order.split_milli
        cost += seen.tariff.parcels(weight) * each + seen.tariff.price_milli(weight)
        cost += sum([seen.goods_milli(piece, at) for piece in given])
    return cost


def _nearest(seen: _Seen) -> Mapping[int, Sequence[int]] | None:
    """Return the pieces that the nearest places send; None when no distance is known."""
    far, pieces = seen.metres, range(len(seen.pieces))
    first, last = far.index(min(far)), far.index(max(far))
    if seen.has_all(first) and far[last] and seen.has_all(last):
        return {first: pieces}
    able, everything = seen.able, seen.everything
    serving = [at for at, has in enumerate(able) if has]
    if len(serving) > 1 and not any(far[at] for at in serving):
        return None
    if whole := [at for at in serving if able[at] == everything]:
        return {min(whole, key=far.__getitem__): pieces}
    sent: dict[int, list[int]] = {}
    for piece in pieces:
        holders = [at for at in serving if able[at] >> piece & 1]
        sent.setdefault(min(holders, key=far.__getitem__), []).append(piece)
    return sent
