"""Running the decisions of some days again under a change; nothing is promised or written.

Each page of decisions is read in a short transaction of its own, and decided outside of any.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID

from crosslane.carriers import rate_book
from crosslane.locations import network
from crosslane.organization import policies
from crosslane.platform.database import Tx
from crosslane.sourcing import storage
from crosslane.sourcing.domain import DispatchDays, KeptReceipt, SourcingRequest, World
from crosslane.sourcing.domain.comparison import Comparing, Comparison
from crosslane.sourcing.domain.divergence import LetGo
from crosslane.sourcing.domain.problem import SourcingSettings
from crosslane.sourcing.domain.simulating import Simulation
from crosslane.sourcing.domain.trial import Trial
from crosslane.sourcing.errors import PlacesUnknown, TooManyDecisions

DECISIONS_AT_ONCE = 500
DECISIONS_MAX = 1_000_000

Opened = Callable[[], AbstractAsyncContextManager[Tx]]
RequestsOf = Callable[[Tx, Sequence[KeptReceipt]], Awaitable[Mapping[UUID, SourcingRequest]]]
UnitsLetGo = Callable[[Tx, datetime, datetime], Awaitable[Sequence[LetGo]]]


async def simulate(
    opened: Opened,
    trial: Trial,
    *,
    since: datetime,
    until: datetime,
    requests_of: RequestsOf,
    units_let_go: UnitsLetGo,
) -> Comparison:
    """Decide what was decided in some time again, and compare.

    Args:
        opened: opens a transaction that only reads.
        trial: what is otherwise.
        since: decisions recorded from this instant on.
        until: up to, without, this one.
        requests_of: the orders' own module tells whither the goods of decisions went, by receipt;
            it leaves out decisions on orders that were refused after all.
        units_let_go: it tells which units orders let go in a time, by time.

    Raises:
        SettingsRefused: there are no such settings.
        PlacesUnknown: the trial names a location that there is not.
        TooManyDecisions: there are more than DECISIONS_MAX.
    """
    trial.settings_from(SourcingSettings())
    async with opened() as tx:
        world = World(
            await network(tx), await rate_book(tx), await policies(tx), DispatchDays(), {}
        )
        gone = await units_let_go(tx, since, until)
    unknown = sorted(trial.codes - world.network.by_code.keys())
    if unknown:
        raise PlacesUnknown(codes=", ".join(unknown))
    simulation, comparing = Simulation(world, trial), Comparing()
    waiting = iter(gone)
    following = next(waiting, None)
    after: UUID | None = None
    read = 0
    while True:
        async with opened() as tx:
            page = await storage.list_decisions(tx, since, until, after, DECISIONS_AT_ONCE)
            requests = await requests_of(tx, page)
        for kept in page:
            while following is not None and following.at <= kept.at:
                simulation.let_go(following)
                following = next(waiting, None)
            if kept.id in requests:
                comparing.add(simulation.decide(kept, requests[kept.id]))
            else:
                comparing.left_out += 1
        read += len(page)
        if read > DECISIONS_MAX:
            raise TooManyDecisions(most=DECISIONS_MAX)
        if len(page) < DECISIONS_AT_ONCE:
            break
        after = page[-1].id
    while following is not None:
        simulation.let_go(following)
        following = next(waiting, None)
    return comparing.result(simulation)
