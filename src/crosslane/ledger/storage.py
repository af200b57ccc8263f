"""All SQL of the ledger."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import msgspec

from crosslane.ledger.domain import AccountKind, Booked, Entry, LedgerAccount, Posting, Rate
from crosslane.platform.database import Record, Tx, columns

# What one tenant may keep in memory; more is a mistake of whoever fills the tables.
ACCOUNTS_MAX = 5_000
RATES_MAX = 100_000


class Written(msgspec.Struct, frozen=True):
    """An entry ready to be stored: under which id, and its postings with their book amounts."""

    id: UUID
    entry: Entry
    booked: Sequence[Booked]
    book_currencies: Sequence[str]


class Grouping(msgspec.Struct, frozen=True):
    """Which postings a balance sums, and by what it is split.

    Args:
        entity_id: only this entity's books.
        account: only this account.
        first_day, last_day: only these days, both included.
        channel_id, location_id: only these dimensions.
        by: names of the columns that split the sums.
        limit: most rows.
    """

    entity_id: UUID | None
    account: str | None
    first_day: date | None
    last_day: date | None
    channel_id: UUID | None
    location_id: UUID | None
    by: list[str]
    limit: int


LIST_ACCOUNTS = """
select code, number, name, kind, open from ledger_account order by number limit $1
"""


async def list_accounts(tx: Tx) -> dict[str, LedgerAccount]:
    """Return the chart of accounts by code, in the order of the numbers."""
    return {
        row["code"]: LedgerAccount(
            row["code"], row["number"], row["name"], AccountKind(row["kind"]), row["open"]
        )
        for row in await tx.fetch(LIST_ACCOUNTS, ACCOUNTS_MAX)
    }


UPSERT_ACCOUNT = """
insert into ledger_account (code, number, name, kind, open) values ($1, $2, $3, $4, $5)
on conflict (code) do update
set number = excluded.number, name = excluded.name, open = excluded.open
"""


async def upsert_account(tx: Tx, account: LedgerAccount) -> None:
    """Add an account to the chart, or change number, name and whether it is open."""
    await tx.execute(
        UPSERT_ACCOUNT, account.code, account.number, account.name, account.kind, account.open
    )


LIST_RATES = """
select currency, book_currency, valid_from, rate_nano from ledger_rate
order by currency, book_currency, valid_from limit $1
"""


async def list_rates(tx: Tx) -> list[Rate]:
    """Return every exchange rate."""
    return [Rate(*row) for row in await tx.fetch(LIST_RATES, RATES_MAX)]


INSERT_RATE = """
insert into ledger_rate (currency, book_currency, valid_from, rate_nano, author, recorded_at)
values ($1, $2, $3, $4, $5, $6) on conflict do nothing
"""


async def insert_rate(tx: Tx, rate: Rate) -> bool:
    """Add a rate; return whether it is new."""
    done = await tx.execute(
        INSERT_RATE,
        rate.currency,
        rate.book_currency,
        rate.valid_from,
        rate.rate_nano,
        str(tx.actor),
        tx.now,
    )
    return done == "INSERT 0 1"


# The causes are inserted in sorted order, so that two batches never wait for each other in a ring.
INSERT_ENTRIES = """
with fresh as (
    insert into ledger_entry
        (id, cause_kind, cause_id, occurred_at, day, memo, actor, recorded_at)
    select id, cause_kind, cause_id, occurred_at, day, memo, $7, $8
    from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::date[], $6::text[])
         as e(id, cause_kind, cause_id, occurred_at, day, memo)
    order by cause_kind, cause_id
    on conflict (cause_kind, cause_id) do nothing
    returning id, day
), tail as (
    insert into ledger_tail (entry_id, recorded_at) select id, $8 from fresh
), posted as (
    insert into ledger_posting
        (entry_id, position, recorded_at, day, entity_id, account, currency, minor, book_currency,
         book_minor, rate_nano, line_id, counterparty_id, channel_id, location_id, staff_id,
         brand_id, market_id, tax_code)
    select f.id, p.position, $8, f.day, p.entity_id, p.account, p.currency, p.minor,
           p.book_currency, p.book_minor, p.rate_nano, p.line_id, p.counterparty_id, p.channel_id,
           p.location_id, p.staff_id, p.brand_id, p.market_id, p.tax_code
    from unnest($9::uuid[], $10::int[], $11::uuid[], $12::text[], $13::text[], $14::bigint[],
                $15::text[], $16::bigint[], $17::bigint[], $18::uuid[], $19::uuid[], $20::uuid[],
                $21::uuid[], $22::uuid[], $23::uuid[], $24::uuid[], $25::text[])
         as p(entry_id, position, entity_id, account, currency, minor, book_currency, book_minor,
              rate_nano, line_id, counterparty_id, channel_id, location_id, staff_id, brand_id,
              market_id, tax_code)
    join fresh f on f.id = p.entry_id
)
select id from fresh
"""
_POSTING_FIELDS = (
    "line_id",
    "counterparty_id",
    "channel_id",
    "location_id",
    "staff_id",
    "brand_id",
    "market_id",
    "tax_code",
)


async def insert_entries(tx: Tx, written: Sequence[Written]) -> set[UUID]:
    """Store entries whose cause is new, with their postings; return the ids of those."""
    rows = [
        (w.id, position, booked, book_currency)
        for w in written
        for position, (booked, book_currency) in enumerate(
            zip(w.booked, w.book_currencies, strict=True), start=1
        )
    ]
    postings = [booked.posting for _, _, booked, _ in rows]
    entity_ids, accounts, currencies, minors = columns(
        postings, "entity_id", "account", "currency", "minor"
    )
    stored = await tx.fetch(
        INSERT_ENTRIES,
        [w.id for w in written],
        *columns(
            [w.entry for w in written], "cause_kind", "cause_id", "occurred_at", "day", "memo"
        ),
        str(tx.actor),
        tx.now,
        [entry_id for entry_id, _, _, _ in rows],
        [position for _, position, _, _ in rows],
        entity_ids,
        accounts,
        currencies,
        minors,
        [book_currency for _, _, _, book_currency in rows],
        *columns([booked for _, _, booked, _ in rows], "book_minor", "rate_nano"),
        *columns(postings, *_POSTING_FIELDS),
    )
    return {row["id"] for row in stored}


LIST_ENTRIES = """
select e.id, e.cause_kind, e.cause_id, e.occurred_at, e.day, e.memo, e.actor, e.recorded_at
from ledger_entry e
where ($1::date is null or e.day >= $1) and ($2::date is null or e.day <= $2)
  and ($3::text is null or e.cause_kind = $3) and ($4::text is null or e.cause_id = $4)
  and ($5::date is null or (e.day, e.id) < ($5, $6))
