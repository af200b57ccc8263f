"""Money that partners want, give back or pay, and documents that ask nothing of the hub."""

import re
from collections.abc import Iterator

from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.markup import Part
from crosslane.channels.adapters.ubl.reading import currency_of, minor, order_of, stub, told
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import MoneyEvent, Notice

# Types of invoices that give money back (UNCL 1001).
CREDITS = frozenset(("81", "83", "381", "396", "532"))
TITLE_CHARACTERS_MAX = 500
SHORT_CHARACTERS_MAX = 100
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# UNCL 4343: what became of a document or an order.
RESPONSES = {
    "AB": "acknowledged",
    "AP": "accepted",
    "CA": "changed",
    "RE": "rejected",
    "AC": "acknowledged",
    "IP": "in_process",
    "UQ": "under_query",
    "PD": "paid",
}


def invoice(root: Part, context: Context) -> Iterator[Message]:
    """Say what a supplier wants to be paid, or gives back."""
    kind = root.peek("InvoiceTypeCode")
    credit = kind in CREDITS
    if credit or kind in ("380", "381"):
        root.text("InvoiceTypeCode")
    yield _billed(root, context, is_credit=credit)


def credit_note(root: Part, context: Context) -> Iterator[Message]:
    """Say what a supplier gives back."""
    yield _billed(root, context, is_credit=True, is_note=True)


def _billed(root: Part, context: Context, *, is_credit: bool, is_note: bool = False) -> MoneyEvent:
    of = stub(root, context)
    total = "LegalMonetaryTotal/PayableAmount"
    currency = currency_of(root, context, total)
    due = minor(root, total, currency)
    if due is None:
        raise root.missing(total)
    # Credits are numbered in a series of their own.
    name = f"CreditNote/{of.number}" if is_note else of.number
    return MoneyEvent(
        **told(of, context, name[:SHORT_CHARACTERS_MAX]),
        order=order_of(root, "OrderReference/ID"),
        step="credited" if is_credit == (due >= 0) else "invoiced",
        minor=abs(due),
        currency=currency,
        reference=of.number,
    )


def remittance(root: Part, context: Context) -> Iterator[Message]:
    """Say what somebody has paid us."""
    name = "TotalPaymentAmount" if root.peek("TotalPaymentAmount") else "TotalDebitAmount"
    currency = currency_of(root, context, name)
    of = stub(root, context)
    paid = minor(root, name, currency)
    if paid is None or paid < 0:
        raise root.missing(name) if paid is None else root.wrong(name, "at least nothing")
    yield MoneyEvent(
        **told(of, context, f"RemittanceAdvice/{of.number}"[:SHORT_CHARACTERS_MAX]),
        step="paid_out",
        minor=paid,
        currency=currency,
        method=root.text("PaymentMeans/PaymentMeansCode"),
        reference=of.number,
    )


def order_response(root: Part, context: Context) -> Iterator[Message]:
    """Keep what a supplier says of an order of ours."""
    accepted = root.text("AcceptedIndicator")
    outcome = {"true": "accepted", "false": "rejected"}.get(accepted, "")
    if not outcome:
        code = root.peek("OrderResponseCode").upper()
        outcome = RESPONSES.get(code, "response")
        if code in RESPONSES:
            root.text("OrderResponseCode")
    order = root.peek("OrderReference/ID")
    title = f"Order {order} {outcome.replace('_', ' ')}" if order else ""
    yield _notice(root, context, "OrderResponse", f"order_{outcome}", title)


def response(root: Part, context: Context) -> Iterator[Message]:
    """Keep what somebody says of a document of ours."""
    code = root.peek("DocumentResponse/Response/ResponseCode").upper()
    outcome = RESPONSES.get(code, "response")
    document = root.peek("DocumentResponse/DocumentReference/ID")
    title = f"Document {document} {outcome.replace('_', ' ')}" if document else ""
    yield _notice(root, context, "ApplicationResponse", f"document_{outcome}", title)


def other(name: str, root: Part, context: Context) -> Iterator[Message]:
    """Keep a document that asks nothing of the hub."""
    title = root.within(TITLE_CHARACTERS_MAX, "Title", "RetailEventName", "Name")
    yield _notice(root, context, name, _WORDS.sub("_", name).lower()[:SHORT_CHARACTERS_MAX], title)


def _notice(root: Part, context: Context, name: str, topic: str, title: str) -> Notice:
    of = stub(root, context)
    # Numbers are given anew for each kind of document.
    return Notice(
        **told(of, context, f"{name}/{of.number}"[:SHORT_CHARACTERS_MAX]),
        topic=topic,
        title=title[:TITLE_CHARACTERS_MAX],
    )
