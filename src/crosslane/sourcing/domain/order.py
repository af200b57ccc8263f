"""What the search works on: pieces to be placed, sites that can take them, costs.

A *piece* is a whole line, or a part of a line that no place holds whole; lines of one SKU are one
piece. A *site* is a place that passed the hard rules for at least one piece, with all its costs
brought down to two: one per parcel, one per piece.

Every parcel beyond the first of an order costs something more. Here each parcel costs it, the first
too; as that is the same for every plan that sends anything, the best one is the same, and the first
parcel's is taken off at the end (see :mod:`planning`).
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from crosslane.sourcing.domain.carriage import FREE
from crosslane.sourcing.domain.problem import Tariff


class Piece(msgspec.Struct, frozen=True):
    """Units of one SKU that travel together.

    Args:
        sku: the variant.
        quantity: units.
        weight_grams: of all units.
        unfilled_milli: cost of not serving the piece.
    """

    sku: str
    quantity: int
    weight_grams: int
    unfilled_milli: int


class Least(msgspec.Struct, frozen=True):
    """The least that a vendor is asked to send together.

    Args:
        units: units, 0 for any.
        value_milli: their value to the vendor, 0 for any.
        values: value of each piece it can serve, by number of the piece.
    """

    units: int
    value_milli: int
    values: Mapping[int, int]


class Site(msgspec.Struct):
    """A place that can serve some pieces.

    Args:
        code: of the place.
        parcel_milli: cost of each parcel apart from carriage, the split cost among it.
        tariff: for carriage.
        costs: cost of each piece it can serve, by number of the piece.
        units: what it holds of the SKUs that are in several pieces.
        least: the least it is asked to send together; None for anything.
    """

    code: str
    parcel_milli: int
    tariff: Tariff
    costs: dict[int, int]
    units: dict[str, int]
    least: Least | None = None

    @property
    def carries(self) -> bool:
        """Whether anything is sent; else the goods are fetched where they lie."""
        return self.tariff is not FREE

    def cost_milli(self, pieces: Iterable[int], weight_grams: int) -> int:
        """Return what it costs to send these pieces from here together."""
        parcels = self.tariff.parcels(weight_grams)
        return (
            parcels * self.parcel_milli
            + self.tariff.price_milli(weight_grams)
            + sum([self.costs[piece] for piece in pieces])
        )


class Order(msgspec.Struct, frozen=True):
    """What the search works on.

    Args:
        pieces: to be placed, by SKU, the largest first.
        sites: by code.
        short: units of each SKU that are in no piece because nobody can give them.
        split_milli: the part of each parcel's cost that the first parcel does not cost.
    """

    pieces: tuple[Piece, ...]
    sites: tuple[Site, ...]
    short: Mapping[str, int]
    split_milli: int = 0

    def part(self, pieces: Sequence[int]) -> "Order":
        """Return the order of some of the pieces, numbered anew; vendors send any of them."""
        sites = [
            msgspec.structs.replace(
                site,
                costs={n: site.costs[p] for n, p in enumerate(pieces) if p in site.costs},
                least=None,
            )
            for site in self.sites
        ]
        kept, _ = undominated([site for site in sites if site.costs])
        return Order(tuple(self.pieces[p] for p in pieces), tuple(kept), {})

    def asks_enough(self, site: Site, pieces: Iterable[int]) -> bool:
        """Say whether some pieces are as much as the site is asked to send together."""
        least = site.least
        if least is None:
            return True
        asked = list(pieces)
        units = sum(self.pieces[piece].quantity for piece in asked)
        return units >= least.units and sum(map(least.values.__getitem__, asked)) >= (
            least.value_milli
        )

    def without(self, sites: Iterable[int]) -> "Order":
        """Return the order with some of the sites serving nothing; the numbers stay."""
        gone = set(sites)
        idle = [
            msgspec.structs.replace(site, costs={}, units={}) if number in gone else site
            for number, site in enumerate(self.sites)
        ]
        return msgspec.structs.replace(self, sites=tuple(idle))

    def carried_by(self, tariff: Tariff) -> "Order":
        """Return the order with one tariff for all that is carried."""
        sites = [
            msgspec.structs.replace(site, tariff=tariff) if site.carries else site
            for site in self.sites
        ]
        return msgspec.structs.replace(self, sites=tuple(sites))

    def twins(self) -> frozenset[str]:
        """The SKUs that are in several pieces and so share the units of a site."""
        return twins(self.pieces)


def twins(pieces: Iterable[Piece]) -> frozenset[str]:
    """Return the SKUs that are in several pieces."""
    seen: set[str] = set()
    return frozenset(p.sku for p in pieces if p.sku in seen or seen.add(p.sku))


def undominated(sites: Iterable[Site]) -> tuple[list[Site], list[tuple[Site, str]]]:
    """Leave out sites that another one replaces in any plan at no higher cost.

    It must serve every piece the other serves, each as cheaply, by the same tariff, with a parcel
    as cheap; of equals the earlier code stays. A site with a part of a line that comes from
    several places always stays, because its units and the other's may be needed together. One that
    has to be asked for more than a little replaces nobody.
    """
    kept: list[Site] = []
    dropped: list[tuple[Site, str]] = []
    for site in sorted(sites, key=lambda s: (s.parcel_milli, s.code)):
        better = None if site.units else _better(kept, site)
        if better is None:
            kept.append(site)
        else:
            dropped.append((site, better.code))
    return sorted(kept, key=lambda s: s.code), dropped


def _better(kept: Iterable[Site], site: Site) -> Site | None:
    """Return the first of the sites that no dearer parcels come from that replaces another one."""
    costs, tariff = site.costs, site.tariff
    for other in kept:
        offered = other.costs
        # First what is quickly seen: there can be hundreds of sites.
        if other.least is not None or len(offered) < len(costs):
            continue
        if other.tariff is not tariff and other.tariff != tariff:
            continue
        for piece, cost in costs.items():
            there = offered.get(piece)
            if there is None or there > cost:
                break
        else:
            return other
    return None
