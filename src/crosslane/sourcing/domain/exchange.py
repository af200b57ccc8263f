"""Packing parts of a packed order anew, each part in the best way.

Some pieces are taken out of their parcels. What the parcels that are left would cost with more in
them is again a staircase by weight, so that each of them is a place with a tariff of its own, and
the exact method finds where the pieces go: into parcels that are there or into new ones. A result
that costs less than before is kept. Which pieces are taken out together: those of two small
parcels; those of one parcel and the ones that would gain most by moving; those that a site not yet
in use could take at the greatest gain. A part that costs no more than it must, wherever its pieces
go, is not packed at all, though it counts as work.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from crosslane.sourcing.domain.exact import (
    INFINITE,
    PART_WORK_MAX,
    UNSERVED,
    best_packing,
    sent_milli,
)
from crosslane.sourcing.domain.order import Order, Site, undominated
from crosslane.sourcing.domain.problem import Tariff

PIECES_AT_ONCE_MAX = 8
ROUNDS_MAX = 6

Outcomes = dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[list[int], int] | None]


class Exchange:
    """An order being improved.

    Args:
        order: what is packed.
        senders: site of each piece, UNSERVED for none.
        known: what other starts found: (senders, part) to better senders, None for no better ones.

    Attributes:
        senders: the best found so far.
        cost_milli: what they cost.
    """

    def __init__(self, order: Order, senders: list[int], known: Outcomes) -> None:
        self.order = order
        self._known = known
        self.senders = senders
        self.cost_milli = sent_milli(order, senders, range(len(senders)))
        self._weights = [piece.weight_grams for piece in order.pieces]
        total = max(1, sum(self._weights))
        self._first_milli = [s.parcel_milli + min(s.tariff.prices_milli) for s in order.sites]
        self._thrifty = [_thriftiest(site, total) for site in order.sites]
        # Where prices fall with weight, sending more may cost less: nothing is sure beforehand.
        tariffs = {id(site.tariff): site.tariff.prices_milli for site in order.sites}
        self._rising = all(list(prices) == sorted(prices) for prices in tariffs.values())
        self._offers: list[dict[int, int]] = [{} for _ in order.pieces]
        for number, site in enumerate(order.sites):
            for piece, cost in site.costs.items():
                self._offers[piece][number] = cost
        self._lowest = [
            min([piece.unfilled_milli, *offers.values()])
            for piece, offers in zip(order.pieces, self._offers, strict=True)
        ]

    def run(self, effort: int) -> int:
        """Pack parts anew until none gets better or the effort is spent; return what was spent."""
        each = 1 + (len(self.order.pieces) + PIECES_AT_ONCE_MAX * len(self.order.sites)) // 500
        spent = 0
        tried: set[tuple[int, ...]] = set()
        for _ in range(ROUNDS_MAX):
            better = False
            for part in self._parts():
                key = tuple(sorted(part))
                if not part or key in tried or spent >= effort:
                    continue
                spent += each
                if self._improved(key):
                    better = True
                    tried.clear()
                else:
                    tried.add(key)
            if not better:
                break
        return spent

    def _parts(self) -> Iterable[list[int]]:
        """Yield pieces to take out together; the parcels may change between two of them."""
        members = self._members()
        sites = sorted(members, key=lambda site: (len(members[site]), site))
        for number, site in enumerate(sites):
            for other in sites[number + 1 :]:
                pair = members[site] + members[other]
                if len(pair) <= PIECES_AT_ONCE_MAX:
                    yield pair
        for site in sites:
            yield self._with_gainers(members[site][:PIECES_AT_ONCE_MAX], site)
        for site in range(len(self.order.sites)):
            if site not in members:
                yield self._with_gainers([], site)

    def _members(self) -> dict[int, list[int]]:
        members: dict[int, list[int]] = {}
        for piece, sender in enumerate(self.senders):
            members.setdefault(sender, []).append(piece)
        return members

    def _with_gainers(self, pieces: list[int], target: int) -> list[int]:
        """Fill up with the pieces of other parcels whose own cost at the target falls most."""
        if target == UNSERVED:
            return pieces
        costs = self.order.sites[target].costs
        gains = sorted(
            (costs[piece] - self._own_milli(piece), -self.order.pieces[piece].weight_grams, piece)
            for piece in costs.keys() - set(pieces)
            if self.senders[piece] != target
        )
        return pieces + [piece for *_, piece in gains[: PIECES_AT_ONCE_MAX - len(pieces)]]

    def _own_milli(self, piece: int) -> int:
        sender = self.senders[piece]
        if sender == UNSERVED:
            return self.order.pieces[piece].unfilled_milli
        return self._offers[piece][sender]

    def _improved(self, part: tuple[int, ...]) -> bool:
        """Pack a part anew and keep the result when it costs less."""
        key = tuple(self.senders), part
        if key not in self._known:
            self._known[key] = self._packed_anew(part)
        better = self._known[key]
        if better is None:
            return False
        self.senders, self.cost_milli = better
        return True

    def _packed_anew(self, part: tuple[int, ...]) -> tuple[list[int], int] | None:
        """Return senders that cost less after a part was packed anew, and their cost."""
        inside = set(part)
        kept: dict[int, int] = {}
        for piece, sender in enumerate(self.senders):
            if sender != UNSERVED and piece not in inside:
                kept[sender] = kept.get(sender, 0) + self._weights[piece]
        spare = INFINITE
        if self._rising:
            now = self._part_milli(part, kept)
            if now <= self._least_milli(part, kept):
                return None
            spare = now - sum(self._lowest[piece] for piece in part)
        sub, senders_of = self._part_order(part, kept, spare)
        packing = best_packing(sub, PART_WORK_MAX)
        trial = list(self.senders)
        for parcel in packing.parcels:
            for number in parcel.pieces:
                trial[part[number]] = senders_of[parcel.site] if parcel.site >= 0 else UNSERVED
        cost = sent_milli(self.order, trial, range(len(trial)))
        return (trial, cost) if cost < self.cost_milli else None

    def _part_milli(self, part: Iterable[int], kept: Mapping[int, int]) -> int:
        """Return what a part costs besides the weight that is kept at each sender."""
        added: dict[int, int] = {}
        for piece in part:
            sender = self.senders[piece]
            if sender != UNSERVED:
                added[sender] = added.get(sender, 0) + self._weights[piece]
        own = sum(self._own_milli(piece) for piece in part)
        return own + sum(self._more_milli(site, kept, more) for site, more in added.items())

    def _more_milli(self, site: int, kept: Mapping[int, int], grams: int) -> int:
        """Return what sending more from a site costs, the pieces' own costs aside."""
        sender, weight = self.order.sites[site], kept.get(site)
        if weight is None:
            return sender.cost_milli((), grams)
        return sender.cost_milli((), weight + grams) - sender.cost_milli((), weight)

    def _least_milli(self, part: Iterable[int], kept: Mapping[int, int]) -> int:
        """Return a cost that a part does not go below, wherever its pieces go.

        A piece that only one site has makes that one send, as nothing saved is worth leaving it
        out. Others cost their own and, where nothing is sent yet, at least the lowest price there
        is per gram.
        """
        sending = dict.fromkeys(kept, 0)
        for piece in part:
            offers = self._offers[piece]
            if len(offers) == 1 and self.order.pieces[piece].unfilled_milli >= self.cost_milli:
                (site,) = offers
                sending[site] = sending.get(site, 0) + self._weights[piece]
        least = sum(self._more_milli(site, kept, more) for site, more in sending.items() if more)
        for piece in part:
            lowest = self.order.pieces[piece].unfilled_milli
            for site, cost in self._offers[piece].items():
                if site not in sending:
                    milli, grams = self._thrifty[site]
                    cost += milli * self._weights[piece] // grams
                lowest = min(lowest, cost)
            least += lowest
        return least

    def _part_order(
        self, part: Sequence[int], kept: Mapping[int, int], spare_milli: int
    ) -> tuple[Order, list[int]]:
        """Return the order of a part among the parcels that are left, and who its sites are.

        A new parcel that costs as much as could be spared at all is left out.
        """
        pieces = tuple(self.order.pieces[piece] for piece in part)
        added = sum(piece.weight_grams for piece in pieces)
        skus = {piece.sku for piece in pieces}
        drawn = self._drawn(part, skus)
        sites: list[Site] = []
        for number, site in enumerate(self.order.sites):
            costs = {n: site.costs[piece] for n, piece in enumerate(part) if piece in site.costs}
            if not costs or (number not in kept and self._first_milli[number] >= spare_milli):
                continue
            units = {
                sku: left - drawn.get((number, sku), 0)
                for sku, left in site.units.items()
                if sku in skus
            }
            if units:
                costs = {
                    n: cost
                    for n, cost in costs.items()
                    if units.get(pieces[n].sku, pieces[n].quantity) >= pieces[n].quantity
                }
            name = f"{number}"
            if number in kept:
                more = _grown(site, kept[number], added)
                sites.append(Site(name, 0, more, costs, units))
            else:
                new = msgspec.structs.replace(site, code=name, costs=costs, units=units, least=None)
                sites.append(new)
        kept_sites, _ = undominated(sites)
        return Order(pieces, tuple(kept_sites), {}), [int(site.code) for site in kept_sites]

    def _drawn(self, part: Iterable[int], skus: set[str]) -> dict[tuple[int, str], int]:
        """Return the units of some SKUs that pieces outside a part draw, by site and SKU."""
        drawn: dict[tuple[int, str], int] = {}
        inside = set(part)
        for number, (piece, sender) in enumerate(zip(self.order.pieces, self.senders, strict=True)):
            if piece.sku in skus and sender != UNSERVED and number not in inside:
                drawn[sender, piece.sku] = drawn.get((sender, piece.sku), 0) + piece.quantity
        return drawn


