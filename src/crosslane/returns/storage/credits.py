"""Credits of locations for taking back what others had sold."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Record, Tx, columns


class HandlingRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided for one settlement of a return, or the opposite of an earlier row.

    Args:
        subject_no: which event of the return it is due to.
        day: of the location's calendar.
        wanted_minor: what the policy gives, caps aside; likewise ``minor`` with them.
        reverses: the row that is taken back.
    """

    id: UUID
    return_id: UUID
    subject_no: int
    location_id: UUID | None
    channel_id: UUID
    customer_id: UUID | None
    currency: str
    day: date
    wanted_minor: int
    minor: int
    reason: str
    policy_id: UUID | None
    reverses: UUID | None
    actor: str
    occurred_at: datetime


FIELDS = tuple(field.name for field in msgspec.structs.fields(HandlingRow))

INSERT_CREDITS = """
insert into returns_credit
    (id, return_id, subject_no, location_id, channel_id, customer_id, currency, day, wanted_minor,
     minor, reason, policy_id, reverses, actor, occurred_at, at)
select c.*, $16 from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[],
    $6::uuid[], $7::text[], $8::date[], $9::bigint[], $10::bigint[], $11::text[], $12::uuid[],
    $13::uuid[], $14::text[], $15::timestamptz[]) as c
on conflict do nothing
returning id
"""


async def insert_credits(tx: Tx, rows: Sequence[HandlingRow]) -> set[UUID]:
    """Store rows of settlements that have none yet; return the ids of those."""
    stored = await tx.fetch(INSERT_CREDITS, *columns(rows, *FIELDS), tx.now)
    return {row["id"] for row in stored}


SUM_OF_PLACES = """
select w.location_id, w.currency, w.day, coalesce(sum(c.minor), 0)::bigint as minor
from unnest($1::uuid[], $2::text[], $3::date[]) as w(location_id, currency, day)
join returns_credit c
    on c.location_id = w.location_id and c.day = w.day and c.currency = w.currency
group by 1, 2, 3
"""


async def sum_of_places(
    tx: Tx, keys: Sequence[tuple[UUID, str, date]]
) -> dict[tuple[UUID, str, date], int]:
    """Return what locations were credited on days of theirs, by location, currency and day."""
    rows = await tx.fetch(SUM_OF_PLACES, *([key[n] for key in keys] for n in range(3)))
    return {(row["location_id"], row["currency"], row["day"]): row["minor"] for row in rows}


LIST_OF_CUSTOMERS = """
select customer_id, currency, day, sum(minor)::bigint as minor
from returns_credit where customer_id = any($1::uuid[]) and day >= $2
group by 1, 2, 3 having sum(minor) <> 0
"""


async def list_of_customers(tx: Tx, customer_ids: Sequence[UUID], first_day: date) -> list[Record]:
    """Return what was credited for returns of customers, by currency and day."""
    return await tx.fetch(LIST_OF_CUSTOMERS, customer_ids, first_day)


LIST_STANDING = """
select c.* from returns_credit c
where c.return_id = any($1::uuid[]) and c.minor > 0
  and not exists (select from returns_credit r where r.reverses = c.id)
order by c.id
"""


async def list_standing(tx: Tx, return_ids: Sequence[UUID]) -> list[HandlingRow]:
    """Return credits of returns that were not taken back."""
    rows = await tx.fetch(LIST_STANDING, return_ids)
    return [HandlingRow(**{name: row[name] for name in FIELDS}) for row in rows]


LOCK_CREDIT = "select * from returns_credit where id = $1 for update"


async def lock_credit(tx: Tx, credit_id: UUID) -> HandlingRow | None:
    """Lock a credit, so that it is taken back once."""
    row = await tx.fetchrow(LOCK_CREDIT, credit_id)
    return HandlingRow(**{name: row[name] for name in FIELDS}) if row else None


LIST_CREDITS = """
select c.*, r.number as return_number, back.id as taken_back_by
from returns_credit c
join returns_return r on r.id = c.return_id
left join returns_credit back on back.reverses = c.id
where ($1::uuid is null or c.location_id = $1)
  and ($2::uuid is null or c.return_id = $2)
  and ($3::date is null or (c.day, c.id) < ($3, $4))
order by c.day desc, c.id desc limit $5
"""


async def list_credits(
    tx: Tx,
    location_id: UUID | None,
    return_id: UUID | None,
    before: tuple[date, UUID] | None,
    limit: int,
) -> list[Record]:
    """Return decisions and what took them back, the latest day first."""
    return await tx.fetch(LIST_CREDITS, location_id, return_id, *(before or (None, None)), limit)
