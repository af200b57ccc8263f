"""All SQL of organization: its edits are rare, its reads come from facts kept in memory."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.organization.domain import (
    Brand,
    Channel,
    DocumentKind,
    Entity,
    Market,
    OrganizationBook,
    PolicyBook,
    PolicyVersion,
    Scope,
    StaffMember,
    VatNumber,
)
from crosslane.platform.database import Record, Tx
from crosslane.platform.personal import PersonalColumn

# What one tenant may keep in memory; more is a mistake of whoever fills the tables.
BOOK_ROWS_MAX = 10_000
POLICY_VERSIONS_MAX = 200_000

PERSONAL_COLUMNS = [
    PersonalColumn("organization_staff_member", "name", "kept", "attributions name who sold"),
]

LIST_ENTITIES = """
select e.id, e.code, e.name, e.country, e.book_currency, e.address,
       coalesce(v.countries, '{}') as vat_countries, coalesce(v.numbers, '{}') as vat_numbers
from organization_entity e
left join lateral (
    select array_agg(country order by country) as countries,
           array_agg(number order by country) as numbers
    from organization_vat_number where entity_id = e.id
) v on true
order by e.code limit $1
"""


async def list_entities(tx: Tx) -> list[Entity]:
    """Return every legal entity with its VAT numbers."""
    return [
        Entity(
            id=row["id"],
            code=row["code"],
            name=row["name"],
            country=row["country"],
            book_currency=row["book_currency"],
            vat_numbers=tuple(map(VatNumber, row["vat_countries"], row["vat_numbers"])),
            address=tuple(row["address"]),
        )
        for row in await tx.fetch(LIST_ENTITIES, BOOK_ROWS_MAX)
    ]


LIST_BRANDS = "select id, code, name from organization_brand order by code limit $1"


async def list_brands(tx: Tx) -> list[Brand]:
    """Return every brand."""
    return [Brand(**row) for row in await tx.fetch(LIST_BRANDS, BOOK_ROWS_MAX)]


LIST_MARKETS = """
select id, code, name, country, currency, locales, tax_mode, timezone
from organization_market order by code limit $1
"""


async def list_markets(tx: Tx) -> list[Market]:
    """Return every market."""
    return [
        Market(**{**row, "locales": tuple(row["locales"])})
        for row in await tx.fetch(LIST_MARKETS, BOOK_ROWS_MAX)
    ]


LIST_CHANNELS = """
select c.id, c.code, c.name, c.type, b.code as brand, m.code as market, e.code as entity,
       m.currency, m.country, c.locale, c.tax_mode, m.timezone, c.methods, c.default_method,
       c.active
from organization_channel c
join organization_brand b on b.id = c.brand_id
join organization_market m on m.id = c.market_id
join organization_entity e on e.id = c.entity_id
order by c.code limit $1
"""


async def list_channels(tx: Tx) -> list[Channel]:
    """Return every channel, closed ones too: old orders name them."""
    return [
        Channel(**{**row, "methods": frozenset(row["methods"])})
        for row in await tx.fetch(LIST_CHANNELS, BOOK_ROWS_MAX)
    ]


async def load_book(tx: Tx) -> OrganizationBook:
    """Read the whole book."""
    return OrganizationBook(
        entities=await list_entities(tx),
        brands=await list_brands(tx),
        markets=await list_markets(tx),
        channels=await list_channels(tx),
    )


UPSERT_ENTITY = """
insert into organization_entity (id, code, name, country, book_currency, address)
values ($1, $2, $3, $4, $5, $6)
on conflict (code) do update set
    name = excluded.name, country = excluded.country, address = excluded.address
"""


async def upsert_entity(tx: Tx, entity: Entity) -> None:
    """Store a legal entity; its VAT numbers are stored by :func:`replace_vat_numbers`."""
    await tx.execute(
        UPSERT_ENTITY,
        entity.id,
        entity.code,
        entity.name,
        entity.country,
        entity.book_currency,
        list(entity.address),
    )


REPLACE_VAT_NUMBERS = """
with gone as (
    delete from organization_vat_number
    where entity_id = $1 and country <> all ($2::text[])
)
insert into organization_vat_number (entity_id, country, number)
select $1, country, number from unnest($2::text[], $3::text[]) as given (country, number)
on conflict (entity_id, country) do update set number = excluded.number
"""


async def replace_vat_numbers(tx: Tx, entity: Entity) -> None:
    """Make an entity's stored VAT numbers those it has."""
    await tx.execute(
        REPLACE_VAT_NUMBERS,
        entity.id,
        [vat.country for vat in entity.vat_numbers],
        [vat.number for vat in entity.vat_numbers],
    )


