"""Waiting for an order's payment, for a client that wants to know before it goes on."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import msgspec

from crosslane.orders.domain import Status, status
from crosslane.orders.service.placing import Placed
from crosslane.orders.storage import states
from crosslane.platform.database import Tx
from crosslane.platform.patience import look_until

WAITING: Status = "awaiting_payment"


async def wait_for_payment(
    read: Callable[[], AbstractAsyncContextManager[Tx]], placed: Placed, *, seconds: float
) -> Placed:
    """Return a placed order as it stands once nothing waits for its payment, or the time is up.

    Args:
        read: opens a transaction that reads; none may be open.
        placed: the answer the order was given, after its commit.
        seconds: longest wait.
    """

    async def look() -> Status:
        async with read() as tx:
            return status((await states.list_states(tx, [placed.id]))[placed.id])

    seen = await look_until(look, lambda status: status != WAITING, seconds=seconds)
    return msgspec.structs.replace(placed, status=seen)
