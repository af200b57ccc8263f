"""Lines below what parcels cost by weight: carriage as a cost per parcel and a rate per gram."""

from itertools import combinations

import msgspec

from crosslane.sourcing.domain.order import Order, Site


class Rates(msgspec.Struct, frozen=True):
    """A line that lies nowhere above what parcels of a site cost by weight.

    Args:
        parcel_milli: cost of sending a parcel at all.
        rise_milli: cost of ``run_grams`` more grams.
        run_grams: see there.
        per_kg_milli: cost per kilogram besides.
    """

    parcel_milli: int
    rise_milli: int
    run_grams: int
    per_kg_milli: int

    def carried_milli(self, weight_grams: int) -> int:
        """Return the part of the cost that grows with weight, rounded down."""
        carried = self.rise_milli * weight_grams // self.run_grams
        return carried + self.per_kg_milli * weight_grams // 1000


class RateTable:
    """The lines below the costs of an order's sites, found once per tariff and cost of a parcel.

    Args:
        order: whose sites.

    Attributes:
        total_grams: weight of the order, at least 1; no parcel is heavier in all.
    """

    def __init__(self, order: Order) -> None:
        self.total_grams = max(1, sum(piece.weight_grams for piece in order.pieces))
        self._lines: dict[tuple[int, int], list[tuple[int, int, int]]] = {}

    def rates(self, site: Site, at_grams: int) -> Rates:
        """Return the highest line at a weight that lies nowhere above a site's costs.

        A line that is level and free of charge remains when no other one holds.
        """
        key = (id(site.tariff), site.parcel_milli)
        if key not in self._lines:
            self._lines[key] = _lines_below(site, self.total_grams)
        best, chosen = -1, (0, 0, 1)
        for line in self._lines[key]:
            start, rise, run = line
            height = start * run + rise * at_grams
            if height * chosen[2] > best * run:
                best, chosen = height, line
        return Rates(*chosen, site.tariff.per_kg_milli)


def _lines_below(site: Site, total_grams: int) -> list[tuple[int, int, int]]:
    """Return lines that lie nowhere above a site's costs as (start, rise, run).

    A tariff is a staircase, so a rising line that passes below the end of each step lies below all
    of it. Beyond the heaviest parcel the stairs repeat, and a line no steeper than a full parcel
    stays below them.
    """
    tariff = site.tariff
    ends: list[tuple[int, int]] = []
    for weight, price in zip(tariff.weights, tariff.prices_milli, strict=True):
        ends.append((max(1, min(weight, total_grams)), site.parcel_milli + price))
        if weight >= total_grams:
            break
    lowest = min(cost for _, cost in ends)
    points = [(0, lowest), *ends]
    slopes = [(0, 1), *(_rise_and_run(a, b) for a, b in combinations(points, 2))]
    slopes += [(cost, weight) for weight, cost in ends]
    full_grams, full_milli = ends[-1]
    lines: list[tuple[int, int, int]] = []
    for rise, run in slopes:
        if rise < 0 or rise * full_grams > full_milli * run:
            continue
        start = min([cost * run - rise * weight for weight, cost in points]) // run
        if start >= 0:
            lines.append((start, rise, run))
    return lines


def _rise_and_run(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    return right[1] - left[1], max(1, right[0] - left[0])
