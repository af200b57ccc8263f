"""Messages of vendors as they came, and their invoices."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.personal import PersonalColumn
from crosslane.vendors.domain import Invoice, InvoiceLine

BODY_RETENTION_DAYS = 400
PERSONAL_COLUMNS = [
    PersonalColumn(
        *("vendors_message", "body", "words", "what vendors said", "json"),
        retention_days=BODY_RETENTION_DAYS,
    ),
    PersonalColumn("vendors_parcel", "tracking_url", "words", "a link of the vendor's own"),
    PersonalColumn("vendors_message", "reason", "words", "why one was put aside"),
]

INSERT_MESSAGE = """
insert into vendors_message
    (id, location_id, message_id, type, purchase_order_id, occurred_at, received_at, digest, body,
     state, reason)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'quarantined', '')
on conflict (location_id, message_id) do nothing
returning true
"""


async def insert_message(
    tx: Tx,
    id: UUID,
    location_id: UUID,
    message_id: str,
    type: str,
    purchase_order_id: UUID,
    occurred_at: datetime,
    digest: bytes,
    body: bytes,
) -> bool:
    """Store a message; False when the vendor has sent one of this id before."""
    return bool(
        await tx.fetchval(
            INSERT_MESSAGE,
            id,
            location_id,
            message_id,
            type,
            purchase_order_id,
            occurred_at,
            tx.now,
            digest,
            body,
        )
    )


FIND_MESSAGE = """
select id, digest, state, reason from vendors_message where location_id = $1 and message_id = $2
"""


async def find_message(tx: Tx, location_id: UUID, message_id: str) -> Record | None:
    """Return what became of a message, or None."""
    return await tx.fetchrow(FIND_MESSAGE, location_id, message_id)


LOCK_QUARANTINED = """
select location_id, body from vendors_message
where id = $1 and state in ('parked', 'quarantined') for update
"""


async def lock_quarantined(tx: Tx, id: UUID) -> Record | None:
    """Lock a message that was not applied and return it, or None."""
    return await tx.fetchrow(LOCK_QUARANTINED, id)


LIST_PARKED = """
select id, body from vendors_message
where purchase_order_id = $1 and location_id = $2 and state = 'parked' order by id limit $3
"""
PARKED_MAX = 1_000


async def list_parked(tx: Tx, purchase_order_id: UUID, location_id: UUID) -> list[Record]:
    """Return the messages about a locked order that came too early."""
    return await tx.fetch(LIST_PARKED, purchase_order_id, location_id, PARKED_MAX)


MARK_MESSAGE = "update vendors_message set state = $2, reason = $3 where id = $1"


async def mark_message(tx: Tx, id: UUID, state: str, reason: str) -> None:
    """Store what became of a message."""
    await tx.execute(MARK_MESSAGE, id, state, reason)


LIST_MESSAGES = """
select id, location_id, message_id, type, purchase_order_id, occurred_at, received_at, state,
       reason, body
from vendors_message
where ($1::uuid is null or location_id = $1) and ($2::text is null or state = $2)
  and ($3::uuid is null or purchase_order_id = $3) and ($4::uuid is null or id < $4)
order by id desc limit $5
"""


async def list_messages(
    tx: Tx,
    *,
    location_id: UUID | None,
    state: str | None,
    purchase_order_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Record]:
    """Return messages that fit every filter given, the newest first."""
    return await tx.fetch(LIST_MESSAGES, location_id, state, purchase_order_id, before, limit)


# What was said to be short stays: figures are proven from it. It holds ids and units alone.
FORGET_BODIES = """
with old as (
    select id from vendors_message
    where received_at < $1 and not (body ? 'forgotten')
    order by received_at limit $2 for update skip locked
)
update vendors_message m
set body = jsonb_build_object('forgotten', true) || case
        when m.type = 'short' then jsonb_build_object('lines', m.body -> 'lines')
        else '{}'::jsonb end,
    reason = case when m.state in ('parked', 'quarantined') then $3 else m.reason end,
    state = case when m.state in ('parked', 'quarantined') then 'dismissed' else m.state end
