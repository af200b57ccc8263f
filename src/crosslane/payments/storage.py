"""All SQL of payments.

Arrays come by way of "select": without knowing how long they are, PostgreSQL plans once and not
each time.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from crosslane.payments.domain import Credit, Deed, Operation, OperationState, Tender
from crosslane.payments.provider import ProviderSettings
from crosslane.platform.database import Record, Tx

PROVIDERS_MAX = 1_000
ORDER_OPERATIONS_MAX = 1_000
SUMS_MAX = 100_000


class Errand(msgspec.Struct, frozen=True):
    """An operation with what its provider has to know of the tender.

    Args:
        operation: as it stands.
        provider: code of the provider.
        currency: ISO 4217.
        token: the provider's stand-in for the card.
        reference: the provider's name for the authorization, "" before there is one.
    """

    operation: Operation
    provider: str
    currency: str
    token: str
    reference: str


class Movement(msgspec.Struct, frozen=True):
    """One operation that was done, as the journal of money keeps it."""

    operation_id: UUID
    payment_id: UUID
    order_id: UUID
    deed: Deed
    minor: int
    currency: str
    occurred_at: datetime
    due_on: date | None


class MovedSum(msgspec.Struct, frozen=True):
    """Money that moved, summed.

    Args:
        method: card, on_account, cash or marketplace.
        deed: what was done: authorize, capture, refund, void or settle.
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


class Changes(msgspec.Struct, frozen=True):
    """Everything a transaction changes, ready to be written by one statement."""

    opened: Sequence[Tender] = ()
    tenders: Sequence[Tender] = ()
    asked: Sequence[Operation] = ()
    operations: Sequence[Operation] = ()
    movements: Sequence[Movement] = ()
    credits: Sequence[Credit] = ()


# Tenders are locked in one order everywhere, so that nobody waits in a ring.
LOCK_TENDERS = """
select id, order_id, channel_id, location_id, sequence, method, terms, currency, amount_minor,
       provider, token, credit_account, terms_days, state, abandoned, reference, reason,
       authorized_minor, captured_minor, refunded_minor, voided_minor, settled_minor,
       capturing_minor, refunding_minor, voiding_minor
from payments_payment where order_id = any((select $1::uuid[])::uuid[])
   or id = any((select $2::uuid[])::uuid[])
order by order_id, sequence for update
"""


async def lock_tenders(
    tx: Tx, *, order_ids: Iterable[UUID] = (), payment_ids: Iterable[UUID] = ()
) -> list[Tender]:
    """Return all tenders of orders, and single ones, protected until the transaction ends."""
    rows = await tx.fetch(LOCK_TENDERS, list(order_ids), list(payment_ids))
    return [_tender(row) for row in rows]


# The tender's lock comes first: an operation changes only under it.
LOCK_OPERATIONS = """
select o.id as operation_id, o.deed, o.minor, o.cause_kind, o.cause_id, o.at,
       o.state as operation_state, o.reference as operation_reference,
       o.reason as operation_reason, p.id, p.order_id, p.channel_id, p.location_id, p.sequence,
       p.method, p.terms, p.currency, p.amount_minor, p.provider, p.token, p.credit_account,
       p.terms_days, p.state, p.abandoned, p.reference, p.reason, p.authorized_minor,
       p.captured_minor, p.refunded_minor, p.voided_minor, p.settled_minor, p.capturing_minor,
       p.refunding_minor, p.voiding_minor
from payments_operation o join payments_payment p on p.id = o.payment_id
where o.id = any((select $1::uuid[])::uuid[]) order by p.order_id, p.sequence for update of p, o
"""


async def lock_operations(tx: Tx, operation_ids: Iterable[UUID]) -> list[tuple[Tender, Operation]]:
    """Return operations with their tenders, protected until the transaction ends."""
    return [
        (_tender(row), _operation_of(row))
        for row in await tx.fetch(LOCK_OPERATIONS, list(operation_ids))
    ]


LIST_TENDERS = """
select id, order_id, channel_id, location_id, sequence, method, terms, currency, amount_minor,
       provider, token, credit_account, terms_days, state, abandoned, reference, reason,
       authorized_minor, captured_minor, refunded_minor, voided_minor, settled_minor,
       capturing_minor, refunding_minor, voiding_minor
from payments_payment where order_id = any((select $1::uuid[])::uuid[])
   or id = any((select $2::uuid[])::uuid[])
order by order_id, sequence
"""


