"""A tenant's orders as the planner's questions, many at once: the way from tables to arrays.

Loading needs a transaction (:func:`standing`); making the questions does not (:func:`problems_of`),
takes about a millisecond each, and belongs in a thread of its own. What comes of them are arrays by
``crosslane.sourcing.fields.bridge``. Orders decided anew come this way, and so may whatever looks
at many orders by the costs that planning counts: prices of what is left, or another network.
"""

from collections.abc import Mapping, Sequence

import msgspec

from crosslane.inventory import Survey
from crosslane.kernel import Refusal
from crosslane.locations import CapacityKey
from crosslane.platform.database import Tx
from crosslane.sourcing.domain import (
    DispatchDays,
    SourcingProblem,
    SourcingRequest,
    World,
    question_of,
)
from crosslane.sourcing.service.world import world_for


class Standing(msgspec.Struct, frozen=True):
    """Requests with all that they are decided on; nothing of it changes any more.

    Args:
        world: locations, prices, policies, days, capacity that others have taken.
        survey: what the requests may use, all together.
        requests: of one channel.
    """

    world: World
    survey: Survey
    requests: Sequence[SourcingRequest]


async def standing(
    tx: Tx,
    requests: Sequence[SourcingRequest],
    survey: Survey,
    returned: Mapping[CapacityKey, int],
) -> Standing:
    """Load what many requests are decided on together.

    Args:
        tx: open transaction.
        requests: of one channel.
        survey: what is available; units that the requests hold already are given back in it.
        returned: parcels that the requests have claimed already, by location and day.
    """
    world = await world_for(tx, requests, survey, returned)
    # What is remembered of calendars is shared with whoever plans meanwhile; a thread has its own.
    world.days = DispatchDays()
    world.instants = {}
    return Standing(world, survey, requests)


def problems_of(found: Standing) -> list[SourcingProblem | Refusal]:
    """Return the planner's question of each request, or why it cannot be asked; in order."""
    problems: list[SourcingProblem | Refusal] = []
    for request in found.requests:
        try:
            problems.append(question_of(found.world, request, found.survey).problem)
        except Refusal as refusal:
            problems.append(refusal)
    return problems
