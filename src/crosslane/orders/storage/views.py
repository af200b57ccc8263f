"""What people read of orders: lists, search, amendments, attributions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Record, Tx

# Every filter is optional; the index on (placed_at, id) gives the order, newest first. Orders of a
# location are those that concern it as the domain says.
LIST_ORDERS = """
select o.id, o.placed_at
from orders_order o
where ($1::text is null or o.channel = $1)
  and ($2::uuid is null or o.customer_id = $2)
  and ($3::text is null or exists (
        select from orders_stop s
        where s.order_id = o.id and s.kind = $3 and s.resolved_at is null))
  and ($4::timestamptz is null or o.placed_at >= $4)
  and ($5::timestamptz is null or o.placed_at < $5)
  and ($6::boolean is null or (o.closed_at is null) = $6)
  and ($7::timestamptz is null or (o.placed_at, o.id) < ($7, $8::uuid))
  and ($10::boolean is null or $10 = exists (
        select from orders_money_problem p where p.order_id = o.id and p.resolved_at is null))
  and ($12::boolean is null or $12 = exists (
        select from orders_credit c where c.order_id = o.id))
  and ($11::uuid is null or exists (
        select from orders_line l left join orders_bucket b on b.line_id = l.id
        where l.order_id = o.id and $11 in (l.store_id, b.location_id)))
order by o.placed_at desc, o.id desc limit $9
"""


async def list_orders(
    tx: Tx,
    *,
    channel: str | None,
    customer_id: UUID | None,
    location_id: UUID | None,
    stop: str | None,
    placed_from: datetime | None,
    placed_before: datetime | None,
    is_open: bool | None,
    money_problem: bool | None,
    returned: bool | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[UUID]:
    """Return ids of orders that fit every filter given, newest first."""
    seen_at, seen_id = after or (None, None)
    rows = await tx.fetch(
        LIST_ORDERS,
        channel,
        customer_id,
        stop,
        placed_from,
        placed_before,
        is_open,
        seen_at,
        seen_id,
        limit,
        money_problem,
        location_id,
        returned,
    )
    return [row["id"] for row in rows]


# The sums are those of the domain: of a line its share by units, rounded half away from zero, and
# charges as long as a unit is left, less what was credited.
LIST_SUMMARIES = """
select o.id, o.number, o.channel, o.source_id, o.placed_at, o.currency, l.lines, l.units,
       (select jsonb_object_agg(stage, units) from (
           select b.stage, sum(b.quantity) as units
           from orders_line l cross join lateral (
               select stage, quantity from orders_bucket where line_id = l.id offset 0
           ) b where l.order_id = o.id group by 1
       ) s) as stages,
       array(select distinct kind from orders_stop
             where order_id = o.id and resolved_at is null) as stops,
       c.returned, (l.minor + case when l.kept > 0 then (
           select coalesce(sum(gross_minor), 0) from orders_charge
           where order_id = o.id and not cancelled
       ) else 0 end - c.minor)::bigint as gross_minor
from orders_order o cross join lateral (
    select count(*) as lines, sum(quantity) as units, sum(kept) as kept,
           sum(round(net_minor * kept / quantity) + round(tax_minor * kept / quantity)) as minor
    from (
        select quantity, net_minor, tax_minor, quantity - (
            select coalesce(sum(quantity), 0)::numeric from orders_bucket
            where line_id = l.id and stage = 'cancelled'
        ) as kept
        from orders_line l where order_id = o.id and not is_bundle
    ) each
) l cross join lateral (
    select coalesce(sum(quantity), 0)::bigint as returned,
           coalesce(sum(net_minor + tax_minor), 0)::bigint as minor
    from orders_credit where order_id = o.id
) c
where o.id = any($1::uuid[]) order by o.placed_at desc, o.id desc
"""


async def list_summaries(tx: Tx, order_ids: Sequence[UUID]) -> list[Record]:
    """Return what a list shows of some orders, newest first.

    Each is the head with the number of its lines, of its units and of those that came back, what it
    is worth, as JSON its units by stage, and the kinds of its open stops.
    """
    return await tx.fetch(LIST_SUMMARIES, order_ids) if order_ids else []


# Charges are counted as they came; why staff charged something is not for customers.
LIST_TITLES = """
select l.order_id, l.id, l.position as place, l.title, l.sku, coalesce(b.title, '') as part_of
from orders_line l left join orders_line b on b.id = l.parent_line_id
where l.order_id = any((select $1::uuid[])::uuid[])
union all
select c.order_id, c.id,
       row_number() over (partition by c.order_id order by c.recorded_at, c.id) - 1,
       coalesce(l.title, ''), '', ''