order by e.day desc, e.id desc limit $7
"""


async def list_entries(
    tx: Tx,
    *,
    first_day: date | None,
    last_day: date | None,
    cause_kind: str | None,
    cause_id: str | None,
    before: tuple[date, UUID] | None,
    limit: int,
) -> list[Record]:
    """Return entries, the latest day first.

    Args:
        tx: open transaction.
        first_day: only from this business day on.
        last_day: only up to this business day.
        cause_kind: only what this sort of cause did.
        cause_id: only what this cause did.
        before: day and id of the last entry already known.
        limit: most to return.
    """
    last = before or (None, None)
    return await tx.fetch(
        LIST_ENTRIES, first_day, last_day, cause_kind, cause_id, last[0], last[1], limit
    )


FIND_ENTRY = """
select id, cause_kind, cause_id, occurred_at, day, memo, actor, recorded_at
from ledger_entry where id = $1
"""


async def find_entry(tx: Tx, entry_id: UUID) -> Record | None:
    """Return one entry without its postings, or None."""
    return await tx.fetchrow(FIND_ENTRY, entry_id)


LIST_POSTINGS = """
select entry_id, position, entity_id, account, currency, minor, book_currency, book_minor,
       rate_nano, line_id, counterparty_id, channel_id, location_id, staff_id, brand_id, market_id,
       tax_code
