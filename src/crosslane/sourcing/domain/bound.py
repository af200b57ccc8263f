"""What no packing of an order can cost less than.

Carriage is brought down to a cost per parcel and a rate per gram that nowhere lie above the tariff.
What remains is the uncapacitated facility location problem; prices of the pieces are raised until
no site could pay for its parcel out of what the pieces offer above its costs, and the sum of the
prices is the bound (dual ascent, Erlenkotter 1978).
"""

from collections.abc import Sequence

from crosslane.sourcing.domain.exact import PART_WORK_MAX, best_packing, sent_milli
from crosslane.sourcing.domain.order import Order
from crosslane.sourcing.domain.rates import Rates, RateTable

# Carriage is made linear at the order's weight and at these shares of it; the best bound counts.
WEIGHT_SHARES = (2, 4)
ASCENT_ROUNDS_MAX = 30
CORE_PIECES_MAX = 8


def lower_bound(order: Order, table: RateTable, senders: Sequence[int], cost_milli: int) -> int:
    """Return a cost that no packing of an order goes below.

    Args:
        order: what is packed.
        table: the order's.
        senders: of the pieces in some packing.
        cost_milli: what that packing costs; a bound that reaches it is not raised further.
    """
    # Below zero where the pieces gain more than their parcels cost.
    best = _ascended(order, table, table.total_grams)
    for share in WEIGHT_SHARES:
        if best < cost_milli:
            best = max(best, _ascended(order, table, max(1, table.total_grams // share)))
    return best if best >= cost_milli else max(best, _core_milli(order, senders, best))


def _core_milli(order: Order, senders: Sequence[int], at_least: int) -> int:
    """Return the exact cost of the pieces hardest to combine, the others at their own cost only.

    A parcel never gets cheaper by having more in it than its pieces' own costs add, so the others
    add at least that. Nothing is found out when the result would be no more than ``at_least``.
    """
    chances: list[list[int]] = [[] for _ in order.pieces]
    for site in order.sites:
        for piece, cost in site.costs.items():
            chances[piece].append(cost)
    pieces = range(len(order.pieces))
    hardest = sorted(pieces, key=lambda n: (len(chances[n]), -order.pieces[n].weight_grams, n))
    core = sorted(hardest[:CORE_PIECES_MAX])
    rest = hardest[CORE_PIECES_MAX:]
    own = sum(min([order.pieces[n].unfilled_milli, *chances[n]]) for n in rest)
    # The known packing of the core costs no less than its best one.
    if sent_milli(order, senders, core) + own <= at_least:
        return at_least
    return best_packing(order.part(core), PART_WORK_MAX).bound_milli + own


def _ascended(order: Order, table: RateTable, at_grams: int) -> int:
    lines: dict[tuple[int, int], Rates] = {}
    slack: list[int] = []
    offers: list[list[tuple[int, int]]] = [[] for _ in order.pieces]
    weights = [piece.weight_grams for piece in order.pieces]
    for number, site in enumerate(order.sites):
        key = (id(site.tariff), site.parcel_milli)
        if key not in lines:
            lines[key] = table.rates(site, at_grams)
        carried_milli = lines[key].carried_milli
        slack.append(lines[key].parcel_milli)
        for piece, cost in site.costs.items():
            offers[piece].append((cost + carried_milli(weights[piece]), number))
    most = [piece.unfilled_milli for piece in order.pieces]
    prices: list[int] = []
    for limit, offered in zip(most, offers, strict=True):
        offered.sort()
        prices.append(min(limit, offered[0][0]) if offered else limit)
    rising = [piece for piece, price in enumerate(prices) if price < most[piece]]
    for _ in range(ASCENT_ROUNDS_MAX):
        rising = [piece for piece in rising if _raised(piece, most, prices, slack, offers[piece])]
        if not rising:
            break
    return sum(prices)


def _raised(
    piece: int,
    most: list[int],
    prices: list[int],
    slack: list[int],
    offered: list[tuple[int, int]],
) -> bool:
    """Raise one piece's price to the next site's cost, or as far as the sites in reach bear.

    One that cannot be raised never can again: what the sites in reach bear only falls.
    """
    price = prices[piece]
    step = most[piece] - price
    reached = 0
    for cost, site in offered:
        if cost > price:
            step = min(step, cost - price)
            break
        step = min(step, slack[site])
        if step <= 0:
            return False
        reached += 1
    if step <= 0:
        return False
    for _, site in offered[:reached]:
        slack[site] -= step
    prices[piece] = price + step
    return True
