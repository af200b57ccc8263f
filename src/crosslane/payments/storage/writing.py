"""Writing what a use case has decided."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.payments.domain import Credit, Deed, Operation, Tender
from crosslane.platform.database import Tx


class Movement(msgspec.Struct, frozen=True):
    """One operation that was done, as the journal of money keeps it; fields as of Operation."""

    operation_id: UUID
    payment_id: UUID
    order_id: UUID
    deed: Deed
    minor: int
    currency: str
    occurred_at: datetime
    due_on: date | None
    to_method: str = ""
    to_location: UUID | None = None


class Changes(msgspec.Struct, frozen=True):
    """Everything a transaction changes, ready to be written by one statement."""

    opened: Sequence[Tender] = ()
    tenders: Sequence[Tender] = ()
    asked: Sequence[Operation] = ()
    operations: Sequence[Operation] = ()
    movements: Sequence[Movement] = ()
    credits: Sequence[Credit] = ()


# Parts for every use case, put together into one statement: what is new, and what is changed.
# A new tender's sequence counts on from the last one of its order, which the order's lock protects.
# What is changed is named by its keys too: of a document nobody knows how many rows it has, and the
# planner would rather read a whole table than look up the hundred it expects.
_NEW = """
tenders_opened as (
    insert into payments_payment
        (id, order_id, channel_id, location_id, sequence, method, terms, currency, amount_minor,
         provider, token, credit_account, stored_account, terms_days, state, abandoned,
         reference, reason,
         authorized_minor, captured_minor, refunded_minor, voided_minor, settled_minor,
         capturing_minor, refunding_minor, voiding_minor, charged_back_minor, opened_at)
    select t.id, t.order_id, t.channel_id, t.location_id, t.sequence + coalesce((
               select max(b.sequence) from payments_payment b where b.order_id = t.order_id
           ), 0), t.method, t.terms, t.currency, t.amount_minor, t.provider, t.token,
           t.credit_account, t.stored_account, t.terms_days, t.state, t.abandoned, t.reference,
           t.reason,
           t.authorized_minor, t.captured_minor, t.refunded_minor, t.voided_minor, t.settled_minor,
           t.capturing_minor, t.refunding_minor, t.voiding_minor, t.charged_back_minor, $4
    from jsonb_to_recordset($1) as t(
        id uuid, order_id uuid, channel_id uuid, location_id uuid, sequence int, method text,
        terms text, currency text,
        amount_minor bigint, provider text, token text, credit_account uuid,
        stored_account uuid, terms_days int, state text, abandoned boolean, reference text,
        reason text, authorized_minor bigint,
        captured_minor bigint, refunded_minor bigint, voided_minor bigint, settled_minor bigint,
        capturing_minor bigint, refunding_minor bigint, voiding_minor bigint,
        charged_back_minor bigint)
), operations_asked as (
    insert into payments_operation
        (id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference, reason,
         to_method, to_account, to_location, requested_at, finished_at)
    select id, payment_id, order_id, deed, minor, cause_kind, cause_id, at, state, reference,
           reason, to_method, to_account, to_location, $4,
           case when state <> 'requested' then $4 end
    from jsonb_to_recordset($2) as o(
        id uuid, payment_id uuid, order_id uuid, deed text, minor bigint, cause_kind text,
        cause_id text, at timestamptz, state text, reference text, reason text, to_method text,
        to_account uuid, to_location uuid)
), money_moved as (
    insert into payments_movement
        (operation_id, payment_id, order_id, deed, minor, currency, occurred_at, due_on,
         to_method, to_location, recorded_at)
    select operation_id, payment_id, order_id, deed, minor, currency, occurred_at, due_on,
           to_method, to_location, $4
    from jsonb_to_recordset($3) as m(
        operation_id uuid, payment_id uuid, order_id uuid, deed text, minor bigint, currency text,
        occurred_at timestamptz, due_on date, to_method text, to_location uuid)
)"""
_CHANGED = """
tenders_changed as (
    update payments_payment p
    set state = t.state, abandoned = t.abandoned, reference = t.reference, reason = t.reason,
        authorized_minor = t.authorized_minor, captured_minor = t.captured_minor,
        refunded_minor = t.refunded_minor, voided_minor = t.voided_minor,
        settled_minor = t.settled_minor, capturing_minor = t.capturing_minor,
        refunding_minor = t.refunding_minor, voiding_minor = t.voiding_minor,
        charged_back_minor = t.charged_back_minor
    from jsonb_to_recordset($1) as t(
        id uuid, state text, abandoned boolean, reference text, reason text,
        authorized_minor bigint, captured_minor bigint, refunded_minor bigint, voided_minor bigint,
        settled_minor bigint, capturing_minor bigint, refunding_minor bigint, voiding_minor bigint,
        charged_back_minor bigint)
    where p.id = t.id and p.id = any((select $2::uuid[])::uuid[])
), operations_changed as (
    update payments_operation o
    set state = c.state, reference = c.reference, reason = c.reason, finished_at = $5
    from jsonb_to_recordset($3) as c(id uuid, state text, reference text, reason text)
    where o.id = c.id and o.id = any((select $4::uuid[])::uuid[])
), credit_used as (
    update payments_credit k set used_minor = c.used_minor
    from jsonb_to_recordset($6) as c(customer_id uuid, used_minor bigint)
    where k.customer_id = c.customer_id and k.customer_id = any((select $7::uuid[])::uuid[])
)"""


async def write(tx: Tx, changes: Changes) -> None:
    """Write everything a use case has decided, by one statement."""
    encode = msgspec.json.encode
    new = (changes.opened, changes.asked, changes.movements)
    if any(new):
        await tx.put((_NEW, [*map(encode, new), tx.now]))
    if changes.tenders or changes.operations or changes.credits:
        changed: list[Any] = [
            encode(changes.tenders),
            [tender.id for tender in changes.tenders],
            encode(changes.operations),
            [operation.id for operation in changes.operations],
            tx.now,
            encode(changes.credits),
            [credit.customer_id for credit in changes.credits],
        ]
        await tx.put((_CHANGED, changed))
