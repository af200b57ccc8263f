"""A good packing of an order too large to prove, and how much could be gained at most.

First the sites that send anything are chosen. Given the open sites, every piece goes to the one
where it adds least: its own cost there, and its weight at the site's rate per gram. From no open
site the search takes the best step of *open*, *close* and *swap* while a step saves anything.

Then parts of the order are packed anew: some pieces are taken out, and the exact method places them
again, into the parcels that are left or into new ones (see :mod:`exchange`).

The work is counted and limited, so the time is bounded and the answer the same on every machine.
"""

from collections.abc import Iterable

from crosslane.sourcing.domain.bound import lower_bound, rates_of
from crosslane.sourcing.domain.exact import UNSERVED, Packing, Parcel, one_parcel
from crosslane.sourcing.domain.exchange import Exchange
from crosslane.sourcing.domain.order import Order

# Of the sites that could be opened next, only the ones that promise most are tried in full.
OPENINGS_TRIED_MAX = 6
# Costs looked at while opening, closing and swapping: some tens of milliseconds.
OPENING_WORK_MAX = 100_000


def good_packing(order: Order, effort: int) -> Packing:
    """Return a good packing, and a bound that no packing beats.

    Args:
        order: what is packed.
        effort: work spent on packing parts anew; about a millisecond each.
    """
    proven = one_parcel(order)
    if proven is not None:
        return proven
    opening = _Opening(order)
    starts = [Exchange(order, opening.senders(sites)) for sites in opening.starts()]
    starts.sort(key=lambda start: (start.cost_milli, start.senders))
    left = effort
    for start in starts:
        left -= start.run(left)
    best = min(starts, key=lambda start: (start.cost_milli, start.senders))
    cost = best.cost_milli
    return Packing(parcels_of(order, best.senders), cost, min(cost, lower_bound(order)))


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


class _Opening:
    """Chooses which sites send anything."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.twins = order.twins()
        self.work = 0
        weight = max(1, sum(piece.weight_grams for piece in order.pieces))
        # What a piece adds at each site that can serve it, if the site sends a parcel anyway.
        self.added: list[dict[int, int]] = [{} for _ in order.pieces]
        self.fixed: list[int] = []
        for number, site in enumerate(order.sites):
            rates = rates_of(site, weight, weight)
            self.fixed.append(rates.parcel_milli)
            for piece, cost in site.costs.items():
                grams = order.pieces[piece].weight_grams
                self.added[piece][number] = cost + rates.carried_milli(grams)
        self.ranked = [sorted((cost, site) for site, cost in a.items()) for a in self.added]

    def starts(self) -> list[frozenset[int]]:
        """Return sets of sites to send from, each the end of another way to open them."""
        found = [self._improved(self._grown(frozenset()))]
        firsts = [frozenset[int](), *(frozenset({s}) for s in self._promising(frozenset()))]
        for sites in firsts:
            if self.work < OPENING_WORK_MAX:
                found.append(self._improved(sites))
        return list(dict.fromkeys(found))

    def _grown(self, sites: frozenset[int]) -> frozenset[int]:
        """Open what promises most until nothing promises anything; then all is served."""
        while True:
            promising = self._promising(sites)
            if not promising:
                return sites
            sites |= {promising[0]}

    def _improved(self, sites: frozenset[int]) -> frozenset[int]:
        cost = self._cost_milli(sites)
        while self.work < OPENING_WORK_MAX:
            for steps in (self._openings, self._closings, self._swaps):
                tried = [(self._cost_milli(step), sorted(step)) for step in steps(sites)]
                if tried and min(tried)[0] < cost:
                    cost, chosen = min(tried)
                    sites = frozenset(chosen)
                    break
            else:
                break
        return sites

    def senders(self, sites: frozenset[int]) -> list[int]:
        """Return the cheapest open sender of each piece; parts of one SKU share a site's units."""
        senders: list[int] = []
        left: dict[tuple[int, str], int] = {}
        for piece, ranked in zip(self.order.pieces, self.ranked, strict=True):
            sender = UNSERVED
            twin = piece.sku in self.twins
            for cost, site in ranked:
                self.work += 1
                if cost >= piece.unfilled_milli:
                    break
                if site not in sites:
                    continue
                if twin:
                    units = self._left(left, site, piece.sku) - piece.quantity
                    if units < 0:
                        continue
                    left[site, piece.sku] = units
                sender = site
                break
            senders.append(sender)
        return senders

    def _left(self, left: dict[tuple[int, str], int], site: int, sku: str) -> int:
        return left.get((site, sku), self.order.sites[site].units[sku])

    def _cost_milli(self, sites: frozenset[int]) -> int:
        total = 0
        weights: dict[int, int] = {}
        for number, sender in enumerate(self.senders(sites)):
            piece = self.order.pieces[number]
            if sender == UNSERVED:
                total += piece.unfilled_milli
            else:
                total += self.order.sites[sender].costs[number]
                weights[sender] = weights.get(sender, 0) + piece.weight_grams
        return total + sum(
            self.order.sites[site].cost_milli((), weight) for site, weight in weights.items()
        )

    def _openings(self, sites: frozenset[int]) -> list[frozenset[int]]:
        return [sites | {site} for site in self._promising(sites)]

    def _closings(self, sites: frozenset[int]) -> list[frozenset[int]]:
        return [sites - {site} for site in sorted(sites)]

    def _swaps(self, sites: frozenset[int]) -> list[frozenset[int]]:
        found: list[frozenset[int]] = []
        for site in sorted(sites):
            left = sites - {site}
            found += [left | {other} for other in self._promising(left) if other != site]
        return found

    def _promising(self, sites: frozenset[int]) -> list[int]:
        """Return the closed sites whose opening would save most if pieces could move freely.

        An open site has given what it has, and parts of one SKU share what a closed one has.
        """
        saved = [-fixed for fixed in self.fixed]
        left: dict[tuple[int, str], int] = {}
        for piece, sender in enumerate(self.senders(sites)):
            asked, added = self.order.pieces[piece], self.added[piece]
            now = asked.unfilled_milli if sender == UNSERVED else added[sender]
            for cost, site in self.ranked[piece]:
                if cost >= now:
                    break
                self.work += 1
                if site in sites:
                    continue
                if asked.sku in self.twins:
                    units = self._left(left, site, asked.sku) - asked.quantity
                    if units < 0:
                        continue
                    left[site, asked.sku] = units
                saved[site] += now - cost
        worth = sorted((-save, site) for site, save in enumerate(saved) if save > 0)
        return [site for _, site in worth if site not in sites][:OPENINGS_TRIED_MAX]
