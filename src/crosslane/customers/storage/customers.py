"""Customers and what they are known by."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.customers.domain import Customer, CustomerKind, Identity
from crosslane.platform.database import Record, Tx, columns


class NewCustomer(msgspec.Struct, frozen=True):
    """A customer row to be made."""

    id: UUID
    kind: CustomerKind
    name: str
    group: str
    payment_terms_days: int | None
    locale: str
    guest: bool


INSERT_CUSTOMERS = """
insert into customers_customer
    (id, kind, name, customer_group, payment_terms_days, locale, guest, created_at)
select id, kind, name, customer_group, payment_terms_days, locale, guest, $8
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::boolean[])
    as given (id, kind, name, customer_group, payment_terms_days, locale, guest)
"""


async def insert_customers(tx: Tx, customers: Sequence[NewCustomer]) -> None:
    """Make customers."""
    await tx.execute(
        INSERT_CUSTOMERS,
        [customer.id for customer in customers],
        [customer.kind for customer in customers],
        [customer.name for customer in customers],
        [customer.group for customer in customers],
        [customer.payment_terms_days for customer in customers],
        [customer.locale for customer in customers],
        [customer.guest for customer in customers],
        tx.now,
    )


# In the order of the key, so that two transactions never wait for each other in a circle. A
# concurrent insert of the same identity is waited for and then left alone.
INSERT_IDENTITIES = """
insert into customers_identity (kind, value, channel, customer_id, created_at)
select kind, value, channel, customer_id, $5
from unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
    as given (kind, value, channel, customer_id)
order by value collate "C", kind, channel
on conflict (value, kind, channel) do nothing
returning kind, value, channel
"""


async def insert_identities(tx: Tx, owners: Mapping[Identity, UUID]) -> set[Identity]:
    """Give customers identities nobody has; return those that were still free."""
    rows = await tx.fetch(
        INSERT_IDENTITIES, *identity_columns(owners), list(owners.values()), tx.now
    )
    return {_identity(row) for row in rows}


FIND_OWNERS = """
select i.kind, i.value, i.channel, i.customer_id
from unnest($1::text[], $2::text[], $3::text[]) as asked (kind, value, channel)
join customers_identity i using (kind, value, channel)
"""


async def find_owners(tx: Tx, identities: Iterable[Identity]) -> dict[Identity, UUID]:
    """Return whose identities are; free ones are left out."""
    rows = await tx.fetch(FIND_OWNERS, *identity_columns(identities))
    return {_identity(row): row["customer_id"] for row in rows}


DELETE_STRAYS = """
with identities as (delete from customers_identity where customer_id = any ($1::uuid[]))
delete from customers_customer where id = any ($1::uuid[])
"""


async def delete_strays(tx: Tx, ids: Sequence[UUID]) -> None:
    """Remove customers made in this very transaction that turned out to exist already."""
    await tx.execute(DELETE_STRAYS, list(ids))


DELETE_IDENTITIES = """
delete from customers_identity i
using unnest($2::text[], $3::text[], $4::text[]) as given (kind, value, channel)
where i.customer_id = $1 and (i.kind, i.value, i.channel)
    = (given.kind, given.value, given.channel)
returning i.kind, i.value, i.channel
"""


async def delete_identities(
    tx: Tx, customer_id: UUID, identities: Collection[Identity]
) -> set[Identity]:
    """Take identities from their customer; return those that were the customer's."""
    rows = await tx.fetch(DELETE_IDENTITIES, customer_id, *identity_columns(identities))
    return {_identity(row) for row in rows}


# An array comes by way of "select": PostgreSQL then plans once, and not for each number it sees.
CUSTOMERS_BY_ID = """
select asked.id as asked, c.id, c.kind, c.name, c.customer_group, c.payment_terms_days, c.locale,
       c.guest, c.version, c.erased_at is not null as erased,
       (
           select jsonb_agg(jsonb_build_object(
               'kind', i.kind, 'value', i.value, 'channel', i.channel
           ) order by i.kind, i.value, i.channel)
           from customers_identity i where i.customer_id = c.id
       ) as identities
from unnest((select $1::uuid[])) as asked (id)
join customers_customer given on given.id = asked.id
join customers_customer c on c.id = coalesce(given.merged_into, given.id)
where $2::uuid is null or c.id = $2
"""


async def customers_by_id(
    tx: Tx, ids: Sequence[UUID], *, owner: UUID | None
) -> dict[UUID, Customer]:
    """Return customers by the identifier asked for, following merges.

    Args:
        tx: open transaction.
        ids: which ones.
        owner: the only customer who may be seen, None for anyone.
    """
    rows = await tx.fetch(CUSTOMERS_BY_ID, list(dict.fromkeys(ids)), owner)
    return {row["asked"]: customer_of(row) for row in rows}


LOCK_CUSTOMERS = """
select 1 from customers_customer where id = any ($1::uuid[]) order by id for update
"""


async def lock_customers(tx: Tx, ids: Sequence[UUID]) -> None:
    """Hold customers until the transaction ends."""
    await tx.execute(LOCK_CUSTOMERS, list(ids))


UPDATE_CUSTOMERS = """
update customers_customer c
set kind = given.kind, name = given.name, customer_group = given.customer_group,
    payment_terms_days = given.payment_terms_days, locale = given.locale, guest = given.guest,
    version = version + 1
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::boolean[])
    as given (id, kind, name, customer_group, payment_terms_days, locale, guest)
where c.id = given.id
"""


async def update_customers(tx: Tx, customers: Sequence[Customer]) -> None:
    """Change customers that are locked, and count their versions."""
    names = ("id", "kind", "name", "group", "payment_terms_days", "locale", "guest")
    await tx.execute(UPDATE_CUSTOMERS, *columns(customers, *names))


