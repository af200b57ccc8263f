"""Goods that lay ready and nobody collected: cancelled, and stock of the store again."""

from crosslane import orders
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import advance
from crosslane.fulfillment.service.offering import event_of
from crosslane.orders import GivenUp, Stage
from crosslane.platform import log
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Tx

NOT_COLLECTED = "not collected"
GIVEN_UP_AT_ONCE_MAX = 100
EVERY_SECONDS = 60.0


class _Clock:
    """The clock is due to nobody."""

    trace: str = ""
    actor: Actor = SYSTEM


async def give_up_uncollected(tx: Tx) -> None:
    """Cancel what was not collected in time; orders settles the money.

    Work whose units were cancelled a moment ago is left to the reaction to that.
    """
    overdue = await storage.lock_uncollected(tx, tx.now, GIVEN_UP_AT_ONCE_MAX)
    works = await storage.lock_works(tx, overdue)
    given_up = [
        GivenUp(
            order_id=work.order_id,
            line_id=line.line_id,
            location_id=work.location_id,
            stage=Stage.PACKED,
            quantity=line.packed,
            group=f"fulfillment:{work.id}",
            reason=NOT_COLLECTED,
            cause=_Clock(),
        )
        for work in works.values()
        for line in work.lines
        if line.packed
    ]
    refused = await orders.give_up_units(tx, given_up)
    done = [work for work in works.values() if f"fulfillment:{work.id}" not in refused]
    told: list[log.Event] = []
    for work in done:
        units = sum(line.packed for line in work.lines)
        for line in work.lines:
            line.packed, line.removed = 0, line.removed + line.packed
        work.state, work.reason, work.collect_by = "unclaimed", NOT_COLLECTED, None
        advance(work, tx.now)
        told.append(event_of(events.PickupUnclaimed, work, units=units))
    await storage.save_works(tx, done)
    await log.append(tx, told)
