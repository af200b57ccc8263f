"""Money problems of orders."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from crosslane.orders.domain.problems import MoneyProblem
from crosslane.platform.database import Tx


class Raised(NamedTuple):
    """A problem about to be kept; fields as in MoneyProblem."""

    operation_id: UUID
    order_id: UUID
    payment_id: UUID
    deed: str
    kind: str
    minor: int
    currency: str
    reason: str


# What nobody could tell may turn out as refused; what is resolved stays so.
RAISE_PROBLEMS = """
insert into orders_money_problem as p
    (operation_id, order_id, payment_id, deed, kind, minor, currency, reason, retries, raised_at)
select operation_id, order_id, payment_id, deed, kind, minor, currency, reason, 0, $9
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[],
            $8::text[])
     as n(operation_id, order_id, payment_id, deed, kind, minor, currency, reason)
on conflict (operation_id) do update set kind = excluded.kind, reason = excluded.reason
where p.kind <> excluded.kind and p.resolved_at is null
returning operation_id
"""


async def raise_problems(tx: Tx, raised: Sequence[Raised]) -> set[UUID]:
    """Keep problems, one per operation; return those that are new or have changed."""
    columns = [list(column) for column in zip(*raised, strict=True)]
    rows = await tx.fetch(RAISE_PROBLEMS, *columns, tx.now)
    return {row["operation_id"] for row in rows}


LOCK_OPEN = """
select order_id, operation_id, payment_id, deed, kind, minor, currency, reason, retries, raised_at,
       resolved_at
from orders_money_problem where order_id = any($1::uuid[]) and resolved_at is null
order by operation_id for update
"""


async def lock_open(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[MoneyProblem]]:
    """Lock the open problems of orders; an order without any is left out."""
    found: dict[UUID, list[MoneyProblem]] = defaultdict(list)
    for row in await tx.fetch(LOCK_OPEN, list(order_ids)):
        values = dict(row)
        found[values.pop("order_id")].append(msgspec.convert(values, MoneyProblem))
    return dict(found)


LIST_PROBLEMS = """
select operation_id, payment_id, deed, kind, minor, currency, reason, retries, raised_at,
       resolved_at
from orders_money_problem where order_id = $1
order by (resolved_at is not null), raised_at desc, operation_id limit $2
"""


async def list_problems(tx: Tx, order_id: UUID, limit: int) -> list[MoneyProblem]:
    """Return the problems of an order, open ones first, then the newest."""
    rows = await tx.fetch(LIST_PROBLEMS, order_id, limit)
    return [msgspec.convert(dict(row), MoneyProblem) for row in rows]


RESOLVE_PROBLEMS = """
update orders_money_problem set resolved_at = $2 where operation_id = any($1::uuid[])
"""


async def resolve_problems(tx: Tx, operation_ids: Sequence[UUID]) -> None:
    """Mark problems as settled."""
    await tx.execute(RESOLVE_PROBLEMS, list(operation_ids), tx.now)


COUNT_RETRY = """
update orders_money_problem set retries = retries + 1 where operation_id = any($1::uuid[])
"""


async def count_retry(tx: Tx, operation_ids: Sequence[UUID]) -> None:
    """Count that problems were asked about again."""
    await tx.execute(COUNT_RETRY, list(operation_ids))
