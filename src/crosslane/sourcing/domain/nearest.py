"""The yardstick of a plan: what the nearest place that has everything would have cost.

Without a planner goods go from the nearest place that holds the whole order; where there is none,
each piece goes from the nearest place that still holds it, and pieces of one place travel together.
It obeys the same hard rules, serves the same pieces and pays the same costs as a plan. A vendor
that would be asked for less than it takes on is passed by, and what then is left costs as much as
in a plan.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from crosslane.sourcing.domain.order import Order, Site
from crosslane.sourcing.domain.problem import SourcingProblem


class Nearest(msgspec.Struct, frozen=True):
    """What the nearest places would have sent.

    Args:
        pieces: numbers of the pieces each place sends, by code of the place.
        cost_milli: of all their parcels.
    """

    pieces: dict[str, tuple[int, ...]]
    cost_milli: int


def nearest(problem: SourcingProblem, order: Order) -> Nearest | None:
    """Return what the nearest places would have sent; of equals the earlier code is nearer.

    Returns:
        None when several places are open to choice and no distance is known.
    """
    distances = {place.code: place.distance_metres for place in problem.places}
    open_ones = [*order.sites, *(site for site, _ in order.needless)]
    sites: list[Site] = sorted(open_ones, key=lambda s: (distances[s.code], s.code))
    if len(sites) > 1 and not any(distances[site.code] for site in sites):
        return None
    by_code = {site.code: site for site in sites}
    chosen = _whole(order, sites)
    while chosen is None:
        chosen = _piece_by_piece(order, sites)
        small = {
            code for code, pieces in chosen.items() if not order.asks_enough(by_code[code], pieces)
        }
        if small:
            sites = [site for site in sites if site.code not in small]
            chosen = None
    served = {piece for pieces in chosen.values() for piece in pieces}
    cost = sum(p.unfilled_milli for n, p in enumerate(order.pieces) if n not in served)
    for code, pieces in chosen.items():
        weight = sum(order.pieces[number].weight_grams for number in pieces)
        cost += by_code[code].cost_milli(pieces, weight)
    if any(by_code[code].carries for code in chosen):
        cost -= order.split_milli
    return Nearest({code: tuple(pieces) for code, pieces in chosen.items()}, cost)


def _whole(order: Order, sites: Iterable[Site]) -> dict[str, list[int]] | None:
    everything = list(range(len(order.pieces)))
    wanted: dict[str, int] = defaultdict(int)
    for piece in order.pieces:
        wanted[piece.sku] += piece.quantity
    for site in sites:
        holds = len(site.costs) == len(everything)
        enough = all(wanted[sku] <= units for sku, units in site.units.items())
        if holds and enough and order.asks_enough(site, everything):
            return {site.code: everything}
    return None


def _piece_by_piece(order: Order, sites: Iterable[Site]) -> dict[str, list[int]]:
    """Give each piece to the nearest site that still holds it.

    The largest parts of a line come first, so that one of the sites they were cut to fit is always
    left for the next.
    """
    chosen: dict[str, list[int]] = defaultdict(list)
    left = {(site.code, sku): units for site in sites for sku, units in site.units.items()}
    for number, piece in enumerate(order.pieces):
        for site in sites:
            key = site.code, piece.sku
            if number in site.costs and left.get(key, piece.quantity) >= piece.quantity:
                chosen[site.code].append(number)
                if key in left:
                    left[key] -= piece.quantity
                break
    return chosen
