"""What returns ask of orders: since when customers have what they bought."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane.platform.database import Tx

LIST_HAD_SINCE = """
select w.order_id, m.line_id, max(m.occurred_at) as had_since
from unnest((select $1::uuid[])) as w(order_id)
cross join lateral (
    select line_id, occurred_at from orders_movement
    where order_id = w.order_id and to_stage in ('handed_over', 'delivered') offset 0
) m
group by 1, 2
"""


async def list_had_since(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when the last units of each line were handed over, or delivered where that is told.

    Args:
        tx: open transaction.
        order_ids: which orders.
    """
    rows = await tx.fetch(LIST_HAD_SINCE, list(set(order_ids))) if order_ids else []
    return {row["line_id"]: row["had_since"] for row in rows}
