"""The best plan of an order of up to twelve pieces, proven by looking at every way to pack it.

``best[M]`` is the cheapest parcel that holds exactly the set of pieces ``M`` (a bit per piece);
leaving a piece unserved counts as a parcel of its own. The cheapest way to serve ``M`` takes the
parcel ``K`` with the lowest piece of ``M`` and serves the rest in the cheapest way:

    plan[M] = min over K within M, K holding M's lowest piece, of best[K] + plan[M − K]

Once the whole order has given its first parcel, what is left never holds the first piece again, so
about 3^(L−1) / 2 parcels are looked at for L pieces. Equal costs go to fewer parcels, then to the
earlier place.

Parts of one line draw on the same units of a place. A parcel never holds more of them than lie
there; should two parcels of one place do so together, the search branches: one of the parts must
come from elsewhere. Lines split over many places that hold little of them can branch without end,
so the work is counted and limited; what is found by then is returned with the bound of the whole.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from crosslane.sourcing.domain.order import Least, Order, Site
from crosslane.sourcing.domain.problem import Tariff
from crosslane.sourcing.domain.rates import RateTable

UNSERVED = -1
INFINITE = 2**62
# No parcel costs so much.
NEVER_MILLI = 2**55
# Subsets looked at over all branches, about half a second, and a tenth of it for parts of a large
# order; the first branch is always looked at whole.
BRANCHING_WORK_MAX = 300_000
PART_WORK_MAX = 50_000
# Fewer pieces are packed in every way sooner than a single parcel is proven best by closer bounds.
CLOSE_PIECES_MIN = 9


class Parcel(msgspec.Struct, frozen=True):
    """Pieces that travel together.

    Args:
        site: number of the site, UNSERVED for a piece nobody serves.
        pieces: numbers of the pieces, rising.
        cost_milli: what the parcel costs.
    """

    site: int
    pieces: tuple[int, ...]
    cost_milli: int


class Packing(msgspec.Struct, frozen=True):
    """Every piece in a parcel.

    Args:
        parcels: by site and pieces.
        cost_milli: of all parcels.
        bound_milli: no packing costs less.
    """

    parcels: tuple[Parcel, ...]
    cost_milli: int
    bound_milli: int


def best_packing(order: Order, work_max: int = BRANCHING_WORK_MAX) -> Packing:
    """Return the cheapest packing of an order; bound and cost are equal when it is proven.

    Should the branches take too much work, it is the cheapest one found by then; nothing is served
    when there is none yet.

    Args:
        order: what is packed.
        work_max: subsets looked at over all branches.
    """
    if not order.pieces:
        return Packing((), 0, 0)
    proven = one_parcel(order)
    if proven is not None:
        return proven
    search = _Search(order, work_max)
    found = _branched(order, search, frozenset(), INFINITE) or _nothing_served(order)
    if search.exhausted:
        return msgspec.structs.replace(found, bound_milli=search.bound_milli)
    return found


def _nothing_served(order: Order) -> Packing:
    parcels = tuple(
        Parcel(UNSERVED, (number,), piece.unfilled_milli)
        for number, piece in enumerate(order.pieces)
    )
    cost = sum(parcel.cost_milli for parcel in parcels)
    return Packing(parcels, cost, cost)


def sent_milli(order: Order, senders: Sequence[int], pieces: Iterable[int]) -> int:
    """Return what some pieces alone cost from their senders, in one parcel each."""
    total = 0
    weights: dict[int, int] = {}
    for number in pieces:
        piece, sender = order.pieces[number], senders[number]
        if sender == UNSERVED:
            total += piece.unfilled_milli
        else:
            total += order.sites[sender].costs[number]
            weights[sender] = weights.get(sender, 0) + piece.weight_grams
    return total + sum(order.sites[n].cost_milli((), weight) for n, weight in weights.items())


def one_parcel(order: Order) -> Packing | None:
    """Return the cheapest single parcel when it is certain that nothing else costs less."""
    everything = tuple(range(len(order.pieces)))
    weight = sum([piece.weight_grams for piece in order.pieces])
    full = [
        (site.cost_milli(everything, weight), number)
        for number, site in enumerate(order.sites)
        if len(site.costs) == len(everything)
        and not (site.units and overdrawn(site, everything, order))
        and (site.least is None or order.asks_enough(site, everything))
    ]
    if not full:
        return None
    cost, number = min(full)
    if cost > sum([piece.unfilled_milli for piece in order.pieces]):
        return None
    if len(everything) > 1:
        parcel = min([site.parcel_milli + min(site.tariff.prices_milli) for site in order.sites])
        if cost > _apart_milli(order, parcel) and (
            len(everything) < CLOSE_PIECES_MIN or cost > _closely_apart_milli(order)
        ):
            return None
    return Packing((Parcel(number, everything, cost),), cost, cost)


def _apart_milli(
    order: Order, parcel_milli: int, carried: Mapping[int, Sequence[int]] | None = None
) -> int:
    """Return a cost below which an order is neither sent in several parcels nor partly left out.

    Either costs what the cheapest place of every piece asks, a parcel, and another one or what
    leaving a piece out costs more than serving it.

    Args:
        order: what is packed.
        parcel_milli: what any parcel costs at least, whatever is in it.
        carried: what each piece adds to that at least, by identity of the tariff.
    """
    unfilled = [piece.unfilled_milli for piece in order.pieces]
    least = list(unfilled)
    for site in order.sites:
        more = carried[id(site.tariff)] if carried else None
        for piece, cost in site.costs.items():
            milli = cost + more[piece] if more else cost
            if milli < least[piece]:
                least[piece] = milli
    omission = min([u - c for u, c in zip(unfilled, least, strict=True)])
    return sum(least) + parcel_milli + min(parcel_milli, omission)


def _closely_apart_milli(order: Order) -> int:
    """Return the same with carriage as a line by weight, the highest for half of the order."""
    table = RateTable(order)
    cheapest: dict[int, Site] = {}
    for site in order.sites:
        known = cheapest.setdefault(id(site.tariff), site)
        if site.parcel_milli < known.parcel_milli:
            cheapest[id(site.tariff)] = site
    half = max(1, table.total_grams // 2)
    lines = {tariff: table.rates(site, half) for tariff, site in cheapest.items()}
    carried = {
        tariff: [line.carried_milli(piece.weight_grams) for piece in order.pieces]
        for tariff, line in lines.items()
    }
    return _apart_milli(order, min(line.parcel_milli for line in lines.values()), carried)


def sends(order: Order, packing: Packing) -> bool:
    """Say whether any parcel of a packing is carried."""
    return any(p.site != UNSERVED and order.sites[p.site].carries for p in packing.parcels)


def best_sending(order: Order, idle: Packing) -> Packing:
    """Return the best packing when the first parcel costs no split; ``idle`` sends none.

    Something is sent as soon as one of the pieces is, so each in turn is given to those only who
    send it. Rarely needed: sending has to cost little more than leaving goods or fetching them.

    Args:
        order: what is packed.
        idle: its best packing, with the split cost in every parcel, in which nothing is carried.
    """
    parcels = [s.parcel_milli + min(s.tariff.prices_milli) for s in order.sites if s.carries]
    best, bound = idle, idle.bound_milli
    if not parcels or _least_milli(order) + min(parcels) - order.split_milli >= idle.cost_milli:
        return best
    for number, piece in enumerate(order.pieces):
        sites = [_sending(site, number) for site in order.sites]
        if not any(number in site.costs for site in sites):
            continue
        sent = msgspec.structs.replace(piece, unfilled_milli=NEVER_MILLI)
        pieces = (*order.pieces[:number], sent, *order.pieces[number + 1 :])
        found = best_packing(msgspec.structs.replace(order, pieces=pieces, sites=tuple(sites)))
        bound = min(bound, found.bound_milli - order.split_milli)
        if found.cost_milli - order.split_milli < best.cost_milli:
            cost = found.cost_milli - order.split_milli
            best = msgspec.structs.replace(found, cost_milli=cost)
    return msgspec.structs.replace(best, bound_milli=min(bound, best.cost_milli))


def _sending(site: Site, piece: int) -> Site:
    """Return a site without a piece, unless the site sends it."""
    if site.carries or piece not in site.costs:
        return site
    costs = {number: cost for number, cost in site.costs.items() if number != piece}
    return msgspec.structs.replace(site, costs=costs)


def _least_milli(order: Order) -> int:
    """Return what the pieces cost at least, each by itself and without a parcel."""
    least = [piece.unfilled_milli for piece in order.pieces]
    for site in order.sites:
        for piece, cost in site.costs.items():
            least[piece] = min(least[piece], cost)
    return sum(least)


class _Search:
    """What the branches of one order share: weights and, per tariff, carriage of every subset.

    Attributes:
        bound_milli: cost without any branch; no packing costs less.
        exhausted: some branch was left out, because the work was used up.
    """

    def __init__(self, order: Order, work_max: int) -> None:
        self.size = 1 << len(order.pieces)
        self.bound_milli = 0
        self.exhausted = False
        self._work_of_branch = 3 ** len(order.pieces) // 2 + len(order.sites) * self.size
        self._left = work_max
        self.weights = sums_of([piece.weight_grams for piece in order.pieces])
        self._carriage: dict[int, tuple[list[int], list[int] | None]] = {}

    def may_branch(self) -> bool:
        """Whether there is work left for another branch."""
        self._left -= self._work_of_branch
        self.exhausted = self.exhausted or self._left < 0
        return self._left >= 0

    def carriage(self, site: Site) -> tuple[list[int], list[int] | None]:
        """Return price and parcels of every subset by the site's tariff, as _carriage does."""
        found = self._carriage.get(id(site.tariff))
        if found is None:
            found = _carriage(site.tariff, self.weights)
            self._carriage[id(site.tariff)] = found
        return found


