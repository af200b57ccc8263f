"""Messages that follow what was told before: in the order of their versions, and after their order.

Of one thing a channel tells several times; each message is taken from how far the ones before it
have come. What is about an order waits for it.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from crosslane import orders, organization
from crosslane.channels.adapters import Fault
from crosslane.channels.service.elsewhere import ELSEWHERE, list_elsewhere
from crosslane.channels.service.pending import Todo, outcome_of
from crosslane.channels.storage.messages import Outcome, source_key
from crosslane.channels.storage.told import Source, Standing, lock_told
from crosslane.platform.database import Tx

ORDER_MISSING = Fault("order-missing", "Its order has not come yet", "/order")


def in_order(todo: Sequence[Todo]) -> list[Todo]:
    """Return messages by what they speak of and version."""
    return sorted(todo, key=lambda one: (one.source, one.pending.source_version, one.id))


async def follow_each(
    tx: Tx,
    todo: Sequence[Todo],
    kind: str,
    of: type[Standing],
    tell: Callable[[Tx, Todo, dict[Source, Standing]], Awaitable[Outcome]],
) -> list[Outcome]:
    """Take messages one by one, in the order of their versions.

    Args:
        tx: open transaction.
        todo: messages of one kind.
        kind: which.
        of: what is kept of how far a thing was told.
        tell: does what one says; it is given how far each was told, locked, and keeps that true.
    """
    if not todo:
        return []
    known = await lock_told(tx, kind, of, sorted({one.source for one in todo}))
    return [await tell(tx, one, known) for one in in_order(todo)]


async def find_order(tx: Tx, one: Todo, number: str) -> UUID | None:
    """Return the order of a channel's own number, None while it is not there."""
    channel = (await organization.book(tx)).channel(one.pending.channel)
    found = await orders.find_by_source(tx, [channel.id], [number])
    return next((order_id for order_id, _ in found.values()), None)


async def await_order(tx: Tx, one: Todo, number: str) -> Outcome:
    """Return that a message is parked until its order comes, or kept when that is elsewhere."""
    if await list_elsewhere(tx, [(one.pending.channel, number)]):
        return outcome_of(one, "kept", ELSEWHERE)
    key = source_key(one.pending.channel, number)
    return outcome_of(one, "parked", ORDER_MISSING, waits_for=key)
