"""The SQL of sourcing."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.locations import district_of
from crosslane.platform.database import Record, Tx, columns
from crosslane.sourcing.domain import (
    Adoption,
    Kept,
    KeptReceipt,
    PriceRun,
    Prices,
    Published,
    Sourced,
    decode_receipt,
)

RECEIPTS = "sourcing_receipt"
"""The journal of receipts, for those who look after partitions."""

SHOW_LIFE = "select 1"


async def show_life(tx: Tx) -> None:
    """Tell the server that a transaction which is thinking is not idle."""
    await tx.execute(SHOW_LIFE)


# What a decision is, but for its id, its time and whose it is.
_DECIDED = """method, placed_at, digest, proven, currency, cost_milli, bound_milli, nearest_milli,
    body, channel, service, country, district, faster_location_ids, faster_services"""
_INSERT = f"""
    (id, at, order_id, {_DECIDED})
select id, $1, order_id, method, placed_at, digest, proven, currency, cost, bound, nearest, body,
       channel, service, country, district, f.locations, f.services
from unnest(
    $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[], $7::boolean[], $8::text[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bytea[], $13::text[], $14::text[],
    $15::text[], $16::text[]
) as r(id, order_id, method, placed_at, digest, proven, currency, cost, bound, nearest, body,
       channel, service, country, district)
left join (
    select receipt_id, array_agg(location_id) as locations, array_agg(service) as services
    from unnest($17::uuid[], $18::uuid[], $19::text[]) as s(receipt_id, location_id, service)
    group by receipt_id
) f on f.receipt_id = r.id
"""  # noqa: S608 - only constants of this file are put together
_RECEIPTS = f"receipts_kept as (insert into sourcing_receipt {_INSERT})"
_DRAFTS = f"drafts_kept as (insert into sourcing_draft {_INSERT})"


async def insert_receipts(tx: Tx, sourced: Sequence[Sourced], *, drafts: bool = False) -> None:
    """Store decisions; ``drafts`` are on units that are held only."""
    plans = [decision.receipt.plan for decision in sourced]
    filed = [decision.receipt.filed() for decision in sourced]
    rows: list[Any] = [
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
        [decision.request.channel.code for decision in sourced],
        [decision.service for decision in sourced],
        [decision.request.destination[0] for decision in sourced],
        [district_of(*decision.request.destination) for decision in sourced],
        [decision.receipt_id for decision in sourced for _ in decision.services],
        [location_id for decision in sourced for location_id in decision.services],
        [service for decision in sourced for service in decision.services.values()],
    ]
    await tx.put((_DRAFTS if drafts else _RECEIPTS, rows))


ADOPT_DRAFTS = f"""
insert into sourcing_receipt (id, at, order_id, {_DECIDED})
select n.id, $1, n.order_id, {_DECIDED}
from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as n(draft_id, id, order_id)
join sourcing_draft d on d.id = n.draft_id
returning id
"""  # noqa: S608 - as above


async def adopt_drafts(tx: Tx, adoptions: Sequence[Adoption]) -> set[UUID]:
    """Store drafts as decisions on orders; return the decisions whose draft was still there."""
    wanted = columns(adoptions, *Adoption.__struct_fields__)
    return {row["id"] for row in await tx.fetch(ADOPT_DRAFTS, tx.now, *wanted)}


DELETE_DRAFTS = """
delete from sourcing_draft where id in (
    select id from sourcing_draft where at < $1 order by at limit $2
)
"""


async def delete_drafts(tx: Tx, before: datetime, limit: int) -> bool:
    """Forget drafts of before an instant; tell whether some may be left."""
    return await tx.execute(DELETE_DRAFTS, before, limit) == f"DELETE {limit}"


LIST_FASTER = """
select order_id, f.location_id, f.service
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


# Those of the moment an order was decided on first, which may have been one per way of its lines.
SUM_FIRST_COSTS = """
select r.order_id, sum(r.cost_milli)::bigint as milli
from unnest($1::uuid[]) asked(order_id) cross join lateral (
    select order_id, cost_milli, at, min(at) over () as first_at from sourcing_receipt
    where order_id = asked.order_id
) r where r.at = r.first_at group by r.order_id
"""


async def sum_first_costs(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return what the first decisions on orders would cost, in 1/1000 minor units."""
    rows = await tx.fetch(SUM_FIRST_COSTS, list(order_ids))
    return {row["order_id"]: row["milli"] for row in rows}


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


# Identifiers grow with time.
LIST_LATEST = """
select order_id, method, placed_at, channel, service, country, district, body
from sourcing_receipt where at > $1 order by id desc limit $2
"""


async def list_latest(tx: Tx, since: datetime, limit: int) -> list[Record]:
    """Return the latest decisions that were recorded since an instant, the newest first."""
    return await tx.fetch(LIST_LATEST, since, limit)


FIND_LATEST_AT = "select at from sourcing_receipt order by id desc limit 1"


async def find_latest_at(tx: Tx) -> datetime | None:
    """Return when a decision was recorded last, or None."""
    return await tx.fetchval(FIND_LATEST_AT)


FIND_LAST_RUN = "select * from sourcing_price_run order by at desc, id desc limit 1"


async def find_last_run(tx: Tx) -> PriceRun | None:
    """Return the last estimate of prices, or None."""
    row = await tx.fetchrow(FIND_LAST_RUN)
    return _run(row) if row else None


LIST_SCARCITY = "select variant_id, location_ids, scarcity_milli from sourcing_price"
LIST_CAPACITY = "select location_id, days, capacity_milli from sourcing_capacity_price"


async def load_prices(tx: Tx) -> Published:
    """Return the prices that were published last."""
    found = await find_last_run(tx)
    if found is None:
        return Published(None, Prices())
    # One object for each location, however many variants lie there.
    known: dict[UUID, UUID] = {}
    scarcity: Mapping[UUID, Mapping[UUID, int]] = {
        row["variant_id"]: {
            known.setdefault(each, each): milli
            for each, milli in zip(row["location_ids"], row["scarcity_milli"], strict=True)
        }
        for row in await tx.fetch(LIST_SCARCITY)
    }
    capacity = {
        (row["location_id"], day): milli
        for row in await tx.fetch(LIST_CAPACITY)
        for day, milli in zip(row["days"], row["capacity_milli"], strict=True)
    }
    return Published(found, Prices(scarcity, capacity))


INSERT_RUN = """
with old as (delete from sourcing_price), older as (delete from sourcing_capacity_price)
insert into sourcing_price_run
    (id, at, as_of, valid_until, horizon_days, orders, counter_units, variants, variants_left,
     scale_percent, futures, tried, myopic_milli, half_milli, full_milli, milliseconds, compiled)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""
INSERT_SCARCITY = """
insert into sourcing_price (variant_id, run_id, location_ids, scarcity_milli)
select variant_id, $1, array_agg(location_id order by location_id),
       array_agg(milli order by location_id)
from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as p(variant_id, location_id, milli)
group by variant_id
"""
INSERT_CAPACITY = """
insert into sourcing_capacity_price (location_id, run_id, days, capacity_milli)
select location_id, $1, array_agg(day order by day), array_agg(milli order by day)
from unnest($2::uuid[], $3::date[], $4::bigint[]) as p(location_id, day, milli)
group by location_id
"""
DELETE_RUNS = """
delete from sourcing_price_run r where r.at < $1
and not exists (select from sourcing_price p where p.run_id = r.id)
and not exists (select from sourcing_capacity_price c where c.run_id = r.id)
"""


async def replace_prices(
    tx: Tx,
    run: PriceRun,
    scarcity: Sequence[tuple[UUID, UUID, int]],
    capacity: Sequence[tuple[UUID, date, int]],
    *,
    forget_before: datetime,
) -> None:
    """Store an estimate and its prices in place of the last ones; old estimates are forgotten."""
    await tx.execute(INSERT_RUN, *msgspec.structs.astuple(run))
    for statement, rows in ((INSERT_SCARCITY, scarcity), (INSERT_CAPACITY, capacity)):
        if rows:
            await tx.execute(
                statement, run.id, *(list(column) for column in zip(*rows, strict=True))
            )
    await tx.execute(DELETE_RUNS, forget_before)


def _run(row: Record) -> PriceRun:
    return PriceRun(**{name: row[name] for name in PriceRun.__struct_fields__})
