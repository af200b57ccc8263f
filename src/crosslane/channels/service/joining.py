"""Joining: connecting a channel's system, and telling it what it may sell."""

from crosslane.channels.service import offers
from crosslane.channels.service.connecting import (
    ConnectionView,
    PutConnection,
    put_connection,
)
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one


async def join(tx: Tx, wish: PutConnection) -> ConnectionView:
    """Connect a channel's system, or change how it is connected, and look at all it is offered.

    Raises:
        Refusal: whatever :func:`put_connection` refuses.
    """
    view = await put_connection(tx, wish)
    await offers.walk(tx, [wish.channel])
    return view


CONNECT = one_by_one("channels.put_connection", PutConnection, ConnectionView, join)
