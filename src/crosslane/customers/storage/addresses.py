"""Address snapshots and address books."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from crosslane.customers.domain import Address, AddressSnapshot, SavedAddress
from crosslane.platform.database import Tx


class NewSnapshot(msgspec.Struct, frozen=True):
    """A snapshot row to be made."""

    id: UUID
    customer_id: UUID
    content_hash: bytes
    address: Address
    checked: bool


FIND_SNAPSHOTS = """
select content_hash, id from customers_address_snapshot where content_hash = any ($1::bytea[])
"""


async def find_snapshots(tx: Tx, hashes: Sequence[bytes]) -> dict[bytes, UUID]:
    """Return the snapshots that exist, by the hash of their content."""
    rows = await tx.fetch(FIND_SNAPSHOTS, list(hashes))
    return {row["content_hash"]: row["id"] for row in rows}


# The update changes nothing; it makes a concurrent insert of the same content answer its row. The
# lock waits for an erasure that is under way, and then finds the customer erased.
INSERT_SNAPSHOTS = """
with given as (
    select * from unnest(
        $1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $14::boolean[]
    ) as g (id, customer_id, content_hash, country, lines, city, postcode, region, name,
            organization, phone, email, checked)
), there as (
    select id from customers_customer
    where id = any ($2::uuid[]) and erased_at is null
    order by id for key share
)
insert into customers_address_snapshot
    (id, customer_id, content_hash, country, lines, city, postcode, region, name, organization,
     phone, email, checked, created_at)
select given.id, customer_id, content_hash, country,
       coalesce(string_to_array(nullif(lines, ''), e'\\n'), '{}'), city, postcode, region, name,
       organization, phone, email, checked, $13
from given join there on there.id = given.customer_id
order by content_hash
on conflict (content_hash) do update set content_hash = excluded.content_hash
returning content_hash, id
"""


async def insert_snapshots(tx: Tx, snapshots: Sequence[NewSnapshot]) -> dict[bytes, UUID]:
    """Store snapshots, or find those that were stored meanwhile, by the hash of their content.

    Raises:
        SerializationError: a customer was erased meanwhile; run the transaction again, and whoever
            was recognized is then somebody new.
    """
    addresses = [snapshot.address for snapshot in snapshots]
    rows = await tx.fetch(
        INSERT_SNAPSHOTS,
        [snapshot.id for snapshot in snapshots],
        [snapshot.customer_id for snapshot in snapshots],
        [snapshot.content_hash for snapshot in snapshots],
        [address.country for address in addresses],
        # A checked line has no line break; arrays of arrays would have to be rectangular.
        ["\n".join(address.lines) for address in addresses],
        [address.city for address in addresses],
        [address.postcode for address in addresses],
        [address.region for address in addresses],
        [address.name for address in addresses],
        [address.organization for address in addresses],
        [address.phone for address in addresses],
        [address.email for address in addresses],
        tx.now,
        [snapshot.checked for snapshot in snapshots],
    )
    if len(rows) < len(snapshots):
        raise asyncpg.SerializationError("a customer was erased meanwhile")
    return {row["content_hash"]: row["id"] for row in rows}


# An array comes by way of "select": PostgreSQL then plans once, and not for each number it sees.
SNAPSHOTS_BY_ID = """
select id, customer_id, country, lines, city, postcode, region, name, organization, phone, email,
       checked, erased_at is not null as erased
from customers_address_snapshot where id = any ((select $1::uuid[])::uuid[])
"""


async def snapshots_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, AddressSnapshot]:
    """Return snapshots by identifier."""
    return {row["id"]: snapshot_of(row) for row in await tx.fetch(SNAPSHOTS_BY_ID, list(ids))}


LIST_SNAPSHOTS = """
select id, customer_id, country, lines, city, postcode, region, name, organization, phone, email,
       checked, false as erased
