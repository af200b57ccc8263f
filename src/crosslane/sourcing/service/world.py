"""Loading what a batch is decided on."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from crosslane.carriers import rate_book
from crosslane.inventory import Survey
from crosslane.locations import Network, capacity_taken, network
from crosslane.organization import policies
from crosslane.platform.database import Tx
from crosslane.sourcing.domain import DispatchDays, SourcingRequest, World, capacity_keys

# A full location sends on a later day; weekends and holidays lie in between.
DAYS_AHEAD = 31

# What is remembered of a network's calendars stays true as long as the network lives.
_DAYS: WeakKeyDictionary[Network, DispatchDays] = WeakKeyDictionary()


async def world_for(tx: Tx, requests: Sequence[SourcingRequest], survey: Survey) -> World:
    """Load what these requests are decided on, by at most one statement."""
    known = await network(tx)
    days = _DAYS.setdefault(known, DispatchDays())
    world = World(known, await rate_book(tx), await policies(tx), days, {})
    keys = {key for request in requests for key in capacity_keys(world, request, survey)}
    if keys:
        world.taken = await capacity_taken(tx, keys, days_ahead=DAYS_AHEAD)
    return world
