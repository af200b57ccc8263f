"""SQL of coupons and the orders that used them.

An order takes uses of limited coupons under their row locks, in order of id. A coupon without a
limit is not locked, so that a code everybody uses makes nobody wait. Setting a limit locks FOR
UPDATE, which waits for every open transaction that has redeemed the coupon (its foreign key holds
KEY SHARE), and so counts them all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from crosslane.platform.database import Record, Tx, columns
from crosslane.pricing.domain.coupons import Redemption
from crosslane.pricing.domain.promotions import Coupon

CouponKey = tuple[str, UUID | None]

FIND_COUPONS = """
select w.code as typed, w.customer_id, c.id, c.code, c.promotion_id, c.uses_max,
       c.uses_per_customer_max, c.uses, c.valid_from, c.valid_to,
       case when c.uses_per_customer_max is null or w.customer_id is null then 0 else (
           select count(*) from pricing_redemption r
           where r.coupon_id = c.id and r.customer_id = w.customer_id and r.released_at is null
       ) end as customer_uses
from unnest($1::text[], $2::uuid[]) as w (code, customer_id)
join pricing_coupon c on c.code = w.code
"""


async def find_coupons(tx: Tx, wanted: Sequence[CouponKey]) -> dict[CouponKey, Coupon]:
    """Return the coupons with these codes, each with how often that customer uses it now."""
    codes, customers = [each[0] for each in wanted], [each[1] for each in wanted]
    rows = await tx.fetch(FIND_COUPONS, codes, customers)
    return {(row["typed"], row["customer_id"]): _coupon(row) for row in rows}


LOCK_LIMITED_COUPONS = """
select id, code, promotion_id, uses_max, uses_per_customer_max, uses, valid_from, valid_to
from pricing_coupon
where id = any($1) and (uses_max is not null or uses_per_customer_max is not null)
order by id for no key update
"""


async def lock_limited_coupons(tx: Tx, coupon_ids: Sequence[UUID]) -> list[Coupon]:
    """Lock those of the coupons that have a limit and return them as they are now."""
    return [_coupon(row) for row in await tx.fetch(LOCK_LIMITED_COUPONS, coupon_ids)]


LIST_REDEMPTIONS = """
select w.coupon_id, w.order_id, w.customer_id, r.order_id is not null as redeemed,
       case when w.customer_id is null then 0 else (
           select count(*) from pricing_redemption u
           where u.coupon_id = w.coupon_id and u.customer_id = w.customer_id
             and u.released_at is null
       ) end as customer_uses
from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as w (coupon_id, order_id, customer_id)
left join pricing_redemption r
    on r.coupon_id = w.coupon_id and r.order_id = w.order_id and r.released_at is null
"""


async def list_redemptions(
    tx: Tx, wanted: Sequence[Redemption]
) -> tuple[list[Redemption], dict[tuple[UUID, UUID], int]]:
    """Return which uses are redeemed already, and live uses by (coupon, customer).

    To be read in a statement after the locks, so that it sees what they waited for.
    """
    rows = await tx.fetch(
        LIST_REDEMPTIONS, *columns(wanted, "coupon_id", "order_id", "customer_id")
    )
    redeemed = [
        Redemption(row["coupon_id"], row["order_id"], row["customer_id"])
        for row in rows
        if row["redeemed"]
    ]
    uses = {
        (row["coupon_id"], row["customer_id"]): row["customer_uses"]
        for row in rows
        if row["customer_id"]
    }
    return redeemed, uses


INSERT_REDEMPTIONS = """
insert into pricing_redemption (coupon_id, order_id, customer_id, redeemed_at)
select w.*, $4 from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as w
on conflict (coupon_id, order_id) do update set
    customer_id = excluded.customer_id, redeemed_at = excluded.redeemed_at, released_at = null