from old where m.id = old.id
"""


async def forget_bodies(tx: Tx, before: datetime, limit: int, reason: str) -> None:
    """Remove what vendors said before an instant, the oldest first.

    Args:
        tx: open transaction.
        before: what was received earlier goes.
        limit: messages at once.
        reason: stored with those nobody has settled, which are dismissed by it.
    """
    await tx.execute(FORGET_BODIES, before, limit, reason)


INSERT_INVOICE = """
with invoice as (
    insert into vendors_invoice
        (id, location_id, purchase_order_id, number, currency, freight_minor, tax_minor, due_on,
         occurred_at, received_at, state, accrued_minor)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)
)
insert into vendors_invoice_line (invoice_id, line_id, quantity, net_minor)
select $1, * from unnest($12::uuid[], $13::int[], $14::bigint[])
"""


async def insert_invoice(tx: Tx, invoice: Invoice) -> None:
    """Store an invoice."""
    await tx.execute(
        INSERT_INVOICE,
        invoice.id,
        invoice.location_id,
        invoice.purchase_order_id,
        invoice.number,
        invoice.currency,
        invoice.freight_minor,
        invoice.tax_minor,
        invoice.due_on,
        invoice.occurred_at,
        invoice.received_at,
        invoice.state,
        *columns(invoice.lines, "line_id", "quantity", "net_minor"),
    )


LIST_INVOICES = """
select id, location_id, purchase_order_id, number, currency, freight_minor, tax_minor, due_on,
       occurred_at, received_at, state, accrued_minor
from vendors_invoice
where ($1::uuid[] is null or purchase_order_id = any($1)) and ($2::uuid is null or id = $2)
  and ($3::uuid is null or location_id = $3) and ($4::text is null or state = $4)
  and ($5::uuid is null or id < $5)
order by id desc limit $6
"""
LIST_INVOICE_LINES = """
select invoice_id, line_id, quantity, net_minor
from vendors_invoice_line where invoice_id = any($1::uuid[]) order by invoice_id, line_id
"""
INVOICES_OF_ORDERS_MAX = 10_000


async def list_invoices(
    tx: Tx,
    *,
    order_ids: Sequence[UUID] | None = None,
    id: UUID | None = None,
    location_id: UUID | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = INVOICES_OF_ORDERS_MAX,
) -> list[Invoice]:
    """Return invoices that fit every filter given, the newest first."""
    found = await tx.fetch(LIST_INVOICES, order_ids, id, location_id, state, before, limit)
    lines: dict[UUID, list[InvoiceLine]] = defaultdict(list)
    for row in await tx.fetch(LIST_INVOICE_LINES, [row["id"] for row in found]) if found else ():
        line = InvoiceLine(row["line_id"], row["quantity"], row["net_minor"])
        lines[row["invoice_id"]].append(line)
    return [Invoice(**dict(row), lines=lines[row["id"]]) for row in found]


SAVE_INVOICES = """
update vendors_invoice i set state = n.state, accrued_minor = n.accrued_minor
from unnest($1::uuid[], $2::text[], $3::bigint[]) as n(id, state, accrued_minor)
where i.id = n.id
"""


async def save_invoices(tx: Tx, invoices: Sequence[Invoice]) -> None:
    """Store what became of invoices; their orders are locked."""
    if invoices:
        await tx.execute(SAVE_INVOICES, *columns(invoices, "id", "state", "accrued_minor"))


FIND_INVOICE = "select id from vendors_invoice where location_id = $1 and number = $2"


async def find_invoice(tx: Tx, location_id: UUID, number: str) -> UUID | None:
    """Return the invoice a vendor has numbered so, or None."""
    return await tx.fetchval(FIND_INVOICE, location_id, number)