from ledger_posting where entry_id = any($1) order by entry_id, position
"""


async def list_postings(tx: Tx, entry_ids: Iterable[UUID]) -> list[Record]:
    """Return the postings of entries."""
    return await tx.fetch(LIST_POSTINGS, list(entry_ids))


def posting_of(row: Record) -> Posting:
    """Return the posting in a row of :func:`list_postings`."""
    names = ("entity_id", "account", "currency", "minor", *_POSTING_FIELDS)
    return Posting(**{name: row[name] for name in names})


# One statement, so that roll-up and tail are of the same instant.
SUM_BALANCES = """
with counted as (
    select entity_id, account, currency, day, channel_id, location_id, tax_code,
           debit_minor, credit_minor, book_minor
    from ledger_rollup
    union all
    select p.entity_id, p.account, p.currency, p.day, p.channel_id, p.location_id, p.tax_code,
           greatest(p.minor, 0), greatest(-p.minor, 0), p.book_minor
    from ledger_tail t
    join ledger_posting p on p.entry_id = t.entry_id and p.recorded_at = t.recorded_at
)
select entity_id, account, currency,
       case when 'day' = any($7::text[]) then day end as day,
       case when 'channel' = any($7) then channel_id end as channel_id,
       case when 'location' = any($7) then location_id end as location_id,
       case when 'tax_code' = any($7) then tax_code end as tax_code,
       sum(debit_minor)::bigint as debit_minor, sum(credit_minor)::bigint as credit_minor,
       sum(book_minor)::bigint as book_minor
from counted
where ($1::uuid is null or entity_id = $1) and ($2::text is null or account = $2)
  and ($3::date is null or day >= $3) and ($4::date is null or day <= $4)
  and ($5::uuid is null or channel_id = $5) and ($6::uuid is null or location_id = $6)
group by 1, 2, 3, 4, 5, 6, 7
order by 2, 1, 3, 4, 5, 6, 7 limit $8
"""


async def sum_balances(tx: Tx, wanted: Grouping) -> list[Record]:
    """Return sums per entity, account and currency, split further as asked."""
    return await tx.fetch(SUM_BALANCES, *msgspec.structs.astuple(wanted))


# Roll-up and tail of one instant. No location has the identifier of a channel.
LIST_TURNOVERS = """
with counted as (
    select entity_id, account, currency, day, channel_id, debit_minor, credit_minor
    from ledger_rollup where (location_id = $1 or channel_id = $1) and day <= $3
    union all
    select p.entity_id, p.account, p.currency, p.day, p.channel_id, greatest(p.minor, 0),
           greatest(-p.minor, 0)
    from ledger_tail t
    join ledger_posting p on p.entry_id = t.entry_id and p.recorded_at = t.recorded_at
    where (p.location_id = $1 or p.channel_id = $1) and p.day <= $3
)
select entity_id, account, currency, channel_id,
       coalesce(sum(debit_minor - credit_minor) filter (where day < $2), 0)::bigint
           as opening_minor,
       coalesce(sum(debit_minor) filter (where day >= $2), 0)::bigint as debit_minor,
       coalesce(sum(credit_minor) filter (where day >= $2), 0)::bigint as credit_minor
from counted group by 1, 2, 3, 4 order by 2, 1, 3, 4 limit $4
"""


async def list_turnovers(
    tx: Tx, of_id: UUID, first_day: date, last_day: date, limit: int
) -> list[Record]:
    """Return what moved on each account of a location or channel, and what stood there before."""
    return await tx.fetch(LIST_TURNOVERS, of_id, first_day, last_day, limit)


LIST_LINE_TURNOVERS = """
select entity_id, account, currency, channel_id, 0::bigint as opening_minor,
       sum(greatest(minor, 0))::bigint as debit_minor,
       sum(greatest(-minor, 0))::bigint as credit_minor
from unnest((select $1::uuid[])) as w(line_id)
cross join lateral (
    select entity_id, account, currency, channel_id, minor, day from ledger_posting p
    where p.line_id = w.line_id and p.account in ('revenue', 'sales_returns') offset 0
) p
where day between $2 and $3
group by 1, 2, 3, 4 order by 2, 1, 3, 4 limit $4
"""


async def list_line_turnovers(
    tx: Tx, line_ids: Sequence[UUID], first_day: date, last_day: date, limit: int
) -> list[Record]:
    """Return what lines of orders earned in some days, wherever that was."""
    return await tx.fetch(LIST_LINE_TURNOVERS, line_ids, first_day, last_day, limit)


LIST_OF_LINES = """
select p.entry_id, p.position, p.day, e.occurred_at, e.cause_kind, e.cause_id, e.memo, p.minor,
       p.line_id, p.location_id, p.tax_code, p.counterparty_id
