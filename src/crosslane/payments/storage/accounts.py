"""Gift cards and store credit, their journal, and what stores have given back in cash."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from crosslane.payments.domain import Account, AccountEntry
from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.personal import Erased, PersonalColumn

PERSONAL_COLUMNS = [
    PersonalColumn("payments_account", "customer_id", "owner", "whose gift card or store credit")
]


class CashKey(NamedTuple):
    """A store's day, in one currency."""

    location_id: UUID
    day: date
    currency: str


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account to be opened, and the digest of its code, None while it has none."""

    account: Account
    code_hash: bytes | None = None


# Accounts are locked in one order everywhere, after tenders, so that nobody waits in a ring.
LOCK_ACCOUNTS = """
select id, kind, entity_id, channel_id, currency, customer_id, code_end, balance_minor, held_minor,
       expires_at, blocked
from payments_account where id = any((select $1::uuid[])::uuid[]) order by id for update
"""


async def lock_accounts(tx: Tx, account_ids: Iterable[UUID]) -> dict[UUID, Account]:
    """Return gift cards and store credit by id, protected until the transaction ends."""
    rows = await tx.fetch(LOCK_ACCOUNTS, list(set(account_ids)))
    return {row["id"]: _account(row) for row in rows}


LIST_ACCOUNTS = """
select id, kind, entity_id, channel_id, currency, customer_id, code_end, balance_minor, held_minor,
       expires_at, blocked
from payments_account where id = any((select $1::uuid[])::uuid[])
"""


async def list_accounts(tx: Tx, account_ids: Iterable[UUID]) -> dict[UUID, Account]:
    """Return gift cards and store credit by id."""
    rows = await tx.fetch(LIST_ACCOUNTS, list(set(account_ids)))
    return {row["id"]: _account(row) for row in rows}


FIND_CODES = """
select code_hash, id from payments_account where code_hash = any((select $1::bytea[])::bytea[])
"""


async def find_codes(tx: Tx, digests: Iterable[bytes]) -> dict[bytes, UUID]:
    """Return accounts by the digest of their code."""
    rows = await tx.fetch(FIND_CODES, list(set(digests)))
    return {bytes(row["code_hash"]): row["id"] for row in rows}


LIST_OF_CUSTOMERS = """
select id, kind, entity_id, channel_id, currency, customer_id, code_end, balance_minor, held_minor,
       expires_at, blocked
from payments_account where customer_id = any((select $1::uuid[])::uuid[]) order by id limit $2
"""


async def list_of_customers(tx: Tx, customer_ids: Iterable[UUID], limit: int) -> list[Account]:
    """Return what customers own, the oldest first."""
    rows = await tx.fetch(LIST_OF_CUSTOMERS, list(customer_ids), limit)
    return [_account(row) for row in rows]


# A customer has one store credit of an entity and currency; two who open it at once get the same.
OPEN_CREDITS = """
insert into payments_account
    (id, kind, entity_id, channel_id, currency, customer_id, code_hash, code_end, balance_minor,
     held_minor, expires_at, blocked, opened_at)
select id, 'store_credit', entity_id, channel_id, currency, customer_id, null, '', 0, 0, null,
       false, $6
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[])
     as n(id, entity_id, channel_id, currency, customer_id)
order by entity_id, currency, customer_id
on conflict (entity_id, currency, customer_id)
    where kind = 'store_credit' and customer_id is not null do nothing
"""
FIND_CREDITS = """
select a.id, a.entity_id, a.currency, a.customer_id
from unnest($1::uuid[], $2::text[], $3::uuid[]) as w(entity_id, currency, customer_id)
join payments_account a using (entity_id, currency, customer_id)
where a.kind = 'store_credit'
"""


async def open_credits(
    tx: Tx, wanted: Sequence[Account]
) -> dict[tuple[UUID, str, UUID | None], UUID]:
    """Open store credit where there is none; return all by (entity, currency, customer)."""
    names = ("id", "entity_id", "channel_id", "currency", "customer_id")
    await tx.execute(OPEN_CREDITS, *columns(wanted, *names), tx.now)
    rows = await tx.fetch(FIND_CREDITS, *columns(wanted, "entity_id", "currency", "customer_id"))
    return {(row["entity_id"], row["currency"], row["customer_id"]): row["id"] for row in rows}


INSERT_ACCOUNTS = """
insert into payments_account
    (id, kind, entity_id, channel_id, currency, customer_id, code_hash, code_end, balance_minor,
     held_minor, expires_at, blocked, opened_at)
