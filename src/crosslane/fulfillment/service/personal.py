"""Personal data on labels: carriers keep them, but only here it is known whose parcels they are."""

from crosslane import carriers, orders
from crosslane.fulfillment import storage
from crosslane.platform.database import Tx
from crosslane.platform.personal import Erased, Eraser, Erasure


async def erase(tx: Tx, erasure: Erasure) -> list[Erased]:
    """Have the labels of a person's parcels erased."""
    order_ids = await orders.list_of_customers(tx, list(erasure.customer_ids))
    return await carriers.erase_labels(tx, await storage.list_parcels_of_orders(tx, order_ids))


ERASERS = [Eraser("fulfillment", erase)]
