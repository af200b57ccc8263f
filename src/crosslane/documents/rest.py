"""Documents over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.documents import errors
from crosslane.documents.service import reading
from crosslane.documents.service.reading import DocumentShown, DocumentView
from crosslane.kernel import Page
from crosslane.orders import NoSuchOrder
from crosslane.organization import DocumentKind, UnknownEntity
from crosslane.platform.web import Caller, Document, Paging, get

READ = "documents:read"
# Of all orders: for nobody who is held to a store.
LIST = "documents:list"
PDF = "application/pdf"
Entity = Annotated[str, msgspec.Meta(max_length=60)]


@get("/api/v1/orders/{order}/documents", permission=READ, raises=(NoSuchOrder,))
async def list_order_documents(caller: Caller, order: str) -> list[DocumentView]:
    """List the invoices and credit notes of an order, by its number or id, oldest first."""
    async with caller.read() as tx:
        return await reading.documents_of(tx, order)


@get("/api/v1/documents", permission=LIST, raises=(UnknownEntity,))
async def list_documents(
    caller: Caller,
    paging: Paging,
    entity: Entity | None = None,
    kind: DocumentKind | None = None,
) -> Page[DocumentView]:
    """List invoices and credit notes, newest first."""
    async with caller.read() as tx:
        found = await reading.list_documents(
            tx,
            entity=entity,
            kind=kind,
            before=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda document: (document.issued_at, document.id))


@get("/api/v1/documents/{document_id}", permission=READ, raises=(errors.NoSuchDocument,))
async def show_document(caller: Caller, document_id: UUID) -> DocumentShown:
    """Show an invoice or credit note with all it says."""
    async with caller.read() as tx:
        return await reading.show_document(tx, document_id)


@get(
    "/api/v1/documents/{document_id}/pdf",
    permission=READ,
    raises=(errors.NoSuchDocument,),
    produces=PDF,
)
async def download_document(caller: Caller, document_id: UUID) -> Document:
    """Download an invoice or credit note; it is drawn from what was issued, always the same."""
    async with caller.read() as tx:
        document = await reading.find_document(tx, document_id)
    content = await reading.drawn(document)
    return Document(content=content, media_type=PDF, filename=f"{document.number}.pdf")


ROUTES = [list_order_documents, list_documents, show_document, download_document]