UPSERT_INVOICE_SERIES = """
insert into organization_invoice_series as s (entity_id, kind, prefix) values ($1, $2, $3)
on conflict (entity_id, kind) do update set prefix = excluded.prefix
where s.prefix = excluded.prefix or s.next_number = 1
returning next_number
"""


async def upsert_invoice_series(
    tx: Tx, entity_id: UUID, kind: DocumentKind, prefix: str
) -> int | None:
    """Store the prefix of a series; None when its numbers are in use under another prefix."""
    return await tx.fetchval(UPSERT_INVOICE_SERIES, entity_id, kind, prefix)


LIST_INVOICE_PREFIXES = """
select entity_id, kind, prefix from organization_invoice_series order by entity_id, kind limit $1
"""


async def list_invoice_prefixes(tx: Tx) -> dict[UUID, dict[DocumentKind, str]]:
    """Return the prefix of each series, by entity and kind of document."""
    found: dict[UUID, dict[DocumentKind, str]] = defaultdict(dict)
    for row in await tx.fetch(LIST_INVOICE_PREFIXES, BOOK_ROWS_MAX):
        found[row["entity_id"]][row["kind"]] = row["prefix"]
    return found


TAKE_NUMBERS = """
update organization_invoice_series set next_number = next_number + $3
where entity_id = $1 and kind = $2
returning prefix, next_number - $3 as first
"""


async def take_numbers(
    tx: Tx, entity_id: UUID, kind: DocumentKind, count: int
) -> tuple[str, int] | None:
    """Take consecutive numbers of a series, holding it until the transaction ends.

    Returns:
        The prefix and the first number taken, None when there is no such series.
    """
    row = await tx.fetchrow(TAKE_NUMBERS, entity_id, kind, count)
    return None if row is None else (row["prefix"], row["first"])


UPSERT_BRAND = """
insert into organization_brand (id, code, name) values ($1, $2, $3)
on conflict (code) do update set name = excluded.name
"""


async def upsert_brand(tx: Tx, brand: Brand) -> None:
    """Store a brand."""
    await tx.execute(UPSERT_BRAND, brand.id, brand.code, brand.name)


UPSERT_MARKET = """
insert into organization_market (id, code, name, country, currency, locales, tax_mode, timezone)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (code) do update set
    name = excluded.name, locales = excluded.locales, tax_mode = excluded.tax_mode,
    timezone = excluded.timezone
"""


async def upsert_market(tx: Tx, market: Market) -> None:
    """Store a market."""
    await tx.execute(
        UPSERT_MARKET,
        market.id,
        market.code,
        market.name,
        market.country,
        market.currency,
        list(market.locales),
        market.tax_mode,
        market.timezone,
    )


UPSERT_CHANNEL = """
insert into organization_channel
    (id, code, name, type, brand_id, market_id, entity_id, locale, tax_mode, methods,
     default_method, active)
select $1, $2, $3, $4, b.id, m.id, e.id, $8, $9, $10, $11, $12
from organization_brand b, organization_market m, organization_entity e
where b.code = $5 and m.code = $6 and e.code = $7
on conflict (code) do update set
    name = excluded.name, locale = excluded.locale, methods = excluded.methods,
    default_method = excluded.default_method, active = excluded.active
"""


async def upsert_channel(tx: Tx, channel: Channel) -> None:
    """Store a channel whose brand, market and entity exist."""
    await tx.execute(
        UPSERT_CHANNEL,
        channel.id,
        channel.code,
        channel.name,
        channel.type,
        channel.brand,
        channel.market,
        channel.entity,
        channel.locale,
        channel.tax_mode,
        sorted(channel.methods),
        channel.default_method,
        channel.active,
    )


UPSERT_STAFF = """
insert into organization_staff_member as s
    (id, code, name, location_id, roles, account_id, customer_id, active)
select id, code, name, location_id, string_to_array(roles, ','), account_id, customer_id, active
from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::uuid[],
            $8::boolean[])
     as given (id, code, name, location_id, roles, account_id, customer_id, active)
order by code
on conflict (code) do update set
    name = excluded.name, location_id = excluded.location_id, roles = excluded.roles,
    account_id = excluded.account_id, customer_id = excluded.customer_id, active = excluded.active
returning id, code, name, location_id, roles, account_id, customer_id, active
"""


async def upsert_staff(tx: Tx, members: Sequence[StaffMember]) -> list[StaffMember]:
    """Store members of staff; one that exists keeps its identifier, which is in what is returned.

    Arrays of arrays must be rectangular in PostgreSQL, so roles travel joined by commas.
    """
    rows = await tx.fetch(
        UPSERT_STAFF,
        [member.id for member in members],
        [member.code for member in members],
        [member.name for member in members],
        [member.location_id for member in members],
        [",".join(sorted(member.roles)) for member in members],
        [member.account_id for member in members],
        [member.customer_id for member in members],
        [member.active for member in members],
    )
    return [_staff_member(row) for row in rows]


