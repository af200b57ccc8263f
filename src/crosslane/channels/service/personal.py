"""Personal data in messages: whole records go, for no part of one is known to be free of it."""

from crosslane import orders
from crosslane.channels.storage import erasing
from crosslane.platform.database import Tx
from crosslane.platform.personal import (
    Erased,
    Eraser,
    Erasure,
    json_patterns,
    text_patterns,
)


async def erase(tx: Tx, erasure: Erasure) -> list[Erased]:
    """Blank what was received of a person: of its orders, and wherever a record names it."""
    order_ids = await orders.list_of_customers(tx, list(erasure.customer_ids))
    json, text = json_patterns(erasure.words), text_patterns(erasure.words)
    return await erasing.blank(tx, order_ids, json, text)


ERASERS = [Eraser("channels", erase)]
