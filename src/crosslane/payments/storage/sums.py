"""Money that moved, in sums."""

from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx

SUMS_MAX = 100_000


class MovedSum(msgspec.Struct, frozen=True):
    """Money that moved, summed.

    Args:
        method: card, on_account, cash, marketplace, stored_value or goodwill: the way it came, of
            what was given back the way it went.
        deed: what was done: a tender's deed; refund also for payouts; issue of stored value, its
            transfer (signed), and what of it has run out: income or escheat.
        location_id: store whose till took it, None elsewhere.
        currency: ISO 4217.
        minor: minor units.
        count: how many movements.
    """

    method: str
    deed: str
    location_id: UUID | None
    currency: str
    minor: int
    count: int


# Money given back another way than it came counts where it went.
SUM_MOVED = """
with moved as (
    select case when m.to_method = '' then p.method else m.to_method end as method, m.deed,
           case when m.to_method = '' then p.location_id else m.to_location end as location_id,
           m.currency, m.minor
    from payments_movement m join payments_payment p on p.id = m.payment_id
    where p.channel_id = $1 and m.occurred_at >= $2 and m.occurred_at < $3
    union all
    select method, 'refund', location_id, currency, minor from payments_payout
    where channel_id = $1 and occurred_at >= $2 and occurred_at < $3
    union all
    select case when e.deed in ('issued', 'topped_up') then e.paid_by else 'stored_value' end,
           case e.deed when 'transferred' then 'transfer'
                       when 'expired' then coalesce(nullif(e.reference, ''), 'income')
                       else 'issue' end,
           e.location_id, a.currency, case e.deed when 'expired' then -e.minor else e.minor end
    from payments_account_entry e join payments_account a on a.id = e.account_id
    where e.channel_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3
      and e.deed in ('issued', 'topped_up', 'transferred', 'expired')
)
select method, deed, location_id, currency, sum(minor)::bigint as minor, count(*) as count
from moved group by 1, 2, 3, 4 order by 1, 2, 3, 4 limit $4
"""


async def sum_moved(tx: Tx, *, channel_id: UUID, start: datetime, end: datetime) -> list[MovedSum]:
    """Return the money of a channel's orders that moved in a stretch of business time.

    Args:
        tx: open transaction.
        channel_id: which channel.
        start: first instant that counts.
        end: first instant that does not.
    """
    rows = await tx.fetch(SUM_MOVED, channel_id, start, end, SUMS_MAX)
    return [MovedSum(**dict(row)) for row in rows]
