"""What became of orders' units, for those who decide the past otherwise."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx

# Bundles have no stock of their own, and what is carried out was never looked for.
LIST_SOUGHT = """
select distinct o.id as order_id, o.channel, o.currency, o.service, o.ship_address_id, l.method,
       l.sku, l.store_id
from orders_order o join orders_line l on l.order_id = o.id
where o.id = any($1::uuid[]) and not l.is_bundle and l.method <> 'carry_out'
"""


class SoughtRow(msgspec.Struct, frozen=True):
    """An article of an order, and whither it goes."""

    order_id: UUID
    channel: str
    currency: str
    service: str
    ship_address_id: UUID | None
    method: str
    sku: str
    store_id: UUID | None


async def list_sought(tx: Tx, order_ids: Sequence[UUID]) -> list[SoughtRow]:
    """Return the articles of orders that were looked for."""
    return [SoughtRow(**row) for row in await tx.fetch(LIST_SOUGHT, order_ids)]


LIST_LET_GO = """
select m.id, m.at, m.order_id, l.method, l.sku, m.from_location_id, m.quantity,
       m.to_stage = 'open' as sought
from orders_movement m join orders_line l on l.id = m.line_id
where m.at >= $1 and (m.at, m.id) > ($1, $2) and m.at < $3 and l.method <> 'carry_out'
  and (m.from_stage in ('allocated', 'released', 'picked', 'packed')
       and m.to_stage in ('open', 'cancelled')
       or m.from_stage in ('open', 'backordered') and m.to_stage = 'cancelled')
order by m.at, m.id limit $4
"""


class LetGoRow(msgspec.Struct, frozen=True):
    """Units of a line that left their location, or wait no more."""

    id: int
    at: datetime
    order_id: UUID
    method: str
    sku: str
    from_location_id: UUID
    quantity: int
    sought: bool


async def list_let_go(
    tx: Tx, after: tuple[datetime, int], until: datetime, limit: int
) -> list[LetGoRow]:
    """Return units that were let go after an instant and a move of it, up to another, by time."""
    rows = await tx.fetch(LIST_LET_GO, *after, until, limit)
    return [LetGoRow(**row) for row in rows]