from customers_address_snapshot
where customer_id = any ($1::uuid[]) and erased_at is null
order by created_at, id limit $2
"""


async def list_snapshots(
    tx: Tx, customer_ids: Sequence[UUID], *, limit: int
) -> list[AddressSnapshot]:
    """Return what is not erased of customers' snapshots, oldest first."""
    rows = await tx.fetch(LIST_SNAPSHOTS, list(customer_ids), limit)
    return [snapshot_of(row) for row in rows]


ERASE_SNAPSHOTS = """
update customers_address_snapshot
set content_hash = null, lines = '{}', city = '', postcode = '', region = '', name = '',
    organization = '', phone = '', email = '', erased_at = $2
where customer_id = any ($1::uuid[]) and erased_at is null
"""


async def erase_snapshots(tx: Tx, customer_ids: Sequence[UUID]) -> int:
    """Blank snapshots but for their country, which the tax of an order rests on; count them."""
    tag = await tx.execute(ERASE_SNAPSHOTS, list(customer_ids), tx.now)
    return int(tag.rpartition(" ")[2])


CLEAR_DEFAULT = """
update customers_address set is_default = false where customer_id = $1 and is_default
"""


async def clear_default(tx: Tx, customer_id: UUID) -> None:
    """Leave a customer without a default address."""
    await tx.execute(CLEAR_DEFAULT, customer_id)


UPSERT_ADDRESS = """
insert into customers_address (customer_id, label, snapshot_id, is_default)
values ($1, $2, $3, $4)
on conflict (customer_id, label) do update
set snapshot_id = excluded.snapshot_id, is_default = excluded.is_default
"""


async def upsert_address(
    tx: Tx, customer_id: UUID, label: str, snapshot_id: UUID, *, is_default: bool
) -> None:
    """Put an address into a customer's book."""
    await tx.execute(UPSERT_ADDRESS, customer_id, label, snapshot_id, is_default)


DELETE_ADDRESS = """
delete from customers_address where customer_id = $1 and label = $2 returning true
"""


async def delete_address(tx: Tx, customer_id: UUID, label: str) -> bool:
    """Take an address from a customer's book; false when it is not there."""
    return bool(await tx.fetchval(DELETE_ADDRESS, customer_id, label))


DELETE_ADDRESSES = "delete from customers_address where customer_id = any ($1::uuid[])"


async def delete_addresses(tx: Tx, customer_ids: Sequence[UUID]) -> int:
    """Empty address books; count the entries."""
    tag = await tx.execute(DELETE_ADDRESSES, list(customer_ids))
    return int(tag.rpartition(" ")[2])


LIST_ADDRESSES = """
select a.label, a.is_default, s.id, s.customer_id, s.country, s.lines, s.city, s.postcode,
       s.region, s.name, s.organization, s.phone, s.email, s.checked,
       s.erased_at is not null as erased
from customers_address a join customers_address_snapshot s on s.id = a.snapshot_id
where a.customer_id = $1 order by a.label limit $2
"""


async def list_addresses(tx: Tx, customer_id: UUID, *, limit: int) -> list[SavedAddress]:
    """Return a customer's address book by label."""
    return [
        SavedAddress(label, values[0], snapshot_of(values).address, is_default)
        for label, is_default, *values in await tx.fetch(LIST_ADDRESSES, customer_id, limit)
    ]


MOVE_ADDRESSES = """
update customers_address a
set customer_id = $2, is_default = false, label = renamed.label
from unnest($3::text[], $4::text[]) as renamed (old_label, label)
where a.customer_id = $1 and a.label = renamed.old_label
"""


async def move_addresses(tx: Tx, source: UUID, target: UUID, labels: Mapping[str, str]) -> None:
    """Give a customer's addresses to another, under the labels they shall have there."""
    await tx.execute(MOVE_ADDRESSES, source, target, list(labels), list(labels.values()))


def snapshot_of(values: Sequence[Any]) -> AddressSnapshot:
    """Return a snapshot of its columns, in the order of ``SNAPSHOTS_BY_ID``."""
    snapshot_id, customer_id, country, lines, *texts, checked, erased = values
    address = Address(country, tuple(lines), *texts)
    return AddressSnapshot(snapshot_id, customer_id, address, checked, erased)