select id, kind, entity_id, channel_id, currency, customer_id, code_hash, code_end, 0, 0, null,
       false, $9
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::bytea[],
            $8::text[])
     as n(id, kind, entity_id, channel_id, currency, customer_id, code_hash, code_end)
"""


async def insert_accounts(tx: Tx, opened: Sequence[NewAccount]) -> None:
    """Open accounts, empty; what is put on them is written with the changes."""
    accounts = [new.account for new in opened]
    head = columns(accounts, "id", "kind", "entity_id", "channel_id", "currency", "customer_id")
    await tx.execute(
        INSERT_ACCOUNTS,
        *head,
        [new.code_hash for new in opened],
        [account.code_end for account in accounts],
        tx.now,
    )


WRITE_ACCOUNTS = """
with accounts as (
    update payments_account a
    set balance_minor = c.balance_minor, held_minor = c.held_minor, expires_at = c.expires_at,
        blocked = c.blocked
    from jsonb_to_recordset($1) as c(
        id uuid, balance_minor bigint, held_minor bigint, expires_at timestamptz, blocked boolean)
    where a.id = c.id and a.id = any((select $4::uuid[])::uuid[])
)
insert into payments_account_entry
    (id, account_id, deed, minor, cause_kind, cause_id, occurred_at, channel_id, payment_id,
     location_id, paid_by, reference, recorded_at)
select id, account_id, deed, minor, cause_kind, cause_id, occurred_at, channel_id, payment_id,
       location_id, paid_by, reference, $3
from jsonb_to_recordset($2) as e(
    id uuid, account_id uuid, deed text, minor bigint, cause_kind text, cause_id text,
    occurred_at timestamptz, channel_id uuid, payment_id uuid, location_id uuid, paid_by text,
    reference text)
"""


async def write_accounts(
    tx: Tx, accounts: Sequence[Account], entries: Sequence[AccountEntry]
) -> None:
    """Save balances and the journal behind them."""
    await tx.execute(
        WRITE_ACCOUNTS,
        msgspec.json.encode(accounts),
        msgspec.json.encode(entries),
        tx.now,
        [account.id for account in accounts],
    )


# What a store gave back in cash on a day: its row is made first, so that it can be locked.
LOCK_CASH_DAYS = """
with wanted as (
    select * from unnest($1::uuid[], $2::date[], $3::text[]) as w(location_id, day, currency)
), made as (
    insert into payments_cash_day (location_id, day, currency, paid_minor)
    select location_id, day, currency, 0 from wanted order by location_id, day, currency
    on conflict (location_id, day, currency) do update set paid_minor = payments_cash_day.paid_minor
    returning location_id, day, currency, paid_minor
)
select location_id, day, currency, paid_minor from made
"""


async def lock_cash_days(tx: Tx, keys: Iterable[CashKey]) -> dict[CashKey, int]:
    """Return what stores have given back in cash on days, protected until the transaction ends."""
    wanted = sorted(set(keys))
    names = [list(column) for column in zip(*wanted, strict=True)]
    rows = await tx.fetch(LOCK_CASH_DAYS, *names)
    return {
        CashKey(row["location_id"], row["day"], row["currency"]): row["paid_minor"] for row in rows
    }


CASH_PAID = """
select paid_minor from payments_cash_day where (location_id, day, currency) = ($1, $2, $3)
"""


async def cash_paid(tx: Tx, key: CashKey) -> int:
    """Return what a store has given back in cash on a day, in minor units."""
    return await tx.fetchval(CASH_PAID, *key) or 0


SAVE_CASH_DAYS = """
update payments_cash_day d set paid_minor = n.paid_minor
from unnest($1::uuid[], $2::date[], $3::text[], $4::bigint[])
     as n(location_id, day, currency, paid_minor)
