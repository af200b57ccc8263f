"""An instance served as in life: prices made anew again and again, orders one by one."""

from time import process_time

import msgspec
import numpy as np

from crosslane.sourcing.fields.compiled import COMPILED
from crosslane.sourcing.fields.field import Ints, no_prices
from crosslane.sourcing.fields.forecast import Forecast
from crosslane.sourcing.fields.instances import Instance
from crosslane.sourcing.fields.packing import desk_for
from crosslane.sourcing.fields.prices import estimated, no_estimate
from crosslane.sourcing.fields.replaying import Outcome, new_tally, outcome_of, replay

# Over the whole horizon; the first three follow soon after each other, because in the beginning
# least is known. Where nothing is compiled there is time for few.
REPLANS, FUTURES_FIRST, FUTURES = (48, 40, 36) if COMPILED else (8, 6, 1)
EARLY = (0.1, 0.4)
# What was seen half a horizon ago counts half.
MEMORY = 0.5


class Served(msgspec.Struct, frozen=True):
    """How an instance went.

    Args:
        outcome: what it came to.
        chosen: slot of each line of the demand, UNSERVED for none.
        planning_seconds: processor time spent on prices.
        deciding_seconds: processor time spent on orders.
    """

    outcome: Outcome
    chosen: Ints
    planning_seconds: float
    deciding_seconds: float


def myopic(instance: Instance) -> Served:
    """Serve an instance, each order at the least cost of its own."""
    state, tally = instance.start.copy(), new_tally()
    chosen = np.zeros(len(instance.demand.variant), np.int64)
    desk, prices = desk_for(instance.field), no_prices(instance.field)
    begun = process_time()
    replay(instance.field, desk, state, prices, instance.demand, chosen, tally, False)
    return Served(outcome_of(tally), chosen, 0.0, process_time() - begun)


def forward_looking(instance: Instance, *, seed: int = 0) -> Served:
    """Serve an instance under prices that are made from forecasts and what was seen so far.

    Args:
        instance: its demand is seen event by event, never the future.
        seed: of the futures that are drawn.
    """
    field, demand, horizon = instance.field, instance.demand, float(instance.days)
    state, tally, desk = instance.start.copy(), new_tally(), desk_for(instance.field)
    chosen = np.zeros(len(demand.variant), np.int64)
    forecast = Forecast(
        instance.forecast / horizon,
        instance.region_share,
        len(field.parcel_milli),
        memory_days=MEMORY * horizon,
    )
    chance, known = np.random.default_rng(seed), no_estimate(field)
    step = horizon / REPLANS
    cuts = np.array([0.0, *(step * early for early in EARLY), *np.arange(1, REPLANS + 1) * step])
    firsts = np.searchsorted(demand.at, cuts)
    firsts[-1] = len(demand.at)
    planning = deciding = 0.0
    for first, end, until in zip(firsts[:-1], firsts[1:], cuts[1:], strict=True):
        begun = process_time()
        futures = FUTURES if known.futures else FUTURES_FIRST
        known = estimated(field, state, forecast, known, chance, until=horizon, futures=futures)
        planned = process_time()
        part = demand.between(first, end)
        replay(field, desk, state, known.prices(), part, chosen, tally, True)
        deciding += process_time() - planned
        forecast.see(part, until)
        planning += planned - begun
    return Served(outcome_of(tally), chosen, planning, deciding)