TOUCH_CUSTOMER = "update customers_customer set version = version + 1 where id = $1"


async def touch_customer(tx: Tx, customer_id: UUID) -> None:
    """Count a version of a customer whose identities or addresses changed."""
    await tx.execute(TOUCH_CUSTOMER, customer_id)


LIST_CUSTOMERS = """
select c.id as asked, c.id, c.kind, c.name, c.customer_group, c.payment_terms_days, c.locale,
       c.guest, c.version, false as erased,
       (
           select jsonb_agg(jsonb_build_object(
               'kind', i.kind, 'value', i.value, 'channel', i.channel
           ) order by i.kind, i.value, i.channel)
           from customers_identity i where i.customer_id = c.id
       ) as identities
from customers_customer c
where c.id > $1 and c.merged_into is null and c.erased_at is null
  and ($2::uuid is null or c.id = $2)
  and ($3 = '' or c.customer_group = $3)
  and ($4::text is null or c.id in (
      select named.id from customers_customer named
      where $4 <> '' and to_tsvector('simple', named.name) @@ to_tsquery('simple', $4)
      union
      select i.customer_id from customers_identity i where i.value = any ($5::text[])
  ))
order by c.id limit $6
"""


LIST_LATEST = LIST_CUSTOMERS.replace("c.id > $1", "c.id < $1").replace(
    "order by c.id limit", "order by c.id desc limit"
)


async def list_customers(
    tx: Tx,
    *,
    after: UUID,
    owner: UUID | None,
    group: str,
    words: str | None,
    identity_values: Sequence[str],
    limit: int,
    latest: bool = False,
) -> list[Customer]:
    """Return customers in the order in which they came, or the other way round.

    Args:
        tx: open transaction.
        after: the last one seen.
        owner: the only customer who may be seen, None for anyone.
        group: only of this group, empty for all.
        words: text query on names, empty for none; None for no search at all.
        identity_values: identities that also find.
        limit: most to return.
        latest: the latest first.
    """
    sql = LIST_LATEST if latest else LIST_CUSTOMERS
    rows = await tx.fetch(sql, after, owner, group, words, list(identity_values), limit)
    return [customer_of(row) for row in rows]


LIST_MATCHING_IDS = """
select c.id from customers_customer c
where coalesce(c.merged_into, c.id) in (
    select coalesce(named.merged_into, named.id) from customers_customer named
    where $1 <> '' and to_tsvector('simple', named.name) @@ to_tsquery('simple', $1)
    union
    select i.customer_id from customers_identity i where i.value = any ($2::text[])
)
order by c.id desc limit $3
"""


async def list_matching_ids(
    tx: Tx, *, words: str, identity_values: Sequence[str], limit: int
) -> list[UUID]:
    """Return customers whose name has the words or who are known by a value, latest first.

    With them those merged into one another, because orders name either.
    """
    rows = await tx.fetch(LIST_MATCHING_IDS, words, list(identity_values), limit)
    return [row["id"] for row in rows]


LIST_MERGED_IDS = """
select id from customers_customer where id = $1 or merged_into = $1 order by id limit $2
"""


async def list_merged_ids(tx: Tx, customer_id: UUID, *, limit: int) -> list[UUID]:
    """Return a customer's identifier and those of all that were merged into it."""
    return [row["id"] for row in await tx.fetch(LIST_MERGED_IDS, customer_id, limit)]


MOVE_IDENTITIES = "update customers_identity set customer_id = $2 where customer_id = $1"


async def move_identities(tx: Tx, source: UUID, target: UUID) -> None:
    """Give all identities of one customer to another."""
    await tx.execute(MOVE_IDENTITIES, source, target)


MERGE_INTO = """
update customers_customer set merged_into = $2, version = version + 1
where id = $1 or merged_into = $1
"""


async def merge_into(tx: Tx, source: UUID, target: UUID) -> None:
    """Let a customer, and those merged into it before, stand for another."""
    await tx.execute(MERGE_INTO, source, target)


ERASE_CUSTOMERS = """
with identities as (delete from customers_identity where customer_id = any ($1::uuid[]))
update customers_customer
set name = '', erased_at = coalesce(erased_at, $2), version = version + 1
where id = any ($1::uuid[])
"""


async def erase_customers(tx: Tx, ids: Sequence[UUID]) -> None:
    """Blank the names of customers and remove what they are known by."""
    await tx.execute(ERASE_CUSTOMERS, list(ids), tx.now)


LIST_NAMES = "select name from customers_customer where id = any ($1::uuid[]) and name <> ''"


async def list_names(tx: Tx, ids: Sequence[UUID]) -> list[str]:
    """Return what the customers are called."""
    return [row["name"] for row in await tx.fetch(LIST_NAMES, list(ids))]


def customer_of(row: Record, *, kind: CustomerKind | None = None) -> Customer:
    """Return a row as a customer; ``kind`` when the row's own is that of an identity."""
    identities = row["identities"]
    return Customer(
        id=row["id"],
        kind=kind or row["kind"],
        name=row["name"],
        group=row["customer_group"],
        payment_terms_days=row["payment_terms_days"],
        locale=row["locale"],
        guest=row["guest"],
        version=row["version"],
        erased=row["erased"],
        identities=()
        if identities is None
        else msgspec.json.decode(identities, type=tuple[Identity, ...]),
    )


def _identity(row: Record) -> Identity:
    return Identity(row["kind"], row["value"], row["channel"])


def identity_columns(identities: Iterable[Identity]) -> list[list[str]]:
    """Return kinds, values and channels of identities."""
    taken = list(identities)
    return [
        [identity.kind for identity in taken],
        [identity.value for identity in taken],
        [identity.channel for identity in taken],
    ]
