"""Money that was given without an order."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """Money that was given without an order, as its journal keeps it.

    Args:
        account_id: gift card or store credit; for on_account the customer.
    """

    id: UUID
    cause_kind: str
    cause_id: str
    channel_id: UUID
    location_id: UUID | None
    method: str
    account_id: UUID | None
    currency: str
    minor: int
    occurred_at: datetime


INSERT_PAYOUTS = """
insert into payments_payout
    (id, cause_kind, cause_id, channel_id, location_id, method, account_id, currency, minor,
     occurred_at, recorded_at)
select id, cause_kind, cause_id, channel_id, location_id, method, account_id, currency, minor,
       occurred_at, $11
from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[],
            $8::text[], $9::bigint[], $10::timestamptz[])
     as n(id, cause_kind, cause_id, channel_id, location_id, method, account_id, currency, minor,
          occurred_at)
"""


async def insert_payouts(tx: Tx, payouts: Sequence[Payout]) -> None:
    """Keep payouts."""
    await tx.execute(INSERT_PAYOUTS, *columns(payouts, *Payout.__struct_fields__), tx.now)


# The advisory lock lets one transaction at a time decide a cause, known or not.
LOCK_CAUSES = """
select pg_advisory_xact_lock(hashtextextended(current_schema() || c.kind || ':' || c.id, 0))
from unnest($1::text[], $2::text[]) as c(kind, id)
"""
LIST_PAYOUTS = """
select p.id, p.cause_kind, p.cause_id, p.channel_id, p.location_id, p.method, p.account_id,
       p.currency, p.minor, p.occurred_at
from unnest($1::text[], $2::text[]) as c(cause_kind, cause_id)
join payments_payout p using (cause_kind, cause_id)
"""


async def lock_payouts(tx: Tx, causes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Payout]:
    """Return what was paid for causes before; nobody else pays for them until the transaction ends.

    Args:
        tx: open transaction.
        causes: cause kinds and ids.
    """
    names = [list(column) for column in zip(*sorted(set(causes)), strict=True)]
    await tx.execute(LOCK_CAUSES, *names)
    rows = await tx.fetch(LIST_PAYOUTS, *names)
    found = [msgspec.convert(dict(row), Payout) for row in rows]
    return {(payout.cause_kind, payout.cause_id): payout for payout in found}
