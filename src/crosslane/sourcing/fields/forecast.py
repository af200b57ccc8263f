"""What will be asked for: a forecast, corrected by what came since, and futures drawn from it.

The rate of a variant has a gamma distribution around its forecast, as wide as forecasts use to be
wrong; every unit that is asked for narrows it (Poisson demand, conjugate prior). Shares of regions
and stores are counted the same way. What was seen long ago counts less, because demand drifts.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from crosslane.sourcing.fields.field import EXPRESS, STANDARD, WALK_IN, Demand, Ints, in_order

Shares = NDArray[np.float64]

# A forecast is taken to be off by 30 % (one standard deviation): a gamma shape of 1 / 0.3².
FORECAST_SHAPE = 11.0
# Orders that the forecast of regions is worth, and units that the forecast of variants is worth
# when it stands for what customers in stores will take.
REGIONS_WORTH = 400.0
WALK_INS_WORTH = 300.0
# Before so many orders are known their sizes and speeds are guessed.
ORDERS_KNOWN_MIN = 50
LINES_GUESSED = np.repeat([1, 2, 3, 4, 5], [58, 22, 10, 6, 4])
EXPRESS_GUESSED = 0.2
# Sizes are drawn from so many of the latest orders.
ORDERS_KEPT_MAX = 20_000


class Forecast:
    """What is known of the demand to come.

    Attributes:
        now: instant up to which demand was seen, in days.
    """

    def __init__(
        self,
        expected_per_day: Shares,
        region_share: Shares,
        locations: int,
        *,
        memory_days: float,
    ) -> None:
        """Begin with a forecast and nothing seen.

        Args:
            expected_per_day: units ordered a day, by variant; zeros when nothing was forecast.
            region_share: where orders go, by region.
            locations: how many there are.
            memory_days: after so long what was seen counts half.
        """
        self.now = 0.0
        self._memory_days = memory_days
        self._days = 0.0
        self._expected = np.maximum(expected_per_day, 1e-9)
        self._regions = REGIONS_WORTH * region_share / region_share.sum()
        self._ordered = np.zeros(len(expected_per_day))
        self._sent_to = np.zeros(len(region_share))
        self._walked_in = np.zeros(locations)
        self._taken = np.zeros(len(expected_per_day))
        self._sizes: Ints = np.zeros(0, np.int64)
        self._quantities: Ints = np.zeros(0, np.int64)
        self._express: Ints = np.zeros(0, np.int64)

    def see(self, demand: Demand, until: float) -> None:
        """Learn from demand that came between ``now`` and an instant."""
        self._forget(until - self.now)
        self.now = until
        sizes = np.diff(demand.starts)
        lines = slice(int(demand.starts[0]), int(demand.starts[-1]))
        variant, quantity = demand.variant[lines], demand.quantity[lines]
        ordered = demand.kind != WALK_IN
        of_order = np.repeat(ordered, sizes)
        place = np.repeat(demand.place, sizes)
        variants, regions, locations = map(len, (self._ordered, self._sent_to, self._walked_in))
        self._ordered += np.bincount(variant[of_order], quantity[of_order], variants)
        self._sent_to += np.bincount(demand.place[ordered], minlength=regions)
        self._taken += np.bincount(variant[~of_order], quantity[~of_order], variants)
        self._walked_in += np.bincount(place[~of_order], quantity[~of_order], locations)
        self._sizes = _latest(self._sizes, sizes[ordered])
        self._express = _latest(self._express, demand.kind[ordered] == EXPRESS)
        self._quantities = _latest(self._quantities, quantity[of_order])

    def _forget(self, days: float) -> None:
        kept = 0.5 ** (days / self._memory_days)
        for seen in (self._ordered, self._sent_to, self._walked_in, self._taken):
            seen *= kept
        self._days = self._days * kept + days

    def draw(self, chance: Generator, until: float, day_last: int) -> Demand:
        """Return one future: demand from ``now`` to an instant.

        Args:
            chance: where chance comes from.
            until: end of the future in days.
            day_last: the last day that has a capacity; later events count on it.
        """
        days = max(0.0, until - self.now)
        rate = chance.gamma(FORECAST_SHAPE + self._ordered)
        rate /= FORECAST_SHAPE / self._expected + self._days
        orders = self._draw_orders(chance, rate, days)
        walks = self._draw_walk_ins(chance, rate, days)
        at = self.now + chance.random(len(orders[0]) + len(walks[0])) * days
        kind, place, size, variant, quantity = (
            np.concatenate(both) for both in zip(orders, walks, strict=True)
        )
        first = np.cumsum(size) - size
        return in_order(at, kind, place, first, size, variant, quantity, day_last=day_last)

    def _draw_orders(self, chance: Generator, rate: Shares, days: float) -> tuple[Ints, ...]:
        """Return kind, region and size of each order, variant and quantity of each line."""
        known = len(self._sizes) >= ORDERS_KNOWN_MIN
        sizes = self._sizes if known else LINES_GUESSED
        quantities = self._quantities if known else np.ones(1, np.int64)
        express = self._express.mean() if known else EXPRESS_GUESSED
        lines = rate.sum() * days / quantities.mean()
        orders = chance.poisson(lines / sizes.mean())
        size = chance.choice(sizes, orders)
        variant = _drawn(chance, rate, int(size.sum()))
        # An order names a variant once.
        own = np.repeat(np.arange(orders), size)
        once = np.unique(own * len(rate) + variant)
        own, variant = once // len(rate), once % len(rate)
        share = self._regions + self._sent_to
        return (
            np.where(chance.random(orders) < express, EXPRESS, STANDARD),
            _drawn(chance, share, orders),
            np.bincount(own, minlength=orders),
            variant,
            chance.choice(quantities, len(variant)),
        )

    def _draw_walk_ins(self, chance: Generator, rate: Shares, days: float) -> tuple[Ints, ...]:
        """Return the same of customers who walk in: one line of one unit each, at a location."""
        if not self._days:
            return (np.zeros(0, np.int64),) * 5
        counts = chance.poisson(self._walked_in / self._days * days)
        walks = int(counts.sum())
        share = self._taken + WALK_INS_WORTH * rate / rate.sum()
        return (
            np.full(walks, WALK_IN),
            np.repeat(np.arange(len(counts)), counts),
            np.ones(walks, np.int64),
            _drawn(chance, share, walks),
            np.ones(walks, np.int64),
        )


def _latest(kept: Ints, more: Ints) -> Ints:
    return np.concatenate([kept, more.astype(np.int64)])[-ORDERS_KEPT_MAX:]


def _drawn(chance: Generator, share: Shares, count: int) -> Ints:
    """Return so many draws, each number as likely as its share says."""
    reached = np.cumsum(share)
    return np.searchsorted(reached, chance.random(count) * reached[-1], side="right")
