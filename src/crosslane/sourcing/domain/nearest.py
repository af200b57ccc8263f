"""The yardstick of a plan: what the nearest place that has everything would have cost.

Without a planner goods go from the nearest place that holds the whole order; where there is none,
each piece goes from the nearest place that still holds it, and pieces of one place travel together.
It obeys the same hard rules, serves the same pieces and pays the same costs as a plan. A vendor
that would be asked for less than it takes on is passed by, and what then is left costs as much as
in a plan.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter

import msgspec

from crosslane.sourcing.domain.order import Order, Site
from crosslane.sourcing.domain.sites import Sites


class Nearest(msgspec.Struct, frozen=True):
    """What the nearest places would have sent.

    Args:
        pieces: numbers of the pieces each place sends, by code of the place.
        cost_milli: of all their parcels.
    """

    pieces: dict[str, tuple[int, ...]]
    cost_milli: int


def nearest(order: Order, sites: Sites) -> Nearest | None:
    """Return what the nearest places would have sent; of equals the earlier code is nearer.

    Args:
        order: what was searched.
        sites: all that serve any of them.

    Returns:
        None when several places are open to choice and no distance is known.
    """
    places = sorted(sites.places, key=attrgetter("distance_metres"))
    if len(places) > 1 and not places[-1].distance_metres:
        return None
    codes = [place.code for place in places]
    everything = list(range(len(order.pieces)))
    able = sites.whole()
    holders = (sites.site(code) for code in codes if code in able)
    found = next((site for site in holders if _holds_all(order, site)), None)
    if found is not None:
        return _counted(order, {found.code: everything}, {found.code: found})
    left = {code: sites.site(code) for code in codes}
    while True:
        chosen = _piece_by_piece(order, left.values())
        small = [code for code, sent in chosen.items() if not order.asks_enough(left[code], sent)]
        if not small:
            return _counted(order, chosen, left)
        for code in small:
            del left[code]


def _counted(
    order: Order, chosen: Mapping[str, Sequence[int]], sites: Mapping[str, Site]
) -> Nearest:
    served = {piece for pieces in chosen.values() for piece in pieces}
    cost = sum(p.unfilled_milli for n, p in enumerate(order.pieces) if n not in served)
    for code, pieces in chosen.items():
        weight = sum(order.pieces[number].weight_grams for number in pieces)
        cost += sites[code].cost_milli(pieces, weight)
    if any(sites[code].carries for code in chosen):
        cost -= order.split_milli
    return Nearest({code: tuple(pieces) for code, pieces in chosen.items()}, cost)


def _holds_all(order: Order, site: Site) -> bool:
    wanted: dict[str, int] = defaultdict(int)
    for piece in order.pieces:
        wanted[piece.sku] += piece.quantity
    enough = all(wanted[sku] <= units for sku, units in site.units.items())
    return enough and order.asks_enough(site, range(len(order.pieces)))


def _piece_by_piece(order: Order, sites: Collection[Site]) -> dict[str, list[int]]:
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
