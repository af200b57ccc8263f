"""Tenders and what is asked of them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from crosslane.payments.domain import Deed, Operation, OperationState, Tender
from crosslane.platform.database import Record, Tx

ORDER_OPERATIONS_MAX = 1_000


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


# Tenders are locked in one order everywhere, so that nobody waits in a ring.
LOCK_TENDERS = """
select id, order_id, channel_id, location_id, sequence, method, terms, currency, amount_minor,
       provider, token, credit_account, stored_account, terms_days, state, abandoned,
       reference, reason,
       authorized_minor, captured_minor, refunded_minor, voided_minor, settled_minor,
       capturing_minor, refunding_minor, voiding_minor, charged_back_minor
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
       o.reason as operation_reason, o.to_method, o.to_account, o.to_location,
       p.id, p.order_id, p.channel_id, p.location_id, p.sequence,
       p.method, p.terms, p.currency, p.amount_minor, p.provider, p.token, p.credit_account,
       p.stored_account, p.terms_days, p.state, p.abandoned, p.reference, p.reason,
       p.authorized_minor, p.captured_minor, p.refunded_minor, p.voided_minor, p.settled_minor,
       p.capturing_minor,
       p.refunding_minor, p.voiding_minor, p.charged_back_minor
from payments_operation o join payments_payment p on p.id = o.payment_id
where o.id = any((select $1::uuid[])::uuid[]) order by p.order_id, p.sequence for update of p, o
"""


async def lock_operations(tx: Tx, operation_ids: Iterable[UUID]) -> list[tuple[Tender, Operation]]:
    """Return operations with their tenders, protected until the transaction ends."""
    return [
        (_tender(row), _operation_beside(row))
        for row in await tx.fetch(LOCK_OPERATIONS, list(operation_ids))
    ]


LIST_TENDERS = """
select id, order_id, channel_id, location_id, sequence, method, terms, currency, amount_minor,
       provider, token, credit_account, stored_account, terms_days, state, abandoned,
       reference, reason,
       authorized_minor, captured_minor, refunded_minor, voided_minor, settled_minor,
       capturing_minor, refunding_minor, voiding_minor, charged_back_minor
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


FIND_BY_REFERENCE = """
select p.provider, p.reference, p.id
from unnest((select $1::text[]), (select $2::text[])) as w(provider, reference)
join payments_payment p using (provider, reference)
where p.reference <> ''
"""


async def find_by_reference(
    tx: Tx, names: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Return tenders by provider and the provider's name for their authorization."""
    columns = [list(column) for column in zip(*names, strict=True)]
    rows = await tx.fetch(FIND_BY_REFERENCE, *columns)
    return {(row["provider"], row["reference"]): row["id"] for row in rows}


LIST_OPERATIONS = """
select id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference, reason,
       to_method, to_account, to_location
from payments_operation where id = any((select $1::uuid[])::uuid[])
"""


async def list_operations(tx: Tx, operation_ids: Iterable[UUID]) -> dict[UUID, Operation]:
    """Return operations by id."""
    rows = await tx.fetch(LIST_OPERATIONS, list(operation_ids))
    return {row["id"]: operation_of(row) for row in rows}


LIST_ERRANDS = """
select o.id, o.payment_id, o.order_id, o.deed, o.minor, o.cause_kind, o.cause_id, o.at, o.state,
       o.reference, o.reason, o.to_method, o.to_account, o.to_location,
       p.provider, p.currency, p.token, p.reference as authorization
from payments_operation o join payments_payment p on p.id = o.payment_id
where o.id = any((select $1::uuid[])::uuid[])
"""


async def list_errands(tx: Tx, operation_ids: Iterable[UUID]) -> dict[UUID, Errand]:
    """Return operations, by id, with what their providers have to know."""
    return {
        row["id"]: Errand(
            operation_of(row), row["provider"], row["currency"], row["token"], row["authorization"]
        )
        for row in await tx.fetch(LIST_ERRANDS, list(operation_ids))
    }


LIST_BY_CAUSE = """
select o.id, o.payment_id, o.order_id, o.deed, o.minor, o.cause_kind, o.cause_id, o.at, o.state,
       o.reference, o.reason, o.to_method, o.to_account, o.to_location
from unnest((select $1::uuid[]), (select $2::text[]), (select $3::text[]), (select $4::text[]))
     as c(order_id, deed, cause_kind, cause_id)
join payments_operation o using (order_id, deed, cause_kind, cause_id)
order by o.id
"""


async def list_by_cause(tx: Tx, causes: Sequence[tuple[UUID, Deed, str, str]]) -> list[Operation]:
    """Return what was asked before for these causes (order, deed, cause kind, cause id)."""
    columns = [list(column) for column in zip(*causes, strict=True)] or [[], [], [], []]
    return [operation_of(row) for row in await tx.fetch(LIST_BY_CAUSE, *columns)]


LIST_OF_PAYMENTS = """
select o.id, o.payment_id, o.order_id, o.deed, o.minor, o.cause_kind, o.cause_id, o.at, o.state,
       o.reference, o.reason, o.to_method, o.to_account, o.to_location
from payments_payment p join payments_operation o on (o.order_id, o.payment_id) = (p.order_id, p.id)
where p.id = any((select $1::uuid[])::uuid[])
order by o.id limit $2
"""


async def list_of_payments(tx: Tx, payment_ids: Iterable[UUID]) -> list[Operation]:
    """Return what was asked of tenders, oldest first."""
    rows = await tx.fetch(LIST_OF_PAYMENTS, list(payment_ids), ORDER_OPERATIONS_MAX)
    return [operation_of(row) for row in rows]


LIST_PROBLEMS = """
select id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference, reason,
       to_method, to_account, to_location
from payments_operation
where (state = 'unresolved' or (state = 'failed' and deed <> 'authorize'))
  and ($1::uuid is null or id < $1)
order by id desc limit $2
"""


async def list_problems(tx: Tx, *, before: UUID | None, limit: int) -> list[Operation]:
    """Return operations that need a person, newest first."""
    return [operation_of(row) for row in await tx.fetch(LIST_PROBLEMS, before, limit)]


def _tender(row: Record) -> Tender:
    return msgspec.convert(dict(row), Tender)


def operation_of(row: Record) -> Operation:
    """Return the operation in a row."""
    return msgspec.convert(dict(row), Operation)


def _operation_beside(row: Record) -> Operation:
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
        to_method=row["to_method"],
        to_account=row["to_account"],
        to_location=row["to_location"],
    )
