"""Reading documents, and having one drawn."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane import orders, organization
from crosslane.documents import storage
from crosslane.documents.domain import Buyer, Content
from crosslane.documents.errors import NoSuchDocument
from crosslane.documents.storage import Document
from crosslane.organization import DocumentKind
from crosslane.platform.database import Tx


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice or credit note in a list.

    Args:
        number: of its series, without gaps.
        entity: code of the legal entity that issued it.
        channel: code of the selling channel.
        order_id: the order, null for goods that came back without one.
        net_minor: sums of the document, so positive on a credit note.
        occurred_at: when goods left or came back.
        issued_at: when it was numbered.
    """

    id: UUID
    number: str
    kind: DocumentKind
    entity: str
    channel: str
    order_id: UUID | None
    locale: str
    currency: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    occurred_at: datetime
    issued_at: datetime


class DocumentShown(DocumentView, frozen=True, kw_only=True):
    """An invoice or credit note with all it says.

    Args:
        content: what it says.
        buyer: whom it is for, empty after its retention.
        cause: the event it is due to.
        kept_until: last day it names its buyer.
    """

    content: Content
    buyer: Buyer
    cause: str
    kept_until: date


async def documents_of_order(tx: Tx, order_id: UUID) -> list[Document]:
    """Return all documents of an order, oldest first."""
    return (await storage.list_of_orders(tx, [order_id])).get(order_id, [])


async def documents_of_orders(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Document]]:
    """Return all documents of some orders, oldest first."""
    return await storage.list_of_orders(tx, order_ids)


async def documents_of(tx: Tx, named: str) -> list[DocumentView]:
    """Return the documents of an order, named by number or id, oldest first.

    Raises:
        NoSuchOrder: there is none, or the caller may not see it.
    """
    state = await orders.find_order(tx, named)
    book = await organization.book(tx)
    return [_view(book, one) for one in await documents_of_order(tx, state.order.id)]


async def list_documents(
    tx: Tx,
    *,
    entity: str | None,
    kind: DocumentKind | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DocumentView]:
    """Return documents, newest first.

    Raises:
        UnknownEntity: there is no legal entity with this code.
    """
    book = await organization.book(tx)
    entity_id = book.entity(entity, pointer="/entity").id if entity else None
    found = await storage.list_documents(
        tx, entity_id=entity_id, kind=kind, before=before, limit=limit
    )
    return [_view(book, one) for one in found]


async def find_document(tx: Tx, document_id: UUID) -> Document:
    """Return a document that the caller may see: whoever may see its order.

    Raises:
        NoSuchDocument: there is none, or the caller may not see it.
    """
    refused = NoSuchDocument(document=str(document_id))
    document = await storage.find_document(tx, document_id)
    if document is None:
        raise refused
    if tx.actor.customer_id is None and tx.actor.location_id is None:
        return document
    if document.order_id is None:
        raise refused
    try:
        await orders.find_order(tx, str(document.order_id))
    except orders.NoSuchOrder:
        raise refused from None
    return document


async def show_document(tx: Tx, document_id: UUID) -> DocumentShown:
    """Return a document with all it says.

    Raises:
        NoSuchDocument: there is none, or the caller may not see it.
    """
    document = await find_document(tx, document_id)
    view = _view(await organization.book(tx), document)
    return DocumentShown(
        **msgspec.structs.asdict(view),
        content=document.content,
        buyer=document.buyer,
        cause=f"{document.cause_kind} {document.cause_id}",
        kept_until=document.kept_until,
    )


async def drawn(document: Document, *, copy: bool = False) -> bytes:
    """Return a document as a PDF, drawn beside the event loop.

    Args:
        document: which.
        copy: for whoever has a link: of the buyer it shows the name alone, and says so.
    """
    # What draws is loaded by whoever is first asked for a document.
    from crosslane.documents.service.drawing import draw

    return await asyncio.to_thread(draw, document, copy=copy)


def _view(book: organization.OrganizationBook, document: Document) -> DocumentView:
    return DocumentView(
        id=document.id,
        number=document.number,
        kind=document.kind,
        entity=book.entity_by_id(document.entity_id).code,
        channel=book.channel_by_id(document.channel_id).code,
        order_id=document.order_id,
        locale=document.locale,
        currency=document.currency,
        net_minor=document.net_minor,
        tax_minor=document.tax_minor,
        gross_minor=document.gross_minor,
        occurred_at=document.occurred_at,
        issued_at=document.issued_at,
    )
