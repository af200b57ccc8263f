"""Messages of providers."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from crosslane.payments.domain import Operation
from crosslane.payments.storage.tenders import operation_of
from crosslane.platform.database import Tx

LIST_UNSEEN = """
select t.provider, t.message_id, p.provider as asked, o.id, o.payment_id, o.order_id, o.deed,
       o.minor, o.cause_kind, o.cause_id, o.at, o.state, o.reference, o.reason,
       o.to_method, o.to_account, o.to_location
from unnest((select $1::text[]), (select $2::text[]), (select $3::uuid[]))
     as t(provider, message_id, operation_id)
left join payments_operation o on o.id = t.operation_id
left join payments_payment p on p.id = o.payment_id
where not exists (
    select from payments_message m where (m.provider, m.message_id) = (t.provider, t.message_id)
)
"""


async def list_unseen(
    tx: Tx, messages: Sequence[tuple[str, str, UUID | None]]
) -> dict[tuple[str, str], Operation | None]:
    """Return the messages that were not kept before, each with the operation it is about.

    Args:
        tx: open transaction.
        messages: provider, id, and the operation that is named; it has to be the provider's own.
    """
    rows = await tx.fetch(LIST_UNSEEN, *map(list, zip(*messages, strict=True)))
    return {
        (row["provider"], row["message_id"]): (
            operation_of(row) if row["asked"] == row["provider"] else None
        )
        for row in rows
    }


INSERT_MESSAGES = """
insert into payments_message (provider, message_id, body, state, received_at)
select provider, message_id, body, state, $5
from unnest((select $1::text[]), (select $2::text[]), (select $3::jsonb[]), (select $4::text[]))
     as m(provider, message_id, body, state)
order by provider, message_id on conflict do nothing returning provider, message_id
"""


async def insert_messages(
    tx: Tx, messages: Sequence[tuple[str, str, bytes, str]]
) -> set[tuple[str, str]]:
    """Keep messages as (provider, id, body, state); return provider and id of those not known."""
    rows = await tx.fetch(INSERT_MESSAGES, *map(list, zip(*messages, strict=True)), tx.now)
    return {(row["provider"], row["message_id"]) for row in rows}


DELETE_MESSAGES = """
delete from payments_message where (provider, message_id) in (
    select provider, message_id from payments_message
    where state in ('applied', 'known') and received_at < $1 limit $2
)
"""


async def delete_messages(tx: Tx, *, older_than: timedelta, limit: int) -> None:
    """Forget messages that were settled long ago."""
    await tx.execute(DELETE_MESSAGES, tx.now - older_than, limit)
