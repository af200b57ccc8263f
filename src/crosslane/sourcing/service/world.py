"""Loading what a batch is decided on."""

from collections.abc import Sequence

from crosslane.carriers import rate_book
from crosslane.inventory import Survey
from crosslane.locations import capacity_taken, network
from crosslane.organization import policies
from crosslane.platform.database import Tx
from crosslane.sourcing.domain import DispatchDays, SourcingRequest, World, capacity_keys

# A full location sends on a later day; weekends and holidays lie in between.
DAYS_AHEAD = 31

# Calendars of the process; what is remembered of one stays true as long as its timetable lives.
_DAYS = DispatchDays()


async def world_for(tx: Tx, requests: Sequence[SourcingRequest], survey: Survey) -> World:
    """Load what these requests are decided on, by at most one statement."""
    world = World(await network(tx), await rate_book(tx), await policies(tx), _DAYS, {})
    keys = {key for request in requests for key in capacity_keys(world, request, survey)}
    if keys:
        world.taken = await capacity_taken(tx, sorted(keys), days_ahead=DAYS_AHEAD)
    return world
