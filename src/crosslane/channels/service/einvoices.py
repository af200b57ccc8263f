"""Invoices and credit notes in the form EN 16931 gives them, whichever channel they are of.

What a document says is what was issued; how its order was named, and by which account it is paid,
is what its channel says of itself.
"""

from uuid import UUID

from crosslane import customers, documents, orders, organization, payments
from crosslane.channels.adapters import Document as File
from crosslane.channels.adapters import Outgoing, Talk, e_invoice
from crosslane.channels.adapters.telling import Refused
from crosslane.channels.errors import NotAnEInvoice
from crosslane.channels.service.connecting import connections
from crosslane.channels.service.saying.invoices import invoice_of
from crosslane.channels.service.saying.words import spoken_of
from crosslane.customers import Address
from crosslane.documents import Document
from crosslane.platform.database import Tx

ADDRESS_LINES_MAX = 4


async def written(tx: Tx, document_id: UUID) -> File:
    """Return a document that the caller may see as a file of UBL.

    Raises:
        NoSuchDocument: there is none, or the caller may not see it.
        NotAnEInvoice: it lacks what EN 16931 wants of every invoice.
    """
    document = await documents.find_document(tx, document_id)
    channel = (await organization.book(tx)).channel_by_id(document.channel_id)
    connection = (await connections(tx)).get(channel.code)
    one, tenders = None, []
    if document.order_id:
        one = (await spoken_of(tx, [document.order_id], [channel.code])).get(document.order_id)
        tenders = (await payments.money_by_order(tx, [document.order_id]))[
            document.order_id
        ].tenders
    message = invoice_of(document, one, tenders, await _home(tx, document))
    talk = Talk(
        channel=channel.code,
        currency=document.currency,
        timezone=channel.timezone,
        settings=connection.settings if connection else {},
    )
    known = one.order if one else None
    outgoing = Outgoing(key=str(document.id), number=1, message=message, order=known)
    try:
        return e_invoice(outgoing, message, talk)
    except Refused as refused:
        raise NotAnEInvoice(detail=refused.detail) from None


async def _home(tx: Tx, document: Document) -> Address | None:
    """Return where the buyer is: as the order had it, else as the document was addressed."""
    heads = await orders.list_heads(tx, [document.order_id] if document.order_id else [])
    head = heads.get(document.order_id) if document.order_id else None
    if head is None or head.ship_address_id is None:
        return None
    found = (await customers.addresses_by_id(tx, [head.ship_address_id])).get(head.ship_address_id)
    if found is None or not found.erased:
        return found.address if found else None
    lines = tuple(document.buyer.lines[1 : 1 + ADDRESS_LINES_MAX])
    return Address(country=found.address.country, lines=lines, city="")
