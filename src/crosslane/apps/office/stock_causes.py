"""What stock moved for: documents of a journal, as people know them."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from crosslane import fulfillment, inventory, orders, returns, transfers
from crosslane.platform.database import Tx

# Work of a location that moved stock without an order of its own in the journal.
WORK = frozenset({"store_parcel", "short_pick", "vendor_short"})


class CauseShown(msgspec.Struct, frozen=True):
    """A document that stock moved for.

    Args:
        kind: sort of document, as the journal names it.
        number: what people call it, "" for one without a name.
        order: number of the order behind it, "" for none.
    """

    kind: str
    number: str = ""
    order: str = ""


async def causes_of(
    tx: Tx, told: Iterable[tuple[str, UUID]], *, named: bool
) -> dict[UUID, CauseShown]:
    """Return documents by identifier, read kind by kind.

    Args:
        tx: open transaction.
        told: kind and identifier of each, as a journal names them.
        named: what people call them may be told; else only what sort of document it is.
    """
    kinds = {document: kind for kind, document in told}

    def of(*wanted: str) -> list[UUID]:
        return [document for document, kind in kinds.items() if kind in wanted]

    shown = {document: CauseShown(kind) for document, kind in kinds.items()}
    if not named:
        return shown
    for one in (await orders.list_heads(tx, of("order"))).values():
        shown[one.id] = CauseShown("order", one.number, one.number)
    for back in (await returns.list_returns(tx, of("return"))).values():
        shown[back.id] = CauseShown("return", back.number, back.order_number)
    for work in (await fulfillment.works_by_id(tx, of(*WORK))).values():
        shown[work.id] = CauseShown(kinds[work.id], work.order_number, work.order_number)
    for moved in (await transfers.transfers_by_id(tx, of(transfers.KIND))).values():
        shown[moved.id] = CauseShown(transfers.KIND, moved.number)
    for line in await inventory.incoming_by_id(tx, of("incoming")):
        shown[line.id] = CauseShown("incoming", line.key.reference)
    return shown
