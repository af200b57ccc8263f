"""A return that is there without having been asked for."""

from uuid import UUID

from crosslane import orders
from crosslane.kernel import new_id
from crosslane.platform.database import Tx
from crosslane.returns import Return, ReturnLine
from crosslane.returns.storage.writing import save_returns

NUMBER = "R000001-Y"


async def plant(tx: Tx, order_id: UUID, **fields) -> Return:
    """Store a return of two units of an order's first line, authorized to come by post."""
    order_state = (await orders.list_states(tx, [order_id]))[order_id]
    order, line = order_state.order, order_state.lines[0]
    one = Return(
        id=new_id(),
        source_id="",
        order_id=order.id,
        order_number=order.number,
        channel_id=order.channel_id,
        channel=order.channel,
        entity=order.entity,
        currency=order.currency,
        customer_id=order.customer_id,
        location_id=None,
        requested_by="link:anybody",
        occurred_at=tx.now,
        requested_at=tx.now,
        **{
            "number": NUMBER,
            "state": "authorized",
            "kind": "return",
            "method": "post",
            **fields,
        },
    )
    one.lines = [
        ReturnLine(
            id=new_id(),
            return_id=one.id,
            position=1,
            order_line_id=line.id,
            variant_id=line.variant_id,
            sku=line.sku,
            requested=2,
        )
    ]
    await save_returns(tx, [one], [])
    return one
