"""Credit for lines that is given after they were placed, and what was credited to whom."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.orders.domain.nouns import Attribution
from crosslane.platform.database import Tx, columns

ATTRIBUTED_MAX = 50_000

INSERT_ATTRIBUTIONS = """
insert into orders_attribution (
    line_id, role, beneficiary_kind, beneficiary_id, share_bp, source, at
)
select distinct on (n.line_id, n.role) n.line_id, n.role, n.beneficiary_kind, n.beneficiary_id,
       n.share_bp, n.source, $2
from jsonb_populate_recordset(null::orders_attribution, $1) n
where not exists (
    select from orders_attribution a where a.line_id = n.line_id and a.role = n.role)
order by n.line_id, n.role, n.beneficiary_id
"""


async def attribute(tx: Tx, attributions: Sequence[Attribution]) -> None:
    """Give credit for lines that were placed before; who has it in a role already keeps it."""
    if attributions:
        await tx.execute(INSERT_ATTRIBUTIONS, msgspec.json.encode(attributions), tx.now)


class CarriedOut(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for goods that somebody carried out of a store.

    Args:
        store_id: which store.
        customer_id: who bought, None for nobody that is known.
        since: orders placed then or later, and
        until: then or earlier.
        channel_id: channel of the receipt, and
        source_id: its number; "" for none.
    """

    store_id: UUID
    customer_id: UUID | None
    since: datetime
    until: datetime
    channel_id: UUID
    source_id: str = ""


LIST_CARRIED_OUT = """
select w.place, l.id as line_id
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) with ordinality
     as w(store_id, customer_id, since, until, place)
join orders_order o
    on o.customer_id = w.customer_id and o.placed_at between w.since and w.until
join orders_line l on l.order_id = o.id
where l.method = 'carry_out' and l.store_id = w.store_id and not l.is_bundle
union
select w.place, l.id
from unnest($1::uuid[], $5::uuid[], $6::text[]) with ordinality
     as w(store_id, channel_id, source_id, place)
join orders_order o on o.channel_id = w.channel_id and o.source_id = w.source_id
join orders_line l on l.order_id = o.id
where w.source_id <> '' and l.method = 'carry_out' and l.store_id = w.store_id and not l.is_bundle
"""


async def list_carried_out(tx: Tx, asked: Sequence[CarriedOut]) -> list[list[UUID]]:
    """Return lines carried out of stores, by the customer or on the receipt, for each question."""
    fields = ("store_id", "customer_id", "since", "until", "channel_id", "source_id")
    rows = await tx.fetch(LIST_CARRIED_OUT, *columns(asked, *fields)) if asked else []
    found: list[list[UUID]] = [[] for _ in asked]
    for row in rows:
        found[row["place"] - 1].append(row["line_id"])
    return found


LIST_SAVED = """
select line_id from orders_attribution
where role = 'saved_sale' and beneficiary_kind = 'location' and beneficiary_id = $1
order by at desc limit $2
"""


async def list_saved(tx: Tx, location: str) -> list[UUID]:
    """Return the lines that are sales a location has saved, the newest ATTRIBUTED_MAX of them."""
    rows = await tx.fetch(LIST_SAVED, location, ATTRIBUTED_MAX)
    return [row["line_id"] for row in rows]
