"""Waiting for providers on behalf of a client that would like to know before it goes on."""

import asyncio
import time
from collections.abc import Iterable
from uuid import UUID

from crosslane.payments.service.tenders import OrderMoney, money_by_order
from crosslane.platform.database import Database

WAIT_SECONDS_MAX = 10.0
LOOK_SECONDS_FIRST = 0.02
LOOK_SECONDS_MAX = 0.5


async def wait_until_decided(
    database: Database,
    tenant: str,
    order_ids: Iterable[UUID],
    *,
    seconds: float = WAIT_SECONDS_MAX,
) -> dict[UUID, OrderMoney]:
    """Wait until no authorization of these orders is open, or until the time is up.

    Call it after the commit that opened the tenders, with no transaction open: each look is a
    short one of its own, at growing distances.

    Args:
        database: where the tenant is.
        tenant: whose orders.
        order_ids: which orders.
        seconds: longest wait, at most WAIT_SECONDS_MAX.

    Returns:
        The money of the orders as last seen; ``undecided`` tells whether the wait was in vain.
    """
    wanted = list(order_ids)
    ends = time.monotonic() + min(seconds, WAIT_SECONDS_MAX)
    pause = LOOK_SECONDS_FIRST
    while True:
        async with database.transaction(tenant, read_only=True) as tx:
            money = await money_by_order(tx, wanted)
        left = ends - time.monotonic()
        if left <= 0 or not any(order.undecided for order in money.values()):
            return money
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, LOOK_SECONDS_MAX)
