"""The SQL of sourcing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from crosslane.platform.database import Record, Tx
from crosslane.sourcing.domain import Kept, KeptReceipt, Sourced, decode_receipt

SHOW_LIFE = "select 1"


async def show_life(tx: Tx) -> None:
    """Tell the server that a transaction which is thinking is not idle."""
    await tx.execute(SHOW_LIFE)


INSERT_RECEIPTS = """
insert into sourcing_receipt
    (id, at, order_id, method, placed_at, digest, proven, currency, cost_milli, bound_milli,
     nearest_milli, body, faster_location_ids, faster_services)
select id, $1, order_id, method, placed_at, digest, proven, currency, cost, bound, nearest, body,
       f.locations, f.services
from unnest(
    $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[], $7::boolean[], $8::text[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bytea[]
) as r(id, order_id, method, placed_at, digest, proven, currency, cost, bound, nearest, body)
left join (
    select receipt_id, array_agg(location_id) as locations, array_agg(service) as services
    from unnest($13::uuid[], $14::uuid[], $15::text[]) as s(receipt_id, location_id, service)
    group by receipt_id
) f on f.receipt_id = r.id
"""


async def insert_receipts(tx: Tx, sourced: Sequence[Sourced]) -> None:
    """Store decisions."""
    plans = [decision.receipt.plan for decision in sourced]
    filed = [decision.receipt.filed() for decision in sourced]
    await tx.execute(
        INSERT_RECEIPTS,
        tx.now,
        [decision.receipt_id for decision in sourced],
        [decision.request.order_id for decision in sourced],
        [decision.request.method for decision in sourced],
        [decision.request.at for decision in sourced],
        [digest for digest, _ in filed],
        [plan.method == "exact" for plan in plans],
        [decision.request.currency for decision in sourced],
        [plan.cost_milli for plan in plans],
        [plan.bound_milli for plan in plans],
        [decision.receipt.nearest_milli for decision in sourced],
        [body for _, body in filed],
        [decision.receipt_id for decision in sourced for _ in decision.services],
        [location_id for decision in sourced for location_id in decision.services],
        [service for decision in sourced for service in decision.services.values()],
    )


LIST_FASTER = """
select order_id, location_id, service
from sourcing_receipt, unnest(faster_location_ids, faster_services) as f(location_id, service)
where order_id = any($1::uuid[]) and faster_services is not null
order by order_id, id
"""


async def list_faster(tx: Tx, order_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], str]:
    """Return the faster service of orders' parcels by (order, location), as decided last."""
    rows = await tx.fetch(LIST_FASTER, order_ids)
    return {(row["order_id"], row["location_id"]): row["service"] for row in rows}


FIND_RECEIPT = """
select id, at, order_id, method, placed_at, body from sourcing_receipt where id = $1
"""


async def find_receipt(tx: Tx, receipt_id: UUID) -> KeptReceipt | None:
    """Return a decision, or None."""
    row = await tx.fetchrow(FIND_RECEIPT, receipt_id)
    return _kept(row) if row else None


LIST_RECEIPTS = """
select id, at, order_id, method, placed_at, body from sourcing_receipt
where order_id = $1 and ($2::uuid is null or id > $2) order by id limit $3
"""


async def list_receipts(
    tx: Tx, order_id: UUID, after: UUID | None, limit: int
) -> list[KeptReceipt]:
    """Return the decisions on an order by id, which grows with time."""
    return [_kept(row) for row in await tx.fetch(LIST_RECEIPTS, order_id, after, limit)]


# Identifiers grow with time, and so are in the order of the decisions.
LIST_DECISIONS = """
select id, at, order_id, method, placed_at, body from sourcing_receipt
where at >= $1 and at < $2 and ($3::uuid is null or id > $3) order by id limit $4
"""


async def list_decisions(
    tx: Tx, since: datetime, until: datetime, after: UUID | None, limit: int
) -> list[KeptReceipt]:
    """Return the decisions of some time, in their order."""
    return [_kept(row) for row in await tx.fetch(LIST_DECISIONS, since, until, after, limit)]


def _kept(row: Record) -> KeptReceipt:
    return KeptReceipt(
        id=row["id"],
        at=row["at"],
        order_id=row["order_id"],
        method=row["method"],
        placed_at=row["placed_at"],
        receipt=decode_receipt(row["body"]),
    )


COUNT_KEPT = """
insert into sourcing_kept as k (service, location_id, promised, kept)
select service, location_id, promised, kept
from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[])
    as n(service, location_id, promised, kept)
order by service, location_id
on conflict (service, location_id) do update
set promised = k.promised + excluded.promised, kept = k.kept + excluded.kept
"""


async def count_kept(tx: Tx, counts: Mapping[tuple[str, UUID], Kept]) -> None:
    """Add to the promises of services and locations."""
    await tx.execute(
        COUNT_KEPT,
        [service for service, _ in counts],
        [location_id for _, location_id in counts],
        [each.promised for each in counts.values()],
        [each.kept for each in counts.values()],
    )


KEPT_MAX = 100_000
LIST_KEPT = "select service, location_id, promised, kept from sourcing_kept limit $1"


async def list_kept(tx: Tx) -> dict[tuple[str, UUID], Kept]:
    """Return how often services kept their promises, by service and location."""
    rows = await tx.fetch(LIST_KEPT, KEPT_MAX)
    return {
        (row["service"], row["location_id"]): Kept(row["promised"], row["kept"]) for row in rows
    }
