"""Returns settled at stores, found by who was there: the customer, or the receipt."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Record, Tx, columns


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that somebody carried out of a store.

    Args:
        at: when.
        source_id: number of the receipt, "" for none.
    """

    store_id: UUID
    customer_id: UUID | None
    at: datetime
    source_id: str


LIST_VISITS = """
select w.place, r.id, r.location_id, r.channel_id, r.settled_at
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) with ordinality
     as w(store_id, customer_id, at, place)
join returns_return r on r.customer_id = w.customer_id
where r.location_id = w.store_id and r.kind <> 'claim'
  and r.settled_at between w.at - make_interval(mins => $5) and w.at + make_interval(mins => $5)
union
select w.place, r.id, r.location_id, r.channel_id, w.at
from unnest($1::uuid[], $4::text[], $3::timestamptz[]) with ordinality
     as w(store_id, source_id, at, place)
join returns_return r on r.source_id = w.source_id and r.source_id <> ''
where r.location_id = w.store_id and r.settled_at is not null
order by place, id
"""


async def list_visits(tx: Tx, bought: Sequence[Bought], minutes_max: int) -> list[Record]:
    """Return settled returns of the customer near that time, or of the receipt, at the store.

    Args:
        tx: open transaction.
        bought: what was carried out; ``place`` of a row counts them from 1.
        minutes_max: most minutes between the two.
    """
    fields = ("store_id", "customer_id", "at", "source_id")
    return await tx.fetch(LIST_VISITS, *columns(bought, *fields), minutes_max)
