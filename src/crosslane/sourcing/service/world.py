"""Loading what a batch is decided on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from crosslane.carriers import rate_book
from crosslane.inventory import Survey, unit_costs
from crosslane.locations import CapacityKey, Network, capacity_taken, network
from crosslane.organization import policies
from crosslane.platform.database import Tx
from crosslane.sourcing.domain import (
    DispatchDays,
    Ground,
    SourcingRequest,
    SourcingSettings,
    World,
    capacity_keys,
    settings_of,
)
from crosslane.sourcing.service.prices import prices_of
from crosslane.vendors import agreed_costs, demanding

# A full location sends on a later day; weekends and holidays lie in between.
DAYS_AHEAD = 31

# Channels have settings of their own; a thousand places take about a megabyte for each.
GROUNDS_MAX = 16


class _Lasting(NamedTuple):
    """What is remembered of a network, and stays true as long as the network lives."""

    days: DispatchDays
    grounds: dict[SourcingSettings, Ground]


_LASTING: WeakKeyDictionary[Network, _Lasting] = WeakKeyDictionary()


async def world_for(
    tx: Tx,
    requests: Sequence[SourcingRequest],
    survey: Survey,
    returned: Mapping[CapacityKey, int] | None = None,
) -> World:
    """Load what these requests are decided on, by at most one statement for capacities.

    Where margins count, by one more for what the goods have cost; where a vendor takes on no order
    below a value, by one more for what it asks. Parcels that will be ``returned`` count as
    not taken.
    """
    known = await network(tx)
    lasting = _LASTING.setdefault(known, _Lasting(DispatchDays(), {}))
    if len(lasting.grounds) > GROUNDS_MAX:
        lasting.grounds.clear()
    world = World(
        *(known, await rate_book(tx), await policies(tx), lasting.days, {}, await prices_of(tx)),
        grounds=lasting.grounds,
    )
    goods = {
        line.variant.id
        for request in requests
        if "margin" in settings_of(world.policies, request).terms
        for line in request.lines
        if line.price_milli is not None
    }
    if goods:
        world.costs = await unit_costs(tx, sorted(goods))
    world.demanding = {vendor.location_id: vendor for vendor in await demanding(tx)}
    asked = {
        (vendor.location_id, line.variant.id)
        for vendor in world.demanding.values()
        if vendor.value_min_minor
        for request in requests
        for line in request.lines
        if vendor.location_id in survey.candidates(line.variant.id)
    }
    if asked:
        day = max(request.at for request in requests).date()
        world.agreed = await agreed_costs(tx, asked, day)
    if keys := capacity_keys(world, requests, survey):
        world.taken = await capacity_taken(tx, keys, days_ahead=DAYS_AHEAD)
        for key, parcels in (returned or {}).items():
            if key in world.taken:
                world.taken[key] = max(0, world.taken[key] - parcels)
    return world