def sums_of(numbers: Sequence[int], start: int = 0) -> list[int]:
    """Return the sum of every subset of some numbers; bit n of its index stands for the nth.

    Args:
        numbers: what is added.
        start: added to every sum.
    """
    sums = [start]
    for number in numbers:
        sums += [each + number for each in sums]
    return sums


def _carriage(tariff: Tariff, weights: list[int]) -> tuple[list[int], list[int] | None]:
    """Return price and number of parcels of every subset; None when each fits into one."""
    ends, flat, per_kg = tariff.weights, tariff.prices_milli, tariff.per_kg_milli
    heaviest = tariff.weight_max_grams
    parcels = None
    if weights[-1] <= heaviest:
        prices = [flat[bisect_left(ends, w)] for w in weights]
    else:
        full = [(w - 1) // heaviest if w else 0 for w in weights]
        prices = [
            n * flat[-1] + flat[bisect_left(ends, w - n * heaviest)]
            for n, w in zip(full, weights, strict=True)
        ]
        parcels = [n + 1 for n in full]
    if per_kg:
        prices = [price + per_kg * w // 1000 for price, w in zip(prices, weights, strict=True)]
    return prices, parcels


def _branched(
    order: Order, search: _Search, barred: frozenset[tuple[int, int]], ceiling: int
) -> Packing | None:
    """Return the best packing below a ceiling in which no site gives more than it has.

    Args:
        order: the order.
        search: tables of its subsets.
        barred: (site, piece) that may not be used in this branch.
        ceiling: cost of the best packing known; one that is no cheaper is not returned.
    """
    if barred and not search.may_branch():
        return None
    packing = _unbranched(order, search, barred)
    if not barred:
        search.bound_milli = packing.cost_milli
    if packing.cost_milli >= ceiling:
        return None
    clash = _clash(order, packing)
    if clash is None:
        return packing
    site, pieces = clash
    best = None
    for piece in pieces:
        found = _branched(order, search, barred | {(site, piece)}, ceiling)
        if found is not None:
            best, ceiling = found, found.cost_milli
    return best


def _unbranched(order: Order, search: _Search, barred: frozenset[tuple[int, int]]) -> Packing:
    best, giver = _best_parcels(order, search, barred)
    size = search.size
    plan = [0] * size
    taken = [0] * size
    for subset in (*range(2, size, 2), size - 1):
        low = subset & -subset
        rest = subset ^ low
        cost, choice, others = best[subset], subset, rest
        while others:
            others = (others - 1) & rest
            trial = best[others | low] + plan[rest ^ others]
            if trial < cost:
                cost, choice = trial, others | low
        plan[subset], taken[subset] = cost, choice
    parcels: list[Parcel] = []
    left = size - 1
    while left:
        chosen = taken[left]
        parcels.append(Parcel(giver[chosen], _members(chosen), best[chosen]))
        left ^= chosen
    parcels.sort(key=lambda parcel: (parcel.site, parcel.pieces))
    return Packing(tuple(parcels), plan[-1], plan[-1])


def _best_parcels(
    order: Order, search: _Search, barred: frozenset[tuple[int, int]]
) -> tuple[list[int], list[int]]:
    """Return the cheapest parcel of every subset, and the site that sends it."""
    best = [INFINITE] * search.size
    giver = [UNSERVED] * search.size
    for number, site in enumerate(order.sites):
        able = sorted(p for p in site.costs if (number, p) not in barred)
        prices, parcels = search.carriage(site)
        subsets = range(search.size)
        if len(able) < len(order.pieces):
            subsets = sums_of([1 << piece for piece in able])
        own = sums_of([site.costs[piece] for piece in able], site.parcel_milli)
        if parcels is not None and site.parcel_milli:
            more = [(parcels[subset] - 1) * site.parcel_milli for subset in subsets]
            own = [cost + each for cost, each in zip(own, more, strict=True)]
        beyond = _beyond(site, able, order) if site.units else ()
        if site.least is not None:
            own = _where_enough(site.least, own, able, order)
        for subset, each in zip(subsets, own, strict=True):
            cost = each + prices[subset]
            if cost < best[subset] and not (
                beyond and any(subset & mask in parts for mask, parts in beyond)
            ):
                best[subset], giver[subset] = cost, number
    # Nobody sends nothing.
    best[0], giver[0] = INFINITE, UNSERVED
    for number, piece in enumerate(order.pieces):
        if piece.unfilled_milli < best[1 << number]:
            best[1 << number], giver[1 << number] = piece.unfilled_milli, UNSERVED
    return best, giver


def _where_enough(least: Least, own: list[int], able: Sequence[int], order: Order) -> list[int]:
    """Return the costs of subsets of some pieces, out of reach where they are too little to ask."""
    units = sums_of([order.pieces[piece].quantity for piece in able])
    values = sums_of([least.values[piece] for piece in able])
    return [
        cost if count >= least.units and value >= least.value_milli else INFINITE
        for cost, count, value in zip(own, units, values, strict=True)
    ]


def _members(subset: int) -> tuple[int, ...]:
    return tuple(number for number in range(subset.bit_length()) if subset >> number & 1)


def overdrawn(site: Site, pieces: tuple[int, ...], order: Order) -> list[int]:
    """Return the pieces of a SKU of which a site would have to give more than it has."""
    drawn: dict[str, list[int]] = {}
    for number in pieces:
        sku = order.pieces[number].sku
        if sku in site.units:
            drawn.setdefault(sku, []).append(number)
    for sku, numbers in drawn.items():
        if sum(order.pieces[number].quantity for number in numbers) > site.units[sku]:
            return numbers
    return []


def _beyond(site: Site, able: Sequence[int], order: Order) -> list[tuple[int, frozenset[int]]]:
    """Return per SKU the subset of its pieces, and those parts of it that overdraw the site."""
    found: list[tuple[int, frozenset[int]]] = []
    for sku, units in site.units.items():
        pieces = [number for number in able if order.pieces[number].sku == sku]
        drawn = sums_of([order.pieces[number].quantity for number in pieces])
        parts = sums_of([1 << number for number in pieces])
        over = frozenset(part for part, sum in zip(parts, drawn, strict=True) if sum > units)
        if over:
            found.append((parts[-1], over))
    return found


def _clash(order: Order, packing: Packing) -> tuple[int, list[int]] | None:
    """Return a site whose parcels together overdraw a SKU, and the pieces concerned."""
    by_site: dict[int, tuple[int, ...]] = {}
    for parcel in packing.parcels:
        if parcel.site != UNSERVED:
            by_site[parcel.site] = by_site.get(parcel.site, ()) + parcel.pieces
    for number, pieces in by_site.items():
        clashing = overdrawn(order.sites[number], pieces, order)
        if clashing:
            return number, clashing
    return None