from orders_charge c left join orders_line l on l.id = c.line_id
where c.order_id = any((select $1::uuid[])::uuid[])
"""


class Titled(msgspec.Struct, frozen=True):
    """What a line or charge of an order is called.

    Args:
        id: of the line or charge.
        place: where it stands among lines, or among charges.
        title: of the article, for a charge that of the line it belongs to or "".
        sku: "" for a charge.
        part_of: title of the bundle it was sold in.
    """

    id: UUID
    place: int
    title: str
    sku: str
    part_of: str


async def list_titles(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Titled]]:
    """Return what lines and charges of some orders are called, by order."""
    found: dict[UUID, list[Titled]] = {}
    rows = await tx.fetch(LIST_TITLES, list(set(order_ids))) if order_ids else []
    for order_id, *told in rows:
        found.setdefault(order_id, []).append(Titled(*told))
    return found


LIST_PRICE_REASONS = "select id, price_reasons from orders_line where id = any($1::uuid[])"


async def list_price_reasons(tx: Tx, line_ids: Sequence[UUID]) -> dict[UUID, msgspec.Raw]:
    """Return by line, as JSON, what explains its price."""
    rows = await tx.fetch(LIST_PRICE_REASONS, line_ids)
    return {row["id"]: msgspec.Raw(row["price_reasons"]) for row in rows}


LIST_AMENDMENTS = """
select no, kind, reason, lines, gross_delta_minor, actor, at
from orders_amendment where order_id = $1 order by no limit $2
"""


async def list_amendments(tx: Tx, order_id: UUID, limit: int) -> list[Record]:
    """Return an order's amendments, oldest first."""
    return await tx.fetch(LIST_AMENDMENTS, order_id, limit)


LIST_AMENDERS = """
select a.order_id, a.no, a.actor
from unnest($1::uuid[], $2::integer[]) as w(order_id, no)
join orders_amendment a using (order_id, no)
"""


async def list_amenders(
    tx: Tx, amendments: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], str]:
    """Return who made amendments, as ``kind:id``, each by its order and number."""
    if not amendments:
        return {}
    rows = await tx.fetch(LIST_AMENDERS, [a[0] for a in amendments], [a[1] for a in amendments])
    return {(row["order_id"], row["no"]): row["actor"] for row in rows}


# Components are credited with their bundle.
LIST_ATTRIBUTIONS = """
select line_id, role, beneficiary_kind, beneficiary_id, share_bp, source
from (
    select l.position, a.at, a.line_id, a.role, a.beneficiary_kind, a.beneficiary_id, a.share_bp,
           a.source
    from orders_line l join orders_attribution a on a.line_id = l.id
    where l.order_id = $1
    union all
    select position, null, id, 'sold', 'none', '', 10000,
           case amendment_no when 0 then 'placed' else 'amendment:' || amendment_no end
    from orders_line where order_id = $1 and parent_line_id is null and not attributed
) each
order by position, at nulls first, role limit $2
"""


async def list_attributions(tx: Tx, order_id: UUID, limit: int) -> list[Record]:
    """Return who gets the credit for an order's lines, by line; nobody is told too."""
    return await tx.fetch(LIST_ATTRIBUTIONS, order_id, limit)