def _thriftiest(site: Site, total_grams: int) -> tuple[int, int]:
    """Return what a parcel costs and carries that costs least per gram, of the order's at most."""
    best = site.parcel_milli + site.tariff.prices_milli[-1], max(1, total_grams)
    for weight, price in zip(site.tariff.weights, site.tariff.prices_milli, strict=True):
        cost, grams = site.parcel_milli + price, max(1, min(weight, total_grams))
        if cost * best[1] < best[0] * grams:
            best = cost, grams
        if weight >= total_grams:
            break
    return best


def _grown(site: Site, weight_grams: int, more_grams: int) -> Tariff:
    """Return what adding to a parcel of some weight costs, as a tariff by the weight added."""
    tariff = site.tariff
    heaviest = tariff.weights[-1]
    ends: list[int] = []
    for full in range(weight_grams // heaviest, (weight_grams + more_grams) // heaviest + 1):
        ends += [full * heaviest + end for end in tariff.weights]
    ends = [end for end in ends if end >= weight_grams]
    # A tariff carries something: a full parcel to which nothing is added has the next end as well.
    last = next(n for n, end in enumerate(ends) if end >= weight_grams + max(1, more_grams))
    before = _flat_milli(site, weight_grams)
    return Tariff(
        tuple(end - weight_grams for end in ends[: last + 1]),
        tuple(_flat_milli(site, end) - before for end in ends[: last + 1]),
        tariff.per_kg_milli,
    )


def _flat_milli(site: Site, weight_grams: int) -> int:
    """Return what a parcel costs apart from its price per kilogram."""
    tariff = site.tariff
    by_weight = tariff.per_kg_milli * weight_grams // 1000
    return site.cost_milli((), weight_grams) - by_weight
