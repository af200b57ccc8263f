"""Settings of vendors and what they agreed to."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from crosslane.platform.database import Record, Tx, columns
from crosslane.vendors.domain import Term, Vendor

VENDORS_MAX = 10_000

LIST_VENDORS = """
select location_id, port, endpoint, order_secret, message_secret, currency, active, units_min,
       value_min_minor
from vendors_vendor order by location_id limit $1
"""


async def list_vendors(tx: Tx) -> dict[UUID, Vendor]:
    """Return every vendor's settings by location."""
    rows = await tx.fetch(LIST_VENDORS, VENDORS_MAX)
    return {row["location_id"]: Vendor(**dict(row)) for row in rows}


SAVE_VENDOR = """
insert into vendors_vendor
    (location_id, port, endpoint, order_secret, message_secret, currency, active, units_min,
     value_min_minor)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (location_id) do update
set port = excluded.port, endpoint = excluded.endpoint, order_secret = excluded.order_secret,
    message_secret = excluded.message_secret, currency = excluded.currency,
    active = excluded.active, units_min = excluded.units_min,
    value_min_minor = excluded.value_min_minor
"""


async def save_vendor(tx: Tx, vendor: Vendor) -> None:
    """Store how a vendor is spoken to."""
    await tx.execute(
        SAVE_VENDOR,
        vendor.location_id,
        vendor.port,
        vendor.endpoint,
        vendor.order_secret,
        vendor.message_secret,
        vendor.currency,
        vendor.active,
        vendor.units_min,
        vendor.value_min_minor,
    )


HAS_ORDERS = "select exists (select from vendors_order where location_id = $1)"


async def has_orders(tx: Tx, location_id: UUID) -> bool:
    """Tell whether anything was ever ordered from a vendor."""
    return await tx.fetchval(HAS_ORDERS, location_id)


SAVE_TERMS = """
insert into vendors_term
    (location_id, variant_id, valid_from, unit_cost_milli, vendor_sku, author, recorded_at)
select location_id, variant_id, valid_from, unit_cost_milli, vendor_sku, $6, $7
from unnest($1::uuid[], $2::uuid[], $3::date[], $4::bigint[], $5::text[])
     as t(location_id, variant_id, valid_from, unit_cost_milli, vendor_sku)
on conflict (location_id, variant_id, valid_from) do update
set unit_cost_milli = excluded.unit_cost_milli, vendor_sku = excluded.vendor_sku,
    author = excluded.author, recorded_at = excluded.recorded_at
"""


async def save_terms(tx: Tx, terms: Sequence[Term]) -> None:
    """Store terms; one of the same day is replaced. Orders keep the cost they were made at."""
    await tx.execute(
        SAVE_TERMS,
        *columns(terms, "location_id", "variant_id", "valid_from", "unit_cost_milli"),
        *columns(terms, "vendor_sku"),
        str(tx.actor),
        tx.now,
    )


TERMS_ON = """
select distinct on (t.location_id, t.variant_id)
       t.location_id, t.variant_id, t.valid_from, t.unit_cost_milli, t.vendor_sku
from vendors_term t
join unnest($1::uuid[], $2::uuid[]) as w(location_id, variant_id) using (location_id, variant_id)
where t.valid_from <= $3
order by t.location_id, t.variant_id, t.valid_from desc
"""


async def terms_on(
    tx: Tx, wanted: Iterable[tuple[UUID, UUID]], day: date
) -> dict[tuple[UUID, UUID], Term]:
    """Return the terms in force on a day, by location and variant."""
    keys = sorted(set(wanted))
    rows = await tx.fetch(TERMS_ON, [at for at, _ in keys], [what for _, what in keys], day)
    return {(row["location_id"], row["variant_id"]): Term(**dict(row)) for row in rows}


LIST_TERMS = """
select variant_id, valid_from, unit_cost_milli, vendor_sku, author, recorded_at
from vendors_term
where location_id = $1 and ($2::uuid is null or (variant_id, valid_from) > ($2, $3))
order by variant_id, valid_from limit $4
"""


async def list_terms(
    tx: Tx, location_id: UUID, after: tuple[UUID, date] | None, limit: int
) -> list[Record]:
    """Return the terms of a vendor, those of the past too, by variant and day."""
    variant_id, day = after or (None, None)
    return await tx.fetch(LIST_TERMS, location_id, variant_id, day, limit)
