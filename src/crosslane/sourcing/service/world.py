"""Loading what a batch is decided on."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from crosslane.carriers import rate_book
from crosslane.inventory import Survey, unit_costs
from crosslane.locations import Network, capacity_taken, network
from crosslane.organization import policies
from crosslane.platform.database import Tx
from crosslane.sourcing.domain import (
    DispatchDays,
    Prices,
    SourcingRequest,
    World,
    capacity_keys,
    settings_of,
)

# A full location sends on a later day; weekends and holidays lie in between.
DAYS_AHEAD = 31

# What is remembered of a network's calendars stays true as long as the network lives.
_DAYS: WeakKeyDictionary[Network, DispatchDays] = WeakKeyDictionary()


async def world_for(tx: Tx, requests: Sequence[SourcingRequest], survey: Survey) -> World:
    """Load what these requests are decided on, by at most one statement for capacities.

    Where margins count, by one more for what the goods have cost.
    """
    known = await network(tx)
    days = _DAYS.setdefault(known, DispatchDays())
    world = World(known, await rate_book(tx), await policies(tx), days, {}, await prices_of(tx))
    goods = {
        line.variant.id
        for request in requests
        if "margin" in settings_of(world.policies, request).terms
        for line in request.lines
        if line.price_milli is not None
    }
    if goods:
        world.costs = await unit_costs(tx, sorted(goods))
    keys = {key for request in requests for key in capacity_keys(world, request, survey)}
    if keys:
        world.taken = await capacity_taken(tx, keys, days_ahead=DAYS_AHEAD)
    return world


async def prices_of(tx: Tx) -> Prices:
    """Return what stock and capacity are worth to later orders; nothing while none are published.

    They enter every plan from here, as the terms ``scarcity`` and ``capacity``.
    """
    return Prices()
