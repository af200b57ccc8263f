"""All SQL of finance."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from crosslane.finance.domain import Stock, Transit
from crosslane.platform.database import Record, Tx, columns

# Two people who close the same day at once get two versions, one after the other.
LOCK_DAY = "select pg_advisory_xact_lock(hashtextextended(current_schema() || $1 || $2, 0))"


async def lock_day(tx: Tx, channel_id: UUID, day: date) -> None:
    """Let only one transaction close a day of a channel at a time."""
    await tx.execute(LOCK_DAY, str(channel_id), day.isoformat())


INSERT_CLOSE = """
insert into finance_close
    (id, day, channel_id, version, rows, difference_minor, reason, closed_by, closed_at)
select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8
from finance_close where channel_id = $3 and day = $2
"""


async def insert_close(
    tx: Tx,
    close_id: UUID,
    day: date,
    channel_id: UUID,
    rows: bytes,
    difference_minor: int,
    reason: str,
) -> None:
    """Keep a close as the next version of its day."""
    await tx.execute(
        INSERT_CLOSE,
        close_id,
        day,
        channel_id,
        rows,
        difference_minor,
        reason,
        str(tx.actor),
        tx.now,
    )


FIND_CLOSE = """
select id, day, channel_id, version, rows, difference_minor, reason, closed_by, closed_at
from finance_close where id = $1
"""


async def find_close(tx: Tx, close_id: UUID) -> Record | None:
    """Return a close, or None."""
    return await tx.fetchrow(FIND_CLOSE, close_id)


LIST_CLOSES = """
select id, day, channel_id, version, rows, difference_minor, reason, closed_by, closed_at
from finance_close
where ($1::uuid is null or channel_id = $1)
  and ($2::date is null or (day, id) < ($2, $3))
order by day desc, id desc limit $4
"""


async def list_closes(
    tx: Tx, channel_id: UUID | None, before: tuple[date, UUID] | None, limit: int
) -> list[Record]:
    """Return closes, the latest day first."""
    day, close_id = before or (None, None)
    return await tx.fetch(LIST_CLOSES, channel_id, day, close_id, limit)


# Only whoever has the cursor of the reaction that posts comes here: it protects the rows. To lock
# each of them would write it once more, and so would making it before it is known what it holds.
LIST_STOCK = """
select s.variant_id, s.owner_id, s.units, s.average_milli, s.change_no, s.posted_minor
from unnest((select $1::uuid[]), (select $2::uuid[])) as w(variant_id, owner_id)
join finance_stock s using (variant_id, owner_id)
"""


async def list_stock(tx: Tx, keys: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Stock]:
    """Return what the books hold of (variant, owner) pairs; what was never posted is empty."""
    found = {key: Stock() for key in keys}
    named = [variant_id for variant_id, _ in found], [owner_id for _, owner_id in found]
    for variant_id, owner_id, *held in await tx.fetch(LIST_STOCK, *named):
        found[variant_id, owner_id] = Stock(*held)
    return found


# Each variant once, however often it is told of: an update changes a row once.
COUNT_UNITS = """
with told as materialized (
    select variant_id, sum(units)::bigint as units
    from unnest((select $2::uuid[]), (select $3::bigint[])) as t(variant_id, units)
    group by variant_id
), counted as (
    update finance_stock s set units = s.units + t.units
    from told t where (s.variant_id, s.owner_id) = (t.variant_id, $1)
    returning s.variant_id, s.units - t.units as units, average_milli, change_no, posted_minor
), made as (
    insert into finance_stock (variant_id, owner_id, units, change_no, posted_minor)
    select variant_id, $1, units, 0, 0 from told
    where variant_id not in (select variant_id from counted) order by variant_id
)
select * from counted where average_milli is not null or posted_minor <> 0
"""


async def count_units(
    tx: Tx, told: Mapping[UUID, tuple[Sequence[UUID], Sequence[int]]]
) -> dict[tuple[UUID, UUID], Stock]:
    """Add units of variants by owner; return what was held, before, of what is worth something."""
    return {
        (variant_id, owner_id): Stock(*held)
        for owner_id, units in told.items()
        for variant_id, *held in await tx.fetch(COUNT_UNITS, owner_id, *units)
    }


SAVE_STOCK = """
with held as materialized (
    select * from unnest((select $1::uuid[]), (select $2::uuid[]), (select $3::bigint[]),
                         (select $4::bigint[]), (select $5::bigint[]), (select $6::bigint[]))
         as n(variant_id, owner_id, units, average_milli, change_no, posted_minor)
), changed as (
    update finance_stock s
    set units = n.units, average_milli = n.average_milli, change_no = n.change_no,
        posted_minor = n.posted_minor
    from held n where (s.variant_id, s.owner_id) = (n.variant_id, n.owner_id)
    returning s.variant_id, s.owner_id
)
insert into finance_stock (variant_id, owner_id, units, average_milli, change_no, posted_minor)
select * from held
where (variant_id, owner_id) not in (select variant_id, owner_id from changed)
order by variant_id, owner_id
"""


async def save_stock(tx: Tx, stock: Mapping[tuple[UUID, UUID], Stock]) -> None:
    """Store what the books hold now."""
    await tx.execute(
        SAVE_STOCK,
        [variant_id for variant_id, _ in stock],
        [owner_id for _, owner_id in stock],
        *columns(stock.values(), "units", "average_milli", "change_no", "posted_minor"),
    )


LOCK_TRANSITS = """
with wanted as (
    select * from unnest($1::uuid[], $2::uuid[]) as w(transfer_id, owner_id)
), made as (
    insert into finance_transit (transfer_id, owner_id, posted_minor)
    select transfer_id, owner_id, 0 from wanted order by transfer_id
    on conflict (transfer_id) do nothing
)
select t.transfer_id, t.owner_id, t.posted_minor
from finance_transit t where t.transfer_id = any($1) order by t.transfer_id for update of t
"""


async def lock_transits(tx: Tx, named: Mapping[UUID, Transit]) -> dict[UUID, Transit]:
    """Lock what stands in the account of goods on their way, by transfer; nothing of a new one.

    Args:
        tx: open transaction.
        named: transfers with who owns what is on its way of them.
    """
    if not named:
        return {}
    owners = [transit.owner_id for transit in named.values()]
    found = dict(named)
    for row in await tx.fetch(LOCK_TRANSITS, list(named), owners):
        found[row["transfer_id"]] = Transit(row["owner_id"], row["posted_minor"])
    return found


SAVE_TRANSITS = """
update finance_transit t set posted_minor = n.posted_minor
from unnest($1::uuid[], $2::bigint[]) as n(transfer_id, posted_minor)
where t.transfer_id = n.transfer_id
"""


async def save_transits(tx: Tx, transits: Mapping[UUID, Transit]) -> None:
    """Store what stands in the account now."""
    posted = [transit.posted_minor for transit in transits.values()]
    await tx.execute(SAVE_TRANSITS, list(transits), posted)
