"""Credit accounts and providers."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from crosslane.payments.domain import Credit
from crosslane.payments.provider import ProviderSettings
from crosslane.platform.database import Tx

PROVIDERS_MAX = 1_000

LOCK_CREDITS = """
select customer_id, currency, limit_minor, used_minor, terms_days, blocked
from payments_credit where customer_id = any((select $1::uuid[])::uuid[])
order by customer_id for update
"""


async def lock_credits(tx: Tx, customer_ids: Iterable[UUID]) -> dict[UUID, Credit]:
    """Return credit accounts by customer, protected until the transaction ends."""
    rows = await tx.fetch(LOCK_CREDITS, list(customer_ids))
    return {row["customer_id"]: Credit(*row) for row in rows}


LIST_CREDITS = """
select customer_id, currency, limit_minor, used_minor, terms_days, blocked
from payments_credit where customer_id = any((select $1::uuid[])::uuid[])
"""


async def list_credits(tx: Tx, customer_ids: Iterable[UUID]) -> dict[UUID, Credit]:
    """Return credit accounts by customer."""
    rows = await tx.fetch(LIST_CREDITS, list(customer_ids))
    return {row["customer_id"]: Credit(*row) for row in rows}


# The currency stays while anything is open in it.
UPSERT_CREDITS = """
insert into payments_credit as k
    (customer_id, currency, limit_minor, terms_days, blocked)
select customer_id, currency, limit_minor, terms_days, blocked
from unnest($1::uuid[], $2::text[], $3::bigint[], $4::int[], $5::boolean[])
     as c(customer_id, currency, limit_minor, terms_days, blocked)
order by customer_id
on conflict (customer_id) do update
set limit_minor = excluded.limit_minor, terms_days = excluded.terms_days,
    blocked = excluded.blocked, currency = excluded.currency
where k.currency = excluded.currency or k.used_minor = 0
returning customer_id, currency, limit_minor, used_minor, terms_days, blocked
"""


async def upsert_credits(tx: Tx, columns: Sequence[list[Any]]) -> dict[UUID, Credit]:
    """Open credit accounts or change their terms; what could not be changed is not returned."""
    rows = await tx.fetch(UPSERT_CREDITS, *columns)
    return {row["customer_id"]: Credit(*row) for row in rows}


LIST_PROVIDERS = """
select code, adapter, base_url, api_key, webhook_secret, active
from payments_provider order by code limit $1
"""


async def list_providers(tx: Tx) -> dict[str, ProviderSettings]:
    """Return every provider's settings by code."""
    rows = await tx.fetch(LIST_PROVIDERS, PROVIDERS_MAX)
    return {row["code"]: ProviderSettings(*row) for row in rows}


UPSERT_PROVIDER = """
insert into payments_provider (code, adapter, base_url, api_key, webhook_secret, active)
values ($1, $2, $3, $4, $5, $6)
on conflict (code) do update
set adapter = excluded.adapter, base_url = excluded.base_url, api_key = excluded.api_key,
    webhook_secret = excluded.webhook_secret, active = excluded.active
"""


async def upsert_provider(tx: Tx, settings: ProviderSettings) -> None:
    """Add a provider or replace its settings."""
    await tx.execute(UPSERT_PROVIDER, *msgspec.structs.astuple(settings))
