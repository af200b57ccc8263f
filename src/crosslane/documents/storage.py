"""All SQL of documents."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.documents.domain import Buyer, Content
from crosslane.organization import DocumentKind
from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.personal import PersonalColumn

PERSONAL_COLUMNS = [
    PersonalColumn(
        "documents_document", "buyer", "kept", "tax law: invoices say whom they are for", "json"
    ),
    PersonalColumn(
        "documents_document", "content", "kept", "tax law: what was invoiced stays", "json"
    ),
]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice or credit note as it was issued.

    Args:
        number: of its series, without gaps.
        kind: invoice or credit_note.
        entity_id: the legal entity that issues it.
        channel_id: selling channel.
        order_id: the order, None for goods that came back without one.
        customer_id: who bought, when known.
        cause_kind: event it is due to; with ``cause_id`` unique.
        locale: language it is written in.
        net_minor: sums of the document, so positive on a credit note.
        content: what it says.
        buyer: whom it is for; personal.
        occurred_at: when goods left or came back.
        issued_at: when it was numbered.
        kept_until: last day it names its buyer.
    """

    id: UUID
    number: str
    kind: DocumentKind
    entity_id: UUID
    channel_id: UUID
    order_id: UUID | None
    customer_id: UUID | None
    cause_kind: str
    cause_id: str
    locale: str
    currency: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    content: Content
    buyer: Buyer
    occurred_at: datetime
    issued_at: datetime
    kept_until: date


LIST_CAUSES = """
select d.cause_kind, d.cause_id
from documents_document d
join unnest($1::text[], $2::text[]) as w(cause_kind, cause_id) using (cause_kind, cause_id)
"""


async def list_causes(tx: Tx, kinds: Sequence[str], ids: Sequence[str]) -> set[tuple[str, str]]:
    """Return those of some causes that have their document."""
    rows = await tx.fetch(LIST_CAUSES, list(kinds), list(ids))
    return {(row["cause_kind"], row["cause_id"]) for row in rows}


INSERT_DOCUMENTS = """
insert into documents_document (
    id, number, kind, entity_id, channel_id, order_id, customer_id, cause_kind, cause_id, locale,
    currency, net_minor, tax_minor, gross_minor, content, buyer, occurred_at, issued_at, kept_until
)
select id, number, kind, entity_id, channel_id, order_id, customer_id, cause_kind, cause_id, locale,
       currency, net_minor, tax_minor, gross_minor, content, buyer, occurred_at, issued_at,
       kept_until
from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[],
            $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[],
            $14::bigint[], $15::timestamptz[], $16::timestamptz[], $17::date[], $18::jsonb[],
            $19::jsonb[])
     as d(id, number, kind, entity_id, channel_id, order_id, customer_id, cause_kind, cause_id,
          locale, currency, net_minor, tax_minor, gross_minor, occurred_at, issued_at, kept_until,
          content, buyer)
"""


async def insert_documents(tx: Tx, documents: Sequence[Document]) -> None:
    """Store documents."""
    await tx.execute(
        INSERT_DOCUMENTS,
        *columns(
            documents,
            *("id", "number", "kind", "entity_id", "channel_id", "order_id", "customer_id"),
            *("cause_kind", "cause_id", "locale", "currency", "net_minor", "tax_minor"),
            *("gross_minor", "occurred_at", "issued_at", "kept_until"),
        ),
        [msgspec.json.encode(document.content) for document in documents],
        [msgspec.json.encode(document.buyer) for document in documents],
    )


FIND_DOCUMENT = """
select id, number, kind, entity_id, channel_id, order_id, customer_id, cause_kind, cause_id, locale,
       currency, net_minor, tax_minor, gross_minor, content, buyer, occurred_at, issued_at,
       kept_until
from documents_document where id = $1
"""


async def find_document(tx: Tx, document_id: UUID) -> Document | None:
    """Return a document, or None."""
    row = await tx.fetchrow(FIND_DOCUMENT, document_id)
    return _document(row) if row else None


LIST_OF_ORDERS = """
select id, number, kind, entity_id, channel_id, order_id, customer_id, cause_kind, cause_id, locale,
       currency, net_minor, tax_minor, gross_minor, content, buyer, occurred_at, issued_at,
       kept_until
from documents_document where order_id = any($1::uuid[]) order by order_id, issued_at, id
"""


async def list_of_orders(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Document]]:
    """Return all documents of some orders, oldest first; an order has one per parcel or credit."""
    found: dict[UUID, list[Document]] = defaultdict(list)
    for row in await tx.fetch(LIST_OF_ORDERS, list(set(order_ids))):
        found[row["order_id"]].append(_document(row))
    return found


LIST_DOCUMENTS = """
select id, number, kind, entity_id, channel_id, order_id, customer_id, cause_kind, cause_id, locale,
       currency, net_minor, tax_minor, gross_minor, content, buyer, occurred_at, issued_at,
       kept_until
from documents_document
where ($1::uuid is null or entity_id = $1) and ($2::text is null or kind = $2)
  and ($3::timestamptz is null or (issued_at, id) < ($3, $4::uuid))
order by issued_at desc, id desc limit $5
"""


async def list_documents(
    tx: Tx,
    *,
    entity_id: UUID | None,
    kind: DocumentKind | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Document]:
    """Return documents, newest first."""
    at, seen = before or (None, None)
    rows = await tx.fetch(LIST_DOCUMENTS, entity_id, kind, at, seen, limit)
    return [_document(row) for row in rows]


FORGET_BUYERS = """
update documents_document set buyer = '{}' where id in (
    select id from documents_document
    where buyer <> '{}' and kept_until < $1 order by kept_until limit $2
)
"""


async def forget_buyers(tx: Tx, today: date, limit: int) -> None:
    """Blank whom documents are for after their retention."""
    await tx.execute(FORGET_BUYERS, today, limit)


LIST_OF_CUSTOMERS = """
select number, kind, currency, gross_minor, issued_at from documents_document
where customer_id = any($1::uuid[]) order by issued_at, id limit $2
"""


async def list_of_customers(tx: Tx, customer_ids: Sequence[UUID], limit: int) -> list[Record]:
    """Return the documents of customers, oldest first."""
    return await tx.fetch(LIST_OF_CUSTOMERS, list(customer_ids), limit)


def _document(row: Record) -> Document:
    return Document(
        **{
            **dict(row),
            "content": msgspec.json.decode(row["content"], type=Content),
            "buyer": msgspec.json.decode(row["buyer"], type=Buyer),
        }
    )