LIST_STAFF = """
select id, code, name, location_id, roles, account_id, customer_id, active
from organization_staff_member
where code > $1 and ($2::uuid is null or location_id = $2) and ($3 or active)
order by code limit $4
"""


async def list_staff(
    tx: Tx, *, after: str, location_id: UUID | None, inactive_too: bool, limit: int
) -> list[StaffMember]:
    """Return members of staff by number, those of one location when it is given."""
    rows = await tx.fetch(LIST_STAFF, after, location_id, inactive_too, limit)
    return [_staff_member(row) for row in rows]


STAFF_BY_ID = """
select id, code, name, location_id, roles, account_id, customer_id, active
from organization_staff_member
where id = any ($1::uuid[]) or account_id = any ($2::uuid[]) or code = any ($3::text[])
   or customer_id = any ($4::uuid[])
"""


async def find_staff(
    tx: Tx,
    *,
    ids: Sequence[UUID] = (),
    account_ids: Sequence[UUID] = (),
    codes: Sequence[str] = (),
    customer_ids: Sequence[UUID] = (),
) -> list[StaffMember]:
    """Return the members of staff with any of the identifiers, accounts, numbers or customers."""
    rows = await tx.fetch(
        STAFF_BY_ID, list(ids), list(account_ids), list(codes), list(customer_ids)
    )
    return [_staff_member(row) for row in rows]


LOAD_POLICIES = """
select id, no, kind, scope_type, scope_code, valid_from, value, author, reason, recorded_at, undoes
from organization_policy order by no limit $1
"""


async def load_policies(tx: Tx) -> PolicyBook:
    """Read every version of every policy."""
    rows = await tx.fetch(LOAD_POLICIES, POLICY_VERSIONS_MAX)
    return PolicyBook(_policy_version(row) for row in rows)


LIST_POLICY_VERSIONS = """
select id, no, kind, scope_type, scope_code, valid_from, value, author, reason, recorded_at, undoes
from organization_policy
where no < $1 and ($2::text is null or kind = $2) and ($3::text is null or scope_type = $3)
  and ($4::text is null or scope_code = $4)
order by no desc limit $5
"""


async def list_policy_versions(
    tx: Tx,
    *,
    before_no: int,
    kind: str | None,
    scope_type: str | None,
    scope_code: str | None,
    limit: int,
) -> list[PolicyVersion]:
    """Return versions as they were recorded, latest first."""
    rows = await tx.fetch(LIST_POLICY_VERSIONS, before_no, kind, scope_type, scope_code, limit)
    return [_policy_version(row) for row in rows]


FIND_POLICY_VERSION = """
select id, no, kind, scope_type, scope_code, valid_from, value, author, reason, recorded_at, undoes
from organization_policy where id = $1
"""


async def find_policy_version(tx: Tx, version_id: UUID) -> PolicyVersion | None:
    """Return one version, or None."""
    row = await tx.fetchrow(FIND_POLICY_VERSION, version_id)
    return None if row is None else _policy_version(row)


INSERT_POLICY_VERSION = """
insert into organization_policy
    (id, kind, scope_type, scope_code, valid_from, value, author, reason, recorded_at, undoes)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
returning no
"""


async def insert_policy_version(
    tx: Tx,
    *,
    version_id: UUID,
    kind: str,
    scope: Scope,
    valid_from: datetime,
    value: dict[str, Any] | None,
    author: str,
    reason: str,
    undoes: UUID | None,
) -> int:
    """Add a version and return its number."""
    return await tx.fetchval(
        INSERT_POLICY_VERSION,
        version_id,
        kind,
        scope.type,
        scope.code,
        valid_from,
        None if value is None else msgspec.json.encode(value),
        author,
        reason,
        tx.now,
        undoes,
    )


def _staff_member(row: Record) -> StaffMember:
    return StaffMember(**{**row, "roles": frozenset(row["roles"])})


def _policy_version(row: Record) -> PolicyVersion:
    return PolicyVersion(
        id=row["id"],
        no=row["no"],
        kind=row["kind"],
        scope=Scope(row["scope_type"], row["scope_code"]),
        valid_from=row["valid_from"],
        value=None if row["value"] is None else msgspec.json.decode(row["value"]),
        author=row["author"],
        reason=row["reason"],
        recorded_at=row["recorded_at"],
        undoes=row["undoes"],
    )