where (d.location_id, d.day, d.currency) = (n.location_id, n.day, n.currency)
"""


async def save_cash_days(tx: Tx, paid: Mapping[CashKey, int]) -> None:
    """Store what stores have given back in cash."""
    names = [list(column) for column in zip(*paid, strict=True)]
    await tx.execute(SAVE_CASH_DAYS, *names, list(paid.values()))


# What others hold is theirs to finish; it runs out in the next round.
LOCK_EXPIRED = """
select id, kind, entity_id, channel_id, currency, customer_id, code_end, balance_minor, held_minor,
       expires_at, blocked
from payments_account
where expires_at <= $1 and balance_minor > held_minor order by expires_at, id limit $2
for update skip locked
"""


async def lock_expired(tx: Tx, limit: int) -> list[Account]:
    """Return accounts that have run out and still hold something, protected."""
    return [_account(row) for row in await tx.fetch(LOCK_EXPIRED, tx.now, limit)]


SAVE_CODE = "update payments_account set code_hash = $2, code_end = $3 where id = $1"


async def save_code(tx: Tx, account_id: UUID, digest: bytes, end: str) -> None:
    """Give an account another code."""
    await tx.execute(SAVE_CODE, account_id, digest, end)


# A customer keeps one store credit of an entity and currency.
SAVE_OWNER = """
update payments_account a set customer_id = $2 where a.id = $1 and not exists (
    select from payments_account b
    where b.id <> a.id and b.kind = 'store_credit' and a.kind = 'store_credit'
      and b.entity_id = a.entity_id and b.currency = a.currency and b.customer_id = $2
)
"""


async def save_owner(tx: Tx, account_id: UUID, customer_id: UUID | None) -> bool:
    """Say whose an account is; return whether it could be."""
    return await tx.execute(SAVE_OWNER, account_id, customer_id) == "UPDATE 1"


LIST_ENTRIES = """
select id, account_id, deed, minor, cause_kind, cause_id, occurred_at, channel_id, payment_id,
       location_id, paid_by, reference
from payments_account_entry where account_id = $1 and ($2::uuid is null or id < $2)
order by id desc limit $3
"""


async def list_entries(
    tx: Tx, account_id: UUID, before: UUID | None, limit: int
) -> list[AccountEntry]:
    """Return the journal of an account, the newest line first."""
    rows = await tx.fetch(LIST_ENTRIES, account_id, before, limit)
    return [msgspec.convert(dict(row), AccountEntry) for row in rows]


LOCK_WRONG = """
insert into payments_wrong_code (caller, since, wrong)
select caller, $2, 0 from unnest($1::text[]) as w(caller) order by caller
on conflict (caller, since) do update set wrong = payments_wrong_code.wrong
returning caller, wrong
"""


async def lock_wrong(tx: Tx, callers: Iterable[str], since: datetime) -> dict[str, int]:
    """Return how many wrong codes callers have typed since an instant, protected."""
    rows = await tx.fetch(LOCK_WRONG, sorted(set(callers)), since)
    return {row["caller"]: row["wrong"] for row in rows}


SAVE_WRONG = """
update payments_wrong_code c set wrong = n.wrong
from unnest($1::text[], $2::int[]) as n(caller, wrong)
where c.caller = n.caller and c.since = $3
"""


async def save_wrong(tx: Tx, wrong: Mapping[str, int], since: datetime) -> None:
    """Store how many wrong codes callers have typed."""
    await tx.execute(SAVE_WRONG, list(wrong), list(wrong.values()), since)


DELETE_WRONG = "delete from payments_wrong_code where since < $1"


async def delete_wrong(tx: Tx, before: datetime) -> None:
    """Forget wrong codes that do not count any more."""
    await tx.execute(DELETE_WRONG, before)


FORGET_OWNERS = """
update payments_account set customer_id = null where customer_id = any((select $1::uuid[])::uuid[])
"""


async def forget_owners(tx: Tx, customer_ids: Iterable[UUID]) -> Erased:
    """Take owners off their accounts; return of how many."""
    tag = await tx.execute(FORGET_OWNERS, list(customer_ids))
    return Erased("payments_account.customer_id", int(tag.rpartition(" ")[2]))


def _account(row: Record) -> Account:
    return msgspec.convert(dict(row), Account)
