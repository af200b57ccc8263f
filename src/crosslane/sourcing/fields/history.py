"""Futures drawn from the past: orders come again as they came, customers take what they took.

Each future gives every past order a weight of its own (exponential, the Bayesian bootstrap of Rubin
1981) and draws how often one like it comes. So the demand for a variant that was asked for n times
has a gamma distribution of shape n: what was seldom seen is uncertain, and that is what stock is
kept for. An order keeps its lines and its region together. What is older counts less, because
demand drifts.

What customers take in a store is drawn by variant and location. A store sells few of most variants,
so what it sold leans on how much is sold there at all, and on how much of the variant is sold
anywhere, in stores and to those who order.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from crosslane.sourcing.fields.field import STANDARD, WALK_IN, Demand, Ints, in_order

Rates = NDArray[np.float64]


class History:
    """Past demand that futures are drawn from.

    Args:
        orders: events; ``at`` is their age in days.
        memory_days: what is older counts half, and so on.
        days: time in which all of it came.
        sold: units taken by customers, by slot.
        slot_variant: variant of each slot.
        slot_location: location of each slot.
    """

    def __init__(
        self,
        orders: Demand,
        *,
        memory_days: float,
        days: float,
        sold: Ints,
        slot_variant: Ints,
        slot_location: Ints,
    ) -> None:
        self._orders = orders
        weight = 0.5 ** (orders.at / memory_days)
        # As many days as the weights stand for: their integral over the time.
        weighed = memory_days / np.log(2.0) * (1.0 - 0.5 ** (days / memory_days))
        self._order_rate = weight / weighed
        self._slot_variant, self._slot_location = slot_variant, slot_location
        variants = int(max(orders.variant.max(initial=0), slot_variant.max(initial=0))) + 1
        of_line = np.repeat(self._order_rate, np.diff(orders.starts)) * orders.quantity
        ordered = np.bincount(orders.variant, of_line, variants)
        self._sale_shape = _leaning(sold.astype(np.float64), ordered, slot_variant, slot_location)
        self._days = days

    def events(self, until: float) -> float:
        """Return how many events a future is expected to have, up to an instant in days."""
        return float((self._order_rate.sum() + self._sale_shape.sum() / self._days) * until)

    def draw(self, chance: Generator, until: float, day_last: int) -> Demand:
        """Return one future: demand from now, instant 0, to an instant in days.

        Args:
            chance: where chance comes from.
            until: end of the future.
            day_last: the last day that has a capacity; later events count on it.
        """
        orders, sizes = self._orders, np.diff(self._orders.starts)
        rate = self._order_rate * chance.standard_exponential(len(sizes))
        came = np.repeat(np.arange(len(sizes)), chance.poisson(rate * until))
        rate = chance.standard_gamma(self._sale_shape) / self._days
        sold = np.repeat(np.arange(len(rate)), chance.poisson(rate * until))
        walks = len(sold)
        first = np.concatenate([orders.starts[:-1][came], len(orders.variant) + np.arange(walks)])
        size = np.concatenate([sizes[came], np.ones(walks, np.int64)])
        return in_order(
            chance.random(len(size)) * until,
            np.concatenate([np.full(len(came), STANDARD), np.full(walks, WALK_IN)]),
            np.concatenate([orders.place[came], self._slot_location[sold]]),
            first,
            size,
            np.concatenate([orders.variant, self._slot_variant[sold]]),
            np.concatenate([orders.quantity, np.ones(walks, np.int64)]),
            day_last=day_last,
        )


def _leaning(sold: Rates, ordered: Rates, variant: Ints, location: Ints) -> Rates:
    """Return what is expected by slot: its own sales, leaning on those of all.

    As far as they differ from the shares of variant and location by no more than chance, those
    shares are all there is to know (empirical Bayes).
    """
    total = sold.sum()
    if not total:
        return sold
    taken = np.bincount(variant, sold, len(ordered))
    popular = taken / total + ordered / max(ordered.sum(), 1e-9)
    shared = popular[variant] * np.bincount(location, sold)[location]
    shared *= total / shared.sum()
    by_chance = shared.sum() / max(np.square(sold - shared).sum(), 1e-9)
    return sold + min(1.0, by_chance) * (shared - sold)