from unnest((select $1::uuid[])) as w(line_id)
cross join lateral (
    select * from ledger_posting p
    where p.line_id = w.line_id and p.account in ('revenue', 'sales_returns') offset 0
) p
join ledger_entry e on e.id = p.entry_id
where p.account = $2 and p.entity_id = $3 and p.day between $4 and $5 and p.currency = $6
  and p.channel_id is not distinct from $7 and (p.minor > 0) = $8
  and ($9::date is null or (p.day, p.entry_id, p.position) > ($9, $10, $11))
order by p.day, p.entry_id, p.position limit $12
"""


async def list_of_lines(
    tx: Tx,
    line_ids: Sequence[UUID],
    turned: tuple[str, UUID, date, date, str],
    channel_id: UUID | None,
    debits: bool,
    after: tuple[date, UUID, int] | None,
    limit: int,
) -> list[Record]:
    """Return the postings behind one side of what lines earned; as :func:`list_lines`."""
    last = after or (None, None, None)
    return await tx.fetch(LIST_OF_LINES, line_ids, *turned, channel_id, debits, *last, limit)


# The index by account, entity and day finds the days; what a turnover counts is never zero.
LIST_LINES = """
select p.entry_id, p.position, p.day, e.occurred_at, e.cause_kind, e.cause_id, e.memo, p.minor,
       p.line_id, p.location_id, p.tax_code, p.counterparty_id
from ledger_posting p join ledger_entry e on e.id = p.entry_id
where p.account = $1 and p.entity_id = $2 and p.day between $3 and $4 and p.currency = $5
  and (p.location_id = $6 or p.channel_id = $6) and p.channel_id is not distinct from $7
  and (p.minor > 0) = $8
  and ($9::date is null or (p.day, p.entry_id, p.position) > ($9, $10, $11))
order by p.day, p.entry_id, p.position limit $12
"""


async def list_lines(
    tx: Tx,
    of_id: UUID,
    turned: tuple[str, UUID, date, date, str],
    channel_id: UUID | None,
    debits: bool,
    after: tuple[date, UUID, int] | None,
    limit: int,
) -> list[Record]:
    """Return the postings that one side of a turnover is made of, the earliest first.

    Args:
        tx: open transaction.
        of_id: location or channel.
        turned: account, entity, first day, last day and currency of the turnover.
        channel_id: its channel, None for postings without one.
        debits: which of its two sides.
        after: day, entry and position of the last posting already known.
        limit: most to return.
    """
    last = after or (None, None, None)
    return await tx.fetch(LIST_LINES, *turned, of_id, channel_id, debits, *last, limit)


ROLL_UP = """
with taken as (
    delete from ledger_tail where entry_id in (
        select entry_id from ledger_tail order by recorded_at limit $1 for update skip locked
    ) returning entry_id, recorded_at
), summed as (
    select p.entity_id, p.account, p.currency, p.day, p.channel_id, p.location_id, p.tax_code,
           sum(greatest(p.minor, 0)) as debit_minor, sum(greatest(-p.minor, 0)) as credit_minor,
           sum(p.book_minor) as book_minor
    from taken t join ledger_posting p on p.entry_id = t.entry_id and p.recorded_at = t.recorded_at
    group by 1, 2, 3, 4, 5, 6, 7
), rolled as (
    insert into ledger_rollup as r
        (entity_id, account, currency, day, channel_id, location_id, tax_code, debit_minor,
         credit_minor, book_minor)
    select entity_id, account, currency, day, channel_id, location_id, tax_code, debit_minor,
           credit_minor, book_minor
    from summed order by account, entity_id, currency, day, channel_id, location_id, tax_code
    on conflict (account, entity_id, currency, day, channel_id, location_id, tax_code) do update
    set debit_minor = r.debit_minor + excluded.debit_minor,
        credit_minor = r.credit_minor + excluded.credit_minor,
        book_minor = r.book_minor + excluded.book_minor
)
select count(*) from taken
"""


async def roll_up(tx: Tx, entries_max: int) -> int:
    """Move the oldest entries of the tail into the roll-up; return how many."""
    return await tx.fetchval(ROLL_UP, entries_max)
