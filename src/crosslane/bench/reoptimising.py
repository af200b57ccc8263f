"""Open orders decided together, on orders that stand open in the middle of an instance file."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crosslane.bench.figures import Figure
from crosslane.sourcing.fields import (
    MILLI_PER_UNIT,
    WALK_IN,
    Demand,
    Instance,
    Joint,
    State,
    desk_for,
    load_instance,
    new_tally,
    no_prices,
    reoptimise,
    replay,
)

OPEN_ORDERS = 10_000
REOPTIMISING_SECONDS = 60.0
GAP_PERCENT_MOST = 0.5


async def reoptimising(
    paths: Sequence[Path],
    *,
    orders: int = OPEN_ORDERS,
    seconds: float = REOPTIMISING_SECONDS,
    hindsight: bool = False,
) -> list[Figure]:
    """Measure how near to the bound open orders come, and in what time.

    The orders before them have been sourced one after the other; that way the open ones begin too.

    Args:
        paths: instance files.
        orders: how many are open.
        seconds: time there is for each file.
        hindsight: decide all events of a file from its beginning instead, customers in stores too,
            as if they had been known.
    """
    figures: list[Figure] = []
    for path in paths:
        instance = load_instance(path)
        state, demand = instance.start, instance.demand
        if not hindsight:
            state, demand = standing_open(instance, orders)
        joint = await asyncio.to_thread(_decide, instance, state, demand, seconds)
        figures += _figures(path.stem, joint, seconds, agreed=not hindsight)
    return figures


def standing_open(instance: Instance, orders: int) -> tuple[State, Demand]:
    """Return the orders in the middle of an instance, and what those before them have left."""
    demand, state = instance.demand, instance.start.copy()
    places = np.flatnonzero(demand.kind != WALK_IN)
    open_ones = places[max(0, len(places) - orders) // 2 :][:orders]
    chosen = np.zeros(len(demand.variant), np.int64)
    before = demand.between(0, int(open_ones[0]))
    prices = no_prices(instance.field)
    desk, tally = desk_for(instance.field), new_tally()
    replay(instance.field, desk, state, prices, before, chosen, tally, False)
    return state, demand.only(np.isin(np.arange(len(demand.at)), open_ones))


def _decide(instance: Instance, state: State, demand: Demand, seconds: float) -> Joint:
    return reoptimise(instance.field, state, no_prices(instance.field), demand, seconds=seconds)


def _figures(name: str, joint: Joint, seconds: float, *, agreed: bool) -> list[Figure]:
    saved = 100 * (joint.start_milli - joint.cost_milli) / max(1, joint.start_milli)
    return [
        Figure(
            name=f"{name}: above the bound",
            value=joint.gap_ppm / 10_000,
            unit="%",
            most=GAP_PERCENT_MOST if agreed else None,
            key=f"{name}_gap_percent",
        ),
        Figure(
            name=f"{name}: time",
            value=round(joint.seconds, 1),
            unit="s",
            most=seconds if agreed else None,
            key=f"{name}_seconds",
        ),
        Figure(
            name=f"{name}: cost",
            value=joint.cost_milli / MILLI_PER_UNIT,
            unit="",
            key=f"{name}_cost",
        ),
        Figure(
            name=f"{name}: bound",
            value=joint.bound_milli / MILLI_PER_UNIT,
            unit="",
            key=f"{name}_bound",
        ),
        Figure(name=f"{name}: cheaper than one after the other", value=round(saved, 2), unit="%"),
    ]
