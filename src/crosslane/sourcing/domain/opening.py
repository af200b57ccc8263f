"""Which sites send anything: a good choice, found by opening, closing and swapping sites.

Given the open sites, every piece goes to the one where it adds least: its own cost there, and its
weight at the site's rate per gram. From no open site the search takes the best step of *open*,
*close* and *swap* while a step saves anything.

Pieces that rank the sites alike go to the same one whatever is open, so they are looked at together
as a *kin*; only parts of one line, which share a site's units, are looked at one by one. The work
is counted as if every piece were asked for itself.
"""

from bisect import bisect_left

import msgspec

from crosslane.sourcing.domain.exact import UNSERVED
from crosslane.sourcing.domain.order import Order
from crosslane.sourcing.domain.rates import RateTable

# Of the sites that could be opened next, only the ones that promise most are tried in full.
OPENINGS_TRIED_MAX = 6
# Costs looked at while opening, closing and swapping.
OPENING_WORK_MAX = 100_000

Sites = frozenset[int]


class _Kin(msgspec.Struct):
    """Pieces that go to the same site whatever is open.

    Args:
        ranks: sites that add less than leaving the pieces unserved, the cheapest first.
        cheaper: for each of them, how many add less than it does.
        looked: sites looked at when none of them is open.
        pieces: their numbers.
        weight_grams: of all; so are the costs: of leaving them unserved, of serving them at each
            site, and of what they add there.
    """

    ranks: tuple[int, ...]
    cheaper: tuple[int, ...]
    looked: int
    pieces: list[int]
    weight_grams: int
    unfilled_milli: int
    own_milli: list[int]
    added_milli: list[int]


class _Given(msgspec.Struct):
    """What a choice of sites means.

    Args:
        ranks: place of each kin's site in its ranking, None when none is open.
        parts: site of each piece that is a part of a line.
        cost_milli: of everything.
        work: costs looked at to find it.
    """

    ranks: list[int | None]
    parts: dict[int, int]
    cost_milli: int
    work: int