async def list_tenders(
    tx: Tx, *, order_ids: Iterable[UUID] = (), payment_ids: Iterable[UUID] = ()
) -> list[Tender]:
    """Return all tenders of orders, and single ones."""
    rows = await tx.fetch(LIST_TENDERS, list(order_ids), list(payment_ids))
    return [_tender(row) for row in rows]


LIST_OPERATIONS = """
select id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference, reason
from payments_operation where id = any((select $1::uuid[])::uuid[])
"""


async def list_operations(tx: Tx, operation_ids: Iterable[UUID]) -> dict[UUID, Operation]:
    """Return operations by id."""
    rows = await tx.fetch(LIST_OPERATIONS, list(operation_ids))
    return {row["id"]: _operation(row) for row in rows}


LIST_ERRANDS = """
select o.id, o.payment_id, o.order_id, o.deed, o.minor, o.cause_kind, o.cause_id, o.at, o.state,
       o.reference, o.reason, p.provider, p.currency, p.token, p.reference as authorization
from payments_operation o join payments_payment p on p.id = o.payment_id
where o.id = any((select $1::uuid[])::uuid[])
"""


async def list_errands(tx: Tx, operation_ids: Iterable[UUID]) -> dict[UUID, Errand]:
    """Return operations, by id, with what their providers have to know."""
    return {
        row["id"]: Errand(
            _operation(row), row["provider"], row["currency"], row["token"], row["authorization"]
        )
        for row in await tx.fetch(LIST_ERRANDS, list(operation_ids))
    }


LIST_BY_CAUSE = """
select o.id, o.payment_id, o.order_id, o.deed, o.minor, o.cause_kind, o.cause_id, o.at, o.state,
       o.reference, o.reason
from unnest((select $1::uuid[]), (select $2::text[]), (select $3::text[]), (select $4::text[]))
     as c(order_id, deed, cause_kind, cause_id)
join payments_operation o using (order_id, deed, cause_kind, cause_id)
order by o.id
"""


async def list_by_cause(tx: Tx, causes: Sequence[tuple[UUID, Deed, str, str]]) -> list[Operation]:
    """Return what was asked before for these causes (order, deed, cause kind, cause id)."""
    columns = [list(column) for column in zip(*causes, strict=True)] or [[], [], [], []]
    return [_operation(row) for row in await tx.fetch(LIST_BY_CAUSE, *columns)]


LIST_OF_PAYMENTS = """
select id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference, reason
from payments_operation where payment_id = any((select $1::uuid[])::uuid[])
order by id limit $2
"""


async def list_of_payments(tx: Tx, payment_ids: Iterable[UUID]) -> list[Operation]:
    """Return what was asked of tenders, oldest first."""
    rows = await tx.fetch(LIST_OF_PAYMENTS, list(payment_ids), ORDER_OPERATIONS_MAX)
    return [_operation(row) for row in rows]


LIST_PROBLEMS = """
select id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference, reason
from payments_operation
where (state = 'unresolved' or (state = 'failed' and deed <> 'authorize'))
  and ($1::uuid is null or id < $1)
order by id desc limit $2
"""


async def list_problems(tx: Tx, *, before: UUID | None, limit: int) -> list[Operation]:
    """Return operations that need a person, newest first."""
    return [_operation(row) for row in await tx.fetch(LIST_PROBLEMS, before, limit)]


