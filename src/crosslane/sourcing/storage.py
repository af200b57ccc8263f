"""The SQL of sourcing receipts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane.platform.database import Record, Tx

INSERT_RECEIPTS = """
insert into sourcing_receipt (id, order_id, digest, problem, plan, cost_milli, currency, at)
select id, order_id, digest, problem, plan, cost_milli, currency, $8
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::bigint[], $7::text[])
     as r(id, order_id, digest, problem, plan, cost_milli, currency)
"""


async def insert_receipts(tx: Tx, taken: Sequence[list], at: datetime) -> None:
    """Store receipts, given as columns."""
    await tx.execute(INSERT_RECEIPTS, *taken, at)


LIST_RECEIPTS = """
select id, order_id, digest, problem, plan, cost_milli, currency, at
from sourcing_receipt where order_id = $1 order by at, id limit $2
"""


async def list_receipts(tx: Tx, order_id: UUID, limit: int) -> list[Record]:
    """Return the receipts behind an order, the first decision first."""
    return await tx.fetch(LIST_RECEIPTS, order_id, limit)