where pricing_redemption.released_at is not null
returning coupon_id
"""


async def insert_redemptions(tx: Tx, taken: Sequence[Redemption], at: datetime) -> list[UUID]:
    """Record uses and return the coupon of each that is new, to be counted."""
    values = columns(taken, "coupon_id", "order_id", "customer_id")
    return [row["coupon_id"] for row in await tx.fetch(INSERT_REDEMPTIONS, *values, at)]


COUNT_USES = """
update pricing_coupon c set uses = c.uses + w.step
from unnest($1::uuid[], $2::int[]) as w (coupon_id, step)
where c.id = w.coupon_id and c.uses_max is not null
"""


async def count_uses(tx: Tx, steps: Mapping[UUID, int]) -> None:
    """Add to the uses of coupons with a limit.

    In a statement after the one that records the uses: by then a limit set meanwhile is seen.
    """
    await tx.execute(COUNT_USES, list(steps), list(steps.values()))


LIST_LIVE_COUPONS = """
select distinct coupon_id from pricing_redemption
where order_id = any($1) and released_at is null
"""


async def list_live_coupons(tx: Tx, order_ids: Sequence[UUID]) -> list[UUID]:
    """Return the coupons these orders use now."""
    return [row["coupon_id"] for row in await tx.fetch(LIST_LIVE_COUPONS, order_ids)]


LOCK_COUPONS = "select id from pricing_coupon where id = any($1) order by id for no key update"


async def lock_coupons(tx: Tx, coupon_ids: Sequence[UUID]) -> None:
    """Lock coupons whose uses are given back, limited or not."""
    await tx.execute(LOCK_COUPONS, coupon_ids)


RELEASE_REDEMPTIONS = """
update pricing_redemption set released_at = $2
where order_id = any($1) and released_at is null
returning coupon_id
"""


async def release_redemptions(tx: Tx, order_ids: Sequence[UUID], at: datetime) -> list[UUID]:
    """Give back every use of these orders and return the coupon of each, to be counted."""
    return [row["coupon_id"] for row in await tx.fetch(RELEASE_REDEMPTIONS, order_ids, at)]


UPSERT_COUPONS = """
insert into pricing_coupon as c
    (id, code, promotion_id, uses_max, uses_per_customer_max, uses, valid_from, valid_to)
select w.id, w.code, $1, w.uses_max, w.uses_per_customer_max, w.uses, w.valid_from, w.valid_to
from unnest(
    $2::uuid[], $3::text[], $4::int[], $5::int[], $6::int[], $7::timestamptz[], $8::timestamptz[]
) as w (id, code, uses_max, uses_per_customer_max, uses, valid_from, valid_to)
order by w.code
on conflict (code) do update set
    uses_max = excluded.uses_max, uses_per_customer_max = excluded.uses_per_customer_max,
    uses = excluded.uses, valid_from = excluded.valid_from, valid_to = excluded.valid_to
where c.promotion_id = excluded.promotion_id
returning code
"""


async def upsert_coupons(tx: Tx, promotion_id: UUID, coupons: Sequence[Coupon]) -> set[str]:
    """Create coupons of a promotion or replace their limits, uses and dates, under their locks.

    Returns:
        Their codes, without those that belong to another promotion.
    """
    names = ("id", "code", "uses_max", "uses_per_customer_max", "uses", "valid_from", "valid_to")
    rows = await tx.fetch(UPSERT_COUPONS, promotion_id, *columns(coupons, *names))
    return {row["code"] for row in rows}


LOCK_COUPON_CODES = "select id from pricing_coupon where code = any($1) order by id for update"


async def lock_coupon_codes(tx: Tx, codes: Sequence[str]) -> None:
    """Lock the coupons with these codes, in the order in which orders lock them."""
    await tx.execute(LOCK_COUPON_CODES, codes)


LIST_LIVE_USES = """
select c.code, count(*)::int as uses
from pricing_coupon c
join pricing_redemption r on r.coupon_id = c.id and r.released_at is null
where c.code = any($1)
group by c.code
"""


async def list_live_uses(tx: Tx, codes: Sequence[str]) -> dict[str, int]:
    """Return how many orders use these coupons now, those that none uses left out.

    To be read in a statement after the locks, so that it sees what they waited for.
    """
    return {row["code"]: row["uses"] for row in await tx.fetch(LIST_LIVE_USES, codes)}


LIST_COUPONS = """
select c.id, c.code, c.promotion_id, c.uses_max, c.uses_per_customer_max,
       (select count(*) from pricing_redemption r
        where r.coupon_id = c.id and r.released_at is null)::int as uses,
       c.valid_from, c.valid_to
from pricing_coupon c
where c.promotion_id = $1 and c.code > $2
order by c.code limit $3
"""


async def list_coupons(tx: Tx, promotion_id: UUID, *, after: str, limit: int) -> list[Coupon]:
    """Return a page of a promotion's coupons by code, each with its live uses."""
    return [_coupon(row) for row in await tx.fetch(LIST_COUPONS, promotion_id, after, limit)]


def _coupon(row: Record) -> Coupon:
    return Coupon(**{name: row[name] for name in Coupon.__struct_fields__ if name in row})