class Opening:
    """Chooses which sites send anything.

    Args:
        order: what is packed.
        table: the order's.
    """

    def __init__(self, order: Order, table: RateTable) -> None:
        self.order = order
        self.work = 0
        self._twins = order.twins()
        # What a piece adds at each site that can serve it, if the site sends a parcel anyway.
        self._added: list[list[tuple[int, int]]] = [[] for _ in order.pieces]
        self._fixed: list[int] = []
        for number, site in enumerate(order.sites):
            rates = table.rates(site, table.total_grams)
            self._fixed.append(rates.parcel_milli)
            for piece, cost in site.costs.items():
                carried = rates.carried_milli(order.pieces[piece].weight_grams)
                self._added[piece].append((cost + carried, number))
        for added in self._added:
            added.sort()
        self._parts = [n for n, piece in enumerate(order.pieces) if piece.sku in self._twins]
        self._kins = self._grouped()
        self._known: dict[Sites, _Given] = {}
        self._promised: dict[Sites, tuple[list[int], int]] = {}

    def starts(self) -> list[Sites]:
        """Return sets of sites to send from, each the end of another way to open them."""
        found = [self._improved(self._grown(frozenset()))]
        firsts = [Sites(), *(frozenset({s}) for s in self._promising(frozenset()))]
        for sites in firsts:
            if self.work < OPENING_WORK_MAX:
                found.append(self._improved(sites))
        return list(dict.fromkeys(found))

    def senders(self, sites: Sites) -> list[int]:
        """Return the cheapest open sender of each piece; parts of one SKU share a site's units."""
        given = self._given(sites)
        senders = [UNSERVED] * len(self.order.pieces)
        for kin, rank in zip(self._kins, given.ranks, strict=True):
            if rank is not None:
                for piece in kin.pieces:
                    senders[piece] = kin.ranks[rank]
        for piece, sender in given.parts.items():
            senders[piece] = sender
        return senders

    def _grouped(self) -> list[_Kin]:
        kins: dict[tuple[tuple[int, ...], tuple[int, ...], int], _Kin] = {}
        parts = set(self._parts)
        for number, added in enumerate(self._added):
            if number in parts:
                continue
            piece = self.order.pieces[number]
            costs = [cost for cost, _ in added if cost < piece.unfilled_milli]
            ranks = tuple(site for _, site in added[: len(costs)])
            cheaper = tuple(bisect_left(costs, cost) for cost in costs)
            looked = len(costs) + (len(costs) < len(added))
            key = (ranks, cheaper, looked)
            if key not in kins:
                none = [0] * len(ranks)
                kins[key] = _Kin(ranks, cheaper, looked, [], 0, 0, none, none.copy())
            kin = kins[key]
            kin.pieces.append(number)
            kin.weight_grams += piece.weight_grams
            kin.unfilled_milli += piece.unfilled_milli
            for rank, (site, cost) in enumerate(zip(ranks, costs, strict=True)):
                kin.own_milli[rank] += self.order.sites[site].costs[number]
                kin.added_milli[rank] += cost
        return list(kins.values())

    def _grown(self, sites: Sites) -> Sites:
        """Open what promises most until nothing promises anything; then all is served."""
        while True:
            promising = self._promising(sites)
            if not promising:
                return sites
            sites |= {promising[0]}

    def _improved(self, sites: Sites) -> Sites:
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

    def _openings(self, sites: Sites) -> list[Sites]:
        return [sites | {site} for site in self._promising(sites)]

    def _closings(self, sites: Sites) -> list[Sites]:
        return [sites - {site} for site in sorted(sites)]

    def _swaps(self, sites: Sites) -> list[Sites]:
        found: list[Sites] = []
        for site in sorted(sites):
            left = sites - {site}
            found += [left | {other} for other in self._promising(left) if other != site]
        return found

    def _cost_milli(self, sites: Sites) -> int:
        given = self._given(sites)
        self.work += given.work
        return given.cost_milli

    def _given(self, sites: Sites) -> _Given:
        if sites not in self._known:
            self._known[sites] = self._give(sites)
        return self._known[sites]

    def _give(self, sites: Sites) -> _Given:
        cost = work = 0
        weights: dict[int, int] = {}
        chosen: list[int | None] = []
        for kin in self._kins:
            for rank, site in enumerate(kin.ranks):
                if site in sites:
                    chosen.append(rank)
                    work += (rank + 1) * len(kin.pieces)
                    cost += kin.own_milli[rank]
                    weights[site] = weights.get(site, 0) + kin.weight_grams
                    break
            else:
                chosen.append(None)
                work += kin.looked * len(kin.pieces)
                cost += kin.unfilled_milli
        parts, looked = self._give_parts(sites)
        for number, sender in parts.items():
            piece = self.order.pieces[number]
            if sender == UNSERVED:
                cost += piece.unfilled_milli
            else:
                cost += self.order.sites[sender].costs[number]
                weights[sender] = weights.get(sender, 0) + piece.weight_grams
        cost += sum(self.order.sites[n].cost_milli((), weight) for n, weight in weights.items())
        return _Given(chosen, parts, cost, work + looked)

    def _give_parts(self, sites: Sites) -> tuple[dict[int, int], int]:
        """Return the cheapest open sender of each part of a line that has the units left."""
        senders: dict[int, int] = {}
        left: dict[tuple[int, str], int] = {}
        work = 0
        for number in self._parts:
            piece = self.order.pieces[number]
            senders[number] = UNSERVED
            for cost, site in self._added[number]:
                work += 1
                if cost >= piece.unfilled_milli:
                    break
                if site not in sites:
                    continue
                units = self._left(left, site, piece.sku) - piece.quantity
                if units < 0:
                    continue
                left[site, piece.sku] = units
                senders[number] = site
                break
        return senders, work

    def _left(self, left: dict[tuple[int, str], int], site: int, sku: str) -> int:
        return left.get((site, sku), self.order.sites[site].units[sku])

    def _promising(self, sites: Sites) -> list[int]:
        """Return the closed sites whose opening would save most if pieces could move freely."""
        if sites not in self._promised:
            self._promised[sites] = self._promise(sites)
        promising, work = self._promised[sites]
        self.work += work
        return promising

    def _promise(self, sites: Sites) -> tuple[list[int], int]:
        given = self._given(sites)
        work = given.work
        saved = [-fixed for fixed in self._fixed]
        for kin, rank in zip(self._kins, given.ranks, strict=True):
            now = kin.unfilled_milli if rank is None else kin.added_milli[rank]
            closed = len(kin.ranks) if rank is None else kin.cheaper[rank]
            work += closed * len(kin.pieces)
            for site, added in zip(kin.ranks[:closed], kin.added_milli, strict=False):
                saved[site] += now - added
        work += self._save_parts(sites, given.parts, saved)
        worth = sorted((-save, site) for site, save in enumerate(saved) if save > 0)
        return [site for _, site in worth if site not in sites][:OPENINGS_TRIED_MAX], work

    def _save_parts(self, sites: Sites, senders: dict[int, int], saved: list[int]) -> int:
        """Add what parts of lines would save; return the work.

        An open site has given what it has, and parts of one SKU share what a closed one has.
        """
        left: dict[tuple[int, str], int] = {}
        work = 0
        for number, sender in senders.items():
            piece = self.order.pieces[number]
            now = piece.unfilled_milli
            if sender != UNSERVED:
                now = next(cost for cost, site in self._added[number] if site == sender)
            for cost, site in self._added[number]:
                if cost >= now:
                    break
                work += 1
                if site in sites:
                    continue
                units = self._left(left, site, piece.sku) - piece.quantity
                if units < 0:
                    continue
                left[site, piece.sku] = units
                saved[site] += now - cost
        return work
