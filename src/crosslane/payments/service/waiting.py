"""Waiting for providers on behalf of a client that would like to know before it goes on."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from crosslane.payments.service.reading import OrderMoney, money_by_order
from crosslane.platform.database import Tx
from crosslane.platform.patience import look_until

WAIT_SECONDS_MAX = 10.0


async def wait_until_decided(
    read: Callable[[], AbstractAsyncContextManager[Tx]],
    order_ids: Iterable[UUID],
    *,
    seconds: float = WAIT_SECONDS_MAX,
) -> dict[UUID, OrderMoney]:
    """Wait until no authorization of these orders is open, or until the time is up.

    Call it after the commit that opened the tenders, with no transaction open.

    Args:
        read: opens a transaction that reads, such as ``caller.read``.
        order_ids: which orders.
        seconds: longest wait, at most WAIT_SECONDS_MAX.

    Returns:
        The money of the orders as last seen; ``undecided`` tells whether the wait was in vain.
    """
    wanted = list(order_ids)

    async def look() -> dict[UUID, OrderMoney]:
        async with read() as tx:
            return await money_by_order(tx, wanted)

    def decided(money: dict[UUID, OrderMoney]) -> bool:
        return not any(order.undecided for order in money.values())

    return await look_until(look, decided, seconds=min(seconds, WAIT_SECONDS_MAX))