# One statement for every use case: tenders and operations, new and changed, journal and credit.
# A new tender's sequence counts on from the last one of its order, which the order's lock protects.
# What is changed is named by its keys too: of a document nobody knows how many rows it has, and the
# planner would rather read a whole table than look up the hundred it expects.
WRITE = """
with opened as (
    insert into payments_payment
        (id, order_id, channel_id, location_id, sequence, method, terms, currency, amount_minor,
         provider, token, credit_account, terms_days, state, abandoned, reference, reason,
         authorized_minor, captured_minor, refunded_minor, voided_minor, settled_minor,
         capturing_minor, refunding_minor, voiding_minor, opened_at)
    select t.id, t.order_id, t.channel_id, t.location_id, t.sequence + coalesce((
               select max(b.sequence) from payments_payment b where b.order_id = t.order_id
           ), 0), t.method, t.terms, t.currency, t.amount_minor, t.provider, t.token,
           t.credit_account, t.terms_days, t.state, t.abandoned, t.reference, t.reason,
           t.authorized_minor, t.captured_minor, t.refunded_minor, t.voided_minor, t.settled_minor,
           t.capturing_minor, t.refunding_minor, t.voiding_minor, $7
    from jsonb_to_recordset($1) as t(
        id uuid, order_id uuid, channel_id uuid, location_id uuid, sequence int, method text,
        terms text, currency text,
        amount_minor bigint, provider text, token text, credit_account uuid, terms_days int,
        state text, abandoned boolean, reference text, reason text, authorized_minor bigint,
        captured_minor bigint, refunded_minor bigint, voided_minor bigint, settled_minor bigint,
        capturing_minor bigint, refunding_minor bigint, voiding_minor bigint)
), tenders as (
    update payments_payment p
    set state = t.state, abandoned = t.abandoned, reference = t.reference, reason = t.reason,
        authorized_minor = t.authorized_minor, captured_minor = t.captured_minor,
        refunded_minor = t.refunded_minor, voided_minor = t.voided_minor,
        settled_minor = t.settled_minor, capturing_minor = t.capturing_minor,
        refunding_minor = t.refunding_minor, voiding_minor = t.voiding_minor
    from jsonb_to_recordset($2) as t(
        id uuid, state text, abandoned boolean, reference text, reason text,
        authorized_minor bigint, captured_minor bigint, refunded_minor bigint, voided_minor bigint,
        settled_minor bigint, capturing_minor bigint, refunding_minor bigint, voiding_minor bigint)
    where p.id = t.id and p.id = any((select $8::uuid[])::uuid[])
), asked as (
    insert into payments_operation
        (id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference, reason,
         requested_at, finished_at)
    select id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference,
           reason, $7, case when state <> 'requested' then $7 end
    from jsonb_to_recordset($3) as o(
        id uuid, payment_id uuid, order_id uuid, deed text, minor bigint, cause_kind text,
        cause_id text, at timestamptz, state text, reference text, reason text)
), operations as (
    update payments_operation o
    set state = c.state, reference = c.reference, reason = c.reason, finished_at = $7
    from jsonb_to_recordset($4) as c(id uuid, state text, reference text, reason text)
    where o.id = c.id and o.id = any((select $9::uuid[])::uuid[])
), movements as (
    insert into payments_movement
        (operation_id, payment_id, order_id, deed, minor, currency, occurred_at, due_on,
         recorded_at)
    select operation_id, payment_id, order_id, deed, minor, currency, occurred_at, due_on, $7
    from jsonb_to_recordset($5) as m(
        operation_id uuid, payment_id uuid, order_id uuid, deed text, minor bigint, currency text,
        occurred_at timestamptz, due_on date)
)
update payments_credit k set used_minor = c.used_minor
from jsonb_to_recordset($6) as c(customer_id uuid, used_minor bigint)
where k.customer_id = c.customer_id and k.customer_id = any((select $10::uuid[])::uuid[])
"""


async def write(tx: Tx, changes: Changes) -> None:
    """Write everything a use case has decided, by one statement."""
    parts = msgspec.structs.astuple(changes)
    await tx.execute(
        WRITE,
        *(msgspec.json.encode(part) for part in parts),
        tx.now,
        [tender.id for tender in changes.tenders],
        [operation.id for operation in changes.operations],
        [credit.customer_id for credit in changes.credits],
    )


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


SUM_MOVED = """
select p.method, m.deed, p.location_id, m.currency, sum(m.minor)::bigint as minor, count(*) as count
from payments_movement m join payments_payment p on p.id = m.payment_id
where p.channel_id = $1 and m.occurred_at >= $2 and m.occurred_at < $3
group by 1, 2, 3, 4 order by 1, 2, 3, 4 limit $4
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


LIST_UNSEEN = """
select t.provider, t.message_id, p.provider as asked, o.id, o.payment_id, o.order_id, o.deed,
       o.minor, o.cause_kind, o.cause_id, o.at, o.state, o.reference, o.reason
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
            _operation(row) if row["asked"] == row["provider"] else None
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


def _tender(row: Record) -> Tender:
    return msgspec.convert(dict(row), Tender)


def _operation(row: Record) -> Operation:
    return msgspec.convert(dict(row), Operation)


def _operation_of(row: Record) -> Operation:
    """Return the operation in a row that holds its tender too."""
    return Operation(
        id=row["operation_id"],
        payment_id=row["id"],
        order_id=row["order_id"],
        deed=Deed(row["deed"]),
        minor=row["minor"],
        cause_kind=row["cause_kind"],
        cause_id=row["cause_id"],
        at=row["at"],
        state=OperationState(row["operation_state"]),
        reference=row["operation_reference"],
        reason=row["operation_reason"],
    )
