"""Who buys and where it goes, for whole batches of orders: one statement to read, one to write."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec

from crosslane.customers.domain import AddressSnapshot, Customer, Identity
from crosslane.customers.storage.addresses import NewSnapshot, snapshot_of
from crosslane.customers.storage.customers import NewCustomer, customer_of, identity_columns
from crosslane.platform.database import Tx


class Sought(msgspec.Struct, frozen=True):
    """Somebody looked for by an identity or by id, with the content of an address or none."""

    identity: Identity | None
    customer_id: UUID | None
    content: str | None


class Known(msgspec.Struct):
    """What is known of those sought.

    Args:
        owners: whose the identities are.
        people: customers by the id they were found under.
        snapshots: addresses kept, by the digest of customer and content.
    """

    owners: dict[Identity, UUID]
    people: dict[UUID, Customer]
    snapshots: dict[bytes, UUID]


# The digest is that of an address of this customer: see ``content_hash`` of the service. An array
# comes by way of "select": PostgreSQL then plans once, and not each time for the number it sees.
FIND_BUYERS = """
select s.kind, s.value, s.channel, given.id as asked, c.id, c.name, c.customer_group,
       c.payment_terms_days, c.locale, c.guest, c.version, c.erased_at is not null as erased,
       c.kind as customer_kind, a.content_hash, a.id as snapshot_id,
       (
           select jsonb_agg(jsonb_build_object(
               'kind', j.kind, 'value', j.value, 'channel', j.channel
           ) order by j.kind, j.value, j.channel)
           from customers_identity j where j.customer_id = c.id
       ) as identities
from unnest((select $1::text[]), (select $2::text[]), (select $3::text[]), (select $4::uuid[]),
            (select $5::text[]))
     as s (kind, value, channel, customer_id, content)
left join customers_identity i
     on i.value = s.value and i.kind = s.kind and i.channel = s.channel
join customers_customer given on given.id = coalesce(s.customer_id, i.customer_id)
join customers_customer c on c.id = coalesce(given.merged_into, given.id)
left join customers_address_snapshot a
     on a.content_hash = sha256(convert_to(c.id::text || e'\\x1f' || s.content, 'UTF8'))
"""


async def find_buyers(tx: Tx, sought: Sequence[Sought]) -> Known:
    """Return customers, and which of their addresses are kept already."""
    nobody = Identity("email", "")
    rows = await tx.fetch(
        FIND_BUYERS,
        *identity_columns([one.identity or nobody for one in sought]),
        [one.customer_id for one in sought],
        [one.content for one in sought],
    )
    known = Known({}, {}, {})
    for row in rows:
        known.people[row["asked"]] = customer_of(row, kind=row["customer_kind"])
        if row["value"]:
            known.owners[Identity(row["kind"], row["value"], row["channel"])] = row["asked"]
        if row["snapshot_id"]:
            known.snapshots[row["content_hash"]] = row["snapshot_id"]
    return known


BUYERS_BY_ID = """
select c.id, c.kind, c.name, c.customer_group, c.payment_terms_days, c.locale, c.guest, c.version,
       c.erased_at is not null as erased,
       (
           select jsonb_agg(jsonb_build_object(
               'kind', i.kind, 'value', i.value, 'channel', i.channel
           ) order by i.kind, i.value, i.channel)
           from customers_identity i where i.customer_id = c.id
       ) as identities,
       s.id as snapshot_id, s.customer_id as owner_id, s.country, s.lines, s.city, s.postcode,
       s.region, s.name as receiver, s.organization, s.phone, s.email, s.checked,
       s.erased_at is not null as blank
from unnest((select $1::uuid[]), (select $2::uuid[])) with ordinality
     as asked (customer_id, snapshot_id, place)
left join customers_customer given on given.id = asked.customer_id
left join customers_customer c on c.id = coalesce(given.merged_into, given.id)
left join customers_address_snapshot s on s.id = asked.snapshot_id
order by asked.place
"""
_SNAPSHOT = slice(10, None)


async def buyers_by_id(
    tx: Tx, whom: Sequence[tuple[UUID | None, UUID | None]]
) -> list[tuple[Customer | None, AddressSnapshot | None]]:
    """Return customers, following merges, and snapshots, in the order asked for."""
    rows = await tx.fetch(BUYERS_BY_ID, *map(list, zip(*whom, strict=True)))
    return [
        (
            customer_of(row) if row["id"] else None,
            snapshot_of(row[_SNAPSHOT]) if row["snapshot_id"] else None,
        )
        for row in rows
    ]


# Rows in the order of their keys, so that two transactions never wait for each other in a circle.
# The lock on customers who were there before waits for an erasure that is under way.
INSERT_BUYERS = """
with guests as (
    insert into customers_customer
        (id, kind, name, customer_group, payment_terms_days, locale, guest, created_at)
    select id, kind, name, '', null, locale, true, $1
    from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) as g (id, kind, name, locale)
    returning id
), known as (
    insert into customers_identity (kind, value, channel, customer_id, created_at)
    select kind, value, channel, customer_id, $1
    from unnest($6::text[], $7::text[], $8::text[], $9::uuid[])
        as given (kind, value, channel, customer_id)
    order by value collate "C", kind, channel
    on conflict (value, kind, channel) do nothing
    returning 1
), there as (
    select id from customers_customer
    where id = any ($10::uuid[]) and erased_at is null
    order by id for key share
), kept as (
    insert into customers_address_snapshot
        (id, customer_id, content_hash, country, lines, city, postcode, region, name, organization,
         phone, email, checked, created_at)
    select s.id, s.customer_id, content_hash, country,
           coalesce(string_to_array(nullif(lines, ''), e'\\n'), '{}'), city, postcode, region, name,
           organization, phone, email, checked, $1
    from unnest($11::uuid[], $12::uuid[], $13::bytea[], $14::text[], $15::text[], $16::text[],
                $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[],
                $23::boolean[])
        as s (id, customer_id, content_hash, country, lines, city, postcode, region, name,
              organization, phone, email, checked)
    where s.customer_id = any ($2::uuid[]) or s.customer_id in (select id from there)
    order by content_hash
    on conflict (content_hash) do update set content_hash = excluded.content_hash
    returning content_hash, id
)
select content_hash, id, (select count(*) from known) as identities from kept
union all select null, null, (select count(*) from known)
"""


async def insert_buyers(
    tx: Tx,
    guests: Sequence[NewCustomer],
    identities: Mapping[Identity, UUID],
    snapshots: Sequence[NewSnapshot],
) -> dict[bytes, UUID]:
    """Store guests with what they are known by, and addresses; return these by their digest.

    Raises:
        SerializationError: somebody else made the same guest meanwhile, or a customer was erased;
            run the transaction again, and everybody is found as they are then.
    """
    made = {guest.id for guest in guests}
    addresses = [snapshot.address for snapshot in snapshots]
    rows = await tx.fetch(
        INSERT_BUYERS,
        tx.now,
        [guest.id for guest in guests],
        [guest.kind for guest in guests],
        [guest.name for guest in guests],
        [guest.locale for guest in guests],
        *identity_columns(identities),
        list(identities.values()),
        sorted({s.customer_id for s in snapshots} - made),
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
        [snapshot.checked for snapshot in snapshots],
    )
    if rows[-1]["identities"] < len(identities) or len(rows) - 1 < len(snapshots):
        raise asyncpg.SerializationError("a customer was made or erased meanwhile")
    return {row["content_hash"]: row["id"] for row in rows if row["id"]}
