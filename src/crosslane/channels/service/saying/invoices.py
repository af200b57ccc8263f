"""What channels are told of invoices and credit notes: the document as it was issued."""

from collections.abc import Sequence
from datetime import timedelta

from crosslane import documents, payments
from crosslane.channels.domain.replies import (
    Corrected,
    Invoice,
    InvoiceCharge,
    InvoiceLine,
    Party,
)
from crosslane.channels.service.saying import Saying, say, voices
from crosslane.channels.service.saying.words import Spoken, spoken_of
from crosslane.customers import Address
from crosslane.documents import Document, DocumentIssued
from crosslane.payments import Method, TenderMoney
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged

KIND = "invoice"
MILLI = 1_000
# Ways of paying by which an invoice is paid as it is issued.
PAID_BY = (Method.MARKETPLACE, Method.CARD, Method.CASH, Method.STORED_VALUE)


async def tell_documents(tx: Tx, issued: Sequence[Logged[DocumentIssued]]) -> None:
    """Tell channels of the documents of their orders."""
    known = {channel: one for channel, one in (await voices(tx)).items() if one.says(KIND)}
    order_ids = [logged.event.order_id for logged in issued if logged.event.order_id]
    found = await spoken_of(tx, order_ids, known)
    if not found:
        return
    theirs = {
        document.id: document
        for of_order in (await documents.documents_of_orders(tx, list(found))).values()
        for document in of_order
    }
    money = await payments.money_by_order(tx, list(found))
    sayings: list[Saying] = []
    for logged in issued:
        one = found.get(logged.event.order_id) if logged.event.order_id else None
        if one is None or (document := theirs.get(logged.event.document_id)) is None:
            continue
        message = invoice_of(document, one, money[one.id].tenders)
        sayings.append(one.saying(message, f"{KIND}:{document.id}", logged.trace))
    await say(tx, sayings)


def invoice_of(
    document: Document,
    one: Spoken | None,
    tenders: Sequence[TenderMoney],
    home: Address | None = None,
) -> Invoice:
    """Return a document in the words of its channel.

    Args:
        document: as it was issued.
        one: its order as the channel knows it, None when it did not come by a message.
        tenders: how that is paid.
        home: where the buyer is, when the channel has not said it.
    """
    content = document.content
    days = [tender.terms_days for tender in tenders if tender.method not in PAID_BY]
    return Invoice(
        source_id=document.number,
        event_at=document.issued_at,
        order=one.number if one else content.source_id,
        ours=content.order_number,
        kind=document.kind,
        issued_on=content.issued_on,
        due_on=content.issued_on + timedelta(days=max(days)) if days else None,
        supplied_on=content.supplied_on,
        ordered_on=content.ordered_on,
        currency=document.currency,
        seller=_seller(document),
        buyer=_buyer(document, one, home),
        ship_to=_receiver(one),
        lines=tuple(_line(line, one) for line in content.lines if not line.charge_kind),
        charges=tuple(
            InvoiceCharge(
                kind=line.charge_kind,
                title=line.title[:500],
                net_minor=line.net_minor,
                tax_minor=line.tax_minor,
                tax_rate_bp=line.tax_rate_bp,
                jurisdiction=line.jurisdiction,
            )
            for line in content.lines
            if line.charge_kind
        ),
        net_minor=document.net_minor,
        tax_minor=document.tax_minor,
        gross_minor=document.gross_minor,
        paid=not days,
        corrects=tuple(
            Corrected(number=each.number, issued_on=each.issued_on) for each in content.references
        ),
    )


def _line(line: documents.Line, one: Spoken | None) -> InvoiceLine:
    ours = one.state.by_id.get(line.ref_id) if one else None
    name = one.name_of(ours.parent_line_id or ours.id) if one and ours else ""
    # A part of a bundle has the line of the bundle, and an article of its own.
    whole = ours is not None and ours.parent_line_id is None
    called = one.article(name) if one and name and whole else {"id": name, "sku": line.sku}
    called["sku"] = line.sku or called["sku"]
    units = max(1, line.quantity)
    return InvoiceLine(
        **called,
        title=line.title[:500],
        quantity=line.quantity,
        unit_price_milli=_shared(abs(line.net_minor) * MILLI, units),
        net_minor=line.net_minor,
        tax_minor=line.tax_minor,
        tax_rate_bp=line.tax_rate_bp,
        jurisdiction=line.jurisdiction,
    )


def _shared(amount: int, units: int) -> int:
    """Return an amount of one unit, rounded half up."""
    return (2 * amount + units) // (2 * units)


def _seller(document: Document) -> Party:
    seller = document.content.seller
    return Party(
        name=seller.name,
        tax_id=seller.vat_numbers[0] if seller.vat_numbers else "",
        address=Address(country=seller.country, lines=tuple(seller.address), city=""),
    )


def _buyer(document: Document, one: Spoken | None, home: Address | None) -> Party:
    order = one.order if one else None
    address = (order.bill_to or order.ship_to) if order else home
    told = address.organization or address.name if address else ""
    if not told and order and order.buyer:
        told = order.buyer.name
    name = told or (document.buyer.lines[0] if document.buyer.lines else "")
    email = order.buyer.email if order and order.buyer else ""
    return Party(name=name[:500], address=address, email=email)


def _receiver(one: Spoken | None) -> Party | None:
    address = one.order.ship_to if one and one.order else None
    if address is None:
        return None
    return Party(name=address.organization or address.name, address=address)
