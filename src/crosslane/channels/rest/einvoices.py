"""Invoices and credit notes of EN 16931 over HTTP, beside their PDF."""

from uuid import UUID

from crosslane.channels import errors
from crosslane.channels.service import einvoices
from crosslane.documents import NoSuchDocument
from crosslane.platform.web import Caller, Document, get

XML = "application/xml"


@get(
    "/api/v1/documents/{document_id}/ubl",
    permission="documents:read",
    raises=(NoSuchDocument, errors.NotAnEInvoice),
    produces=XML,
    tag="documents",
)
async def download_e_invoice(caller: Caller, document_id: UUID) -> Document:
    """Download an invoice or credit note as EN 16931 has it, in UBL 2.1.

    Its sums are those of the PDF. It is one of Peppol BIS Billing 3 when both sides have an
    electronic address, see the settings of the channel's connection.
    """
    async with caller.read() as tx:
        file = await einvoices.written(tx, document_id)
    name = file.name.rpartition("-")[0]
    return Document(content=file.body, media_type=XML, filename=f"{name}.xml")


ROUTES = [download_e_invoice]
