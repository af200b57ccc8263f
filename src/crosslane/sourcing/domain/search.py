"""A good packing of an order too large to prove, and how much could be gained at most.

First the sites that send anything are chosen (see :mod:`opening`). Then parts of the order are
packed anew: some pieces are taken out, and the exact method places them again, into the parcels
that are left or into new ones (see :mod:`exchange`).

The work is counted and limited, so the time is bounded and the answer the same on every machine.
"""

from collections.abc import Iterable, Sequence

import msgspec

from crosslane.sourcing.domain.bound import lower_bound
from crosslane.sourcing.domain.exact import UNSERVED, Packing, Parcel, one_parcel, overdrawn
from crosslane.sourcing.domain.exchange import Exchange, Outcomes
from crosslane.sourcing.domain.opening import Opening
from crosslane.sourcing.domain.order import Order
from crosslane.sourcing.domain.rates import RateTable


def good_packing(order: Order, effort: int) -> Packing:
    """Return a good packing, and a bound that no packing beats.

    Vendors that would be asked for less than they take on get goods of others, or are left out, and
    it is begun anew: whichever costs less.

    Args:
        order: what is packed.
        effort: work spent on packing parts anew; about a millisecond each.
    """
    packing = _packed(order, effort)
    bound, left = packing.bound_milli, order
    filled: list[Packing] = []
    while small := _asked_too_little(left, packing):
        filled += _filled(left, packing, small)
        left = left.without(small)
        packing = _packed(left, effort)
    best = min([packing, *filled], key=lambda each: each.cost_milli)
    return msgspec.structs.replace(best, bound_milli=bound)


def _asked_too_little(order: Order, packing: Packing) -> list[int]:
    """Return the sites of parcels that hold less than the site is asked for."""
    return [
        parcel.site
        for parcel in packing.parcels
        if parcel.site != UNSERVED
        and not order.asks_enough(order.sites[parcel.site], parcel.pieces)
    ]


def _filled(order: Order, packing: Packing, small: Sequence[int]) -> list[Packing]:
    """Return a packing in which sites are asked for enough, by pieces of others; none if it fails.

    Each site that was asked for too little gets those it can give whose own cost rises least.
    """
    senders = [UNSERVED] * len(order.pieces)
    for parcel in packing.parcels:
        for piece in parcel.pieces:
            senders[piece] = parcel.site
    for number in small:
        site = order.sites[number]
        members = [piece for piece, sender in enumerate(senders) if sender == number]
        more = sorted(site.costs.keys() - set(members))
        more.sort(key=lambda piece: site.costs[piece] - _own_milli(order, senders, piece))
        for piece in more:
            if order.asks_enough(site, members):
                break
            if senders[piece] not in small and not overdrawn(site, (*members, piece), order):
                members.append(piece)
                senders[piece] = number
    parcels = parcels_of(order, senders)
    cost = sum(parcel.cost_milli for parcel in parcels)
    found = Packing(parcels, cost, packing.bound_milli)
    return [] if _asked_too_little(order, found) else [found]


def _own_milli(order: Order, senders: Sequence[int], piece: int) -> int:
    sender = senders[piece]
    if sender == UNSERVED:
        return order.pieces[piece].unfilled_milli
    return order.sites[sender].costs[piece]


def _packed(order: Order, effort: int) -> Packing:
    proven = one_parcel(order)
    if proven is not None:
        return proven
    table = RateTable(order)
    opening = Opening(order, table)
    known: Outcomes = {}
    starts = [Exchange(order, opening.senders(sites), known) for sites in opening.starts()]
    starts.sort(key=lambda start: (start.cost_milli, start.senders))
    left = effort
    for start in starts:
        if left > 0:
            left -= start.run(left)
    best = min(starts, key=lambda start: (start.cost_milli, start.senders))
    cost = best.cost_milli
    bound = min(cost, lower_bound(order, table, best.senders, cost))
    return Packing(parcels_of(order, best.senders), cost, bound)


def parcels_of(order: Order, senders: Iterable[int]) -> tuple[Parcel, ...]:
    """Return one parcel per sender, and one per unserved piece, by site."""
    sent: dict[int, list[int]] = {}
    for piece, sender in enumerate(senders):
        sent.setdefault(sender, []).append(piece)
    parcels = [
        Parcel(UNSERVED, (piece,), order.pieces[piece].unfilled_milli)
        for piece in sent.pop(UNSERVED, [])
    ]
    for site, members in sorted(sent.items()):
        weight = sum(order.pieces[piece].weight_grams for piece in members)
        cost = order.sites[site].cost_milli(members, weight)
        parcels.append(Parcel(site, tuple(members), cost))
    return tuple(parcels)
