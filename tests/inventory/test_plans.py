"""Statements stay quick when what the server knows of a table is old."""

import pytest

from crosslane.inventory.storage.shipped import LIST_SHIPPED
from crosslane.kernel import new_id

# Opening stock: one cause for all of a journal's first rows.
OPENING = """
insert into inventory_movement
    (position_id, movement_no, at, occurred_at, on_hand_delta, allocated_delta, on_hand_after,
     allocated_after, reason, cause_kind, cause_id, cause_line, actor, trace)
select gen_random_uuid(), 1, $1, $1, 10, 0, 10, 0, 'count', 'opening', $2, $2, 'test', ''
from generate_series(1, 20000)
"""


class Undone(Exception):
    """Ends a transaction whose rows add up to nothing."""


async def test_what_was_shipped_is_found_by_its_cause_after_opening_stock(database, shop):
    asked = [new_id()]
    with pytest.raises(Undone):
        async with database.transaction(shop.tenant) as tx:
            await tx.execute(OPENING, tx.now, new_id())
            await tx.execute("analyze inventory_movement")
            rows = await tx.fetch(f"explain {LIST_SHIPPED}", asked, asked, asked)
            raise Undone
    plan = "\n".join(row[0] for row in rows)
    assert "_cause_id_idx" in plan
    assert "Seq Scan on inventory_movement_2" not in plan  # the partition of a month, 2...
