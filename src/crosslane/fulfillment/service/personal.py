"""Personal data of those who were sent parcels, and of those who signed for goods."""

from crosslane import carriers, orders
from crosslane.fulfillment import storage
from crosslane.platform.database import Tx
from crosslane.platform.personal import Erased, Eraser, Erasure


async def erase(tx: Tx, erasure: Erasure) -> list[Erased]:
    """Have the labels of a person's parcels erased, and what was signed for the person's goods.

    Carriers keep the labels, but only here it is known whose parcels they are.
    """
    order_ids = await orders.list_of_customers(tx, list(erasure.customer_ids))
    parcel_ids = await storage.list_parcels_of_orders(tx, order_ids)
    return [
        await storage.erase_proofs(tx, order_ids),
        *await carriers.erase_labels(tx, parcel_ids),
    ]


ERASERS = [Eraser("fulfillment", erase)]
